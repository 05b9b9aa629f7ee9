/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "announcer.h"
#include "log.h"
#include "manager-approvals.h"
#include "manager-schedules.h"
#include "message-ids.h"
#include "names.h"
#include "now.h"
#include "scheduled-job-bus.h"
#include "store-schedule.h"

/* ---- what is announced ---- */

static void on_added(const ScheduledJob *sj, void *userdata) {
        Manager *m = userdata;

        announcer_signal(m->announcer, "ScheduledJobNew", JOBD_SCHEDULE_PATH, sj->id);
}

static void on_changed(const ScheduledJob *sj, void *userdata) {
        Manager *m = userdata;

        announcer_changed(m->announcer, JOBD_SCHEDULE_PATH, sj->id, JOBD_SCHEDULE_INTERFACE,
                          scheduled_job_bus_changing_properties);
}

static void on_removed(const ScheduledJob *sj, void *userdata) {
        Manager *m = userdata;

        announcer_signal(m->announcer, "ScheduledJobRemoved", JOBD_SCHEDULE_PATH, sj->id);
}

static const SchedulerHooks hooks = { on_added, on_changed, on_removed, manager_expire_approvals, manager_may_fire };

int manager_make_scheduler(Manager *m) {
        const SchedulerContext context = {
                .event = m->event,
                .store = m->store,
                .registry = m->registry,
                .dispatcher = m->dispatcher,
                .access = m->access,
                .files = m->input_files,
                .sealer = m->sealer,
                .run = { .settings = m->settings, .loader = m->loader, .roots = m->roots },
                .store_written_usec = m->store_written_usec,
                .state_directory = m->state_directory,
                .hooks = &hooks,
                .userdata = m,
        };

        return scheduler_new(&context, &m->scheduler);
}

bool manager_recover_input(const JobResult *jr, void *userdata) {
        Manager *m = userdata;

        return m->scheduler && scheduler_recover_input(m->scheduler, jr);
}

/* ---- jobs that go ---- */

static void scheduled_job_free_func(void *sj) {
        (void) scheduled_job_free(sj);
}

static int stop_schedule(Manager *m, ScheduledJob *sj, bool is_deleted, Refusal *refusal) {
        g_autofree char *text = NULL;
        int r;

        if (is_deleted)
                text = g_strdup_printf("Scheduled job '%s' cannot run: its job '%s' was deleted; delete it, too",
                                       sj->name, sj->class_path);
        else
                text = g_strdup_printf("Scheduled job '%s' cannot run: job '%s' is no longer installed. When it is "
                                       "again, resume the scheduled job.",
                                       sj->name, sj->class_path);
        r = scheduled_job_set_state(sj, SCHEDULED_JOB_ERRORED, text, now_usec());
        if (r < 0)
                return 0;
        return scheduler_update(m->scheduler, sj,
                                &(ScheduleChange){ .message_id = JOBD_MESSAGE_SCHEDULE_ERRORED_STR,
                                                    .level = LOG_WARNING,
                                                    .text = text },
                                refusal);
}

int manager_stop_schedules(Manager *m, const Job *job, bool is_deleted, Refusal *refusal) {
        g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(scheduled_job_free_func);
        int r;

        r = store_schedule_list_of_job(m->store, job->id, list);
        if (r < 0)
                return refuse_store(refusal, r, store_error_text(m->store));
        for (guint i = 0; i < list->len && r >= 0; i++) {
                ScheduledJob *sj = list->pdata[i];

                /* One that waits, or is paused, is looked at again before it runs; not if there is no job any more. */
                if (is_deleted || sj->state == SCHEDULED_JOB_ACTIVE)
                        r = stop_schedule(m, sj, is_deleted, refusal);
        }
        return r;
}
