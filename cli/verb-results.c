/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "find.h"
#include "jobctl.h"
#include "json.h"
#include "log-counts.h"
#include "now.h"
#include "output.h"
#include "result-text.h"
#include "table.h"
#include "time-span.h"
#include "when.h"

/* Verbs that show job results: results, result. */

/* What the column REASON has of one that waits: its place in the line of its queue, if it is in one. */
static char *describe_wait(JsonObject *result) {
        JsonNode *position = json_object_get_member(result, "position");

        if (!json_string(result, "wait_reason"))
                return NULL;
        if (position && JSON_NODE_HOLDS_VALUE(position) && json_node_get_int(position) > 0)
                return g_strdup_printf("place %" PRIi64, json_node_get_int(position));
        return g_strdup("waits");
}

static void add_result(Table *t, JsonObject *result) {
        const char *status = json_string(result, "status") ?: "?";
        g_autofree char *created = format_time_short(json_time(result, "date_created"));
        g_autofree char *duration = result_duration(result), *wait = describe_wait(result);
        const char *cells[] = {
                json_string(result, "id"),   status,  wait ?: result_reason(result), json_string(result, "task_name"),
                json_string(result, "user"), created, duration,
        };

        table_add(t, cells, 1, status_color(status));
}

static void print_table(JsonArray *results, bool legend) {
        static const char *const columns[] = { "ID", "STATUS", "REASON", "JOB", "USER", "CREATED", "DURATION", NULL };
        _cleanup_(table_freep) Table *t = table_new(columns, legend ? TABLE_HEADINGS : 0);

        for (unsigned i = 0; i < json_array_get_length(results); i++)
                add_result(t, json_array_get_object_element(results, i));
        if (table_rows(t) > 0)
                table_print(t);
        else if (legend)
                puts("No job results.");
}

typedef struct ResultsOptions {
        char *job, *status, *user, *queue, *schedule, *since_text, *until_text;
        uint64_t since, until; /* 0: any */
        gboolean no_legend;
        int lines;
} ResultsOptions;

static void results_options_done(ResultsOptions *o) {
        g_free(o->job);
        g_free(o->status);
        g_free(o->user);
        g_free(o->queue);
        g_free(o->schedule);
        g_free(o->since_text);
        g_free(o->until_text);
}

/* Returns -1, or the status to exit with. */
static int read_time(const Verb *verb, const char *option, const char *text, uint64_t *ret) {
        g_autoptr(GTimeZone) zone = g_time_zone_new_local();
        g_autofree char *error = NULL;

        if (text && when_parse(text, zone, now_usec(), ret, &error) < 0)
                return usage_error(verb, "results: %s: %s.", option, error);
        return -1;
}

static int check_options(const Verb *verb, ResultsOptions *o) {
        g_autofree char *status = o->status;
        int r;

        if (o->lines < 1)
                return usage_error(verb, "results: --lines=%i is not a number from 1.", o->lines);
        o->status = status ? g_ascii_strup(status, -1) : NULL;
        r = read_time(verb, "--since", o->since_text, &o->since);
        if (r < 0)
                r = read_time(verb, "--until", o->until_text, &o->until);
        if (r < 0 && o->until > 0 && o->since > o->until)
                return usage_error(verb, "results: --since=\"%s\" is later than --until=\"%s\".", o->since_text,
                                   o->until_text);
        return r;
}

int verb_results(Jobctl *j, const Verb *verb, int argc, char **argv) {
        _cleanup_(connection_freep) Connection *c = NULL;
        _cleanup_(results_options_done) ResultsOptions o = { .lines = 20 };
        g_autoptr(JsonArray) results = NULL;
        char **arguments;
        int r;
        const GOptionEntry entries[] = {
                { "job", 'j', 0, G_OPTION_ARG_FILENAME, &o.job, "Only those of this job", "JOB" },
                { "status", 's', 0, G_OPTION_ARG_FILENAME, &o.status, "Only those of this status", "STATUS" },
                { "user", 'u', 0, G_OPTION_ARG_FILENAME, &o.user, "Only what this user has requested", "USER" },
                { "queue", 0, 0, G_OPTION_ARG_FILENAME, &o.queue, "Only those of this job queue", "QUEUE" },
                { "schedule", 0, 0, G_OPTION_ARG_FILENAME, &o.schedule, "Only the runs of this scheduled job", "NAME" },
                { "since", 'S', 0, G_OPTION_ARG_FILENAME, &o.since_text, "Requested at this time or later", "TIME" },
                { "until", 'U', 0, G_OPTION_ARG_FILENAME, &o.until_text, "Requested at this time or earlier", "TIME" },
                { "lines", 'n', 0, G_OPTION_ARG_INT, &o.lines, "At most N, instead of 20", "N" },
                { "no-legend", 0, 0, G_OPTION_ARG_NONE, &o.no_legend, "No headings", NULL },
                {}
        };

        r = verb_parse(j, verb, entries, argc, argv, 0, 0, &arguments);
        if (r < 0)
                r = check_options(verb, &o);
        if (r >= 0)
                return r;

        if (connection_open(&j->connection, &c) < 0 ||
            list_results(c, &(ResultFilter) { o.job, o.status, o.user, o.queue, o.schedule, o.since, o.until,
                                              (unsigned) o.lines }, &results) < 0)
                return STATUS_ERROR;
        if (json_array_get_length(results) == 0 && check_filter_exists(c, o.job, o.queue, o.user) < 0)
                return STATUS_ERROR;
        if (j->json)
                print_json_array(TAKE_PTR(results));
        else
                print_table(results, !o.no_legend);
        return EXIT_SUCCESS;
}

static void add_time(Fields *f, JsonObject *result, const char *label, const char *member) {
        g_autofree char *text = format_time(json_time(result, member));

        fields_add(f, label, text);
}

static void add_limits(Fields *f, JsonObject *result) {
        g_autofree char *soft = time_span_format(json_time_span(result, "soft_time_limit"));
        g_autofree char *hard = time_span_format(json_time_span(result, "time_limit"));
        g_autofree char *text = g_strdup_printf("soft %s, hard %s", soft, hard);

        fields_add(f, "Time limits", text);
}

static void add_end_of_process(Fields *f, JsonObject *result) {
        JsonNode *exit_code = json_object_get_member(result, "exit_code");
        JsonNode *number = json_object_get_member(result, "signal");
        g_autofree char *text = NULL;

        if (exit_code && JSON_NODE_HOLDS_VALUE(exit_code))
                text = g_strdup_printf("%" PRIi64, json_node_get_int(exit_code));
        else if (number && JSON_NODE_HOLDS_VALUE(number)) {
                const char *name = sigabbrev_np((int) json_node_get_int(number));

                text = g_strdup_printf("none, signal %s", name ?: "?");
        }
        fields_add(f, "Exit status", text);
}

static void add_cpu(Fields *f, JsonObject *result) {
        JsonNode *nsec = json_object_get_member(result, "cpu_usage_nsec");
        g_autofree char *text = NULL;

        if (nsec && JSON_NODE_HOLDS_VALUE(nsec))
                text = format_duration((uint64_t) json_node_get_int(nsec) / NSEC_PER_USEC);
        fields_add(f, "CPU time", text);
}

static void add_progress(Fields *f, JsonObject *result) {
        JsonNode *percent = json_object_get_member(result, "progress");
        const char *text = json_string(result, "progress_text");
        g_autofree char *shown = NULL;

        if (!percent || !JSON_NODE_HOLDS_VALUE(percent))
                return;
        shown = g_strdup_printf("%" PRIi64 "%%%s%s", json_node_get_int(percent), text ? " " : "", text ?: "");
        fields_add(f, "Progress", shown);
}

static JsonObject *object_member(JsonObject *o, const char *member) {
        JsonNode *node = json_object_get_member(o, member);

        return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

/* "1 warning, 2 failure": the levels that there were, in the order of their severity. */
static void append_totals(GString *text, JsonObject *counts) {
        g_autoptr(GList) levels = json_object_get_members(counts);

        for (GList *l = levels; l; l = l->next) {
                int64_t n = json_object_get_int_member(counts, l->data);

                if (n > 0)
                        g_string_append_printf(text, "%s%" PRIi64 " %s", text->len > 0 ? ", " : "", n,
                                               (const char *) l->data);
        }
}

/* The totals of the record, and a line for each grouping as the reference's command has it. */
static void add_log_counts(Fields *f, JsonObject *result) {
        JsonObject *counts = object_member(result, "log_counts");
        JsonObject *groupings = object_member(result, "log_counts_by_grouping");
        g_autoptr(GList) names = groupings ? json_object_get_members(groupings) : NULL;
        g_autoptr(GString) text = g_string_new(NULL);

        if (counts)
                append_totals(text, counts);
        if (text->len == 0)
                return;
        for (GList *l = names; l; l = l->next) {
                const char *name = l->data;
                g_autofree char *numbers = log_counts_format(json_object_get_object_member(groupings, name));

                g_string_append_printf(text, "\n%s: %s", name[0] ? name : "(no grouping)", numbers);
        }
        fields_add(f, "Log entries", text->str);
}

static bool has_log_entries(JsonObject *result) {
        JsonObject *counts = object_member(result, "log_counts");
        g_autoptr(GString) text = g_string_new(NULL);

        if (counts)
                append_totals(text, counts);
        return text->len > 0;
}

/* Who may certainly read the log: to try would be in the journal as a denial of everybody else who may not. */
static bool is_own_or_root(JsonObject *result) {
        JsonNode *uid = json_object_get_member(result, "user_uid");

        return geteuid() == 0 ||
               (uid && JSON_NODE_HOLDS_VALUE(uid) && json_node_get_int(uid) == (int64_t) geteuid());
}

static int add_groupings(Connection *c, const char *path, JsonObject *result) {
        JsonObject *groupings;
        int r;

        if (!has_log_entries(result))
                groupings = json_object_new();
        else if (!is_own_or_root(result))
                groupings = NULL;
        else {
                r = log_counts_read(c, path, &groupings);
                if (r < 0)
                        return r;
        }
        if (groupings)
                json_object_set_object_member(result, "log_counts_by_grouping", groupings);
        else
                json_object_set_null_member(result, "log_counts_by_grouping");
        return 0;
}

static void add_own_result(Fields *f, JsonObject *result) {
        JsonNode *node = json_object_get_member(result, "result");
        g_autofree char *text = NULL;

        if (!node || JSON_NODE_HOLDS_NULL(node))
                return;
        text = json_to_string(node, true);
        fields_add(f, "Result", text);
}

/* Of a job that is tried again when it fails. */
static void add_attempts(Fields *f, JsonObject *result) {
        JsonNode *attempt = json_object_get_member(result, "attempt");
        JsonNode *attempts = json_object_get_member(result, "attempts");
        g_autofree char *text = NULL;

        if (!attempts || !JSON_NODE_HOLDS_VALUE(attempts) || json_node_get_int(attempts) < 2 || !attempt ||
            !JSON_NODE_HOLDS_VALUE(attempt))
                return;
        text = g_strdup_printf("%" PRIi64 " of %" PRIi64, json_node_get_int(attempt), json_node_get_int(attempts));
        fields_add(f, "Attempt", text);
        if (json_string(result, "retry_of"))
                fields_add(f, "First attempt", json_string(result, "retry_of"));
        if (json_string(result, "retried_by"))
                fields_add(f, "Next attempt", json_string(result, "retried_by"));
        if (json_time(result, "not_before") > 0)
                add_time(f, result, "Not before", "not_before");
}

static void print_result(JsonObject *result) {
        _cleanup_(fields_freep) Fields *f = fields_new();
        const char *status = json_string(result, "status") ?: "?";
        g_autofree char *warnings = json_strings_join(result, "warnings", "\n");
        g_autofree char *duration = result_duration(result), *closing = result_status_text(result);
        g_autofree char *input = json_format(json_object_get_member(result, "task_kwargs"));
        g_autofree char *followers = json_strings_join(result, "followed_by", "\n");

        fields_add_colored(f, "Job result", json_string(result, "id"), COLOR_BOLD);
        fields_add(f, "Job", json_string(result, "task_name"));
        fields_add(f, "Name", json_string(result, "name"));
        fields_add_colored(f, "Status", closing, status_color(status));
        if (warnings[0])
                fields_add_colored(f, "Warnings", warnings, COLOR_YELLOW);
        fields_add(f, "Requester", json_string(result, "user"));
        if (json_string(result, "requested_by"))
                fields_add(f, "Requested by", json_string(result, "requested_by"));
        if (json_string(result, "scheduled_job")) {
                fields_add(f, "Scheduled job", json_string(result, "scheduled_job"));
                add_time(f, result, "Due", "nominal_time");
        }
        if (json_string(result, "revoked_by"))
                fields_add(f, "Revoked by", json_string(result, "revoked_by"));
        if (json_string(result, "caused_by"))
                fields_add(f, "Follows on", json_string(result, "caused_by"));
        if (followers[0])
                fields_add(f, "Followed by", followers);
        fields_add(f, "Task queue", json_string(result, "task_queue"));
        if (json_string(result, "wait_reason"))
                fields_add(f, "Waiting", json_string(result, "wait_reason"));
        add_attempts(f, result);
        fields_add(f, "Input", input);
        add_time(f, result, "Created", "date_created");
        add_time(f, result, "Started", "date_started");
        add_time(f, result, "Done", "date_done");
        fields_add(f, "Duration", duration);
        add_limits(f, result);
        add_progress(f, result);
        add_log_counts(f, result);
        add_own_result(f, result);
        add_end_of_process(f, result);
        add_cpu(f, result);
        fields_add(f, "Unit", json_string(result, "unit"));
        fields_add(f, "Invocation", json_string(result, "invocation_id"));
        fields_print(f);
}

int verb_result(Jobctl *j, const Verb *verb, int argc, char **argv) {
        _cleanup_(connection_freep) Connection *c = NULL;
        g_autoptr(JsonObject) result = NULL;
        g_autofree char *path = NULL;
        char **arguments;
        int r;

        r = verb_parse(j, verb, NULL, argc, argv, 0, 1, &arguments);
        if (r >= 0)
                return r;
        if (connection_open(&j->connection, &c) < 0 || find_result(c, arguments[0], &path, &result) < 0 ||
            add_groupings(c, path, result) < 0)
                return STATUS_ERROR;
        if (j->json)
                print_json_object(TAKE_PTR(result));
        else
                print_result(result);
        return EXIT_SUCCESS;
}
