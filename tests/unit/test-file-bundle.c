/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "file-bundle.h"
#include "input-file.h"

/* Sensitive files as one text, and back. */

static Secret *secret(const char *bytes, size_t size) {
        Secret *s = secret_new_bytes(bytes, size);

        g_assert_nonnull(s);
        return s;
}

static void assert_contents(GHashTable *files, const char *variable, const char *bytes, size_t size) {
        const Secret *s = g_hash_table_lookup(files, variable);

        g_assert_nonnull(s);
        g_assert_cmpmem(secret_bytes(s), secret_size(s), bytes, size);
}

static void test_there_and_back(void) {
        g_autoptr(GHashTable) files = file_bundle_new(), parsed = NULL;
        _cleanup_(secret_freep) Secret *bundle = NULL;

        (void) g_hash_table_insert(files, g_strdup("two"), secret("a\0b\nthree 7\n", 12));
        (void) g_hash_table_insert(files, g_strdup("one"), secret("", 0));
        (void) g_hash_table_insert(files, g_strdup("three"), secret("x", 1));
        bundle = file_bundle_format(files);
        g_assert_nonnull(bundle);
        g_assert_cmpmem(secret_bytes(bundle), secret_size(bundle), "one 0\nthree 1\nxtwo 12\na\0b\nthree 7\n", 34);
        g_assert_cmpint(file_bundle_parse(bundle, &parsed), ==, 0);
        g_assert_cmpuint(g_hash_table_size(parsed), ==, 3);
        assert_contents(parsed, "one", "", 0);
        assert_contents(parsed, "two", "a\0b\nthree 7\n", 12);
        assert_contents(parsed, "three", "x", 1);
}

static void test_none(void) {
        g_autoptr(GHashTable) files = file_bundle_new(), parsed = NULL;
        _cleanup_(secret_freep) Secret *bundle = file_bundle_format(files);

        g_assert_cmpuint(secret_size(bundle), ==, 0);
        g_assert_cmpint(file_bundle_parse(bundle, &parsed), ==, 0);
        g_assert_cmpuint(g_hash_table_size(parsed), ==, 0);
}

static void test_damaged(void) {
        static const char *const bundles[] = {
                "x", "x\n", " 1\nx", "one\n", "one \n", "one x\n", "one -1\n", "one 2\nx", "one 1\nxx", "one 1 \nx",
                "one 99999999999999999999\nx", "one 393217\nx",
        };
        GHashTable *parsed = NULL;

        for (size_t i = 0; i < ELEMENTSOF(bundles); i++) {
                _cleanup_(secret_freep) Secret *bundle = secret_new(bundles[i]);

                g_assert_cmpint(file_bundle_parse(bundle, &parsed), ==, -EBADMSG);
                g_assert_null(parsed);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/file-bundle/there-and-back", test_there_and_back);
        g_test_add_func("/file-bundle/none", test_none);
        g_test_add_func("/file-bundle/damaged", test_damaged);
        return g_test_run();
}
