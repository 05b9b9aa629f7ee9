/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"
#include "uuid.h"

/*
 * A scheduled job: a run that waits for a time, an approval, or both. Its state changes in scheduled_job_set_state()
 * only.
 */

typedef enum ScheduledJobState {
        SCHEDULED_JOB_PENDING,   /* waits for an approval */
        SCHEDULED_JOB_ACTIVE,    /* fires at next_run_at */
        SCHEDULED_JOB_PAUSED,
        SCHEDULED_JOB_DENIED,    /* from here on final, but for the last one */
        SCHEDULED_JOB_CANCELED,
        SCHEDULED_JOB_EXPIRED,   /* nobody has answered in time */
        SCHEDULED_JOB_COMPLETED, /* fired, and there is no further time */
        SCHEDULED_JOB_ERRORED,   /* cannot fire until somebody repairs it: state_reason says what */
        _SCHEDULED_JOB_STATE_MAX,
        _SCHEDULED_JOB_STATE_INVALID = -EINVAL,
} ScheduledJobState;

const char *scheduled_job_state_to_string(ScheduledJobState state);
ScheduledJobState scheduled_job_state_from_string(const char *text);

/* Nothing comes after it: the record is kept to be looked at. */
static inline bool scheduled_job_state_is_final(ScheduledJobState state) {
        return state >= SCHEDULED_JOB_DENIED && state <= SCHEDULED_JOB_COMPLETED;
}

typedef enum ScheduleInterval {
        SCHEDULE_INTERVAL_IMMEDIATELY,
        SCHEDULE_INTERVAL_FUTURE,
        SCHEDULE_INTERVAL_HOURLY,
        SCHEDULE_INTERVAL_DAILY,
        SCHEDULE_INTERVAL_WEEKLY,
        SCHEDULE_INTERVAL_CUSTOM,
        _SCHEDULE_INTERVAL_MAX,
        _SCHEDULE_INTERVAL_INVALID = -EINVAL,
} ScheduleInterval;

const char *schedule_interval_to_string(ScheduleInterval interval);
ScheduleInterval schedule_interval_from_string(const char *text);

/* It runs once. */
static inline bool schedule_interval_is_one_off(ScheduleInterval interval) {
        return interval == SCHEDULE_INTERVAL_IMMEDIATELY || interval == SCHEDULE_INTERVAL_FUTURE;
}

/* What becomes of the times at which the host was off. */
typedef enum ScheduleMissed {
        SCHEDULE_MISSED_NONE,
        SCHEDULE_MISSED_LAST, /* the last of them is made up for */
        SCHEDULE_MISSED_ALL,
        _SCHEDULE_MISSED_MAX,
        _SCHEDULE_MISSED_INVALID = -EINVAL,
} ScheduleMissed;

const char *schedule_missed_to_string(ScheduleMissed missed);
ScheduleMissed schedule_missed_from_string(const char *text);

/* Times are microseconds since the epoch, 0: none. Texts are never NULL but where it is said. */
typedef struct ScheduledJob {
        int64_t seq; /* order of the requests; 0 until stored */
        char id[UUID_STRING_SIZE];
        char *name;
        char job_id[UUID_STRING_SIZE]; /* "" when the job was deleted */
        char *job_name;                /* as of the request */
        char *class_path;
        uint32_t requester_uid;
        char *requester;    /* user name as of the request, or the uid in digits */
        char *requested_by; /* who has asked in the requester's name; "": the requester */
        ScheduleInterval interval;
        char *crontab;   /* "" unless custom */
        char *time_zone; /* IANA name */
        uint64_t start_time;
        ScheduleMissed missed;
        char *task_queue;
        char *data;   /* the input, JSON, without its sensitive values; NULL: all of it is sensitive */
        char *sealed; /* the sensitive part, encrypted for this scheduled job (seal.h); NULL: there is none */
        bool has_sensitive_variables;
        bool ignore_singleton;
        ScheduledJobState state;
        char *state_reason; /* a sentence; "" when there is nothing to say */
        bool approval_required;
        char *digest; /* what approvals cover */
        char *stages; /* JSON list, as the job class had it at the time of the request */
        uint64_t expires_at; /* of a request that waits for approval */
        uint64_t decided_at; /* when it was approved or denied */
        uint64_t last_run_at;
        uint64_t next_run_at;
        uint64_t total_run_count;
        char *last_result_id; /* UUID; "": it has not run */
        uint64_t date_created;
        uint64_t date_changed;
} ScheduledJob;

ScheduledJob *scheduled_job_new(void);
ScheduledJob *scheduled_job_copy(const ScheduledJob *s);
ScheduledJob *scheduled_job_free(ScheduledJob *s);
DEFINE_CLEANUP(ScheduledJob *, scheduled_job_free);

/* Replaces a text member. value may be NULL for data and sealed only. */
void scheduled_job_set_text(char **member, const char *value);

/*
 * The one place where a scheduled job changes its state; the caller stores, announces and logs. reason: a sentence,
 * NULL: none. Returns -EINVAL for a transition that there is not, which leaves all as it is: from a final state, to
 * the same state, and from pending to paused or completed; only an active one can be completed. Sets date_changed, and
 * decided_at when an answer ends the waiting; what is not active or pending has no next_run_at.
 */
int scheduled_job_set_state(ScheduledJob *s, ScheduledJobState state, const char *reason, uint64_t when_usec)
                _must_check_;
