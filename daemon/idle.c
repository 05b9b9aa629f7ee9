/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "idle.h"
#include "log.h"

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
                r = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
        if (r >= 0)
                r = sd_event_set_watchdog(event, true);
        if (r < 0)
                return log_error_errno(r, "Cannot set up the event loop: %m");
        *ret = TAKE_PTR(event);
        return 0;
}

typedef struct Leaving {
        sd_event *event;
        bool started;
} Leaving;

static int on_name_lost(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Leaving *l = userdata;

        if (l->started)
                (void) sd_event_exit(l->event, 0);
        return 0;
}

static int begin_to_leave(Leaving *l, sd_bus *bus, const char *bus_name) {
        int r;

        (void) sd_notify(false, "STOPPING=1\nSTATUS=Leaving, nothing to do.");
        l->started = true;
        r = sd_bus_release_name_async(bus, NULL, bus_name, NULL, NULL);
        return r;
}

/* One turn: 1 when something was done, 0 when the timeout passed with nothing to do. */
static int turn(sd_event *event, uint64_t timeout_usec) {
        int r;

        r = sd_event_run(event, timeout_usec);
        if (r < 0)
                return log_error_errno(r, "The event loop failed: %m");
        return r;
}

int idle_loop(sd_event *event, sd_bus *bus, const char *bus_name, uint64_t timeout_usec,
              bool (*is_idle)(void *userdata), void *userdata) {
        Leaving l = { .event = event };
        int code = 0, r;

        r = sd_bus_match_signal_async(bus, NULL, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                      "org.freedesktop.DBus", "NameLost", on_name_lost, NULL, &l);
        if (r < 0)
                return log_error_errno(r, "Cannot watch the bus name: %m");

        while (sd_event_get_state(event) != SD_EVENT_FINISHED) {
                r = turn(event, is_idle(userdata) && !l.started ? timeout_usec : UINT64_MAX);
                if (r < 0)
                        return r;
                if (r == 0 && !l.started && sd_event_get_state(event) != SD_EVENT_FINISHED && is_idle(userdata)) {
                        r = begin_to_leave(&l, bus, bus_name);
                        if (r < 0)
                                return log_error_errno(r, "Cannot give the bus name back: %m");
                }
        }

        r = sd_event_get_exit_code(event, &code);
        return r < 0 ? r : code;
}
