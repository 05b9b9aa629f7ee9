/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>

#include "macro.h"

/* A directory of the test's own, and files in it. */

static inline char *test_directory_new(void) {
        char *path = g_dir_make_tmp("test-jobd-XXXXXX", NULL);

        g_assert_nonnull(path);
        return path;
}

static inline int test_directory_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        return remove(path);
}

/* Frees the path too. */
static inline void test_directory_remove(char *path) {
        g_assert_cmpint(nftw(path, test_directory_remove_one, 32, FTW_DEPTH | FTW_PHYS), ==, 0);
        g_free(path);
}

/* Writes a file, and the directories that lead to it. */
static inline void test_write(const char *path, const void *bytes, size_t size) {
        g_autofree char *directory = g_path_get_dirname(path);
        _cleanup_close_ int fd = -EBADF;

        g_assert_cmpint(g_mkdir_with_parents(directory, 0755), ==, 0);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(write(fd, bytes, size), ==, (ssize_t) size);
}

static inline char *test_read(const char *path, size_t *ret_size) {
        char *bytes = NULL;

        g_assert_true(g_file_get_contents(path, &bytes, ret_size, NULL));
        return bytes;
}
