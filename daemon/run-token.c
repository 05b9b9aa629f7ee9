/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "run-token.h"
#include "write-all.h"

enum {
        KEY_SIZE = 32,
        MAC_DIGITS = 64,
};

struct RunKey {
        uint8_t bytes[KEY_SIZE];
};

/* ---- the key ---- */

/* -ENOENT: there is none that can be used. */
static int key_read(const char *path, RunKey *k) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        ssize_t n;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return errno == ELOOP ? -ENOENT : -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_size != KEY_SIZE || st.st_uid != geteuid() || (st.st_mode & 0077) != 0)
                return -ENOENT;
        n = read(fd, k->bytes, KEY_SIZE);
        if (n < 0)
                return -errno;
        return n == KEY_SIZE ? 0 : -ENOENT;
}

static int write_key(int fd, const RunKey *k) {
        int r;

        r = write_all(fd, k->bytes, KEY_SIZE);
        if (r < 0)
                return r;
        return fsync(fd) < 0 ? -errno : 0;
}

/* Whole, or not at all: it gets its name when it is on the disk. */
static int key_write(const char *directory, const char *path, const RunKey *k) {
        g_autofree char *new_path = g_strconcat(path, ".new", NULL);
        _cleanup_close_ int fd = -EBADF, directory_fd = -EBADF;
        int r;

        (void) unlink(new_path);
        fd = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        r = fchmod(fd, 0600) < 0 ? -errno : write_key(fd, k);
        if (r >= 0 && rename(new_path, path) < 0)
                r = -errno;
        if (r < 0) {
                (void) unlink(new_path);
                return r;
        }
        directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return directory_fd < 0 || fsync(directory_fd) < 0 ? -errno : 0;
}

int run_key_load(const char *directory, RunKey **ret) {
        g_autofree char *path = g_build_filename(directory, "run.key", NULL);
        _cleanup_(run_key_freep) RunKey *k = g_new0(RunKey, 1);
        int r;

        r = key_read(path, k);
        if (r == -ENOENT) {
                if (getrandom(k->bytes, KEY_SIZE, 0) != KEY_SIZE)
                        return -errno;
                r = key_write(directory, path, k);
                if (r >= 0)
                        r = 1;
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(k);
        return r;
}

RunKey *run_key_free(RunKey *k) {
        if (!k)
                return NULL;
        explicit_bzero(k, sizeof(*k));
        g_free(k);
        return NULL;
}

/* ---- tokens ---- */

char *run_key_token(const RunKey *k, const char *id) {
        g_autofree char *mac = g_compute_hmac_for_data(G_CHECKSUM_SHA256, k->bytes, KEY_SIZE, (const guchar *) id,
                                                       strlen(id));

        return g_strdup_printf("%s.%s", id, mac);
}

/* Takes as long for the first byte that differs as for the last: the time shall not tell how much was right. */
static bool equal_in_constant_time(const char *a, const char *b, size_t size) {
        volatile unsigned char difference = 0;

        for (size_t i = 0; i < size; i++)
                difference = (unsigned char) (difference | (a[i] ^ b[i]));
        return difference == 0;
}

int run_key_check(const RunKey *k, const char *token, char ret_id[static UUID_STRING_SIZE]) {
        enum { TOKEN_SIZE = UUID_STRING_SIZE - 1 + 1 + MAC_DIGITS };
        char id[UUID_STRING_SIZE], parsed[UUID_STRING_SIZE];
        g_autofree char *expected = NULL;

        if (strlen(token) != TOKEN_SIZE)
                return -EPERM;
        (void) g_strlcpy(id, token, sizeof(id));
        /* One run has one token: no other way to write the id, though the HMAC would refuse it anyway. */
        if (uuid_parse(id, parsed) < 0 || strcmp(id, parsed) != 0)
                return -EPERM;
        expected = run_key_token(k, id);
        if (!equal_in_constant_time(expected, token, TOKEN_SIZE))
                return -EPERM;
        memcpy(ret_id, id, sizeof(id));
        return 0;
}
