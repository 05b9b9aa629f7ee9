/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "macro.h"

/*
 * The direct socket: D-Bus without a broker, half the latency, for root (access.c refuses others). Each connection is a
 * bus of its own with the same objects.
 */
typedef struct DirectServer DirectServer;

typedef struct DirectCallbacks {
        /* A client has connected: put the objects on its bus. Negative errno: the connection is closed. */
        int (*connected)(sd_bus *bus, void *userdata);
        void (*disconnected)(sd_bus *bus, void *userdata);
} DirectCallbacks;

/* Takes over the listening socket. */
int direct_server_new(sd_event *event, int fd, const DirectCallbacks *callbacks, void *userdata, DirectServer **ret)
                _must_check_;
DirectServer *direct_server_free(DirectServer *s);
DEFINE_CLEANUP(DirectServer *, direct_server_free);

size_t direct_server_n_connections(const DirectServer *s);
