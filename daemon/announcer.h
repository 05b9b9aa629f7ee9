/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "macro.h"

/*
 * Signals to everybody who listens, on all connections. They carry object paths and names of properties, never values:
 * anyone may receive a broadcast, but to read the object one is asked for the permission.
 */
typedef struct Announcer Announcer;

Announcer *announcer_new(sd_event *event);
Announcer *announcer_free(Announcer *a);
DEFINE_CLEANUP(Announcer *, announcer_free);

void announcer_add_bus(Announcer *a, sd_bus *bus);
void announcer_remove_bus(Announcer *a, sd_bus *bus);

/*
 * A signal of the manager about the object with that UUID below parent (JOBD_JOB_PATH), or about none (NULL). At once.
 */
void announcer_signal(Announcer *a, const char *member, const char *parent, const char *id);

/*
 * The object's changeable properties (names, static) are no longer what they were. Coalesced: all that happens to an
 * object in one turn of the loop is one signal.
 */
void announcer_changed(Announcer *a, const char *parent, const char *id, const char *interface,
                       const char *const *names);

/* Whether such a signal is still to be sent. */
bool announcer_has_changes(const Announcer *a);
