/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "output-files.h"
#include "outputs.h"
#include "store-output.h"
#include "store-result.h"
#include "test-records.h"
#include "test-store.h"

/* What the store knows of output files, and their directories. */

#define SHA "98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4"
#define OTHER "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static JobResult *insert(StoreTest *t) {
        JobResult *jr = test_result_new("", "demo.Hello");

        g_assert_cmpint(store_result_insert(t->store, jr), ==, 0);
        return jr;
}

static void put(StoreTest *t, const char *id, char *name, uint64_t size, const char *sha256) {
        Output o = { .name = name, .size = size, .date_created = TEST_TIME };

        (void) g_strlcpy(o.sha256, sha256, sizeof(o.sha256));
        g_assert_cmpint(store_output_put(t->store, id, &o), ==, 0);
}

static void assert_outputs(StoreTest *t, const char *id, const char *expected) {
        g_autoptr(GPtrArray) outputs = NULL;
        g_autoptr(GString) text = g_string_new(NULL);

        g_assert_cmpint(store_output_list(t->store, id, &outputs), ==, 0);
        for (guint i = 0; i < outputs->len; i++) {
                const Output *o = outputs->pdata[i];

                g_string_append_printf(text, "%s %" G_GUINT64_FORMAT " %.4s\n", o->name, o->size, o->sha256);
                g_assert_cmpuint(o->date_created, ==, TEST_TIME);
        }
        g_assert_cmpstr(text->str, ==, expected);
}

static void assert_removals(StoreTest *t, const char *const *expected) {
        g_autoptr(GPtrArray) ids = NULL;

        g_assert_cmpint(store_output_removals(t->store, 10, &ids), ==, 0);
        for (guint i = 0; i < ids->len; i++)
                g_assert_cmpstr(ids->pdata[i], ==, expected[i]);
        g_assert_null(expected[ids->len]);
}

static void test_outputs(StoreTest *t, const void *unused) {
        _cleanup_(job_result_freep) JobResult *jr = insert(t), *other = insert(t);
        char a[] = "a", quote[] = "'; DROP TABLE job_output; --", umlaut[] = "ä 😀";
        _cleanup_(output_freep) Output *o = NULL;

        assert_outputs(t, jr->id, "");
        put(t, jr->id, umlaut, UINT64_C(1) << 40, SHA);
        put(t, jr->id, quote, 0, OTHER);
        put(t, jr->id, a, 1, SHA);
        put(t, other->id, a, 2, OTHER);
        assert_outputs(t, jr->id, "'; DROP TABLE job_output; -- 0 e3b0\na 1 98ea\nä 😀 1099511627776 98ea\n");
        put(t, jr->id, a, 3, OTHER);
        assert_outputs(t, jr->id, "'; DROP TABLE job_output; -- 0 e3b0\na 3 e3b0\nä 😀 1099511627776 98ea\n");
        assert_outputs(t, other->id, "a 2 e3b0\n");

        g_assert_cmpint(store_output_get(t->store, jr->id, "a", &o), ==, 1);
        g_assert_cmpstr(o->sha256, ==, OTHER);
        o = output_free(o);
        g_assert_cmpint(store_output_get(t->store, jr->id, "A", &o), ==, 0);
        assert_removals(t, (const char *[]) { NULL }); /* replaced is not removed */
}

static void test_removal(StoreTest *t, const void *unused) {
        _cleanup_(job_result_freep) JobResult *jr = insert(t), *without = insert(t);
        char a[] = "a", b[] = "b";

        put(t, jr->id, a, 1, SHA);
        put(t, jr->id, b, 1, SHA);
        g_assert_cmpint(store_result_delete(t->store, without->id), ==, 0);
        assert_removals(t, (const char *[]) { NULL });
        g_assert_cmpint(store_result_delete(t->store, jr->id), ==, 0);
        assert_outputs(t, jr->id, "");
        g_assert_cmpint(store_commit(t->store), ==, 0);
        store_test_reopen(t);
        assert_removals(t, (const char *[]) { jr->id, NULL });
        g_assert_cmpint(store_output_removed(t->store, jr->id), ==, 0);
        assert_removals(t, (const char *[]) { NULL });
}

static void test_unknown_result(StoreTest *t, const void *unused) {
        Output o = { .name = (char[]) { "a" }, .sha256 = SHA };

        g_assert_cmpint(store_output_put(t->store, "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", &o), ==, -EEXIST);
}

/* The result is read for one job result, not for many, and no other update touches it. */
static void test_result(StoreTest *t, const void *unused) {
        _cleanup_(job_result_freep) JobResult *jr = insert(t), *read = NULL;
        g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func(test_record_free_result);
        const JobResultFilter all = { .status = _JOB_RESULT_STATUS_INVALID, .requester_uid = -1, .limit = 10 };

        g_assert_cmpint(store_result_set_result(t->store, jr->id, "{\"a\":1}"), ==, 0);
        g_assert_cmpint(store_result_update(t->store, jr), ==, 0);
        g_assert_cmpint(store_result_get(t->store, jr->id, &read), ==, 1);
        g_assert_cmpstr(read->result, ==, "{\"a\":1}");
        g_assert_cmpint(store_result_list(t->store, &all, results), ==, 0);
        g_assert_cmpstr(((const JobResult *) results->pdata[0])->result, ==, NULL);
}

static void touch(const char *directory, const char *a, const char *b) {
        g_autofree char *parent = g_build_filename(directory, a, NULL), *path = g_build_filename(parent, b, NULL);

        g_assert_cmpint(g_mkdir_with_parents(parent, 0700), ==, 0);
        g_assert_true(g_file_set_contents(path, "x", 1, NULL));
}

static bool is_there(const char *directory, const char *a, const char *b) {
        g_autofree char *path = g_build_filename(directory, a, b, NULL);

        return access(path, F_OK) >= 0;
}

/* After a kill: what the store does not know goes, for runs in flight; the rest is not even looked at. */
static void test_prepare(StoreTest *t, const void *unused) {
        _cleanup_(job_result_freep) JobResult *active = insert(t), *none = insert(t), *ended = insert(t);
        g_autofree char *directory = g_build_filename(t->directory, "outputs", NULL);
        char a[] = "a";

        active->status = none->status = JOB_RESULT_STARTED;
        ended->status = JOB_RESULT_SUCCESS;
        g_assert_cmpint(store_result_update(t->store, active), ==, 0);
        g_assert_cmpint(store_result_update(t->store, none), ==, 0);
        g_assert_cmpint(store_result_update(t->store, ended), ==, 0);
        put(t, active->id, a, 1, SHA);
        touch(directory, active->id, SHA);
        touch(directory, active->id, OTHER);
        touch(directory, none->id, OTHER);
        touch(directory, ended->id, OTHER);
        touch(directory, ".new", "7");

        g_assert_cmpint(output_files_prepare(directory, t->store), ==, 0);
        g_assert_true(is_there(directory, active->id, SHA));
        g_assert_false(is_there(directory, active->id, OTHER));
        g_assert_false(is_there(directory, none->id, NULL));
        g_assert_true(is_there(directory, ended->id, OTHER));
        g_assert_false(is_there(directory, ".new", "7"));
        g_assert_true(is_there(directory, ".new", NULL));

        g_assert_cmpint(output_files_remove_directory(directory, ended->id), ==, 0);
        g_assert_false(is_there(directory, ended->id, NULL));
        g_assert_cmpint(output_files_remove_directory(directory, ended->id), ==, 0);
        g_assert_cmpint(output_files_make_directory(directory, ended->id), ==, 0);
        g_assert_cmpint(output_files_make_directory(directory, ended->id), ==, 0);
        g_assert_true(is_there(directory, ended->id, NULL));
}

static void test_names(void) {
        static const char *const good[] = { "a", "...", ".x", "-rf", "with blank", "ä😀", "$(id)", "a\\b" };
        static const char *const bad[] = {
                "", ".", "..", "/", "a/b", "a\n", "\x01", "a\x7f", "\xc2\x85", "\xff", "a\xc3",
        };
        g_autofree char *longest = g_strnfill(255, 'x'), *longer = g_strnfill(256, 'x');

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                g_assert_cmpstr(output_name_problem(good[i]), ==, NULL);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                g_assert_cmpstr(output_name_problem(bad[i]), !=, NULL);
        g_assert_cmpstr(output_name_problem(longest), ==, NULL);
        g_assert_cmpstr(output_name_problem(longer), ==, "it has more than 255 bytes");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, function) g_test_add(name, StoreTest, NULL, store_test_setup, function, store_test_teardown)
        ADD("/store-output/outputs", test_outputs);
        ADD("/store-output/removal", test_removal);
        ADD("/store-output/unknown-result", test_unknown_result);
        ADD("/store-output/result", test_result);
        ADD("/store-output/prepare", test_prepare);
        g_test_add_func("/store-output/names", test_names);

        return g_test_run();
}
