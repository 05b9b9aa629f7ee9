/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "bus-error.h"
#include "bus-option.h"

static char *known_options(const BusOption *table, size_t n) {
        GString *names = g_string_new(NULL);

        for (size_t i = 0; i < n; i++)
                g_string_append_printf(names, "%s%s", i == 0 ? "" : ", ", table[i].name);
        return g_string_free(names, false);
}

static int unknown_option(const char *name, const BusOption *table, size_t n, sd_bus_error *error) {
        g_autofree char *known = known_options(table, n);

        if (n == 0)
                return sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION,
                                         "option '%s' is not known: this method takes none", name);
        return sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION, "option '%s' is not known: this method takes %s",
                                 name, known);
}

static int read_option(sd_bus_message *m, const BusOption *o, void *options, sd_bus_error *error) {
        const char type[] = { o->type, '\0' };
        const char *signature = o->signature ?: type, *contents;
        char container;
        int r;

        r = sd_bus_message_peek_type(m, &container, &contents);
        if (r < 0)
                return r;
        if (container != 'v' || strcmp(contents, signature) != 0)
                return sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION, "option '%s' must have the type '%s'",
                                         o->name, signature);
        if (o->read) {
                r = sd_bus_message_enter_container(m, 'v', signature);
                if (r >= 0)
                        r = o->read(m, (uint8_t *) options + o->offset, error);
                return r < 0 ? r : sd_bus_message_exit_container(m);
        }
        return sd_bus_message_read(m, "v", type, (uint8_t *) options + o->offset);
}

static int read_entry(sd_bus_message *m, const BusOption *table, size_t n, uint32_t *seen, void *options,
                      sd_bus_error *error) {
        const char *name;
        int r;

        r = sd_bus_message_read(m, "s", &name);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++) {
                if (strcmp(table[i].name, name) != 0)
                        continue;
                if (*seen & UINT32_C(1) << i)
                        return sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION, "option '%s' is given twice", name);
                *seen |= UINT32_C(1) << i;
                return read_option(m, &table[i], options, error);
        }
        return unknown_option(name, table, n, error);
}

int bus_options_read(sd_bus_message *m, const BusOption *table, size_t n, void *options, sd_bus_error *error) {
        uint32_t seen = 0;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = read_entry(m, table, n, &seen, options, error);
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}
