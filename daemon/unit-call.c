/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "log.h"
#include "unit-call.h"

enum { OPEN_MAX_CALLS = 96 };

/* Until what failed on the way is sent again, unless PID 1 shows up on the bus before. */
#define RETRY_USEC (200 * USEC_PER_MSEC)

struct UnitCalls {
        sd_bus *bus; /* weak ref */
        sd_event_source *retry_source;
        GQueue *waiting;  /* of UnitCall, owned */
        GHashTable *open; /* set of UnitCall, owned */
        bool paused;
};

struct UnitCall {
        UnitCalls *calls; /* weak ref */
        sd_bus_message *message;
        sd_bus_slot *slot; /* NULL while it waits */
        UnitCallDone done;
        void *userdata;
};

static void send_waiting(UnitCalls *c);

static void call_free(void *p) {
        UnitCall *call = p;

        (void) sd_bus_slot_unref(call->slot);
        (void) sd_bus_message_unref(call->message);
        g_free(call);
}

/* An error of the way, not of PID 1: it may have got the call, or not. */
static bool is_lost(sd_bus_message *reply) {
        static const char *const names[] = {
                SD_BUS_ERROR_NO_REPLY,          SD_BUS_ERROR_TIMEOUT,         "org.freedesktop.DBus.Error.TimedOut",
                SD_BUS_ERROR_DISCONNECTED,      SD_BUS_ERROR_SERVICE_UNKNOWN, SD_BUS_ERROR_NAME_HAS_NO_OWNER,
                SD_BUS_ERROR_LIMITS_EXCEEDED,   SD_BUS_ERROR_NO_MEMORY,
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (sd_bus_message_is_method_error(reply, names[i]))
                        return true;
        return false;
}

/* A message that was sent has its serial number: to go again it must be a new one. */
static int message_renew(sd_bus *bus, sd_bus_message **m) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *fresh = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &fresh, sd_bus_message_get_destination(*m), sd_bus_message_get_path(*m),
                                           sd_bus_message_get_interface(*m), sd_bus_message_get_member(*m));
        if (r >= 0)
                r = sd_bus_message_rewind(*m, true);
        if (r >= 0)
                r = sd_bus_message_copy(fresh, *m, true);
        if (r < 0)
                return r;
        (void) sd_bus_message_unref(*m);
        *m = TAKE_PTR(fresh);
        return 0;
}

static void pause_calls(UnitCalls *c) {
        c->paused = true;
        (void) sd_event_source_set_time_relative(c->retry_source, RETRY_USEC);
        (void) sd_event_source_set_enabled(c->retry_source, SD_EVENT_ONESHOT);
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        UnitCall *call = userdata;
        UnitCalls *c = call->calls;
        int r;

        (void) g_hash_table_steal(c->open, call);
        call->slot = sd_bus_slot_unref(call->slot);

        if (is_lost(reply)) {
                r = message_renew(c->bus, &call->message);
                if (r >= 0) {
                        log_debug("A call to systemd was lost on the way, sending it again: %s",
                                  sd_bus_message_get_error(reply)->message);
                        g_queue_push_tail(c->waiting, call);
                        pause_calls(c);
                        return 1;
                }
                (void) log_error_errno(r, "Cannot send a call to systemd again: %m");
        }

        if (call->done)
                call->done(reply, call->userdata);
        call_free(call);
        send_waiting(c);
        return 1;
}

static void send_waiting(UnitCalls *c) {
        while (!c->paused && g_hash_table_size(c->open) < OPEN_MAX_CALLS && !g_queue_is_empty(c->waiting)) {
                UnitCall *call = g_queue_peek_head(c->waiting);
                int r;

                r = sd_bus_call_async(c->bus, &call->slot, call->message, on_reply, call, UINT64_MAX);
                if (r < 0) {
                        (void) log_error_errno(r, "Cannot send a call to systemd, trying again: %m");
                        pause_calls(c);
                        return;
                }
                (void) g_queue_pop_head(c->waiting);
                (void) g_hash_table_add(c->open, call);
        }
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        unit_calls_resume(userdata);
        return 0;
}

void unit_calls_resume(UnitCalls *c) {
        c->paused = false;
        (void) sd_event_source_set_enabled(c->retry_source, SD_EVENT_OFF);
        send_waiting(c);
}

void unit_calls_send(UnitCalls *c, sd_bus_message *m, UnitCallDone done, void *userdata, UnitCall **ret) {
        UnitCall *call;

        call = g_new0(UnitCall, 1);
        call->calls = c;
        call->message = sd_bus_message_ref(m);
        call->done = done;
        call->userdata = userdata;
        g_queue_push_tail(c->waiting, call);
        if (ret)
                *ret = call;
        send_waiting(c);
}

UnitCall *unit_call_cancel(UnitCall *call) {
        if (!call)
                return NULL;
        if (call->slot)
                (void) g_hash_table_steal(call->calls->open, call);
        else
                (void) g_queue_remove(call->calls->waiting, call);
        call_free(call);
        return NULL;
}

bool unit_call_is_waiting(const UnitCall *call) {
        return !call->slot;
}

int unit_calls_new(sd_event *event, sd_bus *bus, UnitCalls **ret) {
        _cleanup_(unit_calls_freep) UnitCalls *c = NULL;
        int r;

        c = g_new0(UnitCalls, 1);
        c->bus = bus;
        c->waiting = g_queue_new();
        c->open = g_hash_table_new_full(NULL, NULL, call_free, NULL);
        r = sd_event_add_time_relative(event, &c->retry_source, CLOCK_MONOTONIC, 0, 0, on_retry, c);
        if (r >= 0)
                r = sd_event_source_set_enabled(c->retry_source, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

UnitCalls *unit_calls_free(UnitCalls *c) {
        if (!c)
                return NULL;
        g_queue_free_full(c->waiting, call_free);
        g_hash_table_unref(c->open);
        (void) sd_event_source_disable_unref(c->retry_source);
        g_free(c);
        return NULL;
}
