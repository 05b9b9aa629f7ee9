/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <systemd/sd-bus.h>

#include "log.h"
#include "names.h"
#include "now.h"
#include "unit-call.h"
#include "unit-wake.h"

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER SYSTEMD_NAME ".Manager"

enum { TRIES_MAX = 50 };

/*
 * A timer is ordered before what it starts, so that its jobs would wait until a stop of jobd.service is done, which
 * waits for us (seen with systemd 252).
 */
#define MODE "ignore-dependencies"

#define RETRY_USEC (20 * USEC_PER_MSEC)

/* Between two settings while jobd runs. */
#define PAUSE_USEC (10 * USEC_PER_SEC)

/* A time that is past would never elapse: systemd looks for the next one. */
#define LEAD_USEC (1 * USEC_PER_SEC)

struct WakeTimer {
        sd_event *event; /* weak ref */
        sd_bus *bus;     /* NULL until it is needed: a host without scheduled jobs does without */
        UnitCalls *calls;
        sd_event_source *source; /* the next setting, or the next try */
        uint64_t wanted;         /* 0: none */
        uint64_t set;            /* what systemd has, 0: nothing that is known */
        uint64_t setting;        /* what it is being asked for */
        uint64_t last_usec;      /* of the monotonic clock: when it was asked last */
        bool is_setting;
        bool is_finishing;
        unsigned n_tries;
};

static void begin(WakeTimer *w);

static uint64_t monotonic_usec(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / NSEC_PER_USEC;
}

static void call_later(WakeTimer *w, uint64_t usec) {
        (void) sd_event_source_set_time_relative(w->source, usec);
        (void) sd_event_source_set_enabled(w->source, SD_EVENT_ONESHOT);
}

static bool is_needed(const WakeTimer *w) {
        if (w->is_finishing)
                return w->set != w->wanted;
        return w->wanted > 0 && (w->set == 0 || w->set > w->wanted || w->set <= now_usec());
}

static void done(WakeTimer *w, uint64_t set) {
        w->is_setting = false;
        w->n_tries = 0;
        w->set = set;
        w->last_usec = monotonic_usec();
        if (w->is_finishing && is_needed(w))
                begin(w);
        else if (is_needed(w))
                call_later(w, PAUSE_USEC);
}

static void on_started(sd_bus_message *reply, void *userdata) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);
        WakeTimer *w = userdata;

        if (!e) {
                done(w, w->setting);
                return;
        }
        /* The old one was stopped, and is not forgotten yet; or this is the second answer to a call made twice. */
        if (sd_bus_error_has_name(e, SYSTEMD_NAME ".UnitExists") && ++w->n_tries < TRIES_MAX) {
                call_later(w, RETRY_USEC);
                return;
        }
        log_error("Cannot set " JOBD_WAKE_UNIT ", scheduled jobs may run late: %s", e->message ?: e->name);
        done(w, w->setting); /* not again and again: with the next time that is wanted */
}

static int append_property(sd_bus_message *m, const char *name, const char *type, const void *value) {
        int r;

        r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', type);
        if (r >= 0)
                r = sd_bus_message_append_basic(m, type[0], value);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static char *format_calendar(uint64_t usec) {
        g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc((gint64) (usec / USEC_PER_SEC));
        g_autofree char *text = g_date_time_format(utc, "%Y-%m-%d %H:%M:%S");

        return g_strdup_printf("%s.%06u UTC", text, (unsigned) (usec % USEC_PER_SEC));
}

static int append_properties(sd_bus_message *m, uint64_t usec) {
        g_autofree char *calendar = format_calendar(usec);
        const uint64_t accuracy_usec = 1;
        int r;

        r = append_property(m, "Description", "s", "Next Due Time of jobd");
        if (r >= 0)
                r = append_property(m, "AccuracyUSec", "t", &accuracy_usec);
        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)", "OnClockChange", "b", true);
        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)", "TimersCalendar", "a(ss)", 1, "OnCalendar", calendar);
        return r;
}

static int send_start(WakeTimer *w) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(w->bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                           "StartTransientUnit");
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", JOBD_WAKE_UNIT, MODE);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = append_properties(m, MAX(w->setting, now_usec() + LEAD_USEC));
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_append(m, "a(sa(sv))", 0);
        if (r < 0)
                return r;
        unit_calls_send(w->calls, m, on_started, w, NULL);
        return 0;
}

static void on_stopped(sd_bus_message *reply, void *userdata) {
        WakeTimer *w = userdata;
        int r;

        w->setting = w->wanted;
        if (w->setting == 0) {
                done(w, 0);
                return;
        }
        r = send_start(w);
        if (r < 0) {
                (void) log_error_errno(r, "Cannot set " JOBD_WAKE_UNIT ", scheduled jobs may run late: %m");
                done(w, w->setting);
        }
}

static int connect_bus(WakeTimer *w) {
        int r;

        if (w->calls)
                return 0;
        r = sd_bus_open_system_with_description(&w->bus, "wake");
        if (r < 0)
                return r;
        (void) sd_bus_set_exit_on_disconnect(w->bus, true);
        r = sd_bus_attach_event(w->bus, w->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = unit_calls_new(w->event, w->bus, &w->calls);
        if (r < 0)
                w->bus = sd_bus_flush_close_unref(w->bus);
        return r;
}

/* A transient unit cannot be changed: it is stopped, which makes systemd forget it, and made anew. */
static void begin(WakeTimer *w) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        w->is_setting = true;
        (void) sd_event_source_set_enabled(w->source, SD_EVENT_OFF); /* one at a time */
        r = connect_bus(w);
        if (r >= 0)
                r = sd_bus_message_new_method_call(w->bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                                   "StopUnit");
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", JOBD_WAKE_UNIT, MODE);
        if (r < 0) {
                (void) log_error_errno(r, "Cannot set " JOBD_WAKE_UNIT ", scheduled jobs may run late: %m");
                done(w, w->wanted);
                return;
        }
        unit_calls_send(w->calls, m, on_stopped, w, NULL);
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        WakeTimer *w = userdata;

        if (w->is_setting || is_needed(w))
                begin(w);
        return 0;
}

void wake_timer_want(WakeTimer *w, uint64_t usec) {
        uint64_t now = monotonic_usec();

        w->wanted = usec;
        if (w->is_setting || !is_needed(w))
                return;
        if (w->is_finishing || w->last_usec == 0 || now >= w->last_usec + PAUSE_USEC)
                begin(w);
        else
                call_later(w, w->last_usec + PAUSE_USEC - now);
}

void wake_timer_forget(WakeTimer *w) {
        w->set = 0;
}

void wake_timer_finish(WakeTimer *w) {
        if (w->wanted > 0 && !w->is_setting)
                wake_timer_forget(w);
        w->is_finishing = true;
        wake_timer_want(w, w->wanted);
}

bool wake_timer_is_idle(const WakeTimer *w) {
        return !w->is_setting;
}

int wake_timer_new(sd_event *event, WakeTimer **ret) {
        _cleanup_(wake_timer_freep) WakeTimer *w = NULL;
        int r;

        w = g_new0(WakeTimer, 1);
        w->event = event;
        r = sd_event_add_time_relative(event, &w->source, CLOCK_MONOTONIC, 0, 0, on_time, w);
        if (r >= 0)
                r = sd_event_source_set_enabled(w->source, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(w);
        return 0;
}

WakeTimer *wake_timer_free(WakeTimer *w) {
        if (!w)
                return NULL;
        (void) sd_event_source_disable_unref(w->source);
        (void) unit_calls_free(w->calls);
        if (w->bus)
                (void) sd_bus_flush_close_unref(w->bus);
        g_free(w);
        return NULL;
}
