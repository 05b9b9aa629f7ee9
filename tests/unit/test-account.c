/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "account.h"

/* What /etc/shadow says: shadow(5), and what usermod(8) and chage(1) write. */

enum { TODAY = 20000 };

static AccountState state(const char *password, long expire) {
        const struct spwd entry = { .sp_namp = (char *) "alice", .sp_pwdp = (char *) password, .sp_expire = expire };

        return account_state_of_entry(&entry, TODAY);
}

static void test_entries(void) {
        g_assert_cmpint(state("$y$j9T$salt$hash", -1), ==, ACCOUNT_OK);
        g_assert_cmpint(state("!$y$j9T$salt$hash", -1), ==, ACCOUNT_LOCKED);
        g_assert_cmpint(state("!!$y$j9T$salt$hash", -1), ==, ACCOUNT_LOCKED);
        g_assert_cmpint(state("!", -1), ==, ACCOUNT_OK);
        g_assert_cmpint(state("!!", -1), ==, ACCOUNT_OK);
        g_assert_cmpint(state("!*", -1), ==, ACCOUNT_OK);
        g_assert_cmpint(state("*", -1), ==, ACCOUNT_OK);
        g_assert_cmpint(state("", -1), ==, ACCOUNT_OK);
        g_assert_cmpint(state("*", TODAY), ==, ACCOUNT_EXPIRED);
        g_assert_cmpint(state("*", TODAY - 1), ==, ACCOUNT_EXPIRED);
        g_assert_cmpint(state("*", TODAY + 1), ==, ACCOUNT_OK);
        g_assert_cmpint(state("*", 0), ==, ACCOUNT_EXPIRED);
}

static void test_users(void) {
        g_assert_cmpint(account_check(0, 0), ==, ACCOUNT_OK);
        g_assert_cmpint(account_check(4123456789, 0), ==, ACCOUNT_GONE);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/account/entries", test_entries);
        g_test_add_func("/account/users", test_users);

        return g_test_run();
}
