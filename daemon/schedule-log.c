/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "log.h"
#include "schedule-log.h"

static void add_field(GPtrArray *fields, const char *name, const char *value) {
        if (value)
                g_ptr_array_add(fields, g_strdup_printf("%s=%s", name, value));
}

void schedule_log(int level, const char *message_id, const ScheduledJob *sj, const char *caller, const char *result_id,
                  const char *format, ...) {
        g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);
        g_autofree char *text = NULL;
        va_list ap;

        add_field(fields, "SCHEDULED_JOB_ID", sj->id);
        add_field(fields, "SCHEDULED_JOB_NAME", sj->name);
        add_field(fields, "JOB_NAME", sj->job_name);
        add_field(fields, "JOB_CLASS_PATH", sj->class_path);
        add_field(fields, "JOB_REQUESTER", sj->requester);
        add_field(fields, "JOB_CALLER", caller);
        add_field(fields, "JOB_RESULT_ID", result_id);
        g_ptr_array_add(fields, NULL);

        va_start(ap, format);
        text = g_strdup_vprintf(format, ap);
        va_end(ap);
        log_event(level, message_id, (const char *const *) fields->pdata, "%s", text);
}
