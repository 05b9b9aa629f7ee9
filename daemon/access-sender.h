/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "macro.h"

/* Who calls. What is known of a connection is kept, so that neither the bus nor NSS is asked at each call. */
typedef struct AccessSenders AccessSenders;

AccessSenders *access_senders_new(void);
AccessSenders *access_senders_free(AccessSenders *senders);
DEFINE_CLEANUP(AccessSenders *, access_senders_free);

/* On the direct socket a client writes into the field "sender" what it likes: there the socket says who it is. */
bool access_is_direct(sd_bus_message *m);

/* UINT32_MAX: it cannot be found, the client has gone. */
uint32_t access_senders_uid(AccessSenders *senders, sd_bus_message *m);
/*
 * Who has logged in where the caller's process runs: behind a sudo or su, not the user that it runs as; of a call by the
 * REST gateway, where the process runs that has connected to it. By its cgroup, or by the kernel's audit. UINT32_MAX: not
 * known, or nobody has logged in. It may only be used to forbid what would be allowed otherwise, and for the record: the
 * process can be gone, and its number another's.
 */
uint32_t access_senders_login_uid(AccessSenders *senders, sd_bus_message *m);
/* The user's name, or the uid in digits. Free with g_free(). */
char *access_senders_name(AccessSenders *senders, sd_bus_message *m);

/* "JOB_CALLER_UID=" and, when the caller has one, "JOB_CALLER_SESSION=" of logind: for the journal. Free with g_strfreev(). */
char **access_senders_fields(AccessSenders *senders, sd_bus_message *m);

/*
 * How far a list has come that did not end: the next call of this connection with the same key goes on from there,
 * without polkit being asked again about what came before. Of the last such list only.
 */
typedef struct AccessListState {
        uint64_t position;
        bool has_password; /* somebody has typed a password for this list */
        bool was_refused;  /* or has not, when asked to */
} AccessListState;

/* All zeros when there is none. */
AccessListState access_senders_find_list(AccessSenders *senders, sd_bus_message *m, const char *key);
/* state NULL: it has ended. */
void access_senders_keep_list(AccessSenders *senders, sd_bus_message *m, const char *key,
                              const AccessListState *state);
