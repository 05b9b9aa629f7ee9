/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "log.h"
#include "message-ids.h"
#include "now.h"
#include "scheduler-internal.h"
#include "settings.h"
#include "store-clock.h"
#include "store-schedule.h"

/*
 * The clock was set back: what was worked out while it was ahead is worked out again, some in each turn of the loop. The
 * same when the rules of time zones have changed. That this has to be done is on the disk before, until it is done: a jobd
 * that is killed in between leaves it to the next one.
 */

enum { REVIEW_MAX = 50 }; /* in one turn of the loop */

/* The first time from now on that there is no job result for; as it was, if that is none earlier. */
static int work_out(Scheduler *s, ScheduledJob *sj, uint64_t now) {
        g_autofree char *error = NULL;
        uint64_t next = now;
        int r = 1;

        while (r > 0) {
                r = schedule_next_run(sj, next, &next, &error);
                if (r < 0 || next >= sj->next_run_at)
                        return 0; /* an error is told when it fires */
                r = store_clock_has_occurrence(s->context.store, sj->id, next);
        }
        if (r < 0)
                return r;
        sj->next_run_at = next;
        return 1;
}

/* Where its next time is by the rules of now; never one that was before it became what it is, or has a job result. */
static int move(Scheduler *s, ScheduledJob *sj, uint64_t now) {
        uint64_t next, not_before = MIN(sj->date_changed, now);
        g_autofree char *error = NULL;
        int r;

        r = schedule_nearest_run(sj, sj->next_run_at, &next, &error);
        if (r < 0 || next == sj->next_run_at)
                return 0; /* an error is told when it fires */
        for (;;) {
                r = next <= not_before ? 1 : store_clock_has_occurrence(s->context.store, sj->id, next);
                if (r <= 0)
                        break;
                r = schedule_next_run(sj, next, &next, &error);
                if (r < 0)
                        return 0;
        }
        if (r < 0 || next == sj->next_run_at)
                return r;
        sj->next_run_at = next;
        return 1;
}

static int review_active(Scheduler *s, ScheduledJob *sj, uint64_t now) {
        int moved = 0, r = 0;

        if (schedule_interval_is_one_off(sj->interval))
                return 0;
        if (s->review.reasons & REVIEW_ZONES)
                moved = move(s, sj, now);
        if (moved >= 0 && s->review.reasons & REVIEW_CLOCK && sj->next_run_at > now)
                r = work_out(s, sj, now);
        if (moved < 0 || r < 0)
                return moved < 0 ? moved : r;
        if (moved == 0 && r == 0)
                return 0;
        r = scheduler_store(s, sj, &(ScheduleChange){});
        if (r >= 0)
                s->review.n_other++;
        return r;
}

/* A request that was made, or changed, while the clock was ahead: it waits for no longer than one that is made now. */
static int review_pending(Scheduler *s, ScheduledJob *sj, uint64_t now) {
        uint64_t timeout = s->context.run.settings->approval_timeout_usec;
        int r;

        if (!(s->review.reasons & REVIEW_CLOCK) || sj->date_changed <= now || timeout == USEC_INFINITY || sj->expires_at <= now ||
            sj->expires_at - now <= timeout)
                return 0;
        sj->expires_at = now + timeout;
        r = scheduler_store(s, sj, &(ScheduleChange){});
        if (r >= 0)
                s->review.n_expire++;
        return r;
}

static void scheduled_job_free_func(void *sj) {
        (void) scheduled_job_free(sj);
}

/* 1: there are more. */
static int review_some(Scheduler *s) {
        g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(scheduled_job_free_func);
        const ScheduledJobFilter filter = {
                .states = UINT32_C(1) << SCHEDULED_JOB_ACTIVE | UINT32_C(1) << SCHEDULED_JOB_PENDING,
                .requester_uid = -1,
                .before_seq = s->review.before_seq,
                .limit = REVIEW_MAX,
        };
        uint64_t now = now_usec();
        int r;

        r = store_schedule_list(s->context.store, &filter, list);
        for (guint i = 0; i < list->len && r >= 0; i++) {
                ScheduledJob *sj = list->pdata[i];

                r = sj->state == SCHEDULED_JOB_ACTIVE ? review_active(s, sj, now) : review_pending(s, sj, now);
                s->review.before_seq = sj->seq;
        }
        return r < 0 ? r : list->len == REVIEW_MAX;
}

/* The last of it is on the disk, or is not; it may have begun anew meanwhile. */
static void on_stored(int r, void *userdata) {
        Scheduler *s = userdata;
        unsigned stored;

        if (r >= 0 && !scheduler_review_is_idle(s))
                return; /* at the end of that one */
        stored = r >= 0 ? s->review.storing : 0;
        s->review.storing = 0;
        if (stored & REVIEW_ZONES)
                scheduler_zones_store(s);
        r = stored & REVIEW_CLOCK ? store_clock_unmark(s->context.state_directory) : 0;
        if (r < 0)
                (void) log_error_errno(r, "Cannot remove %s/" STORE_CLOCK_MARK
                                          ", next times are worked out again at the next start: %m",
                                       s->context.state_directory);
}

static void log_reviewed(const Scheduler *s) {
        if (s->review.reasons & REVIEW_CLOCK)
                log_event(LOG_NOTICE, JOBD_MESSAGE_CLOCK_SET_BACK_STR, NULL,
                          "The clock was set back: of %u scheduled jobs the next time is earlier than it was, %u requests "
                          "for an approval expire earlier",
                          s->review.n_other, s->review.n_expire);
        else
                log_notice("The time zones of this host have changed: of %u scheduled jobs the next time is another than "
                           "it was",
                           s->review.n_other);
}

static int on_review(sd_event_source *source, void *userdata) {
        Scheduler *s = userdata;
        int r;

        r = review_some(s);
        if (r > 0) {
                (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
                return 0;
        }
        if (r < 0)
                log_event(LOG_ERR, JOBD_MESSAGE_STORE_FAILED_STR, NULL,
                          "The clock was set back or time zones have changed, and the next times of scheduled jobs cannot "
                          "be worked out: %s",
                          store_error_text(s->context.store));
        else {
                log_reviewed(s);
                s->review.storing |= s->review.reasons;
                store_after_commit(s->context.store, on_stored, s);
        }
        s->review.reasons = 0;
        scheduler_scan_later(s);
        return 0;
}

static void mark(Scheduler *s) {
        int r;

        r = store_clock_mark(s->context.state_directory);
        if (r < 0)
                (void) log_error_errno(r, "Cannot make %s/" STORE_CLOCK_MARK
                                          ", next times stay as they are if jobd is killed now: %m",
                                       s->context.state_directory);
}

void scheduler_review_later(Scheduler *s, ReviewReason reason) {
        if (reason == REVIEW_CLOCK) {
                mark(s);
                dispatcher_clock_set_back(s->context.dispatcher);
        }
        s->review.reasons |= reason;
        s->review.before_seq = 0;
        s->review.n_other = s->review.n_expire = 0;
        (void) sd_event_source_set_enabled(s->review.source, SD_EVENT_ONESHOT);
}

bool scheduler_review_is_idle(const Scheduler *s) {
        int enabled = SD_EVENT_OFF;

        return sd_event_source_get_enabled(s->review.source, &enabled) == 0;
}

int scheduler_review_init(Scheduler *s) {
        int r;

        r = sd_event_add_defer(s->context.event, &s->review.source, on_review, s);
        return r < 0 ? r : sd_event_source_set_enabled(s->review.source, SD_EVENT_OFF);
}

void scheduler_review_done(Scheduler *s) {
        (void) sd_event_source_disable_unref(s->review.source);
}
