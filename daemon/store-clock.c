/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
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

static int open_directory(const char *path) {
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

int store_clock_mark(const char *directory) {
        _cleanup_close_ int dir = open_directory(directory), fd = -EBADF;

        if (dir < 0)
                return dir;
        fd = openat(dir, STORE_CLOCK_MARK, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        return fd < 0 || fsync(fd) < 0 || fsync(dir) < 0 ? -errno : 0;
}

int store_clock_unmark(const char *directory) {
        _cleanup_close_ int dir = open_directory(directory);

        if (dir < 0)
                return dir;
        return unlinkat(dir, STORE_CLOCK_MARK, 0) < 0 && errno != ENOENT ? -errno : 0;
}

bool store_clock_is_marked(const char *directory) {
        g_autofree char *path = g_build_filename(directory, STORE_CLOCK_MARK, NULL);

        return access(path, F_OK) == 0;
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
