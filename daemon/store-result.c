/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "store-result-internal.h"

enum {
        COLUMN_SEQ,
        COLUMN_ID,
        COLUMN_JOB_ID,
        COLUMN_NAME,
        COLUMN_CLASS_PATH,
        COLUMN_REQUESTER_UID,
        COLUMN_REQUESTER,
        COLUMN_TASK_QUEUE,
        COLUMN_STATUS,
        COLUMN_REASON,
        COLUMN_MESSAGE,
        COLUMN_WARNINGS,
        COLUMN_REVOKED_BY,
        COLUMN_HAS_SENSITIVE_VARIABLES,
        COLUMN_DATA,
        COLUMN_SOFT_TIME_LIMIT,
        COLUMN_TIME_LIMIT,
        COLUMN_DATE_CREATED,
        COLUMN_DATE_STARTED,
        COLUMN_DATE_DONE,
        COLUMN_BOOT_ID,
        COLUMN_INVOCATION_ID,
        COLUMN_EXIT_CODE,
        COLUMN_SIGNAL,
        COLUMN_CPU_USAGE_NSEC,
        COLUMN_PROGRESS,
        COLUMN_PROGRESS_TEXT,
        COLUMN_FAILURE,
        COLUMN_LOG_COUNTS,
        COLUMN_ATTEMPT = COLUMN_LOG_COUNTS + _LOG_LEVEL_MAX,
        COLUMN_RETRY_OF,
        COLUMN_RETRIED_BY,
        COLUMN_NOT_BEFORE,
        COLUMN_IGNORE_SINGLETON,
        COLUMN_REQUESTED_BY,
        COLUMN_CAUSED_BY,
        COLUMN_SCHEDULED_JOB_ID,
        COLUMN_NOMINAL_TIME,
        COLUMN_IO_READ_BYTES,
        COLUMN_IO_WRITE_BYTES,
        COLUMN_MEMORY_PEAK,
        COLUMN_ATTEMPTS,
        COLUMN_RETRY_DELAY,
        COLUMN_WAITS_FOR,
        COLUMN_RESULT,
};

static char *column_strdup(sqlite3_stmt *statement, int column) {
        return g_strdup(store_column_text(statement, column));
}

static void replace_text(char **text, sqlite3_stmt *statement, int column) {
        g_free(*text);
        *text = column_strdup(statement, column);
}

static uint64_t column_uint64_or_max(sqlite3_stmt *statement, int column) {
        if (sqlite3_column_type(statement, column) == SQLITE_NULL)
                return UINT64_MAX;
        return (uint64_t) sqlite3_column_int64(statement, column);
}

static void read_origin(sqlite3_stmt *statement, JobResult *jr) {
        jr->attempt = (unsigned) sqlite3_column_int(statement, COLUMN_ATTEMPT);
        replace_text(&jr->retry_of, statement, COLUMN_RETRY_OF);
        replace_text(&jr->retried_by, statement, COLUMN_RETRIED_BY);
        jr->not_before = (uint64_t) sqlite3_column_int64(statement, COLUMN_NOT_BEFORE);
        jr->ignore_singleton = sqlite3_column_int(statement, COLUMN_IGNORE_SINGLETON) != 0;
        replace_text(&jr->requested_by, statement, COLUMN_REQUESTED_BY);
        replace_text(&jr->caused_by, statement, COLUMN_CAUSED_BY);
        if (sqlite3_column_type(statement, COLUMN_SCHEDULED_JOB_ID) != SQLITE_NULL)
                jr->scheduled_job_id = column_strdup(statement, COLUMN_SCHEDULED_JOB_ID);
        jr->nominal_time = (uint64_t) sqlite3_column_int64(statement, COLUMN_NOMINAL_TIME);
        jr->attempts = (unsigned) sqlite3_column_int(statement, COLUMN_ATTEMPTS);
        jr->retry_delay_usec = (uint64_t) sqlite3_column_int64(statement, COLUMN_RETRY_DELAY);
        jr->waits_for = job_result_wait_from_string(store_column_text(statement, COLUMN_WAITS_FOR));
}

JobResult *store_result_read(sqlite3_stmt *statement) {
        JobResult *jr;

        jr = job_result_new();
        jr->seq = sqlite3_column_int64(statement, COLUMN_SEQ);
        (void) g_strlcpy(jr->id, store_column_text(statement, COLUMN_ID), sizeof(jr->id));
        (void) g_strlcpy(jr->job_id, store_column_text(statement, COLUMN_JOB_ID), sizeof(jr->job_id));
        jr->job_name = column_strdup(statement, COLUMN_NAME);
        jr->class_path = column_strdup(statement, COLUMN_CLASS_PATH);
        jr->requester_uid = (uint32_t) sqlite3_column_int64(statement, COLUMN_REQUESTER_UID);
        jr->requester = column_strdup(statement, COLUMN_REQUESTER);
        jr->task_queue = column_strdup(statement, COLUMN_TASK_QUEUE);
        jr->status = job_result_status_from_string(store_column_text(statement, COLUMN_STATUS));
        jr->reason = job_result_reason_from_string(store_column_text(statement, COLUMN_REASON));
        replace_text(&jr->message, statement, COLUMN_MESSAGE);
        replace_text(&jr->warnings, statement, COLUMN_WARNINGS);
        replace_text(&jr->revoked_by, statement, COLUMN_REVOKED_BY);
        jr->has_sensitive_variables = sqlite3_column_int(statement, COLUMN_HAS_SENSITIVE_VARIABLES) != 0;
        if (sqlite3_column_type(statement, COLUMN_DATA) != SQLITE_NULL)
                jr->data = column_strdup(statement, COLUMN_DATA);
        jr->soft_time_limit_usec = (uint64_t) sqlite3_column_int64(statement, COLUMN_SOFT_TIME_LIMIT);
        jr->time_limit_usec = (uint64_t) sqlite3_column_int64(statement, COLUMN_TIME_LIMIT);
        jr->date_created = (uint64_t) sqlite3_column_int64(statement, COLUMN_DATE_CREATED);
        jr->date_started = (uint64_t) sqlite3_column_int64(statement, COLUMN_DATE_STARTED);
        jr->date_done = (uint64_t) sqlite3_column_int64(statement, COLUMN_DATE_DONE);
        replace_text(&jr->boot_id, statement, COLUMN_BOOT_ID);
        replace_text(&jr->invocation_id, statement, COLUMN_INVOCATION_ID);
        jr->exit_code = sqlite3_column_int(statement, COLUMN_EXIT_CODE);
        jr->signal = sqlite3_column_int(statement, COLUMN_SIGNAL);
        jr->cpu_usage_nsec = column_uint64_or_max(statement, COLUMN_CPU_USAGE_NSEC);
        jr->io_read_bytes = column_uint64_or_max(statement, COLUMN_IO_READ_BYTES);
        jr->io_write_bytes = column_uint64_or_max(statement, COLUMN_IO_WRITE_BYTES);
        jr->memory_peak = column_uint64_or_max(statement, COLUMN_MEMORY_PEAK);
        jr->progress = sqlite3_column_int(statement, COLUMN_PROGRESS);
        replace_text(&jr->progress_text, statement, COLUMN_PROGRESS_TEXT);
        if (sqlite3_column_type(statement, COLUMN_FAILURE) != SQLITE_NULL)
                jr->failure = column_strdup(statement, COLUMN_FAILURE);
        for (int i = 0; i < _LOG_LEVEL_MAX; i++)
                jr->log_counts[i] = (uint32_t) sqlite3_column_int64(statement, COLUMN_LOG_COUNTS + i);
        read_origin(statement, jr);
        return jr;
}

typedef struct Binding {
        int index;
        bool is_text;
        const char *text; /* NULL: SQL NULL */
        int64_t number;
} Binding;

#define BIND_TEXT(index_, text_) { .index = (index_), .is_text = true, .text = (text_) }
#define BIND_NUMBER(index_, number_) { .index = (index_), .number = (int64_t) (number_) }

static int bind_all(Store *s, sqlite3_stmt *statement, const Binding *bindings, size_t n) {
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++)
                r = bindings[i].is_text ? store_bind_text(s, statement, bindings[i].index, bindings[i].text)
                                        : store_bind_int64(s, statement, bindings[i].index, bindings[i].number);
        return r;
}

int store_result_insert(Store *s, JobResult *jr) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        const Binding bindings[] = {
                BIND_TEXT(1, jr->id),
                BIND_TEXT(2, jr->job_id[0] ? jr->job_id : NULL),
                BIND_TEXT(3, jr->job_name),
                BIND_TEXT(4, jr->class_path),
                BIND_NUMBER(5, jr->requester_uid),
                BIND_TEXT(6, jr->requester),
                BIND_TEXT(7, jr->task_queue),
                BIND_TEXT(8, job_result_status_to_string(jr->status)),
                BIND_TEXT(9, job_result_reason_to_string(jr->reason)),
                BIND_TEXT(10, jr->message),
                BIND_TEXT(11, jr->warnings),
                BIND_TEXT(12, jr->revoked_by),
                BIND_NUMBER(13, jr->has_sensitive_variables),
                BIND_TEXT(14, jr->data),
                BIND_NUMBER(15, jr->soft_time_limit_usec),
                BIND_NUMBER(16, jr->time_limit_usec),
                BIND_NUMBER(17, jr->date_created),
                BIND_NUMBER(18, jr->date_started),
                BIND_NUMBER(19, jr->date_done),
                BIND_TEXT(20, jr->boot_id),
                BIND_TEXT(21, jr->invocation_id),
                BIND_NUMBER(22, jr->exit_code),
                BIND_NUMBER(23, jr->signal),
                BIND_NUMBER(24, jr->attempt),
                BIND_TEXT(25, jr->retry_of),
                BIND_TEXT(26, jr->retried_by),
                BIND_NUMBER(27, jr->not_before),
                BIND_NUMBER(28, jr->ignore_singleton),
                BIND_TEXT(29, jr->requested_by),
                BIND_TEXT(30, jr->caused_by),
                BIND_TEXT(31, jr->scheduled_job_id),
                BIND_NUMBER(32, jr->nominal_time),
                BIND_NUMBER(33, jr->attempts),
                BIND_NUMBER(34, jr->retry_delay_usec),
                BIND_TEXT(35, job_result_wait_to_string(jr->waits_for)),
        };
        int r;

        r = store_write_statement(s, STORE_RESULT_INSERT,
                                  "INSERT INTO job_result (id, job_id, name, class_path, requester_uid, requester,"
                                  " task_queue, status, reason, message, warnings, revoked_by,"
                                  " has_sensitive_variables, data, soft_time_limit_usec, time_limit_usec,"
                                  " date_created, date_started, date_done, boot_id, invocation_id, exit_code, signal,"
                                  " attempt, retry_of, retried_by, not_before, ignore_singleton, requested_by,"
                                  " caused_by, scheduled_job_id, nominal_time, attempts, retry_delay_usec, waits_for)"
                                  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
                                  " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                                  " RETURNING seq",
                                  &statement);
        if (r < 0)
                return r;
        r = bind_all(s, statement, bindings, ELEMENTSOF(bindings));
        if (r < 0)
                return r;
        r = store_step(s, statement);
        if (r <= 0)
                return r < 0 ? r : -EIO;
        jr->seq = sqlite3_column_int64(statement, 0);
        return 0;
}

int store_result_update(Store *s, const JobResult *jr) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        const Binding bindings[] = {
                BIND_TEXT(1, jr->id),
                BIND_TEXT(2, job_result_status_to_string(jr->status)),
                BIND_TEXT(3, job_result_reason_to_string(jr->reason)),
                BIND_TEXT(4, jr->message),
                BIND_TEXT(5, jr->warnings),
                BIND_TEXT(6, jr->revoked_by),
                BIND_NUMBER(7, jr->date_started),
                BIND_NUMBER(8, jr->date_done),
                BIND_TEXT(9, jr->boot_id),
                BIND_TEXT(10, jr->invocation_id),
                BIND_NUMBER(11, jr->exit_code),
                BIND_NUMBER(12, jr->signal),
                BIND_NUMBER(14, jr->progress),
                BIND_TEXT(15, jr->progress_text),
                BIND_TEXT(16, jr->failure),
                BIND_NUMBER(17, jr->log_counts[LOG_LEVEL_DEBUG]),
                BIND_NUMBER(18, jr->log_counts[LOG_LEVEL_INFO]),
                BIND_NUMBER(19, jr->log_counts[LOG_LEVEL_SUCCESS]),
                BIND_NUMBER(20, jr->log_counts[LOG_LEVEL_WARNING]),
                BIND_NUMBER(21, jr->log_counts[LOG_LEVEL_FAILURE]),
                BIND_NUMBER(22, jr->log_counts[LOG_LEVEL_ERROR]),
                BIND_NUMBER(23, jr->log_counts[LOG_LEVEL_CRITICAL]),
                BIND_TEXT(27, jr->retried_by),
        };
        const Binding usage[] = {
                BIND_NUMBER(13, jr->cpu_usage_nsec),
                BIND_NUMBER(24, jr->io_read_bytes),
                BIND_NUMBER(25, jr->io_write_bytes),
                BIND_NUMBER(26, jr->memory_peak),
        };
        int r;

        r = store_write_statement(s, STORE_RESULT_UPDATE,
                                  "UPDATE job_result SET status = ?2, reason = ?3, message = ?4, warnings = ?5,"
                                  " revoked_by = ?6, date_started = ?7, date_done = ?8, boot_id = ?9,"
                                  " invocation_id = ?10, exit_code = ?11, signal = ?12, cpu_usage_nsec = ?13,"
                                  " progress = ?14, progress_text = ?15, failure = ?16, debug_log_count = ?17,"
                                  " info_log_count = ?18, success_log_count = ?19, warning_log_count = ?20,"
                                  " failure_log_count = ?21, error_log_count = ?22, critical_log_count = ?23,"
                                  " io_read_bytes = ?24, io_write_bytes = ?25, memory_peak = ?26, retried_by = ?27"
                                  " WHERE id = ?1",
                                  &statement);
        if (r < 0)
                return r;
        r = bind_all(s, statement, bindings, ELEMENTSOF(bindings));
        for (size_t i = 0; i < ELEMENTSOF(usage) && r >= 0; i++)
                if (usage[i].number != -1) /* UINT64_MAX: not known, and so NULL */
                        r = bind_all(s, statement, &usage[i], 1);
        return r < 0 ? r : store_step(s, statement);
}

int store_result_set_result(Store *s, const char *id, const char *result) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_write_statement(s, STORE_RESULT_SET_RESULT, "UPDATE job_result SET result = ?2 WHERE id = ?1",
                                  &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, id);
        if (r >= 0)
                r = store_bind_text(s, statement, 2, result);
        return r < 0 ? r : store_step(s, statement);
}

int store_result_delete(Store *s, const char *id) {
        return store_write_key(s, STORE_RESULT_DELETE, "DELETE FROM job_result WHERE id = ?", id);
}

int store_result_get(Store *s, const char *id, JobResult **ret) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, STORE_RESULT_GET,
                            "SELECT " STORE_RESULT_COLUMNS ", result FROM job_result WHERE id = ?", &statement);
        if (r < 0)
                return r;
        r = store_bind_text(s, statement, 1, id);
        if (r < 0)
                return r;
        r = store_step(s, statement);
        if (r <= 0)
                return r;
        *ret = store_result_read(statement);
        if (sqlite3_column_type(statement, COLUMN_RESULT) != SQLITE_NULL)
                (*ret)->result = column_strdup(statement, COLUMN_RESULT);
        return 1;
}

int store_result_list_followers(Store *s, const char *id, unsigned limit, GPtrArray *ids) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        /* caused_by <> '' as the partial index has it; further attempts are found by the first one */
        r = store_statement(s, STORE_RESULT_FOLLOWERS,
                            "SELECT id FROM job_result INDEXED BY job_result_followers WHERE caused_by <> ''"
                            " AND caused_by = ? AND retry_of = '' ORDER BY seq LIMIT ?",
                            &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, id);
        if (r >= 0)
                r = store_bind_int64(s, statement, 2, limit);
        if (r < 0)
                return r;
        while ((r = store_step(s, statement)) > 0)
                g_ptr_array_add(ids, g_strdup(store_column_text(statement, 0)));
        return r;
}

int store_result_get_latest(Store *s, const char *job_id, JobResult **ret) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, STORE_RESULT_LATEST,
                            "SELECT " STORE_RESULT_COLUMNS " FROM job_result WHERE job_id = ? ORDER BY seq DESC LIMIT 1",
                            &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, job_id);
        if (r >= 0)
                r = store_step(s, statement);
        if (r > 0)
                *ret = store_result_read(statement);
        return r;
}

int store_result_read_all(Store *s, sqlite3_stmt *statement, GPtrArray *results) {
        int r;

        while ((r = store_step(s, statement)) > 0)
                g_ptr_array_add(results, store_result_read(statement));
        return r;
}

int store_result_list_active(Store *s, GPtrArray *results) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, STORE_RESULT_ACTIVE,
                            "SELECT " STORE_RESULT_COLUMNS " FROM job_result WHERE status = 'STARTED'"
                            " UNION ALL SELECT " STORE_RESULT_COLUMNS
                            " FROM job_result WHERE status = 'PENDING' AND boot_id <> ''",
                            &statement);
        return r < 0 ? r : store_result_read_all(s, statement, results);
}
