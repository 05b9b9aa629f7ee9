/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "announcer.h"
#include "log.h"
#include "manager-approvals.h"
#include "names.h"
#include "run-schedule-bus.h"
#include "store-schedule.h"

enum { EXPIRE_AT_ONCE_MAX = 100 }; /* the scheduler comes again for the others */

static void on_requested(const ScheduledJob *sj, void *userdata) {
        Manager *m = userdata;

        announcer_signal(m->announcer, "ApprovalRequested", JOBD_SCHEDULE_PATH, sj->id);
        dispatcher_notify(m->dispatcher, NOTIFY_ON_REQUEST, sj->class_path, sj->id);
}

static const ApprovalsHooks hooks = { on_requested };

void manager_make_approvals(Manager *m) {
        const ApprovalsContext context = {
                .store = m->store,
                .registry = m->registry,
                .scheduler = m->scheduler,
                .run = { .settings = m->settings, .loader = m->loader, .roots = m->roots },
                .hooks = &hooks,
                .userdata = m,
        };

        m->approvals = approvals_new(&context);
}

static void scheduled_job_free_func(void *sj) {
        (void) scheduled_job_free(sj);
}

void manager_expire_approvals(uint64_t now_usec, void *manager) {
        g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(scheduled_job_free_func);
        Manager *m = manager;
        int r;

        r = store_schedule_list_expiring(m->store, now_usec, EXPIRE_AT_ONCE_MAX, list);
        for (guint i = 0; i < list->len && r >= 0; i++)
                r = approvals_expire(m->approvals, list->pdata[i]);
        if (r < 0)
                log_error("Cannot store that requests have expired: %s", store_error_text(m->store));
}

int manager_may_fire(ScheduledJob *sj, const Job *job, void *manager) {
        _cleanup_(job_class_freep) JobClass *class = NULL;
        g_autofree char *error = NULL;
        Manager *m = manager;

        if (!job->effective.approval_required)
                return 1;
        if (m->loader->load(m->roots, job->class_path, &class, &error) < 0)
                return -ENXIO;
        return approvals_check(m->approvals, sj, job, class);
}

int manager_request_approval(PreparedRun *run, uint32_t uid, const char *user, Refusal *refusal, void *manager) {
        return run_schedule_store(manager, &(ApprovalCaller){ uid, user, UINT32_MAX }, run, refusal);
}

char *manager_may_start(const JobResult *jr, const Job *job, const JobClass *class, void *manager) {
        Manager *m = manager;

        return approvals_check_run(m->approvals, jr, job, class);
}
