/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "group-members.h"

/* A directory can have more users than one wants to wait for: then there are enough. */
enum { USERS_LOOKED_AT_MAX = 10000 };

static int find_group(const char *name, gid_t *ret_gid, GHashTable *members) {
        const struct group *gr;

        errno = 0;
        gr = getgrnam(name);
        if (!gr)
                return errno == 0 || errno == ENOENT || errno == ESRCH ? -ENOENT : -errno;
        *ret_gid = gr->gr_gid;
        for (char **m = gr->gr_mem; m && *m; m++)
                (void) g_hash_table_add(members, g_strdup(*m));
        return 0;
}

/* Whose own group it is: the group does not name them. */
static void add_own(gid_t gid, GHashTable *members, unsigned wanted) {
        const struct passwd *pw;

        setpwent();
        for (unsigned n = 0; g_hash_table_size(members) < wanted && (pw = getpwent()); n++)
                if (pw->pw_gid == gid || n >= USERS_LOOKED_AT_MAX)
                        (void) g_hash_table_add(members, g_strdup(pw->pw_name));
        endpwent();
}

int group_count_members(const char *group, const char *except, unsigned wanted) {
        g_autoptr(GHashTable) members = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        unsigned room = except ? 1 : 0, n;
        gid_t gid = 0;
        int r;

        r = find_group(group, &gid, members);
        if (r < 0)
                return r;
        if (g_hash_table_size(members) < wanted + room)
                add_own(gid, members, wanted + room);
        n = g_hash_table_size(members) - (except && g_hash_table_contains(members, except) ? 1 : 0);
        return (int) MIN(n, wanted);
}

char *group_describe_lack(const char *group, const char *except, unsigned wanted) {
        int n = group_count_members(group, except, wanted);

        if (n == -ENOENT)
                return g_strdup_printf("its group '%s' does not exist on this host", group);
        if (n < 0 || (unsigned) n >= wanted)
                return NULL;
        if (n == 0)
                return g_strdup_printf("its group '%s' has no member%s", group, except ? " but the requester" : "");
        return g_strdup_printf("its group '%s' has %i member%s%s, and %u must approve", group, n, n == 1 ? "" : "s",
                               except ? " beside the requester" : "", wanted);
}
