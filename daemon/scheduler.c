/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hash-table.h"
#include "log.h"
#include "message-ids.h"
#include "now.h"
#include "schedule-log.h"
#include "scheduler-internal.h"
#include "store-schedule.h"
#include "store-waiting.h"

/* Storing what becomes of scheduled jobs, and waiting for the next one. Firing is in scheduler-fire.c. */

/* Until something that did not answer is asked again. */
#define PUT_OFF_USEC (10 * USEC_PER_SEC)

/* It is not worth leaving for less. */
#define STAY_USEC (10 * USEC_PER_SEC)

/* ---- storing ---- */

typedef void (*Announce)(const ScheduledJob *sj, void *userdata);

/* A change until it is on the disk. */
typedef struct StoringSchedule {
        Scheduler *scheduler; /* weak ref */
        Announce announce;    /* NULL: only the journal */
        ScheduledJob *scheduled_job;
        int level;
        const char *message_id;
        char *caller;
        char *result_id;
        char *text;
} StoringSchedule;

static void on_stored(int r, void *userdata) {
        StoringSchedule *w = userdata;
        Scheduler *s = w->scheduler;

        if (r >= 0) {
                if (w->announce)
                        w->announce(w->scheduled_job, s->context.userdata);
                if (w->announce == s->context.hooks->removed || scheduled_job_state_is_final(w->scheduled_job->state))
                        input_files_remove(s->context.files, w->scheduled_job->id);
                if (w->message_id)
                        schedule_log(w->level, w->message_id, w->scheduled_job, w->caller, w->result_id, "%s",
                                     w->text);
        }
        /* Also when it was lost: the store knows what is next. */
        scheduler_scan_later(s);
        (void) scheduled_job_free(w->scheduled_job);
        g_free(w->caller);
        g_free(w->result_id);
        g_free(w->text);
        g_free(w);
}

static void announce_later(Scheduler *s, Announce announce, const ScheduledJob *sj, const ScheduleChange *change) {
        StoringSchedule *w = g_new(StoringSchedule, 1);

        *w = (StoringSchedule){
                .scheduler = s,
                .announce = announce,
                .scheduled_job = scheduled_job_copy(sj),
                .level = change->level > 0 ? change->level : LOG_NOTICE,
                .message_id = change->message_id,
                .caller = g_strdup(change->caller),
                .result_id = g_strdup(change->result_id),
                .text = g_strdup(change->text),
        };
        store_after_commit(s->context.store, on_stored, w);
}

void scheduler_log_later(Scheduler *s, const ScheduledJob *sj, const ScheduleChange *change) {
        announce_later(s, NULL, sj, change);
}

static int refuse_change(Scheduler *s, const ScheduledJob *sj, int r, Refusal *refusal) {
        if (r == -EEXIST)
                return refuse(refusal, r, BUS_ERROR_NAME_TAKEN,
                              "there is a scheduled job '%s' already: choose another name, or delete that one",
                              sj->name);
        if (r == -ENOENT)
                return refuse(refusal, r, BUS_ERROR_NO_SUCH_SCHEDULED_JOB, BUS_MESSAGE_NO_SUCH_SCHEDULED_JOB,
                              sj->name);
        return refuse_store(refusal, r, store_error_text(s->context.store));
}

int scheduler_insert(Scheduler *s, ScheduledJob *sj, const ScheduleChange *change, Refusal *refusal) {
        uint64_t n = 0;
        int r;

        r = sj->requester_uid == 0 ? 0 : store_schedule_count_of_requester(s->context.store, sj->requester_uid, &n);
        if (r >= 0 && n >= SCHEDULES_PER_REQUESTER_MAX)
                return refuse(refusal, -E2BIG, BUS_ERROR_TOO_MANY,
                              "%s has %" PRIu64 " scheduled jobs already, no more are taken: delete some first",
                              sj->requester, n);
        if (r >= 0)
                r = store_schedule_insert(s->context.store, sj);
        if (r < 0)
                return refuse_change(s, sj, r, refusal);
        announce_later(s, s->context.hooks->added, sj, change);
        return 0;
}

int scheduler_update(Scheduler *s, const ScheduledJob *sj, const ScheduleChange *change, Refusal *refusal) {
        int r;

        r = store_schedule_update(s->context.store, sj);
        if (r < 0)
                return refuse_change(s, sj, r, refusal);
        announce_later(s, s->context.hooks->changed, sj, change);
        return 0;
}

int scheduler_delete(Scheduler *s, const ScheduledJob *sj, const ScheduleChange *change, Refusal *refusal) {
        int r;

        r = store_schedule_delete(s->context.store, sj->id);
        if (r < 0)
                return refuse_change(s, sj, r, refusal);
        announce_later(s, s->context.hooks->removed, sj, change);
        return 0;
}

int scheduler_store(Scheduler *s, const ScheduledJob *sj, const ScheduleChange *change) {
        _cleanup_(refusal_done) Refusal f = {};
        int r;

        r = scheduler_update(s, sj, change, &f);
        if (r < 0)
                log_event(LOG_ERR, JOBD_MESSAGE_STORE_FAILED_STR, NULL,
                          "Cannot store the state of scheduled job '%s', trying again: %s", sj->name, f.message);
        return r;
}

/* ---- waiting ---- */

static void scheduled_job_free_func(void *sj) {
        (void) scheduled_job_free(sj);
}

void scheduler_scan_later(Scheduler *s) {
        (void) sd_event_source_set_enabled(s->scan_source, SD_EVENT_ONESHOT);
}

void scheduler_put_off(Scheduler *s, const char *id) {
        uint64_t *when = g_new(uint64_t, 1);

        *when = now_usec() + PUT_OFF_USEC;
        (void) g_hash_table_replace(s->put_off, g_strdup(id), when);
}

/* A clock that was set back may not make it wait for longer. */
static gboolean is_to_be_tried(void *id, void *when, void *now) {
        uint64_t then = *(uint64_t *) when, at = *(uint64_t *) now;

        return then <= at || then > at + PUT_OFF_USEC;
}

static uint64_t earliest_put_off(Scheduler *s) {
        uint64_t earliest = 0;
        GHashTableIter i;
        void *when;

        g_hash_table_iter_init(&i, s->put_off);
        while (g_hash_table_iter_next(&i, NULL, &when))
                if (earliest == 0 || *(uint64_t *) when < earliest)
                        earliest = *(uint64_t *) when;
        return earliest;
}

static uint64_t earlier(uint64_t a, uint64_t b) {
        return a == 0 || (b > 0 && b < a) ? b : a;
}

/*
 * For the loop: the next one that is not being looked at already. For PID 1: the next one at all, if we are not there.
 */
static void set_timers(Scheduler *s, uint64_t now, int error) {
        uint64_t due = 0, first = 0, expiry = 0, retry = 0;
        int r;

        r = store_schedule_next_due(s->context.store, now, &due);
        if (r >= 0)
                r = store_schedule_next_due(s->context.store, 0, &first);
        if (r >= 0)
                r = store_schedule_next_expiry(s->context.store, &expiry);
        if (r >= 0) /* the dispatcher has its own timer, but for when we are not there */
                r = store_waiting_next_due(s->context.store, &retry);
        if (r < 0) {
                log_error("Cannot read when the next scheduled job is due, trying again: %s",
                          store_error_text(s->context.store));
                error = r;
                first = earlier(first, now + PUT_OFF_USEC);
        }
        if (error < 0)
                due = earlier(due, now + PUT_OFF_USEC);
        due = earlier(due, earliest_put_off(s));
        due = earlier(due, expiry);
        s->next_due = due;
        wake_timer_want(s->wake, earlier(earlier(first, expiry), retry));
        if (due == 0) {
                (void) sd_event_source_set_enabled(s->timer_source, SD_EVENT_OFF);
                return;
        }
        (void) sd_event_source_set_time(s->timer_source, MAX(due, now + 1));
        (void) sd_event_source_set_enabled(s->timer_source, SD_EVENT_ONESHOT);
}

static int fire_due(Scheduler *s, uint64_t now) {
        unsigned limit = FIRINGS_MAX + g_hash_table_size(s->firings) + g_hash_table_size(s->put_off);
        g_autoptr(GPtrArray) due = g_ptr_array_new_with_free_func(scheduled_job_free_func);

        if (store_schedule_list_due(s->context.store, now, limit, due) < 0) {
                log_error("Cannot read the scheduled jobs that are due, trying again: %s",
                          store_error_text(s->context.store));
                return -EIO;
        }
        for (guint i = 0; i < due->len && g_hash_table_size(s->firings) < FIRINGS_MAX; i++) {
                ScheduledJob *sj = due->pdata[i];

                if (g_hash_table_contains(s->firings, sj->id) || g_hash_table_contains(s->put_off, sj->id))
                        continue;
                due->pdata[i] = NULL;
                scheduler_fire(s, sj);
        }
        return 0;
}

static void scan(Scheduler *s) {
        uint64_t now = now_usec();
        int r = 0;

        scheduler_zones_check(s);
        if (s->review.reasons & REVIEW_ZONES) /* what seems to be due may not be: the review comes back here */
                return;
        (void) g_hash_table_foreach_remove(s->put_off, is_to_be_tried, &now);
        if (g_hash_table_size(s->put_off) < PUT_OFF_MAX && g_hash_table_size(s->firings) < FIRINGS_MAX)
                r = fire_due(s, now);
        if (s->context.hooks->expire)
                s->context.hooks->expire(now, s->context.userdata);
        set_timers(s, now, r);
}

static int on_scan(sd_event_source *source, void *userdata) {
        scan(userdata);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        scan(userdata);
        return 0;
}

bool scheduler_is_idle(const Scheduler *s) {
        int enabled = SD_EVENT_OFF;

        return g_hash_table_size(s->firings) == 0 && wake_timer_is_idle(s->wake) && scheduler_review_is_idle(s) &&
               sd_event_source_get_enabled(s->scan_source, &enabled) == 0 &&
               (s->next_due == 0 || s->next_due > now_usec() + STAY_USEC);
}

void scheduler_leave(Scheduler *s) {
        set_timers(s, now_usec(), 0); /* what has changed in this turn of the loop, too */
        wake_timer_finish(s->wake);
}

bool scheduler_may_leave(const Scheduler *s) {
        return g_hash_table_size(s->firings) == 0 && wake_timer_is_idle(s->wake) && scheduler_review_is_idle(s);
}

int scheduler_end(const Scheduler *s) {
        return wake_timer_end(s->wake);
}

/* ---- making it ---- */

/*
 * CLOCK_REALTIME with an absolute time: when the clock is set forward past it, or the host wakes up after it, the
 * timer elapses at once; when it is set back, it elapses when the clock shows that time again.
 */
static int add_sources(Scheduler *s) {
        int r;

        r = sd_event_add_time(s->context.event, &s->timer_source, CLOCK_REALTIME, 0, 1, on_timer, s);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->timer_source, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_defer(s->context.event, &s->scan_source, on_scan, s);
        return r;
}

int scheduler_new(const SchedulerContext *context, Scheduler **ret) {
        _cleanup_(scheduler_freep) Scheduler *s = NULL;
        int r;

        s = g_new0(Scheduler, 1);
        s->context = *context;
        s->firings = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, scheduler_firing_free);
        s->put_off = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        scheduler_zones_init(s);
        r = add_sources(s);
        if (r >= 0)
                r = wake_timer_new(context->event, &s->wake);
        if (r >= 0)
                r = scheduler_review_init(s);
        if (r >= 0)
                r = scheduler_clock_init(s);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

Scheduler *scheduler_free(Scheduler *s) {
        if (!s)
                return NULL;
        g_hash_table_unref(s->firings);
        g_hash_table_unref(s->put_off);
        (void) sd_event_source_disable_unref(s->timer_source);
        (void) sd_event_source_disable_unref(s->scan_source);
        (void) wake_timer_free(s->wake);
        scheduler_clock_done(s);
        scheduler_review_done(s);
        g_free(s->zone_edition);
        g_free(s);
        return NULL;
}
