/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "call-size.h"

enum { BASIC_SIZE = 8 };

static int add_basic(sd_bus_message *m, char type, size_t *size) {
        union {
                const char *text;
                uint64_t number;
        } value;
        int r;

        r = sd_bus_message_read_basic(m, type, &value);
        if (r < 0)
                return r;
        *size += BASIC_SIZE + (strchr("sog", type) ? strlen(value.text) : 0);
        return *size > CALL_SIZE_MAX ? -E2BIG : 0;
}

/* Recursion ends where the bus ends it: types are nested 64 deep at most. */
static int add_values(sd_bus_message *m, size_t *size) {
        const char *contents;
        char type;
        int r;

        while ((r = sd_bus_message_peek_type(m, &type, &contents)) > 0) {
                if (!strchr("avre(){}", type)) {
                        r = add_basic(m, type, size);
                        if (r < 0)
                                return r;
                        continue;
                }
                *size += BASIC_SIZE;
                if (*size > CALL_SIZE_MAX)
                        return -E2BIG;
                r = sd_bus_message_enter_container(m, type, contents);
                if (r >= 0)
                        r = add_values(m, size);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        return r;
}

int call_check_size(sd_bus_message *m) {
        size_t size = 0;
        int r, k;

        r = add_values(m, &size);
        k = sd_bus_message_rewind(m, true);
        return r < 0 ? r : k < 0 ? k : 0;
}
