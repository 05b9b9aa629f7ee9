/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/*
 * The JSON body as an object, an empty one when there is none. 0 and an object to free with json_object_unref(); or
 * negative errno and a sentence in *ret_problem, to free with g_free().
 */
int body_parse(Request *r, JsonObject **ret, char **ret_problem) _must_check_;

/*
 * The same, checked against the fields of the route: unknown ones and values of other types are the answer to the
 * request, all at once. NULL then.
 */
JsonObject *body_read(Request *r);
