/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>

#include "ask.h"
#include "bus-report.h"
#include "find-schedule.h"
#include "jobctl.h"
#include "names.h"
#include "output.h"
#include "queue-properties.h"
#include "queue-runs.h"
#include "table.h"

/* Verbs for job queues: queues; queue ACTION NAME, and queue NAME to show one. */

static char *limit_text(JsonObject *queue, const char *member) {
        int64_t n = json_object_get_int_member(queue, member);

        return n > 0 ? g_strdup_printf("%" PRIi64, n) : g_strdup("-");
}

static char *number_text(JsonObject *queue, const char *member) {
        return g_strdup_printf("%" PRIi64, json_object_get_int_member(queue, member));
}

static void add_queue(Table *t, JsonObject *queue) {
        g_autofree char *running = number_text(queue, "running"), *waiting = number_text(queue, "waiting");
        g_autofree char *max_running = limit_text(queue, "max_running");
        g_autofree char *max_pending = limit_text(queue, "max_pending");
        g_autofree char *weight = number_text(queue, "weight"), *priority = number_text(queue, "priority");
        const char *description = json_string(queue, "description");
        const bool enabled = json_boolean(queue, "enabled");
        const char *cells[] = {
                json_string(queue, "name"), enabled ? "yes" : "no", running, max_running,
                waiting, max_pending, weight, priority, description && description[0] ? description : NULL,
        };

        table_add(t, cells, 1, enabled ? COLOR_GREEN : COLOR_YELLOW);
}

int verb_queues(Jobctl *j, const Verb *verb, int argc, char **argv) {
        static const char *const columns[] = { "NAME",        "ENABLED", "RUNNING",  "MAX",         "WAITING",
                                               "MAX PENDING", "WEIGHT",  "PRIORITY", "DESCRIPTION", NULL };
        _cleanup_(connection_freep) Connection *c = NULL;
        g_autoptr(JsonArray) queues = NULL;
        _cleanup_(table_freep) Table *t = NULL;
        gboolean no_legend = false;
        char **arguments;
        int r;
        const GOptionEntry entries[] = {
                { "no-legend", 0, 0, G_OPTION_ARG_NONE, &no_legend, "No headings", NULL },
                {}
        };

        r = verb_parse(j, verb, entries, argc, argv, 0, 0, &arguments);
        if (r >= 0)
                return r;
        if (connection_open(&j->connection, &c) < 0 || list_queues(c, &queues) < 0)
                return STATUS_ERROR;
        if (j->json) {
                print_json_array(TAKE_PTR(queues));
                return EXIT_SUCCESS;
        }

        t = table_new(columns, (no_legend ? 0 : TABLE_HEADINGS) | TABLE_CUT_LAST);
        for (unsigned i = 0; i < json_array_get_length(queues); i++)
                add_queue(t, json_array_get_object_element(queues, i));
        if (table_rows(t) > 0)
                table_print(t);
        else if (!no_legend)
                puts("No job queues that you may see."); /* there is always the default one */
        return EXIT_SUCCESS;
}

static char *resources_text(JsonObject *queue) {
        JsonNode *node = json_object_get_member(queue, "resources");
        JsonObject *resources = node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
        g_autoptr(GList) names = resources ? json_object_get_members(resources) : NULL;
        GString *text = g_string_new(NULL);

        for (GList *l = names; l; l = l->next)
                g_string_append_printf(text, "%s%s=%s", text->len > 0 ? "\n" : "", (const char *) l->data,
                                       json_string(resources, l->data) ?: "");
        return g_string_free(text, false);
}

static void print_queue(JsonObject *queue) {
        _cleanup_(fields_freep) Fields *f = fields_new();
        g_autofree char *running = number_text(queue, "running"), *waiting = number_text(queue, "waiting");
        g_autofree char *max_running = limit_text(queue, "max_running");
        g_autofree char *max_pending = limit_text(queue, "max_pending");
        g_autofree char *weight = number_text(queue, "weight"), *priority = number_text(queue, "priority");
        g_autofree char *resources = resources_text(queue);
        g_autofree char *created = format_time(json_time(queue, "created")),
                        *updated = format_time(json_time(queue, "last_updated"));

        fields_add_colored(f, "Job queue", json_string(queue, "name"), COLOR_BOLD);
        fields_add(f, "ID", json_string(queue, "id"));
        fields_add(f, "Description", json_string(queue, "description"));
        fields_add_boolean(f, "Enabled", json_boolean(queue, "enabled"));
        fields_add_boolean(f, "Default queue", json_boolean(queue, "default"));
        fields_add(f, "Running", running);
        fields_add(f, "Max running", max_running);
        fields_add(f, "Waiting", waiting);
        fields_add(f, "Max pending", max_pending);
        fields_add(f, "Weight", weight);
        fields_add(f, "Priority", priority);
        fields_add(f, "When unavailable", json_string(queue, "when_unavailable"));
        fields_add(f, "Slice", json_string(queue, "slice"));
        fields_add(f, "Resources", resources);
        fields_add(f, "Created", created);
        fields_add(f, "Last updated", updated);
        fields_print(f);
}

/* Shows what there is now, and what was done to it. */
static int print_after(Jobctl *j, Connection *c, const char *path, const char *name, const char *done, bool quiet) {
        g_autoptr(JsonObject) queue = NULL;
        g_autofree char *safe = output_escape(name);

        if (quiet && !j->json)
                return EXIT_SUCCESS;
        if (get_queue(c, path, name, &queue) < 0)
                return STATUS_ERROR;
        if (j->json)
                print_json_object(TAKE_PTR(queue));
        else
                printf("%s: %s.\n", safe, done);
        return EXIT_SUCCESS;
}

/* create when path is NULL. */
static int change(Jobctl *j, const Verb *verb, Connection *c, const char *name, const char *path, char **assignments,
                  bool quiet) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        g_autofree char *error = NULL;
        const char *created = path;
        int r;

        r = connection_message_new(c, path ?: JOBD_MANAGER_PATH, path ? JOBD_QUEUE_INTERFACE : JOBD_MANAGER_INTERFACE,
                                   path ? "Set" : "CreateJobQueue", &call);
        if (r >= 0 && !path)
                r = sd_bus_message_append(call, "s", name);
        if (r < 0)
                return STATUS_ERROR;
        r = queue_properties_append(call, assignments, &error);
        if (error)
                return usage_error(verb, "queue: %s.", error);
        if (r < 0)
                return (void) report_errno(r, "cannot make a message"), STATUS_ERROR;
        if (connection_call(c, call, name, &reply) < 0)
                return STATUS_ERROR;
        if (!path) {
                r = sd_bus_message_read(reply, "o", &created);
                if (r < 0)
                        return (void) report_errno(r, "cannot understand the reply of jobd"), STATUS_ERROR;
        }
        return print_after(j, c, created, name, path ? "set" : "created", quiet);
}

static int delete(Jobctl *j, Connection *c, const char *name, const char *path, JsonObject *queue, bool yes,
                  bool quiet) {
        g_autofree char *safe = output_escape(name);

        if (!yes && ask_possible() && !ask_yes("Delete the job queue %s? [y/N] ", safe)) {
                (void) report_error(-ECANCELED, "nothing was deleted.");
                return STATUS_ERROR;
        }
        if (connection_method(c, path, JOBD_QUEUE_INTERFACE, "Delete", name, NULL, NULL) < 0)
                return STATUS_ERROR;
        if (j->json)
                print_json_object(json_object_ref(queue));
        else if (!quiet)
                printf("%s: deleted.\n", safe);
        return EXIT_SUCCESS;
}

int verb_queue(Jobctl *j, const Verb *verb, int argc, char **argv) {
        _cleanup_(connection_freep) Connection *c = NULL;
        g_autoptr(JsonObject) queue = NULL;
        g_autofree char *path = NULL;
        gboolean yes = false, quiet = false;
        const char *const actions[] = { "show", "create", "set", "delete", NULL }, *action, *name;
        char **arguments;
        int r;
        const GOptionEntry entries[] = {
                { "yes", 'y', 0, G_OPTION_ARG_NONE, &yes, "delete: do not ask", NULL },
                { "quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "Print nothing but errors", NULL },
                {}
        };

        r = verb_parse(j, verb, entries, argc, argv, 1, UINT_MAX, &arguments);
        if (r >= 0)
                return r;
        action = arguments[1] ? arguments[0] : "show";
        name = arguments[1] ?: arguments[0];
        if (!arguments[1] && g_strv_contains(actions, name))
                return usage_error(verb, "queue %s: say which: jobctl queue %s NAME%s", name, name,
                                   strcmp(name, "set") == 0      ? " PROPERTY=VALUE..."
                                   : strcmp(name, "create") == 0 ? " [PROPERTY=VALUE...]"
                                                                 : "");
        if (arguments[1] && !g_strv_contains(actions, action))
                return usage_error(verb, "queue: there is no action \"%s\": it is show, create, set or delete.",
                                   action);
        if (arguments[1] && arguments[2] && (strcmp(action, "show") == 0 || strcmp(action, "delete") == 0))
                return usage_error(verb, "queue %s: one argument too many: %s", action, arguments[2]);
        if (!arguments[2] && strcmp(action, "set") == 0)
                return usage_error(verb, "queue set: say what is to be set, as in max_running=2.");
        if (connection_open(&j->connection, &c) < 0)
                return STATUS_ERROR;

        if (strcmp(action, "create") == 0)
                return change(j, verb, c, name, NULL, arguments + 2, quiet);
        if (find_queue(c, name, &path, &queue) < 0)
                return STATUS_ERROR;
        if (strcmp(action, "set") == 0)
                return change(j, verb, c, name, path, arguments + 2, quiet);
        if (strcmp(action, "delete") == 0)
                return delete (j, c, name, path, queue, yes, quiet);
        if (j->json)
                print_json_object(TAKE_PTR(queue));
        else {
                print_queue(queue);
                if ((json_object_get_int_member(queue, "running") > 0 || json_object_get_int_member(queue, "waiting") > 0) &&
                    queue_runs_print(c, queue) < 0)
                        return STATUS_ERROR;
        }
        return EXIT_SUCCESS;
}
