/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "json.h"
#include "run-request-files.h"
#include "schedule-request.h"
#include "variables-objects.h"

void prepared_run_done(PreparedRun *p) {
        p->result = job_result_free(p->result);
        p->scheduled_job = scheduled_job_free(p->scheduled_job);
        p->to_seal = secret_free(p->to_seal);
        p->input = secret_free(p->input);
        p->class = job_class_free(p->class);
}

const char *run_request_default_queue(const Job *job, const Settings *settings) {
        char **queues = job->effective.task_queues;

        return queues && queues[0] ? queues[0] : settings->default_queue;
}

static int check_job(const RunContext *c, const Job *job, const RunRequest *request, Refusal *f) {
        bool is_sensitive = job->effective.has_sensitive_variables;

        if (!job->enabled)
                return refuse(f, -EACCES, BUS_ERROR_JOB_NOT_ENABLED,
                              "job '%s' is not enabled: run \"jobctl enable %s\" after reviewing it", job->class_path,
                              job->class_path);
        if (!job->installed)
                return refuse(f, -ENXIO, BUS_ERROR_JOB_NOT_INSTALLED,
                              "job '%s' is not presently installed and cannot be run: install its class again and run "
                              "\"jobctl refresh\"",
                              job->class_path);
        if (schedule_request_is_for_later(request) && schedule_request_check_sensitive(c, job, is_sensitive, f) < 0)
                return -ENOKEY;
        if (job_has_sensitive_conflict(job))
                return refuse(f, -EINVAL, BUS_ERROR_SENSITIVE_CONFLICT,
                              "job '%s' is flagged as possibly having sensitive variables but is also flagged as "
                              "requiring approval: override one of the two, e.g. \"jobctl set %s approval_required=no\"",
                              job->class_path, job->class_path);
        return 0;
}

static int load_class(const RunContext *c, const Job *job, JobClass **ret, Refusal *f) {
        g_autofree char *error = NULL;
        int r;

        r = c->loader->load(c->roots, job->class_path, ret, &error);
        if (r == -ENOENT)
                return refuse(f, -ENXIO, BUS_ERROR_JOB_CLASS_NOT_LOADABLE,
                              "the class of job '%s' is no longer on disk: run \"jobctl refresh\"", job->class_path);
        if (r < 0)
                return refuse(f, -ENXIO, BUS_ERROR_JOB_CLASS_NOT_LOADABLE,
                              "the class of job '%s' cannot be loaded: %s", job->class_path, error ?: g_strerror(-r));
        return 0;
}

int run_request_check_queue(const Settings *settings, const Job *job, const char *queue, Refusal *f) {
        char **queues = job->effective.task_queues;
        g_autofree char *valid = NULL;

        if (!queue)
                return 0;
        if (queues && queues[0] ? g_strv_contains((const char *const *) queues, queue)
                                : strcmp(queue, settings->default_queue) == 0)
                return 0;
        valid = queues && queues[0] ? g_strjoinv(", ", queues) : g_strdup(settings->default_queue);
        return refuse(f, -EINVAL, BUS_ERROR_INVALID_QUEUE, "\"%s\" is not a valid choice: job '%s' may use %s", queue,
                      job->class_path, valid);
}

static int parse_data(const RunRequest *request, JsonObject **ret, Refusal *f) {
        g_autofree char *error = NULL;
        int r;

        if (request->data_size == 0) {
                *ret = json_object_new();
                return 0;
        }
        r = json_parse_object(request->data, request->data_size, request->is_due ? VARIABLES_SIZE_MAX : JSON_SIZE_MAX, ret,
                              &error);
        if (r < 0)
                return refuse(f, r, r == -E2BIG ? BUS_ERROR_DATA_TOO_LARGE : BUS_ERROR_INVALID_JSON,
                              "the data of the request is refused: %s", error);
        return 0;
}

static char *format_object(JsonObject *object) {
        g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), object);

        return json_format(node);
}

int run_request_check(const RunContext *c, const Job *job, const RunRequest *request, JobClass **ret_class,
                      JsonObject **ret_data, Refusal *f) {
        int r;

        r = check_job(c, job, request, f);
        if (r >= 0)
                r = load_class(c, job, ret_class, f);
        if (r >= 0)
                r = parse_data(request, ret_data, f);
        if (r >= 0)
                r = run_request_check_queue(c->settings, job, request->task_queue, f);
        if (r < 0 || c->objects || !c->ret_wants)
                return r;
        *c->ret_wants = variables_object_wants((*ret_class)->variables, *ret_data);
        return *c->ret_wants ? -EAGAIN : 0;
}

static int refuse_data(JsonObject *errors, int error, Refusal *f) {
        g_autofree char *text = format_object(errors);

        return refuse(f, error, BUS_ERROR_INVALID_DATA, "%s", text);
}

/* A model without objects because of an error is no fault of the input. */
static int check_models(const RunContext *c, GHashTable *wants, Refusal *f) {
        GHashTableIter i;
        void *model;
        int r;

        g_hash_table_iter_init(&i, wants);
        while (g_hash_table_iter_next(&i, &model, NULL)) {
                r = object_set_check(c->objects, model, f);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Whether all of it fits into what a run can be given. */
static int check_size(const RunContext *c, const Job *job, const JobClass *class, JsonObject *values, bool with_objects,
                      Refusal *f) {
        g_autoptr(JsonObject) with = NULL, errors = NULL;
        int r = 0;

        if (with_objects)
                r = variables_with_objects(class->variables, values, c->objects, &with, &errors);
        if (r >= 0)
                r = run_files_check_size(job, class, with ?: values, &errors);
        return r < 0 ? refuse_data(errors, r, f) : 0;
}

static int validate(const RunContext *c, const Job *job, const RunRequest *request, const JobClass *class,
                    JsonObject *data, JsonObject **ret_values, Refusal *f) {
        g_autoptr(GHashTable) wants = variables_object_wants(class->variables, data);
        g_autoptr(JsonObject) files = run_files_to_json(request, class, data), values = NULL, errors = NULL;
        int r = 0;

        if (wants && c->objects)
                r = check_models(c, wants, f);
        if (r < 0)
                return r;
        r = variables_validate_all(class->variables, data, files, c->objects, &values, &errors);
        if (r < 0)
                return refuse_data(errors, r, f);
        r = check_size(c, job, class, values, wants && c->objects, f);
        if (r < 0)
                return r;
        *ret_values = TAKE_PTR(values);
        return 0;
}

/* What the job gets: the values, and where its files are. */
static char *format_input(const Job *job, const JobClass *class, const char *id, JsonObject *values) {
        run_files_add_paths(job, class, id, values);
        return format_object(values);
}

bool run_request_is_dry_run(const JobClass *class, JsonObject *values) {
        return variables_support_dryrun(class->variables) && json_object_has_member(values, "dryrun") &&
               json_object_get_boolean_member(values, "dryrun");
}

static uint64_t limit_or_default(uint64_t limit, uint64_t otherwise) {
        return limit > 0 ? limit : otherwise;
}

JobResult *run_request_new_result(const RunContext *c, const Job *job, uint32_t requester_uid, const char *requester,
                                  uint64_t now_usec) {
        JobResult *jr;

        jr = job_result_new();
        uuid_new(jr->id);
        (void) g_strlcpy(jr->job_id, job->id, sizeof(jr->job_id));
        jr->job_name = g_strdup(job->effective.name);
        jr->class_path = g_strdup(job->class_path);
        jr->requester_uid = requester_uid;
        jr->requester = g_strdup(requester);
        jr->task_queue = g_strdup(run_request_default_queue(job, c->settings));
        jr->has_sensitive_variables = job->effective.has_sensitive_variables;
        jr->soft_time_limit_usec = limit_or_default(job->effective.soft_time_limit_usec,
                                                    c->settings->default_soft_time_limit_usec);
        jr->time_limit_usec = limit_or_default(job->effective.time_limit_usec, c->settings->default_time_limit_usec);
        jr->date_created = now_usec;
        return jr;
}

static void set_text(char **text, const char *value) {
        if (!value)
                return;
        g_free(*text);
        *text = g_strdup(value);
}

static JobResult *make_result(const RunContext *c, const Job *job, const RunRequest *request, const JobClass *class,
                              JsonObject *values) {
        JobResult *jr;

        jr = run_request_new_result(c, job, request->requester_uid, request->requester, c->now_usec);
        if (request->id)
                (void) g_strlcpy(jr->id, request->id, sizeof(jr->id));
        set_text(&jr->requested_by, request->requested_by);
        set_text(&jr->caused_by, request->caused_by);
        set_text(&jr->task_queue, request->task_queue);
        jr->attempts = 1 + class->retry;
        jr->retry_delay_usec = class->retry_delay_usec;
        jr->ignore_singleton = request->ignore_singleton;
        jr->has_sensitive_variables = job->effective.has_sensitive_variables ||
                                      variables_have_sensitive(class->variables);
        if (!job->effective.has_sensitive_variables) {
                g_autoptr(JsonObject) public = variables_public_values(class->variables, values);

                jr->data = format_object(public);
        }

        /* The reference's row M12: a warning, not an error. */
        if (jr->time_limit_usec <= jr->soft_time_limit_usec) {
                g_autofree char *warning = g_strdup_printf(
                                "The hard time limit of %.1f seconds is less than or equal to the soft time limit of %.1f "
                                "seconds. This job will fail silently after %.1f seconds.",
                                (double) jr->time_limit_usec / USEC_PER_SEC,
                                (double) jr->soft_time_limit_usec / USEC_PER_SEC,
                                (double) jr->time_limit_usec / USEC_PER_SEC);

                job_result_add_warning(jr, warning);
        }
        return jr;
}

int run_request_prepare(const RunContext *c, const Job *job, const RunRequest *request, PreparedRun *ret, Refusal *f) {
        _cleanup_(job_class_freep) JobClass *class = NULL;
        g_autoptr(JsonObject) data = NULL, values = NULL;
        _cleanup_(job_result_freep) JobResult *result = NULL;
        _cleanup_(secret_freep) Secret *input = NULL;
        g_autofree char *text = NULL;
        int r;

        r = run_request_check(c, job, request, &class, &data, f);
        if (r >= 0)
                r = validate(c, job, request, class, data, &values, f);
        if (r >= 0)
                r = run_files_check(job, class, request, f);
        if (r < 0)
                return r;
        if (request->input_of)
                return schedule_request_replace_input(c, job, class, values, request->input_of, &ret->scheduled_job,
                                                      &ret->to_seal, f);
        if (!request->is_due) {
                /* Reference, row A8: a dry run of a job that supports it needs no approval. */
                bool needs_approval = job->effective.approval_required && !run_request_is_dry_run(class, values);

                if (needs_approval || schedule_request_is_for_later(request)) {
                        r = schedule_request_make(c, job, request, class, values, needs_approval, &ret->scheduled_job,
                                                  &ret->to_seal, f);
                        if (r >= 0)
                                ret->class = TAKE_PTR(class);
                        return r;
                }
        }

        result = make_result(c, job, request, class, values);
        text = format_input(job, class, result->id, values);
        input = secret_new(text);
        explicit_bzero(text, strlen(text));
        if (!input)
                return refuse(f, -ENOMEM, BUS_ERROR_TOO_MANY, "there is no memory to hold the input of the run");

        ret->result = TAKE_PTR(result);
        ret->input = TAKE_PTR(input);
        ret->class = TAKE_PTR(class);
        return 0;
}
