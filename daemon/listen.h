/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "macro.h"

/* The sockets that systemd has handed over, by the names in their units. */
typedef struct ListenSockets {
        int direct;      /* jobd.socket; negative when it was not handed over */
        int credentials; /* jobd-credentials.socket */
} ListenSockets;

/*
 * Takes them over; others, and those of the wrong kind, are closed and logged. Returns negative errno when that fails.
 * The caller owns them: for _cleanup_(listen_sockets_done).
 */
int listen_sockets_take(ListenSockets *ret) _must_check_;
void listen_sockets_done(ListenSockets *s);

/*
 * Takes a connection, for the handler of an event source of a listening socket, whose description is for the log.
 * Returns its descriptor, not blocking, or negative errno: there is nothing to do then. What cannot be accepted
 * (-EMFILE) stays in the socket and would be tried again at once, over and over, so the source rests for a second.
 */
int listen_accept(sd_event_source *accepting, int fd) _must_check_;
