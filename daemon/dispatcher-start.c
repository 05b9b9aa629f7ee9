/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "dispatcher-internal.h"
#include "input-file.h"
#include "json.h"
#include "names.h"
#include "result-log.h"
#include "variable.h"

/* From the decision to start a run to the call to systemd. */

static void add_field(GPtrArray *fields, const char *name, const char *value) {
        g_ptr_array_add(fields, g_strdup_printf("%s=%s", name, value));
}

static char **make_log_fields(const JobResult *jr) {
        GPtrArray *fields = g_ptr_array_new();

        add_field(fields, "JOB_RESULT_ID", jr->id);
        add_field(fields, "JOB_NAME", jr->job_name);
        add_field(fields, "JOB_CLASS_PATH", jr->class_path);
        add_field(fields, "JOB_REQUESTER", jr->requester);
        g_ptr_array_add(fields, NULL);
        return (char **) g_ptr_array_free(fields, false);
}

/* Of a file: where it is. */
static char *value_text(const Run *run, const char *name, JsonNode *value) {
        const Variable *v = variables_find(run->class->variables, name);

        return v && variable_is_file(v) && JSON_NODE_HOLDS_OBJECT(value) ? input_file_path(run->unit, name, false)
                                                                        : variable_value_to_text(value);
}

/* JOB_VAR_<name> for each value that is not sensitive: a unit's environment can be read by every user of the host. */
static void add_variables(GPtrArray *environment, const Run *run) {
        const JobResult *jr = run->result;
        g_autoptr(JsonObject) values = NULL;
        g_autoptr(GList) names = NULL;

        if (!jr->data || json_parse_object(jr->data, strlen(jr->data), SIZE_MAX, &values, NULL) < 0)
                return;
        names = json_object_get_members(values);
        for (GList *l = names; l; l = l->next) {
                g_autofree char *text = value_text(run, l->data, json_object_get_member(values, l->data));

                g_ptr_array_add(environment, g_strdup_printf("JOB_VAR_%s=%s", (const char *) l->data, text));
        }
}

static char **make_environment(const Run *run) {
        GPtrArray *environment = g_ptr_array_new();
        const JobResult *jr = run->result;

        add_field(environment, "JOB_RESULT_ID", jr->id);
        add_field(environment, "JOB_NAME", jr->job_name);
        add_field(environment, "JOB_CLASS_PATH", jr->class_path);
        add_field(environment, "JOB_REQUESTER", jr->requester);
        g_ptr_array_add(environment, g_strdup_printf("JOB_REQUESTER_UID=%" PRIu32, jr->requester_uid));
        add_variables(environment, run);
        g_ptr_array_add(environment, NULL);
        return (char **) g_ptr_array_free(environment, false);
}

static int start_unit(Run *run) {
        const JobResult *jr = run->result;
        g_autofree char *description = g_strdup_printf("%s for %s", jr->class_path, jr->requester);
        g_autofree char *slice = job_queue_slice(jr->task_queue);
        g_auto(GStrv) environment = make_environment(run), fields = make_log_fields(jr);
        g_autofree char *files = input_files_directory(run->dispatcher->context.files, jr->id);
        g_auto(GStrv) secret_files = input_files_list_secrets(run->dispatcher->context.files, jr->id);
        UnitSpec spec = {
                .name = run->unit,
                .description = description,
                .slice = slice,
                .properties = run->class->properties,
                .environment = (const char *const *) environment,
                .log_fields = (const char *const *) fields,
                .credentials_socket = JOBD_CREDENTIALS_PATH,
                .further_credentials = (const char *const *) secret_files,
                .files_directory = files,
                .files_path = INPUT_FILES_PATH,
                .soft_time_limit_usec = jr->soft_time_limit_usec,
                .time_limit_usec = jr->time_limit_usec,
                .sensitive = jr->has_sensitive_variables,
        };

        return unit_start(run->dispatcher->units, &spec);
}

int run_load_class(Run *run, const Job *job, char **ret_problem) {
        const RunContext *c = &run->dispatcher->context.run;
        g_autofree char *error = NULL;
        int r;

        if (run->class)
                return 0;
        r = c->loader->load(c->roots, job->class_path, &run->class, &error);
        if (r < 0)
                *ret_problem = g_strdup_printf("the class of job '%s' cannot be loaded: %s", job->class_path,
                                               error ?: g_strerror(-r));
        return r;
}

/* What was true when the run was requested is asked again now. Returns the sentence if the run may not start. */
static char *check_again(Run *run) {
        const DispatcherContext *c = &run->dispatcher->context;
        g_autofree char *error = NULL;
        const Job *job;
        char *refusal;
        int r;

        job = registry_find_by_id(c->registry, run->result->job_id);
        if (!job)
                return g_strdup("the job was deleted before the run could start");
        if (!job->enabled)
                return g_strdup_printf("Job %s is not enabled to be run!", job->class_path);
        if (!job->installed)
                return g_strdup_printf("Job %s is not presently installed and cannot be run", job->class_path);
        refusal = dispatcher_singleton_refusal(run, job);
        if (refusal)
                return refusal;
        r = run_load_class(run, job, &error);
        return r < 0 ? TAKE_PTR(error) : c->hooks->may_start(run->result, job, run->class, c->userdata);
}

/* The first variable whose file is gone, NULL: none. What is not stored is sensitive, and there as long as the input. */
static const char *find_lost_file(const Run *run) {
        g_autoptr(JsonObject) values = NULL;
        const JobResult *jr = run->result;

        if (!jr->data || json_parse_object(jr->data, strlen(jr->data), SIZE_MAX, &values, NULL) < 0)
                return NULL;
        for (guint i = 0; run->class->variables && i < run->class->variables->len; i++) {
                const Variable *v = run->class->variables->pdata[i];
                JsonNode *value = variable_is_file(v) ? json_object_get_member(values, variable_name(v)) : NULL;

                if (value && JSON_NODE_HOLDS_OBJECT(value) &&
                    !input_files_has(run->dispatcher->context.files, jr->id, variable_name(v)))
                        return variable_name(v);
        }
        return NULL;
}

/* Once: true when it will be given. */
static bool recover_input(Run *run) {
        const DispatcherContext *c = &run->dispatcher->context;

        if (run->recovered || !c->hooks->recover_input)
                return false;
        run->recovered = true;
        return c->hooks->recover_input(run->result, c->userdata);
}

void dispatcher_give_input(Dispatcher *d, const char *id, Secret *input) {
        Run *run = g_hash_table_lookup(d->runs, id);

        if (!run || run->ended || run->has_unit || run->input) {
                (void) secret_free(input);
                return;
        }
        run->input = input;
        run_start(run);
}

void run_start(Run *run) {
        g_autofree char *problem = NULL;
        const char *lost;
        int r;

        if (run->result->revoked_by[0]) {
                g_autofree char *message = g_strdup_printf("cancelled by %s", run->result->revoked_by);

                run_finish(run, JOB_RESULT_REVOKED, JOB_RESULT_REASON_REVOKED, message, 0);
                return;
        }
        if (!run->input) {
                if (!recover_input(run))
                        run_finish_input_lost(run, 0);
                return;
        }
        problem = check_again(run);
        if (problem) {
                run_finish(run, JOB_RESULT_FAILURE, JOB_RESULT_REASON_NOT_RUNNABLE, problem, 0);
                return;
        }

        lost = find_lost_file(run);
        if (lost) {
                run_finish_files_lost(run, lost);
                return;
        }
        if (run_waits_for_objects(run))
                return;

        dispatcher_set_slice(run->dispatcher, run->result->task_queue);
        /* Logged before systemd is asked, so that it stands before the job's first line. */
        result_log_started(run->result);
        run->has_unit = true;
        r = start_unit(run);
        if (r < 0) {
                g_autofree char *message = g_strdup_printf("the job could not be started: %s", g_strerror(-r));

                run->has_unit = false;
                run_finish(run, JOB_RESULT_FAILURE, JOB_RESULT_REASON_START_FAILED, message, 0);
                return;
        }
        run_remember_chain(run);
        run_remember_notify_units(run);
        run->class = job_class_free(run->class);
}
