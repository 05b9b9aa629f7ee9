/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "unit-call.h"
#include "unit.h"

/* Shared by unit.c and unit-manager.c only. */

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER SYSTEMD_NAME ".Manager"
#define UNIT_INTERFACE SYSTEMD_NAME ".Unit"
#define SERVICE_INTERFACE SYSTEMD_NAME ".Service"
#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

typedef struct Unit Unit;

struct UnitManager {
        sd_bus *bus;
        UnitCalls *calls;
        const UnitCallbacks *callbacks;
        void *userdata;
        GHashTable *units;  /* name -> Unit, owned */
        GHashTable *others; /* set of OtherStart, owned: units of others that PID 1 was asked to start */
};

/* For the table of units. */
void unit_free_func(void *unit);

/* PID 1 is done with a job of the unit; job: its object path, result: in the words of JobRemoved. */
void unit_job_removed(Unit *u, const char *job, const char *result);

/* Signals may have been missed: asks for all that PID 1 knows of the unit. */
void unit_read_again(Unit *u);

/* An answer of PID 1 that says whether it runs, or how it has ended, is on its way. */
bool unit_is_asked_about(const Unit *u);

/* Makes a call from printf-like D-Bus arguments; NULL when it could not be made, which is logged. */
sd_bus_message *unit_manager_call_new(UnitManager *m, const char *path, const char *interface, const char *member,
                                      const char *types, ...);
