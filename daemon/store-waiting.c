/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "store-result-internal.h"
#include "store-waiting.h"

/* As the partial indices have it: without exactly this SQLite does not use them. */
#define WAITS "status = 'PENDING' AND boot_id = ''"
#define IN_LINE WAITS " AND waits_for = ''"
#define FOR_TIME WAITS " AND waits_for = 'time'"
#define FOR_SINGLETON WAITS " AND waits_for = 'singleton'"

static int count_all(Store *s, sqlite3_stmt *statement, StoreWaitingCount count, void *userdata) {
        int r;

        while ((r = store_step(s, statement)) > 0)
                count(store_column_text(statement, 0), (uint32_t) sqlite3_column_int64(statement, 1),
                      (uint64_t) sqlite3_column_int64(statement, 2), userdata);
        return r;
}

int store_waiting_count_lines(Store *s, StoreWaitingCount count, void *userdata) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, STORE_WAITING_LINES,
                            "SELECT task_queue, requester_uid, count(*) FROM job_result WHERE " IN_LINE
                            " GROUP BY task_queue, requester_uid ORDER BY min(seq)",
                            &statement);
        return r < 0 ? r : count_all(s, statement, count, userdata);
}

int store_waiting_count_aside(Store *s, StoreWaitingCount count, void *userdata) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, STORE_WAITING_ASIDE,
                            "SELECT task_queue, requester_uid, count(*) FROM"
                            " (SELECT task_queue, requester_uid FROM job_result WHERE " FOR_TIME
                            " UNION ALL SELECT task_queue, requester_uid FROM job_result WHERE " FOR_SINGLETON ")"
                            " GROUP BY task_queue, requester_uid",
                            &statement);
        return r < 0 ? r : count_all(s, statement, count, userdata);
}

int store_waiting_count_singletons(Store *s, StoreWaitingCount count, void *userdata) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, STORE_WAITING_SINGLETONS,
                            "SELECT job_id, 0, count(*) FROM job_result WHERE " FOR_SINGLETON " GROUP BY job_id",
                            &statement);
        return r < 0 ? r : count_all(s, statement, count, userdata);
}

static int read_one(Store *s, sqlite3_stmt *statement, JobResult **ret) {
        int r;

        r = store_step(s, statement);
        if (r > 0)
                *ret = store_result_read(statement);
        return r;
}

int store_waiting_next(Store *s, const char *queue, uint32_t uid, JobResult **ret) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, STORE_WAITING_NEXT,
                            "SELECT " STORE_RESULT_COLUMNS " FROM job_result INDEXED BY job_result_line WHERE " IN_LINE
                            " AND task_queue = ? AND requester_uid = ? ORDER BY seq LIMIT 1",
                            &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, queue);
        if (r >= 0)
                r = store_bind_int64(s, statement, 2, uid);
        return r < 0 ? r : read_one(s, statement, ret);
}

int store_waiting_number(Store *s, const char *queue, uint32_t uid, int64_t from_seq, int64_t to_seq,
                         uint64_t *ret) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, STORE_WAITING_NUMBER,
                            "SELECT count(*) FROM job_result INDEXED BY job_result_line WHERE " IN_LINE
                            " AND task_queue = ? AND requester_uid = ? AND seq >= ? AND seq < ?",
                            &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, queue);
        if (r >= 0)
                r = store_bind_int64(s, statement, 2, uid);
        if (r >= 0)
                r = store_bind_int64(s, statement, 3, from_seq);
        if (r >= 0)
                r = store_bind_int64(s, statement, 4, to_seq);
        if (r >= 0)
                r = store_step(s, statement);
        if (r > 0)
                *ret = (uint64_t) sqlite3_column_int64(statement, 0);
        return r < 0 ? r : 0;
}

int store_waiting_next_due(Store *s, uint64_t *ret_usec) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, STORE_WAITING_NEXT_DUE,
                            "SELECT not_before FROM job_result INDEXED BY job_result_due WHERE " FOR_TIME
                            " ORDER BY not_before LIMIT 1",
                            &statement);
        if (r >= 0)
                r = store_step(s, statement);
        if (r > 0)
                *ret_usec = (uint64_t) sqlite3_column_int64(statement, 0);
        return r;
}

int store_waiting_list_due(Store *s, uint64_t now_usec, unsigned limit, GPtrArray *results) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, STORE_WAITING_DUE,
                            "SELECT " STORE_RESULT_COLUMNS " FROM job_result INDEXED BY job_result_due WHERE " FOR_TIME
                            " AND not_before <= ? ORDER BY not_before LIMIT ?",
                            &statement);
        if (r >= 0)
                r = store_bind_int64(s, statement, 1, (int64_t) now_usec);
        if (r >= 0)
                r = store_bind_int64(s, statement, 2, limit);
        return r < 0 ? r : store_result_read_all(s, statement, results);
}

#define SELECT_SINGLETON                                                                                       \
        "SELECT " STORE_RESULT_COLUMNS " FROM job_result INDEXED BY job_result_singleton WHERE " FOR_SINGLETON \
        " AND job_id = ? ORDER BY seq"

int store_waiting_singleton(Store *s, const char *job_id, bool newest, JobResult **ret) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = newest ? store_statement(s, STORE_WAITING_NEWEST_SINGLETON, SELECT_SINGLETON " DESC LIMIT 1", &statement)
                   : store_statement(s, STORE_WAITING_OLDEST_SINGLETON, SELECT_SINGLETON " LIMIT 1", &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, job_id);
        return r < 0 ? r : read_one(s, statement, ret);
}

/* ?1 to ?7 in the order of the struct. */
int store_waiting_list(Store *s, const WaitingFilter *f, GPtrArray *results) {
        _cleanup_(store_statement_finalizep) sqlite3_stmt *statement = NULL;
        g_autofree char *sql = NULL;
        int r;

        sql = g_strdup_printf("SELECT " STORE_RESULT_COLUMNS " FROM job_result%s WHERE " WAITS "%s%s%s%s%s%s"
                              " ORDER BY seq LIMIT ?7",
                              f->job_id ? " INDEXED BY job_result_waiting" : "",
                              f->job_id ? " AND job_id = ?1" : "", f->task_queue ? " AND task_queue = ?2" : "",
                              f->requester_uid >= 0 ? " AND requester_uid = ?3" : "",
                              f->requester ? " AND requester = ?4" : "", f->after_seq > 0 ? " AND seq > ?5" : "",
                              f->before_seq > 0 ? " AND seq < ?6" : "");
        r = store_prepare(s, sql, &statement);
        if (r >= 0 && f->job_id)
                r = store_bind_text(s, statement, 1, f->job_id);
        if (r >= 0 && f->task_queue)
                r = store_bind_text(s, statement, 2, f->task_queue);
        if (r >= 0 && f->requester_uid >= 0)
                r = store_bind_int64(s, statement, 3, f->requester_uid);
        if (r >= 0 && f->requester)
                r = store_bind_text(s, statement, 4, f->requester);
        if (r >= 0 && f->after_seq > 0)
                r = store_bind_int64(s, statement, 5, f->after_seq);
        if (r >= 0 && f->before_seq > 0)
                r = store_bind_int64(s, statement, 6, f->before_seq);
        if (r >= 0)
                r = store_bind_int64(s, statement, 7, f->limit);
        return r < 0 ? r : store_result_read_all(s, statement, results);
}

int store_waiting_set(Store *s, const char *id, JobResultWait wait) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_write_statement(s, STORE_WAITING_SET, "UPDATE job_result SET waits_for = ?2 WHERE id = ?1",
                                  &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, id);
        if (r >= 0)
                r = store_bind_text(s, statement, 2, job_result_wait_to_string(wait));
        return r < 0 ? r : store_step(s, statement);
}
