/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "access.h"
#include "approval-bus.h"
#include "bus-error.h"
#include "bus-option.h"
#include "bus-reply.h"
#include "input-files.h"
#include "log.h"
#include "message-ids.h"
#include "names.h"
#include "now.h"
#include "schedule-change-bus.h"
#include "schedule-change.h"
#include "scheduled-job-bus.h"
#include "scheduler.h"
#include "sealed-input.h"
#include "store-approval.h"
#include "store-schedule.h"

/* The methods of org.jobd1.ScheduledJob that change it, but for Update. */

const Job *schedule_bus_job(const ScheduledJobBus *b) {
        const char *id = b->scheduled_job->job_id;

        return id[0] ? registry_find_by_id(b->manager->registry, id) : NULL;
}

static int refuse_change(const ScheduledJobBus *b, sd_bus_message *m, sd_bus_error *error, int r, Refusal *f) {
        return bus_refuse_caller(b->manager, m, b->scheduled_job->class_path, error, r, f);
}

void schedule_bus_name_changer(ScheduledJobBus *b, sd_bus_message *m) {
        g_autofree char *login_user = access_caller_login_name(b->manager->access, m), *caller = NULL;
        ScheduledJob *sj = b->scheduled_job;

        caller = access_caller_name(b->manager->access, m);
        if (login_user && strcmp(login_user, sj->requester) != 0)
                scheduled_job_set_text(&sj->requested_by, login_user);
        else if (strcmp(caller, sj->requester) != 0)
                scheduled_job_set_text(&sj->requested_by, caller);
}

/* voids: it has been approved, or waits for that. Without the class that would run, the answers are void all the same. */
static int ask_approval(ScheduledJobBus *b, sd_bus_message *m, bool voids, const char *done) {
        _cleanup_(job_class_freep) JobClass *class = NULL;
        g_autofree char *user = NULL, *problem = NULL, *reason = NULL;
        const ApprovalCaller caller = approval_bus_caller(b->manager, m, &user);
        ScheduledJob *sj = b->scheduled_job;
        Manager *manager = b->manager;
        const Job *job = schedule_bus_job(b);

        if (!voids && !(job && job->effective.approval_required))
                return 0;
        if (!job || manager->loader->load(manager->roots, job->class_path, &class, &problem) < 0)
                return voids ? store_approval_void(manager->store, sj->id) : 0;
        if (!voids && (sj->approval_required || !approvals_are_needed(sj, job, class)))
                return 0;
        reason = g_strdup_printf("it was %s by %s", done, user);
        return approvals_ask_again(manager->approvals, sj, job, class, reason, &caller);
}

static int store(ScheduledJobBus *b, sd_bus_message *m, const ScheduleBusChange *change, Refusal *f) {
        g_autofree char *caller = access_caller_name(b->manager->access, m), *text = NULL;
        ScheduledJob *sj = b->scheduled_job;
        int r;

        text = g_strdup_printf("%s %s scheduled job '%s'%s", caller, change->what, sj->name,
                               change->voids ? ", which needs a new approval" : "");
        r = scheduler_update(b->manager->scheduler, sj,
                             &(ScheduleChange){ .message_id = change->message_id, .caller = caller, .text = text }, f);
        if (r < 0 || !(change->voids || change->asks))
                return r;
        r = ask_approval(b, m, change->voids, change->done);
        return r < 0 ? refuse_store(f, r, store_error_text(b->manager->store)) : 0;
}

int schedule_bus_store(ScheduledJobBus *b, sd_bus_message *m, const ScheduleBusChange *change, Refusal *f) {
        Store *s = b->manager->store;
        int r;

        r = store_nested_begin(s);
        if (r < 0)
                return refuse_store(f, r, store_error_text(s));
        r = store_nested_end(s, store(b, m, change, f));
        if (r < 0)
                return f->name ? r : refuse_store(f, r, store_error_text(s));
        return bus_reply_after_commit(b->manager, m, NULL);
}

/* Of the object of this call. */
static int store_and_reply(ScheduledJobBus *b, sd_bus_message *m, const ScheduleBusChange *change, sd_bus_error *error) {
        Refusal f = {};
        int r;

        r = schedule_bus_store(b, m, change, &f);
        return r < 0 && f.name ? bus_refuse(error, r, &f) : r;
}

int schedule_bus_set_enabled(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        ScheduledJobBus *b = userdata;
        Refusal f = {};
        int enabled, r;

        r = sd_bus_message_read(m, "b", &enabled);
        if (r < 0)
                return r;
        r = schedule_change_enabled(b->scheduled_job, enabled != 0, schedule_bus_job(b), now_usec(), &f);
        if (r < 0)
                return refuse_change(b, m, error, r, &f);
        if (r == 0)
                return sd_bus_reply_method_return(m, NULL);
        return store_and_reply(b, m,
                               &(ScheduleBusChange){ enabled ? JOBD_MESSAGE_SCHEDULE_RESUMED_STR
                                                   : JOBD_MESSAGE_SCHEDULE_PAUSED_STR,
                                          enabled ? "resumed" : "paused", NULL, false, false },
                               error);
}

int schedule_bus_take_over(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        ScheduledJobBus *b = userdata;
        g_autofree char *caller = access_caller_name(b->manager->access, m);
        uint32_t uid = access_caller_uid(b->manager->access, m);
        bool voids = false;
        Refusal f = {};
        int r;

        r = schedule_change_take_over(b->scheduled_job, schedule_bus_job(b), uid, caller, now_usec(), &voids, &f);
        if (r < 0)
                return refuse_change(b, m, error, r, &f);
        schedule_bus_name_changer(b, m);
        return store_and_reply(b, m,
                               &(ScheduleBusChange){ JOBD_MESSAGE_SCHEDULE_TAKEN_OVER_STR,
                                          b->scheduled_job->sealed ? "took over, with its sensitive input," : "took over",
                                          "taken over", voids, false },
                               error);
}

int schedule_bus_cancel(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        ScheduledJobBus *b = userdata;
        g_autofree char *caller = access_caller_name(b->manager->access, m);
        Refusal f = {};
        int r;

        r = bus_options_read(m, NULL, 0, NULL, error);
        if (r < 0)
                return r;
        r = schedule_change_cancel(b->scheduled_job, caller, now_usec(), &f);
        if (r < 0)
                return refuse_change(b, m, error, r, &f);
        return store_and_reply(b, m, &(ScheduleBusChange){ JOBD_MESSAGE_SCHEDULE_CANCELED_STR, "canceled", NULL, false, false },
                               error);
}

int schedule_bus_delete(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        ScheduledJobBus *b = userdata;
        g_autofree char *caller = access_caller_name(b->manager->access, m), *text = NULL;
        Refusal f = {};
        int r;

        text = g_strdup_printf("%s deleted scheduled job '%s' of job '%s'", caller, b->scheduled_job->name,
                               b->scheduled_job->class_path);
        r = scheduler_delete(b->manager->scheduler, b->scheduled_job,
                             &(ScheduleChange){ .message_id = JOBD_MESSAGE_SCHEDULE_DELETED_STR, .caller = caller,
                                                .text = text },
                             &f);
        if (r < 0)
                return refuse_change(b, m, error, r, &f);
        return bus_reply_after_commit(b->manager, m, NULL);
}

/* ---- running it now ---- */

enum { UNSEALING_OF_USER_MAX = 32 };

static const Job *job_of(const Manager *m, const ScheduledJob *sj) {
        return sj->job_id[0] ? registry_find_by_id(m->registry, sj->job_id) : NULL;
}

static int check_run_now(const Manager *manager, sd_bus_message *m, const ScheduledJob *sj, Refusal *f) {
        uint32_t uid = access_caller_uid(manager->access, m);
        const Job *job = job_of(manager, sj);
        int r;

        r = schedule_change_check_run(sj, f);
        if (r < 0)
                return r;
        /* Also since it was made, or changed from a dry run: nobody has looked at it. */
        if (sj->approval_required || (job && job->effective.approval_required))
                return refuse(f, -EPERM, BUS_ERROR_APPROVAL_REQUIRED,
                              "scheduled job '%s' was to be approved for its times only: request a run of its own by "
                              "\"jobctl run %s\"",
                              sj->name, sj->class_path);
        if (sj->sealed && uid != 0 && uid != sj->requester_uid)
                return refuse(f, -EPERM, SD_BUS_ERROR_ACCESS_DENIED,
                              "scheduled job '%s' has sensitive input of %s: only its requester and root may run it now",
                              sj->name, sj->requester);
        return 0;
}

/* RunNow while its input is being unsealed. */
typedef struct RunNow {
        Manager *manager; /* weak ref */
        sd_bus_message *call;
        uint32_t uid;
        ScheduledJob *scheduled_job;
        char **log_context;
} RunNow;

static RunNow *run_now_free(RunNow *n) {
        (void) g_ptr_array_remove_fast(n->manager->unsealing, n);
        (void) sd_bus_message_unref(n->call);
        (void) scheduled_job_free(n->scheduled_job);
        g_strfreev(n->log_context);
        g_free(n);
        return NULL;
}
DEFINE_CLEANUP(RunNow *, run_now_free);

static int run_now(Manager *m, sd_bus_message *call, const ScheduledJob *sj, const SealedInput *sealed,
                   Refusal *f) {
        g_autofree char *caller = access_caller_name(m->access, call);
        const Job *job = job_of(m, sj);
        char id[UUID_STRING_SIZE];
        int r;

        if (!job)
                return refuse(f, -ENXIO, BUS_ERROR_WRONG_STATE, "the job of scheduled job '%s' was deleted", sj->name);
        r = scheduler_run_now(m->scheduler, sj, sealed, job, access_caller_uid(m->access, call), caller, id, f);
        if (r >= 0 && bus_reply_run(m, call, id) < 0)
                log_debug("Cannot answer a call");
        return r;
}

/* Nobody keeps all others, and what is due, waiting for systemd-creds. */
static int check_unsealing(const Manager *m, uint32_t uid, Refusal *f) {
        unsigned n = 0;

        for (guint i = 0; m->unsealing && i < m->unsealing->len; i++)
                n += ((const RunNow *) m->unsealing->pdata[i])->uid == uid;
        if (n < UNSEALING_OF_USER_MAX || uid == 0)
                return 0;
        return refuse(f, -E2BIG, BUS_ERROR_TOO_MANY,
                      "the sensitive input of %u of your runs is being unsealed already: wait for one of them", n);
}

static int refuse_unsealed(Refusal *f, int error, const ScheduledJob *sj) {
        return refuse(f, error, SD_BUS_ERROR_FAILED, "the sensitive input of scheduled job '%s' cannot be unsealed (%s): %s",
                      sj->name, sealed_input_problem(error),
                      sealed_input_is_lost(error) ? "give it a new input by \"jobctl schedule update\", or delete it and "
                                                    "make a new one"
                                                  : "try again");
}

/* Meanwhile somebody may have changed it, or ended it. */
static int run_unsealed(const RunNow *n, const SealedInput *sealed, Refusal *f) {
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = NULL;
        int r;

        r = store_schedule_get(n->manager->store, n->scheduled_job->id, &sj);
        if (r < 0)
                return refuse_store(f, r, store_error_text(n->manager->store));
        if (r == 0)
                return refuse(f, -ENOENT, BUS_ERROR_NO_SUCH_SCHEDULED_JOB,
                              "scheduled job '%s' was deleted while its sensitive input was unsealed",
                              n->scheduled_job->name);
        if (g_strcmp0(sj->sealed, n->scheduled_job->sealed) != 0)
                return refuse(f, -EBUSY, SD_BUS_ERROR_FAILED,
                              "scheduled job '%s' was given another input while its sensitive input was unsealed: run it "
                              "again",
                              sj->name);
        r = check_run_now(n->manager, n->call, sj, f);
        return r < 0 ? r : run_now(n->manager, n->call, sj, sealed, f);
}

static void on_unsealed(int error, SealedInput *input, void *userdata) {
        _cleanup_(run_now_freep) RunNow *n = userdata;
        _cleanup_(sealed_input_freep) SealedInput *sealed = input;
        _cleanup_(refusal_done) Refusal f = {};
        int r;

        log_context_enter(n->log_context);
        r = error < 0 ? refuse_unsealed(&f, error, n->scheduled_job) : run_unsealed(n, sealed, &f);
        log_context_enter(NULL);
        if (r < 0)
                (void) sd_bus_reply_method_errorf(n->call, f.name, "%s", f.message);
}

static int run_now_unsealed(ScheduledJobBus *b, sd_bus_message *m, sd_bus_error *error) {
        uint32_t uid = access_caller_uid(b->manager->access, m);
        Manager *manager = b->manager;
        Refusal f = {};
        RunNow *n;
        int r;

        r = check_unsealing(manager, uid, &f);
        if (r < 0)
                return bus_refuse(error, r, &f);
        n = g_new(RunNow, 1);
        *n = (RunNow){ manager, sd_bus_message_ref(m), uid, scheduled_job_copy(b->scheduled_job), log_context_capture() };
        manager->unsealing = manager->unsealing ?: g_ptr_array_new();
        g_ptr_array_add(manager->unsealing, n);
        r = sealed_input_unseal(manager->sealer, manager->input_files, n->scheduled_job, n->scheduled_job->id,
                                on_unsealed, n, NULL);
        if (r < 0) {
                (void) run_now_free(n);
                return bus_refuse(error, refuse_unsealed(&f, r, b->scheduled_job), &f);
        }
        return 1;
}

int schedule_bus_run_now(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        ScheduledJobBus *b = userdata;
        Refusal f = {};
        int r;

        r = bus_options_read(m, NULL, 0, NULL, error);
        if (r < 0)
                return r;
        r = check_run_now(b->manager, m, b->scheduled_job, &f);
        if (r < 0)
                return refuse_change(b, m, error, r, &f);
        if (b->scheduled_job->sealed)
                return run_now_unsealed(b, m, error);
        r = run_now(b->manager, m, b->scheduled_job, NULL, &f);
        return r < 0 ? refuse_change(b, m, error, r, &f) : 1;
}
