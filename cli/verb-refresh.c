/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "bus-report.h"
#include "jobctl.h"
#include "json.h"
#include "names.h"
#include "output.h"
#include "table.h"

static const char *action_color(const char *action) {
        if (strcmp(action, "refused") == 0)
                return COLOR_BOLD_RED;
        if (strcmp(action, "warning") == 0 || strcmp(action, "uninstalled") == 0)
                return COLOR_YELLOW;
        return COLOR_GREEN;
}

static int read_report(sd_bus_message *reply, JsonArray *report) {
        const char *action, *class_path, *message;
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "(sss)");
        while (r >= 0 && (r = sd_bus_message_read(reply, "(sss)", &action, &class_path, &message)) > 0) {
                JsonObject *entry = json_object_new();

                json_object_set_string_member(entry, "action", action);
                json_object_set_string_member(entry, "class_path", class_path);
                json_object_set_string_member(entry, "message", message);
                json_array_add_object_element(report, entry);
        }
        return r < 0 ? report_errno(r, "cannot understand the report of jobd") : 0;
}

static bool is_action(JsonObject *entry, const char *action) {
        return strcmp(json_string(entry, "action"), action) == 0;
}

static void print_report(JsonArray *report, bool quiet) {
        static const char *const columns[] = { "ACTION", "JOB", "MESSAGE", NULL };
        _cleanup_(table_freep) Table *t = table_new(columns, 0);

        for (unsigned i = 0; i < json_array_get_length(report); i++) {
                JsonObject *entry = json_array_get_object_element(report, i);
                const char *class_path = json_string(entry, "class_path"), *message = json_string(entry, "message");
                const char *cells[] = {
                        json_string(entry, "action"),
                        class_path[0] ? class_path : NULL,
                        message[0] ? message : "",
                };

                if (!quiet || is_action(entry, "refused") || is_action(entry, "warning"))
                        table_add(t, cells, 0, action_color(cells[0]));
        }
        if (table_rows(t) > 0)
                table_print(t);
        else if (!quiet)
                puts("Nothing has changed.");
}

int verb_refresh(Jobctl *j, const Verb *verb, int argc, char **argv) {
        _cleanup_(connection_freep) Connection *c = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        g_autoptr(JsonArray) report = json_array_new();
        gboolean quiet = false;
        const GOptionEntry entries[] = {
                { "quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "Show only what was refused and warnings", NULL },
                {}
        };
        char **arguments;
        int r, status = EXIT_SUCCESS;

        r = verb_parse(j, verb, entries, argc, argv, 0, 0, &arguments);
        if (r >= 0)
                return r;
        if (connection_open(&j->connection, &c) < 0 ||
            connection_method(c, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, "Refresh", NULL, &reply, "a{sv}", 0) < 0 ||
            read_report(reply, report) < 0)
                return STATUS_ERROR;

        for (unsigned i = 0; i < json_array_get_length(report); i++)
                if (is_action(json_array_get_object_element(report, i), "refused"))
                        status = STATUS_FAILURE;
        if (j->json)
                print_json_array(TAKE_PTR(report));
        else
                print_report(report, quiet);
        return status;
}
