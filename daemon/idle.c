/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>

#include "idle.h"
#include "log.h"

/* Less than TimeoutStopSec= of jobd.service. */
#define LEAVE_TIMEOUT_USEC (5 * USEC_PER_SEC)

int event_loop_new(sd_event **ret) {
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        sigset_t signals;
        int r;

        (void) sigemptyset(&signals);
        (void) sigaddset(&signals, SIGTERM);
        (void) sigaddset(&signals, SIGINT);
        (void) sigprocmask(SIG_BLOCK, &signals, NULL);

        r = sd_event_default(&event);
        if (r >= 0)
                r = sd_event_set_watchdog(event, true);
        if (r < 0)
                return log_error_errno(r, "Cannot set up the event loop: %m");
        *ret = TAKE_PTR(event);
        return 0;
}

typedef struct Leaving {
        sd_event *event;
        sd_bus *bus;
        const char *bus_name;
        const IdleCallbacks *callbacks;
        void *userdata;
        uint64_t timeout_usec;
        bool started;
        bool name_released;
        uint64_t deadline_usec;
        bool too_late; /* said so: to end takes further turns of the loop */
} Leaving;

/* Comes after all that the bus had for the name. */
static int on_name_released(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Leaving *l = userdata;

        l->name_released = true;
        return 0;
}

static int begin_to_leave(Leaving *l) {
        int r;

        (void) sd_notify(false, "STOPPING=1\nSTATUS=Leaving.");
        l->started = true;
        (void) sd_event_now(l->event, CLOCK_MONOTONIC, &l->deadline_usec);
        l->deadline_usec += LEAVE_TIMEOUT_USEC;
        if (l->callbacks->leaving)
                l->callbacks->leaving(l->userdata);
        r = sd_bus_release_name_async(l->bus, NULL, l->bus_name, on_name_released, l);
        return r < 0 ? log_error_errno(r, "Cannot give the bus name back: %m") : 0;
}

static int on_terminate(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        Leaving *l = userdata;
        int r;

        r = l->started ? -EALREADY : begin_to_leave(l);
        if (r < 0)
                (void) sd_event_exit(l->event, 0);
        return 0;
}

static int watch_signals(Leaving *l) {
        int r;

        r = sd_event_add_signal(l->event, NULL, SIGTERM, on_terminate, l);
        if (r >= 0)
                r = sd_event_add_signal(l->event, NULL, SIGINT, on_terminate, l);
        return r < 0 ? log_error_errno(r, "Cannot set up the event loop: %m") : 0;
}

static bool is_idle(const Leaving *l) {
        return l->callbacks->is_idle(l->userdata);
}

static bool may_leave(const Leaving *l) {
        return l->name_released && (!l->callbacks->may_leave || l->callbacks->may_leave(l->userdata));
}

static uint64_t time_left(const Leaving *l) {
        uint64_t now = 0;

        (void) sd_event_now(l->event, CLOCK_MONOTONIC, &now);
        return l->deadline_usec > now ? l->deadline_usec - now : 0;
}

/* Before sd_event_exit(), which closes the connection to the bus. */
static void leave_nevertheless(Leaving *l) {
        if (l->callbacks->too_late && !l->too_late)
                l->callbacks->too_late(l->userdata);
        l->too_late = true;
        (void) sd_event_exit(l->event, 0);
}

/* One turn of the loop. */
static int turn(Leaving *l) {
        uint64_t timeout_usec = UINT64_MAX;
        int r;

        if (l->started)
                timeout_usec = time_left(l);
        else if (is_idle(l))
                timeout_usec = l->timeout_usec;

        r = sd_event_run(l->event, timeout_usec);
        if (r < 0)
                return log_error_errno(r, "The event loop failed: %m");
        if (r == 0 && !l->started && sd_event_get_state(l->event) != SD_EVENT_FINISHED && is_idle(l))
                return begin_to_leave(l);
        return 0;
}

int idle_loop(sd_event *event, sd_bus *bus, const char *bus_name, uint64_t timeout_usec, const IdleCallbacks *callbacks,
              void *userdata) {
        Leaving l = {
                .event = event,
                .bus = bus,
                .bus_name = bus_name,
                .callbacks = callbacks,
                .userdata = userdata,
                .timeout_usec = timeout_usec,
        };
        int code = 0, r;

        r = watch_signals(&l);
        if (r < 0)
                return r;
        while (sd_event_get_state(event) != SD_EVENT_FINISHED) {
                r = turn(&l);
                if (r < 0)
                        return r;
                if (l.started && may_leave(&l))
                        (void) sd_event_exit(event, 0);
                else if (l.started && time_left(&l) == 0)
                        leave_nevertheless(&l);
        }

        r = sd_event_get_exit_code(event, &code);
        return r < 0 ? r : code;
}
