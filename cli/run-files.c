/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "output.h"
#include "run-data.h"
#include "run-files.h"
#include "write-all.h"

#define SIZE_MAX_OF_UNKNOWN (UINT64_C(64) << 20) /* of a pipe whose variable is not known: jobd will refuse it */

typedef struct RunFile {
        char *variable;
        char *name; /* NULL: standard input has none */
        int fd;
} RunFile;

struct RunFiles {
        GPtrArray *files;
};

static void run_file_free(void *p) {
        RunFile *file = p;

        closep(&file->fd);
        g_free(file->variable);
        g_free(file->name);
        g_free(file);
}

RunFiles *run_files_new(void) {
        RunFiles *f = g_new(RunFiles, 1);

        f->files = g_ptr_array_new_with_free_func(run_file_free);
        return f;
}

RunFiles *run_files_free(RunFiles *f) {
        g_ptr_array_unref(f->files);
        g_free(f);
        return NULL;
}

bool run_files_is_file(JsonObject *variable) {
        return g_strcmp0(json_string(variable, "type"), "file") == 0;
}

/* To memory of our own: jobd reads no pipe, whose end may never come. */
static int copy_to_memory(int from, uint64_t max, int *ret) {
        _cleanup_close_ int to = memfd_create("jobctl", MFD_CLOEXEC);
        uint64_t size = 0;
        int r;

        if (to < 0)
                return -errno;
        while (size <= max) {
                char chunk[64 * 1024];
                ssize_t n = read(from, chunk, sizeof(chunk));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                r = write_all(to, chunk, (size_t) n);
                if (r < 0)
                        return r;
                size += (uint64_t) n;
        }
        *ret = TAKE_FD(to);
        return 0;
}

/* Regular files go as they are, and at once. */
static int open_file(const char *path, uint64_t max, int *ret) {
        _cleanup_close_ int opened = -EBADF;
        struct stat st;

        opened = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                        : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (opened < 0 || fstat(opened, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        if (!S_ISREG(st.st_mode) || lseek(opened, 0, SEEK_CUR) > 0)
                return copy_to_memory(opened, max, ret);
        *ret = TAKE_FD(opened);
        return 0;
}

static uint64_t max_size(JsonObject *variable) {
        int64_t max = variable ? json_object_get_int_member_with_default(variable, "max_size", 0) : 0;

        return max > 0 ? (uint64_t) max : SIZE_MAX_OF_UNKNOWN;
}

static int add(RunFiles *f, const char *name, JsonObject *variable, JsonObject *data, const char *path,
               char **ret_error) {
        RunFile *file;
        int fd, r;

        r = open_file(path, max_size(variable), &fd);
        if (r < 0) {
                *ret_error = g_strdup_printf("cannot read %s: %s", path, g_strerror(-r));
                return r;
        }
        file = g_new(RunFile, 1);
        *file = (RunFile){
                .variable = g_strdup(name),
                .name = strcmp(path, "-") == 0 ? NULL : g_path_get_basename(path),
                .fd = fd,
        };
        g_ptr_array_add(f->files, file);
        json_object_set_boolean_member(data, name, true);
        return 0;
}

int run_files_open(RunFiles *f, JsonObject *variable, JsonObject *data, const char *path, char **ret_error) {
        return add(f, json_string(variable, "name"), variable, data, path, ret_error);
}

static bool is_given(const RunFiles *f, const char *name) {
        for (guint i = 0; i < f->files->len; i++)
                if (strcmp(((const RunFile *) f->files->pdata[i])->variable, name) == 0)
                        return true;
        return false;
}

int run_files_add(RunFiles *f, JsonArray *variables, JsonObject *data, const char *assignment, char **ret_error) {
        const char *equals = strchr(assignment, '=');
        g_autofree char *name = NULL, *error = NULL;
        int r;

        if (!equals || equals == assignment || !equals[1]) {
                *ret_error = g_strdup("--file takes NAME=PATH.");
                return -EINVAL;
        }
        name = g_strndup(assignment, (size_t) (equals - assignment));
        if (!g_utf8_validate(name, -1, NULL) || !g_utf8_validate(equals, -1, NULL)) {
                *ret_error = g_strdup("--file: this is not UTF-8.");
                return -EILSEQ;
        }
        if (is_given(f, name)) {
                *ret_error = g_strdup_printf("--file %s= is there twice; give the variable once.", name);
                return -EINVAL;
        }
        if (json_object_has_member(data, name)) {
                *ret_error = g_strdup_printf("--file %s=: there is a value for it, too; give one of them.", name);
                return -EINVAL;
        }
        r = add(f, name, run_data_variable(variables, name), data, equals + 1, &error);
        if (r < 0)
                *ret_error = g_strdup_printf("--file %s=: %s", name, error);
        return r;
}

void run_files_take_out(const RunFiles *f, JsonObject *data) {
        for (guint i = 0; i < f->files->len; i++)
                json_object_remove_member(data, ((const RunFile *) f->files->pdata[i])->variable);
}

bool run_files_is_empty(const RunFiles *f) {
        return f->files->len == 0;
}

static int append_files(const RunFiles *f, sd_bus_message *m) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sh}");
        for (guint i = 0; r >= 0 && i < f->files->len; i++) {
                const RunFile *file = f->files->pdata[i];

                r = sd_bus_message_append(m, "{sh}", file->variable, file->fd);
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_names(const RunFiles *f, sd_bus_message *m) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{ss}");
        for (guint i = 0; r >= 0 && i < f->files->len; i++) {
                const RunFile *file = f->files->pdata[i];

                if (file->name)
                        r = sd_bus_message_append(m, "{ss}", file->variable, file->name);
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_option(const RunFiles *f, sd_bus_message *m, const char *name, const char *signature,
                         int (*append)(const RunFiles *f, sd_bus_message *m)) {
        int r;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', signature);
        if (r >= 0)
                r = append(f, m);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int run_files_append(const RunFiles *f, sd_bus_message *m) {
        int r;

        if (run_files_is_empty(f))
                return 0;
        r = append_option(f, m, "files", "a{sh}", append_files);
        return r < 0 ? r : append_option(f, m, "file_names", "a{ss}", append_names);
}
