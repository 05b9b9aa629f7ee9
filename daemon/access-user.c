/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "access-internal.h"
#include "access-user.h"
#include "bus-error.h"

#define RUN_JOB "org.jobd1.run-job"

static int ask_may_run_as(Access *a, const AccessCheck *c) {
        AccessRule rule = *c->rule;
        AccessCheck as_user = *c;
        PolkitVerdict verdict;
        bool missing;
        int r;

        rule.action = "org.jobd1.run-as-user";
        rule.message = "Authentication is required to run job $(what) as user $(requester).";
        rule.verb = "run, as another user,";
        as_user.rule = &rule;
        r = access_check(a, &as_user, &verdict, &missing);
        if (r <= 0)
                return access_put_off(a, c->message, r);
        if (verdict != POLKIT_AUTHORIZED)
                return access_refuse_call(a, &as_user, verdict);
        return missing ? access_reply_missing(c) : 0;
}

/* Reference, row X6: nobody can be made to run what they may not run themselves. */
static int ask_user_may_run(Access *a, const AccessCheck *c) {
        _cleanup_(access_details_done) AccessDetails d = {};
        const AccessTargetObject *t = c->target;
        g_autofree char *text = NULL;
        AccessQuestion question = { .uid = t->as_uid, .action = RUN_JOB, .details = d.pairs, .of_user = true };
        PolkitVerdict verdict;
        int r;

        if (t->as_uid == 0 || !t->job)
                return 0;
        access_details_add_target(&d, t);
        r = access_calls_ask(a->calls, c->message, &question, &verdict);
        if (r <= 0)
                return access_put_off(a, c->message, r);
        if (verdict == POLKIT_AUTHORIZED)
                return 0;
        if (verdict == POLKIT_FAILED || verdict == POLKIT_UNREACHABLE)
                return access_refuse_call(a, c, verdict);
        text = g_strdup_printf("user '%s' does not have permission to run job '%s': an administrator can permit the polkit "
                               "action %s (see \"Permissions\" in jobd(8))",
                               t->as_user, t->job->class_path, RUN_JOB);
        access_log_refusal(a, c->message, t->job->class_path, text);
        return sd_bus_reply_method_errorf(c->message, SD_BUS_ERROR_ACCESS_DENIED, "%s", text);
}

int access_user_check_run(Access *a, const AccessCheck *c, AccessTargetObject *t) {
        bool other_name;
        int r;

        if (c->uid != 0) {
                r = ask_may_run_as(a, c);
                if (r != 0)
                        return r;
        }
        if (access_target_find_user(t, &other_name) < 0)
                return sd_bus_reply_method_errorf(c->message, BUS_ERROR_NO_SUCH_USER, "there is no user '%s'",
                                                  t->as_text);
        if (c->uid != 0 && other_name) {
                r = ask_may_run_as(a, c);
                if (r != 0)
                        return r;
        }
        return ask_user_may_run(a, c);
}

int access_ask_user_may_run(Access *a, uint32_t uid, const Job *job, const char *queue, const char *requester,
                            PolkitCallback callback, void *userdata, AuthorityCheck **ret) {
        _cleanup_(access_details_done) AccessDetails d = {};

        if (uid == 0)
                return 1;
        access_details_add_job(&d, job);
        access_details_add(&d, "queue", queue);
        access_details_add(&d, "requester", requester);
        return access_calls_ask_user(a->calls, uid, RUN_JOB, d.pairs, callback, userdata, ret);
}

static AccessVerdict may_user(Access *a, sd_bus_message *m, uint32_t uid, const char *action, const AccessDetails *d) {
        const AccessQuestion question = { .uid = uid, .action = action, .details = d->pairs, .of_user = true };
        PolkitVerdict verdict;
        int r;

        if (uid == 0)
                return ACCESS_ALLOWED;
        r = access_calls_ask(a->calls, m, &question, &verdict);
        if (r < 0)
                return ACCESS_FAILED;
        if (r == 0)
                return ACCESS_UNKNOWN;
        if (verdict == POLKIT_FAILED)
                return ACCESS_FAILED;
        return verdict == POLKIT_AUTHORIZED ? ACCESS_ALLOWED : ACCESS_DENIED;
}

AccessVerdict access_may_user_delete_results(Access *a, sd_bus_message *m, uint32_t uid) {
        const AccessDetails d = {};

        return may_user(a, m, uid, "org.jobd1.delete-jobresult", &d);
}

AccessVerdict access_may_user_change_objects(Access *a, sd_bus_message *m, uint32_t uid, const char *model) {
        _cleanup_(access_details_done) AccessDetails d = {};

        access_details_add(&d, "model", model);
        return may_user(a, m, uid, "org.jobd1.change-object", &d);
}
