/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "connection.h"

/*
 * Prints the runs of a job queue, given as JSON (job-json.h): those that run, then those that wait, in the order in which
 * they are to start, with what each waits for. Of many the first QUEUE_RUNS_SHOWN of each; of very many that wait none,
 * since jobd lists the newest first. Those that may not be seen are left out. Returns 0, or negative errno once it has said what is wrong.
 */
enum { QUEUE_RUNS_SHOWN = 20, QUEUE_RUNS_SEARCH = 1000 };
int queue_runs_print(Connection *c, JsonObject *queue) _must_check_;
