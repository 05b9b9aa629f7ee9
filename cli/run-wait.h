/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "connection.h"
#include "jobctl.h"

/* Prints a line about a run on standard error, escaped. color: NULL for none. */
void run_print_line(const char *text, const char *color);

/* What a request was answered with when nobody is to wait: the UUID, or with --json the job result. Exit status. */
int run_print_acknowledged(Jobctl *j, Connection *c, const char *id, const char *path);

/*
 * Waits for the end of a run, and of the tries that follow one that has failed, and says how it ended: its exit
 * status. The job's own lines go to standard output, what is said about the run to standard error.
 */
int run_wait(Jobctl *j, Connection *c, const char *first_id, const char *first_path, bool quiet);
