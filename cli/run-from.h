/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "macro.h"

/*
 * The input of an earlier run, taken for another one. stored: what its job result holds (task_kwargs), which lacks
 * what was sensitive. variables: the job's, as GetVariables describes them. data: what is given this time.
 */

/*
 * Adds to data what is stored and not given. Left out is what the job no longer has a variable for, and what is not
 * taken any more since another variable (DependsOn=) has another value now. Returns the names of the former, a
 * NULL-terminated list to free with g_strfreev().
 */
char **run_from_complete(JsonArray *variables, JsonObject *stored, JsonObject *data);

/*
 * The variables, of those that are taken with this data, for which the earlier run may have had a value that is not
 * stored, or which are required, and which are not in data. An array to free with json_array_unref().
 */
JsonArray *run_from_missing(JsonArray *variables, JsonObject *stored, JsonObject *data);
