/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "access-internal.h"

/* What of a list its caller may see. */

static AccessVerdict list_verdict(Access *a, sd_bus_message *m, const AccessQuestion *q) {
        PolkitVerdict verdict;
        int r;

        r = access_calls_ask(a->calls, m, q, &verdict);
        if (r == -E2BIG)
                return ACCESS_UNASKED;
        if (r < 0)
                return ACCESS_FAILED;
        if (r == 0)
                return ACCESS_UNKNOWN;
        switch (verdict) {
        case POLKIT_AUTHORIZED:
                return ACCESS_ALLOWED;
        case POLKIT_FAILED:
                return ACCESS_FAILED;
        case POLKIT_UNREACHABLE:
                return ACCESS_UNREACHABLE;
        case POLKIT_CHALLENGE:
                return access_calls_has_password(a->calls, m) ? ACCESS_ALLOWED : ACCESS_DENIED;
        default:
                return ACCESS_DENIED;
        }
}

AccessVerdict access_may_view_job(Access *a, sd_bus_message *m, const Job *job) {
        _cleanup_(access_details_done) AccessDetails d = {};
        AccessQuestion q = { .uid = access_caller_uid(a, m), .action = "org.jobd1.view-job", .of_entry = true };

        if (q.uid == 0)
                return ACCESS_ALLOWED;
        access_details_add_job(&d, job);
        q.details = d.pairs;
        return list_verdict(a, m, &q);
}

AccessVerdict access_may_view_queue(Access *a, sd_bus_message *m, const JobQueue *queue) {
        AccessDetails d = {};
        AccessQuestion q = { .uid = access_caller_uid(a, m), .action = "org.jobd1.view-jobqueue", .of_entry = true };

        if (q.uid == 0)
                return ACCESS_ALLOWED;
        access_details_add(&d, "queue", queue->name);
        q.details = d.pairs;
        return list_verdict(a, m, &q);
}

AccessVerdict access_may_view_jobs(Access *a, sd_bus_message *m) {
        AccessDetails d = {};
        AccessQuestion q = { .uid = access_caller_uid(a, m), .action = "org.jobd1.view-job", .details = d.pairs };
        AccessVerdict v;

        if (q.uid == 0)
                return ACCESS_ALLOWED;
        v = list_verdict(a, m, &q);
        if (v != ACCESS_DENIED || sd_bus_message_get_allow_interactive_authorization(m) <= 0)
                return v;
        access_details_add(&d, "polkit.message", "Authentication is required to list the jobs.");
        access_details_add(&d, "polkit.gettext_domain", "jobd");
        q.interactive = true;
        v = list_verdict(a, m, &q);
        if (v == ACCESS_ALLOWED)
                access_calls_set_password(a->calls, m);
        return v;
}

AccessVerdict access_may_view_result(Access *a, sd_bus_message *m, const Job *job, const JobResult *result) {
        _cleanup_(access_details_done) AccessDetails d = {};
        AccessQuestion q = {
                .uid = access_caller_uid(a, m),
                .action = "org.jobd1.view-jobresult",
                .of_entry = result != NULL,
        };

        if (q.uid == 0 || (result && result->requester_uid == q.uid))
                return ACCESS_ALLOWED;
        if (result)
                access_details_add_result(&d, result, job);
        else if (job)
                access_details_add_job(&d, job);
        q.details = d.pairs;
        return list_verdict(a, m, &q);
}

AccessVerdict access_may_cancel(Access *a, sd_bus_message *m, const Job *job, const char *queue,
                                const JobResult *result) {
        _cleanup_(access_details_done) AccessDetails d = {};
        AccessQuestion q = {
                .uid = access_caller_uid(a, m),
                .action = "org.jobd1.cancel-job",
                .of_entry = result != NULL,
        };

        if (q.uid == 0 || (result && result->requester_uid == q.uid))
                return ACCESS_ALLOWED;
        if (result)
                access_details_add_result(&d, result, job);
        else {
                if (job)
                        access_details_add_job(&d, job);
                access_details_add(&d, "queue", queue);
        }
        q.details = d.pairs;
        return list_verdict(a, m, &q);
}

AccessVerdict access_may_view_schedule(Access *a, sd_bus_message *m, const Job *job, const ScheduledJob *sj) {
        _cleanup_(access_details_done) AccessDetails d = {};
        AccessQuestion q = {
                .uid = access_caller_uid(a, m),
                .action = "org.jobd1.view-scheduledjob",
                .of_entry = sj != NULL,
        };

        if (q.uid == 0 || (sj && sj->requester_uid == q.uid))
                return ACCESS_ALLOWED;
        if (sj)
                access_details_add_schedule(&d, sj, job);
        else if (job)
                access_details_add_job(&d, job);
        q.details = d.pairs;
        return list_verdict(a, m, &q);
}

AccessListState access_find_list(Access *a, sd_bus_message *m, const char *key) {
        AccessListState state = access_senders_find_list(a->senders, m, key);

        if (state.has_password)
                access_calls_set_password(a->calls, m);
        return state;
}

void access_keep_list(Access *a, sd_bus_message *m, const char *key, const AccessListState *state) {
        AccessListState kept;

        if (state) {
                kept = *state;
                kept.has_password = access_calls_has_password(a->calls, m);
        }
        access_senders_keep_list(a->senders, m, key, state ? &kept : NULL);
}

bool access_verdict_failed(AccessVerdict v) {
        return v == ACCESS_UNREACHABLE || v == ACCESS_FAILED;
}

int access_fail_list(AccessVerdict v, sd_bus_error *error) {
        if (v == ACCESS_UNREACHABLE)
                return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED,
                                        "not authorised to view this list: polkit does not answer or does not know "
                                        "the action, so only root may; check \"systemctl status polkit\"");
        return sd_bus_error_set(error, SD_BUS_ERROR_FAILED,
                                "cannot find out what you may view, since polkit has not answered: try again, or "
                                "check \"systemctl status polkit\"");
}

int access_refuse_list(sd_bus_message *m, const char *what, const char *action, sd_bus_error *error) {
        return sd_bus_error_setf(error,
                                 sd_bus_message_get_allow_interactive_authorization(m) > 0
                                                 ? SD_BUS_ERROR_ACCESS_DENIED
                                                 : SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
                                 "not authorised to view any %s: ask an administrator for the polkit action %s (see "
                                 "\"Permissions\" in jobd(8))",
                                 what, action);
}
