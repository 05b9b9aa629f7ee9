/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "macro.h"

/*
 * Calls to PID 1, in their order and with a window: dbus-daemon answers a connection that has more than 128 calls
 * waiting with an error. There is no timeout, and what fails on the way (PID 1 executes itself anew, the bus has too
 * much to do) is sent again: an answer is PID 1's own. So every call must be harmless when it is made twice; of those
 * made here, StartTransientUnit is, since a unit's name is used once for ever.
 */
typedef struct UnitCalls UnitCalls;
typedef struct UnitCall UnitCall;

/* The answer, or an error that PID 1 itself has given. The UnitCall is gone when this is called. */
typedef void (*UnitCallDone)(sd_bus_message *reply, void *userdata);

int unit_calls_new(sd_event *event, sd_bus *bus, UnitCalls **ret) _must_check_;
UnitCalls *unit_calls_free(UnitCalls *c);
DEFINE_CLEANUP(UnitCalls *, unit_calls_free);

/* Sends it when its turn comes. Takes a reference of its own. ret may be NULL: the call cannot be taken back then. */
void unit_calls_send(UnitCalls *c, sd_bus_message *m, UnitCallDone done, void *userdata, UnitCall **ret);

/* Takes it back: done does not come. What was sent already takes place. Accepts NULL, returns NULL. */
UnitCall *unit_call_cancel(UnitCall *call);

/* Whether it has not been sent yet. */
bool unit_call_is_waiting(const UnitCall *call);

/* PID 1 is (again) on the bus: what failed on the way is sent now. */
void unit_calls_resume(UnitCalls *c);
