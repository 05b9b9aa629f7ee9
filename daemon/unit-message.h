/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "unit.h"

/* The StartTransientUnit call for a run: part of unit.c, apart because it is a subject of its own. */
int unit_message_new(sd_bus *bus, const UnitSpec *spec, sd_bus_message **ret) _must_check_;

/* The call SetUnitProperties, for this boot. */
int unit_properties_message_new(sd_bus *bus, const char *name, const GPtrArray *properties, sd_bus_message **ret);
