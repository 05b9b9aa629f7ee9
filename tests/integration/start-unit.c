/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What test_service_settings.py compares with systemd-run: a transient unit with the properties that
 * unit_property_add() makes of settings.
 *
 *   start-unit --list                  the settings that are supported, one on a line
 *   start-unit --print KEY=VALUE...    the properties that they make, one on a line
 *   start-unit UNIT KEY=VALUE...       starts UNIT.service with them
 *   start-unit --load                  reads records "UNIT\0KEY=VALUE\0...\0\0" and loads each UNIT.service without
 *                                      starting it, as systemd-run --on-active= does; prints "ok" or an error for each
 */

#include <string.h>
#include <systemd/sd-bus.h>

#include "unit-append.h"
#include "unit-property.h"

static int add_settings(GPtrArray *properties, char *const *settings, char **ret_error) {
        int r;

        for (; *settings; settings++) {
                const char *equals = strchr(*settings, '=');
                g_autofree char *key = NULL;

                if (!equals) {
                        *ret_error = g_strdup_printf("%s: not KEY=VALUE", *settings);
                        return -EINVAL;
                }

                key = g_strndup(*settings, (gsize) (equals - *settings));
                r = unit_property_add(properties, key, equals + 1, ret_error);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int append_properties(sd_bus_message *m, const GPtrArray *properties) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "(sv)");

        for (guint i = 0; r >= 0 && i < properties->len; i++) {
                const UnitProperty *p = g_ptr_array_index(properties, i);

                r = sd_bus_message_open_container(m, 'r', "sv");
                if (r >= 0)
                        r = sd_bus_message_append(m, "s", p->name);
                if (r >= 0)
                        r = unit_append_variant(m, p->value);
                if (r >= 0)
                        r = sd_bus_message_close_container(m);
        }

        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* The service itself is the unit to start... */
static int append_service(sd_bus_message *m, const char *unit, const GPtrArray *properties) {
        g_autofree char *service = g_strconcat(unit, ".service", NULL);
        int r;

        r = sd_bus_message_append(m, "ss", service, "fail");
        if (r >= 0)
                r = append_properties(m, properties);
        if (r >= 0)
                r = sd_bus_message_append(m, "a(sa(sv))", 0);
        return r;
}

/* ...or comes along with a timer that is far off and keeps it loaded. */
static int append_timer(sd_bus_message *m, const char *unit, const GPtrArray *properties) {
        g_autofree char *service = g_strconcat(unit, ".service", NULL), *timer = g_strconcat(unit, ".timer", NULL);
        int r;

        r = sd_bus_message_append(m, "ssa(sv)", timer, "fail", 1, "TimersMonotonic", "a(st)", 1, "OnActiveSec",
                                  86400 * USEC_PER_SEC);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sa(sv))");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'r', "sa(sv)");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", service);
        if (r >= 0)
                r = append_properties(m, properties);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r;
}

static int start_unit(sd_bus *bus, bool load_only, const char *unit, char *const *settings, char **ret_error) {
        g_autoptr(GPtrArray) properties = unit_property_array_new();
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *m = NULL;
        int r;

        r = add_settings(properties, settings, ret_error);
        if (r < 0)
                return r;

        r = sd_bus_message_new_method_call(bus, &m, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                                           "org.freedesktop.systemd1.Manager", "StartTransientUnit");
        if (r >= 0)
                r = load_only ? append_timer(m, unit, properties) : append_service(m, unit, properties);
        if (r >= 0)
                r = sd_bus_call(bus, m, 0, &error, NULL);
        if (r < 0)
                *ret_error = g_strdup_printf("systemd: %s", error.message ?: g_strerror(-r));

        sd_bus_error_free(&error);
        sd_bus_message_unref(m);
        return r;
}

static char *read_field(void) {
        g_autofree char *line = NULL;
        char *buffer = NULL;
        size_t size = 0;

        if (getdelim(&buffer, &size, 0, stdin) >= 0)
                line = g_strdup(buffer);

        free(buffer);
        return g_steal_pointer(&line);
}

static int load_all(sd_bus *bus) {
        for (;;) {
                g_autoptr(GPtrArray) settings = g_ptr_array_new_with_free_func(g_free);
                g_autofree char *unit = read_field(), *error = NULL;
                char *field;

                if (!unit)
                        return 0;

                while ((field = read_field()) && *field)
                        g_ptr_array_add(settings, field);
                g_free(field);
                g_ptr_array_add(settings, NULL);

                if (start_unit(bus, true, unit, (char *const *) settings->pdata, &error) < 0)
                        printf("%s\n", error);
                else
                        printf("ok\n");
        }
}

static void print_key(const char *key, void *userdata) {
        printf("%s\n", key);
}

static int print_properties(char *const *settings, char **ret_error) {
        g_autoptr(GPtrArray) properties = unit_property_array_new();
        int r;

        r = add_settings(properties, settings, ret_error);
        if (r < 0)
                return r;

        for (guint i = 0; i < properties->len; i++) {
                const UnitProperty *p = g_ptr_array_index(properties, i);
                g_autofree char *text = g_variant_print(p->value, TRUE);

                printf("%s %s\n", p->name, text);
        }

        return 0;
}

int main(int argc, char **argv) {
        g_autofree char *error = NULL;
        sd_bus *bus = NULL;
        int r;

        if (argc == 2 && strcmp(argv[1], "--list") == 0) {
                unit_property_foreach_supported(print_key, NULL);
                return EXIT_SUCCESS;
        }

        if (argc < 2) {
                fprintf(stderr, "Usage: start-unit --list | --load | --print KEY=VALUE... | UNIT KEY=VALUE...\n");
                return EXIT_FAILURE;
        }

        if (strcmp(argv[1], "--print") == 0)
                r = print_properties(argv + 2, &error);
        else {
                r = sd_bus_open_system(&bus);
                if (r >= 0)
                        r = strcmp(argv[1], "--load") == 0 ? load_all(bus) :
                                                             start_unit(bus, false, argv[1], argv + 2, &error);
                sd_bus_flush_close_unref(bus);
        }

        if (r < 0)
                fprintf(stderr, "%s\n", error ?: g_strerror(-r));
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
