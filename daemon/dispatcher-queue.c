/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>

#include "dispatcher-internal.h"
#include "job-queues.h"
#include "log.h"
#include "message-ids.h"
#include "now.h"
#include "store-clock.h"
#include "store-result.h"
#include "store-waiting.h"

/* What waits: counted by queue and requester (queue-order.h), taken up from the store one by one as there is room. */

enum {
        STEPS_MAX = 256, /* runs taken up in one turn of the loop */
        DUE_MAX = 500,
};

/* It is not worth leaving for less. */
#define STAY_USEC (10 * USEC_PER_SEC)

bool dispatcher_has_room(const Dispatcher *d) {
        return g_hash_table_size(d->runs) < d->context.run.settings->max_running;
}

void dispatcher_mark(Dispatcher *d, JobResult *jr) {
        g_free(jr->boot_id);
        jr->boot_id = g_strdup(d->boot_id);
}

/* ---- counting ---- */

static void forget_place(Dispatcher *d) {
        g_clear_pointer(&d->place.queue, g_free);
}

static void count_singleton(Dispatcher *d, const char *job_id, int difference) {
        guint n = GPOINTER_TO_UINT(g_hash_table_lookup(d->singletons, job_id)) + (guint) difference;

        if (n == 0)
                (void) g_hash_table_remove(d->singletons, job_id);
        else
                (void) g_hash_table_insert(d->singletons, g_strdup(job_id), GUINT_TO_POINTER(n));
}

void dispatcher_add_waiting(Dispatcher *d, const JobResult *jr) {
        dispatcher_count_user(d, jr->requester_uid, 1);
        if (jr->waits_for == JOB_RESULT_WAITS_IN_LINE) {
                forget_place(d); /* an older one may come back into the line */
                queue_order_add_waiting(d->order, jr->task_queue, jr->requester_uid, 1);
                return;
        }
        queue_order_add_aside(d->order, jr->task_queue, 1);
        if (jr->waits_for == JOB_RESULT_WAITS_FOR_SINGLETON)
                count_singleton(d, jr->job_id, 1);
}

void dispatcher_remove_waiting(Dispatcher *d, const JobResult *jr) {
        forget_place(d);
        dispatcher_count_user(d, jr->requester_uid, -1);
        if (jr->waits_for == JOB_RESULT_WAITS_IN_LINE) {
                queue_order_remove_waiting(d->order, jr->task_queue, jr->requester_uid);
                return;
        }
        queue_order_remove_aside(d->order, jr->task_queue);
        if (jr->waits_for == JOB_RESULT_WAITS_FOR_SINGLETON && g_hash_table_contains(d->singletons, jr->job_id))
                count_singleton(d, jr->job_id, -1);
}

static void on_moved(int r, void *userdata) {
        if (r < 0)
                dispatcher_recount_later(userdata);
}

int dispatcher_move_waiting(Dispatcher *d, JobResult *jr, JobResultWait wait) {
        int r;

        r = store_waiting_set(d->context.store, jr->id, wait);
        if (r < 0)
                return r;
        dispatcher_remove_waiting(d, jr);
        jr->waits_for = wait;
        dispatcher_add_waiting(d, jr);
        store_after_commit(d->context.store, on_moved, d);
        return 0;
}

static void add_line(const char *queue, uint32_t uid, uint64_t n, void *userdata) {
        Dispatcher *d = userdata;

        queue_order_add_waiting(d->order, queue, uid, n);
        dispatcher_count_user(d, uid, (int64_t) n);
}

static void add_aside(const char *queue, uint32_t uid, uint64_t n, void *userdata) {
        Dispatcher *d = userdata;

        queue_order_add_aside(d->order, queue, n);
        dispatcher_count_user(d, uid, (int64_t) n);
}

static void add_singleton(const char *job_id, uint32_t uid, uint64_t n, void *userdata) {
        Dispatcher *d = userdata;

        (void) g_hash_table_insert(d->singletons, g_strdup(job_id), GUINT_TO_POINTER((guint) n));
}

int dispatcher_count_waiting(Dispatcher *d) {
        int r;

        forget_place(d);
        queue_order_clear_waiting(d->order);
        g_hash_table_remove_all(d->waiting_of);
        g_hash_table_remove_all(d->singletons);
        r = store_waiting_count_lines(d->context.store, add_line, d);
        if (r >= 0)
                r = store_waiting_count_aside(d->context.store, add_aside, d);
        if (r >= 0)
                r = store_waiting_count_singletons(d->context.store, add_singleton, d);
        if (r < 0)
                return r;
        d->must_recount = false;
        return 0;
}

void dispatcher_recount_later(Dispatcher *d) {
        d->must_recount = true;
        dispatcher_retry_later(d);
}

/* ---- rules ---- */

void dispatcher_set_rules(Dispatcher *d, const char *queue) {
        const JobQueue *q = job_queues_find_by_name(d->context.queues, queue);
        QueueRules rules;

        if (!q) {
                queue_order_set_rules(d->order, queue, NULL);
                return;
        }
        rules = (QueueRules){
                .enabled = q->enabled,
                .max_running = q->max_running,
                .weight = q->weight,
                .priority = q->priority,
        };
        dispatcher_limit_blocked(d, queue, &rules);
        queue_order_set_rules(d->order, queue, &rules);
}

void dispatcher_queue_changed(Dispatcher *d, const char *name) {
        const JobQueue *q = job_queues_find_by_name(d->context.queues, name);

        (void) g_hash_table_remove(d->slices, name);
        dispatcher_set_rules(d, name);
        if (!q)
                return;
        if (q->slice_set[0])
                dispatcher_set_slice(d, name);
        if (!q->enabled) /* a singleton's next one may be in this line, and others of its job wait for it */
                dispatcher_jobs_changed(d);
        dispatcher_pump_later(d);
}

/* ---- taking up ---- */

void dispatcher_pump_later(Dispatcher *d) {
        if (d->must_recount || queue_order_count_all_waiting(d->order) > 0)
                (void) sd_event_source_set_enabled(d->pump_source, SD_EVENT_ONESHOT);
}

static void on_dispatch_stored(int r, void *userdata) {
        g_autofree StoringRun *s = userdata;
        Dispatcher *d = s->dispatcher;
        Run *run;

        run = g_hash_table_lookup(d->runs, s->id);
        if (!run)
                return;
        run->storing = false;
        if (r >= 0) {
                run_start(run);
                return;
        }

        /* It waits again, as the store says; only its input is ours to keep. */
        if (run->input)
                dispatcher_hold_input(d, run->result, TAKE_PTR(run->input));
        dispatcher_forget_run(run);
        dispatcher_recount_later(d);
}

static Secret *take_input(Dispatcher *d, const JobResult *jr) {
        return dispatcher_take_input(d, jr->id) ?: dispatcher_read_input(d, jr);
}

static int dispatch(Dispatcher *d, JobResult *jr) {
        Run *run;
        int r;

        dispatcher_note_slice(d, jr->task_queue);
        dispatcher_mark(d, jr);
        r = store_result_update(d->context.store, jr);
        if (r < 0) {
                (void) job_result_free(jr);
                return r;
        }
        forget_place(d);
        dispatcher_count_user(d, jr->requester_uid, -1);
        queue_order_take(d->order, jr->task_queue, jr->requester_uid);
        run = run_new(d, jr, take_input(d, jr));
        store_after_commit(d->context.store, on_dispatch_stored, storing_run_new(run));
        return 0;
}

typedef struct SetAside {
        Dispatcher *dispatcher;
        JobResult *result;
} SetAside;

static void on_set_aside(int r, void *userdata) {
        g_autofree SetAside *a = userdata;
        _cleanup_(job_result_freep) JobResult *jr = a->result;

        /* The other run may be one that it replaces, and that was taken up after its request. */
        if (r >= 0)
                dispatcher_singleton_requested(a->dispatcher, jr);
}

/* Another run of the singleton is in flight. */
static int set_aside(Dispatcher *d, JobResult *jr) {
        SetAside *a;
        int r;

        r = dispatcher_move_waiting(d, jr, JOB_RESULT_WAITS_FOR_SINGLETON);
        if (r < 0) {
                (void) job_result_free(jr);
                return r;
        }
        a = g_new(SetAside, 1);
        *a = (SetAside){ d, jr };
        store_after_commit(d->context.store, on_set_aside, a);
        return 0;
}

/* Takes up the run that is next; 1 when there was one. */
static int dispatch_next(Dispatcher *d) {
        JobResult *jr = NULL;
        const char *queue;
        uint32_t uid;
        int r;

        if (!queue_order_next(d->order, &queue, &uid))
                return 0;
        r = store_waiting_next(d->context.store, queue, uid, &jr);
        if (r < 0)
                return r;
        if (r == 0) {
                log_warning("Lost count of the runs that wait in job queue %s, counting again", queue);
                r = dispatcher_count_waiting(d);
                return r < 0 ? r : queue_order_next(d->order, &queue, &uid);
        }
        if (g_hash_table_contains(d->runs, jr->id)) { /* it is being put back */
                (void) job_result_free(jr);
                return 0;
        }
        r = dispatcher_singleton_must_wait(d, jr) ? set_aside(d, jr) : dispatch(d, jr);
        return r < 0 ? r : 1;
}

static int on_pump(sd_event_source *source, void *userdata) {
        Dispatcher *d = userdata;
        unsigned n = 0;
        int r = 1;

        if (d->must_recount)
                r = dispatcher_count_waiting(d);
        if (r >= 0)
                r = 1;
        while (r > 0 && n++ < STEPS_MAX && dispatcher_has_room(d))
                r = dispatch_next(d);
        if (r < 0) {
                log_event(LOG_ERR, JOBD_MESSAGE_STORE_FAILED_STR, NULL, "Cannot take up runs that wait, trying again: %s",
                          store_error_text(d->context.store));
                dispatcher_retry_later(d);
        } else if (r > 0 && dispatcher_has_room(d))
                dispatcher_pump_later(d);
        return 0;
}

/* ---- what waits for a time ---- */

static int move_due(Dispatcher *d, guint *ret_n) {
        g_autoptr(GPtrArray) results = g_ptr_array_new();
        int r;

        r = store_waiting_list_due(d->context.store, now_usec(), DUE_MAX, results);
        for (guint i = 0; i < results->len; i++) {
                if (r >= 0)
                        r = dispatcher_move_waiting(d, results->pdata[i], JOB_RESULT_WAITS_IN_LINE);
                (void) job_result_free(results->pdata[i]);
        }
        *ret_n = results->len;
        return r;
}

static int on_due(sd_event_source *source, uint64_t usec, void *userdata) {
        Dispatcher *d = userdata;
        guint n;
        int r;

        r = move_due(d, &n);
        if (r < 0) {
                log_event(LOG_ERR, JOBD_MESSAGE_STORE_FAILED_STR, NULL,
                          "Cannot take up runs that are due, trying again: %s", store_error_text(d->context.store));
                dispatcher_retry_later(d); /* sets the time again, too */
        } else
                dispatcher_set_due(d);
        if (n > 0)
                dispatcher_pump_later(d);
        return 0;
}

void dispatcher_set_due(Dispatcher *d) {
        bool waits;
        uint64_t usec;
        int r;

        r = store_waiting_next_due(d->context.store, &usec);
        waits = r > 0;
        d->next_due = waits ? usec : 0;
        if (waits)
                r = sd_event_source_set_time(d->due_source, usec);
        if (r >= 0)
                r = sd_event_source_set_enabled(d->due_source, waits ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
        if (r < 0)
                dispatcher_retry_later(d);
}

void dispatcher_clock_set_back(Dispatcher *d) {
        if (store_clock_shorten_delays(d->context.store, now_usec()) < 0)
                log_event(LOG_ERR, JOBD_MESSAGE_STORE_FAILED_STR, NULL,
                          "The clock was set back, and runs that wait cannot be given an earlier time: %s",
                          store_error_text(d->context.store));
        dispatcher_set_due(d);
}

/* ---- leaving it ---- */

static bool is_armed(sd_event_source *source) {
        int enabled = SD_EVENT_OFF;

        return sd_event_source_get_enabled(source, &enabled) > 0;
}

bool dispatcher_can_leave_waiting(const Dispatcher *d) {
        const char *queue;
        uint32_t uid;

        /* What somebody is about to do, or would have to do again. */
        if (d->must_recount || is_armed(d->pump_source) || is_armed(d->retry_source) ||
            is_armed(d->unblock_source) || !g_queue_is_empty((GQueue *) &d->revocations) || g_hash_table_size(d->singletons) > 0)
                return false;
        /* Input that is in memory only would be lost. */
        if (g_hash_table_size(d->inputs) > 0)
                return false;
        return !queue_order_next(d->order, &queue, &uid) &&
               (d->next_due == 0 || d->next_due > now_usec() + STAY_USEC);
}

/* ---- making it ---- */

int dispatcher_queue_init(Dispatcher *d) {
        g_autoptr(GPtrArray) queues = job_queues_list(d->context.queues);
        int r;

        d->order = queue_order_new();
        d->singletons = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        d->slices = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_queue_init(&d->revocations);
        dispatcher_blocked_init(d);
        for (guint i = 0; i < queues->len; i++)
                dispatcher_set_rules(d, ((const JobQueue *) queues->pdata[i])->name);

        r = sd_event_add_defer(d->context.event, &d->pump_source, on_pump, d);
        if (r >= 0)
                r = sd_event_source_set_enabled(d->pump_source, SD_EVENT_OFF);
        /* The clock of the wall: it is set forward and back, and runs on while the host sleeps. */
        if (r >= 0)
                r = sd_event_add_time(d->context.event, &d->due_source, CLOCK_REALTIME, 0, 0, on_due, d);
        if (r >= 0)
                r = sd_event_source_set_enabled(d->due_source, SD_EVENT_OFF);
        return r;
}

void dispatcher_queue_done(Dispatcher *d) {
        (void) queue_order_free(d->order);
        g_clear_pointer(&d->singletons, g_hash_table_unref);
        g_clear_pointer(&d->slices, g_hash_table_unref);
        dispatcher_blocked_done(d);
        forget_place(d);
        (void) sd_event_source_disable_unref(d->pump_source);
        (void) sd_event_source_disable_unref(d->due_source);
}
