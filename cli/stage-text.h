/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "macro.h"

/*
 * Why an approval stage cannot be completed as the groups of this host are now, for "...: its group 'dba' has no member".
 * stages: of a job class or a scheduled job, as JSON (job-json.h). requester: who cannot approve, NULL: not known. NULL:
 * it can be completed, or the user database does not say. To be freed with g_free().
 */
char *stage_lack_text(JsonArray *stages, unsigned stage, const char *requester);

/* The same of the first stage of a request that has one; a sentence without a full stop. */
char *request_lack_text(JsonObject *schedule);
