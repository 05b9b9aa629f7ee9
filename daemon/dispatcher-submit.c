/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>

#include "bus-error.h"
#include "dispatcher-internal.h"
#include "now.h"
#include "result-log.h"
#include "store-result.h"

/* Requests: a run that is stored, and starts at once or waits. */

/* A request whose batch was lost was refused: nothing of it may stay. */
static void on_submitted(int r, void *userdata) {
        g_autofree StoringRun *s = userdata;
        Dispatcher *d = s->dispatcher;
        Run *run;

        run = g_hash_table_lookup(d->runs, s->id);
        if (!run)
                return;
        run->storing = false;
        if (r < 0) {
                input_files_remove(d->context.files, s->id);
                dispatcher_forget_run(run);
                return;
        }
        d->context.hooks->added(run->result, d->context.userdata);
        result_log_requested(run->result);
        dispatcher_singleton_requested(d, run->result);
        run_start(run);
}

/* A run that waits, until that is on the disk. */
typedef struct WaitingRequest {
        Dispatcher *dispatcher;
        JobResult *result;
} WaitingRequest;

static void on_waiting_submitted(int r, void *userdata) {
        g_autofree WaitingRequest *w = userdata;
        _cleanup_(job_result_freep) JobResult *jr = w->result;
        Dispatcher *d = w->dispatcher;

        if (r < 0) {
                (void) g_hash_table_remove(d->inputs, jr->id);
                input_files_remove(d->context.files, jr->id);
                dispatcher_recount_later(d);
                return;
        }
        d->context.hooks->added(jr, d->context.userdata);
        result_log_requested(jr);
        if (jr->waits_for == JOB_RESULT_WAITS_FOR_TIME)
                dispatcher_set_due(d);
        dispatcher_singleton_requested(d, jr);
        dispatcher_pump_later(d);
}

static void submit_waiting(Dispatcher *d, PreparedRun *p) {
        WaitingRequest *w;

        /* What can be read from the store again is not kept: 100,000 waiting runs cost no memory. */
        if (p->result->has_sensitive_variables)
                dispatcher_hold_input(d, p->result, TAKE_PTR(p->input));
        dispatcher_add_waiting(d, p->result);
        w = g_new(WaitingRequest, 1);
        *w = (WaitingRequest){ d, TAKE_PTR(p->result) };
        store_after_commit(d->context.store, on_waiting_submitted, w);
}

static void submit_at_once(Dispatcher *d, PreparedRun *p) {
        Run *run;

        queue_order_take(d->order, p->result->task_queue, p->result->requester_uid);
        run = run_new(d, TAKE_PTR(p->result), TAKE_PTR(p->input));
        run->class = TAKE_PTR(p->class);
        store_after_commit(d->context.store, on_submitted, storing_run_new(run));
}

/* Nothing that waits has a better claim. */
static bool may_start_at_once(Dispatcher *d, const JobResult *jr) {
        const char *queue;
        uint32_t uid;

        return jr->waits_for == JOB_RESULT_WAITS_IN_LINE && dispatcher_has_room(d) && !d->must_recount &&
               queue_order_has_room(d->order, jr->task_queue) && !queue_order_next(d->order, &queue, &uid);
}

/* The reference's first words (row X2), ours for the reason. */
static int check_available(Dispatcher *d, const PreparedRun *p, Refusal *refusal) {
        const JobResult *jr = p->result;
        const JobQueue *q = job_queues_find_by_name(d->context.queues, jr->task_queue);
        const char *why = dispatcher_blocked_why(d, jr->task_queue);

        if (q && q->when_unavailable == JOB_QUEUE_REFUSE && !q->enabled)
                return refuse(refusal, -EBUSY, BUS_ERROR_QUEUE_UNAVAILABLE,
                              "Unable to process request: job queue %s is disabled and refuses runs until it is enabled "
                              "by \"jobctl queue set %s enabled=yes\"",
                              q->name, q->name);
        if (q && q->when_unavailable == JOB_QUEUE_REFUSE && why)
                return refuse(refusal, -EBUSY, BUS_ERROR_QUEUE_UNAVAILABLE,
                              "Unable to process request: systemd does not start the runs of job queue %s: %s",
                              q->name, why);
        if (q && q->when_unavailable == JOB_QUEUE_REFUSE && q->max_pending > 0 &&
            dispatcher_count_waiting_in(d, q->name) >= q->max_pending)
                return refuse(refusal, -EBUSY, BUS_ERROR_QUEUE_UNAVAILABLE,
                              "Unable to process request: job queue %s is full, %" PRIu64 " runs wait in it already "
                              "(its max_pending is %" PRIu32 "): try again later",
                              q->name, dispatcher_count_waiting_in(d, q->name), q->max_pending);
        return dispatcher_check_share(d, p, refusal);
}

static int store_request(Dispatcher *d, JobResult *jr, Refusal *refusal) {
        int r;

        r = job_queues_ensure(d->context.queues, jr->task_queue, now_usec());
        if (r == -E2BIG)
                return refuse(refusal, r, BUS_ERROR_TOO_MANY,
                              "there is no job queue %s, and no more than %i can be made", jr->task_queue,
                              JOB_QUEUES_MAX);
        if (r >= 0 && jr->boot_id[0])
                dispatcher_note_slice(d, jr->task_queue);
        if (r >= 0)
                r = store_result_insert(d->context.store, jr);
        return r < 0 ? refuse_store(refusal, r, store_error_text(d->context.store)) : 0;
}

int dispatcher_submit(Dispatcher *d, PreparedRun *p, Refusal *refusal) {
        bool at_once;
        int r = 0;

        if (p->result->not_before > now_usec())
                p->result->waits_for = JOB_RESULT_WAITS_FOR_TIME;
        else if (dispatcher_singleton_joins_others(d, p->result))
                p->result->waits_for = JOB_RESULT_WAITS_FOR_SINGLETON;
        at_once = may_start_at_once(d, p->result);
        if (at_once)
                dispatcher_mark(d, p->result);
        else
                r = check_available(d, p, refusal);
        if (r >= 0)
                r = store_request(d, p->result, refusal);
        if (r >= 0 && at_once)
                submit_at_once(d, p);
        else if (r >= 0)
                submit_waiting(d, p);
        prepared_run_done(p);
        return r;
}
