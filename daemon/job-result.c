/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "job-result.h"
#include "names.h"
#include "redact.h"

JobResult *job_result_new(void) {
        JobResult *jr;

        jr = g_new0(JobResult, 1);
        jr->message = g_strdup("");
        jr->warnings = g_strdup("");
        jr->revoked_by = g_strdup("");
        jr->requested_by = g_strdup("");
        jr->caused_by = g_strdup("");
        jr->attempt = 1;
        jr->retry_of = g_strdup("");
        jr->retried_by = g_strdup("");
        jr->boot_id = g_strdup("");
        jr->invocation_id = g_strdup("");
        jr->exit_code = -1;
        jr->cpu_usage_nsec = jr->io_read_bytes = jr->io_write_bytes = jr->memory_peak = UINT64_MAX;
        jr->progress = -1;
        jr->progress_text = g_strdup("");
        return jr;
}

JobResult *job_result_free(JobResult *jr) {
        if (!jr)
                return NULL;

        g_free(jr->job_name);
        g_free(jr->class_path);
        g_free(jr->requester);
        g_free(jr->task_queue);
        g_free(jr->message);
        g_free(jr->warnings);
        g_free(jr->revoked_by);
        g_free(jr->requested_by);
        g_free(jr->caused_by);
        g_free(jr->scheduled_job_id);
        g_free(jr->retry_of);
        g_free(jr->retried_by);
        g_free(jr->data);
        g_free(jr->boot_id);
        g_free(jr->invocation_id);
        g_free(jr->progress_text);
        g_free(jr->failure);
        g_free(jr->result);
        g_free(jr);
        return NULL;
}

char *job_result_unit(const JobResult *jr) {
        return g_strdup_printf(JOBD_RUN_UNIT_PREFIX "%s.service", jr->id);
}

void job_result_add_warning(JobResult *jr, const char *warning) {
        g_autofree char *old = TAKE_PTR(jr->warnings), *redacted = redact(warning);

        jr->warnings = old[0] ? g_strdup_printf("%s\n%s", old, redacted) : TAKE_PTR(redacted);
}

int job_result_set_state(JobResult *jr, JobResultStatus status, JobResultReason reason, const char *message,
                         uint64_t when_usec) {
        if (job_result_status_is_final(jr->status) || status <= jr->status)
                return -EINVAL;

        jr->status = status;
        jr->reason = reason;
        g_free(jr->message);
        jr->message = redact(message ?: "");
        if (status == JOB_RESULT_STARTED)
                jr->date_started = when_usec;
        else
                jr->date_done = when_usec;
        return 0;
}
