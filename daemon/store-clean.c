/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "store-clean.h"

enum { COLUMN_SEQ, COLUMN_ID, COLUMN_STATUS, COLUMN_DATE_CREATED, COLUMN_DATE_DONE, COLUMN_N_OUTPUTS, COLUMN_IS_NEEDED };

static void read_row(sqlite3_stmt *statement, CleanRow *ret) {
        *ret = (CleanRow){
                .seq = sqlite3_column_int64(statement, COLUMN_SEQ),
                .ended = job_result_status_is_final(
                                job_result_status_from_string(store_column_text(statement, COLUMN_STATUS))),
                .date_created = (uint64_t) sqlite3_column_int64(statement, COLUMN_DATE_CREATED),
                .date_done = (uint64_t) sqlite3_column_int64(statement, COLUMN_DATE_DONE),
                .n_outputs = (uint64_t) sqlite3_column_int64(statement, COLUMN_N_OUTPUTS),
                .is_needed = sqlite3_column_int(statement, COLUMN_IS_NEEDED) != 0,
        };
        (void) g_strlcpy(ret->id, store_column_text(statement, COLUMN_ID), sizeof(ret->id));
}

/* Both lists: those of a job (NULL: of none that is left), after one, so many. */
static int bind_page(Store *s, sqlite3_stmt *statement, const char *job_id, int64_t after_seq, unsigned n_rows) {
        int r;

        r = store_bind_text(s, statement, 1, job_id);
        if (r >= 0)
                r = store_bind_int64(s, statement, 2, after_seq);
        return r < 0 ? r : store_bind_int64(s, statement, 3, n_rows);
}

int store_clean_list(Store *s, const char *job_id, int64_t after_seq, CleanRow *rows, unsigned n_rows) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        unsigned n = 0;
        int r;

        /* IS: of NULL as well, and by the index all the same. */
        r = store_statement(s, STORE_CLEAN_LIST,
                            "SELECT seq, id, status, date_created, date_done,"
                            " (SELECT count(*) FROM job_output WHERE result_id = job_result.id),"
                            " EXISTS (SELECT 1 FROM chain_hop WHERE result_id = job_result.id) OR attempts > 1 AND"
                            " EXISTS (SELECT 1 FROM job_result AS other WHERE other.retry_of <> '' AND other.retry_of ="
                            " CASE job_result.retry_of WHEN '' THEN job_result.id ELSE job_result.retry_of END"
                            " AND other.status IN ('PENDING', 'STARTED'))"
                            " FROM job_result WHERE job_id IS ? AND seq > ? ORDER BY seq LIMIT ?",
                            &statement);
        if (r >= 0)
                r = bind_page(s, statement, job_id, after_seq, n_rows);
        if (r < 0)
                return r;
        while (n < n_rows && (r = store_step(s, statement)) > 0)
                read_row(statement, &rows[n++]);
        return r < 0 ? r : (int) n;
}

int store_clean_list_schedules(Store *s, const char *job_id, int64_t after_seq, CleanScheduleRow *rows, unsigned n_rows) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        unsigned n = 0;
        int r;

        r = store_statement(s, STORE_CLEAN_SCHEDULES,
                            "SELECT seq, id, date_changed,"
                            " state IN ('completed', 'denied', 'canceled', 'expired') AND NOT EXISTS"
                            " (SELECT 1 FROM job_result WHERE scheduled_job_id = scheduled_job.id"
                            " AND status IN ('PENDING', 'STARTED'))"
                            " FROM scheduled_job WHERE job_id IS ? AND seq > ? ORDER BY seq LIMIT ?",
                            &statement);
        if (r >= 0)
                r = bind_page(s, statement, job_id, after_seq, n_rows);
        if (r < 0)
                return r;
        for (; n < n_rows && (r = store_step(s, statement)) > 0; n++) {
                rows[n] = (CleanScheduleRow){
                        .seq = sqlite3_column_int64(statement, 0),
                        .date_changed = (uint64_t) sqlite3_column_int64(statement, 2),
                        .over = sqlite3_column_int(statement, 3) != 0,
                };
                (void) g_strlcpy(rows[n].id, store_column_text(statement, 1), sizeof(rows[n].id));
        }
        return r < 0 ? r : (int) n;
}

int store_clean_threshold(Store *s, const char *job_id, uint64_t n, int64_t *ret_seq) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, STORE_CLEAN_THRESHOLD,
                            "SELECT seq FROM job_result WHERE job_id IS ? ORDER BY seq DESC LIMIT 1 OFFSET ?",
                            &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, job_id);
        if (r >= 0)
                r = store_bind_int64(s, statement, 2, (int64_t) (n - 1));
        if (r >= 0)
                r = store_step(s, statement);
        if (r < 0)
                return r;
        *ret_seq = r > 0 ? sqlite3_column_int64(statement, 0) : 0;
        return 0;
}
