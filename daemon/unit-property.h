/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * The [Service] section of a job class: systemd's own settings, as they are written in a unit file, turned into the
 * properties that StartTransientUnit takes. What systemd-run -p NAME=VALUE makes of a setting is what this makes of it.
 * Where systemd-run cannot write it, or would let a second line replace a first that a unit file adds to, it is what a
 * unit file makes of it. Specifiers (%n) are not expanded.
 * A value is a GVariant because its types are D-Bus's; no bus is needed to make or to test one.
 */
typedef struct UnitProperty {
        char *name;      /* the property's name on the bus: MemoryMax, TimeoutStopUSec, ... */
        GVariant *value; /* owned, not floating */
} UnitProperty;

UnitProperty *unit_property_new(const char *name, GVariant *value); /* takes a floating reference */
UnitProperty *unit_property_free(UnitProperty *p);
DEFINE_CLEANUP(UnitProperty *, unit_property_free);

/* An array that owns its UnitProperty elements. */
GPtrArray *unit_property_array_new(void);

enum {
        UNIT_PROPERTY_VALUE_MAX = 128 * 1024,  /* bytes of one value */
        UNIT_PROPERTY_LIST_MAX = 1024,         /* entries of one list, words of one command */
        UNIT_PROPERTY_BYTES_MAX = 1024 * 1024, /* of one property that holds bytes: input, credentials */
        UNIT_PROPERTIES_MAX = 1024,
};

/*
 * Adds what the setting key=value means to an array of UnitProperty. List settings (Environment=, ExecStartPre=, ...)
 * append to what the array holds, an empty value clears it, as in a unit file; others replace. ExecStart= is one
 * command: a second is refused until an empty value has cleared the first. The order of the array counts: pass it on
 * unchanged.
 *
 * A name is in the array once, with one exception: SystemCallFilter=, SystemCallLog=, RestrictAddressFamilies=,
 * RestrictFileSystems= and RestrictNetworkInterfaces= have one entry for each change between a list and a "~" list.
 * Commands are in ExecStart a(sasb), or all in ExecStartEx a(sasas) when one has a prefix that needs it.
 *
 * Returns 0. -ENOENT: no such setting. -EPERM: a setting that jobd makes itself or that does not fit a run (Type=,
 * RuntimeMaxSec=, Slice=, ...). -EINVAL: the value is wrong. On error the array is as it was, and *ret_error says what
 * is wrong and what would be right, in one sentence without the file and line; free with g_free().
 */
int unit_property_add(GPtrArray *properties, const char *key, const char *value, char **ret_error) _must_check_;

/* The first property of that name in the array, or NULL. */
const UnitProperty *unit_property_find(const GPtrArray *properties, const char *name);

/* Calls back for each setting that is supported, in alphabetical order: for documentation and tests. */
void unit_property_foreach_supported(void (*callback)(const char *key, void *userdata), void *userdata);
