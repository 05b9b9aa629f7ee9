/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <grp.h>
#include <pwd.h>

#include "user-group.h"

enum { GROUPS_MAX = 65536 /* NGROUPS_MAX of Linux */ };

static int list_has_group(const struct passwd *pw, gid_t wanted) {
        g_autofree gid_t *groups = NULL;
        int n = 64;

        for (;;) {
                int size = n;

                groups = g_renew(gid_t, groups, (gsize) n);
                if (getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) >= 0)
                        break;
                if (n <= size || n > GROUPS_MAX)
                        return -E2BIG;
        }
        for (int i = 0; i < n; i++)
                if (groups[i] == wanted)
                        return 1;
        return 0;
}

int user_is_in_group(uint32_t uid, const char *group) {
        const struct passwd *pw;
        const struct group *gr;
        gid_t wanted;

        errno = 0;
        gr = getgrnam(group);
        if (!gr)
                return errno == 0 || errno == ENOENT || errno == ESRCH ? -ENOENT : -errno;
        wanted = gr->gr_gid;
        pw = getpwuid(uid);
        return pw ? list_has_group(pw, wanted) : 0;
}
