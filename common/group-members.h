/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * How many users a Unix group has, as the user database (NSS) has it now, also those whose own group it is; not counting
 * except (a user name; NULL: nobody). Counts to wanted at most. -ENOENT: there is no such group; other negative errno:
 * the database does not say. A database that lists no users tells of those only that the group names.
 */
int group_count_members(const char *group, const char *except, unsigned wanted) _must_check_;

/*
 * Why so many different members cannot approve, for "...: its group 'dba' has 1 member, and 2 must approve". NULL: they
 * can, or the database does not say. except: the requester, who does not count; NULL: there is none yet. g_free() it.
 */
char *group_describe_lack(const char *group, const char *except, unsigned wanted);
