/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "macro.h"

/* The only file that talks to org.freedesktop.PolicyKit1. Never blocks. */

typedef enum PolkitVerdict {
        POLKIT_AUTHORIZED,
        POLKIT_DENIED,
        POLKIT_CHALLENGE,   /* would be authorised by a password, which was not to be asked for */
        POLKIT_UNREACHABLE, /* polkit is not running: nobody but root may do anything */
} PolkitVerdict;

typedef void (*PolkitCallback)(PolkitVerdict verdict, void *userdata);

/*
 * Asks whether the client with that unique bus name may do the action. details: key, value, key, value, ..., NULL;
 * interactive: a password may be asked for, which can take minutes. The callback comes once, unless the slot is
 * released before.
 */
int polkit_check(sd_bus *bus, const char *sender, const char *action, const char *const *details, bool interactive,
                 PolkitCallback callback, void *userdata, sd_bus_slot **ret_slot) _must_check_;
