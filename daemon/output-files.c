/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "output-files.h"
#include "store-output.h"
#include "store-result.h"

#define NEW_DIRECTORY ".new" /* no id of a job result */

static void closedirp(DIR **d) {
        if (*d)
                (void) closedir(*d);
}

/* Removes the files of a directory for which keep() does not hold. -ENOENT: there is no directory. */
static int clear_directory(const char *path, bool (*keep)(const char *name, void *userdata), void *userdata) {
        _cleanup_(closedirp) DIR *d = NULL;
        const struct dirent *entry;
        int fd, r = 0;

        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return -errno;
        d = fdopendir(fd);
        if (!d) {
                r = -errno;
                (void) close(fd);
                return r;
        }
        while ((entry = readdir(d))) {
                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                    (keep && keep(entry->d_name, userdata)))
                        continue;
                if (unlinkat(fd, entry->d_name, 0) < 0 && errno != ENOENT)
                        r = -errno;
        }
        return r;
}

static int make_directory(const char *path) {
        return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int sync_directory(const char *path) {
        _cleanup_close_ int fd = -EBADF;

        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static bool is_output(const char *name, void *userdata) {
        const GPtrArray *outputs = userdata;

        for (guint i = 0; i < outputs->len; i++)
                if (strcmp(((const Output *) outputs->pdata[i])->sha256, name) == 0)
                        return true;
        return false;
}

static int clear_unknown(const char *directory, Store *store, const char *result_id) {
        g_autofree char *path = g_build_filename(directory, result_id, NULL);
        g_autoptr(GPtrArray) outputs = NULL;
        int r;

        if (access(path, F_OK) < 0)
                return 0;
        r = store_output_list(store, result_id, &outputs);
        if (r >= 0)
                r = clear_directory(path, is_output, outputs);
        if (r >= 0 && outputs->len == 0)
                (void) rmdir(path);
        return r;
}

static void free_result(void *jr) {
        (void) job_result_free(jr);
}

int output_files_prepare(const char *directory, Store *store) {
        g_autofree char *new_directory = g_build_filename(directory, NEW_DIRECTORY, NULL);
        g_autoptr(GPtrArray) active = g_ptr_array_new_with_free_func(free_result);
        int r;

        r = make_directory(directory);
        if (r >= 0)
                r = make_directory(new_directory);
        if (r >= 0)
                r = clear_directory(new_directory, NULL, NULL);
        if (r >= 0)
                r = store_result_list_active(store, active);
        for (guint i = 0; r >= 0 && i < active->len; i++)
                r = clear_unknown(directory, store, ((const JobResult *) active->pdata[i])->id);
        return r;
}

char *output_files_new_path(const char *directory, uint64_t n) {
        return g_strdup_printf("%s/" NEW_DIRECTORY "/%" PRIu64, directory, n);
}

int output_files_make_directory(const char *directory, const char *result_id) {
        g_autofree char *path = g_build_filename(directory, result_id, NULL);

        if (mkdir(path, 0700) < 0)
                return errno == EEXIST ? 0 : -errno;
        return sync_directory(directory);
}

int output_files_remove_directory(const char *directory, const char *result_id) {
        g_autofree char *path = g_build_filename(directory, result_id, NULL);
        int r;

        r = clear_directory(path, NULL, NULL);
        if (r == -ENOENT)
                return 0;
        if (rmdir(path) < 0 && r >= 0)
                r = -errno;
        return r;
}
