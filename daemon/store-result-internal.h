/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store-result.h"

/* Shared by store-result*.c and store-waiting.c, which read the table job_result. */

#define STORE_RESULT_COLUMNS                                                                                   \
        "seq, id, job_id, name, class_path, requester_uid, requester, task_queue, status, reason, message, "   \
        "warnings, revoked_by, has_sensitive_variables, data, soft_time_limit_usec, time_limit_usec, "         \
        "date_created, date_started, date_done, boot_id, invocation_id, exit_code, signal, cpu_usage_nsec, "   \
        "progress, progress_text, failure, debug_log_count, info_log_count, success_log_count, "               \
        "warning_log_count, failure_log_count, error_log_count, critical_log_count, attempt, retry_of, "       \
        "retried_by, not_before, ignore_singleton, requested_by, caused_by, scheduled_job_id, nominal_time, "  \
        "io_read_bytes, io_write_bytes, memory_peak, attempts, retry_delay_usec, waits_for"

/* The job result of the row that the statement stands at. */
JobResult *store_result_read(sqlite3_stmt *statement);

/* Those of all rows that are left, appended to the array. */
int store_result_read_all(Store *s, sqlite3_stmt *statement, GPtrArray *results) _must_check_;
