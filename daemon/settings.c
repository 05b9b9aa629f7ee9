/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "byte-size.h"
#include "hash-table.h"
#include "job-metadata.h"
#include "settings.h"
#include "time-span.h"

#define SECTION "Jobd"
#define SIZE_LIMIT (UINT64_C(1) << 40)

enum { MAX_RUNNING_LIMIT = 1000, MAX_PENDING_LIMIT = 10000000, FILE_SIZE_MAX = 64 * 1024 };

static const char *const drop_in_directories[] = {
        "/etc/jobd/jobd.conf.d",
        "/run/jobd/jobd.conf.d",
        "/usr/local/lib/jobd/jobd.conf.d",
        "/usr/lib/jobd/jobd.conf.d",
};

static int parse_time(Settings *s, uint64_t *target, const char *value, char **ret_error) {
        uint64_t usec;

        if (time_span_parse(value, USEC_PER_SEC, &usec) < 0 || usec == 0 || usec == USEC_INFINITY) {
                *ret_error = g_strdup("not a time span above zero: use one like \"5min\" or \"90s\"");
                return -EINVAL;
        }
        *target = usec;
        return 0;
}

static int parse_number(uint64_t *target, const char *value, uint64_t max, char **ret_error) {
        guint64 n;

        if (!g_ascii_string_to_unsigned(value, 10, 1, max, &n, NULL)) {
                *ret_error = g_strdup_printf("not a number from 1 to %" PRIu64, max);
                return -EINVAL;
        }
        *target = n;
        return 0;
}

static int parse_timeout(uint64_t *target, const char *value, char **ret_error) {
        uint64_t usec;

        if (time_span_parse(value, USEC_PER_SEC, &usec) < 0 || usec == 0) {
                *ret_error = g_strdup("not a time span above zero: use one like \"7d\" or \"infinity\"");
                return -EINVAL;
        }
        *target = usec;
        return 0;
}

static int parse_notify_unit(char **target, const char *value, char **ret_error) {
        int r;

        r = *value ? notify_unit_check(value, ret_error) : 0;
        if (r < 0)
                return r;
        g_free(*target);
        *target = *value ? g_strdup(value) : NULL;
        return 0;
}

static int parse_size(uint64_t *target, const char *value, char **ret_error) {
        uint64_t size;

        if (byte_size_parse(value, 1024, &size) < 0 || size == 0 || size > SIZE_LIMIT) {
                *ret_error = g_strdup("not a size from 1 byte to 1T: use one like \"64M\"");
                return -EINVAL;
        }
        *target = size;
        return 0;
}

int result_max_age_parse(const char *text, uint64_t *ret_usec, char **ret_error) {
        uint64_t usec = 0;

        if (text[0] != '\0' && time_span_parse(text, USEC_PER_SEC, &usec) < 0) {
                *ret_error = g_strdup("not a time span: use one like \"90d\" or \"1y\", \"0\" or \"infinity\" to keep "
                                      "all");
                return -EINVAL;
        }
        *ret_usec = usec == USEC_INFINITY ? 0 : usec;
        return 0;
}

int result_max_count_parse(const char *text, uint64_t *ret, char **ret_error) {
        guint64 n = 0;

        if (text[0] != '\0' && strcmp(text, "infinity") != 0 &&
            !g_ascii_string_to_unsigned(text, 10, 0, RESULT_MAX_COUNT_LIMIT, &n, NULL)) {
                *ret_error = g_strdup_printf("not a number up to %i: \"0\" or \"infinity\" to keep all",
                                             RESULT_MAX_COUNT_LIMIT);
                return -EINVAL;
        }
        *ret = n;
        return 0;
}

static int settings_set(Settings *s, const char *key, const char *value, char **ret_error) {
        if (strcmp(key, "DefaultSoftTimeLimit") == 0)
                return parse_time(s, &s->default_soft_time_limit_usec, value, ret_error);
        if (strcmp(key, "DefaultTimeLimit") == 0)
                return parse_time(s, &s->default_time_limit_usec, value, ret_error);
        if (strcmp(key, "MaxRunning") == 0)
                return parse_number(&s->max_running, value, MAX_RUNNING_LIMIT, ret_error);
        if (strcmp(key, "MaxPending") == 0)
                return parse_number(&s->max_pending, value, MAX_PENDING_LIMIT, ret_error);
        if (strcmp(key, "ApprovalTimeout") == 0)
                return parse_timeout(&s->approval_timeout_usec, value, ret_error);
        if (notify_event_from_key(key) >= 0)
                return parse_notify_unit(&s->notify_units[notify_event_from_key(key)], value, ret_error);
        if (strcmp(key, "InputFileSizeMax") == 0)
                return parse_size(&s->input_file_size_max, value, ret_error);
        if (strcmp(key, "InputFilesSizeMax") == 0)
                return parse_size(&s->input_files_size_max, value, ret_error);
        if (strcmp(key, "InputFilesKeptMax") == 0)
                return parse_size(&s->input_files_kept_max, value, ret_error);
        if (strcmp(key, "ResultMaxAge") == 0)
                return result_max_age_parse(value, &s->result_max_age_usec, ret_error);
        if (strcmp(key, "ResultMaxCount") == 0)
                return result_max_count_parse(value, &s->result_max_count, ret_error);
        if (strcmp(key, "DefaultQueue") == 0) {
                if (!job_queue_name_is_valid(value)) {
                        *ret_error = g_strdup("not a queue name: use letters, digits, \"_\", \"-\" and \".\"");
                        return -EINVAL;
                }
                g_free(s->default_queue);
                s->default_queue = g_strdup(value);
                return 0;
        }
        *ret_error = g_strdup("no such setting: see jobd.conf(5)");
        return -ENOENT;
}

/* Whether there is something to read. A link to /dev/null masks a file of that name in a later directory. */
static bool check_file(const char *path, GPtrArray *problems) {
        struct stat st;

        if (stat(path, &st) < 0) {
                if (errno != ENOENT)
                        g_ptr_array_add(problems, g_strdup_printf("%s: %s", path, g_strerror(errno)));
                return false;
        }
        if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3))
                return false;
        if (!S_ISREG(st.st_mode) || st.st_size > FILE_SIZE_MAX) {
                g_ptr_array_add(problems, g_strdup_printf("%s: not a regular file of at most %i bytes", path,
                                                          FILE_SIZE_MAX));
                return false;
        }
        return true;
}

static void settings_read(Settings *s, const char *path, GPtrArray *problems) {
        g_autoptr(GKeyFile) file = g_key_file_new();
        g_auto(GStrv) groups = NULL, keys = NULL;
        g_autoptr(GError) e = NULL;

        if (!check_file(path, problems))
                return;
        if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &e)) {
                g_ptr_array_add(problems, g_strdup_printf("%s: %s", path, e->message));
                return;
        }

        groups = g_key_file_get_groups(file, NULL);
        for (size_t i = 0; groups[i]; i++)
                if (strcmp(groups[i], SECTION) != 0)
                        g_ptr_array_add(problems, g_strdup_printf("%s: unknown section [%s]: settings go into [" SECTION
                                                                  "]", path, groups[i]));
        keys = g_key_file_get_keys(file, SECTION, NULL, NULL);
        for (size_t i = 0; keys && keys[i]; i++) {
                g_autofree char *value = g_key_file_get_string(file, SECTION, keys[i], NULL);
                g_autofree char *error = NULL;

                if (settings_set(s, keys[i], value ? g_strstrip(value) : "", &error) < 0)
                        g_ptr_array_add(problems, g_strdup_printf("%s: %s=: %s", path, keys[i], error));
        }
}

static int compare_names(const void *a, const void *b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* As systemd's own: by file name over all directories, a name in an earlier directory hides those in later ones. */
static void settings_read_drop_ins(Settings *s, const char *root, GPtrArray *problems) {
        g_autoptr(GHashTable) paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        g_autoptr(GPtrArray) names = NULL;

        for (size_t i = 0; i < ELEMENTSOF(drop_in_directories); i++) {
                g_autofree char *path = g_strconcat(root, drop_in_directories[i], NULL);
                g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
                const char *name;

                while (dir && (name = g_dir_read_name(dir)))
                        if (g_str_has_suffix(name, ".conf") && !g_hash_table_contains(paths, name))
                                (void) g_hash_table_insert(paths, g_strdup(name),
                                                           g_build_filename(path, name, NULL));
        }

        names = hash_table_keys(paths);
        g_ptr_array_sort(names, compare_names);
        for (guint i = 0; i < names->len; i++)
                settings_read(s, g_hash_table_lookup(paths, names->pdata[i]), problems);
}

Settings *settings_load(const char *root, GPtrArray **ret_problems) {
        g_autofree char *main_file = g_strconcat(root, "/etc/jobd/jobd.conf", NULL);
        GPtrArray *problems = g_ptr_array_new_with_free_func(g_free);
        Settings *s;

        /* The time limits are those of the reference: 300 and 600 seconds. */
        s = g_new0(Settings, 1);
        s->default_soft_time_limit_usec = 300 * USEC_PER_SEC;
        s->default_time_limit_usec = 600 * USEC_PER_SEC;
        s->max_running = 64;
        s->max_pending = 100000;
        s->input_file_size_max = UINT64_C(64) << 20;
        s->input_files_size_max = UINT64_C(256) << 20;
        s->input_files_kept_max = UINT64_C(10) << 30;
        s->default_queue = g_strdup("default");
        s->approval_timeout_usec = 7 * 24 * 3600 * USEC_PER_SEC;

        settings_read(s, main_file, problems);
        settings_read_drop_ins(s, root, problems);
        *ret_problems = problems;
        return s;
}

Settings *settings_free(Settings *s) {
        if (!s)
                return NULL;
        g_free(s->default_queue);
        for (NotifyEvent e = 0; e < _NOTIFY_EVENT_MAX; e++)
                g_free(s->notify_units[e]);
        g_free(s);
        return NULL;
}
