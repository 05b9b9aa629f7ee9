/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/*
 * sqlite-backup DATABASE DIRECTORY KEEP - copies a database that may be in use to DIRECTORY/NAME.YYYYMMDDTHHMMSSZ,
 * checks the copy, and then deletes all copies of that NAME there but the newest KEEP. The copy is one file, complete
 * or not there at all.
 *
 * A line that begins with <N> has that priority in the journal (sd-daemon(3)): 3 is an error, 6 is information.
 */

enum {
        STEP_PAGES = 256,
        BUSY_NSEC = 50 * 1000 * 1000, /* until the next try, when somebody else writes */
        PROGRESS_PERCENT = 10,        /* from one line about the progress to the next */
};

#define TIME_PATTERN "[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]T[0-9][0-9][0-9][0-9][0-9][0-9]Z"

static volatile sig_atomic_t terminated = 0;

static void on_signal(int sig) {
        terminated = 1;
}

/* Waits as long as it takes, which is what the time limits of the job are for. */
static int on_busy(void *userdata, int tries) {
        (void) nanosleep(&(struct timespec) { .tv_nsec = BUSY_NSEC }, NULL);
        return !terminated;
}

static void close_database(sqlite3 **db) {
        (void) sqlite3_close(*db);
}

static bool fail(const char *what, const char *why) {
        printf("<3>%s: %s\n", what, why);
        return false;
}

/*
 * For writing, too, as the database's own program opens it: after a crash, the first one who reads must finish or undo
 * what the journal has.
 */
static bool open_database(const char *path, sqlite3 **ret) {
        if (sqlite3_open_v2(path, ret, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
                return fail(path, *ret ? sqlite3_errmsg(*ret) : "no memory");
        (void) sqlite3_busy_handler(*ret, on_busy, NULL);
        return true;
}

static int compare_value(void *expected, int n, char **values, char **names) {
        return n == 1 && values[0] && strcmp(values[0], expected) == 0 ? 0 : 1;
}

/* Whether the statement gives this value, and nothing else. */
static bool gives(sqlite3 *db, const char *sql, const char *expected) {
        return sqlite3_exec(db, sql, compare_value, (char *) expected, NULL) == SQLITE_OK;
}

/*
 * With a write-ahead log a reader does not hold up anybody, so all is read in one transaction: otherwise the copy
 * would begin anew whenever another process writes. In the other modes it would be the writers who have to wait.
 */
static bool begin_reading(sqlite3 *from, const char *path) {
        if (sqlite3_exec(from, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL) != SQLITE_OK)
                return fail(path, sqlite3_errmsg(from));
        if (gives(from, "PRAGMA journal_mode", "wal") &&
            sqlite3_exec(from, "BEGIN; SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL) != SQLITE_OK)
                return fail(path, sqlite3_errmsg(from));
        return true;
}

static void show_progress(sqlite3_backup *backup, int *shown) {
        int all = sqlite3_backup_pagecount(backup), done = all - sqlite3_backup_remaining(backup);
        int percent = all > 0 ? (int) (100LL * done / all) : 100;

        if (percent < *shown + PROGRESS_PERCENT)
                return;
        *shown = percent;
        printf("<6>%i %%: %i of %i pages\n", percent, done, all);
        (void) fflush(stdout);
}

static bool copy_pages(sqlite3 *to, sqlite3 *from, const char *path) {
        sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
        int r = SQLITE_OK, shown = 0;

        if (!backup)
                return fail(path, sqlite3_errmsg(to));
        while (!terminated && r == SQLITE_OK) {
                r = sqlite3_backup_step(backup, STEP_PAGES);
                show_progress(backup, &shown);
        }
        (void) sqlite3_backup_finish(backup);
        if (r == SQLITE_DONE)
                return true;
        return fail(path, terminated ? "told to end" : sqlite3_errstr(r));
}

static bool copy_database(const char *path, const char *copy) {
        __attribute__((cleanup(close_database))) sqlite3 *from = NULL, *to = NULL;

        if (!open_database(path, &from) || !begin_reading(from, path) || !open_database(copy, &to) ||
            !copy_pages(to, from, path))
                return false;
        /* The copy has the mode of the original, but is to be one file. */
        if (!gives(to, "PRAGMA journal_mode = delete", "delete"))
                return fail(copy, sqlite3_errmsg(to));
        if (!gives(to, "PRAGMA integrity_check", "ok"))
                return fail(path, "the copy is damaged, and so perhaps is the original: PRAGMA integrity_check");
        return true;
}

/* Under its final name the copy is complete. */
static bool publish(int directory, const char *temporary, const char *name) {
        if (renameat2(directory, temporary, directory, name, RENAME_NOREPLACE) < 0 || fsync(directory) < 0)
                return fail(name, strerror(errno));
        return true;
}

static bool back_up(const char *path, const char *directory, int directory_fd, const char *name) {
        char *copy = NULL;
        bool ok;
        int fd;

        printf("<6>copying %s\n", path);
        (void) fflush(stdout);
        if (asprintf(&copy, "%s/.%s.XXXXXX", directory, name) < 0)
                return fail(path, "no memory");
        fd = mkstemp(copy); /* mode 0600: a copy is not for more people than the original */
        ok = fd >= 0 ? copy_database(path, copy) && publish(directory_fd, strrchr(copy, '/') + 1, name)
                     : fail(copy, strerror(errno));
        if (fd >= 0)
                (void) close(fd);
        if (fd >= 0 && !ok)
                (void) unlink(copy);
        free(copy);
        return ok;
}

/* Their names end in a time that sorts as text does. */
static bool delete_old(const char *directory, int directory_fd, const char *name, long keep) {
        struct dirent **entries;
        size_t prefix = strlen(name);
        bool ok = true;
        int n;

        n = scandir(directory, &entries, NULL, alphasort);
        if (n < 0)
                return fail(directory, strerror(errno));
        while (n-- > 0) {
                const char *entry = entries[n]->d_name;

                if (strncmp(entry, name, prefix) == 0 && fnmatch("." TIME_PATTERN, entry + prefix, 0) == 0 &&
                    --keep < 0) {
                        printf("<6>%s: deleted\n", entry);
                        if (unlinkat(directory_fd, entry, 0) < 0)
                                ok = fail(entry, strerror(errno));
                }
                free(entries[n]);
        }
        free(entries);
        return ok;
}

static bool make_name(const char *path, char **ret_base, char **ret_name) {
        time_t now = time(NULL);
        char text[sizeof("20260131T235900Z")];
        struct tm tm;

        if (strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm)) == 0)
                return fail(path, "the clock is wrong");
        *ret_base = strdup(basename(path));
        return (*ret_base && asprintf(ret_name, "%s.%s", *ret_base, text) >= 0) || fail(path, "no memory");
}

int main(int argc, char **argv) {
        char *base = NULL, *name = NULL;
        int directory;

        if (argc != 4) {
                (void) fprintf(stderr, "Usage: %s DATABASE DIRECTORY KEEP\n", program_invocation_short_name);
                return 2;
        }
        (void) sigaction(SIGTERM, &(struct sigaction) { .sa_handler = on_signal }, NULL);

        (void) mkdir(argv[2], 0700);
        directory = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (directory < 0) {
                (void) fail(argv[2], strerror(errno));
                return EXIT_FAILURE;
        }
        if (!make_name(argv[1], &base, &name) || !back_up(argv[1], argv[2], directory, name))
                return EXIT_FAILURE;
        printf("<5>%s/%s\n", argv[2], name);
        return delete_old(argv[2], directory, base, strtol(argv[3], NULL, 10)) ? EXIT_SUCCESS : EXIT_FAILURE;
}
