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
        DIRECT_INTAKE_SIZE_MAX = 1024 * 1024, /* bytes that are held for a message that is not whole */
        DIRECT_INTAKE_FDS_MAX = 32,           /* descriptors that can be taken in at once, */
        DIRECT_INTAKE_PARTS_MAX = 2,          /* and how often, before the message is whole */
};

/* There is something to process: direct_intake_process(). */
typedef void (*DirectIntakeReady)(void *userdata);

/* Instead of sd_bus_attach_event(). Borrows the bus, which must be started. Negative errno: nothing was attached. */
int direct_intake_new(sd_event *event, sd_bus *bus, int64_t priority, DirectIntakeReady ready, void *userdata,
                      DirectIntake **ret) _must_check_;
DirectIntake *direct_intake_free(DirectIntake *i);
DEFINE_CLEANUP(DirectIntake *, direct_intake_free);

/* What a turn of sd_bus_process() takes in, which may be the end of the connection and of its DirectIntake. */
typedef struct DirectTurn {
        uint64_t data_size;
        int lowest_free;
} DirectTurn;

/*
 * Without files none are taken in: the connection is closed by sd-bus when some come. Whoever has taken one in has to close
 * it, and that can take for ever: close() asks the server of a file system in user space.
 */
void direct_turn_begin(DirectTurn *t, bool with_files);
void direct_turn_end(const DirectTurn *t);

/* After it, if the connection is still there: whether it holds too much and is to be closed. */
bool direct_intake_is_too_much(DirectIntake *i, const DirectTurn *t);

/* A message was whole: the next one counts from nothing, and who handles it can have descriptors. */
void direct_intake_message(DirectIntake *i);
