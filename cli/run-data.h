/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "macro.h"

/* The input of a run: what --data and --var say, as the JSON object that RunJob takes. */

/*
 * The value of --data: JSON text, "@FILE", or "-" for standard input. Returns 0 and an object to free with
 * json_object_unref(), or negative errno and a sentence in *ret_error, to free with g_free().
 */
int run_data_read(const char *text, JsonObject **ret, char **ret_error) _must_check_;

/*
 * Adds NAME=VALUE, made a value of the variable's type; replaces what --data says. variables: the job's, as
 * GetVariables describes them, NULL where they are not known. The value of a variable that the job does not have stays
 * text: it is for jobd to refuse it, together with all else that is wrong. given: names that were set before (a set of
 * strings), since setting one twice is an error. Returns 0, or negative errno and a sentence, which does not show the
 * value.
 */
int run_data_set(JsonObject *data, JsonArray *variables, GHashTable *given, const char *assignment, char **ret_error)
                _must_check_;

/* The description of a variable by its name, borrowed; NULL. */
JsonObject *run_data_variable(JsonArray *variables, const char *name);
