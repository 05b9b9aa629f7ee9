/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <shadow.h>

#include "macro.h"

/* Whether a user's account may be used by somebody who is not there: by a scheduled job of theirs. */

typedef enum AccountState {
        ACCOUNT_OK,
        ACCOUNT_GONE,
        ACCOUNT_LOCKED,  /* "usermod --lock", "passwd --lock" */
        ACCOUNT_EXPIRED, /* "chage --expiredate" */
        ACCOUNT_UNKNOWN, /* the user database cannot be asked now */
} AccountState;

/*
 * Asks NSS whether there is such a user, as for every call of a client. Locks and dates are read from /etc/shadow
 * itself: accounts that are not in it are kept by somebody who can also remove them, and NSS could block for another
 * server's sake. root is never locked.
 */
AccountState account_check(uint32_t uid, uint64_t now_usec);

/*
 * What an entry of /etc/shadow says. A password of "!" or "*" alone is no lock, but an account without a password (of
 * those who log in by keys, and of system users); "!" before a password is. Dates are days since the epoch.
 */
AccountState account_state_of_entry(const struct spwd *entry, long today);
