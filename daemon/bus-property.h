/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "macro.h"

/*
 * The properties of an object as a table, used twice: by the getters of its vtable and for the a{sv} of a list, so
 * that both say the same.
 */
typedef struct BusProperty {
        const char *name;
        const char *type;
        int (*append)(sd_bus_message *m, const void *member); /* member: object + offset */
        size_t offset;
} BusProperty;

/* Appends the value of one property. -ENOENT: there is none of that name. */
int bus_property_append(const BusProperty *table, size_t n, const char *name, sd_bus_message *m, const void *object);

/* Appends all as entries of the a{sv} that is open. */
int bus_property_append_each(const BusProperty *table, size_t n, sd_bus_message *m, const void *object);

/* Appends all as a{sv}. */
int bus_property_append_all(const BusProperty *table, size_t n, sd_bus_message *m, const void *object);

/* For members of these C types. */
int bus_append_char_array(sd_bus_message *m, const void *member); /* char[] */
int bus_append_string(sd_bus_message *m, const void *member);     /* char*, NULL as "" */
int bus_append_strv(sd_bus_message *m, const void *member);       /* char**, NULL as empty */
int bus_append_bool(sd_bus_message *m, const void *member);
int bus_append_uint64(sd_bus_message *m, const void *member);
int bus_append_uint32(sd_bus_message *m, const void *member);
int bus_append_int(sd_bus_message *m, const void *member);
