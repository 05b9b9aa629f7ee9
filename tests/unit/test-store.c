/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/capability.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "store-result.h"
#include "test-records.h"
#include "test-store.h"

/* Opening the database: new, old, newer, damaged, or something else in its place. What is in it: test-store-*.c. */

#define DAMAGED ": it is damaged; move it away (jobd starts with an empty registry then) or restore a backup"
#define NOT_WHOLE ": it is not a database, or not a whole one" DAMAGED

/* Opening it fails: "cannot <verb> the database <path><rest>". */
static void assert_refused(StoreTest *t, int expected, const char *verb, const char *rest) {
        g_autofree char *error = NULL, *message = NULL;
        bool migrated = true;
        Store *s = NULL;
        int r;

        t->store = store_close(t->store);
        r = store_open(t->path, &s, &migrated, &error);
        message = g_strdup_printf("cannot %s the database %s%s", verb, t->path, rest);
        g_assert_cmpstr(error, ==, message);
        g_assert_cmpint(r, ==, expected);
        g_assert_null(s);
        g_assert_true(migrated); /* as it was */
}

static void assert_mode(const char *path, mode_t mode) {
        struct stat st;

        g_assert_cmpint(lstat(path, &st), ==, 0);
        g_assert_cmpuint(st.st_mode & 07777, ==, mode);
}

/* Only root reads and writes it, whatever the umask says. */
static void test_new(StoreTest *t, const void *unused) {
        g_autofree char *wal = g_strconcat(t->path, "-wal", NULL), *shm = g_strconcat(t->path, "-shm", NULL);
        g_autofree char *version = g_strdup_printf("%i", STORE_SCHEMA_VERSION);
        bool migrated = false;
        mode_t mask;

        t->store = store_close(t->store);
        g_assert_cmpint(unlink(t->path), ==, 0);
        mask = umask(0);
        t->store = test_store_open(t->path, &migrated);
        (void) umask(mask);
        g_assert_true(migrated);
        assert_mode(t->path, 0600);
        assert_mode(wal, 0600);
        assert_mode(shm, 0600);

        assert_sql(t->path, "PRAGMA user_version", version);
        assert_sql(t->path, "PRAGMA journal_mode", "wal");
        assert_sql(t->path, "SELECT name FROM sqlite_schema WHERE name IN ('job', 'job_result') ORDER BY 1",
                   "job\njob_result");
        store_test_reopen(t);
}

/* What a jobd leaves that was killed before it wrote a byte. */
static void test_empty_file(StoreTest *t, const void *unused) {
        bool migrated = false;

        t->store = store_close(t->store);
        test_write(t->path, "", 0);
        t->store = test_store_open(t->path, &migrated);
        g_assert_true(migrated);
        store_test_reopen(t);
}

static void test_newer(StoreTest *t, const void *unused) {
        g_autofree char *rest = NULL, *before = NULL, *after = NULL;
        size_t size_before, size_after;

        rest = g_strdup_printf(": it was written by a newer jobd (schema 99, this one knows %i): install that version "
                               "again, or restore a backup", STORE_SCHEMA_VERSION);
        t->store = store_close(t->store);
        test_sql(t->path, "PRAGMA user_version = 99");
        before = test_read(t->path, &size_before);
        assert_refused(t, -EPROTO, "use", rest);
        after = test_read(t->path, &size_after);
        g_assert_cmpmem(before, size_before, after, size_after);
}

static void test_impossible_version(StoreTest *t, const void *unused) {
        t->store = store_close(t->store);
        test_sql(t->path, "PRAGMA user_version = -5");
        assert_refused(t, -EBADMSG, "use",
                       ": it says that its schema is -5, which no jobd has written" DAMAGED);
}

/* Nothing of a migration that fails is kept. */
static void test_foreign(StoreTest *t, const void *unused) {
        t->store = store_close(t->store);
        g_assert_cmpint(unlink(t->path), ==, 0);
        test_sql(t->path, "CREATE TABLE job_result (x); INSERT INTO job_result VALUES (7)");
        assert_refused(t, -EIO, "use", ": table job_result already exists");
        assert_sql(t->path, "SELECT * FROM job_result", "7");
        assert_sql(t->path, "SELECT name FROM sqlite_schema", "job_result");
        assert_sql(t->path, "PRAGMA user_version", "0");
}

static void test_not_a_database(StoreTest *t, const void *unused) {
        g_autofree char *text = g_strnfill(20000, 'x');
        static const size_t sizes[] = { 1, 15, 99, 100, 4096, 20000 };

        t->store = store_close(t->store);
        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                test_write(t->path, text, sizes[i]);
                assert_refused(t, -EBADMSG, "use", NOT_WHOLE);
        }
        /* With zeros where SQLite has its size */
        memset(text, 0, 20000);
        test_write(t->path, text, 20000);
        assert_refused(t, -EBADMSG, "use", NOT_WHOLE);
}

static void test_truncated(StoreTest *t, const void *unused) {
        static const off_t by[] = { 1, 4096, 8192 };
        struct stat st;

        t->store = store_close(t->store);
        g_assert_cmpint(stat(t->path, &st), ==, 0);
        for (size_t i = 0; i < ELEMENTSOF(by); i++) {
                g_assert_cmpint(truncate(t->path, st.st_size - by[i]), ==, 0);
                assert_refused(t, -EBADMSG, "use", NOT_WHOLE);
        }
        g_assert_cmpint(truncate(t->path, 512), ==, 0);
        assert_refused(t, -EBADMSG, "use", NOT_WHOLE);
}

/* Damage in the middle is told when it is met, by the same errno. */
static void test_damaged_page(StoreTest *t, const void *unused) {
        g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func(test_record_free_result);
        const JobResultFilter all = { .status = _JOB_RESULT_STATUS_INVALID, .requester_uid = -1, .limit = 10 };
        g_autofree char *bytes = NULL, *page = NULL;
        bool migrated = true;
        size_t size, offset;

        t->store = store_close(t->store);
        page = test_sql_text(t->path, "SELECT rootpage FROM sqlite_schema WHERE name = 'job_result'");
        offset = (g_ascii_strtoull(page, NULL, 10) - 1) * 4096;
        bytes = test_read(t->path, &size);
        g_assert_cmpuint(size, >=, offset + 4096);
        memset(bytes + offset, 0xff, 4096);
        test_write(t->path, bytes, size);

        t->store = test_store_open(t->path, &migrated);
        g_assert_cmpint(store_result_list(t->store, &all, results), ==, -EBADMSG);
        g_assert_cmpstr(store_error_text(t->store), ==, "database disk image is malformed");
        g_assert_cmpuint(results->len, ==, 0);
}

/* ---- something else in its place ---- */

static void test_missing_directory(StoreTest *t, const void *unused) {
        g_free(t->path);
        t->path = g_build_filename(t->directory, "missing/jobd.db", NULL);
        assert_refused(t, -ENOENT, "open",
                       ": No such file or directory: create its directory (mode 0700, owner root)");
}

static void test_directory(StoreTest *t, const void *unused) {
        t->store = store_close(t->store);
        g_assert_cmpint(unlink(t->path), ==, 0);
        g_assert_cmpint(mkdir(t->path, 0700), ==, 0);
        assert_refused(t, -EISDIR, "open", ": Is a directory");
}

/* Opening must not wait for somebody to write into it. */
static void test_fifo(StoreTest *t, const void *unused) {
        t->store = store_close(t->store);
        g_assert_cmpint(unlink(t->path), ==, 0);
        g_assert_cmpint(mkfifo(t->path, 0600), ==, 0);
        assert_refused(t, -EINVAL, "use", ": it is not a regular file");
}

static void test_socket(StoreTest *t, const void *unused) {
        struct sockaddr_un name = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        t->store = store_close(t->store);
        g_assert_cmpint(unlink(t->path), ==, 0);
        g_assert_cmpuint(g_strlcpy(name.sun_path, t->path, sizeof(name.sun_path)), <, sizeof(name.sun_path));
        g_assert_cmpint(bind(fd, (struct sockaddr *) &name, sizeof(name)), ==, 0);
        assert_refused(t, -ENXIO, "open", ": No such device or address");
}

/* Root's database is not where somebody else's link says. */
static void test_link(StoreTest *t, const void *unused) {
        g_autofree char *target = g_build_filename(t->directory, "target", NULL);

        t->store = store_close(t->store);
        g_assert_cmpint(rename(t->path, target), ==, 0);
        g_assert_cmpint(symlink(target, t->path), ==, 0);
        assert_refused(t, -ELOOP, "open",
                       ": Too many levels of symbolic links: it must be the file itself, not a link");
}

/* ---- no permission: jobd.service is root, but without this capability ---- */

static void set_dac_override(bool on) {
        struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
        const uint32_t bits = UINT32_C(1) << CAP_DAC_OVERRIDE | UINT32_C(1) << CAP_DAC_READ_SEARCH;

        g_assert_cmpint(syscall(SYS_capget, &header, data), ==, 0);
        if (on)
                data[0].effective |= data[0].permitted & bits;
        else
                data[0].effective &= ~bits;
        g_assert_cmpint(syscall(SYS_capset, &header, data), ==, 0);
}

static void test_read_only_file(StoreTest *t, const void *unused) {
        t->store = store_close(t->store);
        g_assert_cmpint(chmod(t->path, 0400), ==, 0);
        set_dac_override(false);
        assert_refused(t, -EACCES, "open", ": Permission denied");
        set_dac_override(true);
}

static void test_read_only_directory(StoreTest *t, const void *unused) {
        t->store = store_close(t->store);
        g_assert_cmpint(chmod(t->directory, 0500), ==, 0);
        set_dac_override(false);
        assert_refused(t, -EROFS, "use",
                       ": the database cannot be written to: the file, its directory or its file system is read-only");
        set_dac_override(true);
        g_assert_cmpint(unlink(t->path), ==, 0);
        set_dac_override(false);
        assert_refused(t, -EACCES, "open", ": Permission denied");
        set_dac_override(true);
        g_assert_cmpint(chmod(t->directory, 0700), ==, 0);
}

/* ---- no room ---- */

static void test_no_room(StoreTest *t, const void *unused) {
        bool migrated = false;

        t->store = store_close(t->store);
        g_assert_cmpint(unlink(t->path), ==, 0);
        test_set_write(test_write_no_room);
        assert_refused(t, -ENOSPC, "use", ": there is no room on the disk");
        assert_refused(t, -ENOSPC, "use", ": there is no room on the disk");
        test_set_write(NULL);
        t->store = test_store_open(t->path, &migrated);
        g_assert_true(migrated);
}

/* A database that exists needs room for its -shm file. */
static void test_no_room_for_shm(StoreTest *t, const void *unused) {
        t->store = store_close(t->store);
        test_set_write(test_write_no_room);
        assert_refused(t, -ENOSPC, "use", ": there is no room on the disk");
        test_set_write(NULL);
        store_test_reopen(t);
}

/* ---- killed in the middle of a checkpoint ---- */

static ssize_t write_and_die(int fd, const void *bytes, size_t size, off_t offset) {
        if (pwrite(fd, bytes, size, offset) == (ssize_t) size)
                (void) raise(SIGKILL);
        return -1;
}

static _Noreturn void write_much_and_die(const char *path) {
        bool migrated;
        Store *s;

        s = test_store_open(path, &migrated);
        for (unsigned i = 0; i < 100; i++) {
                _cleanup_(job_result_freep) JobResult *jr = test_result_new("", "a.B");

                g_free(jr->data);
                jr->data = g_strnfill(10000, 'x');
                g_assert_cmpint(store_result_insert(s, jr), ==, 0);
        }
        g_assert_cmpint(store_commit(s), ==, 0);

        /* Closing writes what is in the WAL to the database, page after page: the first is the last. */
        test_set_write(write_and_die);
        (void) store_close(s);
        _exit(EXIT_FAILURE);
}

static void test_killed_in_checkpoint(StoreTest *t, const void *unused) {
        struct stat before, after;
        int status = 0;
        pid_t pid;

        t->store = store_close(t->store);
        g_assert_cmpint(stat(t->path, &before), ==, 0);
        pid = fork();
        g_assert_cmpint(pid, >=, 0);
        if (pid == 0)
                write_much_and_die(t->path);
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

        /* The header is the new one, the file is as short as it was. */
        g_assert_cmpint(stat(t->path, &after), ==, 0);
        g_assert_cmpint(after.st_size, ==, before.st_size);
        store_test_reopen(t);
        assert_sql(t->path, "SELECT count(*), sum(length(data)) FROM job_result", "100|1000000");
        assert_sql(t->path, "PRAGMA integrity_check", "ok");
}

static void add(const char *name, void (*test)(StoreTest *t, const void *unused)) {
        g_autofree char *path = g_strconcat("/store/", name, NULL);

        g_test_add_vtable(path, sizeof(StoreTest), NULL, (GTestFixtureFunc) store_test_setup, (GTestFixtureFunc) test,
                          (GTestFixtureFunc) store_test_teardown);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        add("new", test_new);
        add("empty-file", test_empty_file);
        add("newer", test_newer);
        add("impossible-version", test_impossible_version);
        add("foreign", test_foreign);
        add("not-a-database", test_not_a_database);
        add("truncated", test_truncated);
        add("damaged-page", test_damaged_page);
        add("missing-directory", test_missing_directory);
        add("directory", test_directory);
        add("fifo", test_fifo);
        add("socket", test_socket);
        add("link", test_link);
        add("read-only-file", test_read_only_file);
        add("read-only-directory", test_read_only_directory);
        add("no-room", test_no_room);
        add("no-room-for-shm", test_no_room_for_shm);
        add("killed-in-checkpoint", test_killed_in_checkpoint);

        return g_test_run();
}
