/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "store-job.h"
#include "store-result.h"
#include "test-records.h"
#include "test-store.h"

/* The table job_result. */

static const JobResultFilter any = { .status = _JOB_RESULT_STATUS_INVALID, .requester_uid = -1, .limit = 1000 };

static JobResult *get(StoreTest *t, const char *id) {
        JobResult *jr = NULL;

        g_assert_cmpint(store_result_get(t->store, id, &jr), ==, 1);
        return jr;
}

/* Inserts a result named so and returns its sequence number. */
static int64_t insert(StoreTest *t, const char *name, const Job *job, uint32_t uid, JobResultStatus status) {
        _cleanup_(job_result_freep) JobResult *jr = NULL;

        jr = test_result_new(job ? job->id : "", job ? job->class_path : "a.B");
        g_free(jr->job_name);
        jr->job_name = g_strdup(name);
        jr->requester_uid = uid;
        jr->status = status;
        g_assert_cmpint(store_result_insert(t->store, jr), ==, 0);
        return jr->seq;
}

/* The names that a list shows, in its order: "c b a". */
static void assert_list(StoreTest *t, const JobResultFilter *filter, const char *expected) {
        g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func(test_record_free_result);
        g_autoptr(GString) names = g_string_new(NULL);

        g_assert_cmpint(store_result_list(t->store, filter, results), ==, 0);
        for (guint i = 0; i < results->len; i++)
                g_string_append_printf(names, "%s%s", i > 0 ? " " : "", ((JobResult *) results->pdata[i])->job_name);
        g_assert_cmpstr(names->str, ==, expected);
}

static void assert_equal(const JobResult *a, const JobResult *b) {
        g_assert_cmpint(a->seq, ==, b->seq);
        g_assert_cmpstr(a->id, ==, b->id);
        g_assert_cmpstr(a->job_id, ==, b->job_id);
        g_assert_cmpstr(a->job_name, ==, b->job_name);
        g_assert_cmpstr(a->class_path, ==, b->class_path);
        g_assert_cmpuint(a->requester_uid, ==, b->requester_uid);
        g_assert_cmpstr(a->requester, ==, b->requester);
        g_assert_cmpstr(a->task_queue, ==, b->task_queue);
        g_assert_cmpint(a->status, ==, b->status);
        g_assert_cmpint(a->reason, ==, b->reason);
        g_assert_cmpstr(a->message, ==, b->message);
        g_assert_cmpstr(a->warnings, ==, b->warnings);
        g_assert_cmpstr(a->revoked_by, ==, b->revoked_by);
        g_assert_true(a->has_sensitive_variables == b->has_sensitive_variables);
        g_assert_cmpstr(a->data, ==, b->data);
        g_assert_cmpuint(a->soft_time_limit_usec, ==, b->soft_time_limit_usec);
        g_assert_cmpuint(a->time_limit_usec, ==, b->time_limit_usec);
        g_assert_cmpuint(a->date_created, ==, b->date_created);
        g_assert_cmpuint(a->date_started, ==, b->date_started);
        g_assert_cmpuint(a->date_done, ==, b->date_done);
        g_assert_cmpstr(a->boot_id, ==, b->boot_id);
        g_assert_cmpstr(a->invocation_id, ==, b->invocation_id);
        g_assert_cmpint(a->exit_code, ==, b->exit_code);
        g_assert_cmpint(a->signal, ==, b->signal);
        g_assert_cmpuint(a->cpu_usage_nsec, ==, b->cpu_usage_nsec);
        g_assert_cmpuint(a->io_read_bytes, ==, b->io_read_bytes);
        g_assert_cmpuint(a->io_write_bytes, ==, b->io_write_bytes);
        g_assert_cmpuint(a->memory_peak, ==, b->memory_peak);
        g_assert_cmpuint(a->attempt, ==, b->attempt);
        g_assert_cmpstr(a->retry_of, ==, b->retry_of);
        g_assert_cmpstr(a->retried_by, ==, b->retried_by);
        g_assert_cmpuint(a->not_before, ==, b->not_before);
        g_assert_true(a->ignore_singleton == b->ignore_singleton);
        g_assert_cmpstr(a->requested_by, ==, b->requested_by);
        g_assert_cmpstr(a->caused_by, ==, b->caused_by);
        g_assert_cmpstr(a->scheduled_job_id, ==, b->scheduled_job_id);
        g_assert_cmpuint(a->nominal_time, ==, b->nominal_time);
        g_assert_cmpint(a->progress, ==, b->progress);
        g_assert_cmpstr(a->progress_text, ==, b->progress_text);
        g_assert_cmpstr(a->failure, ==, b->failure);
        for (int i = 0; i < _LOG_LEVEL_MAX; i++)
                g_assert_cmpuint(a->log_counts[i], ==, b->log_counts[i]);
        g_assert_cmpstr(a->result, ==, b->result);
}

static void set_text(char **text, const char *value) {
        g_free(*text);
        *text = g_strdup(value);
}

static void set_outcome(JobResult *jr) {
        jr->status = JOB_RESULT_FAILURE;
        jr->reason = JOB_RESULT_REASON_SIGNAL;
        set_text(&jr->message, "was ended by signal \"KILL\"\nand äöü");
        set_text(&jr->warnings, "one\ntwo");
        set_text(&jr->revoked_by, "carol");
        set_text(&jr->boot_id, "b90873f8cb014b79a81cc15741dbe016");
        set_text(&jr->invocation_id, "caa848d5a08c4407bca2e351fe70a22d");
        jr->date_started = TEST_TIME + 1;
        jr->date_done = TEST_TIME + 2;
        jr->exit_code = 255;
        jr->signal = 9;
        jr->cpu_usage_nsec = 12345678901234;
        jr->io_read_bytes = 4096;
        jr->io_write_bytes = 0;
        jr->memory_peak = 12345678901;
        set_text(&jr->retried_by, "5b6b5f2a-4d4e-4d6e-9d0e-000000000002");
        jr->progress = 50;
        set_text(&jr->progress_text, "half of it");
        set_text(&jr->failure, "it says so");
        for (int i = 0; i < _LOG_LEVEL_MAX; i++)
                jr->log_counts[i] = 4294967290 + (uint32_t) i % 6;
        jr->log_counts[0] = 0;
}

static void test_all_fields(StoreTest *t, const void *unused) {
        _cleanup_(job_result_freep) JobResult *jr = test_result_new("", "network.backup.NightlyBackup"), *first = NULL;
        _cleanup_(job_result_freep) JobResult *updated = NULL;

        jr->requester_uid = 4294967294;
        set_text(&jr->requester, "4294967294");
        jr->attempt = 3;
        set_text(&jr->retry_of, "5b6b5f2a-4d4e-4d6e-9d0e-000000000001");
        jr->not_before = TEST_TIME + 5;
        jr->ignore_singleton = true;
        set_text(&jr->requested_by, "carol");
        set_text(&jr->caused_by, "5b6b5f2a-4d4e-4d6e-9d0e-000000000003");
        jr->nominal_time = TEST_TIME + 4;
        set_text(&jr->data, "{\"text\":\"';DROP TABLE job_result;-- ?1 %s \\u0000 😀\"}");
        g_assert_cmpint(store_result_insert(t->store, jr), ==, 0);
        g_assert_cmpint(jr->seq, >, 0);
        store_test_reopen(t);
        first = get(t, jr->id);
        assert_equal(first, jr);

        set_outcome(jr);
        g_assert_cmpint(store_result_update(t->store, jr), ==, 0);
        store_test_reopen(t);
        updated = get(t, jr->id);
        assert_equal(updated, jr);
}

/* What a run started with stays as it was. */
static void test_update_keeps_the_request(StoreTest *t, const void *unused) {
        _cleanup_(job_result_freep) JobResult *jr = test_result_new("", "a.B"), *changed = NULL, *read = NULL;

        g_assert_cmpint(store_result_insert(t->store, jr), ==, 0);
        changed = get(t, jr->id);
        set_outcome(changed);
        set_outcome(jr);
        set_text(&changed->job_name, "another");
        set_text(&changed->class_path, "c.D");
        set_text(&changed->requester, "mallory");
        set_text(&changed->task_queue, "other");
        set_text(&changed->data, "{}");
        changed->requester_uid = 1;
        changed->has_sensitive_variables = true;
        changed->soft_time_limit_usec = changed->time_limit_usec = changed->date_created = 1;
        g_assert_cmpint(store_result_update(t->store, changed), ==, 0);
        read = get(t, jr->id);
        assert_equal(read, jr);
}

static void test_sensitive(StoreTest *t, const void *unused) {
        _cleanup_(job_result_freep) JobResult *jr = test_result_new("", "a.B"), *read = NULL;

        g_clear_pointer(&jr->data, g_free);
        jr->has_sensitive_variables = true;
        g_assert_cmpint(store_result_insert(t->store, jr), ==, 0);
        store_test_reopen(t);
        read = get(t, jr->id);
        g_assert_null(read->data);
        assert_equal(read, jr);
}

/* What the job gives is read with one result, and not with each of a list. */
static void test_result(StoreTest *t, const void *unused) {
        g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func(test_record_free_result);
        _cleanup_(job_result_freep) JobResult *jr = test_result_new("", "a.B"), *read = NULL;
        g_autofree char *text = g_strdup_printf("[\"%0100000i\"]", 7);

        g_assert_cmpint(store_result_insert(t->store, jr), ==, 0);
        g_assert_cmpint(store_result_set_result(t->store, jr->id, text), ==, 0);
        g_assert_cmpint(store_result_update(t->store, jr), ==, 0); /* leaves it alone */
        store_test_reopen(t);
        read = get(t, jr->id);
        g_assert_cmpstr(read->result, ==, text);
        g_assert_cmpint(store_result_list(t->store, &any, results), ==, 0);
        g_assert_cmpuint(results->len, ==, 1);
        g_assert_null(((JobResult *) results->pdata[0])->result);
}

static char *add_follower(StoreTest *t, const char *caused_by, const char *retry_of) {
        _cleanup_(job_result_freep) JobResult *jr = test_result_new("", "a.B");

        set_text(&jr->caused_by, caused_by);
        set_text(&jr->retry_of, retry_of);
        g_assert_cmpint(store_result_insert(t->store, jr), ==, 0);
        return g_strdup(jr->id);
}

static void test_followers(StoreTest *t, const void *unused) {
        g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
        g_autofree char *origin = add_follower(t, "", ""), *first = add_follower(t, origin, ""),
                        *second = add_follower(t, origin, ""), *attempt = add_follower(t, origin, first),
                        *next = add_follower(t, first, "");

        g_assert_cmpint(store_result_list_followers(t->store, origin, 10, ids), ==, 0);
        g_assert_cmpuint(ids->len, ==, 2);
        g_assert_cmpstr(ids->pdata[0], ==, first);
        g_assert_cmpstr(ids->pdata[1], ==, second);
        g_assert_cmpint(store_result_list_followers(t->store, first, 10, ids), ==, 0);
        g_assert_cmpstr(ids->pdata[2], ==, next);
        g_assert_cmpint(store_result_list_followers(t->store, origin, 1, ids), ==, 0);
        g_assert_cmpuint(ids->len, ==, 4);
        g_assert_cmpint(store_result_list_followers(t->store, next, 10, ids), ==, 0);
        g_assert_cmpint(store_result_list_followers(t->store, attempt, 10, ids), ==, 0);
        g_assert_cmpint(store_result_list_followers(t->store, "", 10, ids), ==, 0);
        g_assert_cmpuint(ids->len, ==, 4);
}

static void test_not_there(StoreTest *t, const void *unused) {
        JobResult *jr = NULL;

        g_assert_cmpint(store_result_get(t->store, "b5a7c5b8-78b9-45d0-9a9b-f2ab8be12a2b", &jr), ==, 0);
        g_assert_cmpint(store_result_get(t->store, "", &jr), ==, 0);
        g_assert_cmpint(store_waiting_next(t->store, "default", 0, &jr), ==, 0);
        g_assert_null(jr);
        assert_list(t, &any, "");
}

/* A job that is deleted takes nothing with it: its results keep its name and can be found by it. */
static void test_job_deleted(StoreTest *t, const void *unused) {
        _cleanup_(job_freep) Job *j = test_job_new("a", "B", "b"), *other = test_job_new("a", "C", "c"), *again = NULL;
        g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func(test_record_free_result);
        JobResultFilter f = any;

        g_assert_cmpint(store_job_put(t->store, j), ==, 0);
        g_assert_cmpint(store_job_put(t->store, other), ==, 0);
        (void) insert(t, "first", j, 1000, JOB_RESULT_SUCCESS);
        (void) insert(t, "second", other, 1000, JOB_RESULT_SUCCESS);
        g_assert_cmpint(store_job_delete(t->store, j->id), ==, 0);
        store_test_reopen(t);
        assert_sql(t->path, "SELECT name, class_path, job_id IS NULL FROM job_result ORDER BY seq",
                   "first|a.B|1\nsecond|a.C|0");

        f.deleted_job = "a.B";
        assert_list(t, &f, "first");
        g_assert_cmpint(store_result_list(t->store, &f, results), ==, 0);
        g_assert_cmpstr(((JobResult *) results->pdata[0])->job_id, ==, "");
        f.deleted_job = "first"; /* its name at the time */
        assert_list(t, &f, "first");
        f.deleted_job = "a.C"; /* is not */
        assert_list(t, &f, "");
        f.deleted_job = NULL;
        f.job_id = j->id;
        assert_list(t, &f, "");

        /* not restored by a job that is installed again */
        again = test_job_new("a", "B", "b");
        g_assert_cmpint(store_job_put(t->store, again), ==, 0);
        assert_sql(t->path, "SELECT count(*) FROM job_result WHERE job_id IS NULL", "1");
}

/* A result of a job that is not there is refused: it would be nobody's. */
static void test_no_such_job(StoreTest *t, const void *unused) {
        _cleanup_(job_result_freep) JobResult *jr = NULL;

        jr = test_result_new("b5a7c5b8-78b9-45d0-9a9b-f2ab8be12a2b", "a.B");
        g_assert_cmpint(store_result_insert(t->store, jr), ==, -EEXIST);
        g_assert_cmpint(jr->seq, ==, 0);
        g_assert_cmpstr(store_error_text(t->store), ==, "FOREIGN KEY constraint failed");
}

/* ---- lists ---- */

static void test_paging(StoreTest *t, const void *unused) {
        JobResultFilter f = any;
        int64_t seqs[7];

        for (unsigned i = 0; i < ELEMENTSOF(seqs); i++) {
                const char name[] = { (char) ('a' + i), '\0' };

                seqs[i] = insert(t, name, NULL, 1000, JOB_RESULT_SUCCESS);
                g_assert_true(i == 0 || seqs[i] > seqs[i - 1]);
        }

        assert_list(t, &any, "g f e d c b a");
        f.limit = 3;
        assert_list(t, &f, "g f e");
        f.before_seq = seqs[4];
        assert_list(t, &f, "d c b");
        f.before_seq = seqs[1];
        assert_list(t, &f, "a");
        f.before_seq = seqs[0];
        assert_list(t, &f, "");

        /* What comes or goes meanwhile does not shift the pages. */
        f.before_seq = seqs[4];
        (void) insert(t, "h", NULL, 1000, JOB_RESULT_SUCCESS);
        assert_list(t, &f, "d c b");
        f.before_seq = INT64_MAX;
        assert_list(t, &f, "h g f");
        f.limit = 0;
        assert_list(t, &f, "");
}

static void test_filters(StoreTest *t, const void *unused) {
        _cleanup_(job_freep) Job *j = test_job_new("a", "B", "b"), *k = test_job_new("a", "C", "c");
        JobResultFilter f = any;
        int64_t seq;

        g_assert_cmpint(store_job_put(t->store, j), ==, 0);
        g_assert_cmpint(store_job_put(t->store, k), ==, 0);
        (void) insert(t, "a", j, 0, JOB_RESULT_PENDING);
        (void) insert(t, "b", k, 0, JOB_RESULT_SUCCESS);
        (void) insert(t, "c", j, 1000, JOB_RESULT_FAILURE);
        seq = insert(t, "d", j, 1000, JOB_RESULT_SUCCESS);
        (void) insert(t, "e", j, 0, JOB_RESULT_SUCCESS);
        (void) insert(t, "f", k, 1000, JOB_RESULT_REVOKED);

        f.job_id = j->id;
        assert_list(t, &f, "e d c a");
        f.status = JOB_RESULT_SUCCESS;
        assert_list(t, &f, "e d");
        f.requester_uid = 0; /* root is somebody, too */
        assert_list(t, &f, "e");
        f.requester = "nobody-such";
        assert_list(t, &f, "");
        f.requester = NULL;
        f.before_seq = seq;
        assert_list(t, &f, "");

        f = any;
        f.requester_uid = 1000;
        assert_list(t, &f, "f d c");
        f.requester = "a' OR 1=1 --";
        assert_list(t, &f, "");
        f = any;
        f.status = JOB_RESULT_PENDING;
        assert_list(t, &f, "a");
        f = any;
        f.before_seq = seq;
        f.limit = 2;
        f.requester_uid = 0;
        f.job_id = j->id;
        f.status = JOB_RESULT_PENDING;
        assert_list(t, &f, "a");
        f.task_queue = "default";
        assert_list(t, &f, "a");
        f.task_queue = "default' OR 1=1 --";
        assert_list(t, &f, "");
}

/* Both the choice and the order come from an index, whatever the history holds. */
static void assert_index(StoreTest *t, const char *condition, const char *order, const char *index) {
        g_autofree char *sql = NULL, *plan = NULL, *search = NULL;

        sql = g_strdup_printf("EXPLAIN QUERY PLAN SELECT * FROM job_result WHERE %s ORDER BY %s LIMIT 3", condition,
                              order);
        plan = test_sql_text(t->path, sql);
        search = g_strdup_printf("SEARCH job_result USING INDEX %s ", index);
        g_assert_nonnull(strstr(plan, search));
        g_assert_null(strstr(plan, "TEMP B-TREE"));
}

static void test_indexes(StoreTest *t, const void *unused) {
        assert_index(t, "job_id = 'x'", "seq DESC", "job_result_by_job");
        assert_index(t, "requester_uid = 1000", "seq DESC", "job_result_by_requester");
        assert_index(t, "status = 'FAILURE' AND seq < 1000000", "seq DESC", "job_result_by_status");
        assert_index(t, "status = 'PENDING' AND boot_id = ''", "seq", "job_result_by_status");
        assert_index(t, "status = 'PENDING' AND boot_id = '' AND job_id = 'x' AND seq < 7", "seq", "job_result_waiting");
        assert_index(t, "caused_by <> '' AND caused_by = 'x' AND retry_of = ''", "seq", "job_result_followers");
}

/* ---- what the dispatcher asks ---- */

static void mark(StoreTest *t, int64_t seq) {
        g_autofree char *sql = NULL;

        sql = g_strdup_printf("UPDATE job_result SET boot_id = 'b' WHERE seq = %" G_GINT64_FORMAT, seq);
        g_assert_cmpint(store_commit(t->store), ==, 0);
        test_sql(t->path, sql);
}

static void assert_active(StoreTest *t, const char *expected) {
        g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func(test_record_free_result);
        g_autoptr(GString) names = g_string_new(NULL);

        g_assert_cmpint(store_result_list_active(t->store, results), ==, 0);
        for (guint i = 0; i < results->len; i++)
                g_string_append_printf(names, "%s ", ((JobResult *) results->pdata[i])->job_name);
        g_assert_cmpstr(names->str, ==, expected);
}

static void test_pending_and_active(StoreTest *t, const void *unused) {
        _cleanup_(job_result_freep) JobResult *next = NULL, *after = NULL;
        int64_t dispatched;

        (void) insert(t, "done", NULL, 0, JOB_RESULT_SUCCESS);
        dispatched = insert(t, "dispatched", NULL, 0, JOB_RESULT_PENDING);
        (void) insert(t, "started", NULL, 0, JOB_RESULT_STARTED);
        (void) insert(t, "oldest", NULL, 0, JOB_RESULT_PENDING);
        (void) insert(t, "younger", NULL, 0, JOB_RESULT_PENDING);
        mark(t, dispatched);

        g_assert_cmpuint(test_count_waiting(t->store), ==, 2);
        assert_active(t, "started dispatched ");
        g_assert_cmpint(store_waiting_next(t->store, "default", 0, &next), ==, 1);
        g_assert_cmpstr(next->job_name, ==, "oldest");

        /* Within the batch the store is up to date. */
        set_text(&next->boot_id, "b");
        g_assert_cmpint(store_result_update(t->store, next), ==, 0);
        g_assert_cmpint(store_waiting_next(t->store, "default", 0, &after), ==, 1);
        g_assert_cmpstr(after->job_name, ==, "younger");
        g_assert_cmpuint(test_count_waiting(t->store), ==, 1);
        assert_active(t, "started dispatched oldest ");
}

static void test_delete(StoreTest *t, const void *unused) {
        _cleanup_(job_result_freep) JobResult *jr = test_result_new("", "a.B");
        int64_t seq;

        (void) insert(t, "a", NULL, 0, JOB_RESULT_SUCCESS);
        g_assert_cmpint(store_result_insert(t->store, jr), ==, 0);
        seq = jr->seq;
        g_assert_cmpint(store_result_delete(t->store, jr->id), ==, 0);
        g_assert_cmpint(store_result_delete(t->store, jr->id), ==, 0);
        store_test_reopen(t);
        assert_list(t, &any, "a");

        /* The place of the newest is not given away again: a page that begins there would show what it should not. */
        g_assert_cmpint(insert(t, "b", NULL, 0, JOB_RESULT_SUCCESS), >, seq);
}

/* Deleted data is gone from the file, not only from the tables. */
static void test_delete_wipes(StoreTest *t, const void *unused) {
        _cleanup_(job_result_freep) JobResult *jr = test_result_new("", "a.B");
        g_autofree char *bytes = NULL;
        size_t size;

        set_text(&jr->data, "{\"device\":\"to-be-forgotten\"}");
        g_assert_cmpint(store_result_insert(t->store, jr), ==, 0);
        store_test_reopen(t);
        g_assert_cmpint(store_result_delete(t->store, jr->id), ==, 0);
        t->store = store_close(t->store);
        bytes = test_read(t->path, &size);
        g_assert_null(memmem(bytes, size, "to-be-forgotten", strlen("to-be-forgotten")));
}

static void add(const char *name, void (*test)(StoreTest *t, const void *data)) {
        g_autofree char *path = g_strconcat("/store-result/", name, NULL);

        g_test_add_vtable(path, sizeof(StoreTest), NULL, (GTestFixtureFunc) store_test_setup, (GTestFixtureFunc) test,
                          (GTestFixtureFunc) store_test_teardown);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        add("all-fields", test_all_fields);
        add("update-keeps-the-request", test_update_keeps_the_request);
        add("sensitive", test_sensitive);
        add("result", test_result);
        add("followers", test_followers);
        add("not-there", test_not_there);
        add("job-deleted", test_job_deleted);
        add("no-such-job", test_no_such_job);
        add("paging", test_paging);
        add("filters", test_filters);
        add("indexes", test_indexes);
        add("pending-and-active", test_pending_and_active);
        add("delete", test_delete);
        add("delete-wipes", test_delete_wipes);

        return g_test_run();
}
