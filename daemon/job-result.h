/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "log-level.h"
#include "macro.h"
#include "outcome.h"
#include "uuid.h"

/* What keeps a run that waits out of its queue's line. */
typedef enum JobResultWait {
        JOB_RESULT_WAITS_IN_LINE,       /* nothing does */
        JOB_RESULT_WAITS_FOR_TIME,      /* not_before */
        JOB_RESULT_WAITS_FOR_SINGLETON, /* another run of its job */
        _JOB_RESULT_WAIT_MAX,
} JobResultWait;

const char *job_result_wait_to_string(JobResultWait wait); /* "", "time", "singleton": as in the store */
JobResultWait job_result_wait_from_string(const char *text);

/*
 * A job result: one run of a job, from the request to the outcome. Its state changes in job_result_set_state() only.
 */
typedef struct JobResult {
        int64_t seq; /* order of the requests; 0 until stored */
        char id[UUID_STRING_SIZE];
        char job_id[UUID_STRING_SIZE]; /* "" when the job was deleted */
        char *job_name;
        char *class_path;
        uint32_t requester_uid;
        char *requester; /* user name at the time of the request, or the uid in digits */
        char *requested_by; /* who has asked for it as that user; "" when it was the requester */
        char *caused_by;    /* the job result that it follows in a chain; "" for none */
        char *scheduled_job_id; /* what it is an occurrence of; NULL: of none */
        uint64_t nominal_time;  /* when that was due, usec since the epoch */
        unsigned attempt;       /* from 1 */
        unsigned attempts;      /* so many there may be, as the class had it at the time of the request */
        uint64_t retry_delay_usec; /* between two of them */
        char *retry_of;         /* the first job result of a row of retries; "": this one */
        char *retried_by;       /* the one that tries again; "": none does */
        uint64_t not_before;    /* it may not start earlier, usec since the epoch; 0: at once */
        JobResultWait waits_for; /* means something while it waits */
        bool ignore_singleton;
        char *task_queue;
        JobResultStatus status;
        JobResultReason reason;
        char *message;  /* never NULL */
        char *warnings; /* lines; never NULL */
        char *revoked_by; /* who cancelled it; "" when nobody did */
        bool has_sensitive_variables;
        char *data; /* the input, JSON; NULL when it is sensitive */
        uint64_t soft_time_limit_usec; /* effective at the time of the request, never 0 */
        uint64_t time_limit_usec;
        uint64_t date_created; /* usec since the epoch, 0: not yet */
        uint64_t date_started;
        uint64_t date_done;
        char *boot_id;       /* the boot in which the unit may have been started; "" before */
        char *invocation_id; /* of the unit, 32 digits; "" until known */
        int exit_code;       /* -1: none */
        int signal;          /* 0: none */
        uint64_t cpu_usage_nsec; /* UINT64_MAX: not known; so in the next three */
        uint64_t io_read_bytes;
        uint64_t io_write_bytes;
        uint64_t memory_peak; /* bytes */

        /* what the run says about itself */
        int progress;        /* percent; -1: it has not said */
        char *progress_text; /* never NULL */
        char *failure;       /* NULL: it has not said that it failed */
        uint32_t log_counts[_LOG_LEVEL_MAX];
        char *result; /* JSON; NULL: none, or read as one of many (store-result.h) */

        /* not stored: see dispatcher_describe_wait() */
        uint32_t position;
        char *wait_reason; /* NULL: not asked for */
} JobResult;

JobResult *job_result_new(void);
JobResult *job_result_free(JobResult *jr);
DEFINE_CLEANUP(JobResult *, job_result_free);

/* "jobd-run-<id>.service". Free with g_free(). */
char *job_result_unit(const JobResult *jr);

/* A time as it is told in messages: local time, as systemd writes it. Free with g_free(). */
char *job_result_format_time(uint64_t usec);

/*
 * The job result of the next attempt, due at that time; NULL: there is none, because it has not failed by itself or has
 * no attempt left. Not stored; the old one is told of it (retried_by, message).
 */
JobResult *job_result_new_retry(JobResult *jr, uint64_t not_before_usec);

/* Whether there is to be one. */
bool job_result_may_retry(const JobResult *jr);

/* Adds a line to warnings, redacted (redact.h). */
void job_result_add_warning(JobResult *jr, const char *warning);

/*
 * The one place where a job result changes its state. The transitions: PENDING to STARTED or to a final state, STARTED
 * to a final state. Returns -EINVAL for any other (an outcome is never overwritten). Sets the message, redacted
 * (redact.h), and the time that belongs to the new state; the caller stores, announces and logs (result-log.h).
 */
int job_result_set_state(JobResult *jr, JobResultStatus status, JobResultReason reason, const char *message,
                         uint64_t when_usec) _must_check_;
