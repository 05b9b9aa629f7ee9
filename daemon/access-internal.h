/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "access-call.h"
#include "access-denial.h"
#include "access-sender.h"
#include "access-target.h"
#include "access.h"

/* Shared by access.c, access-list.c and access-user.c only. */

struct Access {
        AccessContext context;
        AccessCalls *calls;
        AccessSenders *senders;
        AccessDenials *denials;
        sd_bus *current_bus;     /* of the call that was last let in */
        sd_bus_message *current; /* not referenced: compared only, and looked at while it is its bus's current message */
};

/* May this user do this to that? */
typedef struct AccessCheck {
        sd_bus_message *message;
        uint32_t uid;
        const AccessRule *rule;
        const AccessTargetObject *target;
        bool with_password; /* the client allows one to be asked for */
} AccessCheck;

/*
 * 1: *ret is the verdict, 0: polkit was asked, negative errno. *ret_missing: there is no such thing for this caller,
 * who must not learn whether it exists: the verdict is what polkit would say if it did not.
 */
int access_check(Access *a, const AccessCheck *c, PolkitVerdict *ret, bool *ret_missing) _must_check_;

/* The answers to a call that is not let through, or not yet; r is what access_check() has returned. */
int access_refuse_call(Access *a, const AccessCheck *c, PolkitVerdict verdict);
int access_reply_missing(const AccessCheck *c);
int access_put_off(Access *a, sd_bus_message *m, int r);

/* RunJob and Run with the option "username": 0: go on, 1: answered or put off. t is the target of the check. */
int access_user_check_run(Access *a, const AccessCheck *c, AccessTargetObject *t);
