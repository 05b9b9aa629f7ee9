/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "authority.h"

/*
 * The calls that wait: for polkit, or for other lists of the same user. A call that waits is put into the queue of its
 * connection again when the answers are there; the gate and its handler then run from the start, and find them.
 */
typedef struct AccessCalls AccessCalls;

int access_calls_new(sd_event *event, AccessCalls **ret) _must_check_;
AccessCalls *access_calls_free(AccessCalls *calls);
DEFINE_CLEANUP(AccessCalls *, access_calls_free);

/* Outside of any call: whether that user may do the action. As authority_ask(). */
int access_calls_ask_user(AccessCalls *calls, uint32_t uid, const char *action, const char *const *details,
                          PolkitCallback callback, void *userdata, AuthorityCheck **ret) _must_check_;

size_t access_calls_size(const AccessCalls *calls);

/* We leave before what they wait for is there: they are told so, instead of nothing. */
void access_calls_refuse_waiting(AccessCalls *calls);

/* To be called when the connection hands out a call. True: it has waited. */
bool access_calls_resume(AccessCalls *calls, sd_bus_message *m);

/* For a list, which can cost polkit much. 1: go on, 0: it waits for its turn, -ENOBUFS: too many of this user wait. */
int access_calls_begin_list(AccessCalls *calls, sd_bus_message *m, uint32_t uid) _must_check_;

/* What polkit is asked; all borrowed. details as of polkit_check_new(). */
typedef struct AccessQuestion {
        uint32_t uid;
        const char *action;
        const char *const *details;
        bool interactive;
        bool of_entry; /* about one of the many entries of a list */
        bool of_user;  /* about that user, who is not the caller and need not be there */
} AccessQuestion;

/*
 * 1: *ret is the verdict, 0: polkit was asked (or will be, with a later question), -ENOBUFS: too many calls wait,
 * -E2BIG: this list has asked about as many entries as it may. Once 0 was returned the call must access_calls_wait().
 */
int access_calls_ask(AccessCalls *calls, sd_bus_message *m, const AccessQuestion *question,
                     PolkitVerdict *ret) _must_check_;

/* Returns 1, for the handler or the gate to return. */
int access_calls_wait(AccessCalls *calls, sd_bus_message *m);

/*
 * The call waits for something that its handler has asked for, and is handed out again after access_calls_release();
 * what polkit has answered is not asked again. data, freed with the call, is for the handler to find then. Returns 1, or
 * -ENOBUFS: too many calls wait (data is not taken over).
 */
int access_calls_hold(AccessCalls *calls, sd_bus_message *m, uint32_t uid, void *data, GDestroyNotify free_data)
                _must_check_;
void *access_calls_held(const AccessCalls *calls, sd_bus_message *m); /* NULL: nothing */
void access_calls_release(AccessCalls *calls, sd_bus_message *m);

/* Whether somebody has typed a password for this call, which then holds for all that needs one. */
bool access_calls_has_password(const AccessCalls *calls, sd_bus_message *m);
void access_calls_set_password(AccessCalls *calls, sd_bus_message *m);
