/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "log.h"
#include "message-ids.h"
#include "result-log.h"

/* "FIELD=value" for each field of a run; NULL-terminated, free with g_strfreev(). */
static char **result_fields(const JobResult *jr, const char *caller) {
        g_autofree char *unit = job_result_unit(jr);
        GPtrArray *f = g_ptr_array_new();

        g_ptr_array_add(f, g_strdup_printf("JOB_RESULT_ID=%s", jr->id));
        g_ptr_array_add(f, g_strdup_printf("JOB_NAME=%s", jr->job_name));
        g_ptr_array_add(f, g_strdup_printf("JOB_CLASS_PATH=%s", jr->class_path));
        g_ptr_array_add(f, g_strdup_printf("JOB_REQUESTER=%s", jr->requester));
        /* journalctl -u shows lines of uid 0 that name the unit so */
        g_ptr_array_add(f, g_strdup_printf("OBJECT_SYSTEMD_UNIT=%s", unit));
        if (jr->reason != JOB_RESULT_REASON_NONE)
                g_ptr_array_add(f, g_strdup_printf("JOB_REASON=%s", job_result_reason_to_string(jr->reason)));
        if (caller)
                g_ptr_array_add(f, g_strdup_printf("JOB_CALLER=%s", caller));
        g_ptr_array_add(f, NULL);
        return (char **) g_ptr_array_free(f, false);
}

static void result_log(int level, const char *message_id, const JobResult *jr, const char *caller, const char *text) {
        g_auto(GStrv) fields = result_fields(jr, caller);

        log_event(level, message_id, (const char *const *) fields, "%s", text);
}

void result_log_requested(const JobResult *jr) {
        const char *caller = jr->requested_by[0] ? jr->requested_by : NULL;
        g_autofree char *text = NULL;

        text = g_strdup_printf("%s requested a run of job '%s'%s%s", caller ?: jr->requester, jr->class_path,
                               caller ? " as user " : "", caller ? jr->requester : "");
        result_log(LOG_INFO, JOBD_MESSAGE_RUN_REQUESTED_STR, jr, caller, text);
        if (jr->warnings[0])
                result_log(LOG_WARNING, NULL, jr, NULL, jr->warnings);
}

void result_log_retry(const JobResult *jr) {
        g_autofree char *when = job_result_format_time(jr->not_before);
        g_autofree char *text = g_strdup_printf("Job '%s' will be tried again at %s (%u of %u)", jr->class_path, when,
                                                jr->attempt, jr->attempts);

        result_log(LOG_NOTICE, JOBD_MESSAGE_RUN_RETRY_STR, jr, NULL, text);
}

void result_log_started(const JobResult *jr) {
        result_log(LOG_INFO, JOBD_MESSAGE_RUN_STARTED_STR, jr, NULL, "Running job");
}

void result_log_finished(const JobResult *jr) {
        g_autofree char *text = NULL;

        switch (jr->status) {
        case JOB_RESULT_SUCCESS:
                text = jr->warnings[0] ? g_strdup_printf("Job completed: %s", jr->warnings) : g_strdup("Job completed");
                result_log(LOG_INFO, JOBD_MESSAGE_RUN_SUCCEEDED_STR, jr, NULL, text);
                break;
        case JOB_RESULT_REVOKED:
                text = g_strdup_printf("Job revoked: %s", jr->message);
                result_log(LOG_NOTICE, JOBD_MESSAGE_RUN_REVOKED_STR, jr, NULL, text);
                break;
        default:
                text = g_strdup_printf("Job failed: %s", jr->message);
                result_log(LOG_ERR,
                           jr->reason == JOB_RESULT_REASON_LOST ? JOBD_MESSAGE_RUN_LOST_STR
                                                                : JOBD_MESSAGE_RUN_FAILED_STR,
                           jr, NULL, text);
        }
}

void result_log_cancel(const JobResult *jr, const char *caller) {
        g_autofree char *text = g_strdup_printf("%s cancels the run %s of job '%s'", caller, jr->id, jr->class_path);

        result_log(LOG_NOTICE, JOBD_MESSAGE_CANCEL_REQUESTED_STR, jr, caller, text);
}

void result_log_deleted(const JobResult *jr, const char *caller) {
        g_autofree char *text = g_strdup_printf("%s deleted job result %s of job '%s'", caller, jr->id, jr->class_path);

        result_log(LOG_NOTICE, JOBD_MESSAGE_JOB_RESULT_DELETED_STR, jr, caller, text);
}
