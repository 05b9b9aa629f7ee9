/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "macro.h"

/* The only file that talks to org.freedesktop.PolicyKit1. Never blocks. */

typedef enum PolkitVerdict {
        POLKIT_AUTHORIZED,
        POLKIT_DENIED,
        POLKIT_CHALLENGE,   /* would be authorised by a password, which was not to be asked for */
        POLKIT_UNREACHABLE, /* polkit is not running, or does not know the action: only root may */
        POLKIT_FAILED,      /* no verdict: the question or its answer got lost, or polkit did not answer in time */
} PolkitVerdict;

typedef void (*PolkitCallback)(PolkitVerdict verdict, void *userdata);

/*
 * The question whether the client with that unique bus name may do the action. details: key, value, key, value, ...,
 * NULL; cancellation_id: a name of this question, for one with which a password may be asked for, which can take minutes;
 * NULL: none may.
 */
int polkit_check_new(sd_bus *bus, const char *sender, const char *action, const char *const *details,
                     const char *cancellation_id, sd_bus_message **ret) _must_check_;

/*
 * The same about a user who need not be there, without any password. The subject is this very process with that uid in
 * place of its own, which polkit lets root say (measured with polkit 122): rules see the user and the groups, and no
 * session.
 */
int polkit_check_user_new(sd_bus *bus, uint32_t uid, const char *action, const char *const *details,
                          sd_bus_message **ret) _must_check_;

/* Tells polkit to ask no longer. It does not notice itself that the client has gone when its agent does not answer. */
int polkit_check_cancel(sd_bus *bus, const char *cancellation_id) _must_check_;

/* The same question once more, for one that was sent. */
int polkit_check_again(sd_bus *bus, sd_bus_message *sent, sd_bus_message **ret) _must_check_;

/* Asks it. The callback comes once, unless the slot is released before. */
int polkit_check_send(sd_bus *bus, sd_bus_message *m, bool interactive, PolkitCallback callback, void *userdata,
                      sd_bus_slot **ret_slot) _must_check_;
