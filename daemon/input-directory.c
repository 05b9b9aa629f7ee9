/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "input-directory.h"
#include "uuid.h"

static void closedirp(DIR **d) {
        if (*d)
                (void) closedir(*d);
}

static DIR *open_directory(const char *path) {
        DIR *d;
        int fd;

        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return NULL;
        d = fdopendir(fd);
        if (!d)
                (void) close(fd);
        return d;
}

static const char *next_name(DIR *d) {
        const struct dirent *entry;

        while ((entry = readdir(d)))
                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                        return entry->d_name;
        return NULL;
}

static int sync_directory(const char *path) {
        _cleanup_close_ int fd = -EBADF;

        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int input_directory_make(const char *directory, const char *id) {
        g_autofree char *path = g_build_filename(directory, id, NULL);

        /* The umask is 0077, and <directory> itself is closed to everyone. */
        if (mkdir(path, 0755) < 0 || chmod(path, 0755) < 0)
                return -errno;
        return sync_directory(directory);
}

/* What it takes up, by its share where others have it too. */
static uint64_t file_size(DIR *d, const char *name) {
        struct stat st;

        return fstatat(dirfd(d), name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : (uint64_t) st.st_size / st.st_nlink;
}

static bool is_last_link(DIR *d, const char *name) {
        struct stat st;

        return fstatat(dirfd(d), name, &st, AT_SYMLINK_NOFOLLOW) >= 0 && st.st_nlink == 1;
}

static uint64_t directory_size(const char *directory, const char *id) {
        g_autofree char *path = g_build_filename(directory, id, NULL);
        _cleanup_(closedirp) DIR *d = open_directory(path);
        uint64_t size = 0;
        const char *name;

        while (d && (name = next_name(d)))
                size += file_size(d, name);
        return size;
}

int input_directory_remove(const char *directory, const char *id, uint64_t *freed) {
        g_autofree char *path = g_build_filename(directory, id, NULL);
        _cleanup_(closedirp) DIR *d = open_directory(path);
        const char *name;
        int r = 0;

        if (!d)
                return errno == ENOENT ? 0 : -errno;
        while ((name = next_name(d))) {
                uint64_t size = is_last_link(d, name) ? file_size(d, name) : 0;

                if (unlinkat(dirfd(d), name, 0) < 0 && errno != ENOENT)
                        r = -errno;
                else if (freed)
                        *freed += size;
        }
        if (rmdir(path) < 0 && r >= 0)
                r = -errno;
        return r;
}

static int link_all(DIR *d, const char *to_path) {
        _cleanup_(closedirp) DIR *to = open_directory(to_path);
        const char *name;

        if (!to)
                return -errno;
        while ((name = next_name(d)))
                if (linkat(dirfd(d), name, dirfd(to), name, 0) < 0 && errno != EEXIST)
                        return -errno;
        return fsync(dirfd(to)) < 0 ? -errno : 0;
}

int input_directory_link(const char *directory, const char *from, const char *to) {
        g_autofree char *from_path = g_build_filename(directory, from, NULL);
        g_autofree char *to_path = g_build_filename(directory, to, NULL);
        _cleanup_(closedirp) DIR *d = open_directory(from_path);
        int r;

        if (!d)
                return errno == ENOENT ? 0 : -errno;
        r = input_directory_make(directory, to);
        if (r >= 0 || r == -EEXIST) /* a second try to store what it is for */
                r = link_all(d, to_path);
        if (r < 0)
                (void) input_directory_remove(directory, to, NULL);
        return r;
}

int input_directory_prepare(const char *directory, InputDirectoryNeeded needed, void *userdata, uint64_t *ret_size) {
        _cleanup_(closedirp) DIR *d = NULL;
        uint64_t size = 0;
        const char *name;

        if (mkdir(directory, 0700) < 0 && errno != EEXIST)
                return -errno;
        d = open_directory(directory);
        if (!d)
                return -errno;
        while ((name = next_name(d))) {
                char id[UUID_STRING_SIZE];
                uint64_t of_id;

                /* What is removed as a whole is a directory of ours. */
                if (uuid_parse(name, id) < 0 || strcmp(name, id) != 0)
                        continue;
                of_id = directory_size(directory, id);
                if (needed(id, of_id, userdata))
                        size += of_id;
                else
                        (void) input_directory_remove(directory, id, NULL);
        }
        *ret_size = size;
        return 0;
}
