/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "store-schedule-internal.h"

/* Where a member of ScheduledJob goes: the columns in their order, and how each is written and read. */
typedef enum ColumnType {
        COLUMN_ID,            /* char[UUID_STRING_SIZE] */
        COLUMN_ID_OR_NULL,    /* the same, NULL for "" */
        COLUMN_TEXT,          /* char* */
        COLUMN_TEXT_OR_NULL,
        COLUMN_BOOL,
        COLUMN_INT64,
        COLUMN_UINT64,
        COLUMN_UINT32,
        COLUMN_STATE,
        COLUMN_INTERVAL,
        COLUMN_MISSED,
} ColumnType;

typedef struct Column {
        ColumnType type;
        size_t offset;
} Column;

#define COLUMN(type_, member_) { COLUMN_##type_, offsetof(ScheduledJob, member_) }

static const Column columns[] = {
        COLUMN(INT64, seq),
        COLUMN(ID, id),
        COLUMN(TEXT, name),
        COLUMN(ID_OR_NULL, job_id),
        COLUMN(TEXT, job_name),
        COLUMN(TEXT, class_path),
        COLUMN(UINT32, requester_uid),
        COLUMN(TEXT, requester),
        COLUMN(TEXT, requested_by),
        COLUMN(INTERVAL, interval),
        COLUMN(TEXT, crontab),
        COLUMN(TEXT, time_zone),
        COLUMN(UINT64, start_time),
        COLUMN(MISSED, missed),
        COLUMN(TEXT, task_queue),
        COLUMN(TEXT_OR_NULL, data),
        COLUMN(TEXT_OR_NULL, sealed),
        COLUMN(BOOL, has_sensitive_variables),
        COLUMN(BOOL, ignore_singleton),
        COLUMN(STATE, state),
        COLUMN(TEXT, state_reason),
        COLUMN(BOOL, approval_required),
        COLUMN(TEXT, digest),
        COLUMN(TEXT, stages),
        COLUMN(UINT64, expires_at),
        COLUMN(UINT64, decided_at),
        COLUMN(UINT64, last_run_at),
        COLUMN(UINT64, next_run_at),
        COLUMN(UINT64, total_run_count),
        COLUMN(TEXT, last_result_id),
        COLUMN(UINT64, date_created),
        COLUMN(UINT64, date_changed),
};

static int bind_column(Store *s, sqlite3_stmt *statement, const Column *c, int index, const ScheduledJob *sj) {
        const void *member = (const uint8_t *) sj + c->offset;
        const char *id = member;

        switch (c->type) {
        case COLUMN_ID:
                return store_bind_text(s, statement, index, id);
        case COLUMN_ID_OR_NULL:
                return store_bind_text(s, statement, index, id[0] ? id : NULL);
        case COLUMN_TEXT:
        case COLUMN_TEXT_OR_NULL:
                return store_bind_text(s, statement, index, *(char *const *) member);
        case COLUMN_BOOL:
                return store_bind_int64(s, statement, index, *(const bool *) member);
        case COLUMN_INT64:
                return store_bind_int64(s, statement, index, *(const int64_t *) member);
        case COLUMN_UINT64:
                return store_bind_int64(s, statement, index, (int64_t) * (const uint64_t *) member);
        case COLUMN_UINT32:
                return store_bind_int64(s, statement, index, *(const uint32_t *) member);
        case COLUMN_STATE:
                return store_bind_text(s, statement, index, scheduled_job_state_to_string(sj->state));
        case COLUMN_INTERVAL:
                return store_bind_text(s, statement, index, schedule_interval_to_string(sj->interval));
        case COLUMN_MISSED:
                return store_bind_text(s, statement, index, schedule_missed_to_string(sj->missed));
        }
        return -EINVAL;
}

static void read_column(sqlite3_stmt *statement, const Column *c, int index, ScheduledJob *sj) {
        void *member = (uint8_t *) sj + c->offset;
        const char *text = store_column_text(statement, index);
        int64_t number = sqlite3_column_int64(statement, index);
        bool is_null = sqlite3_column_type(statement, index) == SQLITE_NULL;

        switch (c->type) {
        case COLUMN_ID:
        case COLUMN_ID_OR_NULL:
                (void) g_strlcpy(member, text, UUID_STRING_SIZE);
                break;
        case COLUMN_TEXT:
                scheduled_job_set_text(member, text);
                break;
        case COLUMN_TEXT_OR_NULL:
                scheduled_job_set_text(member, is_null ? NULL : text);
                break;
        case COLUMN_BOOL:
                *(bool *) member = number != 0;
                break;
        case COLUMN_INT64:
                *(int64_t *) member = number;
                break;
        case COLUMN_UINT64:
                *(uint64_t *) member = (uint64_t) number;
                break;
        case COLUMN_UINT32:
                *(uint32_t *) member = (uint32_t) number;
                break;
        case COLUMN_STATE: /* the table's CHECKs admit none but those that there are */
                sj->state = scheduled_job_state_from_string(text);
                break;
        case COLUMN_INTERVAL:
                sj->interval = schedule_interval_from_string(text);
                break;
        case COLUMN_MISSED:
                sj->missed = schedule_missed_from_string(text);
                break;
        }
}

static ScheduledJob *read_scheduled_job(sqlite3_stmt *statement) {
        ScheduledJob *sj = scheduled_job_new();

        for (size_t i = 0; i < ELEMENTSOF(columns); i++)
                read_column(statement, &columns[i], (int) i, sj);
        return sj;
}

/* The columns from the second one on, as ?2, ?3, ... */
static int bind_columns(Store *s, sqlite3_stmt *statement, const ScheduledJob *sj) {
        int r = 0;

        for (size_t i = 1; i < ELEMENTSOF(columns) && r >= 0; i++)
                r = bind_column(s, statement, &columns[i], (int) i + 1, sj);
        return r;
}

/* ---- writing ---- */

int store_schedule_insert(Store *s, ScheduledJob *sj) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_write_statement(s, STORE_SCHEDULE_INSERT,
                                  "INSERT INTO scheduled_job (" STORE_SCHEDULE_COLUMNS
                                  ") VALUES (NULL, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
                                  " ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24,"
                                  " ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32) RETURNING seq",
                                  &statement);
        if (r >= 0)
                r = bind_columns(s, statement, sj);
        if (r < 0)
                return r;
        r = store_step(s, statement);
        if (r <= 0)
                return r < 0 ? r : -EIO;
        sj->seq = sqlite3_column_int64(statement, 0);
        return 0;
}

int store_schedule_update(Store *s, const ScheduledJob *sj) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_write_statement(s, STORE_SCHEDULE_UPDATE,
                                  "UPDATE scheduled_job SET name = ?3, job_id = ?4, requester_uid = ?7,"
                                  " requester = ?8, requested_by = ?9, interval = ?10, crontab = ?11, time_zone = ?12,"
                                  " start_time = ?13, missed = ?14, task_queue = ?15, data = ?16, sealed = ?17,"
                                  " has_sensitive_variables = ?18, ignore_singleton = ?19, state = ?20,"
                                  " state_reason = ?21, approval_required = ?22, digest = ?23, stages = ?24,"
                                  " expires_at = ?25, decided_at = ?26, last_run_at = ?27, next_run_at = ?28,"
                                  " total_run_count = ?29, last_result_id = ?30, date_changed = ?32 WHERE id = ?2"
                                  " RETURNING seq",
                                  &statement);
        if (r >= 0)
                r = bind_columns(s, statement, sj);
        if (r < 0)
                return r;
        r = store_step(s, statement);
        return r < 0 ? r : r == 0 ? -ENOENT : 0;
}

int store_schedule_delete(Store *s, const char *id) {
        return store_write_key(s, STORE_SCHEDULE_DELETE, "DELETE FROM scheduled_job WHERE id = ?", id);
}

/* ---- reading ---- */

static int get_by(Store *s, StoreStatement which, const char *sql, const char *key, ScheduledJob **ret) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, which, sql, &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, key);
        if (r < 0)
                return r;
        r = store_step(s, statement);
        if (r > 0)
                *ret = read_scheduled_job(statement);
        return r;
}

int store_schedule_get(Store *s, const char *id, ScheduledJob **ret) {
        return get_by(s, STORE_SCHEDULE_GET, "SELECT " STORE_SCHEDULE_COLUMNS " FROM scheduled_job WHERE id = ?", id,
                      ret);
}

int store_schedule_get_by_name(Store *s, const char *name, ScheduledJob **ret) {
        return get_by(s, STORE_SCHEDULE_GET_BY_NAME,
                      "SELECT " STORE_SCHEDULE_COLUMNS " FROM scheduled_job WHERE name = ?", name, ret);
}

int store_schedule_find(Store *s, const char *reference, ScheduledJob **ret) {
        char id[UUID_STRING_SIZE];
        int r;

        if (uuid_parse(reference, id) >= 0) {
                r = store_schedule_get(s, id, ret);
                if (r != 0)
                        return r;
        }
        return store_schedule_get_by_name(s, reference, ret);
}

int store_schedule_read_all(Store *s, sqlite3_stmt *statement, GPtrArray *scheduled_jobs) {
        int r;

        while ((r = store_step(s, statement)) > 0)
                g_ptr_array_add(scheduled_jobs, read_scheduled_job(statement));
        return r;
}

int store_schedule_list_of_job(Store *s, const char *job_id, GPtrArray *scheduled_jobs) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, STORE_SCHEDULE_OF_JOB,
                            "SELECT " STORE_SCHEDULE_COLUMNS " FROM scheduled_job"
                            " INDEXED BY scheduled_job_by_job_state WHERE job_id = ?"
                            " AND state IN ('pending', 'active', 'paused') ORDER BY seq",
                            &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, job_id);
        return r < 0 ? r : store_schedule_read_all(s, statement, scheduled_jobs);
}

static int list_until(Store *s, StoreStatement which, const char *sql, uint64_t now_usec, unsigned limit,
                      GPtrArray *scheduled_jobs) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, which, sql, &statement);
        if (r >= 0)
                r = store_bind_int64(s, statement, 1, (int64_t) now_usec);
        if (r >= 0)
                r = store_bind_int64(s, statement, 2, limit);
        return r < 0 ? r : store_schedule_read_all(s, statement, scheduled_jobs);
}

int store_schedule_list_due(Store *s, uint64_t now_usec, unsigned limit, GPtrArray *scheduled_jobs) {
        return list_until(s, STORE_SCHEDULE_DUE,
                          "SELECT " STORE_SCHEDULE_COLUMNS " FROM scheduled_job WHERE state = 'active' AND next_run_at > 0"
                          " AND next_run_at <= ? ORDER BY next_run_at, seq LIMIT ?",
                          now_usec, limit, scheduled_jobs);
}

int store_schedule_list_expiring(Store *s, uint64_t now_usec, unsigned limit, GPtrArray *scheduled_jobs) {
        return list_until(s, STORE_SCHEDULE_EXPIRING,
                          "SELECT " STORE_SCHEDULE_COLUMNS " FROM scheduled_job WHERE state = 'pending' AND expires_at > 0"
                          " AND expires_at <= ? ORDER BY expires_at, seq LIMIT ?",
                          now_usec, limit, scheduled_jobs);
}

static int read_number(Store *s, StoreStatement which, const char *sql, int64_t argument, uint64_t *ret) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, which, sql, &statement);
        if (r >= 0)
                r = store_bind_int64(s, statement, 1, argument);
        if (r < 0)
                return r;
        r = store_step(s, statement);
        if (r < 0)
                return r;
        *ret = r > 0 ? (uint64_t) sqlite3_column_int64(statement, 0) : 0;
        return 0;
}

int store_schedule_next_due(Store *s, uint64_t after_usec, uint64_t *ret_usec) {
        return read_number(s, STORE_SCHEDULE_NEXT_DUE,
                           "SELECT next_run_at FROM scheduled_job WHERE state = 'active' AND next_run_at > ?"
                           " ORDER BY next_run_at LIMIT 1",
                           (int64_t) after_usec, ret_usec);
}

int store_schedule_next_expiry(Store *s, uint64_t *ret_usec) {
        return read_number(s, STORE_SCHEDULE_NEXT_EXPIRY,
                           "SELECT expires_at FROM scheduled_job WHERE state = 'pending' AND expires_at > ?"
                           " ORDER BY expires_at LIMIT 1",
                           0, ret_usec);
}

int store_schedule_count_of_requester(Store *s, uint32_t uid, uint64_t *ret) {
        return read_number(s, STORE_SCHEDULE_COUNT,
                           "SELECT count(*) FROM scheduled_job WHERE requester_uid = ?"
                           " AND state IN ('pending', 'active', 'paused', 'errored')",
                           uid, ret);
}
