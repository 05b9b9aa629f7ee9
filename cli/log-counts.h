/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "connection.h"

/*
 * What a run has logged by jobd-job(1), counted by grouping and level, as the reference's runjob command sums it up:
 * read from the log, since the record has the numbers by level only. ret: an object of objects by level, in the order
 * in which the groupings came; what has none is under "". *ret is NULL where the log cannot be had. Returns 0, or
 * negative errno once it has said what is wrong.
 */
int log_counts_read(Connection *c, const char *path, JsonObject **ret) _must_check_;

/* "2 debug, 1 info, 0 success, 0 warning, 0 failure, 0 error, 0 critical". Free with g_free(). */
char *log_counts_format(JsonObject *counts);
