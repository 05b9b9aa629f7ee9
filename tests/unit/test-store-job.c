/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "store-job.h"
#include "store-result.h"
#include "test-records.h"
#include "test-store.h"

/* The tables job and job_override. */

static void put(StoreTest *t, const Job *j) {
        g_assert_cmpint(store_job_put(t->store, j), ==, 0);
}

static GPtrArray *list(StoreTest *t) {
        GPtrArray *jobs = g_ptr_array_new_with_free_func(test_record_free_job);

        g_assert_cmpint(store_job_list(t->store, jobs), ==, 0);
        return jobs;
}

/* The database has this job and no other. */
static void assert_only(StoreTest *t, const Job *expected) {
        g_autoptr(GPtrArray) jobs = list(t);
        const Job *j;

        g_assert_cmpuint(jobs->len, ==, 1);
        j = jobs->pdata[0];
        g_assert_true(job_equal(j, expected));
        g_assert_cmpstr(j->id, ==, expected->id);
        g_assert_cmpstr(j->module_name, ==, expected->module_name);
        g_assert_cmpstr(j->job_class_name, ==, expected->job_class_name);
        g_assert_cmpstr(j->class_path, ==, expected->class_path);
        g_assert_cmpuint(j->date_created, ==, expected->date_created);
        g_assert_cmpuint(j->last_updated, ==, expected->last_updated);
}

static void test_all_fields(StoreTest *t, const void *unused) {
        static const char *const overrides[_JOB_FIELD_MAX] = {
                "Ours", "Our grouping", "It's \"ours\";\nDROP TABLE job;--", "yes", "yes", "yes", "no", "yes",
                "3h", "1d 1s", "only-this.one",
        };
        _cleanup_(job_freep) Job *j = test_job_new("network.backup", "NightlyBackup", "Back up a device");

        put(t, j);
        store_test_reopen(t);
        assert_only(t, j);

        for (JobField f = 0; f < _JOB_FIELD_MAX; f++)
                test_job_override(j, f, overrides[f]);
        j->installed = j->enabled = j->read_only = false;
        j->system = j->supports_dryrun = true;
        j->last_updated++;
        put(t, j);
        store_test_reopen(t);
        assert_only(t, j);
        assert_sql(t->path, "SELECT name, effective_name FROM job", "Back up a device|Ours");
}

/* An override survives until it is cleared, also one that is what the class says or the default. */
static void test_overrides(StoreTest *t, const void *unused) {
        _cleanup_(job_freep) Job *j = test_job_new("a", "B", "b");

        test_job_override(j, JOB_FIELD_HIDDEN, "yes");
        test_job_override(j, JOB_FIELD_DESCRIPTION, "");
        test_job_override(j, JOB_FIELD_TASK_QUEUES, "");
        test_job_override(j, JOB_FIELD_TIME_LIMIT, "0");
        put(t, j);
        store_test_reopen(t);
        assert_only(t, j);
        assert_sql(t->path, "SELECT field, value FROM job_override ORDER BY field",
                   "description|\nhidden|yes\ntask_queues|\ntime_limit|0");

        job_clear_override(j, JOB_FIELD_HIDDEN);
        job_clear_override(j, JOB_FIELD_DESCRIPTION);
        put(t, j);
        store_test_reopen(t);
        assert_only(t, j);
        assert_sql(t->path, "SELECT field FROM job_override ORDER BY field", "task_queues\ntime_limit");
}

/* What is put in the place of a job is the same job: its results stay with it. */
static void test_put_keeps_results(StoreTest *t, const void *unused) {
        _cleanup_(job_freep) Job *j = test_job_new("a", "B", "b");
        _cleanup_(job_result_freep) JobResult *jr = test_result_new(j->id, j->class_path);

        put(t, j);
        g_assert_cmpint(store_result_insert(t->store, jr), ==, 0);
        test_job_override(j, JOB_FIELD_NAME, "c");
        put(t, j);
        g_assert_cmpint(store_commit(t->store), ==, 0);
        assert_sql(t->path, "SELECT job.effective_name FROM job_result JOIN job ON job.id = job_id", "c");
}

static void test_name_taken(StoreTest *t, const void *unused) {
        _cleanup_(job_freep) Job *a = test_job_new("a", "A", "a"), *b = test_job_new("a", "B", "b");
        _cleanup_(job_freep) Job *c = NULL, *d = NULL;

        test_job_override(b, JOB_FIELD_HIDDEN, "no");
        put(t, a);
        put(t, b);

        /* by an override: its other changes come to nothing, too */
        c = job_copy(b);
        c->enabled = false;
        job_clear_override(c, JOB_FIELD_HIDDEN);
        test_job_override(c, JOB_FIELD_NAME, "a");
        g_assert_cmpint(store_job_put(t->store, c), ==, -EEXIST);
        g_assert_cmpstr(store_error_text(t->store), ==, "UNIQUE constraint failed: job.effective_name");

        /* by a new job */
        d = test_job_new("a", "D", "b");
        g_assert_cmpint(store_job_put(t->store, d), ==, -EEXIST);

        store_test_reopen(t);
        assert_sql(t->path, "SELECT job_class_name, effective_name, enabled FROM job ORDER BY 1", "A|a|1\nB|b|1");
        assert_sql(t->path, "SELECT field FROM job_override", "hidden");
}

/* Names are compared byte for byte. */
static void test_names_alike(StoreTest *t, const void *unused) {
        _cleanup_(job_freep) Job *a = test_job_new("a", "A", "Back up"), *b = test_job_new("a", "B", "back up");
        _cleanup_(job_freep) Job *twin = test_job_new("a", "A", "another name");
        g_autoptr(GPtrArray) jobs = NULL;

        put(t, a);
        put(t, b);
        /* one record for one class */
        g_assert_cmpint(store_job_put(t->store, twin), ==, -EEXIST);
        jobs = list(t);
        g_assert_cmpuint(jobs->len, ==, 2);
}

static void test_delete(StoreTest *t, const void *unused) {
        _cleanup_(job_freep) Job *a = test_job_new("a", "A", "a"), *b = test_job_new("a", "B", "b");

        test_job_override(a, JOB_FIELD_NAME, "aa");
        put(t, a);
        put(t, b);
        g_assert_cmpint(store_job_delete(t->store, a->id), ==, 0);
        g_assert_cmpint(store_job_delete(t->store, a->id), ==, 0); /* it is not there: as wished */
        store_test_reopen(t);
        assert_only(t, b);
        assert_sql(t->path, "SELECT count(*) FROM job_override", "0");

        /* The name is free again. */
        test_job_override(b, JOB_FIELD_NAME, "aa");
        put(t, b);
}

/* ---- records that no jobd has written ---- */

typedef struct Bad {
        const char *sql;
        const char *message;
} Bad;

static const Bad bad[] = {
        { "UPDATE job SET id = 'x'", "the record of job 'a.B' makes no sense: its id is no UUID" },
        { "UPDATE job SET name = ''", "the record of job 'a.B' makes no sense: it has no name" },
        { "UPDATE job SET grouping = ' '", "the record of job 'a.B' makes no sense: it has no grouping" },
        { "UPDATE job SET hidden = 'perhaps'",
          "the record of job 'a.B' makes no sense, hidden: \"perhaps\" is not a boolean; write yes or no" },
        { "UPDATE job_override SET field = 'colour'",
          "the record of job 'a.B' makes no sense: there is no field \"colour\" to override" },
        { "UPDATE job_override SET value = ''",
          "the record of job 'a.B' makes no sense, override of name: may not be empty; to have the class's value "
          "again, clear the override" },
        { "PRAGMA foreign_keys = OFF; UPDATE job_override SET job_id = 'x'",
          "there is an override of a job x that is not there" },
};

static void test_bad(StoreTest *t, const void *data) {
        g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func(test_record_free_job);
        _cleanup_(job_freep) Job *j = test_job_new("a", "B", "b");
        const Bad *b = data;

        test_job_override(j, JOB_FIELD_NAME, "mine");
        put(t, j);
        g_assert_cmpint(store_commit(t->store), ==, 0);
        test_sql(t->path, b->sql);
        g_assert_cmpint(store_job_list(t->store, jobs), ==, -EBADMSG);
        g_assert_cmpstr(store_error_text(t->store), ==, b->message);
}

/* One with many job results is gone at once, and its names are free; the results lose it step by step, across restarts. */
static void test_delete_with_history(StoreTest *t, const void *unused) {
        _cleanup_(job_freep) Job *a = test_job_new("a", "B", "b"), *again = test_job_new("a", "B", "b");
        _cleanup_(job_freep) Job *small = test_job_new("a", "C", "c");
        g_autoptr(GPtrArray) jobs = NULL;
        int n_steps = 0;

        test_job_override(a, JOB_FIELD_HIDDEN, "no");
        put(t, a);
        put(t, small);
        for (int i = 0; i < 1200; i++) {
                _cleanup_(job_result_freep) JobResult *jr = test_result_new(i < 1100 ? a->id : small->id, "a.B");

                g_assert_cmpint(store_result_insert(t->store, jr), ==, 0);
        }
        g_assert_cmpint(store_job_delete(t->store, small->id), ==, 0); /* no more than one step: nothing is left */
        g_assert_cmpint(store_job_delete(t->store, a->id), ==, 0);
        store_test_reopen(t);
        jobs = list(t);
        g_assert_cmpuint(jobs->len, ==, 0);
        put(t, again);
        g_assert_cmpint(store_commit(t->store), ==, 0);
        assert_sql(t->path, "SELECT count(*) FROM job WHERE deleted = 1", "1");
        assert_sql(t->path, "SELECT count(*) > 0 AND count(*) < 1100 FROM job_result WHERE job_id IS NOT NULL", "1");

        while (store_job_detach(t->store) > 0) {
                store_test_reopen(t);
                g_assert_cmpint(++n_steps, <, 10);
        }
        g_assert_cmpint(n_steps, >, 1);
        assert_sql(t->path, "SELECT count(*) FROM job_result WHERE job_id IS NULL", "1200");
        assert_only(t, again);
        assert_sql(t->path, "SELECT count(*) FROM job", "1");
        assert_sql(t->path, "PRAGMA foreign_key_check", "");
}

static void add(const char *name, const void *data, void (*test)(StoreTest *t, const void *data)) {
        g_autofree char *path = g_strconcat("/store-job/", name, NULL);

        g_test_add_vtable(path, sizeof(StoreTest), data, (GTestFixtureFunc) store_test_setup, (GTestFixtureFunc) test,
                          (GTestFixtureFunc) store_test_teardown);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        add("all-fields", NULL, test_all_fields);
        add("overrides", NULL, test_overrides);
        add("put-keeps-results", NULL, test_put_keeps_results);
        add("name-taken", NULL, test_name_taken);
        add("names-alike", NULL, test_names_alike);
        add("delete", NULL, test_delete);
        add("delete-with-history", NULL, test_delete_with_history);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                g_autofree char *name = g_strdup_printf("bad-%zu", i);

                add(name, &bad[i], test_bad);
        }

        return g_test_run();
}
