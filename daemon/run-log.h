/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job-result.h"

/* What runs log by jobd: entries in the journal, written by the daemon, and counted by level in the job result. */

enum {
        RUN_LOG_MESSAGE_MAX = 48 * 1024, /* bytes; what the journal takes of a line of standard output */
        RUN_LOG_GROUPING_MAX = 100,      /* characters; what is longer is cut off */
        RUN_LOG_OBJECT_MAX = 200,
};

/* Writes and counts an entry; grouping and object may be "". All texts are redacted (redact.h). */
void run_log(JobResult *jr, LogLevel level, const char *message, const char *grouping, const char *object);

/* At most max characters of the text, redacted. Free with g_free(). */
char *run_text(const char *text, size_t max);
