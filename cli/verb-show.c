/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>

#include "find.h"
#include "job-variables.h"
#include "jobctl.h"
#include "output.h"
#include "result-text.h"
#include "stage-text.h"
#include "table.h"
#include "time-span.h"

/* A field that can be overridden: the value in force, and the class's where that is another one. */
static void add_field(Fields *f, JsonObject *job, const char *label, const char *field, const char *value) {
        g_autofree char *flag = g_strdup_printf("%s%s_override", strcmp(field, "singleton") == 0 ? "is_" : "", field);
        JsonNode *values = json_object_get_member(job, "class_values");
        const char *of_class = NULL;
        g_autofree char *text = NULL;

        if (values && JSON_NODE_HOLDS_OBJECT(values))
                of_class = json_string(json_node_get_object(values), field);
        if (json_boolean(job, flag))
                text = g_strdup_printf("%s (overridden; the class says: %s)", value && value[0] ? value : "-",
                                       of_class && of_class[0] ? of_class : "-");
        fields_add_colored(f, label, text ?: value, text ? COLOR_BOLD : NULL);
}

static void add_boolean_field(Fields *f, JsonObject *job, const char *label, const char *field, const char *member) {
        add_field(f, job, label, field, json_boolean(job, member) ? "yes" : "no");
}

static void add_limit(Fields *f, JsonObject *job, const char *label, const char *field) {
        uint64_t usec = json_time_span(job, field);
        g_autofree char *text = usec == 0 ? g_strdup("default") : time_span_format(usec);

        add_field(f, job, label, field, text);
}

static void add_time(Fields *f, JsonObject *job, const char *label, const char *member) {
        g_autofree char *text = format_time(json_time(job, member));

        fields_add(f, label, text);
}

static void add_runnable(Fields *f, JsonObject *job) {
        const char *why = NULL;

        if (json_boolean(job, "runnable")) {
                fields_add_colored(f, "Runnable", "yes", COLOR_GREEN);
                return;
        }
        if (!json_boolean(job, "installed"))
                why = "no: its class is not on the disk";
        else if (!json_boolean(job, "enabled"))
                why = "no: it is not enabled";
        else
                why = "no: it has sensitive variables and requires approval, which cannot both be";
        fields_add_colored(f, "Runnable", why, COLOR_YELLOW);
}

static char *latest_result(JsonObject *job) {
        g_autofree char *text = result_latest_text(job);

        return text ? g_strdup_printf("%s, %s", text, json_string(job, "latest_result")) : NULL;
}

/* ---- what belongs to the class alone ---- */

static void add_strings(Fields *f, JsonObject *class, const char *label, const char *member) {
        g_autofree char *text = json_strings_join(class, member, " ");

        if (text[0])
                fields_add(f, label, text);
}

static void add_retry(Fields *f, JsonObject *class) {
        int64_t tries = json_object_get_int_member_with_default(class, "retry", 0);
        g_autofree char *delay = time_span_format(json_time_span(class, "retry_delay"));
        g_autofree char *text = NULL;

        if (tries > 0)
                text = g_strdup_printf("%" PRIi64 " time%s after a failure, after %s", tries, tries == 1 ? "" : "s",
                                       delay);
        fields_add(f, "Retry", text ?: "no");
}

/* "30d, 100 of them": how long, and how many. */
static void add_retention(Fields *f, JsonObject *class) {
        uint64_t age = json_time_span(class, "result_max_age");
        int64_t count = json_object_get_int_member_with_default(class, "result_max_count", -1);
        g_autofree char *span = age == USEC_INFINITY ? g_strdup("default")
                                : age == 0           ? g_strdup("no limit")
                                                     : time_span_format(age);
        g_autofree char *number = count < 0    ? g_strdup("default")
                                  : count == 0 ? g_strdup("no limit")
                                               : g_strdup_printf("%" PRIi64, count);
        g_autofree char *text = g_strdup_printf("age %s, number %s", span, number);

        fields_add(f, "Results kept", text);
}

static void add_stages(Fields *f, JsonObject *class) {
        JsonNode *node = json_object_get_member(class, "approval_stages");
        JsonArray *stages = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
        g_autoptr(GString) text = g_string_new(NULL);

        for (unsigned i = 0; stages && i < json_array_get_length(stages); i++) {
                JsonObject *s = json_array_get_object_element(stages, i);
                g_autofree char *lack = stage_lack_text(stages, i, NULL);

                g_string_append_printf(text, "%s%s: %" PRIi64 " of group %s%s%s%s", i > 0 ? "\n" : "",
                                       json_string(s, "name") ?: "?",
                                       json_object_get_int_member_with_default(s, "min_approvers", 1),
                                       json_string(s, "group") ?: "?", lack ? " (cannot be completed: " : "",
                                       lack ?: "", lack ? ")" : "");
        }
        if (text->len > 0)
                fields_add(f, "Approval stages", text->str);
}

static void add_unit(Fields *f, JsonObject *class, const char *label, const char *member) {
        if (json_string(class, member))
                fields_add(f, label, json_string(class, member));
}

static void add_class(Fields *f, JsonObject *class) {
        add_strings(f, class, "Field order", "field_order");
        add_retry(f, class);
        add_retention(f, class);
        add_stages(f, class);
        add_unit(f, class, "Unit on request", "notify_on_request");
        add_unit(f, class, "Unit on success", "notify_on_success");
        add_unit(f, class, "Unit on failure", "notify_on_failure");
        add_strings(f, class, "Job on success", "on_success");
        add_strings(f, class, "Job on failure", "on_failure");
}

/* class NULL: it cannot be loaded, for the reason problem. */
static void print_job(JsonObject *job, JsonObject *class, const char *problem) {
        _cleanup_(fields_freep) Fields *f = fields_new();
        g_autofree char *queues = json_strings_join(job, "task_queues", " "), *latest = latest_result(job);

        fields_add_colored(f, "Job", json_string(job, "class_path"), COLOR_BOLD);
        fields_add(f, "ID", json_string(job, "id"));
        add_field(f, job, "Name", "name", json_string(job, "name"));
        add_field(f, job, "Grouping", "grouping", json_string(job, "grouping"));
        add_field(f, job, "Description", "description", json_string(job, "description"));
        fields_add_boolean(f, "Enabled", json_boolean(job, "enabled"));
        fields_add_boolean(f, "Installed", json_boolean(job, "installed"));
        add_runnable(f, job);
        add_boolean_field(f, job, "Hidden", "hidden", "hidden");
        fields_add_boolean(f, "System job", json_boolean(job, "system"));
        fields_add_boolean(f, "Read-only", json_boolean(job, "read_only"));
        add_boolean_field(f, job, "Approval required", "approval_required", "approval_required");
        add_boolean_field(f, job, "All input sensitive", "has_sensitive_variables", "has_sensitive_variables");
        fields_add_boolean(f, "Supports dry run", json_boolean(job, "supports_dryrun"));
        add_boolean_field(f, job, "Dry run by default", "dryrun_default", "dryrun_default");
        add_field(f, job, "Singleton", "singleton", json_string(job, "singleton_policy"));
        add_limit(f, job, "Soft time limit", "soft_time_limit");
        add_limit(f, job, "Time limit", "time_limit");
        add_field(f, job, "Task queues", "task_queues", queues[0] ? queues : "default");
        if (class)
                add_class(f, class);
        else
                fields_add_colored(f, "Job class", problem, COLOR_YELLOW);
        fields_add(f, "Latest result", latest);
        fields_add(f, "File", json_string(job, "file"));
        add_time(f, job, "Created", "created");
        add_time(f, job, "Last updated", "last_updated");
        fields_print(f);
}

int verb_show(Jobctl *j, const Verb *verb, int argc, char **argv) {
        _cleanup_(connection_freep) Connection *c = NULL;
        g_autoptr(JsonObject) job = NULL, class = NULL;
        g_autoptr(JsonArray) variables = NULL;
        g_autofree char *path = NULL, *problem = NULL;
        gboolean show_variables = false;
        const GOptionEntry entries[] = {
                { "variables", 'v', 0, G_OPTION_ARG_NONE, &show_variables, "Show its variables, too", NULL },
                {}
        };
        char **arguments;
        int r;

        r = verb_parse(j, verb, entries, argc, argv, 1, 1, &arguments);
        if (r >= 0)
                return r;
        if (connection_open(&j->connection, &c) < 0 || find_job(c, arguments[0], &path, &job) < 0)
                return STATUS_ERROR;
        if (add_latest_result(c, job) < 0 || job_class_get(c, path, &class, &problem) < 0)
                return STATUS_ERROR;
        if (show_variables && job_variables_get(c, path, arguments[0], &variables) < 0)
                return STATUS_ERROR;

        if (j->json) {
                if (class)
                        json_object_set_object_member(job, "class", TAKE_PTR(class));
                else
                        json_object_set_null_member(job, "class");
                if (variables)
                        json_object_set_array_member(job, "variables", TAKE_PTR(variables));
                print_json_object(TAKE_PTR(job));
                return EXIT_SUCCESS;
        }
        print_job(job, class, problem);
        if (variables) {
                puts("");
                job_variables_print(variables);
        }
        return EXIT_SUCCESS;
}
