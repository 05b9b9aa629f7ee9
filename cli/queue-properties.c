/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "queue-properties.h"

static const struct {
        const char *name;
        char type;
} properties[] = {
        { "description", 's' }, { "enabled", 'b' },  { "max_running", 'u' },      { "max_pending", 'u' },
        { "weight", 'u' },      { "priority", 'i' }, { "when_unavailable", 's' },
};

static bool parse_boolean(const char *text, int *ret) {
        if (g_strv_contains((const char *const[]) { "yes", "true", "on", "1", NULL }, text))
                *ret = 1;
        else if (g_strv_contains((const char *const[]) { "no", "false", "off", "0", NULL }, text))
                *ret = 0;
        else
                return false;
        return true;
}

static int append_property(sd_bus_message *m, const char *name, char type, const char *value, char **ret_error) {
        guint64 number;
        gint64 priority;
        int yes;

        switch (type) {
        case 'b':
                if (parse_boolean(value, &yes))
                        return sd_bus_message_append(m, "{sv}", name, "b", yes);
                *ret_error = g_strdup_printf("%s=%s: it is yes or no", name, value);
                return -EINVAL;
        case 'u':
                if (g_ascii_string_to_unsigned(value, 10, 0, UINT32_MAX, &number, NULL))
                        return sd_bus_message_append(m, "{sv}", name, "u", (uint32_t) number);
                *ret_error = g_strdup_printf("%s=%s: it is a number from 0", name, value);
                return -EINVAL;
        case 'i':
                if (g_ascii_string_to_signed(value, 10, INT32_MIN, INT32_MAX, &priority, NULL))
                        return sd_bus_message_append(m, "{sv}", name, "i", (int32_t) priority);
                *ret_error = g_strdup_printf("%s=%s: it is a number", name, value);
                return -EINVAL;
        default:
                return sd_bus_message_append(m, "{sv}", name, "s", value);
        }
}

/* Settings of units begin with a capital letter. jobd knows which there are. */
static bool is_setting(const char *name) {
        return g_ascii_isupper(name[0]);
}

static int append_one(sd_bus_message *m, const char *assignment, char **ret_error) {
        const char *value = strchr(assignment, '=');
        g_autofree char *name = value ? g_strndup(assignment, (size_t) (value - assignment)) : NULL;

        if (!name || !*name) {
                *ret_error = g_strdup_printf("\"%s\" is not of the form PROPERTY=VALUE", assignment);
                return -EINVAL;
        }
        if (is_setting(name))
                return 0;
        for (size_t i = 0; i < ELEMENTSOF(properties); i++)
                if (strcmp(properties[i].name, name) == 0)
                        return append_property(m, name, properties[i].type, value + 1, ret_error);
        *ret_error = g_strdup_printf("there is no property \"%s\": it is description, enabled, max_running, "
                                     "max_pending, weight, priority, when_unavailable, or a setting of the slice, as MemoryMax=2G",
                                     name);
        return -EINVAL;
}

static int append_resources(sd_bus_message *m, char **assignments) {
        int r;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", "resources");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "a{ss}");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "{ss}");
        for (; r >= 0 && *assignments; assignments++) {
                g_auto(GStrv) parts = is_setting(*assignments) ? g_strsplit(*assignments, "=", 2) : NULL;

                if (parts)
                        r = sd_bus_message_append(m, "{ss}", parts[0], parts[1]);
        }
        for (unsigned i = 0; r >= 0 && i < 3; i++)
                r = sd_bus_message_close_container(m);
        return r;
}

int queue_properties_append(sd_bus_message *m, char **assignments, char **ret_error) {
        bool has_settings = false;
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        for (char **a = assignments; r >= 0 && *a; a++) {
                r = append_one(m, *a, ret_error);
                has_settings = has_settings || is_setting(*a);
        }
        if (r >= 0 && has_settings)
                r = append_resources(m, assignments);
        return r < 0 ? r : sd_bus_message_close_container(m);
}
