/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* systemd.resource-control(5): devices. Each setting is "DEVICE VALUE". */

#include <string.h>

#include "time-span.h"
#include "byte-size.h"
#include "unit-property-internal.h"

/* Splits at the first space. The second part is NULL where there is none. */
static char **split_device(const char *value) {
        g_auto(GStrv) parts = g_strsplit_set(value, UNIT_WHITESPACE, 2);

        if (parts[0] && parts[1])
                g_strstrip(parts[1]);

        return g_steal_pointer(&parts);
}

static bool device_is_valid(const char *device) {
        if (g_str_has_prefix(device, "block-") || g_str_has_prefix(device, "char-"))
                return true;

        return (g_str_has_prefix(device, "/dev/") || g_str_has_prefix(device, "/run/systemd/inaccessible/")) &&
               !g_str_has_suffix(device, "/") && unit_path_is_normalized(device);
}

int unit_setting_device_allow(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_auto(GStrv) parts = split_device(value);
        const char *access = parts[1] ?: "";
        GVariant *entry;

        if (!device_is_valid(parts[0]))
                return unit_setting_error(s, value, ret_error,
                                          "not a device: use a path below /dev, char-NAME or block-NAME");
        if (strspn(access, "rwm") != strlen(access))
                return unit_setting_error(s, value, ret_error,
                                          "not an access: use r, w and m after the device, or nothing for all");

        entry = g_variant_new("(ss)", parts[0], access);
        return unit_properties_append(properties, s, unit_setting_property(s), value,
                                      g_variant_new_array(NULL, &entry, 1), ret_error);
}

static int append_device(const UnitSetting *s, const char *device, uint64_t number, const char *value,
                         GPtrArray *properties, char **ret_error) {
        g_autofree char *path = NULL;
        GVariant *entry;

        if (unit_path_simplify(device, &path) < 0)
                return unit_setting_error(s, value, ret_error,
                                          "\"%s\" is not the path of a device or of a file on one", device);

        entry = g_variant_new("(st)", path, number);
        return unit_properties_append(properties, s, unit_setting_property(s), value,
                                      g_variant_new_array(NULL, &entry, 1), ret_error);
}

/* Rates are in powers of 1000, unlike sizes. */
int unit_setting_device_bandwidth(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_auto(GStrv) parts = split_device(value);
        uint64_t number = UINT64_MAX;

        if (!parts[1] || (strcmp(parts[1], "infinity") != 0 && (byte_size_parse(parts[1], 1000, &number) < 0 ||
                                                               number == 0 || number == UINT64_MAX)))
                return unit_setting_error(s, value, ret_error,
                                          "not a limit: use the device, a space, and a number with K, M or G, or "
                                          "\"infinity\"");

        return append_device(s, parts[0], number, value, properties, ret_error);
}

int unit_setting_device_weight(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_auto(GStrv) parts = split_device(value);
        uint64_t weight;

        if (!parts[1] || unit_parse_unsigned(parts[1], &weight) < 0 || weight < (uint64_t) s->min ||
            weight > (uint64_t) s->max)
                return unit_setting_error(s, value, ret_error,
                                          "not a weight: use the device, a space, and a number from %" G_GINT64_FORMAT
                                          " to %" G_GINT64_FORMAT, s->min, s->max);

        return append_device(s, parts[0], weight, value, properties, ret_error);
}

int unit_setting_device_latency(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_auto(GStrv) parts = split_device(value);
        uint64_t usec;

        if (!parts[1] || time_span_parse(parts[1], USEC_PER_SEC, &usec) < 0)
                return unit_setting_error(s, value, ret_error,
                                          "not a latency: use the device, a space, and a time span such as 25ms");

        return append_device(s, parts[0], usec, value, properties, ret_error);
}
