/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "store-job.h"
#include "store-result.h"
#include "test-records.h"
#include "test-store.h"

/* Batches: what is acknowledged is on the disk, and what is not acknowledged is not. */

#define NO_ROOM "there is no room on the disk"

/* What the callbacks were told, in order: "name=0 name=-28 ". */
static GString *told;

static void tell(int r, void *userdata) {
        g_string_append_printf(told, "%s=%i ", (const char *) userdata, r);
}

static void assert_told(const char *expected) {
        g_assert_cmpstr(told->str, ==, expected);
        g_string_set_size(told, 0);
}

static void on_opened(Store *s, void *userdata) {
        g_assert_true(store_has_batch(s));
        tell(0, userdata);
}

static void on_lost(int r, void *userdata) {
        tell(r, userdata);
}

static void setup(StoreTest *t, const void *unused) {
        told = g_string_new(NULL);
        store_test_setup(t, NULL);
        store_set_batch_opened(t->store, on_opened, (void *) "opened");
        store_set_batch_lost(t->store, on_lost, (void *) "lost");
}

static void teardown(StoreTest *t, const void *unused) {
        store_test_teardown(t, NULL);
        g_string_free(told, true);
}

/* Inserts a job result with that name and so many bytes of data. */
static int insert_sized(Store *s, const char *name, size_t size) {
        _cleanup_(job_result_freep) JobResult *jr = test_result_new("", "a.B");

        g_free(jr->job_name);
        jr->job_name = g_strdup(name);
        g_free(jr->data);
        jr->data = g_strnfill(size, 'x');
        return store_result_insert(s, jr);
}

static void insert(Store *s, const char *name) {
        g_assert_cmpint(insert_sized(s, name, 10), ==, 0);
}

static void assert_stored(StoreTest *t, const char *names) {
        assert_sql(t->path, "SELECT group_concat(name) FROM (SELECT name FROM job_result ORDER BY seq)", names);
}

static void test_commit(StoreTest *t, const void *unused) {
        g_assert_false(store_has_batch(t->store));
        g_assert_cmpint(store_commit(t->store), ==, 0);
        g_assert_cmpint(store_flush(t->store), ==, 0);
        store_after_commit(t->store, tell, (void *) "idle");
        assert_told("idle=0 ");

        insert(t->store, "a");
        store_after_commit(t->store, tell, (void *) "first");
        insert(t->store, "b");
        store_after_commit(t->store, tell, (void *) "second");
        store_after_commit(t->store, tell, (void *) "third");
        g_assert_true(store_has_batch(t->store));
        assert_told("opened=0 ");
        assert_stored(t, "NULL");

        g_assert_cmpint(store_commit(t->store), ==, 0);
        assert_told("first=0 second=0 third=0 ");
        assert_stored(t, "a,b");
        g_assert_false(store_has_batch(t->store));

        g_assert_cmpint(store_commit(t->store), ==, 0);
        assert_told("");
        insert(t->store, "c");
        g_assert_cmpint(store_commit(t->store), ==, 0);
        assert_told("opened=0 ");
        assert_stored(t, "a,b,c");
}

/* Reading opens no batch. */
static void test_reading(StoreTest *t, const void *unused) {
        g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func(test_record_free_job);
        _cleanup_(job_result_freep) JobResult *jr = NULL;

        g_assert_cmpint(store_job_list(t->store, jobs), ==, 0);
        g_assert_cmpint(store_waiting_next(t->store, "default", 1000, &jr), ==, 0);
        g_assert_cmpuint(test_count_waiting(t->store), ==, 0);
        g_assert_false(store_has_batch(t->store));
        assert_told("");
}

/* Closing commits. */
static void test_close(StoreTest *t, const void *unused) {
        insert(t->store, "a");
        store_after_commit(t->store, tell, (void *) "a");
        t->store = store_close(t->store);
        assert_told("opened=0 a=0 ");
        assert_stored(t, "a");
        g_assert_null(store_close(NULL));
}

/* ---- callbacks that write ---- */

static void write_again(int r, void *userdata) {
        Store *s = userdata;

        tell(r, (void *) "again");
        g_assert_false(store_has_batch(s));
        insert(s, "again");
        store_after_commit(s, tell, (void *) "after-again");
}

static void test_callback_writes(StoreTest *t, const void *unused) {
        insert(t->store, "a");
        store_after_commit(t->store, write_again, t->store);
        store_after_commit(t->store, tell, (void *) "other");
        g_assert_cmpint(store_commit(t->store), ==, 0);
        /* Only what was asked for before the commit is told of it. */
        assert_told("opened=0 again=0 opened=0 other=0 ");
        assert_stored(t, "a");
        g_assert_true(store_has_batch(t->store));
        g_assert_cmpint(store_commit(t->store), ==, 0);
        assert_told("after-again=0 ");
        assert_stored(t, "a,again");
}

static void test_close_when_callback_writes(StoreTest *t, const void *unused) {
        insert(t->store, "a");
        store_after_commit(t->store, write_again, t->store);
        t->store = store_close(t->store);
        assert_told("opened=0 again=0 opened=0 after-again=0 ");
        assert_stored(t, "a,again");
}

static void write_until_told_twice(int r, void *userdata) {
        static int left = 2;
        Store *s = userdata;

        tell(r, (void *) "told");
        if (left-- == 0)
                return;
        insert(s, "once more");
        store_after_commit(s, write_until_told_twice, s);
}

/* Another program that writes: what is asked for is refused in words, and nothing is left half done. */
static void test_locked(StoreTest *t, const void *unused) {
        _cleanup_(job_result_freep) JobResult *jr = test_result_new("", "a.B");
        sqlite3 *other = NULL;

        g_assert_cmpint(sqlite3_open(t->path, &other), ==, SQLITE_OK);
        g_assert_cmpint(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
        g_assert_cmpint(store_result_insert(t->store, jr), ==, -EBUSY);
        g_assert_cmpstr(store_error_text(t->store), ==,
                        "another program, such as sqlite3(1), keeps the database locked");
        g_assert_false(store_has_batch(t->store));
        g_assert_cmpint(sqlite3_close(other), ==, SQLITE_OK);

        insert(t->store, "a");
        t->store = store_close(t->store);
        assert_told("opened=0 ");
        assert_stored(t, "a");
}

/* On a disk that stays full closing ends, and nobody waits for an answer. */
static void test_close_on_full_disk(StoreTest *t, const void *unused) {
        insert(t->store, "a");
        store_after_commit(t->store, write_until_told_twice, t->store);
        test_set_write(test_write_no_room);
        g_assert_cmpint(store_flush(t->store), ==, -ENOSPC);
        assert_told("opened=0 lost=-28 told=-28 opened=0 lost=-28 told=-28 opened=0 ");
        t->store = store_close(t->store);
        test_set_write(NULL);
        assert_told("lost=-28 told=-28 ");
        assert_stored(t, "NULL");
}

/* ---- no room ---- */

static void test_no_room(StoreTest *t, const void *unused) {
        insert(t->store, "before");
        g_assert_cmpint(store_commit(t->store), ==, 0);
        assert_told("opened=0 ");

        insert(t->store, "a");
        store_after_commit(t->store, tell, (void *) "first");
        insert(t->store, "b");
        store_after_commit(t->store, tell, (void *) "second");
        test_set_write(test_write_no_room);
        g_assert_cmpint(store_commit(t->store), ==, -ENOSPC);
        g_assert_cmpstr(store_error_text(t->store), ==, NO_ROOM);
        assert_told("opened=0 lost=-28 first=-28 second=-28 ");
        g_assert_false(store_has_batch(t->store));
        assert_stored(t, "before");

        /* and once there is room, it goes on */
        test_set_write(NULL);
        insert(t->store, "after");
        store_after_commit(t->store, tell, (void *) "third");
        g_assert_cmpint(store_commit(t->store), ==, 0);
        assert_told("opened=0 third=0 ");
        store_test_reopen(t);
        assert_stored(t, "before,after");
}

/* For some failures SQLite gives the transaction up at once: no later write may become one of its own. */
static void test_no_room_within_batch(StoreTest *t, const void *unused) {
        _cleanup_(job_freep) Job *j = test_job_new("a", "B", "b");
        unsigned n = 0;
        int r;

        test_set_write(test_write_no_room);
        insert(t->store, "a");
        store_after_commit(t->store, tell, (void *) "early");
        do
                r = insert_sized(t->store, "big", 256 * 1024);
        while (r >= 0 && ++n < 1000);
        g_assert_cmpint(r, ==, -ENOSPC);
        g_assert_cmpstr(store_error_text(t->store), ==, NO_ROOM);
        g_assert_true(store_has_batch(t->store));
        assert_told("opened=0 ");

        test_set_write(NULL);
        g_assert_cmpint(insert_sized(t->store, "late", 10), ==, -ENOSPC);
        g_assert_cmpint(store_job_put(t->store, j), ==, -ENOSPC);
        g_assert_cmpint(store_nested_begin(t->store), ==, -ENOSPC);
        store_after_commit(t->store, tell, (void *) "late");
        g_assert_cmpint(store_commit(t->store), ==, -ENOSPC);
        g_assert_cmpstr(store_error_text(t->store), ==, NO_ROOM);
        assert_told("lost=-28 early=-28 late=-28 ");
        assert_stored(t, "NULL");
        assert_sql(t->path, "SELECT count(*) FROM job", "0");

        insert(t->store, "after");
        g_assert_cmpint(store_commit(t->store), ==, 0);
        assert_stored(t, "after");
}

static void test_no_room_within_nested(StoreTest *t, const void *unused) {
        unsigned n = 0;
        int r;

        insert(t->store, "a");
        test_set_write(test_write_no_room);
        g_assert_cmpint(store_nested_begin(t->store), ==, 0);
        do
                r = insert_sized(t->store, "big", 256 * 1024);
        while (r >= 0 && ++n < 1000);
        g_assert_cmpint(r, ==, -ENOSPC);
        g_assert_cmpint(store_nested_end(t->store, r), ==, -ENOSPC);
        test_set_write(NULL);
        g_assert_cmpint(insert_sized(t->store, "late", 10), ==, -ENOSPC);
        g_assert_cmpint(store_commit(t->store), ==, -ENOSPC);
        g_assert_cmpstr(store_error_text(t->store), ==, NO_ROOM);
        assert_stored(t, "NULL");
}

/* The kernel's own refusal, as of a medium that breaks: a file that may not grow. */
static void test_write_error(StoreTest *t, const void *unused) {
        struct rlimit old, small;

        (void) signal(SIGXFSZ, SIG_IGN);
        g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &old), ==, 0);
        small = (struct rlimit){ 4096, old.rlim_max };
        insert(t->store, "a");
        store_after_commit(t->store, tell, (void *) "a");
        g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
        g_assert_cmpint(store_commit(t->store), ==, -EIO);
        g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &old), ==, 0);
        g_assert_cmpstr(store_error_text(t->store), ==, "disk I/O error");
        assert_told("opened=0 lost=-5 a=-5 ");

        insert(t->store, "b");
        g_assert_cmpint(store_commit(t->store), ==, 0);
        assert_stored(t, "b");
}

/* ---- writes that fail alone ---- */

static void test_one_fails(StoreTest *t, const void *unused) {
        _cleanup_(job_result_freep) JobResult *jr = test_result_new("", "a.B"), *twin = test_result_new("", "a.B");

        g_free(jr->job_name);
        jr->job_name = g_strdup("a");
        memcpy(twin->id, jr->id, sizeof(twin->id));
        g_assert_cmpint(store_result_insert(t->store, jr), ==, 0);
        g_assert_cmpint(store_result_insert(t->store, twin), ==, -EEXIST);
        g_assert_cmpstr(store_error_text(t->store), ==, "UNIQUE constraint failed: job_result.id");
        insert(t->store, "b");
        store_after_commit(t->store, tell, (void *) "b");
        g_assert_cmpint(store_commit(t->store), ==, 0);
        assert_told("opened=0 b=0 ");
        assert_stored(t, "a,b");
}

static void test_nested(StoreTest *t, const void *unused) {
        insert(t->store, "a");

        g_assert_cmpint(store_nested_begin(t->store), ==, 0);
        insert(t->store, "undone");
        insert(t->store, "undone");
        g_assert_cmpint(store_nested_end(t->store, -EEXIST), ==, -EEXIST);

        g_assert_cmpint(store_nested_begin(t->store), ==, 0);
        insert(t->store, "b");
        g_assert_cmpint(store_nested_begin(t->store), ==, 0);
        insert(t->store, "undone");
        g_assert_cmpint(store_nested_end(t->store, -EINVAL), ==, -EINVAL);
        g_assert_cmpint(store_nested_begin(t->store), ==, 0);
        insert(t->store, "c");
        g_assert_cmpint(store_nested_end(t->store, 0), ==, 0);
        g_assert_cmpint(store_nested_end(t->store, 0), ==, 0);

        g_assert_cmpint(store_nested_begin(t->store), ==, 0);
        g_assert_cmpint(store_nested_begin(t->store), ==, 0);
        insert(t->store, "undone with what it is in");
        g_assert_cmpint(store_nested_end(t->store, 0), ==, 0);
        g_assert_cmpint(store_nested_end(t->store, -EBADMSG), ==, -EBADMSG);

        assert_told("opened=0 ");
        g_assert_cmpint(store_commit(t->store), ==, 0);
        assert_stored(t, "a,b,c");
}

/* A nested group alone is a batch, too. */
static void test_nested_first(StoreTest *t, const void *unused) {
        g_assert_cmpint(store_nested_begin(t->store), ==, 0);
        assert_told("opened=0 ");
        insert(t->store, "a");
        g_assert_cmpint(store_nested_end(t->store, 0), ==, 0);
        assert_stored(t, "NULL");
        g_assert_cmpint(store_commit(t->store), ==, 0);
        assert_stored(t, "a");
}

/* ---- kill -9 ---- */

static _Noreturn void write_and_wait(const char *path, int fd) {
        bool migrated;
        Store *s;

        s = test_store_open(path, &migrated);
        insert(s, "acknowledged");
        g_assert_cmpint(store_commit(s), ==, 0);
        insert(s, "not acknowledged");
        (void) !write(fd, "!", 1);
        for (;;)
                (void) pause();
}

static void test_killed(StoreTest *t, const void *unused) {
        int fds[2], status = 0;
        char byte = 0;
        pid_t pid;

        t->store = store_close(t->store);
        g_assert_cmpint(pipe(fds), ==, 0);
        pid = fork();
        g_assert_cmpint(pid, >=, 0);
        if (pid == 0)
                write_and_wait(t->path, fds[1]);
        (void) close(fds[1]);
        g_assert_cmpint(read(fds[0], &byte, 1), ==, 1);
        (void) close(fds[0]);
        g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

        store_test_reopen(t);
        assert_stored(t, "acknowledged");
        assert_sql(t->path, "PRAGMA integrity_check", "ok");
}

/* Who waits for what was undone is told of that, and nobody else. */
static void test_nested_waiting(StoreTest *t, const void *unused) {
        insert(t->store, "a");
        store_after_commit(t->store, tell, (void *) "before");
        g_assert_cmpint(store_nested_begin(t->store), ==, 0);
        store_after_commit(t->store, tell, (void *) "outer");
        g_assert_cmpint(store_nested_begin(t->store), ==, 0);
        store_after_commit(t->store, tell, (void *) "good");
        g_assert_cmpint(store_nested_end(t->store, 0), ==, 0);
        g_assert_cmpint(store_nested_begin(t->store), ==, 0);
        insert(t->store, "b");
        store_after_commit(t->store, tell, (void *) "bad");
        g_assert_cmpint(store_nested_end(t->store, -EPERM), ==, -EPERM);
        store_after_commit(t->store, tell, (void *) "after");
        g_assert_cmpint(store_nested_end(t->store, 0), ==, 0);
        assert_told("opened=0 ");
        g_assert_cmpint(store_commit(t->store), ==, 0);
        assert_told("before=0 outer=0 good=0 bad=-1 after=0 ");

        g_assert_cmpint(store_nested_begin(t->store), ==, 0);
        g_assert_cmpint(store_nested_begin(t->store), ==, 0);
        store_after_commit(t->store, tell, (void *) "inner");
        g_assert_cmpint(store_nested_end(t->store, 0), ==, 0);
        g_assert_cmpint(store_nested_end(t->store, -EPERM), ==, -EPERM);
        g_assert_cmpint(store_commit(t->store), ==, 0);
        assert_told("opened=0 inner=-1 ");
        assert_stored(t, "a");
}

static void add(const char *name, void (*test)(StoreTest *t, const void *unused)) {
        g_autofree char *path = g_strconcat("/store-batch/", name, NULL);

        g_test_add_vtable(path, sizeof(StoreTest), NULL, (GTestFixtureFunc) setup, (GTestFixtureFunc) test,
                          (GTestFixtureFunc) teardown);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        add("commit", test_commit);
        add("reading", test_reading);
        add("close", test_close);
        add("callback-writes", test_callback_writes);
        add("close-when-callback-writes", test_close_when_callback_writes);
        add("locked", test_locked);
        add("close-on-full-disk", test_close_on_full_disk);
        add("no-room", test_no_room);
        add("no-room-within-batch", test_no_room_within_batch);
        add("no-room-within-nested", test_no_room_within_nested);
        add("write-error", test_write_error);
        add("one-fails", test_one_fails);
        add("nested", test_nested);
        add("nested-first", test_nested_first);
        add("nested-waiting", test_nested_waiting);
        add("killed", test_killed);

        return g_test_run();
}
