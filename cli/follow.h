/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "connection.h"
#include "log-view.h"

/*
 * Follows a run to its end, in an event loop, through whatever happens to jobd or the bus meanwhile: a jobd that was
 * killed is asked again when it is back, and its log goes on after the last line that was shown.
 */
typedef struct FollowOptions {
        LogView *view;      /* shows the log; NULL: only wait */
        int lines;          /* begin with the last so many lines; -1: with the first */
        bool show_progress; /* on the terminal (progress-line.h) */
        bool show_waiting;  /* on standard error, what it waits for, as that changes */
        bool catch_signals; /* SIGINT and SIGTERM end the following, not the program */
} FollowOptions;

/*
 * Returns 0 and the job result once the run has ended and its log is complete, the number of the signal that ended the
 * following, or negative errno once it has said what is wrong.
 */
int follow_run(Connection *c, const char *path, const FollowOptions *options, JsonObject **ret_result) _must_check_;
