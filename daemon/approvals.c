/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "approvals.h"
#include "json.h"
#include "message-ids.h"
#include "now.h"
#include "redact.h"
#include "request-json.h"
#include "schedule-time.h"
#include "store-approval.h"
#include "store-result.h"
#include "store-schedule.h"
#include "user-group.h"
#include "variable.h"

struct Approvals {
        ApprovalsContext context;
        ProgramCache *programs;
};

Approvals *approvals_new(const ApprovalsContext *context) {
        Approvals *a;

        a = g_new(Approvals, 1);
        a->context = *context;
        a->programs = program_cache_new();
        return a;
}

Approvals *approvals_free(Approvals *a) {
        if (!a)
                return NULL;
        (void) program_cache_free(a->programs);
        g_free(a);
        return NULL;
}

/* ---- what is stored of a request ---- */

static int is_member(uint32_t uid, const char *user, const char *group, void *userdata) {
        return user_is_in_group(uid, group);
}

void approval_record_done(ApprovalRecord *r) {
        g_clear_pointer(&r->stages, g_ptr_array_unref);
        g_clear_pointer(&r->approvals, g_ptr_array_unref);
}

int approvals_load(Approvals *a, const ScheduledJob *sj, ApprovalRecord *ret) {
        _cleanup_(approval_record_done) ApprovalRecord record = {};
        int r;

        r = approval_stages_parse(sj->stages, &record.stages);
        if (r >= 0)
                r = store_approval_list(a->context.store, sj->id, &record.approvals);
        if (r < 0)
                return r;
        *ret = record;
        ret->rules = (ApprovalRules){ record.stages, record.approvals, is_member, NULL };
        record = (ApprovalRecord){};
        return 0;
}

static const char *stage_name(const ApprovalRules *rules, unsigned stage) {
        return rules->stages && stage < rules->stages->len
                               ? ((const ApprovalStage *) rules->stages->pdata[stage])->name
                               : NULL;
}

static int refuse_stored(Approvals *a, int r, Refusal *f) {
        return refuse_store(f, r, store_error_text(a->context.store));
}

/* Without a log entry of the scheduler's: an approval has its own. */
static int update(Approvals *a, const ScheduledJob *sj, Refusal *f) {
        return scheduler_update(a->context.scheduler, sj, &(ScheduleChange){}, f);
}

/* ---- what waits ---- */

typedef struct Requested {
        Approvals *approvals;
        ScheduledJob *sj;
} Requested;

static void on_requested(int r, void *userdata) {
        g_autofree Requested *q = userdata;
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = q->sj;
        const ApprovalsContext *c = &q->approvals->context;

        if (r >= 0)
                c->hooks->requested(sj, c->userdata);
}

static void announce_request(Approvals *a, const ScheduledJob *sj) {
        Requested *q = g_new(Requested, 1);

        *q = (Requested){ a, scheduled_job_copy(sj) };
        store_after_commit(a->context.store, on_requested, q);
}

static uint64_t expiry(const Approvals *a, uint64_t now) {
        uint64_t timeout = a->context.run.settings->approval_timeout_usec;

        return timeout == USEC_INFINITY || timeout > (uint64_t) INT64_MAX - now ? 0 : now + timeout;
}

/* ---- a new request ---- */

static int check_programs(const RequestDigest *digest, const char *class_path, Refusal *f) {
        const Program *p = request_digest_find_problem(digest);

        if (!p)
                return 0;
        return refuse(f, -ENOEXEC, BUS_ERROR_APPROVAL_REQUIRED,
                      "job '%s' requires approval, which covers its programs, and %s=%s cannot be read: %s%s",
                      class_path, p->setting, p->path, p->problem,
                      g_str_has_prefix(p->path, "/tmp/") || g_str_has_prefix(p->path, "/var/tmp/")
                                      ? " (jobd has a /tmp of its own: put the program elsewhere)" : "");
}

static int take_stages(ScheduledJob *sj, const JobClass *class, Refusal *f) {
        const ApprovalRules rules = { class->approval_stages, NULL, is_member, NULL };
        g_autofree char *stages = approval_stages_format(class->approval_stages);

        scheduled_job_set_text(&sj->stages, stages);
        return approval_check_stages(class->class_path, &rules, f);
}

static int store_request(Approvals *a, ScheduledJob *sj, const RequestDigest *digest, Refusal *f) {
        g_autofree char *facts = request_facts_format(digest->facts);
        int r;

        r = scheduler_insert(a->context.scheduler, sj, &(ScheduleChange){}, f);
        if (r < 0)
                return r;
        r = store_approval_put_facts(a->context.store, sj->id, facts);
        return r < 0 ? refuse_stored(a, r, f) : 0;
}

/* Both or neither: a request whose facts are not on record could never be approved. */
static int store_request_at_once(Approvals *a, ScheduledJob *sj, const RequestDigest *digest, Refusal *f) {
        int r;

        r = store_nested_begin(a->context.store);
        if (r < 0)
                return refuse_stored(a, r, f);
        return store_nested_end(a->context.store, store_request(a, sj, digest, f));
}

int approvals_request(Approvals *a, ScheduledJob *sj, const Job *job, const JobClass *class,
                      const ApprovalCaller *caller, Refusal *f) {
        _cleanup_(request_digest_done) RequestDigest digest = {};
        int r;

        r = take_stages(sj, class, f);
        if (r < 0)
                return r;
        request_digest_make(a->programs, sj, job, class, &digest);
        r = check_programs(&digest, class->class_path, f);
        if (r < 0)
                return r;
        scheduled_job_set_text(&sj->digest, digest.digest);
        sj->expires_at = expiry(a, now_usec());
        r = store_request_at_once(a, sj, &digest, f);
        if (r < 0)
                return r;
        approval_log_after_commit(a->context.store, JOBD_MESSAGE_APPROVAL_REQUESTED_STR, sj, caller, NULL,
                                  "%s requested approval to run job '%s', as '%s'", sj->requester, sj->class_path,
                                  sj->name);
        announce_request(a, sj);
        return 0;
}

/* ---- what has changed since ---- */

static char *compare(Approvals *a, const ScheduledJob *sj, const RequestDigest *now) {
        g_autofree char *stored = NULL;
        g_autoptr(GPtrArray) facts = NULL;

        if (strcmp(sj->digest, now->digest) == 0)
                return NULL;
        if (store_approval_get_facts(a->context.store, sj->id, &stored) <= 0 ||
            request_facts_parse(stored, &facts) < 0)
                return g_strdup("what was approved is not on record");
        return request_facts_compare(facts, now->facts) ?: g_strdup("the digest is another");
}

/* All or nothing: with the new digest and the old answers it would seem to be approved by those who gave them. */
static int store_start_over(Approvals *a, const ScheduledJob *sj, const char *facts) {
        _cleanup_(refusal_done) Refusal f = {};
        Store *s = a->context.store;
        int r;

        r = store_nested_begin(s);
        if (r < 0)
                return r;
        r = update(a, sj, &f);
        if (r >= 0)
                r = store_approval_put_facts(s, sj->id, facts);
        if (r >= 0)
                r = store_approval_void(s, sj->id);
        return store_nested_end(s, r);
}

/*
 * What there is now takes the place of what was approved, its stages too, and everybody who has to may look at it
 * anew.
 */
static int start_over(Approvals *a, ScheduledJob *sj, const Job *job, const JobClass *class, const char *reason,
                      const ApprovalCaller *caller) {
        g_autofree char *stages = approval_stages_format(class->approval_stages), *facts = NULL;
        _cleanup_(request_digest_done) RequestDigest digest = {};
        uint64_t now = now_usec();
        int r = 0;

        scheduled_job_set_text(&sj->stages, stages);
        request_digest_make(a->programs, sj, job, class, &digest);
        facts = request_facts_format(digest.facts);
        scheduled_job_set_text(&sj->digest, digest.digest);
        sj->approval_required = true;
        sj->expires_at = expiry(a, now);
        sj->decided_at = 0;
        if (sj->state == SCHEDULED_JOB_PENDING) {
                g_autofree char *redacted = redact(reason);

                scheduled_job_set_text(&sj->state_reason, redacted);
                sj->date_changed = now;
        } else
                r = scheduled_job_set_state(sj, SCHEDULED_JOB_PENDING, reason, now);
        if (r >= 0)
                r = store_start_over(a, sj, facts);
        if (r < 0)
                return r;
        approval_log_after_commit(a->context.store, JOBD_MESSAGE_APPROVAL_VOIDED_STR, sj, caller, NULL,
                                  "Scheduled job '%s' of job '%s' needs a new approval: %s", sj->name, sj->class_path,
                                  reason);
        announce_request(a, sj);
        return 0;
}

/* Reference, row A8: a dry run of a job that has one needs no approval. */
static bool is_dry_run(const char *data, const JobClass *class) {
        g_autoptr(JsonObject) values = NULL;
        JsonNode *value;

        if (!variables_support_dryrun(class->variables) || !data ||
            json_parse_object(data, strlen(data), VARIABLES_SIZE_MAX, &values, NULL) < 0)
                return false;
        value = json_object_get_member(values, "dryrun");
        return value && JSON_NODE_HOLDS_VALUE(value) && json_node_get_value_type(value) == G_TYPE_BOOLEAN &&
               json_node_get_boolean(value);
}

bool approvals_are_needed(const ScheduledJob *sj, const Job *job, const JobClass *class) {
        return job->effective.approval_required && !is_dry_run(sj->data, class);
}

int approvals_ask_again(Approvals *a, ScheduledJob *sj, const Job *job, const JobClass *class, const char *reason,
                        const ApprovalCaller *caller) {
        g_autofree char *changes = NULL, *text = NULL;
        _cleanup_(request_digest_done) RequestDigest digest = {};

        request_digest_make(a->programs, sj, job, class, &digest);
        changes = sj->approval_required ? compare(a, sj, &digest) : NULL;
        text = changes ? g_strdup_printf("%s: %s", reason, changes) : g_strdup(reason);
        return start_over(a, sj, job, class, text, caller);
}

int approvals_check(Approvals *a, ScheduledJob *sj, const Job *job, const JobClass *class) {
        _cleanup_(approval_record_done) ApprovalRecord record = {};
        _cleanup_(request_digest_done) RequestDigest digest = {};
        g_autofree char *changes = NULL, *reason = NULL;
        int r;

        if (!approvals_are_needed(sj, job, class))
                return 1;
        if (!sj->approval_required)
                return start_over(a, sj, job, class, "the job requires approval now", NULL);
        request_digest_make(a->programs, sj, job, class, &digest);
        changes = compare(a, sj, &digest);
        if (changes) {
                reason = g_strdup_printf("it has changed since it was approved: %s", changes);
                return start_over(a, sj, job, class, reason, NULL);
        }
        r = approvals_load(a, sj, &record);
        if (r < 0)
                return r;
        if (!approval_is_complete(&record.rules, sj->digest))
                return start_over(a, sj, job, class, "not all who have to approve it have", NULL);
        return 1;
}

/* Of the first try. -ENOKEY: what could have been approved is gone, or was never asked about. */
static int find_approved(Approvals *a, const JobResult *jr, ScheduledJob **ret) {
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = NULL;
        _cleanup_(job_result_freep) JobResult *first = NULL;
        int r;

        if (jr->retry_of[0]) {
                r = store_result_get(a->context.store, jr->retry_of, &first);
                if (r <= 0)
                        return r < 0 ? r : -ENOKEY;
                jr = first;
        }
        if (!jr->scheduled_job_id || !jr->scheduled_job_id[0])
                return -ENOKEY;
        r = store_schedule_get(a->context.store, jr->scheduled_job_id, &sj);
        if (r < 0)
                return r;
        if (r == 0 || !sj->approval_required)
                return -ENOKEY;
        *ret = TAKE_PTR(sj);
        return 0;
}

/* The input of a run is that of its scheduled job as it was when it was due: the approval may be of a later one. */
static bool has_same_input(const JobResult *jr, const ScheduledJob *sj) {
        g_autoptr(JsonObject) of_run = NULL, of_schedule = NULL;
        g_autoptr(JsonNode) run = json_node_alloc(), schedule = json_node_alloc();

        if (!jr->data || !sj->data)
                return !jr->data && !sj->data;
        if (json_parse_object(jr->data, strlen(jr->data), VARIABLES_SIZE_MAX, &of_run, NULL) < 0 ||
            json_parse_object(sj->data, strlen(sj->data), VARIABLES_SIZE_MAX, &of_schedule, NULL) < 0)
                return false;
        return json_node_equal(json_node_init_object(run, of_run), json_node_init_object(schedule, of_schedule));
}

static char *check_approved(Approvals *a, const JobResult *jr, const ScheduledJob *sj, const Job *job,
                            const JobClass *class, const ApprovalRules *rules) {
        _cleanup_(request_digest_done) RequestDigest digest = {};
        g_autofree char *changes = NULL;

        request_digest_make(a->programs, sj, job, class, &digest);
        if (approval_is_complete(rules, digest.digest) && has_same_input(jr, sj))
                return NULL;
        changes = compare(a, sj, &digest);
        return g_strdup_printf("what was approved has changed before it could start: %s. Request it again",
                               changes ?: "its scheduled job was changed");
}

char *approvals_check_run(Approvals *a, const JobResult *jr, const Job *job, const JobClass *class) {
        _cleanup_(approval_record_done) ApprovalRecord record = {};
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = NULL;
        int r;

        if (!job->effective.approval_required || is_dry_run(jr->data, class))
                return NULL;
        r = find_approved(a, jr, &sj);
        if (r == -ENOKEY)
                return g_strdup_printf("job '%s' requires approval, and there is none for this run: request it again",
                                       job->class_path);
        if (r >= 0)
                r = approvals_load(a, sj, &record);
        if (r < 0)
                return g_strdup_printf("cannot find out whether it was approved: %s",
                                       store_error_text(a->context.store));
        return check_approved(a, jr, sj, job, class, &record.rules);
}

/* ---- answers ---- */

static int load_class(Approvals *a, const ScheduledJob *sj, const Job **ret_job, JobClass **ret, Refusal *f) {
        const RunContext *c = &a->context.run;
        const Job *job = sj->job_id[0] ? registry_find_by_id(a->context.registry, sj->job_id) : NULL;
        g_autofree char *error = NULL;
        int r;

        if (!job)
                return refuse(f, -ENXIO, BUS_ERROR_NO_SUCH_JOB, "the job of '%s' was deleted: this request cannot run",
                              sj->name);
        r = c->loader->load(c->roots, job->class_path, ret, &error);
        if (r < 0)
                return refuse(f, -ENXIO, BUS_ERROR_JOB_CLASS_NOT_LOADABLE,
                              "the class of job '%s' cannot be loaded: %s", job->class_path,
                              error ?: "it is no longer on disk");
        *ret_job = job;
        return 0;
}

static int check_changed(Approvals *a, ScheduledJob *sj, const ApprovalCaller *caller, Refusal *f) {
        _cleanup_(request_digest_done) RequestDigest digest = {};
        _cleanup_(job_class_freep) JobClass *class = NULL;
        g_autofree char *changes = NULL, *reason = NULL;
        const Job *job;
        int r;

        r = load_class(a, sj, &job, &class, f);
        if (r < 0)
                return r;
        request_digest_make(a->programs, sj, job, class, &digest);
        changes = compare(a, sj, &digest);
        if (!changes)
                return 0;
        reason = g_strdup_printf("it has changed since it was requested: %s", changes);
        r = start_over(a, sj, job, class, reason, caller);
        if (r < 0)
                return refuse_stored(a, r, f);
        return refuse(f, -ESTALE, BUS_ERROR_REQUEST_CHANGED,
                      "the request has changed since it was made: %s. Nothing was approved: look at it again, by "
                      "\"jobctl approve %s\"",
                      changes, sj->id);
}

static int store_answer(Approvals *a, const ScheduledJob *sj, const ApprovalAnswer *answer, unsigned stage,
                        Refusal *f) {
        g_autofree char *comment = redact(answer->comment);
        const char *approver;
        const uint32_t uid = approval_person(answer, &approver);
        const Approval approval = {
                .stage = stage,
                .approver_uid = uid,
                .approver = (char *) approver,
                .approved = answer->approve,
                .comment = comment,
                .digest = sj->digest,
                .date = answer->now_usec,
        };
        int r;

        r = store_approval_insert(a->context.store, sj->id, &approval);
        if (r == -EEXIST)
                return refuse(f, r, BUS_ERROR_ALREADY_ANSWERED, "You have already approved to this stage.");
        return r < 0 ? refuse_stored(a, r, f) : 0;
}

static void log_answer(Approvals *a, const ScheduledJob *sj, const ApprovalAnswer *answer,
                       const ApprovalCaller *caller, const char *stage) {
        const char *message_id = !answer->approve                         ? JOBD_MESSAGE_APPROVAL_DENIED_STR
                                 : sj->state == SCHEDULED_JOB_PENDING ? JOBD_MESSAGE_APPROVAL_STAGE_STR
                                                                      : JOBD_MESSAGE_APPROVAL_APPROVED_STR;
        g_autofree char *comment = redact(answer->comment);
        g_autofree char *of_stage = stage ? g_strdup_printf(", stage '%s'", stage) : g_strdup("");
        const char *approver;

        (void) approval_person(answer, &approver);
        approval_log_after_commit(a->context.store, message_id, sj, caller, stage, "%s %s '%s' of job '%s'%s%s%s",
                                  approver, answer->approve ? "approved" : "denied", sj->name, sj->class_path,
                                  of_stage, *comment ? ": " : "", comment);
}

/* When it is due now: what it has missed while it waited is not made up for, but for what runs once. */
static int activate(ScheduledJob *sj, uint64_t now, Refusal *f) {
        g_autofree char *error = NULL;
        uint64_t next = 0;
        int r;

        r = schedule_first_run(sj, now, &next, &error);
        if (r >= 0)
                r = scheduled_job_set_state(sj, SCHEDULED_JOB_ACTIVE, NULL, now);
        if (r < 0)
                return refuse(f, r, BUS_ERROR_NOT_PENDING, "'%s' cannot be approved: %s", sj->name,
                              error ?: g_strerror(-r));
        sj->next_run_at = next;
        return 0;
}

/* The new state, with all answers in the store. */
static int decide(Approvals *a, ScheduledJob *sj, const ApprovalAnswer *answer, Refusal *f) {
        _cleanup_(approval_record_done) ApprovalRecord record = {};
        g_autofree char *reason = NULL;
        const char *approver;
        int r;

        r = approvals_load(a, sj, &record);
        if (r < 0)
                return refuse_stored(a, r, f);
        sj->date_changed = answer->now_usec;
        if (!answer->approve) {
                (void) approval_person(answer, &approver);
                reason = g_strdup_printf("denied by %s%s%s", approver, *answer->comment ? ": " : "",
                                         answer->comment);
                return scheduled_job_set_state(sj, SCHEDULED_JOB_DENIED, reason, answer->now_usec);
        }
        if (approval_current_stage(&record.rules) < approval_n_stages(&record.rules))
                return 0;
        return activate(sj, answer->now_usec, f);
}

static int take_answer(Approvals *a, ScheduledJob *sj, const ApprovalAnswer *answer, unsigned stage, Refusal *f) {
        int r;

        r = store_nested_begin(a->context.store);
        if (r < 0)
                return refuse_stored(a, r, f);
        r = store_answer(a, sj, answer, stage, f);
        if (r >= 0)
                r = decide(a, sj, answer, f);
        if (r >= 0)
                r = update(a, sj, f);
        return store_nested_end(a->context.store, r);
}

int approvals_answer(Approvals *a, ScheduledJob *sj, const ApprovalAnswer *answer, const ApprovalCaller *caller,
                     Refusal *f) {
        _cleanup_(approval_record_done) ApprovalRecord record = {};
        unsigned stage;
        int r;

        r = approvals_load(a, sj, &record);
        if (r < 0)
                return refuse_stored(a, r, f);
        r = approval_check(sj, &record.rules, answer, f);
        if (r >= 0 && answer->approve)
                r = check_changed(a, sj, caller, f);
        if (r < 0)
                return r;
        stage = approval_current_stage(&record.rules);
        r = take_answer(a, sj, answer, stage, f);
        if (r < 0)
                return f->name ? r : refuse_stored(a, r, f);
        log_answer(a, sj, answer, caller, stage_name(&record.rules, stage));
        return 0;
}

/* ---- other ends ---- */

int approvals_expire(Approvals *a, ScheduledJob *sj) {
        _cleanup_(refusal_done) Refusal f = {};
        int r;

        r = scheduled_job_set_state(sj, SCHEDULED_JOB_EXPIRED, "nobody has answered in time", now_usec());
        if (r >= 0)
                r = update(a, sj, &f);
        if (r < 0)
                return r;
        approval_log_after_commit(a->context.store, JOBD_MESSAGE_APPROVAL_EXPIRED_STR, sj, NULL, NULL,
                                  "The request '%s' of %s to run job '%s' has expired: %s", sj->name, sj->requester,
                                  sj->class_path, sj->state_reason);
        return 0;
}

/* ---- looking at it ---- */

int approvals_describe(Approvals *a, const ScheduledJob *sj, char **ret, Refusal *f) {
        _cleanup_(approval_record_done) ApprovalRecord record = {};
        _cleanup_(request_digest_done) RequestDigest digest = {};
        _cleanup_(job_class_freep) JobClass *class = NULL;
        _cleanup_(refusal_done) Refusal problem = {};
        g_autofree char *changes = NULL;
        RequestView view = { .sj = sj, .rules = &record.rules, .settings = a->context.run.settings };
        int r;

        r = approvals_load(a, sj, &record);
        if (r < 0)
                return refuse_stored(a, r, f);
        r = load_class(a, sj, &view.job, &class, &problem);
        if (r < 0)
                view.class_error = problem.message;
        else {
                request_digest_make(a->programs, sj, view.job, class, &digest);
                if (sj->digest[0] && !scheduled_job_state_is_final(sj->state))
                        changes = compare(a, sj, &digest);
                view.class = class;
                view.digest = &digest;
                view.changes = changes;
        }
        *ret = request_to_json(&view);
        return 0;
}
