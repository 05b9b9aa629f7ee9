/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "dispatcher-internal.h"
#include "job-queues.h"
#include "log.h"
#include "store-result.h"

/*
 * A queue whose slice was masked or is being stopped, by an administrator or because the host goes down: what was
 * about to start in it goes back into the line instead of failing. From time to time one run tries whether it may.
 */

enum { TRY_AGAIN_SEC = 10 };

typedef struct Blocked {
        char *why;
        bool tries; /* one run may be started */
} Blocked;

static void blocked_free_func(void *p) {
        Blocked *b = p;

        g_free(b->why);
        g_free(b);
}

void dispatcher_blocked_init(Dispatcher *d) {
        d->blocked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, blocked_free_func);
}

void dispatcher_blocked_done(Dispatcher *d) {
        g_clear_pointer(&d->blocked, g_hash_table_unref);
        (void) sd_event_source_disable_unref(d->unblock_source);
}

const char *dispatcher_blocked_why(const Dispatcher *d, const char *queue) {
        const Blocked *b = g_hash_table_lookup(d->blocked, queue);

        return b ? b->why : NULL;
}

void dispatcher_limit_blocked(const Dispatcher *d, const char *queue, QueueRules *rules) {
        const Blocked *b = g_hash_table_lookup(d->blocked, queue);
        uint64_t one_more = queue_order_count_running(d->order, queue) + 1;

        if (!b)
                return;
        if (!b->tries)
                rules->enabled = false;
        else if (rules->max_running == 0 || rules->max_running > one_more)
                rules->max_running = (uint32_t) one_more;
}

void dispatcher_unblock(Dispatcher *d, const char *queue) {
        if (!g_hash_table_contains(d->blocked, queue))
                return;
        log_info("systemd starts the runs of job queue %s again", queue);
        (void) g_hash_table_remove(d->blocked, queue);
        dispatcher_set_rules(d, queue);
        dispatcher_pump_later(d);
}

/* ---- trying again ---- */

static int on_try_again(sd_event_source *source, uint64_t usec, void *userdata) {
        Dispatcher *d = userdata;
        GHashTableIter i;
        void *queue;
        Blocked *b;

        g_hash_table_iter_init(&i, d->blocked);
        while (g_hash_table_iter_next(&i, &queue, (void **) &b)) {
                b->tries = true;
                dispatcher_set_rules(d, queue);
        }
        dispatcher_pump_later(d);
        return 0;
}

static void try_again_later(Dispatcher *d) {
        int enabled = SD_EVENT_OFF, r = 0;

        if (sd_event_source_get_enabled(d->unblock_source, &enabled) > 0)
                return;
        if (!d->unblock_source)
                r = sd_event_add_time_relative(d->context.event, &d->unblock_source, CLOCK_MONOTONIC,
                                               TRY_AGAIN_SEC * USEC_PER_SEC, 0, on_try_again, d);
        else
                r = sd_event_source_set_time_relative(d->unblock_source, TRY_AGAIN_SEC * USEC_PER_SEC);
        if (r >= 0)
                r = sd_event_source_set_enabled(d->unblock_source, SD_EVENT_ONESHOT);
        if (r < 0)
                (void) log_error_errno(r, "Cannot set a timer: %m");
}

/* ---- one that was refused ---- */

static void block(Dispatcher *d, const char *queue, const char *why) {
        Blocked *b = g_hash_table_lookup(d->blocked, queue);

        if (!b) {
                log_warning("systemd does not start the runs of job queue %s, which wait until it does: %s", queue,
                            why);
                b = g_new0(Blocked, 1);
                (void) g_hash_table_insert(d->blocked, g_strdup(queue), b);
        }
        g_free(b->why);
        b->why = g_strdup(why);
        b->tries = false;
        dispatcher_set_rules(d, queue);
        try_again_later(d);
        dispatcher_jobs_changed(d); /* a singleton's next one may be in this line, and others of its job wait for it */
}

void run_put_back(Run *run, const char *why) {
        JobResult *jr = run->result;

        run->has_unit = false;
        run->put_back = true;
        block(run->dispatcher, jr->task_queue, why);
        g_free(jr->boot_id);
        jr->boot_id = g_strdup("");
        run_store(run);
}

void run_back_in_line(Run *run) {
        g_autofree char *job_id = g_strdup(run->result->job_id);
        Secret *input = run->retry_input ? TAKE_PTR(run->retry_input) : TAKE_PTR(run->input);
        const JobResult *jr = run->result;
        Dispatcher *d = run->dispatcher;

        if (jr->has_sensitive_variables && input)
                dispatcher_hold_input(d, jr, input);
        else
                (void) secret_free(input);
        dispatcher_add_waiting(d, jr);
        dispatcher_announce_change(d, jr);
        dispatcher_forget_run(run);
        dispatcher_singleton_ended(d, job_id); /* it is not in flight, and others may be able to start */
        dispatcher_pump_later(d);
}
