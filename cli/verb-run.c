/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "ask.h"
#include "bus-object.h"
#include "bus-report.h"
#include "find.h"
#include "job-variables.h"
#include "jobctl.h"
#include "json.h"
#include "names.h"
#include "output.h"
#include "run-data.h"
#include "run-files.h"
#include "run-from.h"
#include "run-schedule.h"
#include "run-wait.h"

typedef struct RunOptions {
        char *data, **vars, **files, *queue, *from, *username;
        ScheduleOptions schedule;
        gboolean no_wait, quiet, dry_run, ignore_singleton, local;
} RunOptions;

/* What the run is given. */
typedef struct RunInput {
        JsonObject *data;
        RunFiles *files;
} RunInput;

static void run_input_done(RunInput *in) {
        g_clear_pointer(&in->data, json_object_unref);
        in->files = run_files_free(in->files);
}

static void run_options_done(RunOptions *o) {
        g_free(o->data);
        g_strfreev(o->vars);
        g_strfreev(o->files);
        g_free(o->queue);
        g_free(o->from);
        g_free(o->username);
        schedule_options_done(&o->schedule);
}

static int find_variables(Connection *c, const char *job, JsonArray **ret) {
        g_autofree char *path = NULL;
        int r;

        r = find_job(c, job, &path, NULL);
        return r < 0 ? r : job_variables_get(c, path, job, ret);
}

/*
 * To ask for what is missing: where they cannot be had without more ado nobody is asked, for jobd has a better reason
 * to refuse the run than we have. No password is asked for, since the run may be permitted where a look at the job is
 * not.
 */
static void try_variables(Connection *c, const char *job, JsonArray **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL, *variables = NULL;
        const char *path;

        if (sd_bus_call_method(connection_bus(c), connection_destination(c), JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE,
                               "GetJob", NULL, &reply, "s", job) < 0 ||
            sd_bus_message_read(reply, "o", &path) < 0 ||
            sd_bus_call_method(connection_bus(c), connection_destination(c), path, JOBD_JOB_INTERFACE, "GetVariables",
                               NULL, &variables, NULL) < 0)
                return;
        (void) job_variables_read(variables, ret);
}

static int add_vars(char **vars, JsonArray *variables, JsonObject *data, char **ret_error) {
        g_autoptr(GHashTable) given = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        int r = 0;

        for (; vars && *vars && r >= 0; vars++)
                r = run_data_set(data, variables, given, *vars, ret_error);
        return r;
}

static int add_files(char **assignments, JsonArray *variables, RunInput *in, char **ret_error) {
        int r = 0;

        for (; assignments && *assignments && r >= 0; assignments++)
                r = run_files_add(in->files, variables, in->data, *assignments, ret_error);
        return r;
}

/* What --from names: the job to run again, its input, its queue unless --queue gives one. */
typedef struct Earlier {
        JsonObject *result;
        const char *id, *job, *queue;
        JsonObject *stored; /* borrowed, as all but the first */
} Earlier;

static void earlier_done(Earlier *e) {
        g_clear_pointer(&e->result, json_object_unref);
}

static int find_earlier(Connection *c, const char *id, Earlier *ret) {
        g_autoptr(JsonObject) result = NULL;
        g_autofree char *path = NULL;
        JsonNode *stored;
        int r;

        r = find_result(c, id, &path, &result);
        if (r < 0)
                return r;
        stored = json_object_get_member(result, "task_kwargs");
        ret->id = json_string(result, "id") ?: id;
        ret->job = json_string(result, "job_model");
        ret->queue = json_string(result, "task_queue");
        if (!ret->job)
                return report_error(-ENOENT, "job result %s: its job, %s, was deleted. Name a job to run.", ret->id,
                                    json_string(result, "task_name") ?: "?");
        if (!stored || !JSON_NODE_HOLDS_OBJECT(stored))
                return report_error(-EBADMSG, "cannot understand the input of job result %s", ret->id);
        ret->stored = json_node_get_object(stored);
        ret->result = TAKE_PTR(result);
        return 0;
}

static int report_lost(const Earlier *earlier, JsonArray *missing) {
        g_autoptr(GString) names = g_string_new(NULL);

        for (unsigned i = 0; i < json_array_get_length(missing); i++)
                g_string_append_printf(names, "%s%s", i > 0 ? ", " : "",
                                       json_string(json_array_get_object_element(missing, i), "name"));
        return report_error(-ENODATA,
                            "job result %s does not have the values of %s: sensitive ones and files are not kept. Give "
                            "them by --data=@FILE or --data=- (null to leave one out), files by --file NAME=PATH, or run "
                            "this on a terminal.",
                            earlier->id, names->str);
}

/* Adds to data what the earlier run was given; what is not stored is asked for or must be there. */
static int complete_data(Connection *c, const Earlier *earlier, JsonArray *variables, const RunInput *in, bool may_ask) {
        JsonObject *data = in->data;
        g_auto(GStrv) unknown = run_from_complete(variables, earlier->stored, data);
        g_autoptr(JsonArray) missing = run_from_missing(variables, earlier->stored, data);

        for (char **name = unknown; *name; name++)
                (void) report_error(0, "the job has no variable %s any more: its value is left out.", *name);
        if (json_array_get_length(missing) == 0)
                return 0;
        if (!may_ask)
                return report_lost(earlier, missing);
        return ask_all(missing, data, &(AskTools){ in->files, c }) < 0 ? report_error(-ECANCELED, "nothing was run.") : 0;
}

/* The input, whose members are empty. earlier: NULL without --from. Returns -1 or the status to exit with. */
static int make_input(Jobctl *j, const Verb *verb, Connection *c, const char *job, const RunOptions *o,
                      const Earlier *earlier, RunInput *in) {
        bool ask = ask_possible() && j->connection.ask_password && !j->json;
        g_autoptr(JsonArray) variables = NULL;
        g_autofree char *message = NULL;
        int r = 0;

        if (o->data)
                r = run_data_read(o->data, &in->data, &message);
        else
                in->data = json_object_new();
        if (r < 0)
                return usage_error(verb, "%s", message);

        if ((o->vars || earlier) && find_variables(c, job, &variables) < 0)
                return STATUS_ERROR;
        if (!variables && (ask || o->files))
                try_variables(c, job, &variables);
        r = add_vars(o->vars, variables, in->data, &message);
        if (r >= 0)
                r = add_files(o->files, variables, in, &message);
        if (r < 0)
                return usage_error(verb, "%s", message);
        if (o->dry_run)
                json_object_set_boolean_member(in->data, "dryrun", true);
        if (earlier && complete_data(c, earlier, variables, in, ask) < 0)
                return STATUS_ERROR;
        if (ask && !earlier && variables && ask_missing(variables, in->data, &(AskTools){ in->files, c }) < 0) {
                (void) report_error(-ECANCELED, "nothing was run.");
                return STATUS_ERROR;
        }
        run_files_take_out(in->files, in->data);
        return -1;
}

static int append_options(sd_bus_message *call, const RunOptions *o, const RunFiles *files, const char *queue) {
        int r;

        r = sd_bus_message_open_container(call, 'a', "{sv}");
        if (r >= 0)
                r = object_append_string(call, "task_queue", queue);
        if (r >= 0)
                r = object_append_string(call, "username", o->username);
        if (r >= 0 && o->ignore_singleton)
                r = sd_bus_message_append(call, "{sv}", "ignore_singleton", "b", 1);
        if (r >= 0)
                r = schedule_options_append(&o->schedule, call);
        if (r >= 0)
                r = run_files_append(files, call);
        return r < 0 ? r : sd_bus_message_close_container(call);
}

static int append_arguments(sd_bus_message *call, const char *job, const RunOptions *o, const RunInput *in,
                            const char *queue) {
        g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
        g_autofree char *text = NULL;
        int r;

        json_node_set_object(node, in->data);
        text = json_format(node);
        r = sd_bus_message_append(call, "ss", job, text);
        explicit_bzero(text, strlen(text));
        if (r < 0)
                return r;
        /* The input may hold secrets. */
        r = sd_bus_message_sensitive(call);
        if (r < 0)
                return r;
        return append_options(call, o, in->files, queue);
}

static int request_run(Connection *c, const char *job, const RunOptions *o, const RunInput *in, const char *queue,
                       char **ret_id, char **ret_path) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        const char *id, *path;
        int r;

        r = connection_message_new(c, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, "RunJob", &call);
        if (r < 0)
                return r;
        r = append_arguments(call, job, o, in, queue);
        if (r < 0)
                return report_errno(r, "cannot make a message");
        r = connection_call(c, call, job, &reply);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "so", &id, &path);
        if (r < 0)
                return report_errno(r, "cannot understand the reply of jobd");
        *ret_id = g_strdup(id);
        *ret_path = g_strdup(path);
        return 0;
}

static unsigned count_stdin(const RunOptions *o) {
        unsigned n = o->data && (strcmp(o->data, "-") == 0 || strcmp(o->data, "@-") == 0);

        for (char **file = o->files; file && *file; file++)
                if (g_str_has_suffix(*file, "=-"))
                        n++;
        return n;
}

/* Reads the times, too. The exit status if the options do not go together, otherwise negative. */
static int check_usage(const Verb *verb, RunOptions *o, const char *job) {
        if (job && o->from)
                return usage_error(verb, "run: --from names the job already, leave out %s.", job);
        if (!job && !o->from)
                return usage_error(verb, "run: give a JOB, or --from=ID to run again what a job result has run.");
        if (count_stdin(o) > 1)
                return usage_error(verb, "run: standard input can be read once only.");
        return schedule_options_check(verb, &o->schedule, NULL);
}

int verb_run(Jobctl *j, const Verb *verb, int argc, char **argv) {
        _cleanup_(connection_freep) Connection *c = NULL;
        g_autofree char *id = NULL, *path = NULL;
        _cleanup_(run_input_done) RunInput in = { .files = run_files_new() };
        _cleanup_(run_options_done) RunOptions o = {};
        _cleanup_(earlier_done) Earlier earlier = {};
        const GOptionEntry entries[] = {
                { "data", 'd', 0, G_OPTION_ARG_FILENAME, &o.data, "The input: JSON, @FILE, or - to read it", "JSON" },
                { "var", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o.vars, "The value of one variable", "NAME=VALUE" },
                { "file", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o.files, "The file of one variable, - to read it",
                  "NAME=PATH" },
                { "from", 0, 0, G_OPTION_ARG_FILENAME, &o.from, "Run again what that job result has run", "ID" },
                { "queue", 0, 0, G_OPTION_ARG_FILENAME, &o.queue, "One of the job's task queues", "QUEUE" },
                { "username", 'u', 0, G_OPTION_ARG_FILENAME, &o.username, "The run is that user's", "USER" },
                { "dry-run", 0, 0, G_OPTION_ARG_NONE, &o.dry_run, "The same as --var dryrun=yes", NULL },
                { "ignore-singleton", 0, 0, G_OPTION_ARG_NONE, &o.ignore_singleton,
                  "Run beside the other run of a singleton", NULL },
                { "local", 0, 0, G_OPTION_ARG_NONE, &o.local, "Without effect: every run is on this host", NULL },
                SCHEDULE_OPTION_ENTRIES(&o.schedule),
                { "no-wait", 0, 0, G_OPTION_ARG_NONE, &o.no_wait, "Print the ID and do not wait", NULL },
                { "quiet", 'q', 0, G_OPTION_ARG_NONE, &o.quiet, "Wait, but show no log and no outcome", NULL },
                {}
        };
        const char *job;
        char **arguments;
        int r;

        r = verb_parse(j, verb, entries, argc, argv, 0, 1, &arguments);
        if (r >= 0)
                return r;
        job = arguments[0];
        r = check_usage(verb, &o, job);
        if (r >= 0)
                return r;
        if (connection_open(&j->connection, &c) < 0 || (o.from && find_earlier(c, o.from, &earlier) < 0))
                return STATUS_ERROR;
        if (o.from)
                job = earlier.job;
        r = make_input(j, verb, c, job, &o, o.from ? &earlier : NULL, &in);
        if (r >= 0)
                return r;
        if (request_run(c, job, &o, &in, o.queue ?: earlier.queue, &id, &path) < 0)
                return STATUS_ERROR;
        if (g_str_has_prefix(path, JOBD_SCHEDULE_PATH "/"))
                return schedule_print_new(j, c, id, path, o.no_wait, o.quiet);
        if (o.no_wait)
                return run_print_acknowledged(j, c, id, path);
        if (!o.quiet && !j->json) {
                g_autofree char *line = g_strdup_printf("%s: job result %s",
                                                        o.from ? json_string(earlier.result, "task_name") : job, id);

                run_print_line(line, NULL);
        }
        return run_wait(j, c, id, path, o.quiet);
}
