/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "job-queues.h"
#include "store-job.h"
#include "store-result.h"
#include "store-waiting.h"
#include "test-records.h"
#include "test-store.h"

/* What waits, and the job queues it waits in. */

static JobResult *new_result(const char *name, const char *queue, uint32_t uid, JobResultWait wait) {
        JobResult *jr = test_result_new("", "a.B");

        g_free(jr->job_name);
        jr->job_name = g_strdup(name);
        g_free(jr->task_queue);
        jr->task_queue = g_strdup(queue);
        jr->requester_uid = uid;
        jr->waits_for = wait;
        return jr;
}

static int64_t add(StoreTest *t, const char *name, const char *queue, uint32_t uid) {
        _cleanup_(job_result_freep) JobResult *jr = new_result(name, queue, uid, JOB_RESULT_WAITS_IN_LINE);

        g_assert_cmpint(store_result_insert(t->store, jr), ==, 0);
        return jr->seq;
}

static void add_due(StoreTest *t, const char *name, uint64_t not_before) {
        _cleanup_(job_result_freep) JobResult *jr = new_result(name, "q", 1, JOB_RESULT_WAITS_FOR_TIME);

        jr->not_before = not_before;
        g_assert_cmpint(store_result_insert(t->store, jr), ==, 0);
}

static void add_singleton(StoreTest *t, const char *name, const Job *job) {
        _cleanup_(job_result_freep) JobResult *jr = new_result(name, "q", 1, JOB_RESULT_WAITS_FOR_SINGLETON);

        (void) g_strlcpy(jr->job_id, job->id, sizeof(jr->job_id));
        g_assert_cmpint(store_result_insert(t->store, jr), ==, 0);
}

static void count(const char *key, uint32_t uid, uint64_t n, void *userdata) {
        g_string_append_printf(userdata, "%s/%" G_GUINT32_FORMAT "=%" G_GUINT64_FORMAT " ", strlen(key) > 30 ? "job" : key,
                               uid, n);
}

static void assert_counts(StoreTest *t, int (*function)(Store *s, StoreWaitingCount count, void *userdata),
                          const char *expected) {
        g_autoptr(GString) text = g_string_new(NULL);

        g_assert_cmpint(function(t->store, count, text), ==, 0);
        g_assert_cmpstr(text->str, ==, expected);
}

static void assert_next(StoreTest *t, const char *queue, uint32_t uid, const char *expected) {
        _cleanup_(job_result_freep) JobResult *jr = NULL;

        g_assert_cmpint(store_waiting_next(t->store, queue, uid, &jr), ==, expected != NULL);
        if (expected)
                g_assert_cmpstr(jr->job_name, ==, expected);
}

static void test_lines(StoreTest *t, const void *unused) {
        int64_t first = add(t, "a", "q", 7), third;
        uint64_t n;

        (void) add(t, "b", "other", 1);
        third = add(t, "c", "q", 7);
        (void) add(t, "d", "q", 1);
        assert_counts(t, store_waiting_count_lines, "q/7=2 other/1=1 q/1=1 ");
        assert_next(t, "q", 7, "a");
        assert_next(t, "q", 1, "d");
        assert_next(t, "q", 2, NULL);
        assert_next(t, "nowhere", 7, NULL);
        g_assert_cmpint(store_waiting_number(t->store, "q", 7, 0, third, &n), ==, 0);
        g_assert_cmpuint(n, ==, 1);
        g_assert_cmpint(store_waiting_number(t->store, "q", 7, first, first, &n), ==, 0);
        g_assert_cmpuint(n, ==, 0);
}

/* Each way out of the line, and back into it. */
static void test_in_and_out(StoreTest *t, const void *unused) {
        _cleanup_(job_result_freep) JobResult *jr = NULL;

        (void) add(t, "a", "q", 7);
        (void) add(t, "b", "q", 7);
        g_assert_cmpint(store_waiting_next(t->store, "q", 7, &jr), ==, 1);
        g_assert_cmpint(store_waiting_set(t->store, jr->id, JOB_RESULT_WAITS_FOR_TIME), ==, 0);
        assert_next(t, "q", 7, "b");
        assert_counts(t, store_waiting_count_aside, "q/7=1 ");
        g_assert_cmpint(store_waiting_set(t->store, jr->id, JOB_RESULT_WAITS_IN_LINE), ==, 0);
        assert_next(t, "q", 7, "a");
        g_free(jr->boot_id);
        jr->boot_id = g_strdup("dispatched");
        g_assert_cmpint(store_result_update(t->store, jr), ==, 0);
        assert_next(t, "q", 7, "b");
        assert_counts(t, store_waiting_count_lines, "q/7=1 ");
}

static void test_due(StoreTest *t, const void *unused) {
        g_autoptr(GPtrArray) due = g_ptr_array_new_with_free_func(test_record_free_result);
        uint64_t usec = 0;

        g_assert_cmpint(store_waiting_next_due(t->store, &usec), ==, 0);
        add_due(t, "late", 300);
        add_due(t, "early", 100);
        add_due(t, "later", 200);
        g_assert_cmpint(store_waiting_next_due(t->store, &usec), ==, 1);
        g_assert_cmpuint(usec, ==, 100);
        g_assert_cmpint(store_waiting_list_due(t->store, 200, 10, due), ==, 0);
        g_assert_cmpuint(due->len, ==, 2);
        g_assert_cmpstr(((JobResult *) due->pdata[0])->job_name, ==, "early");
        g_assert_cmpstr(((JobResult *) due->pdata[1])->job_name, ==, "later");
        g_assert_cmpint(store_waiting_list_due(t->store, 1000, 1, due), ==, 0);
        g_assert_cmpuint(due->len, ==, 3);
        assert_counts(t, store_waiting_count_lines, "");
        assert_counts(t, store_waiting_count_aside, "q/1=3 ");
}

static void test_singletons(StoreTest *t, const void *unused) {
        _cleanup_(job_freep) Job *job = test_job_new("a", "B", "one"), *other = test_job_new("a", "C", "other");
        _cleanup_(job_result_freep) JobResult *oldest = NULL, *newest = NULL, *none = NULL;

        g_assert_cmpint(store_job_put(t->store, job), ==, 0);
        g_assert_cmpint(store_job_put(t->store, other), ==, 0);
        add_singleton(t, "first", job);
        add_singleton(t, "of other", other);
        add_singleton(t, "last", job);
        assert_counts(t, store_waiting_count_aside, "q/1=3 ");
        g_assert_cmpint(store_waiting_singleton(t->store, job->id, false, &oldest), ==, 1);
        g_assert_cmpstr(oldest->job_name, ==, "first");
        g_assert_cmpint(store_waiting_singleton(t->store, job->id, true, &newest), ==, 1);
        g_assert_cmpstr(newest->job_name, ==, "last");
        g_assert_cmpint(store_waiting_singleton(t->store, "none", true, &none), ==, 0);
}

static void assert_list(StoreTest *t, const WaitingFilter *f, const char *expected) {
        g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func(test_record_free_result);
        g_autoptr(GString) names = g_string_new(NULL);

        g_assert_cmpint(store_waiting_list(t->store, f, results), ==, 0);
        for (guint i = 0; i < results->len; i++)
                g_string_append(names, ((JobResult *) results->pdata[i])->job_name);
        g_assert_cmpstr(names->str, ==, expected);
}

static void test_list(StoreTest *t, const void *unused) {
        _cleanup_(job_freep) Job *job = test_job_new("a", "B", "one");
        int64_t second;

        (void) add(t, "a", "q", 7);
        second = add(t, "b", "q", 1);
        (void) add(t, "c", "other", 7);
        add_due(t, "d", 100);
        assert_list(t, &(WaitingFilter){ .requester_uid = -1, .limit = 10 }, "abcd");
        assert_list(t, &(WaitingFilter){ .requester_uid = -1, .limit = 2 }, "ab");
        assert_list(t, &(WaitingFilter){ .requester_uid = 7, .limit = 10 }, "ac");
        assert_list(t, &(WaitingFilter){ .requester_uid = -1, .task_queue = "q", .limit = 10 }, "abd");
        assert_list(t, &(WaitingFilter){ .requester_uid = -1, .after_seq = second, .limit = 10 }, "cd");
        assert_list(t, &(WaitingFilter){ .requester_uid = -1, .before_seq = second, .limit = 10 }, "a");
        assert_list(t, &(WaitingFilter){ .requester_uid = -1, .requester = "nobody", .limit = 10 }, "");

        g_assert_cmpint(store_job_put(t->store, job), ==, 0);
        add_singleton(t, "e", job);
        add_singleton(t, "f", job);
        assert_list(t, &(WaitingFilter){ .requester_uid = -1, .job_id = job->id, .limit = 10 }, "ef");
        assert_list(t, &(WaitingFilter){ .requester_uid = -1, .job_id = job->id, .after_seq = second + 3, .limit = 10 },
                    "f");
        assert_list(t, &(WaitingFilter){ .requester_uid = 7, .job_id = job->id, .limit = 10 }, "");
}

/* ---- queues ---- */

static void test_queues(StoreTest *t, const void *unused) {
        _cleanup_(job_queues_freep) JobQueues *queues = NULL, *again = NULL;
        g_autofree char *error = NULL;
        const JobQueue *found;
        JobQueue *q;

        g_assert_cmpint(job_queues_new(t->store, &queues), ==, 0);
        g_assert_cmpint(job_queues_ensure(queues, "bulk", TEST_TIME), ==, 1);
        g_assert_cmpint(job_queues_ensure(queues, "bulk", TEST_TIME), ==, 0);
        q = job_queue_copy(job_queues_find_by_name(queues, "bulk"));
        g_free(q->description);
        q->description = g_strdup("it's äöü");
        q->enabled = false;
        q->max_running = UINT32_MAX;
        q->max_pending = 5;
        q->weight = 10000;
        q->priority = INT32_MIN;
        q->when_unavailable = JOB_QUEUE_REFUSE;
        g_assert_cmpint(job_queue_set_resource(q, "AllowedCPUs", "0-3", &error), ==, 0);
        g_assert_cmpint(job_queue_set_resource(q, "CPUWeight", " 50 ", &error), ==, 0);
        g_assert_cmpint(job_queues_put(queues, q), ==, 0);
        g_assert_cmpint(job_queues_put(queues, job_queue_new("bulk", 0)), ==, -EEXIST);
        g_assert_cmpuint(job_queues_size(queues), ==, 1);

        g_assert_cmpint(store_commit(t->store), ==, 0);
        g_assert_cmpint(job_queues_new(t->store, &again), ==, 0);
        found = job_queues_find(again, q->id);
        g_assert_nonnull(found);
        g_assert_true(found == job_queues_find(again, "bulk"));
        g_assert_cmpstr(found->description, ==, "it's äöü");
        g_assert_false(found->enabled);
        g_assert_cmpuint(found->max_running, ==, UINT32_MAX);
        g_assert_cmpuint(found->max_pending, ==, 5);
        g_assert_cmpint(found->priority, ==, INT32_MIN);
        g_assert_cmpint(found->when_unavailable, ==, JOB_QUEUE_REFUSE);
        g_assert_cmpstr(found->resources[JOB_QUEUE_ALLOWED_CPUS], ==, "0-3");
        g_assert_cmpstr(found->resources[JOB_QUEUE_CPU_WEIGHT], ==, "50");
        g_assert_null(found->resources[JOB_QUEUE_MEMORY_MAX]);
        g_assert_cmpint(job_queues_delete(again, q->id), ==, 0);
        g_assert_null(job_queues_find(again, "bulk"));
}

static void assert_slice(JobQueue *q, const char *boot, bool changed, const char *expected) {
        g_autoptr(GPtrArray) properties = NULL;
        g_autoptr(GString) text = g_string_new(NULL);

        g_assert_cmpint(job_queue_slice_properties(q, boot, &properties, NULL), ==, changed);
        for (guint i = 0; i < properties->len; i++) {
                const UnitProperty *p = properties->pdata[i];
                g_autofree char *value = g_variant_print(p->value, false);

                g_string_append_printf(text, "%s=%s ", p->name, value);
        }
        g_assert_cmpstr(text->str, ==, expected);
}

/* What a slice was given is taken back; in another boot it was given nothing. */
static void test_slice(StoreTest *t, const void *unused) {
        _cleanup_(job_queue_freep) JobQueue *q = job_queue_new("a-b", 0);
        g_autofree char *slice = job_queue_slice("a-b.c"), *error = NULL;

        g_assert_cmpstr(slice, ==, "jobd-a\\x2db.c.slice");
        assert_slice(q, "one", false, "");
        g_assert_cmpint(job_queue_set_resource(q, "CPUQuota", "50%", &error), ==, 0);
        g_assert_cmpint(job_queue_set_resource(q, "AllowedCPUs", "0", &error), ==, 0);
        assert_slice(q, "one", true, "CPUQuotaPerSecUSec=500000 AllowedCPUs=[0x01] ");
        assert_slice(q, "one", false, "CPUQuotaPerSecUSec=500000 AllowedCPUs=[0x01] ");
        g_assert_cmpint(job_queue_set_resource(q, "CPUQuota", "", &error), ==, 0);
        g_assert_cmpint(job_queue_set_resource(q, "AllowedCPUs", "", &error), ==, 0);
        assert_slice(q, "one", false, "CPUQuotaPerSecUSec=18446744073709551615 AllowedCPUs=[] ");
        assert_slice(q, "two", false, "");
        g_free(q->description);
        q->description = g_strdup("at night");
        assert_slice(q, "two", true, "Description='Runs of Job Queue a-b: at night' ");
}

/* ---- retries ---- */

static void test_retry(StoreTest *t, const void *unused) {
        static const struct {
                JobResultStatus status;
                JobResultReason reason;
                bool again;
        } cases[] = {
                { JOB_RESULT_FAILURE, JOB_RESULT_REASON_EXIT_CODE, true },
                { JOB_RESULT_FAILURE, JOB_RESULT_REASON_SIGNAL, true },
                { JOB_RESULT_FAILURE, JOB_RESULT_REASON_CORE_DUMP, true },
                { JOB_RESULT_FAILURE, JOB_RESULT_REASON_SOFT_TIME_LIMIT, true },
                { JOB_RESULT_FAILURE, JOB_RESULT_REASON_HARD_TIME_LIMIT, true },
                { JOB_RESULT_FAILURE, JOB_RESULT_REASON_OOM_KILL, true },
                { JOB_RESULT_FAILURE, JOB_RESULT_REASON_FAILED, true },
                { JOB_RESULT_FAILURE, JOB_RESULT_REASON_START_FAILED, true },
                { JOB_RESULT_FAILURE, JOB_RESULT_REASON_LOST, false },
                { JOB_RESULT_FAILURE, JOB_RESULT_REASON_INPUT_LOST, false },
                { JOB_RESULT_FAILURE, JOB_RESULT_REASON_NOT_RUNNABLE, false },
                { JOB_RESULT_REVOKED, JOB_RESULT_REASON_REVOKED, false },
                { JOB_RESULT_REVOKED, JOB_RESULT_REASON_STOPPED, false },
                { JOB_RESULT_SUCCESS, JOB_RESULT_REASON_SUCCESS, false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(job_result_freep) JobResult *jr = test_result_new("", "a.B"), *retry = NULL, *none = NULL;

                jr->attempts = 3;
                jr->attempt = 2;
                g_free(jr->retry_of);
                jr->retry_of = g_strdup("5b6b5f2a-4d4e-4d6e-9d0e-000000000001");
                g_assert_cmpint(job_result_set_state(jr, cases[i].status, cases[i].reason, "it says", TEST_TIME), ==, 0);
                retry = job_result_new_retry(jr, TEST_TIME + 5);
                g_assert_true((retry != NULL) == cases[i].again);
                if (!retry) {
                        g_assert_cmpstr(jr->message, ==, "it says");
                        continue;
                }
                g_assert_cmpstr(jr->retried_by, ==, retry->id);
                g_assert_true(g_str_has_prefix(jr->message, "it says; will be tried again at "));
                g_assert_true(g_str_has_suffix(jr->message, " (3 of 3)"));
                g_assert_cmpstr(retry->retry_of, ==, jr->retry_of);
                g_assert_cmpuint(retry->attempt, ==, 3);
                g_assert_cmpuint(retry->not_before, ==, TEST_TIME + 5);
                g_assert_cmpint(retry->waits_for, ==, JOB_RESULT_WAITS_FOR_TIME);
                g_assert_cmpstr(retry->data, ==, jr->data);
                g_assert_cmpint(retry->status, ==, JOB_RESULT_PENDING);
                g_assert_null(job_result_new_retry(jr, TEST_TIME)); /* not twice */
                g_assert_cmpint(job_result_set_state(retry, cases[i].status, cases[i].reason, "", TEST_TIME + 9), ==, 0);
                none = job_result_new_retry(retry, TEST_TIME + 10); /* that was the last */
                g_assert_null(none);
        }
}

static void add_test(const char *name, void (*test)(StoreTest *t, const void *data)) {
        g_autofree char *path = g_strconcat("/store-waiting/", name, NULL);

        g_test_add(path, StoreTest, NULL, store_test_setup, test, store_test_teardown);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        add_test("lines", test_lines);
        add_test("in-and-out", test_in_and_out);
        add_test("due", test_due);
        add_test("singletons", test_singletons);
        add_test("list", test_list);
        add_test("queues", test_queues);
        add_test("slice", test_slice);
        add_test("retry", test_retry);

        return g_test_run();
}
