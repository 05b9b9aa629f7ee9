/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "run-request.h"
#include "scheduled-job.h"

/*
 * What users may change of a scheduled job, as rules: each changes the record in memory, or returns negative errno and
 * the refusal. The caller stores it. job: of the record, NULL when it was deleted. *ret_voids: what was approved is no
 * longer what will run, so the approvals are void and the scheduled job waits again.
 */

/* Pauses or resumes. Returns 1, or 0 when nothing is to be done. */
int schedule_change_enabled(ScheduledJob *sj, bool enabled, const Job *job, uint64_t now_usec, Refusal *f)
                _must_check_;

/* Reference, row S9. Beyond it: one with sensitive input only by root, who could read it in any case. */
int schedule_change_take_over(ScheduledJob *sj, const Job *job, uint32_t uid, const char *user, uint64_t now_usec,
                              bool *ret_voids, Refusal *f) _must_check_;

/* Whether it may be run beside its times: not when it is over. */
int schedule_change_check_run(const ScheduledJob *sj, Refusal *f) _must_check_;

int schedule_change_cancel(ScheduledJob *sj, const char *user, uint64_t now_usec, Refusal *f) _must_check_;

/* New settings; members that are NULL or 0 stay as they are. */
typedef struct ScheduleUpdate {
        ScheduleRequest schedule;
        const char *task_queue; /* allowed for the job: the caller has checked */
} ScheduleUpdate;

int schedule_change_settings(ScheduledJob *sj, const ScheduleUpdate *update, uint64_t now_usec, bool *ret_voids,
                             Refusal *f) _must_check_;

/* The input of another, a copy with a new one (schedule_request_replace_input()) that has been sealed. */
void schedule_change_input(ScheduledJob *sj, const ScheduledJob *with_input, uint64_t now_usec, bool *ret_voids);
