/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "registry.h"
#include "test-records.h"
#include "test-store.h"

/* The registry: what is in memory is what is in the store, whatever goes wrong. */

typedef struct RegistryTest {
        StoreTest store;
        Registry *registry;
} RegistryTest;

static Registry *registry_open(Store *s) {
        Registry *r = NULL;

        g_assert_cmpint(registry_new(s, &r), ==, 0);
        return r;
}

static void on_lost(int r, void *userdata) {
        g_assert_cmpint(registry_reload(userdata), ==, 0);
}

static void setup(RegistryTest *t, const void *unused) {
        store_test_setup(&t->store, NULL);
        t->registry = registry_open(t->store.store);
        store_set_batch_lost(t->store.store, on_lost, t->registry);
}

static void teardown(RegistryTest *t, const void *unused) {
        t->registry = registry_free(t->registry);
        store_test_teardown(&t->store, NULL);
}

static void reopen(RegistryTest *t) {
        t->registry = registry_free(t->registry);
        store_test_reopen(&t->store);
        t->registry = registry_open(t->store.store);
        store_set_batch_lost(t->store.store, on_lost, t->registry);
}

static const Job *put(RegistryTest *t, Job *j) {
        g_assert_cmpint(registry_put(t->registry, j), ==, 0);
        return j;
}

static const Job *put_new(RegistryTest *t, const char *module_name, const char *job_class_name, const char *name) {
        return put(t, test_job_new(module_name, job_class_name, name));
}

/* The jobs as they are listed: "grouping/name grouping/name". */
static void assert_list(RegistryTest *t, const char *expected) {
        g_autoptr(GPtrArray) jobs = registry_list(t->registry);
        g_autoptr(GString) text = g_string_new(NULL);

        for (guint i = 0; i < jobs->len; i++) {
                const Job *j = jobs->pdata[i];

                g_string_append_printf(text, "%s%s/%s", i > 0 ? " " : "", j->effective.grouping, j->effective.name);
                g_assert_true(registry_find_by_id(t->registry, j->id) == j);
                g_assert_true(registry_find_by_class_path(t->registry, j->class_path) == j);
                g_assert_true(registry_find_by_name(t->registry, j->effective.name) == j);
        }
        g_assert_cmpstr(text->str, ==, expected);
        g_assert_cmpuint(registry_size(t->registry), ==, jobs->len);
}

static void test_empty(RegistryTest *t, const void *unused) {
        assert_list(t, "");
        g_assert_null(registry_find(t->registry, ""));
        g_assert_null(registry_find(t->registry, "b5a7c5b8-78b9-45d0-9a9b-f2ab8be12a2b"));
        g_assert_cmpint(registry_delete(t->registry, "b5a7c5b8-78b9-45d0-9a9b-f2ab8be12a2b"), ==, 0);
        g_assert_cmpint(registry_reload(t->registry), ==, 0);
        g_assert_null(registry_free(NULL));
}

static void test_find(RegistryTest *t, const void *unused) {
        const Job *a = put_new(t, "network.backup", "Nightly", "Back up"), *b = NULL, *c = NULL;
        g_autofree char *digits = g_malloc(33), *upper = g_ascii_strup(a->id, -1);

        uuid_to_digits(a->id, digits);
        g_assert_true(registry_find(t->registry, a->id) == a);
        g_assert_true(registry_find(t->registry, digits) == a);
        g_assert_true(registry_find(t->registry, upper) == a);
        g_assert_true(registry_find(t->registry, "network.backup.Nightly") == a);
        g_assert_true(registry_find(t->registry, "Back up") == a);
        g_assert_null(registry_find(t->registry, "back up"));
        g_assert_null(registry_find(t->registry, "Nightly"));
        g_assert_null(registry_find(t->registry, "network.backup"));

        /* A name cannot take what is another's id or class_path */
        b = put_new(t, "evil", "B", "network.backup.Nightly");
        c = put_new(t, "evil", "C", a->id);
        g_assert_true(registry_find(t->registry, "network.backup.Nightly") == a);
        g_assert_true(registry_find(t->registry, a->id) == a);
        g_assert_true(registry_find_by_name(t->registry, "network.backup.Nightly") == b);
        g_assert_true(registry_find_by_name(t->registry, a->id) == c);
        /* but a UUID that nobody has may be a name */
        g_assert_cmpint(registry_delete(t->registry, a->id), ==, 0);
        g_assert_true(registry_find(t->registry, c->effective.name) == c);
}

static void test_list(RegistryTest *t, const void *unused) {
        Job *overridden = test_job_new("z", "D", "aa");

        put_new(t, "b", "A", "z");
        put_new(t, "b", "B", "a");
        put_new(t, "a", "C", "m");
        put_new(t, "b", "D", "B");
        test_job_override(overridden, JOB_FIELD_GROUPING, "a");
        put(t, overridden);
        assert_list(t, "a/aa a/m b/B b/a b/z");
        reopen(t);
        assert_list(t, "a/aa a/m b/B b/a b/z");
}

static void test_put_replaces(RegistryTest *t, const void *unused) {
        const Job *old = put_new(t, "a", "A", "old name");
        Job *new = job_copy(old);

        put_new(t, "a", "B", "b");
        test_job_override(new, JOB_FIELD_NAME, "new name");
        new->enabled = !new->enabled;
        put(t, new);
        assert_list(t, "a/b a/new name");
        g_assert_null(registry_find(t->registry, "old name"));
        g_assert_true(registry_find(t->registry, "a.A") == new);
        reopen(t);
        assert_list(t, "a/b a/new name");

        /* The name that became free can be taken */
        put_new(t, "a", "C", "old name");
        assert_list(t, "a/b a/new name a/old name");
}

static void test_put_name_taken(RegistryTest *t, const void *unused) {
        const Job *a = put_new(t, "a", "A", "a"), *b = put_new(t, "a", "B", "b");
        Job *copy = job_copy(b);

        test_job_override(copy, JOB_FIELD_NAME, "a");
        g_assert_cmpint(registry_put(t->registry, copy), ==, -EEXIST);
        assert_list(t, "a/a a/b");
        g_assert_true(registry_find(t->registry, "a") == a);
        g_assert_true(registry_find(t->registry, "a.B") == b);
        g_assert_cmpuint(b->overridden, ==, 0);
        reopen(t);
        assert_list(t, "a/a a/b");
}

static GPtrArray *jobs_new(void) {
        return g_ptr_array_new_with_free_func(test_record_free_job);
}

static void test_put_all(RegistryTest *t, const void *unused) {
        g_autoptr(GPtrArray) jobs = jobs_new(), none = jobs_new();
        Job *moved = job_copy(put_new(t, "a", "A", "a"));

        /* The name that one gives up can be another's in the same step, in this order */
        test_job_override(moved, JOB_FIELD_NAME, "z");
        g_ptr_array_add(jobs, moved);
        g_ptr_array_add(jobs, test_job_new("a", "B", "a"));
        g_ptr_array_add(jobs, test_job_new("a", "C", "c"));
        g_assert_cmpint(registry_put_all(t->registry, jobs), ==, 0);
        g_assert_cmpuint(jobs->len, ==, 0);
        assert_list(t, "a/a a/c a/z");
        g_assert_cmpint(registry_put_all(t->registry, none), ==, 0);
        reopen(t);
        assert_list(t, "a/a a/c a/z");
}

static void test_put_all_or_nothing(RegistryTest *t, const void *unused) {
        g_autoptr(GPtrArray) jobs = jobs_new();
        const Job *a = put_new(t, "a", "A", "a");
        Job *changed = job_copy(a);

        changed->enabled = !changed->enabled;
        g_ptr_array_add(jobs, changed);
        g_ptr_array_add(jobs, test_job_new("a", "B", "b"));
        g_ptr_array_add(jobs, test_job_new("a", "C", "b"));
        g_ptr_array_add(jobs, test_job_new("a", "D", "d"));
        g_assert_cmpint(registry_put_all(t->registry, jobs), ==, -EEXIST);
        g_assert_cmpuint(jobs->len, ==, 0);
        assert_list(t, "a/a");
        g_assert_true(registry_find(t->registry, "a.A") == a);
        reopen(t);
        assert_list(t, "a/a");
        g_assert_true(registry_find(t->registry, "a.A")->enabled);
}

static void test_delete(RegistryTest *t, const void *unused) {
        const Job *a = put_new(t, "a", "A", "a");

        put_new(t, "a", "B", "b");
        g_assert_cmpint(registry_delete(t->registry, a->id), ==, 0);
        assert_list(t, "a/b");
        g_assert_null(registry_find(t->registry, "a.A"));
        reopen(t);
        assert_list(t, "a/b");
        put_new(t, "a", "A", "a");
        assert_list(t, "a/a a/b");
}

/* A batch that could not be committed: changes, new jobs and deletions come to nothing, in memory too. */
static void test_lost_batch(RegistryTest *t, const void *unused) {
        Job *changed = job_copy(put_new(t, "a", "A", "a"));
        g_autofree char *id = g_strdup(changed->id);

        put_new(t, "a", "B", "b");
        g_assert_cmpint(store_commit(t->store.store), ==, 0);

        test_job_override(changed, JOB_FIELD_NAME, "changed");
        put(t, changed);
        put_new(t, "a", "C", "c");
        g_assert_cmpint(registry_delete(t->registry, registry_find(t->registry, "b")->id), ==, 0);
        assert_list(t, "a/c a/changed");
        test_set_write(test_write_no_room);
        g_assert_cmpint(store_commit(t->store.store), ==, -ENOSPC);
        test_set_write(NULL);
        assert_list(t, "a/a a/b");
        g_assert_cmpstr(registry_find(t->registry, id)->effective.name, ==, "a");
        put_new(t, "a", "C", "c");
        reopen(t);
        assert_list(t, "a/a a/b a/c");
}

/* What cannot be read leaves the registry as it was. */
static void test_bad_record(RegistryTest *t, const void *unused) {
        Registry *r = NULL;

        put_new(t, "a", "A", "a");
        g_assert_cmpint(store_commit(t->store.store), ==, 0);
        test_sql(t->store.path, "UPDATE job SET time_limit = 'soon'");
        g_assert_cmpint(registry_reload(t->registry), ==, -EBADMSG);
        assert_list(t, "a/a");
        g_assert_cmpint(registry_new(t->store.store, &r), ==, -EBADMSG);
        g_assert_null(r);
        g_assert_cmpstr(store_error_text(t->store.store), ==,
                        "the record of job 'a.A' makes no sense, time_limit: \"soon\" is not a time; write seconds, "
                        "or a number with a unit as in \"5min\" or \"1h 30min\"");
}

static void add(const char *name, void (*test)(RegistryTest *t, const void *unused)) {
        g_autofree char *path = g_strconcat("/registry/", name, NULL);

        g_test_add_vtable(path, sizeof(RegistryTest), NULL, (GTestFixtureFunc) setup, (GTestFixtureFunc) test,
                          (GTestFixtureFunc) teardown);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        add("empty", test_empty);
        add("find", test_find);
        add("list", test_list);
        add("put-replaces", test_put_replaces);
        add("put-name-taken", test_put_name_taken);
        add("put-all", test_put_all);
        add("put-all-or-nothing", test_put_all_or_nothing);
        add("delete", test_delete);
        add("lost-batch", test_lost_batch);
        add("bad-record", test_bad_record);

        return g_test_run();
}
