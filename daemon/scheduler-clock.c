/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "now.h"
#include "scheduler-internal.h"
#include "store-clock.h"

/*
 * The clock of the host is set. Forward: the timers elapse, and what lies in between was missed. Back: what was worked
 * out while the clock was ahead may be far away, by years on a host whose clock was wrong at boot; it is worked out
 * again. What has run, or was missed, has its job result and comes no second time.
 */

/* Less is the clock being adjusted, and the time between two calls. */
#define SET_BACK_USEC (10 * USEC_PER_MSEC)

/* How far the clock is ahead of one that runs evenly, while the host sleeps, too. */
static int64_t measure_offset(void) {
        uint64_t now = now_usec();
        struct timespec ts;

        (void) clock_gettime(CLOCK_BOOTTIME, &ts);
        return (int64_t) now - (int64_t) ((uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / NSEC_PER_USEC);
}

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
                scheduler_review_later(s, REVIEW_CLOCK);
        scheduler_scan_later(s);
        return 0;
}

static int watch(Scheduler *s) {
        int fd, r;

        fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = arm(fd);
        if (r >= 0)
                r = sd_event_add_io(s->context.event, &s->clock.set_source, fd, EPOLLIN, on_clock_set, s);
        if (r >= 0) /* before anything is stored with the time of now: see store_written_usec() */
                r = sd_event_source_set_priority(s->clock.set_source, SD_EVENT_PRIORITY_IMPORTANT);
        if (r < 0) {
                (void) close(fd);
                return r;
        }
        return sd_event_source_set_io_fd_own(s->clock.set_source, true);
}

int scheduler_clock_init(Scheduler *s) {
        s->clock.offset = measure_offset();
        return watch(s);
}

void scheduler_start(Scheduler *s) {
        if (s->context.store_written_usec > now_usec() || store_clock_is_marked(s->context.state_directory))
                scheduler_review_later(s, REVIEW_CLOCK);
        scheduler_zones_check(s);
}

void scheduler_clock_done(Scheduler *s) {
        (void) sd_event_source_disable_unref(s->clock.set_source);
}
