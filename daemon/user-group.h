/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * Whether a user is in a Unix group, as the user database (NSS) has it now, not as a session of theirs has got it when
 * it began: who was taken out of a group has lost at once what it gives. So does polkit, which was asked before and
 * has looked up the same user, so that a slow directory has its answer at hand. 1, 0, -ENOENT: there is no such group,
 * or another negative errno.
 */
int user_is_in_group(uint32_t uid, const char *group);
