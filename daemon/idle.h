/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "macro.h"

/* A new event loop that SIGTERM and SIGINT end and the service's watchdog watches. Has logged a failure. */
int event_loop_new(sd_event **ret) _must_check_;

/*
 * Runs the loop until sd_event_exit(), or until is_idle() has held for the whole of the timeout.
 *
 * Leaving loses nothing: STOPPING=1 comes first, so that systemd starts the daemon anew for what arrives from then on;
 * then the bus name is given back, what came for it until then is still answered, and only when the bus confirms that
 * the name is gone does the loop end. The sockets stay with systemd.
 */
int idle_loop(sd_event *event, sd_bus *bus, const char *bus_name, uint64_t timeout_usec,
              bool (*is_idle)(void *userdata), void *userdata) _must_check_;
