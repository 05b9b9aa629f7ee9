/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "macro.h"

/*
 * The direct socket: D-Bus without a broker, half the latency, for root, and for runs. Each connection is a bus of
 * its own with the same objects. To others there is only the object by which a run speaks for itself; any other call
 * of theirs is answered with where to go, and the connection closed.
 */
typedef struct DirectServer DirectServer;

typedef struct DirectCallbacks {
        /* root has connected: put the objects on its bus. Negative errno: the connection is closed. */
        int (*connected)(sd_bus *bus, void *userdata);
        /* Another user has: put on its bus what is for runs. NULL: nothing is. */
        int (*connected_other)(sd_bus *bus, void *userdata);
        void (*disconnected)(sd_bus *bus, void *userdata);
} DirectCallbacks;

/* Takes over the listening socket. */
int direct_server_new(sd_event *event, int fd, const DirectCallbacks *callbacks, void *userdata, DirectServer **ret)
                _must_check_;
DirectServer *direct_server_free(DirectServer *s);
DEFINE_CLEANUP(DirectServer *, direct_server_free);

/*
 * A connection of another user may send files from now on: it speaks for a run. One that may not and sends some is closed.
 * (Since Linux 6.16 it cannot: its sendmsg() fails.)
 */
void direct_server_take_files(DirectServer *s, sd_bus *bus);

/* Before leaving: who connects from now on waits in the socket for the next jobd. */
void direct_server_stop_accepting(DirectServer *s);

/* Those of root: others have nothing to lose here. */
size_t direct_server_n_connections(const DirectServer *s);
