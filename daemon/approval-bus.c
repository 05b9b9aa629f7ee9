/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "access.h"
#include "approval-bus.h"
#include "approvals.h"
#include "bus-option.h"
#include "bus-reply.h"
#include "json.h"
#include "names.h"
#include "now.h"
#include "variable.h"

ApprovalCaller approval_bus_caller(Manager *manager, sd_bus_message *m, char **ret_user) {
        *ret_user = access_caller_name(manager->access, m);
        return (ApprovalCaller){
                .uid = access_caller_uid(manager->access, m),
                .user = *ret_user,
                .login_uid = access_caller_login_uid(manager->access, m),
        };
}

/* ---- answers ---- */

typedef struct AnswerOptions {
        int force;
        const char *comment;
        const char *digest;
} AnswerOptions;

static int answer(ScheduledJobBus *b, sd_bus_message *m, bool approve, const AnswerOptions *options,
                  sd_bus_error *error) {
        g_autofree char *user = NULL;
        const ApprovalCaller caller = approval_bus_caller(b->manager, m, &user);
        g_autofree char *login_user = access_caller_login_name(b->manager->access, m);
        const ApprovalAnswer a = {
                .approve = approve,
                .force = options->force != 0,
                .comment = options->comment ?: "",
                .digest = options->digest,
                .uid = caller.uid,
                .user = user,
                .login_uid = caller.login_uid,
                .login_user = login_user,
                .now_usec = now_usec(),
        };
        Refusal f = {};
        int r;

        r = approvals_answer(b->manager->approvals, b->scheduled_job, &a, &caller, &f);
        if (r < 0)
                return bus_refuse_caller(b->manager, m, b->scheduled_job->class_path, error, r, &f);
        return bus_reply_after_commit(b->manager, m, NULL);
}

int approval_bus_approve(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        static const BusOption table[] = {
                { "force", 'b', offsetof(AnswerOptions, force) },
                { "comment", 's', offsetof(AnswerOptions, comment) },
                { "digest", 's', offsetof(AnswerOptions, digest) },
        };
        AnswerOptions options = {};
        int r;

        r = bus_options_read(m, table, ELEMENTSOF(table), &options, error);
        return r < 0 ? r : answer(userdata, m, true, &options, error);
}

int approval_bus_deny(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        static const BusOption table[] = { { "comment", 's', offsetof(AnswerOptions, comment) } };
        AnswerOptions options = {};
        int r;

        r = bus_options_read(m, table, ELEMENTSOF(table), &options, error);
        return r < 0 ? r : answer(userdata, m, false, &options, error);
}

/* ---- looking ---- */

int approval_bus_get_request(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        ScheduledJobBus *b = userdata;
        g_autofree char *json = NULL;
        Refusal f = {};
        int r;

        r = approvals_describe(b->manager->approvals, b->scheduled_job, &json, &f);
        if (r < 0)
                return bus_refuse(error, r, &f);
        return sd_bus_reply_method_return(m, "s", json);
}

static int append_approval(sd_bus_message *reply, const Approval *a) {
        return sd_bus_message_append(reply, "(ussssbt)", a->stage, a->approver, a->approved ? "approved" : "denied",
                                     a->comment, a->digest, (int) a->voided, a->date);
}

int approval_bus_get_approvals(sd_bus *bus, const char *path, const char *interface, const char *property,
                               sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        _cleanup_(approval_record_done) ApprovalRecord record = {};
        ScheduledJobBus *b = userdata;
        int r;

        r = approvals_load(b->manager->approvals, b->scheduled_job, &record);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(ussssbt)");
        for (guint i = 0; r >= 0 && i < record.approvals->len; i++)
                r = append_approval(reply, record.approvals->pdata[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* Without stages of its class a request has one, which has no name. */
int approval_bus_get_stages(sd_bus *bus, const char *path, const char *interface, const char *property,
                            sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        _cleanup_(approval_record_done) ApprovalRecord record = {};
        ScheduledJobBus *b = userdata;
        unsigned n = 0;
        int r;

        r = approvals_load(b->manager->approvals, b->scheduled_job, &record);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(ssuu)");
        if (r >= 0 && b->scheduled_job->approval_required)
                n = approval_n_stages(&record.rules);
        for (unsigned i = 0; r >= 0 && i < n; i++) {
                const ApprovalStage *s = i < record.stages->len ? record.stages->pdata[i] : NULL;

                r = sd_bus_message_append(reply, "(ssuu)", s ? s->name : "", s ? s->group : "",
                                          approval_count_wanted(&record.rules, i), approval_count(&record.rules, i));
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* ---- a dry run by who has to decide ---- */

/* Reference, row A7. */
static int check_dry_run(const ScheduledJob *sj, const Job *job, Refusal *f) {
        if (!job || !job_is_runnable(job) || !sj->data)
                return refuse(f, -EOPNOTSUPP, BUS_ERROR_NO_DRY_RUN, "This job cannot be dry-run at this time.");
        if (!job->supports_dryrun)
                return refuse(f, -EOPNOTSUPP, BUS_ERROR_NO_DRY_RUN, "This job does not support dry-run.");
        if (sj->sealed)
                return refuse(f, -EOPNOTSUPP, BUS_ERROR_NO_DRY_RUN,
                              "This job cannot be dry-run at this time. Its input has sensitive values, which are "
                              "sealed for the run of %s", sj->requester);
        return 0;
}

static int set_dryrun(ScheduledJob *sj, Refusal *f) {
        g_autoptr(JsonObject) values = NULL;
        g_autofree char *data = NULL;

        if (json_parse_object(sj->data, strlen(sj->data), VARIABLES_SIZE_MAX, &values, NULL) < 0)
                return refuse(f, -EBADMSG, BUS_ERROR_INVALID_JSON, "the stored input of '%s' cannot be read",
                              sj->name);
        json_object_set_boolean_member(values, "dryrun", true);
        data = json_format_object(values);
        scheduled_job_set_text(&sj->data, data);
        return 0;
}

static int dry_run(ScheduledJobBus *b, sd_bus_message *m, char ret_id[static UUID_STRING_SIZE], Refusal *f) {
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = scheduled_job_copy(b->scheduled_job);
        g_autofree char *user = access_caller_name(b->manager->access, m);
        const Job *job = sj->job_id[0] ? registry_find_by_id(b->manager->registry, sj->job_id) : NULL;
        int r;

        r = check_dry_run(sj, job, f);
        if (r >= 0)
                r = set_dryrun(sj, f);
        if (r < 0)
                return r;
        return scheduler_run_now(b->manager->scheduler, sj, NULL, job, access_caller_uid(b->manager->access, m), user,
                                 ret_id, f);
}

int approval_bus_dry_run(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        char id[UUID_STRING_SIZE];
        ScheduledJobBus *b = userdata;
        Refusal f = {};
        int r;

        r = bus_options_read(m, NULL, 0, NULL, error);
        if (r < 0)
                return r;
        r = dry_run(b, m, id, &f);
        if (r < 0)
                return bus_refuse(error, r, &f);
        return bus_reply_run(b->manager, m, id);
}
