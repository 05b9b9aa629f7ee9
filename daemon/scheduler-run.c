/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "log.h"
#include "message-ids.h"
#include "now.h"
#include "schedule-request.h"
#include "scheduler-internal.h"
#include "store-schedule.h"
#include "variable.h"

/* The job results of scheduled jobs: runs that were due, times that were missed, and what cannot run. */

/* A job result with what a scheduled job knows; for run_request_prepare() it knows more. */
static JobResult *result_new(const ScheduledJob *sj, uint64_t nominal_time, uint64_t now) {
        JobResult *jr = job_result_new();

        uuid_new(jr->id);
        (void) g_strlcpy(jr->job_id, sj->job_id, sizeof(jr->job_id));
        jr->job_name = g_strdup(sj->job_name);
        jr->class_path = g_strdup(sj->class_path);
        jr->requester_uid = sj->requester_uid;
        jr->requester = g_strdup(sj->requester);
        jr->task_queue = g_strdup(sj->task_queue);
        jr->has_sensitive_variables = sj->has_sensitive_variables;
        jr->data = g_strdup(sj->data);
        jr->scheduled_job_id = g_strdup(sj->id);
        jr->nominal_time = nominal_time;
        jr->date_created = now;
        return jr;
}

int scheduler_record(Scheduler *s, const ScheduledJob *sj, uint64_t nominal_time, JobResultStatus status,
                     JobResultReason reason, const char *message, char ret_id[static UUID_STRING_SIZE]) {
        _cleanup_(job_result_freep) JobResult *jr = result_new(sj, nominal_time, now_usec());
        int r;

        (void) g_strlcpy(ret_id, jr->id, UUID_STRING_SIZE);
        r = job_result_set_state(jr, status, reason, message, jr->date_created);
        return r < 0 ? r : dispatcher_record(s->context.dispatcher, TAKE_PTR(jr));
}

/*
 * What was sensitive when it was asked for stays so, whatever has become of the job's settings and variables: what was
 * sealed is not stored in the clear because it is due.
 */
static void keep_sensitive(const ScheduledJob *sj, JobResult *jr) {
        g_autoptr(JsonObject) public = NULL, values = NULL;
        g_autoptr(GList) names = NULL;
        char *data = NULL;

        if (!sj->sealed)
                return;
        jr->has_sensitive_variables = true;
        if (jr->data && sj->data && json_parse_object(jr->data, strlen(jr->data), SIZE_MAX, &values, NULL) >= 0 &&
            json_parse_object(sj->data, strlen(sj->data), SIZE_MAX, &public, NULL) >= 0) {
                names = json_object_get_members(values);
                for (GList *l = names; l; l = l->next)
                        if (!json_object_has_member(public, l->data))
                                json_object_remove_member(values, l->data);
                data = json_format_object(values);
        }
        g_free(jr->data);
        jr->data = data;
}

/* id: of the job result; NULL: a new one. */
static int prepare_input(Scheduler *s, const ScheduledJob *sj, const SealedInput *sealed, const Job *job, const char *id,
                         uint64_t nominal_time, uint64_t now, PreparedRun *ret, Refusal *refusal) {
        _cleanup_(secret_freep) Secret *input = schedule_request_input(sj, sealed ? sealed->values : NULL);
        RunContext context = s->context.run;
        int r;

        if (!input)
                return refuse(refusal, -EBADMSG, BUS_ERROR_INVALID_JSON, "its stored input cannot be read");
        context.now_usec = now;
        context.can_seal = true; /* it was accepted: there is nothing more to seal */
        r = run_request_prepare(&context, job,
                                &(RunRequest){
                                                .data = secret_bytes(input),
                                                .data_size = secret_size(input),
                                                .task_queue = sj->task_queue,
                                                .requester_uid = sj->requester_uid,
                                                .requester = sj->requester,
                                                .requested_by = sj->requested_by[0] ? sj->requested_by : NULL,
                                                .id = id,
                                                .ignore_singleton = sj->ignore_singleton,
                                                .is_due = true,
                                                .was_accepted = true,
                                },
                                ret, refusal);
        if (r < 0)
                return r;
        g_free(ret->result->scheduled_job_id);
        ret->result->scheduled_job_id = g_strdup(sj->id);
        ret->result->nominal_time = nominal_time;
        keep_sensitive(sj, ret->result);
        return 0;
}

static bool is_its_file(const Secret *contents, JsonObject *value) {
        g_autofree char *digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *) secret_bytes(contents),
                                                              secret_size(contents));

        return g_strcmp0(digest, json_object_get_string_member_with_default(value, "sha256", "")) == 0;
}

static bool has_file(const PreparedRun *run, JsonObject *values) {
        for (guint i = 0; run->class->variables && i < run->class->variables->len; i++) {
                const Variable *v = run->class->variables->pdata[i];

                if (variable_is_file(v) && json_object_has_member(values, variable_name(v)))
                        return true;
        }
        return false;
}

/*
 * Each sealed file is the one that was requested, and approved: its digest is among the values. That the others are there
 * is looked at when the run starts.
 */
static int check_sealed_files(const PreparedRun *run, const ScheduledJob *sj, const SealedInput *sealed,
                              JsonObject *values, Refusal *refusal) {
        for (guint i = 0; run->class->variables && i < run->class->variables->len; i++) {
                const Variable *v = run->class->variables->pdata[i];
                JsonNode *value = json_object_get_member(values, variable_name(v));
                const Secret *contents = g_hash_table_lookup(sealed->files, variable_name(v));

                if (!variable_is_file(v) || !value || !JSON_NODE_HOLDS_OBJECT(value) ||
                    (!contents && schedule_request_has_public(sj, variable_name(v))))
                        continue;
                if (!contents || !is_its_file(contents, json_node_get_object(value)))
                        return refuse(refusal, -EBADMSG, BUS_ERROR_INVALID_DATA,
                                      "the sealed file of its variable '%s' is gone, or is another one: delete the "
                                      "scheduled job and make a new one",
                                      variable_name(v));
        }
        return 0;
}

static int give_sealed_files(Scheduler *s, const ScheduledJob *sj, const SealedInput *sealed, const PreparedRun *run,
                             JsonObject *values, Refusal *refusal) {
        int r;

        r = check_sealed_files(run, sj, sealed, values, refusal);
        if (r < 0)
                return r;
        r = input_files_put_secrets(s->context.files, run->result->id, sealed->files);
        return r < 0 ? refuse(refusal, r, BUS_ERROR_TOO_MANY,
                              "there is no memory to hold its sensitive files, beside those of other runs that wait")
                     : 0;
}

/* Its files, and where the job finds them: by where they are, not by what the class says now. */
static int give_files(Scheduler *s, const ScheduledJob *sj, const SealedInput *sealed, PreparedRun *run,
                      Refusal *refusal) {
        g_autofree char *unit = job_result_unit(run->result), *text = NULL;
        g_autoptr(JsonObject) values = NULL;
        int r;

        r = json_parse_object(secret_bytes(run->input), secret_size(run->input), SIZE_MAX, &values, NULL);
        if (r < 0)
                return refuse(refusal, r, BUS_ERROR_INVALID_JSON, "its input cannot be read");
        if (!has_file(run, values))
                return 0;
        r = sealed ? give_sealed_files(s, sj, sealed, run, values, refusal) : 0;
        if (r < 0)
                return r;
        input_files_add_paths(s->context.files, run->result->id, unit, values);
        text = json_format_object(values);
        (void) secret_free(run->input);
        run->input = secret_new(text);
        explicit_bzero(text, strlen(text));
        return run->input ? 0 : refuse(refusal, -ENOMEM, BUS_ERROR_TOO_MANY, "there is no memory to hold its input");
}

/* The same, with the files that the run is given. */
static int prepare(Scheduler *s, const ScheduledJob *sj, const SealedInput *sealed, const Job *job,
                   uint64_t nominal_time, uint64_t now, PreparedRun *ret, Refusal *refusal) {
        int r;

        r = prepare_input(s, sj, sealed, job, NULL, nominal_time, now, ret, refusal);
        if (r < 0)
                return r;
        r = input_files_link(s->context.files, sj->id, ret->result->id);
        if (r < 0)
                return refuse_store(refusal, r, g_strerror(-r));
        r = give_files(s, sj, sealed, ret, refusal);
        if (r < 0)
                input_files_remove(s->context.files, ret->result->id);
        return r;
}

static void log_fired(Scheduler *s, const ScheduledJob *sj, const char *result_id, uint64_t nominal_time) {
        g_autofree char *text = g_strdup_printf("Scheduled job '%s' is due: run %s of job '%s' for %s", sj->name,
                                                result_id, sj->class_path, sj->requester);

        scheduler_log_later(s, sj,
                            &(ScheduleChange){ .message_id = JOBD_MESSAGE_SCHEDULE_FIRED_STR, .level = LOG_INFO,
                                               .result_id = result_id, .text = text });
}

/* A queue that is full or disabled, and refuses, takes this occurrence only: the next one may find room. */
static int submit(Scheduler *s, ScheduledJob *sj, const SealedInput *sealed, const Job *job, uint64_t nominal_time,
                  uint64_t now, Refusal *refusal) {
        _cleanup_(prepared_run_done) PreparedRun run = {};
        char id[UUID_STRING_SIZE];
        int r;

        r = prepare(s, sj, sealed, job, nominal_time, now, &run, refusal);
        if (r < 0)
                return r;
        (void) g_strlcpy(id, run.result->id, sizeof(id));
        r = dispatcher_submit(s->context.dispatcher, &run, refusal);
        if (r < 0)
                input_files_remove(s->context.files, id);
        if (r == -E2BIG || r == -EBUSY)
                r = scheduler_record(s, sj, nominal_time, JOB_RESULT_FAILURE, JOB_RESULT_REASON_NOT_RUNNABLE,
                                     refusal->message, id);
        else if (r >= 0)
                log_fired(s, sj, id, nominal_time);
        if (r == -EEXIST) /* an earlier jobd has stored it, and was killed before it stored what follows */
                return 0;
        if (r < 0)
                return r;
        sj->total_run_count++;
        sj->last_run_at = now;
        scheduled_job_set_text(&sj->last_result_id, id);
        return 0;
}

static int record_missed(Scheduler *s, ScheduledJob *sj, const SchedulePlan *plan) {
        g_autofree char *text = NULL;
        char id[UUID_STRING_SIZE];
        int r;

        for (guint i = 0; i < plan->missed->len; i++) {
                r = scheduler_record(s, sj, g_array_index(plan->missed, uint64_t, i), JOB_RESULT_REVOKED,
                                     JOB_RESULT_REASON_MISSED,
                                     "it was due while the host or jobd was not running", id);
                if (r < 0 && r != -EEXIST)
                        return r;
        }
        if (plan->missed->len == 0 && !plan->has_unrecorded && plan->runs->len <= 1)
                return 0;
        text = g_strdup_printf("Scheduled job '%s' has missed times: %u are made up for, %u are not%s", sj->name,
                               plan->runs->len, plan->missed->len,
                               plan->has_unrecorded ? "; for those before, there are no job results" : "");
        scheduler_log_later(s, sj,
                            &(ScheduleChange){ .message_id = JOBD_MESSAGE_SCHEDULE_MISSED_STR, .level = LOG_WARNING,
                                               .text = text });
        return 0;
}

/* What comes after it, in the same transaction as its job results. */
static int advance(Scheduler *s, ScheduledJob *sj, const SchedulePlan *plan, uint64_t now) {
        ScheduleChange change = {};
        g_autofree char *text = NULL;
        int r = 0;

        sj->next_run_at = plan->next_run_at;
        if (plan->next_run_at == 0) {
                r = scheduled_job_set_state(sj, SCHEDULED_JOB_COMPLETED,
                                            plan->runs->len > 0 ? NULL : "its time was missed, and is not made up for",
                                            now);
                text = g_strdup_printf("Scheduled job '%s' is completed", sj->name);
                change = (ScheduleChange){ .message_id = JOBD_MESSAGE_SCHEDULE_COMPLETED_STR, .level = LOG_INFO,
                                           .text = text };
        }
        return r < 0 ? r : scheduler_store(s, sj, &change);
}

int scheduler_run_plan(Scheduler *s, ScheduledJob *sj, const SealedInput *sealed, const Job *job,
                       const SchedulePlan *plan, uint64_t now, Refusal *refusal) {
        int r = 0;

        for (guint i = 0; i < plan->runs->len && r >= 0; i++)
                r = submit(s, sj, sealed, job, g_array_index(plan->runs, uint64_t, i), now, refusal);
        return r;
}

int scheduler_finish_plan(Scheduler *s, ScheduledJob *sj, const SchedulePlan *plan, uint64_t now) {
        int r;

        r = record_missed(s, sj, plan);
        return r < 0 ? r : advance(s, sj, plan, now);
}

/* ---- beside its times ---- */

int scheduler_run_now(Scheduler *s, const ScheduledJob *sj, const SealedInput *sealed, const Job *job, uint32_t uid,
                      const char *user, char ret_id[static UUID_STRING_SIZE], Refusal *refusal) {
        _cleanup_(scheduled_job_freep) ScheduledJob *callers = scheduled_job_copy(sj);
        _cleanup_(prepared_run_done) PreparedRun run = {};
        uint64_t now = now_usec();
        int r;

        callers->requester_uid = uid;
        scheduled_job_set_text(&callers->requester, user);
        scheduled_job_set_text(&callers->requested_by, "");
        r = prepare(s, callers, sealed, job, now, now, &run, refusal);
        if (r < 0)
                return r;
        (void) g_strlcpy(ret_id, run.result->id, UUID_STRING_SIZE);
        r = dispatcher_submit(s->context.dispatcher, &run, refusal);
        if (r < 0)
                input_files_remove(s->context.files, ret_id);
        return r;
}

/* ---- after a restart ---- */

typedef struct Recovery {
        Scheduler *scheduler; /* weak ref */
        ScheduledJob *scheduled_job;
        char result_id[UUID_STRING_SIZE];
} Recovery;

/* NULL unless it is the input that the run was requested with. */
static Secret *recover(const Recovery *v, const SealedInput *sealed) {
        Scheduler *s = v->scheduler;
        _cleanup_(job_result_freep) JobResult *jr = NULL;
        _cleanup_(prepared_run_done) PreparedRun run = {};
        _cleanup_(refusal_done) Refusal refusal = {};
        const Job *job;

        if (dispatcher_get_result(s->context.dispatcher, v->result_id, &jr) <= 0)
                return NULL;
        job = registry_find_by_id(s->context.registry, jr->job_id);
        if (!job || prepare_input(s, v->scheduled_job, sealed, job, jr->id, jr->nominal_time, now_usec(), &run,
                                  &refusal) < 0)
                return NULL;
        if (g_strcmp0(run.result->data, jr->data) != 0 ||
            give_files(s, v->scheduled_job, sealed, &run, &refusal) < 0)
                return NULL;
        return TAKE_PTR(run.input);
}

static void on_recovered(int error, SealedInput *sealed, void *userdata) {
        _unused_ _cleanup_(sealed_input_freep) SealedInput *input = sealed;
        g_autofree Recovery *v = userdata;
        _unused_ _cleanup_(scheduled_job_freep) ScheduledJob *sj = v->scheduled_job;

        dispatcher_give_input(v->scheduler->context.dispatcher, v->result_id, error < 0 ? NULL : recover(v, sealed));
}

bool scheduler_recover_input(Scheduler *s, const JobResult *jr) {
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = NULL;
        Recovery *v;

        if (!jr->scheduled_job_id || store_schedule_get(s->context.store, jr->scheduled_job_id, &sj) <= 0 ||
            !sj->sealed)
                return false;
        v = g_new(Recovery, 1);
        *v = (Recovery){ .scheduler = s, .scheduled_job = TAKE_PTR(sj) };
        memcpy(v->result_id, jr->id, sizeof(v->result_id));
        if (sealed_input_unseal(s->context.sealer, s->context.files, v->scheduled_job, jr->id, on_recovered, v, NULL) >=
            0)
                return true;
        (void) scheduled_job_free(v->scheduled_job);
        g_free(v);
        return false;
}
