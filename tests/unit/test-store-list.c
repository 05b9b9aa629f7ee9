/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "store-result.h"
#include "store-schedule.h"
#include "test-records.h"
#include "test-store.h"

/* Lists by filters: that each shows what a plain question to the tables does, and costs the same whatever the history. */

#define JOB_A "11111111-1111-4111-8111-111111111111"
#define JOB_B "22222222-2222-4222-8222-222222222222"
#define SCHEDULE_A "33333333-3333-4333-8333-333333333333"
#define SCHEDULE_B "44444444-4444-4444-8444-444444444444"

#define INSERT_JOB(id, class)                                                                                         \
        "INSERT INTO job VALUES ('" id "', 'a', '" class "', '" class "', 1, 1, 0, 0, 0, '', '', 0, 0, '', '', '', '', "  \
        "'', '', '', '', '', '', '', 0);"

#define INSERT_SCHEDULE(id)                                                                                          \
        "INSERT INTO scheduled_job VALUES (NULL, '" id "', '" id "', NULL, 'n', 'a.A', 1000, 'alice', '', 'daily', '', "  \
        "'UTC', 0, 'last', 'default', NULL, NULL, 0, 0, 'active', '', 0, '', '', 0, 0, 0, 0, 0, '', 0, 0);"

/*
 * Job results by turns, %i of them: each has everything in common with every other one of its kind, and nothing with those
 * of the other kind but that each status and each requester is of both. So filters that fit half of them each fit none
 * together. Every 20th is of a job that was deleted.
 */
#define INSERT_RESULTS                                                                                               \
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %i) "                               \
        "INSERT INTO job_result (id, job_id, name, class_path, requester_uid, requester, task_queue, status, reason,"  \
        " message, warnings, revoked_by, has_sensitive_variables, soft_time_limit_usec, time_limit_usec, date_created," \
        " date_started, date_done, boot_id, invocation_id, exit_code, signal, scheduled_job_id, nominal_time) "        \
        "SELECT printf('%%08x-0000-4000-8000-000000000000', i), iif(i %% 20 < 2, NULL, iif(i %% 2, '" JOB_A "', '"      \
        JOB_B "')), iif(i %% 2, 'A', 'B'), iif(i %% 2, 'a.A', 'a.B'), 1000 + i %% 2, iif(i %% 2, 'bob', 'alice'),"        \
        " iif(i %% 2, 'q1', 'q2'), iif(i %% 2, 'SUCCESS', 'FAILURE'), 'success', '', '', '', 0, 0, 0, i, i, i, '', '', 0,"  \
        " 0, iif(i %% 2, '" SCHEDULE_A "', '" SCHEDULE_B "'), i FROM n;"

static void fill(StoreTest *t, int n) {
        g_autofree char *results = g_strdup_printf(INSERT_RESULTS, n);

        test_sql(t->path, INSERT_JOB(JOB_A, "A") INSERT_JOB(JOB_B, "B") INSERT_SCHEDULE(SCHEDULE_A)
                                 INSERT_SCHEDULE(SCHEDULE_B));
        test_sql(t->path, results);
}

/* ---- what is shown ---- */

/* The filter as somebody would ask by hand. */
static char *plain_where(const JobResultFilter *f) {
        g_autoptr(GString) sql = g_string_new("1");

        if (f->job_id)
                g_string_append_printf(sql, " AND job_id = '%s'", f->job_id);
        if (f->deleted_job)
                g_string_append_printf(sql, " AND job_id IS NULL AND (class_path = '%s' OR name = '%s')", f->deleted_job,
                                       f->deleted_job);
        if (f->status >= 0)
                g_string_append_printf(sql, " AND status = '%s'", job_result_status_to_string(f->status));
        if (f->task_queue)
                g_string_append_printf(sql, " AND task_queue = '%s'", f->task_queue);
        if (f->scheduled_job_id)
                g_string_append_printf(sql, " AND scheduled_job_id = '%s'", f->scheduled_job_id);
        if (f->requester_uid >= 0)
                g_string_append_printf(sql, " AND requester_uid = %" G_GINT64_FORMAT, f->requester_uid);
        if (f->requester)
                g_string_append_printf(sql, " AND requester = '%s'", f->requester);
        if (f->from_seq > 0)
                g_string_append_printf(sql, " AND seq >= %" G_GINT64_FORMAT, f->from_seq);
        if (f->to_seq > 0)
                g_string_append_printf(sql, " AND seq < %" G_GINT64_FORMAT, f->to_seq);
        if (f->name)
                g_string_append_printf(sql, " AND name = '%s'", f->name);
        if (f->q)
                g_string_append_printf(sql, " AND name || '\n' || class_path || '\n' || requester LIKE '%%%s%%'", f->q);
        return g_strdup(sql->str);
}

static void assert_as_plain(StoreTest *t, const JobResultFilter *f) {
        g_autofree char *where = plain_where(f), *sql = NULL, *expected = NULL, *count_sql = NULL, *count = NULL;
        g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func(test_record_free_result);
        g_autoptr(GString) seqs = g_string_new(NULL);
        uint64_t n;

        sql = g_strdup_printf("SELECT seq FROM job_result WHERE %s AND seq < %" G_GINT64_FORMAT
                              " ORDER BY seq DESC LIMIT %u OFFSET %u",
                              where, f->before_seq > 0 ? f->before_seq : INT64_MAX, f->limit, f->offset);
        expected = test_sql_text(t->path, sql);
        g_assert_cmpint(store_result_list(t->store, f, results), ==, 0);
        for (guint i = 0; i < results->len; i++)
                g_string_append_printf(seqs, "%s%" G_GINT64_FORMAT, i > 0 ? "\n" : "",
                                       ((JobResult *) results->pdata[i])->seq);
        if (strcmp(seqs->str, expected) != 0)
                g_error("%s: %s, expected %s", sql, seqs->str, expected);

        count_sql = g_strdup_printf("SELECT count(*) FROM job_result WHERE %s", where);
        count = test_sql_text(t->path, count_sql);
        g_assert_cmpint(store_result_count(t->store, f, &n), ==, 0);
        g_assert_cmpuint(n, ==, g_ascii_strtoull(count, NULL, 10));
}

static void test_all_filters(StoreTest *t, const void *unused) {
        static const char *const jobs[] = { NULL, JOB_A }, *const deleted[] = { NULL, "a.B", "A", "x.Y" },
                          *const queues[] = { NULL, "q1", "q9" }, *const schedules[] = { NULL, SCHEDULE_B },
                          *const names[] = { NULL, "alice", "bob", "carol", "dave" };
        static const int64_t uids[] = { -1, 1000, 1001 };
        static const JobResultStatus statuses[] = { _JOB_RESULT_STATUS_INVALID, JOB_RESULT_PENDING, JOB_RESULT_STARTED,
                                                    JOB_RESULT_FAILURE };
        unsigned n = 1;

        fill(t, 200);
        /* Names are given to others and uids to other names; what waits and what runs; a name that is a class_path. */
        test_sql(t->path, "UPDATE job_result SET status = 'PENDING' WHERE seq % 7 = 0;"
                          "UPDATE job_result SET status = 'STARTED' WHERE seq % 11 = 0;"
                          "UPDATE job_result SET name = class_path WHERE seq % 3 = 0;"
                          "UPDATE job_result SET requester = 'carol' WHERE seq % 13 = 0;"
                          "UPDATE job_result SET requester = 'alice' WHERE seq % 17 = 0;"
                          "UPDATE job_result SET scheduled_job_id = NULL WHERE seq % 5 = 0;"
                          "INSERT OR IGNORE INTO requester SELECT requester, requester_uid FROM job_result");

        for (size_t j = 0; j < ELEMENTSOF(jobs); j++)
                for (size_t d = 0; d < ELEMENTSOF(deleted); d++)
                        for (size_t q = 0; q < ELEMENTSOF(queues); q++)
                                for (size_t s = 0; s < ELEMENTSOF(schedules); s++)
                                        for (size_t u = 0; u < ELEMENTSOF(uids) * ELEMENTSOF(names); u++)
                                                for (size_t i = 0; i < ELEMENTSOF(statuses); i++, n++) {
                                                        const JobResultFilter f = {
                                                                .job_id = jobs[j],
                                                                .deleted_job = deleted[d],
                                                                .task_queue = queues[q],
                                                                .scheduled_job_id = schedules[s],
                                                                .requester_uid = uids[u % ELEMENTSOF(uids)],
                                                                .requester = names[u / ELEMENTSOF(uids)],
                                                                .status = statuses[i],
                                                                .from_seq = n % 7 == 0 ? 40 : 0,
                                                                .to_seq = n % 11 < 2 ? 160 : 0,
                                                                .name = n % 13 == 0 ? "a.A" : NULL,
                                                                .q = n % 17 == 0 ? "A.b" : n % 19 == 0 ? "LIC" : NULL,
                                                                .before_seq = n % 3 == 0 ? 150 : 0,
                                                                .offset = n % 5 == 0 ? 2 : 0,
                                                                .limit = n % 4 == 0 ? 3 : 1000,
                                                        };

                                                        assert_as_plain(t, &f);
                                                }
}

/* A name that has been given to more users than are looked up. */
static void test_name_of_many(StoreTest *t, const void *unused) {
        JobResultFilter f = { .status = _JOB_RESULT_STATUS_INVALID, .requester_uid = -1, .limit = 50 };

        fill(t, 100);
        test_sql(t->path, "UPDATE job_result SET requester = 'pool', requester_uid = 2000 + seq WHERE seq % 2;"
                          "INSERT OR IGNORE INTO requester SELECT requester, requester_uid FROM job_result");
        f.requester = "pool";
        assert_as_plain(t, &f);
        f.status = JOB_RESULT_SUCCESS;
        assert_as_plain(t, &f);
}

/* Times as the rows of fill() have them, without some of them. */
static void test_seek(StoreTest *t, const void *unused) {
        int64_t seq;

        g_assert_cmpint(store_result_seek(t->store, 5, &seq), ==, 0);
        g_assert_cmpint(seq, ==, 1);
        fill(t, 1000);
        test_sql(t->path, "DELETE FROM job_result WHERE seq BETWEEN 200 AND 700 OR seq > 990");
        for (int64_t time = 0; time <= 1010; time++) {
                g_autofree char *sql = NULL, *first = NULL, *found = NULL, *next = NULL;

                g_assert_cmpint(store_result_seek(t->store, (uint64_t) time, &seq), ==, 0);
                sql = g_strdup_printf("SELECT min(seq) FROM job_result WHERE date_created >= %" G_GINT64_FORMAT, time);
                first = test_sql_text(t->path, sql);
                next = g_strdup_printf("SELECT min(seq) FROM job_result WHERE seq >= %" G_GINT64_FORMAT, seq);
                found = test_sql_text(t->path, next);
                g_assert_cmpstr(found, ==, first);
        }
        g_assert_cmpint(store_result_seek(t->store, UINT64_MAX, &seq), ==, 0);
        g_assert_cmpint(seq, ==, 991);
}

static void test_requesters_are_seen(StoreTest *t, const void *unused) {
        _cleanup_(job_result_freep) JobResult *jr = test_result_new("", "a.B"), *other = test_result_new("", "a.B");

        other->requester_uid = 7;
        g_assert_cmpint(store_result_insert(t->store, jr), ==, 0);
        g_assert_cmpint(store_result_insert(t->store, other), ==, 0);
        store_test_reopen(t);
        assert_sql(t->path, "SELECT name, uid FROM requester", "alice|7\nalice|1000");
}

/* ---- what it costs ---- */

/* Steps of SQLite's virtual machine, which are the same each time. */
static uint64_t n_steps;

static int on_statement(unsigned what, void *unused, void *statement, void *unused_too) {
        n_steps += (uint64_t) sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1);
        return 0;
}

static int on_open(sqlite3 *db, char **ret_error, const struct sqlite3_api_routines *unused) {
        return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, on_statement, NULL);
}

/* NULL and 0: any. */
typedef struct Costly {
        const char *job_id, *deleted_job, *task_queue, *scheduled_job_id, *requester, *status;
        int64_t requester_uid, from_seq, to_seq;
} Costly;

static const Costly costly[] = {
        { .job_id = JOB_A },
        { .job_id = JOB_A, .status = "SUCCESS" },
        { .job_id = JOB_A, .status = "FAILURE" },
        { .job_id = JOB_A, .status = "PENDING" },
        { .job_id = JOB_A, .requester_uid = 1000 },
        { .job_id = JOB_A, .requester_uid = 1001, .status = "FAILURE" },
        { .job_id = JOB_A, .requester = "alice" },
        { .deleted_job = "a.A" },
        { .deleted_job = "A", .status = "FAILURE" },
        { .deleted_job = "x.Y" },
        { .status = "REVOKED" },
        { .requester_uid = 1000 },
        { .requester_uid = 1000, .status = "SUCCESS" },
        { .requester = "alice" },
        { .requester = "alice", .status = "SUCCESS" },
        { .requester = "nobody" },
        { .task_queue = "q1" },
        { .task_queue = "q1", .status = "FAILURE" },
        { .task_queue = "q1", .requester_uid = 1000 },
        { .task_queue = "q1", .requester_uid = 1001, .status = "FAILURE" },
        { .task_queue = "q9" },
        { .scheduled_job_id = SCHEDULE_A },
        { .scheduled_job_id = SCHEDULE_A, .status = "FAILURE" },
        { .from_seq = 100, .to_seq = 200 },
        { .from_seq = 280 },
        { .to_seq = 20 },
        { .job_id = JOB_A, .to_seq = 20 },
        { .requester = "alice", .from_seq = 100, .status = "FAILURE" },
        {},
};

static uint64_t steps_of(StoreTest *t, const Costly *c) {
        g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func(test_record_free_result);
        const JobResultFilter f = {
                .job_id = c->job_id,
                .deleted_job = c->deleted_job,
                .task_queue = c->task_queue,
                .scheduled_job_id = c->scheduled_job_id,
                .requester = c->requester,
                .requester_uid = c->requester_uid > 0 ? c->requester_uid : -1,
                .status = c->status ? job_result_status_from_string(c->status) : _JOB_RESULT_STATUS_INVALID,
                .from_seq = c->from_seq,
                .to_seq = c->to_seq,
                .limit = 5,
        };

        n_steps = 0;
        g_assert_cmpint(store_result_list(t->store, &f, results), ==, 0);
        g_assert_cmpuint(n_steps, >, 0);
        return n_steps;
}

/* The same at a hundred times the history. */
static void test_costs_the_same(StoreTest *t, const void *unused) {
        uint64_t before[ELEMENTSOF(costly)];

        fill(t, 300);
        store_test_reopen(t);
        for (size_t i = 0; i < ELEMENTSOF(costly); i++)
                before[i] = steps_of(t, &costly[i]);
        test_sql(t->path, "DELETE FROM job_result; DELETE FROM scheduled_job; DELETE FROM job");
        fill(t, 30000);
        store_test_reopen(t);
        for (size_t i = 0; i < ELEMENTSOF(costly); i++) {
                uint64_t steps = steps_of(t, &costly[i]);

                if (steps > before[i] + before[i] / 10)
                        g_error("filter %zu: %" G_GUINT64_FORMAT " steps at 300, %" G_GUINT64_FORMAT " at 30,000", i,
                                before[i], steps);
        }
}

/* ---- scheduled jobs ---- */

#define INSERT_SCHEDULES                                                                                             \
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %i) "                               \
        "INSERT INTO scheduled_job SELECT NULL, printf('%%08x-0000-4000-8000-000000000000', i), 'name ' || i,"          \
        " iif(i %% 20 < 2, NULL, iif(i %% 2, '" JOB_A "', '" JOB_B "')), iif(i %% 2, 'A', 'B'), iif(i %% 2, 'a.A', 'a.B'),"  \
        " 1000 + i %% 2, iif(i %% 2, 'bob', 'alice'), '', 'future', '', 'UTC', 0, 'last', 'default', NULL, NULL, 0, 0,"  \
        " iif(i %% 2, 'completed', 'canceled'), '', 0, '', '', 0, 0, 0, 0, 0, '', 0, 0 FROM n;"

static void fill_schedules(StoreTest *t, int n) {
        g_autofree char *schedules = g_strdup_printf(INSERT_SCHEDULES, n);

        test_sql(t->path, INSERT_JOB(JOB_A, "A") INSERT_JOB(JOB_B, "B"));
        test_sql(t->path, schedules);
}

static void assert_schedules_as_plain(StoreTest *t, const ScheduledJobFilter *f, const char *where) {
        g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(test_record_free_scheduled_job);
        g_autofree char *sql = NULL, *expected = NULL;
        g_autoptr(GString) seqs = g_string_new(NULL);

        sql = g_strdup_printf("SELECT seq FROM scheduled_job WHERE %s ORDER BY seq DESC LIMIT %u", where, f->limit);
        expected = test_sql_text(t->path, sql);
        g_assert_cmpint(store_schedule_list(t->store, f, list), ==, 0);
        for (guint i = 0; i < list->len; i++)
                g_string_append_printf(seqs, "%s%" G_GINT64_FORMAT, i > 0 ? "\n" : "",
                                       ((ScheduledJob *) list->pdata[i])->seq);
        if (strcmp(seqs->str, expected) != 0)
                g_error("%s: %s, expected %s", sql, seqs->str, expected);
}

static const struct {
        ScheduledJobFilter filter;
        const char *where;
} schedule_lists[] = {
#define STATE(state) (UINT32_C(1) << SCHEDULED_JOB_##state)
        { { .requester_uid = -1 }, "1" },
        { { .requester_uid = -1, .states = STATE(PENDING) }, "state = 'pending'" },
        { { .requester_uid = -1, .states = STATE(COMPLETED) | STATE(ACTIVE) }, "state IN ('completed', 'active')" },
        { { .requester_uid = -1, .approval = true }, "state = 'pending'" },
        { { .requester_uid = -1, .approval = true, .states = STATE(ACTIVE) }, "0" },
        { { .requester_uid = -1, .job_id = JOB_A }, "job_id = '" JOB_A "'" },
        { { .requester_uid = -1, .job_id = JOB_A, .states = STATE(CANCELED) }, "0" },
        { { .requester_uid = -1, .deleted_job = "a.A" }, "job_id IS NULL AND class_path = 'a.A'" },
        { { .requester_uid = -1, .deleted_job = "B", .states = STATE(CANCELED) }, "job_id IS NULL AND job_name = 'B'" },
        { { .requester_uid = 1000 }, "requester_uid = 1000" },
        { { .requester_uid = 1000, .states = STATE(COMPLETED) }, "0" },
        { { .requester_uid = -1, .requester = "bob" }, "requester = 'bob'" },
        { { .requester_uid = -1, .requester = "bob", .states = STATE(CANCELED) }, "0" },
        { { .requester_uid = -1, .requester = "nobody" }, "0" },
        { { .requester_uid = -1, .name = "name 7" }, "name = 'name 7'" },
        { { .requester_uid = 1001, .name = "name 7", .states = STATE(COMPLETED) }, "name = 'name 7'" },
        { { .requester_uid = -1, .name = "name 7", .job_id = JOB_B }, "0" },
};

static void test_schedules(StoreTest *t, const void *unused) {
        uint64_t before[ELEMENTSOF(schedule_lists)];

        fill_schedules(t, 300);
        for (size_t i = 0; i < ELEMENTSOF(schedule_lists) * 2; i++) {
                ScheduledJobFilter f = schedule_lists[i / 2].filter;

                f.limit = i % 2 ? 1000 : 5;
                assert_schedules_as_plain(t, &f, schedule_lists[i / 2].where);
        }
        for (int round = 0; round < 2; round++) {
                store_test_reopen(t);
                for (size_t i = 0; i < ELEMENTSOF(schedule_lists); i++) {
                        g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(test_record_free_scheduled_job);
                        ScheduledJobFilter f = schedule_lists[i].filter;

                        f.limit = 5;
                        n_steps = 0;
                        g_assert_cmpint(store_schedule_list(t->store, &f, list), ==, 0);
                        if (round == 0)
                                before[i] = n_steps;
                        else if (n_steps > before[i] + before[i] / 10)
                                g_error("filter %zu: %" G_GUINT64_FORMAT " steps at 300, %" G_GUINT64_FORMAT
                                        " at 30,000", i, before[i], n_steps);
                }
                test_sql(t->path, "DELETE FROM scheduled_job; DELETE FROM job");
                fill_schedules(t, 30000);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_assert_cmpint(sqlite3_auto_extension((void (*)(void)) on_open), ==, SQLITE_OK);

#define ADD(name, function)                                                                                            \
        g_test_add("/store-list/" name, StoreTest, NULL, store_test_setup, function, store_test_teardown)
        ADD("all-filters", test_all_filters);
        ADD("name-of-many", test_name_of_many);
        ADD("seek", test_seek);
        ADD("requesters-are-seen", test_requesters_are_seen);
        ADD("costs-the-same", test_costs_the_same);
        ADD("schedules", test_schedules);

        return g_test_run();
}
