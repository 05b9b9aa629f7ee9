/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "table.h"

/* Prints what an approver has to know of a request: the object that GetRequest() of org.jobd1.ScheduledJob gives. */
void request_print(JsonObject *request);

/* Adds who has answered a request, and how: the array of that name in an object. Each answer is one line. */
void fields_add_answers(Fields *f, JsonObject *o, const char *member);
