/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "log.h"
#include "redact.h"
#include "run-log.h"

char *run_text(const char *text, size_t max) {
        g_autofree char *redacted = redact(text);

        if ((size_t) g_utf8_strlen(redacted, -1) > max)
                return g_utf8_substring(redacted, 0, (glong) max);
        return TAKE_PTR(redacted);
}

static void add(GPtrArray *fields, const char *name, const char *value) {
        if (value[0])
                g_ptr_array_add(fields, g_strdup_printf("%s=%s", name, value));
}

/* The class's own name stands before the line, where a program's name stands before a line of standard output. */
static const char *identifier(const JobResult *jr) {
        const char *dot = strrchr(jr->class_path, '.');

        return dot ? dot + 1 : jr->class_path;
}

void run_log(JobResult *jr, LogLevel level, const char *message, const char *grouping, const char *object) {
        g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);
        g_autofree char *unit = job_result_unit(jr), *text = redact(message);
        g_autofree char *shown_grouping = run_text(grouping, RUN_LOG_GROUPING_MAX);
        g_autofree char *shown_object = run_text(object, RUN_LOG_OBJECT_MAX);

        add(fields, "SYSLOG_IDENTIFIER", identifier(jr));
        add(fields, "JOB_RESULT_ID", jr->id);
        add(fields, "JOB_NAME", jr->job_name);
        add(fields, "JOB_CLASS_PATH", jr->class_path);
        add(fields, "JOB_REQUESTER", jr->requester);
        /* journalctl -u shows lines of uid 0 that name the unit so */
        add(fields, "OBJECT_SYSTEMD_UNIT", unit);
        add(fields, "JOB_LOG_LEVEL", log_level_name(level));
        add(fields, "JOB_LOG_GROUPING", shown_grouping);
        add(fields, "JOB_LOG_OBJECT", shown_object);
        g_ptr_array_add(fields, NULL);
        log_entry(log_level_priority(level), (const char *const *) fields->pdata, text);

        if (jr->log_counts[level] < UINT32_MAX)
                jr->log_counts[level]++;
}
