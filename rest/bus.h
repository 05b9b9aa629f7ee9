/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "names.h"
#include "request.h"

/*
 * Calls of jobd for a request, one at a time. The callback gets the reply; an error of the call is the answer to the
 * request, by error_reply(), and the callback is not called. When these functions fail, the request is answered, too.
 */
typedef void (*BusCallback)(Request *r, sd_bus_message *reply);

/* NULL: the request is answered. */
sd_bus_message *bus_message_new(Request *r, const char *path, const char *interface, const char *member);
/* Takes over the message. */
void bus_send(Request *r, sd_bus_message *m, BusCallback callback);
/* The same of one that was filled in, or not: error is negative then, and becomes the answer. */
void bus_send_filled(Request *r, sd_bus_message *m, int error, BusCallback callback);
void bus_call(Request *r, BusCallback callback, const char *path, const char *interface, const char *member,
              const char *types, ...);

/* The same, however long it takes: of what jobd does in small steps. */
void bus_send_filled_patiently(Request *r, sd_bus_message *m, int error, BusCallback callback);

/* The same, but the callback gets errors, too: sd_bus_message_is_method_error(). */
void bus_send_any(Request *r, sd_bus_message *m, BusCallback callback);
void bus_call_any(Request *r, BusCallback callback, const char *path, const char *interface, const char *member,
                  const char *types, ...);

/* The properties of an object: a{sv}. */
void bus_get_all(Request *r, const char *path, const char *interface, BusCallback callback);

/* A message that cannot be read, or made: negative errno becomes the answer, and true is returned. */
bool bus_failed(Request *r, int error);

/* A callback: the reply is a JSON text, and that the answer. */
void bus_show_json(Request *r, sd_bus_message *reply);

/* "/org/jobd1/job/..." of a UUID; -EINVAL: it is none. */
enum { BUS_PATH_SIZE = 64 };
int bus_path_of_uuid(const char *parent, const char *text, char ret[static BUS_PATH_SIZE]) _must_check_;

/* Appends a{sv}: what the query says, as the route's table translates it. Negative errno. */
int bus_append_filter(Request *r, sd_bus_message *m);
/* Opens and closes that array, for more entries to follow. */
int bus_open_filter(Request *r, sd_bus_message *m);
int bus_append_option(sd_bus_message *m, const char *name, const char *type, ...);
