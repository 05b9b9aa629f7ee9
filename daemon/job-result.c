/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "job-result.h"
#include "names.h"
#include "redact.h"

static const char *const wait_names[] = {
        [JOB_RESULT_WAITS_IN_LINE] = "",
        [JOB_RESULT_WAITS_FOR_TIME] = "time",
        [JOB_RESULT_WAITS_FOR_SINGLETON] = "singleton",
};
G_STATIC_ASSERT(ELEMENTSOF(wait_names) == _JOB_RESULT_WAIT_MAX);

const char *job_result_wait_to_string(JobResultWait wait) {
        return wait_names[wait];
}

JobResultWait job_result_wait_from_string(const char *text) {
        for (JobResultWait wait = 0; wait < _JOB_RESULT_WAIT_MAX; wait++)
                if (strcmp(wait_names[wait], text) == 0)
                        return wait;
        return JOB_RESULT_WAITS_IN_LINE;
}

JobResult *job_result_new(void) {
        JobResult *jr;

        jr = g_new0(JobResult, 1);
        jr->message = g_strdup("");
        jr->warnings = g_strdup("");
        jr->revoked_by = g_strdup("");
        jr->requested_by = g_strdup("");
        jr->caused_by = g_strdup("");
        jr->attempt = jr->attempts = 1;
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
        g_free(jr->wait_reason);
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

/* ---- trying again ---- */

/* What a further try may change. Not: the run is lost (it may have done all), its input is, somebody ended it. */
static bool reason_may_pass(JobResultReason reason) {
        switch (reason) {
        case JOB_RESULT_REASON_EXIT_CODE:
        case JOB_RESULT_REASON_SIGNAL:
        case JOB_RESULT_REASON_CORE_DUMP:
        case JOB_RESULT_REASON_SOFT_TIME_LIMIT:
        case JOB_RESULT_REASON_HARD_TIME_LIMIT:
        case JOB_RESULT_REASON_OOM_KILL:
        case JOB_RESULT_REASON_FAILED:
        case JOB_RESULT_REASON_START_FAILED:
                return true;
        default:
                return false;
        }
}

bool job_result_may_retry(const JobResult *jr) {
        return jr->status == JOB_RESULT_FAILURE && reason_may_pass(jr->reason) && !jr->revoked_by[0] &&
               !jr->retried_by[0] && jr->attempt < jr->attempts;
}

static void replace(char **text, const char *value) {
        g_free(*text);
        *text = g_strdup(value);
}

char *job_result_format_time(uint64_t usec) {
        g_autoptr(GDateTime) time = g_date_time_new_from_unix_local((int64_t) (usec / USEC_PER_SEC));

        return time ? g_date_time_format(time, "%a %Y-%m-%d %H:%M:%S %Z") : g_strdup("an unknown time");
}

static JobResult *copy_request(const JobResult *jr) {
        JobResult *copy = job_result_new();

        uuid_new(copy->id);
        (void) g_strlcpy(copy->job_id, jr->job_id, sizeof(copy->job_id));
        copy->job_name = g_strdup(jr->job_name);
        copy->class_path = g_strdup(jr->class_path);
        copy->requester_uid = jr->requester_uid;
        copy->requester = g_strdup(jr->requester);
        replace(&copy->requested_by, jr->requested_by);
        replace(&copy->caused_by, jr->caused_by);
        copy->scheduled_job_id = g_strdup(jr->scheduled_job_id);
        copy->nominal_time = jr->nominal_time;
        copy->attempts = jr->attempts;
        copy->retry_delay_usec = jr->retry_delay_usec;
        copy->ignore_singleton = jr->ignore_singleton;
        copy->task_queue = g_strdup(jr->task_queue);
        copy->has_sensitive_variables = jr->has_sensitive_variables;
        copy->data = g_strdup(jr->data);
        copy->soft_time_limit_usec = jr->soft_time_limit_usec;
        copy->time_limit_usec = jr->time_limit_usec;
        return copy;
}

JobResult *job_result_new_retry(JobResult *jr, uint64_t not_before_usec) {
        g_autofree char *when = NULL, *message = NULL;
        JobResult *retry;

        if (!job_result_may_retry(jr))
                return NULL;
        retry = copy_request(jr);
        retry->attempt = jr->attempt + 1;
        replace(&retry->retry_of, jr->retry_of[0] ? jr->retry_of : jr->id);
        retry->date_created = jr->date_done;
        retry->not_before = MIN(not_before_usec, (uint64_t) INT64_MAX); /* as the store has it */
        retry->waits_for = JOB_RESULT_WAITS_FOR_TIME;

        replace(&jr->retried_by, retry->id);
        when = job_result_format_time(not_before_usec);
        message = g_strdup_printf("%s%swill be tried again at %s (%u of %u)", jr->message, jr->message[0] ? "; " : "",
                                  when, retry->attempt, retry->attempts);
        replace(&jr->message, message);
        return retry;
}
