/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/stat.h>

#include "store-clock.h"

static uint64_t modified_usec(const char *path) {
        struct stat st;

        if (stat(path, &st) < 0)
                return 0;
        return (uint64_t) st.st_mtim.tv_sec * USEC_PER_SEC + (uint64_t) st.st_mtim.tv_nsec / NSEC_PER_USEC;
}

/* What is written goes to the write-ahead log, and to the database itself when that is full or the store is closed. */
uint64_t store_written_usec(const char *path) {
        g_autofree char *log = g_strdup_printf("%s-wal", path);
        uint64_t of_database = modified_usec(path), of_log = modified_usec(log);

        return MAX(of_database, of_log);
}

int store_clock_has_occurrence(Store *s, const char *scheduled_job_id, uint64_t nominal_usec) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, STORE_CLOCK_OCCURRENCE,
                            "SELECT 1 FROM job_result WHERE scheduled_job_id = ? AND nominal_time = ? LIMIT 1",
                            &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, scheduled_job_id);
        if (r >= 0)
                r = store_bind_int64(s, statement, 2, (int64_t) nominal_usec);
        return r < 0 ? r : store_step(s, statement);
}

int store_clock_shorten_delays(Store *s, uint64_t now_usec) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_write_statement(s, STORE_CLOCK_DELAYS,
                                  "UPDATE job_result SET not_before = ?1 + retry_delay_usec WHERE status = 'PENDING'"
                                  " AND boot_id = '' AND waits_for = 'time' AND not_before > ?1 + retry_delay_usec",
                                  &statement);
        if (r >= 0)
                r = store_bind_int64(s, statement, 1, (int64_t) now_usec);
        return r < 0 ? r : store_step(s, statement);
}
