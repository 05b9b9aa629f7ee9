/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "connection.h"

/* Asking for variables of objects: what there is to choose from, and whether what was typed is among it. */

enum { ASK_OBJECTS_MAX = 30 }; /* that are shown to choose from */

bool ask_objects_is_one(JsonObject *variable);

/*
 * Shows the objects to choose from, numbered, if they are few. data: what was given so far, to which QueryParams= may
 * refer. Returns their primary keys, to free with g_strfreev(); NULL: none were shown.
 */
char **ask_objects_offer(Connection *c, JsonObject *variable, JsonObject *data);

/*
 * What was typed as a value: a number of those offered (may be NULL) is that one, a primary key must be that of an
 * object. Returns 0, or negative errno and a sentence.
 */
int ask_objects_take(Connection *c, JsonObject *variable, char **offered, const char *answer, JsonNode **ret,
                     char **ret_error) _must_check_;
