/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "model.h"

/* The mounts of PID 1: those of this process are what its sandbox makes of them. proc(5), /proc/PID/mountinfo. */

static void mount_free_func(void *p) {
        Mount *m = p;

        g_free(m->mount_point);
        g_free(m->source);
        g_free(m->fstype);
        g_free(m->options);
        g_free(m);
}

/* The kernel writes space, tab, newline and backslash as \ooo. */
static char *unescape(const char *text) {
        return g_strcompress(text);
}

/* 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue; any number of fields before "-" */
static Mount *parse_mount(const char *line) {
        g_auto(GStrv) fields = g_strsplit(line, " ", -1);
        unsigned major, minor, n = g_strv_length(fields), dash = 6;
        Mount *m;

        while (dash < n && strcmp(fields[dash], "-") != 0)
                dash++;
        if (dash + 2 >= n || sscanf(fields[2], "%u:%u", &major, &minor) != 2)
                return NULL;
        m = g_new(Mount, 1);
        *m = (Mount){ unescape(fields[4]), unescape(fields[dash + 2]), unescape(fields[dash + 1]), g_strdup(fields[5]),
                      major, minor };
        return m;
}

int mounts_read(GPtrArray **ret) {
        g_autoptr(GPtrArray) mounts = g_ptr_array_new_with_free_func(mount_free_func);
        _cleanup_fclose_ FILE *f = fopen("/proc/1/mountinfo", "re");
        _cleanup_free_ char *line = NULL;
        size_t size = 0;

        if (!f)
                return -errno;
        while (getline(&line, &size, f) >= 0) {
                Mount *m = parse_mount(g_strchomp(line));

                if (m)
                        g_ptr_array_add(mounts, m);
        }
        *ret = TAKE_PTR(mounts);
        return 0;
}

int model_mounts(char **keys, JsonArray *objects, char **ret_error) {
        g_autoptr(GHashTable) topmost = g_hash_table_new(g_str_hash, g_str_equal);
        g_autoptr(GPtrArray) mounts = NULL;
        int r;

        r = mounts_read(&mounts);
        if (r < 0)
                return model_failed(r, ret_error, "cannot read the mounts of PID 1");
        for (guint i = 0; i < mounts->len; i++) {
                Mount *m = mounts->pdata[i];

                (void) g_hash_table_insert(topmost, m->mount_point, m);
        }
        for (guint i = 0; i < mounts->len; i++) {
                const Mount *m = mounts->pdata[i];
                JsonObject *o;

                if (g_hash_table_lookup(topmost, m->mount_point) != m)
                        continue;
                o = json_object_new();
                set_text(o, "mount_point", m->mount_point);
                set_text(o, "source", m->source);
                set_text(o, "fstype", m->fstype);
                set_text(o, "options", m->options);
                json_array_add_object_element(objects, o);
        }
        return 0;
}
