/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "macro.h"

/* A new event loop that the service's watchdog watches; SIGTERM and SIGINT are for idle_loop(). Has logged a failure. */
int event_loop_new(sd_event **ret) _must_check_;

/*
 * A jobd that was killed has the name for as long as a process that shares its descriptors cannot end (file-close.h): the
 * next one takes it away. Whoever may own the name is root (org.jobd1.conf).
 */
#define JOBD_BUS_NAME_FLAGS (SD_BUS_NAME_ALLOW_REPLACEMENT | SD_BUS_NAME_REPLACE_EXISTING)

typedef struct IdleCallbacks {
        bool (*is_idle)(void *userdata);  /* nothing goes on */
        void (*leaving)(void *userdata);  /* take no new clients; NULL: nothing to do */
        bool (*may_leave)(void *userdata); /* whatever has arrived since is answered, and safe; NULL: always */
        void (*too_late)(void *userdata); /* it does not hold after all that time: we leave nevertheless; or NULL */
} IdleCallbacks;

/*
 * Runs the loop until sd_event_exit(), until is_idle() has held for the whole of the timeout, or until SIGTERM or SIGINT;
 * a second one of these ends it at once.
 *
 * Leaving loses nothing: STOPPING=1 comes first, so that systemd starts the daemon anew for what arrives from then on;
 * then the bus name is given back; what came for it until then is still served; and only when the bus has confirmed that
 * the name is gone, and may_leave() holds, does the loop end. Who still waits after some seconds is not waited for: it is
 * somebody who types a password. The sockets stay with systemd.
 */
int idle_loop(sd_event *event, sd_bus *bus, const char *bus_name, uint64_t timeout_usec, const IdleCallbacks *callbacks,
              void *userdata) _must_check_;
