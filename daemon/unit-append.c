/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "unit-append.h"

#include <string.h>

static int append_value(sd_bus_message *m, GVariant *value);

static int append_children(sd_bus_message *m, GVariant *value, char kind, const char *contents) {
        int r;

        r = sd_bus_message_open_container(m, kind, contents);
        if (r < 0)
                return r;

        for (gsize i = 0, n = g_variant_n_children(value); i < n; i++) {
                g_autoptr(GVariant) child = g_variant_get_child_value(value, i);

                r = append_value(m, child);
                if (r < 0)
                        return r;
        }

        return sd_bus_message_close_container(m);
}

static int append_array(sd_bus_message *m, GVariant *value) {
        g_autofree char *element = g_variant_type_dup_string(g_variant_type_element(g_variant_get_type(value)));
        gconstpointer bytes;
        gsize n;

        if (g_variant_is_of_type(value, G_VARIANT_TYPE_BYTESTRING)) {
                bytes = g_variant_get_fixed_array(value, &n, 1);
                return sd_bus_message_append_array(m, SD_BUS_TYPE_BYTE, bytes, n);
        }

        return append_children(m, value, SD_BUS_TYPE_ARRAY, element);
}

/* The type of a struct or dictionary entry without its brackets is what sd-bus wants for their contents. */
static int append_bracketed(sd_bus_message *m, GVariant *value, char kind) {
        g_autofree char *type = g_strdup(g_variant_get_type_string(value) + 1);

        type[strlen(type) - 1] = 0;
        return append_children(m, value, kind, type);
}

static int append_number(sd_bus_message *m, GVariant *value) {
        char type = *g_variant_get_type_string(value);
        int boolean;

        /* A boolean is one byte in a GVariant and an int in sd-bus; the others are the same in both. */
        if (type == SD_BUS_TYPE_BOOLEAN) {
                boolean = g_variant_get_boolean(value);
                return sd_bus_message_append_basic(m, type, &boolean);
        }

        return sd_bus_message_append_basic(m, type, g_variant_get_data(value));
}

static int append_value(sd_bus_message *m, GVariant *value) {
        g_autoptr(GVariant) inner = NULL;

        switch (g_variant_classify(value)) {
        case G_VARIANT_CLASS_STRING:
        case G_VARIANT_CLASS_OBJECT_PATH:
        case G_VARIANT_CLASS_SIGNATURE:
                return sd_bus_message_append_basic(m, *g_variant_get_type_string(value),
                                                   g_variant_get_string(value, NULL));

        case G_VARIANT_CLASS_ARRAY:
                return append_array(m, value);

        case G_VARIANT_CLASS_TUPLE:
                return append_bracketed(m, value, SD_BUS_TYPE_STRUCT);

        case G_VARIANT_CLASS_DICT_ENTRY:
                return append_bracketed(m, value, SD_BUS_TYPE_DICT_ENTRY);

        case G_VARIANT_CLASS_VARIANT:
                inner = g_variant_get_variant(value);
                return unit_append_variant(m, inner);

        case G_VARIANT_CLASS_HANDLE:
        case G_VARIANT_CLASS_MAYBE:
                return -EOPNOTSUPP;

        default:
                return append_number(m, value);
        }
}

int unit_append_variant(sd_bus_message *m, GVariant *value) {
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_VARIANT, g_variant_get_type_string(value));
        if (r < 0)
                return r;

        r = append_value(m, value);
        if (r < 0)
                return r;

        return sd_bus_message_close_container(m);
}
