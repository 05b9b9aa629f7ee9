/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager.h"

/*
 * Puts all objects on a connection, behind the gate of access.h. Each *-bus.c decodes, calls the core and encodes;
 * permission was checked before.
 */
int bus_objects_add(Manager *m, sd_bus *bus) _must_check_;
