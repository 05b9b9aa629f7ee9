/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "log.h"
#include "message-ids.h"
#include "now.h"
#include "scheduler-internal.h"
#include "store-clock.h"
#include "store-schedule.h"

/*
 * The clock of the host is set. Forward: the timers elapse, and what lies in between was missed. Back: what was worked
 * out while the clock was ahead may be far away, by years on a host whose clock was wrong at boot; it is worked out
 * again. What has run, or was missed, has its job result and comes no second time.
 */

enum { REVIEW_MAX = 50 }; /* in one turn of the loop */

/* Less is the clock being adjusted, and the time between two calls. */
#define SET_BACK_USEC (10 * USEC_PER_MSEC)

/* How far the clock is ahead of one that runs evenly, while the host sleeps, too. */
static int64_t measure_offset(void) {
        uint64_t now = now_usec();
        struct timespec ts;

        (void) clock_gettime(CLOCK_BOOTTIME, &ts);
        return (int64_t) now - (int64_t) ((uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / NSEC_PER_USEC);
}

/* ---- what was worked out while it was ahead ---- */

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

static int review_one(Scheduler *s, ScheduledJob *sj, uint64_t now) {
        int r;

        if (schedule_interval_is_one_off(sj->interval) || sj->next_run_at <= now)
                return 0;
        r = work_out(s, sj, now);
        if (r <= 0)
                return r;
        r = scheduler_store(s, sj, &(ScheduleChange){});
        if (r >= 0)
                s->clock.n_changed++;
        return r;
}

static void scheduled_job_free_func(void *sj) {
        (void) scheduled_job_free(sj);
}

/* 1: there are more. */
static int review_some(Scheduler *s) {
        g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(scheduled_job_free_func);
        const ScheduledJobFilter filter = {
                .states = UINT32_C(1) << SCHEDULED_JOB_ACTIVE,
                .requester_uid = -1,
                .before_seq = s->clock.before_seq,
                .limit = REVIEW_MAX,
        };
        uint64_t now = now_usec();
        int r;

        r = store_schedule_list(s->context.store, &filter, list);
        for (guint i = 0; i < list->len && r >= 0; i++) {
                ScheduledJob *sj = list->pdata[i];

                r = review_one(s, sj, now);
                s->clock.before_seq = sj->seq;
        }
        return r < 0 ? r : list->len == REVIEW_MAX;
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
                          "The clock was set back, and the next times of scheduled jobs cannot be worked out: %s",
                          store_error_text(s->context.store));
        else
                log_event(LOG_NOTICE, JOBD_MESSAGE_CLOCK_SET_BACK_STR, NULL,
                          "The clock was set back: of %u scheduled jobs the next time is earlier than it was",
                          s->clock.n_changed);
        return 0;
}

static void review_later(Scheduler *s) {
        dispatcher_clock_set_back(s->context.dispatcher);
        s->clock.before_seq = 0;
        s->clock.n_changed = 0;
        (void) sd_event_source_set_enabled(s->clock.review_source, SD_EVENT_ONESHOT);
}

/* ---- noticing it ---- */

/* For no time that will come: it is cancelled when the clock is set (timerfd_create(2)). */
static int arm(int fd) {
        static const struct itimerspec never = { .it_value.tv_sec = (time_t) TIME_ZONE_SEC_MAX };

        return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) < 0 ? -errno : 0;
}

static int on_clock_set(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        int64_t offset, before;
        Scheduler *s = userdata;
        uint64_t n;

        if (read(fd, &n, sizeof(n)) < 0 && errno == EAGAIN)
                return 0;
        if (arm(fd) < 0)
                (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        before = s->clock.offset;
        offset = s->clock.offset = measure_offset();
        /* What PID 1 makes of its timer is not known. */
        wake_timer_forget(s->wake);
        if (offset + (int64_t) SET_BACK_USEC < before)
                review_later(s);
        scheduler_scan_later(s);
        return 0;
}

bool scheduler_clock_is_idle(const Scheduler *s) {
        int enabled = SD_EVENT_OFF;

        return sd_event_source_get_enabled(s->clock.review_source, &enabled) == 0;
}

static int watch(Scheduler *s) {
        int fd, r;

        fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = arm(fd);
        if (r >= 0)
                r = sd_event_add_io(s->context.event, &s->clock.set_source, fd, EPOLLIN, on_clock_set, s);
        if (r < 0) {
                (void) close(fd);
                return r;
        }
        return sd_event_source_set_io_fd_own(s->clock.set_source, true);
}

int scheduler_clock_init(Scheduler *s) {
        int r;

        s->clock.offset = measure_offset();
        r = sd_event_add_defer(s->context.event, &s->clock.review_source, on_review, s);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->clock.review_source, SD_EVENT_OFF);
        if (r >= 0)
                r = watch(s);
        return r;
}

void scheduler_start(Scheduler *s) {
        if (s->context.store_written_usec > now_usec())
                review_later(s);
}

void scheduler_clock_done(Scheduler *s) {
        (void) sd_event_source_disable_unref(s->clock.set_source);
        (void) sd_event_source_disable_unref(s->clock.review_source);
}
