/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "access-user.h"
#include "account.h"
#include "log.h"
#include "message-ids.h"
#include "now.h"
#include "scheduler-internal.h"
#include "store-schedule.h"

/*
 * From a scheduled job whose time has come to its run, or to the failed job result that says why there is none. What
 * was true when it was asked for is asked again: the owner's account, the job, the owner's permission, the input.
 */

void scheduler_firing_free(void *p) {
        Firing *f = p;

        (void) scheduled_job_free(f->scheduled_job);
        (void) unsealing_free(f->unseal);
        (void) sealed_input_free(f->sealed);
        (void) authority_check_free(f->check);
        g_free(f);
}

static void firing_end(Firing *f) {
        Scheduler *s = f->scheduler;

        (void) g_hash_table_remove(s->firings, f->scheduled_job->id);
        scheduler_scan_later(s);
}

static void firing_put_off(Firing *f, const char *why) {
        log_warning("Scheduled job '%s' is due, but %s; trying again", f->scheduled_job->name, why);
        scheduler_put_off(f->scheduler, f->scheduled_job->id);
        firing_end(f);
}

/* It may have been changed, paused or deleted while something was asked. */
static bool is_as_it_was(const Firing *f) {
        _cleanup_(scheduled_job_freep) ScheduledJob *now = NULL;
        const ScheduledJob *then = f->scheduled_job;

        return store_schedule_get(f->scheduler->context.store, then->id, &now) > 0 &&
               now->state == SCHEDULED_JOB_ACTIVE && now->next_run_at == then->next_run_at &&
               now->date_changed == then->date_changed && now->requester_uid == then->requester_uid &&
               g_strcmp0(now->data, then->data) == 0 && g_strcmp0(now->sealed, then->sealed) == 0;
}

/* ---- it cannot run ---- */

/* For good: one failed job result, and no further try until somebody repairs it. */
static void firing_fail(Firing *f, const char *message) {
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = scheduled_job_copy(f->scheduled_job);
        ScheduleChange change = { .message_id = JOBD_MESSAGE_SCHEDULE_ERRORED_STR, .level = LOG_ERR, .text = message };
        char id[UUID_STRING_SIZE];
        int r;

        if (!is_as_it_was(f)) {
                firing_end(f);
                return;
        }
        r = scheduler_record(f->scheduler, sj, sj->next_run_at, JOB_RESULT_FAILURE, JOB_RESULT_REASON_NOT_RUNNABLE,
                             message, id);
        if (r >= 0)
                scheduled_job_set_text(&sj->last_result_id, id);
        if (r >= 0 || r == -EEXIST)
                r = scheduled_job_set_state(sj, SCHEDULED_JOB_ERRORED, message, now_usec());
        change.result_id = sj->last_result_id;
        if (r >= 0)
                r = scheduler_store(f->scheduler, sj, &change);
        if (r < 0)
                scheduler_put_off(f->scheduler, sj->id);
        firing_end(f);
}

_printf_(2, 3)
static void firing_fail_because(Firing *f, const char *format, ...) {
        g_autofree char *why = NULL, *message = NULL;
        va_list ap;

        va_start(ap, format);
        why = g_strdup_vprintf(format, ap);
        va_end(ap);
        message = g_strdup_printf("Scheduled job '%s' cannot run: %s", f->scheduled_job->name, why);
        firing_fail(f, message);
}

/* ---- it runs ---- */

static bool is_store_error(const Refusal *refusal) {
        return refusal->name && (strcmp(refusal->name, BUS_ERROR_STORE_FAILED) == 0 ||
                                 strcmp(refusal->name, BUS_ERROR_STORE_FULL) == 0 ||
                                 strcmp(refusal->name, BUS_ERROR_TOO_MANY) == 0);
}

/* That it is not what was approved is stored already. A class that cannot be loaded is told of by prepare(). */
static bool check_approval(Firing *f, ScheduledJob *sj, const Job *job) {
        const SchedulerContext *c = &f->scheduler->context;
        int r;

        r = c->hooks->may_fire ? c->hooks->may_fire(sj, job, c->userdata) : 1;
        if (r > 0 || r == -ENXIO)
                return true;
        if (r < 0)
                firing_put_off(f, store_error_text(c->store));
        else
                firing_end(f);
        return false;
}

/*
 * The runs first: if what follows cannot be stored, the scheduled job is still due, and its job results, which are
 * unique by nominal time, say that these runs took place.
 */
static void firing_run(Firing *f, const Job *job) {
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = scheduled_job_copy(f->scheduled_job);
        _cleanup_(schedule_plan_done) SchedulePlan plan = {};
        _cleanup_(refusal_done) Refusal refusal = {};
        g_autofree char *error = NULL;
        uint64_t now = now_usec();
        int r;

        if (now < sj->next_run_at || !is_as_it_was(f)) {
                firing_end(f);
                return;
        }
        if (!check_approval(f, sj, job))
                return;
        r = schedule_plan(sj, now, &plan, &error);
        if (r < 0) {
                firing_fail_because(f, "%s", error ?: g_strerror(-r));
                return;
        }
        r = scheduler_run_plan(f->scheduler, sj, f->sealed, job, &plan, now, &refusal);
        if (r < 0 && refusal.message && !is_store_error(&refusal)) {
                firing_fail_because(f, "%s", refusal.message);
                return;
        }
        if (r >= 0)
                r = scheduler_finish_plan(f->scheduler, sj, &plan, now);
        if (r < 0)
                firing_put_off(f, refusal.message ?: store_error_text(f->scheduler->context.store));
        else
                firing_end(f);
}

/* ---- whether it may ---- */

static const Job *job_of(const Firing *f) {
        const char *id = f->scheduled_job->job_id;

        return id[0] ? registry_find_by_id(f->scheduler->context.registry, id) : NULL;
}

static void on_verdict(PolkitVerdict verdict, void *userdata) {
        Firing *f = userdata;
        const Job *job = job_of(f);

        f->check = authority_check_free(f->check);
        if (!job) {
                firing_fail_because(f, "its job was deleted; delete it, too");
                return;
        }
        switch (verdict) {
        case POLKIT_AUTHORIZED:
                firing_run(f, job);
                break;
        case POLKIT_DENIED:
        case POLKIT_CHALLENGE: /* nobody is there to type a password */
                firing_fail_because(f,
                                    "user '%s' does not have permission to run job '%s': an administrator can permit "
                                    "the polkit action org.jobd1.run-job, or take the scheduled job over",
                                    f->scheduled_job->requester, job->class_path);
                break;
        default:
                firing_put_off(f, "polkit does not answer");
        }
}

static void ask_permission(Firing *f, const Job *job) {
        const ScheduledJob *sj = f->scheduled_job;
        int r;

        r = access_ask_user_may_run(f->scheduler->context.access, sj->requester_uid, job, sj->task_queue,
                                    sj->requester, on_verdict, f, &f->check);
        if (r > 0)
                on_verdict(POLKIT_AUTHORIZED, f);
        else if (r < 0)
                firing_put_off(f, "polkit cannot be asked");
}

static void on_unsealed(int error, SealedInput *sealed, void *userdata) {
        Firing *f = userdata;
        const Job *job = job_of(f);

        f->unseal = NULL;
        f->sealed = sealed;
        if (sealed_input_is_lost(error))
                firing_fail_because(f, "its sensitive input cannot be unsealed (%s): give it a new input by \"jobctl "
                                       "schedule update\" and resume it, or delete it and make a new one",
                                    sealed_input_problem(error));
        else if (error < 0)
                firing_put_off(f, "its sensitive input cannot be unsealed now");
        else if (!job)
                firing_fail_because(f, "its job was deleted; delete it, too");
        else
                ask_permission(f, job);
}

static void unseal_input(Firing *f) {
        const SchedulerContext *c = &f->scheduler->context;
        const ScheduledJob *sj = f->scheduled_job;
        int r;

        r = sealed_input_unseal(c->sealer, c->files, sj, sj->id, on_unsealed, f, &f->unseal);
        if (r < 0)
                on_unsealed(r, NULL, f);
}

/* 1: goes on, 0: it has ended. */
static int check_account(Firing *f) {
        const ScheduledJob *sj = f->scheduled_job;

        switch (account_check(sj->requester_uid, now_usec())) {
        case ACCOUNT_OK:
                return 1;
        case ACCOUNT_GONE: /* reference, row S7 */
                firing_fail_because(f, "the originating user has been removed. Use \"jobctl schedule take-over\" to "
                                       "reassign it.");
                return 0;
        case ACCOUNT_LOCKED:
        case ACCOUNT_EXPIRED:
                firing_fail_because(f,
                                    "the account of user '%s' is locked or has expired. Use \"jobctl schedule "
                                    "take-over\" to reassign it, or unlock the account and resume it.",
                                    sj->requester);
                return 0;
        default:
                firing_put_off(f, "the user database does not answer");
                return 0;
        }
}

/* The same words as for a request, but for those who read them later. */
static int check_job(Firing *f, const Job *job) {
        if (!job)
                firing_fail_because(f, "its job was deleted; delete it, too");
        else if (!job->enabled)
                firing_fail_because(f, "Job %s is not enabled to be run! Enable it, then resume the scheduled job.",
                                    job->class_path);
        else if (!job->installed)
                firing_fail_because(f, "Job %s is not presently installed and cannot be run.", job->class_path);
        else
                return 1;
        return 0;
}

void scheduler_fire(Scheduler *s, ScheduledJob *sj) {
        Firing *f = g_new0(Firing, 1);
        const Job *job;

        *f = (Firing){ .scheduler = s, .scheduled_job = sj };
        (void) g_hash_table_insert(s->firings, sj->id, f);
        job = job_of(f);
        if (check_job(f, job) == 0 || check_account(f) == 0)
                return;
        if (sj->sealed)
                unseal_input(f);
        else
                ask_permission(f, job);
}
