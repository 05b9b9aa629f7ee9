/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job-result.h"
#include "store.h"

/* What a clean-up looks at in the tables job_result and scheduled_job: little of each row, in steps whose cost does not grow with history. */

typedef struct CleanRow {
        int64_t seq;
        char id[UUID_STRING_SIZE];
        bool ended;
        bool is_needed; /* a retry of it has not ended, or what follows on it was not requested yet */
        uint64_t date_created, date_done;
        uint64_t n_outputs;
} CleanRow;

/*
 * The oldest ones of a job after that seq, in their order; job_id NULL: of jobs that were deleted. Fills rows, returns
 * how many there were, or negative errno.
 */
int store_clean_list(Store *s, const char *job_id, int64_t after_seq, CleanRow *rows, unsigned n_rows) _must_check_;

typedef struct CleanScheduleRow {
        int64_t seq;
        char id[UUID_STRING_SIZE];
        bool over; /* it never runs again, and no run of it waits or is in progress */
        uint64_t date_changed;
} CleanScheduleRow;

/* The same of its scheduled jobs. */
int store_clean_list_schedules(Store *s, const char *job_id, int64_t after_seq, CleanScheduleRow *rows, unsigned n_rows)
                _must_check_;

/* The oldest of the newest n ones of a job: its seq, 0 when there are no more than that. n > 0. */
int store_clean_threshold(Store *s, const char *job_id, uint64_t n, int64_t *ret_seq) _must_check_;
