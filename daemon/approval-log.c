/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "approval-log.h"
#include "log.h"

typedef struct Entry {
        const char *message_id;
        GPtrArray *fields;
        char *text;
} Entry;

static void on_committed(int r, void *userdata) {
        Entry *e = userdata;

        if (r >= 0)
                log_event(LOG_NOTICE, e->message_id, (const char *const *) e->fields->pdata, "%s", e->text);
        g_ptr_array_unref(e->fields);
        g_free(e->text);
        g_free(e);
}

static void add_field(GPtrArray *fields, const char *name, const char *value) {
        if (value && *value)
                g_ptr_array_add(fields, g_strdup_printf("%s=%s", name, value));
}

void approval_log_after_commit(Store *store, const char *message_id, const ScheduledJob *sj,
                               const ApprovalCaller *caller, const char *stage, const char *format, ...) {
        GPtrArray *fields = g_ptr_array_new_with_free_func(g_free);
        va_list ap;
        Entry *e;

        add_field(fields, "SCHEDULED_JOB_ID", sj->id);
        add_field(fields, "SCHEDULED_JOB_NAME", sj->name);
        add_field(fields, "JOB_NAME", sj->job_name);
        add_field(fields, "JOB_CLASS_PATH", sj->class_path);
        add_field(fields, "JOB_REQUESTER", sj->requester);
        add_field(fields, "JOB_APPROVAL_STAGE", stage);
        add_field(fields, "JOB_APPROVAL_DIGEST", sj->digest);
        add_field(fields, "JOB_CALLER", caller ? caller->user : NULL);
        g_ptr_array_add(fields, NULL);

        e = g_new(Entry, 1);
        e->message_id = message_id;
        e->fields = fields;
        va_start(ap, format);
        e->text = g_strdup_vprintf(format, ap);
        va_end(ap);
        store_after_commit(store, on_committed, e);
}
