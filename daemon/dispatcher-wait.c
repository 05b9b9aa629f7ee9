/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>

#include "dispatcher-internal.h"
#include "log.h"
#include "store-waiting.h"

/* What a run waits for, in words. Computed when somebody asks: nothing is kept up to date for those that wait. */

/* Its number among its requester's runs in that line, from 1. A list asks for many, each a little older. */
static int find_number(Dispatcher *d, const JobResult *jr, uint64_t *ret) {
        bool same = d->place.queue && strcmp(d->place.queue, jr->task_queue) == 0 &&
                    d->place.uid == jr->requester_uid && d->place.seq >= jr->seq;
        uint64_t n = 0;
        int r;

        r = store_waiting_number(d->context.store, jr->task_queue, jr->requester_uid, same ? jr->seq : 0,
                                 same ? d->place.seq : jr->seq, &n);
        if (r < 0)
                return r;
        n = same ? d->place.number - MIN(n, d->place.number - 1) : n + 1;
        g_free(d->place.queue);
        d->place.queue = g_strdup(jr->task_queue);
        d->place.uid = jr->requester_uid;
        d->place.seq = jr->seq;
        d->place.number = n;
        *ret = n;
        return 0;
}

static const char *ordinal_ending(uint64_t n) {
        static const char *const endings[] = { "th", "st", "nd", "rd" };

        return n % 100 / 10 == 1 || n % 10 > 3 ? "th" : endings[n % 10];
}

/* Why the line does not move. */
static char *describe_line(Dispatcher *d, const char *queue) {
        const JobQueue *q = job_queues_find_by_name(d->context.queues, queue);
        uint64_t n_running = queue_order_count_running(d->order, queue);
        const char *why = dispatcher_blocked_why(d, queue);

        if (q && !q->enabled)
                return g_strdup("the queue is disabled");
        if (why)
                return g_strdup_printf("systemd does not start it: %s", why);
        if (q && !queue_order_has_room(d->order, queue))
                return g_strdup_printf("the queue runs %" PRIu64 " of %" PRIu32, n_running, q->max_running);
        if (!dispatcher_has_room(d))
                return g_strdup_printf("jobd runs %u of %" PRIu64 " (MaxRunning= of jobd.conf)",
                                       g_hash_table_size(d->runs), d->context.run.settings->max_running);
        return g_strdup("it is about to start");
}

static void describe_place(Dispatcher *d, JobResult *jr) {
        g_autofree char *why = describe_line(d, jr->task_queue);
        uint64_t number = 0, position;

        if (find_number(d, jr, &number) < 0)
                log_warning("Cannot find the place of job result %s in its queue: %s", jr->id,
                            store_error_text(d->context.store));
        position = MAX(queue_order_position(d->order, jr->task_queue, jr->requester_uid, number), UINT64_C(1));
        jr->position = (uint32_t) MIN(position, (uint64_t) UINT32_MAX);
        jr->wait_reason = g_strdup_printf("%" PRIu64 "%s of %" PRIu64 " in job queue %s: %s", position,
                                          ordinal_ending(position),
                                          queue_order_count_waiting(d->order, jr->task_queue), jr->task_queue, why);
}

static char *describe_time(const JobResult *jr) {
        g_autofree char *when = job_result_format_time(jr->not_before);

        if (jr->attempt > 1)
                return g_strdup_printf("attempt %u of %u begins at %s", jr->attempt, jr->attempts, when);
        return g_strdup_printf("it begins at %s", when);
}

static char *describe_singleton(Dispatcher *d, const JobResult *jr) {
        const Run *other = dispatcher_find_other_run(d, jr);
        guint n = GPOINTER_TO_UINT(g_hash_table_lookup(d->singletons, jr->job_id));

        if (other && n > 1)
                return g_strdup_printf("job '%s' is a singleton: job result %s runs, %u wait for its end", jr->job_name,
                                       other->result->id, n);
        if (other)
                return g_strdup_printf("job '%s' is a singleton: it waits for the end of job result %s", jr->job_name,
                                       other->result->id);
        return g_strdup_printf("job '%s' is a singleton: another run of it comes first", jr->job_name);
}

void dispatcher_describe_wait(Dispatcher *d, JobResult *jr) {
        if (jr->wait_reason || jr->status != JOB_RESULT_PENDING || jr->boot_id[0])
                return;
        switch (jr->waits_for) {
        case JOB_RESULT_WAITS_FOR_TIME:
                jr->wait_reason = describe_time(jr);
                break;
        case JOB_RESULT_WAITS_FOR_SINGLETON:
                jr->wait_reason = describe_singleton(d, jr);
                break;
        default:
                describe_place(d, jr);
        }
}
