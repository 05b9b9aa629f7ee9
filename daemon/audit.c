/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>

#include "audit.h"
#include "log.h"
#include "message-ids.h"

typedef struct Audit {
        const char *message_id;
        char **fields;
        char *text;
} Audit;

static void on_committed(int r, void *userdata) {
        Audit *a = userdata;

        if (r >= 0)
                log_event(LOG_NOTICE, a->message_id, (const char *const *) a->fields, "%s", a->text);
        g_strfreev(a->fields);
        g_free(a->text);
        g_free(a);
}

/* Takes over the fields. */
_printf_(4, 0) static void audit_after_commit(Store *store, const char *message_id, GPtrArray *fields,
                                              const char *format, va_list ap) {
        Audit *a;

        g_ptr_array_add(fields, NULL);
        a = g_new(Audit, 1);
        a->message_id = message_id;
        a->fields = (char **) g_ptr_array_free(fields, false);
        a->text = g_strdup_vprintf(format, ap);
        store_after_commit(store, on_committed, a);
}

void audit_job_after_commit(Store *store, const char *message_id, const char *caller, const Job *job,
                            const char *field, const char *format, ...) {
        GPtrArray *fields = g_ptr_array_new();
        va_list ap;

        g_ptr_array_add(fields, g_strdup_printf("JOB_NAME=%s", job->effective.name));
        g_ptr_array_add(fields, g_strdup_printf("JOB_CLASS_PATH=%s", job->class_path));
        g_ptr_array_add(fields, g_strdup_printf("JOB_CALLER=%s", caller));
        if (field)
                g_ptr_array_add(fields, g_strdup_printf("JOB_FIELD=%s", field));
        va_start(ap, format);
        audit_after_commit(store, message_id, fields, format, ap);
        va_end(ap);
}

void audit_queue_after_commit(Store *store, const char *message_id, const char *caller, const char *queue,
                              const char *format, ...) {
        GPtrArray *fields = g_ptr_array_new();
        va_list ap;

        g_ptr_array_add(fields, g_strdup_printf("JOB_QUEUE=%s", queue));
        g_ptr_array_add(fields, g_strdup_printf("JOB_CALLER=%s", caller));
        va_start(ap, format);
        audit_after_commit(store, message_id, fields, format, ap);
        va_end(ap);
}

void audit_results_cleaned(const char *caller, uint64_t n_results, uint64_t n_outputs, uint64_t n_schedules) {
        g_autofree char *field = g_strdup_printf("JOB_CALLER=%s", caller);
        const char *fields[] = { field, NULL };

        log_event(LOG_NOTICE, JOBD_MESSAGE_RESULTS_CLEANED_STR, fields,
                  "%s cleaned up: %" PRIu64 " job result%s, %" PRIu64 " output file%s and %" PRIu64
                  " scheduled job%s were deleted",
                  caller, n_results, n_results == 1 ? "" : "s", n_outputs, n_outputs == 1 ? "" : "s", n_schedules,
                  n_schedules == 1 ? "" : "s");
}
