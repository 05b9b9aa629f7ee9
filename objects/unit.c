/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <systemd/sd-bus.h>

#include "model.h"

/* The units of systemd, asked for as any user may. */

enum { UNITS_MAX = 100000, NAMES_MAX = 1000 };

static int append_units(sd_bus_message *reply, GHashTable *seen, JsonArray *objects) {
        const char *name, *description, *load, *active, *sub;
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
        while (r >= 0 && (r = sd_bus_message_read(reply, "(ssssssouso)", &name, &description, &load, &active, &sub,
                                                  NULL, NULL, NULL, NULL, NULL)) > 0) {
                const char *dot = strrchr(name, '.');
                JsonObject *o;

                /* What another unit names in vain is listed too. */
                if (strcmp(load, "not-found") == 0 || json_array_get_length(objects) >= UNITS_MAX ||
                    !g_hash_table_add(seen, g_strdup(name)))
                        continue;
                o = json_object_new();
                set_text(o, "name", name);
                set_text(o, "description", description);
                set_text(o, "type", dot ? dot + 1 : "");
                set_text(o, "load_state", load);
                set_text(o, "active_state", active);
                set_text(o, "sub_state", sub);
                json_array_add_object_element(objects, o);
        }
        return r < 0 ? r : sd_bus_message_exit_container(reply);
}

/* One name that is none makes systemd refuse the whole call (systemd.unit(5), "Unit names"). */
static bool may_be_unit(const char *name) {
        size_t n = strlen(name);
        const char *dot = strrchr(name, '.');

        return n > 0 && n < 256 && dot && dot != name && dot[1] && !g_str_has_suffix(name, "@.service") &&
               name[strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS ":-_.\\@")] == '\0' && name[0] != '@';
}

static int call_systemd(sd_bus *bus, const char *method, char **names, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &call, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                                           "org.freedesktop.systemd1.Manager", method);
        if (r >= 0 && names)
                r = sd_bus_message_append_strv(call, names);
        return r < 0 ? r : sd_bus_call(bus, call, 0, NULL, ret);
}

/* Those that are not loaded: one by one, since a name that systemd refuses must not hide the others. */
static int append_named(sd_bus *bus, char **keys, GHashTable *seen, JsonArray *objects) {
        unsigned n = 0;

        for (char **key = keys; *key && n < NAMES_MAX; key++) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
                char *names[] = { *key, NULL };
                int r;

                if (g_hash_table_contains(seen, *key) || !may_be_unit(*key))
                        continue;
                n++;
                if (call_systemd(bus, "ListUnitsByNames", names, &reply) < 0)
                        continue;
                r = append_units(reply, seen, objects);
                if (r < 0)
                        return r;
        }
        return 0;
}

int model_units(char **keys, JsonArray *objects, char **ret_error) {
        g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = call_systemd(bus, "ListUnits", NULL, &reply);
        if (r >= 0)
                r = append_units(reply, seen, objects);
        if (r >= 0)
                r = append_named(bus, keys, seen, objects);
        return r < 0 ? model_failed(r, ret_error, "cannot ask systemd for its units") : 0;
}
