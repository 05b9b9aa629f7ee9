/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "input-directory.h"
#include "seal.h"
#include "sealed-file.h"
#include "write-all.h"

#define FILE_NAME "files"

static int write_file(const char *path, const char *ciphertext) {
        g_autofree char *name = g_build_filename(path, FILE_NAME, NULL);
        _cleanup_close_ int directory = -EBADF, fd = -EBADF;
        int r;

        directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (directory < 0)
                return -errno;
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        r = write_all(fd, ciphertext, strlen(ciphertext));
        if (r < 0)
                return r;
        return fsync(fd) < 0 || fsync(directory) < 0 ? -errno : 0;
}

int sealed_file_write(const char *directory, const char *id, const char *ciphertext) {
        g_autofree char *path = g_build_filename(directory, id, NULL);
        int r;

        r = input_directory_make(directory, id);
        if (r < 0)
                return r;
        r = write_file(path, ciphertext);
        if (r < 0)
                (void) input_directory_remove(directory, id, NULL);
        return r;
}

int sealed_file_read(const char *directory, const char *id, char **ret) {
        g_autofree char *path = g_build_filename(directory, id, FILE_NAME, NULL), *text = NULL;
        _cleanup_close_ int fd = -EBADF;
        size_t size = 0;
        struct stat st;
        ssize_t n;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_size > SEAL_CIPHERTEXT_MAX)
                return -EBADMSG;
        text = g_malloc0((size_t) st.st_size + 1);
        while (size < (size_t) st.st_size && (n = read(fd, text + size, (size_t) st.st_size - size)) != 0) {
                if (n < 0 && errno != EINTR)
                        return -errno;
                size += n > 0 ? (size_t) n : 0;
        }
        *ret = TAKE_PTR(text);
        return 1;
}
