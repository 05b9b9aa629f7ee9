/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "connection.h"

/* The inputs of a job's class, as GetVariables describes them: an array of objects. */

/*
 * What the class says that cannot be overridden, as GetClass describes it. 0 and *ret NULL: the class cannot be loaded,
 * and *ret_problem says why; g_free() it.
 */
int job_class_get(Connection *c, const char *path, JsonObject **ret, char **ret_problem) _must_check_;

/* Takes the array out of the reply to GetVariables. Returns 0 or negative errno once it has said what is wrong. */
int job_variables_read(sd_bus_message *reply, JsonArray **ret);

/* Asks for those of the job at path, and says what goes wrong. */
int job_variables_get(Connection *c, const char *path, const char *subject, JsonArray **ret) _must_check_;

/* A table of them, for people. */
void job_variables_print(JsonArray *variables);
