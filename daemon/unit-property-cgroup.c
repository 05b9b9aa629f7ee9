/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* systemd.resource-control(5): CPU, memory and tasks. */

#include <string.h>

#include "time-span.h"
#include "byte-size.h"
#include "unit-property-internal.h"

/* CPUWeight=, IOWeight= and their predecessors: a number within min and max, or a name. */
int unit_setting_weight(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        const UnitName *found = s->names ? unit_name_find(s->names, value) : NULL;
        uint64_t weight;

        if (found)
                weight = found->value;
        else if (unit_parse_unsigned(value, &weight) < 0 || weight < (uint64_t) s->min || weight > (uint64_t) s->max)
                return unit_setting_error(s, value, ret_error,
                                          "not a weight: use a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
                                          "%s%s",
                                          s->min, s->max, s->names ? " or " : "", s->names ? s->names[0].name : "");

        unit_properties_set(properties, s, g_variant_new_uint64(weight));
        return 0;
}

/* A percentage goes out as a share of 2^32-1, for systemd knows how much the host has when the run starts. */
static int set_share(const UnitSetting *s, uint32_t permyriad, const char *value, GPtrArray *properties,
                     char **ret_error) {
        if (permyriad > 10000)
                return unit_setting_error(s, value, ret_error, "above 100%%: use a percentage from 0%% to 100%%");
        if (permyriad == 0 && s->min > 0)
                return unit_setting_error(s, value, ret_error, "nothing could run: use more than 0%%");

        unit_properties_set_alternate(properties, s, g_variant_new_uint32(unit_scale_from_permyriad(permyriad)));
        return 0;
}

int unit_setting_memory(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        uint32_t permyriad;
        uint64_t bytes;

        if (unit_parse_permyriad(value, &permyriad) == 0)
                return set_share(s, permyriad, value, properties, ret_error);

        if (strcmp(value, "infinity") == 0)
                bytes = UINT64_MAX;
        else if (byte_size_parse(value, 1024, &bytes) < 0 || bytes == UINT64_MAX)
                return unit_setting_error(s, value, ret_error,
                                          "not a size: use bytes with K, M, G or T, a percentage, or \"infinity\"");
        else if (bytes < (uint64_t) s->min)
                return unit_setting_error(s, value, ret_error, "nothing could run: use more than 0 bytes");

        unit_properties_set(properties, s, g_variant_new_uint64(bytes));
        return 0;
}

int unit_setting_tasks_max(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        uint32_t permyriad;
        uint64_t number;

        if (unit_parse_permyriad(value, &permyriad) == 0) {
                /* A transient unit takes no share of all: systemd refuses 2^32-1. */
                if (permyriad == 10000)
                        return unit_setting_error(s, value, ret_error, "all tasks of the host: use \"infinity\"");
                return set_share(s, permyriad, value, properties, ret_error);
        }

        if (strcmp(value, "infinity") == 0)
                number = UINT64_MAX;
        else if (unit_parse_unsigned(value, &number) < 0 || number == 0 || number == UINT64_MAX)
                return unit_setting_error(s, value, ret_error,
                                          "not a number of tasks: use 1 or more, a percentage, or \"infinity\"");

        unit_properties_set(properties, s, g_variant_new_uint64(number));
        return 0;
}

int unit_setting_cpu_quota(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        uint32_t permyriad;

        if (unit_parse_permyriad(value, &permyriad) < 0 || permyriad == 0)
                return unit_setting_error(s, value, ret_error,
                                          "not a share of a CPU: use a percentage from 1%%, 200%% for two CPUs");

        /* systemd 252 writes whole percents into a transient unit's file: below one, a reload would lift the limit. */
        if (permyriad < 100)
                return unit_setting_error(s, value, ret_error, "too small a share of a CPU: use 1%% or more");

        unit_properties_set(properties, s, g_variant_new_uint64(permyriad * USEC_PER_SEC / 10000));
        return 0;
}

int unit_setting_cpu_period(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        uint64_t usec;

        if (time_span_parse(value, USEC_PER_SEC, &usec) < 0)
                return unit_setting_error(s, value, ret_error, "not a time span: use one such as 10ms or 1s");

        unit_properties_set(properties, s, g_variant_new_uint64(usec));
        return 0;
}

int unit_setting_pressure(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        uint32_t permyriad;

        if (unit_parse_permyriad(value, &permyriad) < 0 || permyriad > 10000)
                return unit_setting_error(s, value, ret_error, "not a share: use a percentage from 0%% to 100%%");

        unit_properties_set(properties, s, g_variant_new_uint32(unit_scale_from_permyriad(permyriad)));
        return 0;
}

static int append_controllers(const UnitSetting *s, const char *name, const char *value, GPtrArray *properties,
                              char **ret_error) {
        g_auto(GStrv) words = NULL;

        if (unit_words(value, NULL, UNIT_WORD_UNQUOTE, &words) < 0)
                return unit_setting_error(s, value, ret_error, "a quote is not closed");

        for (char **word = words; *word; word++)
                if (!unit_name_find(s->names, *word)) {
                        g_autofree char *names = unit_names_join(s->names);

                        return unit_setting_error(s, value, ret_error, "no such controller: use %s", names);
                }

        return unit_properties_append(properties, s, name, value,
                                      g_variant_new_strv((const char *const *) words, -1), ret_error);
}

int unit_setting_controllers(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        return append_controllers(s, unit_setting_property(s), value, properties, ret_error);
}

/* A list delegates those controllers and adds to an earlier one; an empty value delegates without any. */
int unit_setting_delegate(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        bool b;

        if (unit_parse_boolean(value, &b) == 0) {
                unit_properties_set(properties, s, g_variant_new_boolean(b));
                return 0;
        }

        if (*value == 0)
                unit_properties_clear(properties, s);
        return append_controllers(s, s->alternate, value, properties, ret_error);
}
