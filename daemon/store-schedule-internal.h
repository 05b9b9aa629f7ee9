/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store-schedule.h"

/* Shared by store-schedule*.c, which read the table scheduled_job. */

#define STORE_SCHEDULE_COLUMNS                                                                                \
        "seq, id, name, job_id, job_name, class_path, requester_uid, requester, requested_by, interval, "     \
        "crontab, time_zone, start_time, missed, task_queue, data, sealed, has_sensitive_variables, "         \
        "ignore_singleton, state, state_reason, approval_required, digest, stages, expires_at, decided_at, "  \
        "last_run_at, next_run_at, total_run_count, last_result_id, date_created, date_changed"

/* Those of all rows that are left, appended to the array. */
int store_schedule_read_all(Store *s, sqlite3_stmt *statement, GPtrArray *scheduled_jobs) _must_check_;
