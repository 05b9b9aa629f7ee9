/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "macro.h"

/*
 * The a{sv} at the end of a method: each entry must be in the method's table, with that type, and once. An option that
 * nobody would look at is refused, so that a client that asks for more than this version knows is told.
 */
typedef struct BusOption {
        const char *name;
        char type;     /* 's' (stores const char*, borrowed from the message), 'b' (int), 'u' (uint32_t), 't' (uint64_t);
                          'a' for one with a signature of its own */
        size_t offset; /* in the options' struct */
        const char *signature;
        int (*read)(sd_bus_message *m, void *target, sd_bus_error *error); /* of a value of that signature */
} BusOption;

/* Reads the array from the message into the struct; *error is set on failure. */
int bus_options_read(sd_bus_message *m, const BusOption *table, size_t n, void *options, sd_bus_error *error)
                _must_check_;
