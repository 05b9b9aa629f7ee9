/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "macro.h"

/* How jobctl reaches jobd: the system bus, or jobd's own socket. What goes wrong is printed here, once. */
typedef struct Connection Connection;

typedef struct ConnectionOptions {
        const char *socket; /* reach jobd on this socket; NULL: on the system bus if there is one */
        bool ask_password;  /* polkit may ask the user for a password */
} ConnectionOptions;

/*
 * Connects. Root gets jobd's own socket where the host has no system bus. Returns 0, or negative errno once it has
 * said what is wrong. The strings of the options must live as long as the connection.
 */
int connection_open(const ConnectionOptions *options, Connection **ret) _must_check_;

Connection *connection_free(Connection *c);
DEFINE_CLEANUP(Connection *, connection_free);

/* Connects once more after the connection was lost; on the system bus or the socket, as before. Prints nothing. */
int connection_reopen(Connection *c) _must_check_;

sd_bus *connection_bus(Connection *c); /* borrowed, until connection_reopen() */

/* A message bus lies between: messages have senders, names have owners. */
bool connection_has_broker(const Connection *c);

/* The name that signals of jobd come from and calls go to; NULL without a bus between. */
const char *connection_destination(const Connection *c);

int connection_message_new(Connection *c, const char *path, const char *interface, const char *member,
                           sd_bus_message **ret) _must_check_;

/*
 * Sends a call and waits for the reply. When polkit wants a password and there can be an agent that asks for it, the
 * call is made once more. ret_reply may be NULL. Returns 0, or negative errno once the failure is printed; subject is
 * what the call was about, NULL for nothing in particular.
 */
int connection_call(Connection *c, sd_bus_message *call, const char *subject, sd_bus_message **ret_reply)
                _must_check_;

/* The same with the arguments of types; NULL: none. */
int connection_method(Connection *c, const char *path, const char *interface, const char *member,
                      const char *subject, sd_bus_message **ret_reply, const char *types, ...) _must_check_;
