/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <pwd.h>
#include <string.h>

#include "user.h"

int user_find(const char *text, uint32_t *ret_uid, char **ret_name) {
        const struct passwd *pw;
        guint64 uid;

        pw = getpwnam(text);
        if (!pw && g_ascii_string_to_unsigned(text, 10, 0, UINT32_MAX - 1, &uid, NULL))
                pw = getpwuid((uid_t) uid);
        if (!pw)
                return -ESRCH;
        *ret_uid = pw->pw_uid;
        *ret_name = g_strdup(pw->pw_name);
        return 0;
}

char *user_find_local(const char *text) {
        _cleanup_fclose_ FILE *file = fopen("/etc/passwd", "re");
        g_autofree char *by_uid = NULL;
        const struct passwd *pw;
        guint64 uid;
        bool is_uid;

        is_uid = g_ascii_string_to_unsigned(text, 10, 0, UINT32_MAX - 1, &uid, NULL);
        while (file && (pw = fgetpwent(file))) {
                if (strcmp(pw->pw_name, text) == 0)
                        return g_strdup(pw->pw_name);
                if (is_uid && !by_uid && pw->pw_uid == uid)
                        by_uid = g_strdup(pw->pw_name);
        }
        return TAKE_PTR(by_uid);
}

char *user_name(uint32_t uid) {
        const struct passwd *pw = getpwuid(uid);

        return pw ? g_strdup(pw->pw_name) : g_strdup_printf("%" PRIu32, uid);
}
