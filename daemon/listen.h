/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

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
