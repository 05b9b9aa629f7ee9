/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "ask.h"
#include "bus-report.h"
#include "find.h"
#include "job-variables.h"
#include "output.h"
#include "run-data.h"
#include "run-from.h"
#include "schedule-input.h"

/* Files cannot be given here: jobd says so when there are any. */
static JsonArray *without_files(JsonArray *variables) {
        JsonArray *others = json_array_new();

        for (unsigned i = 0; i < json_array_get_length(variables); i++) {
                JsonNode *node = json_array_get_element(variables, i);

                if (JSON_NODE_HOLDS_OBJECT(node) && !run_files_is_file(json_node_get_object(node)))
                        json_array_add_element(others, json_node_copy(node));
        }
        return others;
}

static int find_variables(Connection *c, JsonObject *schedule, JsonArray **ret) {
        const char *job = json_string(schedule, "task") ?: "";
        g_autofree char *path = NULL;
        int r;

        r = find_job(c, job, &path, NULL);
        return r < 0 ? r : job_variables_get(c, path, job, ret);
}

static int add_vars(char **vars, JsonArray *variables, JsonObject *data, char **ret_error) {
        g_autoptr(GHashTable) given = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        int r = 0;

        for (; vars && *vars && r >= 0; vars++)
                r = run_data_set(data, variables, given, *vars, ret_error);
        return r;
}

static int report_not_shown(JsonObject *schedule, JsonArray *missing) {
        g_autoptr(GString) names = g_string_new(NULL);

        for (unsigned i = 0; i < json_array_get_length(missing); i++)
                g_string_append_printf(names, "%s%s", i > 0 ? ", " : "",
                                       json_string(json_array_get_object_element(missing, i), "name"));
        return report_error(-ENODATA,
                            "%s: the values of %s are not shown, so they cannot stay: give all of the input by "
                            "--data=@FILE or --data=-, or run this on a terminal.",
                            json_string(schedule, "name") ?: "?", names->str);
}

/* What stays of the input that there is. */
static int complete(JsonObject *schedule, JsonArray *variables, JsonObject *data, bool may_ask, const AskTools *tools) {
        JsonNode *node = json_object_get_member(schedule, "kwargs");
        g_autoptr(JsonObject) stored = node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_dup_object(node)
                                                                            : json_object_new();
        g_auto(GStrv) unknown = run_from_complete(variables, stored, data);
        g_autoptr(JsonArray) lacking = run_from_missing(variables, stored, data), missing = without_files(lacking);

        for (char **name = unknown; *name; name++)
                (void) report_error(0, "the job has no variable %s any more: its value is left out.", *name);
        if (json_array_get_length(missing) == 0 || !json_boolean(schedule, "sealed"))
                return 0;
        return may_ask ? ask_all(missing, data, tools) : report_not_shown(schedule, missing);
}

int schedule_input_make(Jobctl *j, const Verb *verb, Connection *c, JsonObject *schedule, const char *data, char **vars,
                        JsonObject **ret) {
        bool ask = ask_possible() && j->connection.ask_password && !j->json;
        g_autoptr(JsonObject) input = NULL;
        _cleanup_(run_files_freep) RunFiles *files = run_files_new();
        g_autoptr(JsonArray) variables = NULL, others = NULL;
        const AskTools tools = { files, c };
        g_autofree char *message = NULL;
        int r = 0;

        if (!data)
                input = json_object_new();
        else if (run_data_read(data, &input, &message) < 0)
                return usage_error(verb, "%s", message);
        if ((vars || ask) && find_variables(c, schedule, &variables) < 0)
                return STATUS_ERROR;
        if (add_vars(vars, variables, input, &message) < 0)
                return usage_error(verb, "%s", message);
        others = variables ? without_files(variables) : NULL;
        if (!data)
                r = complete(schedule, variables, input, ask, &tools);
        else if (ask)
                r = ask_missing(others, input, &tools);
        if (r < 0)
                return r == -ENODATA ? STATUS_ERROR
                                     : ((void) report_error(r, "nothing was changed."), STATUS_ERROR);
        *ret = TAKE_PTR(input);
        return -1;
}
