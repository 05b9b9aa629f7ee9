/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/* Status and reason of a job result, and the rule that turns what systemd says of an ended unit into them. Pure. */

typedef enum JobResultStatus {
        JOB_RESULT_PENDING,
        JOB_RESULT_STARTED,
        JOB_RESULT_SUCCESS,
        JOB_RESULT_FAILURE,
        JOB_RESULT_REVOKED,
        _JOB_RESULT_STATUS_MAX,
        _JOB_RESULT_STATUS_INVALID = -EINVAL,
} JobResultStatus;

const char *job_result_status_to_string(JobResultStatus status);
JobResultStatus job_result_status_from_string(const char *text);

static inline bool job_result_status_is_final(JobResultStatus status) {
        return status >= JOB_RESULT_SUCCESS;
}

typedef enum JobResultReason {
        JOB_RESULT_REASON_NONE,
        JOB_RESULT_REASON_SUCCESS,
        JOB_RESULT_REASON_FAILED, /* the job itself said so */
        JOB_RESULT_REASON_EXIT_CODE,
        JOB_RESULT_REASON_SIGNAL,
        JOB_RESULT_REASON_CORE_DUMP,
        JOB_RESULT_REASON_SOFT_TIME_LIMIT,
        JOB_RESULT_REASON_HARD_TIME_LIMIT,
        JOB_RESULT_REASON_OOM_KILL,
        JOB_RESULT_REASON_START_FAILED, /* the program did not start: message says which step */
        JOB_RESULT_REASON_REVOKED,      /* cancelled through jobd */
        JOB_RESULT_REASON_STOPPED,      /* systemctl stop, or the host was shut down */
        JOB_RESULT_REASON_LOST,         /* its outcome can no longer be known */
        JOB_RESULT_REASON_INPUT_LOST,   /* sensitive input was in memory only and is gone */
        JOB_RESULT_REASON_NOT_RUNNABLE, /* when its turn came: job disabled, not installed, broken */
        JOB_RESULT_REASON_MISSED,       /* it was due while jobd was not there, and is not made up for */
        _JOB_RESULT_REASON_MAX,
        _JOB_RESULT_REASON_INVALID = -EINVAL,
} JobResultReason;

const char *job_result_reason_to_string(JobResultReason reason); /* "" for NONE */
JobResultReason job_result_reason_from_string(const char *text);

/* What is known of a unit that has ended. Strings are borrowed. */
typedef struct UnitExit {
        const char *result;   /* the service's Result property: "success", "exit-code", "timeout", ... */
        int code;             /* ExecMainCode: CLD_EXITED, CLD_KILLED, CLD_DUMPED; 0: no main process ever ran */
        int status;           /* ExecMainStatus: exit status or signal number */
        bool was_stopped;     /* it ended by a stop job, not by itself */
        bool start_failed;    /* PID 1 could not start the program ... */
        const char *step;     /* ... at this step ("EXEC", "USER", ...), NULL when not known */
        const char *start_error; /* ... for this reason ("No such file or directory"), NULL when not known */
} UnitExit;

/* What jobd knows of the run itself. */
typedef struct RunFacts {
        const char *revoked_by; /* NULL: nobody cancelled it */
        const char *failure;    /* NULL: the job has not said that it failed */
        uint64_t soft_time_limit_usec;
        uint64_t time_limit_usec;
} RunFacts;

typedef struct Outcome {
        JobResultStatus status;
        JobResultReason reason;
        int exit_code;  /* -1: the main process did not exit by itself */
        int signal;     /* 0: none */
        char *message;  /* for people; NULL on plain success */
        char *warning;  /* what should be known all the same; NULL: nothing */
} Outcome;

/* Never fails: whatever systemd said, the run gets a final status and a reason. */
void outcome_from_exit(const UnitExit *e, const RunFacts *facts, Outcome *ret);

/* Frees what it holds; for _cleanup_(outcome_done). */
void outcome_done(Outcome *o);

/*
 * An exit status by which PID 1's forked starter may say that it could not start the program (systemd.exec(5),
 * "Process Exit Codes": 200 to 245). The program itself can exit so too: the journal tells the two apart.
 */
static inline bool exit_status_may_be_start_failure(int code, int status) {
        return code == 1 /* CLD_EXITED */ && status >= 200 && status <= 245;
}
