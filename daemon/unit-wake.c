/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <systemd/sd-bus.h>

#include "log.h"
#include "names.h"
#include "now.h"
#include "unit-call.h"
#include "unit-wake-state.h"
#include "unit-wake.h"

enum { TRIES_MAX = 100 };

#define RETRY_USEC (20 * USEC_PER_MSEC)

/* Between two settings while jobd runs. */
#define PAUSE_USEC (10 * USEC_PER_SEC)

/* A time that is past would never elapse: systemd looks for the next one. */
#define LEAD_USEC (1 * USEC_PER_SEC)

/* NEXT is there only while WAKE is replaced. */
enum { WAKE, NEXT, N_TIMERS };

typedef struct Timer {
        const char *unit;
        WakeState state; /* as it was when it was asked last */
} Timer;

typedef enum Step {
        STEP_NONE, /* all is as it should be */
        STEP_WAIT,
        STEP_START_WAKE,
        STEP_START_NEXT,
        STEP_STOP_WAKE,
        STEP_STOP_NEXT,
} Step;

struct WakeTimer {
        sd_event *event; /* weak ref */
        sd_bus *bus;     /* NULL until it is needed: a host without scheduled jobs does without */
        UnitCalls *calls;
        sd_event_source *source; /* the next setting, or the next try */
        Timer timers[N_TIMERS];
        unsigned asked;     /* which of them it is */
        Step step;          /* that was made last */
        uint64_t wanted;    /* 0: none */
        uint64_t set;       /* what systemd has, 0: nothing that is known */
        uint64_t last_usec; /* of the monotonic clock: when it was asked last */
        bool is_setting;
        bool is_finishing;
        bool is_refused; /* PID 1 has said that there is such a unit already */
        bool is_masked;  /* that was logged */
        unsigned n_tries;
};

static void begin(WakeTimer *w);
static void ask(WakeTimer *w);
static void ask_next(WakeTimer *w);

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
        w->set = set;
        w->last_usec = monotonic_usec();
        if (w->is_finishing && is_needed(w))
                begin(w);
        else if (is_needed(w))
                call_later(w, PAUSE_USEC);
}

/* Not again and again: with the next time that is wanted. */
static void fail(WakeTimer *w, const char *why) {
        log_error("Cannot set " JOBD_WAKE_UNIT ", scheduled jobs may run late: %s", why);
        done(w, w->wanted);
}

/* ---- which step is next ---- */

/* While jobd runs, one that elapses earlier will do; one for a time that is past is started for a moment after now. */
static bool is_right(const WakeTimer *w, const WakeState *s) {
        uint64_t now = now_usec();

        if (!s->is_waiting)
                return false;
        if (!w->is_finishing)
                return s->due_usec > now && s->due_usec <= MAX(w->wanted, now + LEAD_USEC);
        return s->due_usec == w->wanted || (s->due_usec > w->wanted && s->due_usec <= now + LEAD_USEC);
}

/*
 * At no time is there none that is right if there was one, and the one that was wrong goes when the other is right. The
 * other one may be what a jobd that was killed has left.
 */
static Step next_step(const WakeTimer *w) {
        const WakeState *wake = &w->timers[WAKE].state, *next = &w->timers[NEXT].state;

        if (wake->is_settling || next->is_settling)
                return STEP_WAIT;
        if (w->wanted == 0)
                return wake->is_there ? STEP_STOP_WAKE : next->is_there ? STEP_STOP_NEXT : STEP_NONE;
        if (is_right(w, wake))
                return next->is_there ? STEP_STOP_NEXT : STEP_NONE;
        if (!wake->is_there)
                return STEP_START_WAKE;
        if (!wake->is_waiting || is_right(w, next)) /* it has elapsed, or is not needed any more */
                return STEP_STOP_WAKE;
        return next->is_there ? STEP_STOP_NEXT : STEP_START_NEXT;
}

/* ---- making it ---- */

static void on_stepped(sd_bus_message *reply, void *userdata) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);
        WakeTimer *w = userdata;

        /* Also the second answer to a call made twice. What became of it, and of a stop, is seen when it is asked for. */
        w->is_refused = e && sd_bus_error_has_name(e, "org.freedesktop.systemd1.UnitExists");
        if (e && !w->is_refused && (w->step == STEP_START_WAKE || w->step == STEP_START_NEXT))
                fail(w, e->message ?: e->name);
        else
                ask(w);
}

static int step_message(WakeTimer *w, Step step, sd_bus_message **ret) {
        const Timer *t = &w->timers[step == STEP_START_WAKE || step == STEP_STOP_WAKE ? WAKE : NEXT];

        if (step == STEP_START_WAKE || step == STEP_START_NEXT)
                return wake_message_start(w->bus, t->unit, MAX(w->wanted, now_usec() + LEAD_USEC), ret);
        if (t->state.is_failed)
                return wake_message_reset(w->bus, t->unit, ret);
        return wake_message_stop(w->bus, t->unit, ret);
}

static void make_step(WakeTimer *w, Step step) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        w->step = step;
        r = step_message(w, step, &m);
        if (r < 0)
                fail(w, g_strerror(-r));
        else
                unit_calls_send(w->calls, m, on_stepped, w, NULL);
}

/* ---- where it stands ---- */

/* PID 1 answers when a job is queued, and does it then. */
static void wait_for_it(WakeTimer *w) {
        w->step = STEP_WAIT;
        if (++w->n_tries < TRIES_MAX)
                call_later(w, RETRY_USEC);
        else
                fail(w, "systemd neither starts nor stops it; there may be a unit file of that name");
}

static void on_known(WakeTimer *w) {
        const WakeState *wake = &w->timers[WAKE].state;
        Step step;

        if (wake->is_masked && w->wanted > 0) {
                if (!w->is_masked)
                        log_warning(JOBD_WAKE_UNIT " is masked: nothing starts jobd when a scheduled job is due; "
                                                   "\"systemctl unmask " JOBD_WAKE_UNIT "\" lets it be set again");
                w->is_masked = true;
                done(w, w->wanted);
                return;
        }
        step = next_step(w);
        if (step == STEP_NONE)
                done(w, w->is_finishing || w->wanted == 0 ? w->wanted : wake->due_usec);
        else if (step == STEP_WAIT || step == w->step)
                wait_for_it(w);
        else
                make_step(w, step);
}

static void on_state(sd_bus_message *reply, void *userdata) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);
        WakeTimer *w = userdata;
        int r;

        r = e ? -sd_bus_error_get_errno(e) : wake_state_read(reply, &w->timers[w->asked].state);
        if (r < 0) {
                fail(w, e && e->message ? e->message : g_strerror(-r));
                return;
        }
        w->asked++;
        ask_next(w);
}

static void on_found(sd_bus_message *reply, void *userdata) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        WakeTimer *w = userdata;
        int r;

        if (sd_bus_message_is_method_error(reply, NULL) && !w->is_refused) { /* it is not loaded */
                w->timers[w->asked++].state = (WakeState){};
                ask_next(w);
                return;
        }
        r = wake_message_ask(w->bus, w->timers[w->asked].unit, &m);
        if (r < 0)
                fail(w, g_strerror(-r));
        else
                unit_calls_send(w->calls, m, on_state, w, NULL);
}

static void ask_next(WakeTimer *w) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        if (w->asked == N_TIMERS) {
                on_known(w);
                return;
        }
        r = wake_message_find(w->bus, w->timers[w->asked].unit, &m);
        if (r < 0)
                fail(w, g_strerror(-r));
        else
                unit_calls_send(w->calls, m, on_found, w, NULL);
}

static void ask(WakeTimer *w) {
        w->asked = 0;
        ask_next(w);
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

static void begin(WakeTimer *w) {
        int r;

        w->is_setting = true;
        w->step = STEP_NONE;
        w->is_refused = false;
        w->n_tries = 0;
        (void) sd_event_source_set_enabled(w->source, SD_EVENT_OFF); /* one at a time */
        r = connect_bus(w);
        if (r < 0)
                fail(w, g_strerror(-r));
        else
                ask(w);
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        WakeTimer *w = userdata;

        if (w->is_setting)
                ask(w);
        else if (is_needed(w))
                begin(w);
        return 0;
}

/* ---- what is wanted ---- */

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

int wake_timer_end(const WakeTimer *w) {
        if (wake_timer_is_idle(w))
                return 0;
        return log_error_errno(-ETIMEDOUT, "systemd does not answer, and " JOBD_WAKE_UNIT
                                           " may not be set: trying again");
}

/* ---- making it ---- */

int wake_timer_new(sd_event *event, WakeTimer **ret) {
        _cleanup_(wake_timer_freep) WakeTimer *w = NULL;
        int r;

        w = g_new0(WakeTimer, 1);
        w->event = event;
        w->timers[WAKE].unit = JOBD_WAKE_UNIT;
        w->timers[NEXT].unit = JOBD_WAKE_NEXT_UNIT;
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
