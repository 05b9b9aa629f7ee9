/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus-report.h"
#include "find.h"
#include "jobctl.h"
#include "names.h"
#include "output.h"

static int send_cancel(Connection *c, const char *path, const char *id, bool kill) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = connection_message_new(c, path, JOBD_RESULT_INTERFACE, "Cancel", &call);
        if (r < 0)
                return r;
        r = kill ? sd_bus_message_append(call, "a{sv}", 1, "kill", "b", true)
                 : sd_bus_message_append(call, "a{sv}", 0);
        if (r < 0)
                return report_errno(r, "cannot make a message");
        return connection_call(c, call, id, NULL);
}

static int cancel_one(Jobctl *j, Connection *c, const char *id, bool kill, bool quiet, JsonArray *cancelled) {
        g_autofree char *path = NULL;
        JsonObject *result;
        int r;

        r = find_result(c, id, &path, NULL);
        if (r < 0)
                return r;
        r = send_cancel(c, path, id, kill);
        if (r < 0 || (quiet && !j->json))
                return r;
        r = get_result(c, path, id, &result);
        if (r < 0)
                return r;
        if (!j->json) {
                g_autofree char *name = output_escape(json_string(result, "task_name") ?: "?");
                const char *status = json_string(result, "status") ?: "?";

                printf("%s of %s: %s.\n", json_string(result, "id"), name,
                       json_string(result, "date_done") ? status : "being cancelled");
        }
        json_array_add_object_element(cancelled, result);
        return 0;
}

int verb_cancel(Jobctl *j, const Verb *verb, int argc, char **argv) {
        _cleanup_(connection_freep) Connection *c = NULL;
        g_autoptr(JsonArray) cancelled = json_array_new();
        gboolean kill = false, quiet = false;
        const GOptionEntry entries[] = {
                { "kill", 'k', 0, G_OPTION_ARG_NONE, &kill, "Kill at once, without time to finish", NULL },
                { "quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "Print nothing but errors", NULL },
                {}
        };
        int r, status = EXIT_SUCCESS;
        char **ids;

        r = verb_parse(j, verb, entries, argc, argv, 1, UINT_MAX, &ids);
        if (r >= 0)
                return r;
        if (connection_open(&j->connection, &c) < 0)
                return STATUS_ERROR;
        for (; *ids; ids++)
                if (cancel_one(j, c, *ids, kill, quiet, cancelled) < 0)
                        status = STATUS_ERROR;
        if (j->json)
                print_json_array(TAKE_PTR(cancelled));
        return status;
}
