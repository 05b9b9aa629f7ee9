/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <pwd.h>
#include <string.h>

#include "account.h"

#define USEC_PER_DAY (86400 * USEC_PER_SEC)

enum { ENTRY_SIZE_MAX = 64 * 1024 };

AccountState account_state_of_entry(const struct spwd *entry, long today) {
        const char *password = entry->sp_pwdp ?: "";

        if (entry->sp_expire >= 0 && today >= entry->sp_expire)
                return ACCOUNT_EXPIRED;
        if (password[0] == '!' && password[strspn(password, "!*")] != '\0')
                return ACCOUNT_LOCKED;
        return ACCOUNT_OK;
}

static AccountState check_shadow(const char *user, long today) {
        _cleanup_fclose_ FILE *file = fopen("/etc/shadow", "re");
        g_autofree char *buffer = g_malloc(ENTRY_SIZE_MAX);
        struct spwd entry, *found;

        if (!file)
                return errno == ENOENT ? ACCOUNT_OK : ACCOUNT_UNKNOWN;
        while (fgetspent_r(file, &entry, buffer, ENTRY_SIZE_MAX, &found) == 0)
                if (strcmp(found->sp_namp, user) == 0)
                        return account_state_of_entry(found, today);
        return ACCOUNT_OK;
}

AccountState account_check(uint32_t uid, uint64_t now_usec) {
        const struct passwd *pw;

        if (uid == 0)
                return ACCOUNT_OK;
        errno = 0;
        pw = getpwuid(uid);
        if (!pw) /* getpwnam(3): these, too, can mean that there is no such user */
                return errno == 0 || errno == ENOENT || errno == ESRCH ? ACCOUNT_GONE : ACCOUNT_UNKNOWN;
        return check_shadow(pw->pw_name, (long) (now_usec / USEC_PER_DAY));
}
