/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "store-job.h"
#include "store-schedule.h"
#include "test-records.h"
#include "test-store.h"

/* The table scheduled_job. */

static const ScheduledJobFilter any = { .requester_uid = -1, .limit = 1000 };

static ScheduledJob *get(StoreTest *t, const char *id) {
        ScheduledJob *sj = NULL;

        g_assert_cmpint(store_schedule_get(t->store, id, &sj), ==, 1);
        return sj;
}

static ScheduledJob *make(const char *name, ScheduledJobState state, uint64_t next_run_at) {
        ScheduledJob *sj = test_scheduled_job_new("", "a.B", name);

        sj->state = state;
        sj->next_run_at = next_run_at;
        return sj;
}

static int64_t insert(StoreTest *t, const char *name, ScheduledJobState state, uint64_t next_run_at) {
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = make(name, state, next_run_at);

        g_assert_cmpint(store_schedule_insert(t->store, sj), ==, 0);
        return sj->seq;
}

static void assert_names(const GPtrArray *list, const char *expected) {
        g_autoptr(GString) names = g_string_new(NULL);

        for (guint i = 0; i < list->len; i++)
                g_string_append_printf(names, "%s%s", i > 0 ? " " : "", ((ScheduledJob *) list->pdata[i])->name);
        g_assert_cmpstr(names->str, ==, expected);
}

static void assert_list(StoreTest *t, const ScheduledJobFilter *filter, const char *expected) {
        g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(test_record_free_scheduled_job);

        g_assert_cmpint(store_schedule_list(t->store, filter, list), ==, 0);
        assert_names(list, expected);
}

static void assert_equal(const ScheduledJob *a, const ScheduledJob *b) {
        g_assert_cmpint(a->seq, ==, b->seq);
        g_assert_cmpstr(a->id, ==, b->id);
        g_assert_cmpstr(a->name, ==, b->name);
        g_assert_cmpstr(a->job_id, ==, b->job_id);
        g_assert_cmpstr(a->job_name, ==, b->job_name);
        g_assert_cmpstr(a->class_path, ==, b->class_path);
        g_assert_cmpuint(a->requester_uid, ==, b->requester_uid);
        g_assert_cmpstr(a->requester, ==, b->requester);
        g_assert_cmpstr(a->requested_by, ==, b->requested_by);
        g_assert_cmpint(a->interval, ==, b->interval);
        g_assert_cmpstr(a->crontab, ==, b->crontab);
        g_assert_cmpstr(a->time_zone, ==, b->time_zone);
        g_assert_cmpuint(a->start_time, ==, b->start_time);
        g_assert_cmpint(a->missed, ==, b->missed);
        g_assert_cmpstr(a->task_queue, ==, b->task_queue);
        g_assert_cmpstr(a->data, ==, b->data);
        g_assert_cmpstr(a->sealed, ==, b->sealed);
        g_assert_true(a->has_sensitive_variables == b->has_sensitive_variables);
        g_assert_true(a->ignore_singleton == b->ignore_singleton);
        g_assert_cmpint(a->state, ==, b->state);
        g_assert_cmpstr(a->state_reason, ==, b->state_reason);
        g_assert_true(a->approval_required == b->approval_required);
        g_assert_cmpstr(a->digest, ==, b->digest);
        g_assert_cmpstr(a->stages, ==, b->stages);
        g_assert_cmpuint(a->expires_at, ==, b->expires_at);
        g_assert_cmpuint(a->decided_at, ==, b->decided_at);
        g_assert_cmpuint(a->last_run_at, ==, b->last_run_at);
        g_assert_cmpuint(a->next_run_at, ==, b->next_run_at);
        g_assert_cmpuint(a->total_run_count, ==, b->total_run_count);
        g_assert_cmpstr(a->last_result_id, ==, b->last_result_id);
        g_assert_cmpuint(a->date_created, ==, b->date_created);
        g_assert_cmpuint(a->date_changed, ==, b->date_changed);
}

/* All that an update may change. */
static void change(ScheduledJob *sj) {
        scheduled_job_set_text(&sj->name, "';DROP TABLE scheduled_job;-- ?3 %s 😀");
        sj->requester_uid = 4294967294;
        scheduled_job_set_text(&sj->requester, "4294967294");
        scheduled_job_set_text(&sj->requested_by, "");
        sj->interval = SCHEDULE_INTERVAL_CUSTOM;
        scheduled_job_set_text(&sj->crontab, "5 4 3 2 1");
        scheduled_job_set_text(&sj->time_zone, "Australia/Lord_Howe");
        sj->start_time++;
        sj->missed = SCHEDULE_MISSED_ALL;
        scheduled_job_set_text(&sj->task_queue, "bulk");
        scheduled_job_set_text(&sj->data, NULL);
        scheduled_job_set_text(&sj->sealed, NULL);
        sj->has_sensitive_variables = !sj->has_sensitive_variables;
        sj->ignore_singleton = !sj->ignore_singleton;
        sj->state = SCHEDULED_JOB_ERRORED;
        scheduled_job_set_text(&sj->state_reason, "the originating user has been removed");
        sj->approval_required = !sj->approval_required;
        scheduled_job_set_text(&sj->digest, "feed");
        scheduled_job_set_text(&sj->stages, "[]");
        sj->expires_at++;
        sj->decided_at++;
        sj->last_run_at++;
        sj->next_run_at++;
        sj->total_run_count++;
        scheduled_job_set_text(&sj->last_result_id, "");
        sj->date_changed++;
}

static void test_all_fields(StoreTest *t, const void *unused) {
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = test_scheduled_job_new("", "a.B", "nightly");
        _cleanup_(scheduled_job_freep) ScheduledJob *first = NULL, *second = NULL, *named = NULL;

        g_assert_cmpint(store_schedule_insert(t->store, sj), ==, 0);
        g_assert_cmpint(sj->seq, >, 0);
        store_test_reopen(t);
        first = get(t, sj->id);
        assert_equal(first, sj);

        change(sj);
        g_assert_cmpint(store_schedule_update(t->store, sj), ==, 0);
        store_test_reopen(t);
        second = get(t, sj->id);
        assert_equal(second, sj);
        g_assert_cmpint(store_schedule_get_by_name(t->store, sj->name, &named), ==, 1);
        g_assert_cmpstr(named->id, ==, sj->id);
}

static void test_not_there(StoreTest *t, const void *unused) {
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = test_scheduled_job_new("", "a.B", "nightly"), *found = NULL;
        uint64_t next = 1;

        g_assert_cmpint(store_schedule_get(t->store, sj->id, &found), ==, 0);
        g_assert_cmpint(store_schedule_get_by_name(t->store, "nightly", &found), ==, 0);
        g_assert_cmpint(store_schedule_update(t->store, sj), ==, -ENOENT);
        g_assert_cmpint(store_schedule_delete(t->store, sj->id), ==, 0);
        g_assert_cmpint(store_schedule_next_due(t->store, 0, &next), ==, 0);
        g_assert_cmpuint(next, ==, 0);
        assert_list(t, &any, "");
}

static void test_names_are_unique(StoreTest *t, const void *unused) {
        _cleanup_(scheduled_job_freep) ScheduledJob *a = make("one", SCHEDULED_JOB_ACTIVE, 1);
        _cleanup_(scheduled_job_freep) ScheduledJob *b = make("one", SCHEDULED_JOB_ACTIVE, 1);

        g_assert_cmpint(store_schedule_insert(t->store, a), ==, 0);
        g_assert_cmpint(store_schedule_insert(t->store, b), ==, -EEXIST);
        scheduled_job_set_text(&b->name, "two");
        g_assert_cmpint(store_schedule_insert(t->store, b), ==, 0);
        scheduled_job_set_text(&b->name, "one");
        g_assert_cmpint(store_schedule_update(t->store, b), ==, -EEXIST);
        assert_list(t, &any, "two one");
}

static void test_due(StoreTest *t, const void *unused) {
        g_autoptr(GPtrArray) due = g_ptr_array_new_with_free_func(test_record_free_scheduled_job);
        g_autoptr(GPtrArray) two = g_ptr_array_new_with_free_func(test_record_free_scheduled_job);
        uint64_t next;

        (void) insert(t, "later", SCHEDULED_JOB_ACTIVE, 500);
        (void) insert(t, "never", SCHEDULED_JOB_ACTIVE, 0);
        (void) insert(t, "paused", SCHEDULED_JOB_PAUSED, 50);
        (void) insert(t, "waits", SCHEDULED_JOB_PENDING, 50);
        (void) insert(t, "second", SCHEDULED_JOB_ACTIVE, 200);
        (void) insert(t, "first", SCHEDULED_JOB_ACTIVE, 100);
        (void) insert(t, "third", SCHEDULED_JOB_ACTIVE, 200);

        g_assert_cmpint(store_schedule_next_due(t->store, 0, &next), ==, 0);
        g_assert_cmpuint(next, ==, 100);
        g_assert_cmpint(store_schedule_list_due(t->store, 200, 100, due), ==, 0);
        assert_names(due, "first second third");
        g_assert_cmpint(store_schedule_list_due(t->store, 499, 2, two), ==, 0);
        assert_names(two, "first second");
}

static void test_expiring(StoreTest *t, const void *unused) {
        g_autoptr(GPtrArray) expiring = g_ptr_array_new_with_free_func(test_record_free_scheduled_job);
        static const struct {
                const char *name;
                ScheduledJobState state;
                uint64_t expires_at;
        } rows[] = {
                { "late", SCHEDULED_JOB_PENDING, 30 },
                { "early", SCHEDULED_JOB_PENDING, 20 },
                { "approved", SCHEDULED_JOB_ACTIVE, 10 },
                { "never", SCHEDULED_JOB_PENDING, 0 },
                { "future", SCHEDULED_JOB_PENDING, 31 },
        };
        uint64_t next;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(scheduled_job_freep) ScheduledJob *sj = make(rows[i].name, rows[i].state, 0);

                sj->expires_at = rows[i].expires_at;
                g_assert_cmpint(store_schedule_insert(t->store, sj), ==, 0);
        }
        g_assert_cmpint(store_schedule_next_expiry(t->store, &next), ==, 0);
        g_assert_cmpuint(next, ==, 20);
        g_assert_cmpint(store_schedule_list_expiring(t->store, 30, 100, expiring), ==, 0);
        assert_names(expiring, "early late");
}

static void test_of_job(StoreTest *t, const void *unused) {
        g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(test_record_free_scheduled_job);
        _cleanup_(job_freep) Job *job = test_job_new("a", "B", "B");
        _cleanup_(scheduled_job_freep) ScheduledJob *orphan = NULL;
        static const struct {
                const char *name;
                ScheduledJobState state;
        } rows[] = {
                { "x", SCHEDULED_JOB_ACTIVE },    { "y", SCHEDULED_JOB_PAUSED },    { "z", SCHEDULED_JOB_PENDING },
                { "d", SCHEDULED_JOB_DENIED },    { "c", SCHEDULED_JOB_CANCELED },  { "e", SCHEDULED_JOB_EXPIRED },
                { "f", SCHEDULED_JOB_COMPLETED }, { "g", SCHEDULED_JOB_ERRORED },
        };
        char id[UUID_STRING_SIZE] = "";

        g_assert_cmpint(store_job_put(t->store, job), ==, 0);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(scheduled_job_freep) ScheduledJob *sj = make(rows[i].name, rows[i].state, 0);

                (void) g_strlcpy(sj->job_id, job->id, sizeof(sj->job_id));
                g_assert_cmpint(store_schedule_insert(t->store, sj), ==, 0);
                if (i == 0)
                        (void) g_strlcpy(id, sj->id, sizeof(id));
        }
        (void) insert(t, "other", SCHEDULED_JOB_ACTIVE, 0);
        g_assert_cmpint(store_schedule_list_of_job(t->store, job->id, list), ==, 0);
        assert_names(list, "x y z");

        g_assert_cmpint(store_job_delete(t->store, job->id), ==, 0);
        orphan = get(t, id);
        g_assert_cmpstr(orphan->job_id, ==, "");
}

static void test_filters(StoreTest *t, const void *unused) {
        _cleanup_(scheduled_job_freep) ScheduledJob *bobs = make("100% Weekly", SCHEDULED_JOB_PAUSED, 0);
        ScheduledJobFilter f = any;
        uint64_t count;
        int64_t seq;

        bobs->requester_uid = 1001;
        scheduled_job_set_text(&bobs->requester, "bob");
        scheduled_job_set_text(&bobs->class_path, "x.Y");
        (void) insert(t, "nightly", SCHEDULED_JOB_ACTIVE, 0);
        seq = insert(t, "request", SCHEDULED_JOB_PENDING, 0);
        g_assert_cmpint(store_schedule_insert(t->store, bobs), ==, 0);
        (void) insert(t, "done", SCHEDULED_JOB_COMPLETED, 0);

        assert_list(t, &any, "done 100% Weekly request nightly");
        f.limit = 2;
        assert_list(t, &f, "done 100% Weekly");
        f = any, f.before_seq = seq;
        assert_list(t, &f, "nightly");
        f = any, f.requester_uid = 1001;
        assert_list(t, &f, "100% Weekly");
        f = any, f.requester = "alice", f.states = 1 << SCHEDULED_JOB_ACTIVE | 1 << SCHEDULED_JOB_COMPLETED;
        assert_list(t, &f, "done nightly");
        f = any, f.deleted_job = "x.Y";
        assert_list(t, &f, "100% Weekly");
        f = any, f.approval = true;
        assert_list(t, &f, "request");
        f = any, f.q = "NIGHT";
        assert_list(t, &f, "nightly");
        f = any, f.q = "%";
        assert_list(t, &f, "100% Weekly");
        f = any, f.q = "' OR 1 --";
        assert_list(t, &f, "");

        g_assert_cmpint(store_schedule_count_of_requester(t->store, 1000, &count), ==, 0);
        g_assert_cmpuint(count, ==, 2);
}

static void test_delete(StoreTest *t, const void *unused) {
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = make("one", SCHEDULED_JOB_ACTIVE, 1), *found = NULL;

        g_assert_cmpint(store_schedule_insert(t->store, sj), ==, 0);
        g_assert_cmpint(store_schedule_delete(t->store, sj->id), ==, 0);
        g_assert_cmpint(store_schedule_get(t->store, sj->id, &found), ==, 0);
}

/* 100,000 schedules cost no more than 10: what is asked at each firing is one step in an index. */
static void test_indexes(StoreTest *t, const void *unused) {
        static const struct {
                const char *sql, *index;
        } rows[] = {
                { "SELECT next_run_at FROM scheduled_job WHERE state = 'active' AND next_run_at > 0"
                  " ORDER BY next_run_at LIMIT 1", "scheduled_job_due" },
                { "SELECT * FROM scheduled_job WHERE state = 'active' AND next_run_at > 0 AND next_run_at <= 7"
                  " ORDER BY next_run_at, seq LIMIT 5", "scheduled_job_due" },
                { "SELECT * FROM scheduled_job WHERE state = 'pending' AND expires_at > 0 AND expires_at <= 7"
                  " ORDER BY expires_at, seq LIMIT 5", "scheduled_job_expiring" },
                { "SELECT count(*) FROM scheduled_job WHERE requester_uid = 1000"
                  " AND state IN ('pending', 'active', 'paused', 'errored')", "scheduled_job_by_requester" },
                { "SELECT * FROM approval WHERE scheduled_job_id = 'x' ORDER BY seq", "approval_by_scheduled_job" },
                { "UPDATE job_result SET scheduled_job_id = NULL WHERE scheduled_job_id = 'x'",
                  "job_result_occurrence" },
        };

        g_assert_cmpint(store_commit(t->store), ==, 0);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                g_autofree char *sql = g_strconcat("EXPLAIN QUERY PLAN ", rows[i].sql, NULL);
                g_autofree char *plan = test_sql_text(t->path, sql);

                g_assert_nonnull(strstr(plan, rows[i].index));
                g_assert_null(strstr(plan, "TEMP B-TREE"));
        }
}

static void add(const char *name, void (*test)(StoreTest *t, const void *data)) {
        g_autofree char *path = g_strconcat("/store-schedule/", name, NULL);

        g_test_add_vtable(path, sizeof(StoreTest), NULL, (GTestFixtureFunc) store_test_setup, (GTestFixtureFunc) test,
                          (GTestFixtureFunc) store_test_teardown);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        add("all-fields", test_all_fields);
        add("not-there", test_not_there);
        add("names-are-unique", test_names_are_unique);
        add("due", test_due);
        add("expiring", test_expiring);
        add("of-job", test_of_job);
        add("filters", test_filters);
        add("delete", test_delete);
        add("indexes", test_indexes);

        return g_test_run();
}
