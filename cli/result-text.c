/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "jobctl.h"
#include "now.h"
#include "output.h"
#include "result-text.h"

char *result_duration(JsonObject *result) {
        uint64_t from = json_time(result, "date_started"), to = json_time(result, "date_done");

        if (from == 0)
                return NULL;
        if (to == 0)
                to = now_usec();
        return format_duration(to > from ? to - from : 0);
}

const char *result_reason(JsonObject *result) {
        const char *reason = json_string(result, "reason"), *status = json_string(result, "status");

        return reason && g_ascii_strcasecmp(reason, status ?: "") != 0 ? reason : NULL;
}

static char *text(JsonObject *result, bool with_duration) {
        const char *reason = result_reason(result), *message = json_string(result, "message");
        g_autofree char *duration = with_duration ? result_duration(result) : NULL;

        return g_strconcat(json_string(result, "status") ?: "?", reason ? " (" : "", reason ?: "", reason ? ")" : "",
                           duration ? " after " : "", duration ?: "", message ? ": " : "", message ?: "", NULL);
}

char *result_status_text(JsonObject *result) {
        return text(result, false);
}

char *result_latest_text(JsonObject *job) {
        const char *status = json_string(job, "latest_status");
        g_autofree char *age = format_age(json_time(job, "latest_date"), now_usec());

        return status ? g_strdup_printf("%s %s", status, age ?: "") : NULL;
}

char *result_closing_line(JsonObject *result) {
        return text(result, true);
}

int result_exit_status(JsonObject *result) {
        const char *status = json_string(result, "status") ?: "";

        if (strcmp(status, "SUCCESS") == 0)
                return EXIT_SUCCESS;
        if (strcmp(status, "FAILURE") == 0)
                return STATUS_FAILURE;
        return strcmp(status, "REVOKED") == 0 ? STATUS_REVOKED : STATUS_ERROR;
}
