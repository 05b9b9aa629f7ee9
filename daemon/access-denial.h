/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "macro.h"

/*
 * How many calls of each user were denied lately. Nothing else keeps somebody who may do nothing from filling the
 * journal: so many of a minute are logged one by one, of the others there is a line that counts them.
 */
typedef struct AccessDenials AccessDenials;

enum { DENIALS_LOGGED_MAX = 20 }; /* of one user in a minute */

int access_denials_new(sd_event *event, AccessDenials **ret) _must_check_;
AccessDenials *access_denials_free(AccessDenials *d);
DEFINE_CLEANUP(AccessDenials *, access_denials_free);

/* Counts one of the user with that name. Whether it is to be logged. */
bool access_denials_add(AccessDenials *d, const char *user);
