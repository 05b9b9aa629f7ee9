/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "jobctl.h"

/*
 * The new input of a scheduled job, given as JSON (job-json.h). With data (as of --data) it is that, and values of vars
 * (as of --var); with vars alone, the other values stay, but sensitive ones, which cannot be shown, are given anew. What
 * is missing is asked for on a terminal. Returns -1 and the input, to be freed with json_object_unref(), or the status
 * to exit with.
 */
int schedule_input_make(Jobctl *j, const Verb *verb, Connection *c, JsonObject *schedule, const char *data, char **vars,
                        JsonObject **ret) _must_check_;
