/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "bus-property.h"

static const void *member_of(const BusProperty *p, const void *object) {
        return (const uint8_t *) object + p->offset;
}

int bus_property_append(const BusProperty *table, size_t n, const char *name, sd_bus_message *m, const void *object) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(table[i].name, name) == 0)
                        return table[i].append(m, member_of(&table[i], object));
        return -ENOENT;
}

static int append_entry(const BusProperty *p, sd_bus_message *m, const void *object) {
        int r;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", p->name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', p->type);
        if (r >= 0)
                r = p->append(m, member_of(p, object));
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int bus_property_append_each(const BusProperty *table, size_t n, sd_bus_message *m, const void *object) {
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++)
                r = append_entry(&table[i], m, object);
        return r;
}

int bus_property_append_all(const BusProperty *table, size_t n, sd_bus_message *m, const void *object) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = bus_property_append_each(table, n, m, object);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int bus_append_char_array(sd_bus_message *m, const void *member) {
        return sd_bus_message_append(m, "s", (const char *) member);
}

int bus_append_string(sd_bus_message *m, const void *member) {
        return sd_bus_message_append(m, "s", *(char *const *) member ?: "");
}

int bus_append_strv(sd_bus_message *m, const void *member) {
        return sd_bus_message_append_strv(m, *(char **const *) member);
}

int bus_append_bool(sd_bus_message *m, const void *member) {
        return sd_bus_message_append(m, "b", (int) *(const bool *) member);
}

int bus_append_uint64(sd_bus_message *m, const void *member) {
        return sd_bus_message_append(m, "t", *(const uint64_t *) member);
}

int bus_append_uint32(sd_bus_message *m, const void *member) {
        return sd_bus_message_append(m, "u", *(const uint32_t *) member);
}

int bus_append_int(sd_bus_message *m, const void *member) {
        return sd_bus_message_append(m, "i", *(const int *) member);
}
