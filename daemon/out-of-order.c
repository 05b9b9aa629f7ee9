/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>

#include "bus-error.h"
#include "direct.h"
#include "idle.h"
#include "listen.h"
#include "log.h"
#include "names.h"
#include "now.h"
#include "out-of-order.h"
#include "unit-wake.h"

#define TIMEOUT_USEC (5 * USEC_PER_SEC)

/* Nobody can say when the next scheduled job is due: whether the store can be used is tried so often. */
#define RETRY_USEC (300 * USEC_PER_SEC)

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *problem = userdata;

        if (!sd_bus_message_is_method_call(m, NULL, NULL))
                return 0;
        return sd_bus_reply_method_errorf(m, BUS_ERROR_STORE_FAILED, "jobd is out of order: %s", problem);
}

static int on_connected(sd_bus *bus, void *userdata) {
        return sd_bus_add_filter(bus, NULL, on_call, userdata);
}

static void on_disconnected(sd_bus *bus, void *userdata) {
}

static bool is_idle(void *userdata) {
        return true;
}

static bool may_leave(void *userdata) {
        return wake_timer_is_idle(userdata);
}

int out_of_order_run(const char *problem) {
        static const DirectCallbacks callbacks = { .connected = on_connected, .disconnected = on_disconnected };
        static const IdleCallbacks idle_callbacks = { .is_idle = is_idle, .may_leave = may_leave };
        _cleanup_(listen_sockets_done) ListenSockets sockets = { -EBADF, -EBADF };
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(direct_server_freep) DirectServer *server = NULL;
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(wake_timer_freep) WakeTimer *wake = NULL;
        int r;

        r = event_loop_new(&event);
        if (r >= 0)
                r = listen_sockets_take(&sockets);
        if (r < 0)
                return r;
        r = wake_timer_new(event, &wake);
        if (r >= 0 && sockets.direct >= 0)
                r = direct_server_new(event, TAKE_FD(sockets.direct), &callbacks, (void *) problem, &server);
        if (r >= 0)
                r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = on_connected(bus, (void *) problem);
        if (r >= 0)
                r = sd_bus_request_name_async(bus, NULL, JOBD_BUS_NAME, JOBD_BUS_NAME_FLAGS, NULL, NULL);
        if (r >= 0)
                r = sd_bus_attach_event(bus, event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return log_error_errno(r, "Cannot tell clients what is wrong: %m");

        wake_timer_want(wake, now_usec() + RETRY_USEC);
        (void) sd_notifyf(false, "READY=1\nSTATUS=Refusing all calls: %s", problem);
        r = idle_loop(event, bus, JOBD_BUS_NAME, TIMEOUT_USEC, &idle_callbacks, wake);
        return r == 0 ? wake_timer_end(wake) : r;
}
