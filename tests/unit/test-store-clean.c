/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "store-chain.h"
#include "store-clean.h"
#include "store-job.h"
#include "store-output.h"
#include "store-result.h"
#include "store-schedule.h"
#include "test-records.h"
#include "test-store.h"

/* What a clean-up looks at. What it does is tested against a daemon: integration/test_clean.py. */

static int64_t insert(StoreTest *t, const char *job_id, JobResultStatus status, char *ret_id) {
        _cleanup_(job_result_freep) JobResult *jr = test_result_new(job_id, "a.B");

        jr->status = status;
        jr->date_created = TEST_TIME;
        jr->date_done = job_result_status_is_final(status) ? TEST_TIME + 7 : 0;
        g_assert_cmpint(store_result_insert(t->store, jr), ==, 0);
        if (ret_id)
                (void) g_strlcpy(ret_id, jr->id, UUID_STRING_SIZE);
        return jr->seq;
}

static void test_list(StoreTest *t, const void *unused) {
        _cleanup_(job_freep) Job *j = test_job_new("a", "B", "b");
        JobResultStatus statuses[] = { JOB_RESULT_PENDING, JOB_RESULT_STARTED, JOB_RESULT_SUCCESS, JOB_RESULT_FAILURE,
                                       JOB_RESULT_REVOKED };
        char name[] = "x", id[UUID_STRING_SIZE];
        Output output = { .name = name, .size = 1, .date_created = TEST_TIME };
        int64_t seqs[ELEMENTSOF(statuses)];
        CleanRow rows[10];

        g_assert_cmpint(store_job_put(t->store, j), ==, 0);
        g_assert_cmpint(store_clean_list(t->store, j->id, 0, rows, 10), ==, 0);
        (void) insert(t, "", JOB_RESULT_SUCCESS, id);
        (void) g_strlcpy(output.sha256, "98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4",
                         sizeof(output.sha256));
        g_assert_cmpint(store_output_put(t->store, id, &output), ==, 0);
        for (size_t i = 0; i < ELEMENTSOF(statuses); i++)
                seqs[i] = insert(t, j->id, statuses[i], NULL);

        g_assert_cmpint(store_clean_list(t->store, j->id, 0, rows, 10), ==, 5);
        for (size_t i = 0; i < ELEMENTSOF(statuses); i++) {
                g_assert_cmpint(rows[i].seq, ==, seqs[i]);
                g_assert_true(rows[i].ended == (i >= 2));
                g_assert_cmpuint(rows[i].date_created, ==, TEST_TIME);
                g_assert_cmpuint(rows[i].date_done, ==, i >= 2 ? TEST_TIME + 7 : 0);
                g_assert_cmpuint(rows[i].n_outputs, ==, 0);
        }
        g_assert_cmpint(store_clean_list(t->store, j->id, seqs[1], rows, 2), ==, 2);
        g_assert_cmpint(rows[0].seq, ==, seqs[2]);
        g_assert_cmpint(rows[1].seq, ==, seqs[3]);

        /* those of no job any more */
        g_assert_cmpint(store_clean_list(t->store, NULL, 0, rows, 10), ==, 1);
        g_assert_cmpstr(rows[0].id, ==, id);
        g_assert_cmpuint(rows[0].n_outputs, ==, 1);
        g_assert_cmpint(store_clean_list(t->store, NULL, rows[0].seq, rows, 10), ==, 0);
}

/* Of a row of attempts all are needed until the last one has ended; and what something follows on, until it does. */
static void test_needed(StoreTest *t, const void *unused) {
        _cleanup_(job_freep) Job *j = test_job_new("a", "B", "b");
        char first[UUID_STRING_SIZE], data[] = "{}", path[] = "a.C";
        ChainHop hop = { .position = 1, .class_path = path, .data = data };
        CleanRow rows[10];
        JobResult *jr[3];

        g_assert_cmpint(store_job_put(t->store, j), ==, 0);
        for (size_t i = 0; i < ELEMENTSOF(jr); i++) {
                jr[i] = test_result_new(j->id, "a.B");
                jr[i]->attempts = 3;
                jr[i]->status = i < 2 ? JOB_RESULT_FAILURE : JOB_RESULT_PENDING;
                g_free(jr[i]->retry_of);
                jr[i]->retry_of = g_strdup(i > 0 ? jr[0]->id : "");
                g_assert_cmpint(store_result_insert(t->store, jr[i]), ==, 0);
        }
        (void) insert(t, j->id, JOB_RESULT_SUCCESS, first);
        (void) g_strlcpy(hop.result_id, first, sizeof(hop.result_id));
        g_assert_cmpint(store_chain_put(t->store, &hop), ==, 0);
        (void) insert(t, j->id, JOB_RESULT_SUCCESS, NULL);

        g_assert_cmpint(store_clean_list(t->store, j->id, 0, rows, 10), ==, 5);
        for (size_t i = 0; i < 5; i++)
                g_assert_true(rows[i].is_needed == (i < 4));

        jr[2]->status = JOB_RESULT_REVOKED;
        g_assert_cmpint(store_result_update(t->store, jr[2]), ==, 0);
        g_assert_cmpint(store_chain_delete(t->store, first, 1), ==, 0);
        g_assert_cmpint(store_clean_list(t->store, j->id, 0, rows, 10), ==, 5);
        for (size_t i = 0; i < 5; i++)
                g_assert_false(rows[i].is_needed);
        for (size_t i = 0; i < ELEMENTSOF(jr); i++)
                (void) job_result_free(jr[i]);
}

static void test_threshold(StoreTest *t, const void *unused) {
        _cleanup_(job_freep) Job *j = test_job_new("a", "B", "b");
        int64_t seqs[4], seq = -1;

        g_assert_cmpint(store_job_put(t->store, j), ==, 0);
        g_assert_cmpint(store_clean_threshold(t->store, j->id, 1, &seq), ==, 0);
        g_assert_cmpint(seq, ==, 0);
        for (size_t i = 0; i < ELEMENTSOF(seqs); i++)
                seqs[i] = insert(t, j->id, JOB_RESULT_SUCCESS, NULL);
        for (size_t n = 1; n <= ELEMENTSOF(seqs); n++) {
                g_assert_cmpint(store_clean_threshold(t->store, j->id, n, &seq), ==, 0);
                g_assert_cmpint(seq, ==, seqs[ELEMENTSOF(seqs) - n]);
        }
        g_assert_cmpint(store_clean_threshold(t->store, j->id, 5, &seq), ==, 0);
        g_assert_cmpint(seq, ==, 0);
}

static void test_schedules(StoreTest *t, const void *unused) {
        static const ScheduledJobState over[] = { SCHEDULED_JOB_COMPLETED, SCHEDULED_JOB_DENIED, SCHEDULED_JOB_CANCELED,
                                                  SCHEDULED_JOB_EXPIRED };
        _cleanup_(job_freep) Job *j = test_job_new("a", "B", "b");
        CleanScheduleRow rows[20];
        unsigned n = 0;

        g_assert_cmpint(store_job_put(t->store, j), ==, 0);
        for (int state = 0; state < _SCHEDULED_JOB_STATE_MAX; state++, n++) {
                _cleanup_(scheduled_job_freep) ScheduledJob *sj =
                                test_scheduled_job_new(j->id, "a.B", scheduled_job_state_to_string(state));
                _cleanup_(job_result_freep) JobResult *jr = test_result_new(j->id, "a.B");

                sj->state = state;
                sj->date_changed = TEST_TIME + 7;
                g_assert_cmpint(store_schedule_insert(t->store, sj), ==, 0);
                if (state != SCHEDULED_JOB_DENIED)
                        continue;
                /* A run of it that waits */
                jr->scheduled_job_id = g_strdup(sj->id);
                g_assert_cmpint(store_result_insert(t->store, jr), ==, 0);
        }
        g_assert_cmpint(store_clean_list_schedules(t->store, j->id, 0, rows, ELEMENTSOF(rows)), ==, n);
        for (unsigned i = 0; i < n; i++) {
                bool expected = false;

                for (size_t k = 0; k < ELEMENTSOF(over); k++)
                        expected = expected || ((int) over[k] == (int) i && over[k] != SCHEDULED_JOB_DENIED);
                g_assert_true(rows[i].over == expected);
                g_assert_cmpuint(rows[i].date_changed, ==, TEST_TIME + 7);
        }
        g_assert_cmpint(store_clean_list_schedules(t->store, j->id, rows[1].seq, rows, 2), ==, 2);
        g_assert_cmpint(store_clean_list_schedules(t->store, NULL, 0, rows, 2), ==, 0);
}

/* By an index, also where the job is NULL: what a step costs does not grow with history. */
static void test_index(StoreTest *t, const void *unused) {
        static const char *const queries[] = {
                "SELECT id, status FROM job_result WHERE job_id IS 'x' AND seq > 5 ORDER BY seq LIMIT 10",
                "SELECT id, status FROM job_result WHERE job_id IS NULL AND seq > 5 ORDER BY seq LIMIT 10",
                "SELECT seq FROM job_result WHERE job_id IS 'x' ORDER BY seq DESC LIMIT 1 OFFSET 3",
        };
        static const char *const of_schedules[] = {
                "SELECT id FROM scheduled_job WHERE job_id IS 'x' AND seq > 5 ORDER BY seq LIMIT 10",
                "SELECT id FROM scheduled_job WHERE job_id IS NULL AND seq > 5 ORDER BY seq LIMIT 10",
                "SELECT status FROM job_result WHERE scheduled_job_id = 'x' AND status IN ('PENDING', 'STARTED')",
        };

        for (size_t i = 0; i < ELEMENTSOF(queries); i++) {
                g_autofree char *sql = g_strconcat("EXPLAIN QUERY PLAN ", queries[i], NULL);
                g_autofree char *plan = test_sql_text(t->path, sql);

                g_assert_nonnull(strstr(plan, "INDEX job_result_by_job (job_id=?"));
                g_assert_null(strstr(plan, "TEMP B-TREE"));
        }
        for (size_t i = 0; i < ELEMENTSOF(of_schedules); i++) {
                g_autofree char *sql = g_strconcat("EXPLAIN QUERY PLAN ", of_schedules[i], NULL);
                g_autofree char *plan = test_sql_text(t->path, sql);

                g_assert_nonnull(strstr(plan, "USING INDEX "));
                g_assert_null(strstr(plan, "TEMP B-TREE"));
        }
        {
                g_autofree char *plan = test_sql_text(
                                t->path, "EXPLAIN QUERY PLAN SELECT 1 FROM job_result AS other WHERE other.retry_of <> ''"
                                         " AND other.retry_of = 'x' AND other.status IN ('PENDING', 'STARTED')");

                g_assert_nonnull(strstr(plan, "INDEX job_result_retries (retry_of=?"));
        }
}

#define ADD(name, function) \
        g_test_add("/store-clean/" name, StoreTest, NULL, store_test_setup, function, store_test_teardown)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("list", test_list);
        ADD("needed", test_needed);
        ADD("threshold", test_threshold);
        ADD("schedules", test_schedules);
        ADD("index", test_index);
        return g_test_run();
}
