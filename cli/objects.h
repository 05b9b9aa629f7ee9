/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "connection.h"

enum { OBJECT_COLUMNS_MAX = 12 }; /* of a table of objects */

/*
 * The objects of a model that fit the query (JSON, "" for all): at most max of them, 0: all. *ret_more, which may be
 * NULL: there are more. Returns 0, or negative errno once it has said what is wrong. ret: free with
 * json_array_unref().
 */
int objects_list(Connection *c, const char *model, const char *query, unsigned max, JsonArray **ret, bool *ret_more)
                _must_check_;

/* The same without a word and without a password, for somebody who does not need it. */
int objects_try(Connection *c, const char *model, const char *query, unsigned max, JsonArray **ret, bool *ret_more)
                _must_check_;
