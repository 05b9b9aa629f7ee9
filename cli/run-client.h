/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "macro.h"

/*
 * The connection of a run to jobd, by the direct socket, with the run's token. What goes wrong is printed here, once.
 * A call that is lost because jobd was restarted is made once more: the socket is systemd's, and waits.
 */
typedef struct RunClient RunClient;

/* Reads the token and connects. Returns 0, or negative errno once it has said what is wrong. */
int run_client_open(RunClient **ret) _must_check_;
RunClient *run_client_free(RunClient *c);
DEFINE_CLEANUP(RunClient *, run_client_free);

/* Calls a method of org.jobd1.Run with the arguments of types (of strings, "u" and "h"). subject: see report. */
int run_client_call(RunClient *c, const char *subject, const char *member, const char *types, ...) _must_check_;

/* A credential of the run ("job-data"), ending in NUL; free with g_free(). Negative errno once it has said why not. */
int run_credential_read(const char *name, char **ret, size_t *ret_size) _must_check_;

/* "jobd-job: ..." on standard error; returns error. */
int run_report(int error, const char *format, ...) _printf_(2, 3);
