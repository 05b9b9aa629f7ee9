/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* Prints what an approver has to know of a request: the object that GetRequest() of org.jobd1.ScheduledJob gives. */
void request_print(JsonObject *request);
