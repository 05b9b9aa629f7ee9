/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "macro.h"

/* What PID 1 says of a unit, as last seen in its signals and answers. Part of unit.c, apart because it only reads. */
typedef struct UnitState {
        char *active_state;
        char *sub_state;
        char *load_state;
        char *invocation_id; /* 32 digits */
        char *result;        /* of the service */
        int32_t code, status; /* ExecMainCode, ExecMainStatus */
        uint32_t main_pid;    /* ExecMainPID, also of one that has ended; 0: not known */
        uint64_t started_usec, ended_usec; /* of the main process, 0: not yet */
        uint64_t cpu_usage_nsec;           /* UINT64_MAX: not known */
        bool has_job;                      /* PID 1 has something to do with it */
} UnitState;

void unit_state_init(UnitState *s);
void unit_state_done(UnitState *s);

/* Takes over the properties that are of interest from an a{sv}, of either interface. */
int unit_state_read(UnitState *s, sd_bus_message *m) _must_check_;

/* It is not loaded: all that PID 1 says of it are defaults. */
void unit_state_set_gone(UnitState *s);
bool unit_state_is_gone(const UnitState *s);

bool unit_state_is(const UnitState *s, const char *active_state);
bool unit_state_is_sub(const UnitState *s, const char *sub_state);

/* Exited (and kept by RemainAfterExit=), failed, or not active at all. */
bool unit_state_is_end(const UnitState *s);
