/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "macro.h"

/*
 * Serves a connection of a user that is not root on the event loop, and keeps what it can make jobd hold in bounds, which
 * sd-bus does not (252): that takes a message of 128 MiB, and any number of descriptors with it, before anybody can look
 * at it, and keeps 192 * 1024 replies that are not read.
 */
typedef struct DirectIntake DirectIntake;

enum {
        DIRECT_INTAKE_SIZE_MAX = 2 * 1024 * 1024, /* bytes that wait before a message is whole; see direct-intake.c */
        DIRECT_INTAKE_FDS_MAX = 2,                /* parts of a message with descriptors, each with 253 at most */
};

/* There is something to process; too_much: more than a message of a run can be, so close the connection. */
typedef void (*DirectIntakeReady)(bool too_much, void *userdata);

/* Instead of sd_bus_attach_event(). Borrows the bus, which must be started. Negative errno: nothing was attached. */
int direct_intake_new(sd_event *event, sd_bus *bus, int64_t priority, DirectIntakeReady ready, void *userdata,
                      DirectIntake **ret) _must_check_;
DirectIntake *direct_intake_free(DirectIntake *i);
DEFINE_CLEANUP(DirectIntake *, direct_intake_free);

/* Before sd_bus_process() takes more from the socket: whether it is too much. */
bool direct_intake_count(DirectIntake *i);

/* A message was whole: the next one counts from nothing. */
void direct_intake_message(DirectIntake *i);
