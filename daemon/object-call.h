/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager.h"
#include "object-source.h"

/*
 * A D-Bus call whose handler needs objects: it is put off until they are there, and its handler then called again,
 * from the start.
 */

/* The objects that were asked for, borrowed; NULL: nothing was. */
ObjectSet *object_call_objects(Manager *m, sd_bus_message *call);

/* Asks for them. Returns 1 for the handler to return, or negative errno and the error is set. */
int object_call_wait(Manager *m, sd_bus_message *call, GHashTable *wants, sd_bus_error *error) _must_check_;
