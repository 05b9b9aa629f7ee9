/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "request.h"

/*
 * HTTP over the one connection, by libmicrohttpd without a thread and without a listening socket, in the loop that
 * D-Bus is in, too.
 */

/* Takes over fd, whatever happens. */
int server_new(sd_event *event, int fd, Server **ret) _must_check_;
Server *server_free(Server *s);
DEFINE_CLEANUP(Server *, server_free);

/* Until the connection is closed, by either side. */
int server_run(Server *s) _must_check_;

sd_event *server_event(Server *s);

/* The system bus as the user that the process is; connects when it is not connected. Borrowed. */
int server_get_bus(Server *s, sd_bus **ret) _must_check_;

/* The request is answered, or is not to be suspended any longer: libmicrohttpd shall go on with it. */
void server_resume(Server *s, Request *r);
/* The other way round, from a callback that reads a response. */
void server_suspend(Server *s, Request *r);

/*
 * Answers past libmicrohttpd, whose own answers are HTML, and closes the connection. Nothing is sent when an answer is on
 * its way already.
 */
void server_refuse(Server *s, unsigned status, const char *detail);

/* Sends that answer on a socket of which nothing was read. */
void server_refuse_socket(int fd, unsigned status, const char *detail);
