/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "macro.h"

/* Part of unit-wake.c: what PID 1 knows of a timer, and how it is asked, started and stopped. */

typedef struct WakeState {
        bool is_masked;
        bool is_there;     /* and not stopped */
        bool is_failed;    /* it is there, and does nothing any more */
        bool is_settling;  /* it is about to be started, or to be forgotten */
        bool is_waiting;   /* it is going to elapse at: */
        uint64_t due_usec; /* since the epoch */
} WakeState;

/*
 * First whether it is loaded: an error says that it is not. To ask for the properties of one that is not loads it, mostly
 * in vain; but what stands in the way of starting it is seen by that alone.
 */
int wake_message_find(sd_bus *bus, const char *unit, sd_bus_message **ret) _must_check_;
int wake_message_ask(sd_bus *bus, const char *unit, sd_bus_message **ret) _must_check_;
/* From the answer to wake_message_ask(). */
int wake_state_read(sd_bus_message *reply, WakeState *ret) _must_check_;

/*
 * Calls to PID 1; they do not pull in, or wait for, any other unit. A timer is ordered before what it starts, so that its
 * jobs would wait until a stop of jobd.service is done, which waits for us (seen with systemd 252).
 */
int wake_message_start(sd_bus *bus, const char *unit, uint64_t due_usec, sd_bus_message **ret) _must_check_;
int wake_message_stop(sd_bus *bus, const char *unit, sd_bus_message **ret) _must_check_;
/* Makes PID 1 forget one that is_failed. */
int wake_message_reset(sd_bus *bus, const char *unit, sd_bus_message **ret) _must_check_;
