/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "scheduled-job.h"

/* When a scheduled job is due, and what is to be done when it is. No clock, no store. */

enum {
        /* Of the times that were missed, so many of a scheduled job get a job result each; a warning has the rest. */
        SCHEDULE_MISSED_MAX_RECORDS = 100,
};

/* How late a run may be and still be the one that was due: the daemon may have to be started for it. */
#define SCHEDULE_LATE_USEC (60 * USEC_PER_SEC)

/*
 * The first due time later than after_usec. Returns 0, -ENOENT: there is none any more, or another negative errno when
 * the time zone or the crontab cannot be used (any more), and a sentence. g_free() it.
 */
int schedule_next_run(const ScheduledJob *sj, uint64_t after_usec, uint64_t *ret_usec, char **ret_error) _must_check_;

/*
 * Of one that recurs: which of its due times is nearest to usec, that is usec itself unless the rules of its time zone have
 * changed since that was worked out. Returns as schedule_next_run().
 */
int schedule_nearest_run(const ScheduledJob *sj, uint64_t usec, uint64_t *ret_usec, char **ret_error) _must_check_;

/*
 * As schedule_next_run(), for one that becomes active now (approved, resumed): a time that is past is not made up for, but one that
 * runs once and was to start in the meantime starts now.
 */
int schedule_first_run(const ScheduledJob *sj, uint64_t now_usec, uint64_t *ret_usec, char **ret_error) _must_check_;

/* What is to be done about a scheduled job whose time has come. */
typedef struct SchedulePlan {
        GArray *runs;         /* of uint64_t, nominal times, oldest first: to be run */
        GArray *missed;       /* the same: not to be run, each a record */
        bool has_unrecorded;  /* there were more, before these */
        uint64_t next_run_at; /* 0: there is none any more */
} SchedulePlan;

void schedule_plan_done(SchedulePlan *p);

/* sj is active and next_run_at is not later than now. Errors as of schedule_next_run(), but for -ENOENT. */
int schedule_plan(const ScheduledJob *sj, uint64_t now_usec, SchedulePlan *ret, char **ret_error) _must_check_;
