/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "macro.h"

/* What is said about a job result, given as the JSON object of job-json.h. Strings are freed with g_free(). Pure. */

/* From its start to its end, or to now while it runs; NULL when it never started. */
char *result_duration(JsonObject *result);

/* The reason where it says more than the status does, else NULL. Borrowed. */
const char *result_reason(JsonObject *result);

/* "FAILURE (exit-code): the job exited with status 3" */
char *result_status_text(JsonObject *result);

/* "SUCCESS 5min ago", of a job with the members latest_...; NULL when none is known. */
char *result_latest_text(JsonObject *job);

/* The line that closes a run: "FAILURE (exit-code) after 2.314s: the job exited with status 3" */
char *result_closing_line(JsonObject *result);

/* The exit status of jobctl that says how the run ended. */
int result_exit_status(JsonObject *result);
