/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/* Users, by way of NSS. Its modules can block: to be asked once for a call, never for each entry of a list. */

/* By name, or by uid in digits. Returns 0, or -ESRCH when there is no such user. */
int user_find(const char *text, uint32_t *ret_uid, char **ret_name) _must_check_;

/* The name of the one in /etc/passwd, by name or uid, without NSS; NULL: there is none. Free with g_free(). */
char *user_find_local(const char *text);

/* The user's name, or the uid in digits when it has none. Free with g_free(). */
char *user_name(uint32_t uid);
