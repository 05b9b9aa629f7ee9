/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "model.h"

/* Users and groups by NSS. Some of its modules list nobody, and know those whom one asks for. */

enum { ENTRIES_MAX = 100000 };

/* ---- groups ---- */

typedef struct Group {
        char *name;
        gid_t gid;
        char **members;
} Group;

static void group_free_func(void *p) {
        Group *g = p;

        g_free(g->name);
        g_strfreev(g->members);
        g_free(g);
}

static void add_group(GPtrArray *groups, GHashTable *seen, const struct group *entry) {
        Group *g;

        if (groups->len >= ENTRIES_MAX || g_hash_table_contains(seen, entry->gr_name))
                return;
        g = g_new(Group, 1);
        *g = (Group){ g_strdup(entry->gr_name), entry->gr_gid, g_strdupv(entry->gr_mem) };
        (void) g_hash_table_add(seen, g->name);
        g_ptr_array_add(groups, g);
}

static GPtrArray *read_groups(char **keys) {
        GPtrArray *groups = g_ptr_array_new_with_free_func(group_free_func);
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
        const struct group *entry;

        setgrent();
        while ((entry = getgrent()))
                add_group(groups, seen, entry);
        endgrent();
        for (; keys && *keys; keys++) {
                entry = g_hash_table_contains(seen, *keys) ? NULL : getgrnam(*keys);
                if (entry && strcmp(entry->gr_name, *keys) == 0)
                        add_group(groups, seen, entry);
        }
        return groups;
}

int model_groups(char **keys, JsonArray *objects, char **ret_error) {
        g_autoptr(GPtrArray) groups = read_groups(keys);

        for (guint i = 0; i < groups->len; i++) {
                const Group *g = groups->pdata[i];
                JsonArray *members = json_array_new();
                JsonObject *o = json_object_new();

                for (char **member = g->members; *member; member++)
                        add_text(members, *member);
                set_text(o, "name", g->name);
                json_object_set_int_member(o, "gid", g->gid);
                json_object_set_array_member(o, "members", members);
                json_array_add_object_element(objects, o);
        }
        return 0;
}

/* ---- users ---- */

/* The groups of everybody in one go: to ask for them user by user would take NSS minutes on a large host. */
typedef struct Memberships {
        GHashTable *by_gid;  /* gid -> name */
        GHashTable *by_user; /* name -> array of names */
} Memberships;

static void unref_array(void *array) {
        g_ptr_array_unref(array);
}

static Memberships read_memberships(const GPtrArray *groups) {
        Memberships m = { g_hash_table_new(NULL, NULL),
                          g_hash_table_new_full(g_str_hash, g_str_equal, NULL, unref_array) };

        for (guint i = 0; i < groups->len; i++) {
                const Group *g = groups->pdata[i];

                (void) g_hash_table_insert(m.by_gid, GUINT_TO_POINTER(g->gid), g->name);
                for (char **member = g->members; *member; member++) {
                        GPtrArray *of_user = g_hash_table_lookup(m.by_user, *member);

                        if (!of_user) {
                                of_user = g_ptr_array_new();
                                (void) g_hash_table_insert(m.by_user, *member, of_user);
                        }
                        g_ptr_array_add(of_user, g->name);
                }
        }
        return m;
}

static JsonArray *groups_of(const Memberships *m, const char *user, gid_t gid) {
        const char *primary = g_hash_table_lookup(m->by_gid, GUINT_TO_POINTER(gid));
        const GPtrArray *others = g_hash_table_lookup(m->by_user, user);
        JsonArray *names = json_array_new();

        if (primary)
                add_text(names, primary);
        for (guint i = 0; others && i < others->len; i++)
                if (!primary || strcmp(primary, others->pdata[i]) != 0)
                        add_text(names, others->pdata[i]);
        return names;
}

static void add_user(JsonArray *objects, GHashTable *seen, const Memberships *m, const struct passwd *entry) {
        JsonObject *o;

        if (json_array_get_length(objects) >= ENTRIES_MAX || !g_hash_table_add(seen, g_strdup(entry->pw_name)))
                return;
        o = json_object_new();
        set_text(o, "name", entry->pw_name);
        json_object_set_int_member(o, "uid", entry->pw_uid);
        json_object_set_int_member(o, "gid", entry->pw_gid);
        set_text(o, "gecos", entry->pw_gecos);
        set_text(o, "home", entry->pw_dir);
        set_text(o, "shell", entry->pw_shell);
        json_object_set_array_member(o, "groups", groups_of(m, entry->pw_name, entry->pw_gid));
        json_array_add_object_element(objects, o);
}

int model_users(char **keys, JsonArray *objects, char **ret_error) {
        g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_autoptr(GPtrArray) groups = read_groups(NULL);
        Memberships m = read_memberships(groups);
        const struct passwd *entry;

        setpwent();
        while ((entry = getpwent()))
                add_user(objects, seen, &m, entry);
        endpwent();
        for (; *keys; keys++) {
                entry = g_hash_table_contains(seen, *keys) ? NULL : getpwnam(*keys);
                if (entry && strcmp(entry->pw_name, *keys) == 0)
                        add_user(objects, seen, &m, entry);
        }
        g_hash_table_unref(m.by_gid);
        g_hash_table_unref(m.by_user);
        return 0;
}
