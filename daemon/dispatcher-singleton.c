/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "dispatcher-internal.h"
#include "hash-table.h"
#include "log.h"
#include "message-ids.h"
#include "store-waiting.h"

/*
 * Jobs of which one run at a time may be in flight. What holds the place is a run in flight, never a record: nothing is
 * left behind that could hold it for ever.
 *
 * Those that wait for the place are aside, out of their queues' lines, so that they are in nobody's way; when it is free
 * one of them comes back into its line. The check is made when a run is taken up, so that whatever happens in between
 * (a change of the policy, another run that began) needs no care of its own.
 */

enum { RELEASED_MAX = 500 }; /* at once */

static JobSingleton policy_of(const Dispatcher *d, const char *job_id) {
        const Job *job = registry_find_by_id(d->context.registry, job_id);

        return job ? job->effective.singleton : JOB_SINGLETON_NO;
}

static bool waits_its_turn(JobSingleton policy) {
        return policy == JOB_SINGLETON_QUEUE || policy == JOB_SINGLETON_REPLACE;
}

Run *dispatcher_find_other_run(Dispatcher *d, const JobResult *jr) {
        GHashTableIter i;
        Run *other;

        g_hash_table_iter_init(&i, d->runs);
        while (g_hash_table_iter_next(&i, NULL, (void **) &other))
                if (other->result != jr && strcmp(other->result->id, jr->id) != 0 &&
                    strcmp(other->result->job_id, jr->job_id) == 0)
                        return other;
        return NULL;
}

bool dispatcher_singleton_must_wait(Dispatcher *d, const JobResult *jr) {
        return !jr->ignore_singleton && waits_its_turn(policy_of(d, jr->job_id)) && dispatcher_find_other_run(d, jr);
}

bool dispatcher_singleton_joins_others(Dispatcher *d, const JobResult *jr) {
        return !jr->ignore_singleton && waits_its_turn(policy_of(d, jr->job_id)) &&
               (dispatcher_find_other_run(d, jr) || g_hash_table_contains(d->singletons, jr->job_id));
}

/* Only those that systemd was asked for: two requests of one turn of the loop must not refuse each other. */
static bool other_has_unit(const Run *run) {
        GHashTableIter i;
        Run *other;

        g_hash_table_iter_init(&i, run->dispatcher->runs);
        while (g_hash_table_iter_next(&i, NULL, (void **) &other))
                if (other != run && other->has_unit && !other->ended &&
                    strcmp(other->result->job_id, run->result->job_id) == 0)
                        return true;
        return false;
}

/* The texts are the reference's (row X7). */
char *dispatcher_singleton_refusal(Run *run, const Job *job) {
        g_autofree char *warning = NULL;

        if (job->effective.singleton == JOB_SINGLETON_NO || !other_has_unit(run))
                return NULL;
        if (!run->result->ignore_singleton)
                return job->effective.singleton == JOB_SINGLETON_FAIL
                                       ? g_strdup_printf("Job '%s' is a singleton and already running.",
                                                         job->effective.name)
                                       : NULL;
        warning = g_strdup_printf("Job '%s' is a singleton and already running, but singleton will be ignored because "
                                  "`ignore_singleton` is set.",
                                  job->effective.name);
        job_result_add_warning(run->result, warning);
        run_store(run);
        return NULL;
}

/* ---- the place is free ---- */

static void store_failed(Dispatcher *d) {
        log_event(LOG_ERR, JOBD_MESSAGE_STORE_FAILED_STR, NULL,
                  "Cannot take up a run that waits for another one, trying again: %s",
                  store_error_text(d->context.store));
        dispatcher_retry_later(d);
}

static bool is_in_flight(Dispatcher *d, const char *job_id) {
        GHashTableIter i;
        Run *run;

        g_hash_table_iter_init(&i, d->runs);
        while (g_hash_table_iter_next(&i, NULL, (void **) &run))
                if (strcmp(run->result->job_id, job_id) == 0)
                        return true;
        return false;
}

static char *replaced_by(const JobResult *jr) {
        return g_strdup_printf("jobd (replaced by %s)", jr->id);
}

/* One that comes into such a queue's line takes no place: it must not keep it from those in other queues. */
static bool starts_nothing(const Dispatcher *d, const char *queue) {
        const JobQueue *q = job_queues_find_by_name(d->context.queues, queue);

        return (q && !q->enabled) || dispatcher_blocked_why(d, queue);
}

/* 1: there may be one more to release, 0: there is none. */
static int release_next(Dispatcher *d, const char *job_id, JobSingleton policy) {
        _cleanup_(job_result_freep) JobResult *jr = NULL;
        int r;

        r = store_waiting_singleton(d->context.store, job_id, policy == JOB_SINGLETON_REPLACE, &jr);
        if (r > 0)
                r = dispatcher_move_waiting(d, jr, JOB_RESULT_WAITS_IN_LINE);
        if (r < 0 || !jr)
                return r;
        return !waits_its_turn(policy) || (policy == JOB_SINGLETON_QUEUE && starts_nothing(d, jr->task_queue));
}

void dispatcher_singleton_ended(Dispatcher *d, const char *job_id) {
        JobSingleton policy = policy_of(d, job_id);
        unsigned n = RELEASED_MAX;
        int r = 1;

        if (!g_hash_table_contains(d->singletons, job_id) || (waits_its_turn(policy) && is_in_flight(d, job_id)))
                return;
        while (n-- > 0 && r > 0)
                r = release_next(d, job_id, policy);
        dispatcher_pump_later(d);
        if (r < 0)
                store_failed(d);
        else if (r > 0)
                dispatcher_retry_later(d); /* with the rest */
}

/* ---- replacing ---- */

static void cancel_others(Dispatcher *d, const JobResult *jr, const char *by) {
        g_autoptr(GPtrArray) runs = hash_table_values(d->runs);

        for (guint i = 0; i < runs->len; i++) {
                _cleanup_(refusal_done) Refusal f = {};
                Run *run = runs->pdata[i];

                if (run->ended || run->result->revoked_by[0] || run->result->seq >= jr->seq ||
                    strcmp(run->result->job_id, jr->job_id) != 0)
                        continue;
                if (dispatcher_cancel_run(run, by, false, &f) < 0)
                        log_error("Cannot end job result %s, which job result %s replaces: %s", run->result->id, jr->id,
                                  f.message);
        }
}

void dispatcher_singleton_requested(Dispatcher *d, const JobResult *jr) {
        g_autofree char *by = NULL;

        if (!jr->ignore_singleton && policy_of(d, jr->job_id) == JOB_SINGLETON_REPLACE) {
                by = replaced_by(jr);
                cancel_others(d, jr, by);
                if (queue_order_count_all_waiting(d->order) > 0)
                        dispatcher_revoke_older(d, jr->job_id, jr->seq, by);
        }
        dispatcher_singleton_ended(d, jr->job_id); /* for which it may have joined those that wait */
}

/* ---- at a start, and when jobs have changed ---- */

static void check_job(Dispatcher *d, const char *job_id) {
        _cleanup_(job_result_freep) JobResult *newest = NULL;

        if (policy_of(d, job_id) == JOB_SINGLETON_REPLACE &&
            store_waiting_singleton(d->context.store, job_id, true, &newest) > 0)
                dispatcher_singleton_requested(d, newest);
        else
                dispatcher_singleton_ended(d, job_id);
}

void dispatcher_jobs_changed(Dispatcher *d) {
        g_autoptr(GPtrArray) ids = hash_table_keys(d->singletons);

        for (guint i = 0; i < ids->len; i++) {
                g_autofree char *id = g_strdup(ids->pdata[i]);

                check_job(d, id);
        }
}
