/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "json.h"
#include "run-data.h"

static JsonArray *variables(void) {
        static const char text[] = "[{\"name\":\"device\",\"type\":\"string\"},{\"name\":\"retries\",\"type\":\"integer\"},"
                                   "{\"name\":\"force\",\"type\":\"boolean\"},{\"name\":\"extra\",\"type\":\"json\"},"
                                   "{\"name\":\"which\",\"type\":\"multichoice\"},7,{\"type\":\"nameless\"}]";
        g_autoptr(JsonNode) node = NULL;

        g_assert_cmpint(json_parse(text, strlen(text), SIZE_MAX, &node, NULL), ==, 0);
        return json_node_dup_array(node);
}

static char *format(JsonObject *data) {
        g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);

        json_node_set_object(node, data);
        return json_format(node);
}

static void test_set(void) {
        g_autoptr(GHashTable) given = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_autoptr(JsonArray) array = variables();
        g_autoptr(JsonObject) data = json_object_new();
        static const char *const assignments[] = { "device=a=b", "retries=-5",    "force=yes",
                                                   "extra={}",   "which=one,two", "unknown=5" };
        g_autofree char *text = NULL;

        json_object_set_int_member(data, "device", 1); /* from --data: --var wins */
        for (size_t i = 0; i < ELEMENTSOF(assignments); i++) {
                g_autofree char *error = NULL;

                g_assert_cmpint(run_data_set(data, array, given, assignments[i], &error), ==, 0);
                g_assert_null(error);
        }
        text = format(data);
        g_assert_cmpstr(text, ==,
                        "{\"device\":\"a=b\",\"retries\":-5,\"force\":true,\"extra\":{},\"which\":[\"one\",\"two\"],"
                        "\"unknown\":\"5\"}");
}

static void test_set_wrong(void) {
        g_autoptr(GHashTable) given = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_autoptr(JsonArray) array = variables();
        g_autoptr(JsonObject) data = json_object_new();
        static const struct {
                const char *assignment, *expected;
        } cases[] = {
                { "secret", "--var takes NAME=VALUE." },
                { "=secret", "--var takes NAME=VALUE." },
                { "", "--var takes NAME=VALUE." },
                { "retries=secret", "--var retries=: " },
                { "device=secret", "--var device= is there twice; give the variable once." },
        };
        g_autofree char *none = NULL;

        g_assert_cmpint(run_data_set(data, array, given, "device=x", &none), ==, 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                g_autofree char *error = NULL;

                g_assert_cmpint(run_data_set(data, array, given, cases[i].assignment, &error), <, 0);
                g_assert_true(g_str_has_prefix(error, cases[i].expected));
                g_assert_null(strstr(error, "secret"));
        }
        g_assert_cmpuint(json_object_get_size(data), ==, 1);
}

static void test_set_without_variables(void) {
        g_autoptr(GHashTable) given = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_autoptr(JsonObject) data = json_object_new();
        g_autofree char *error = NULL, *text = NULL;

        g_assert_cmpint(run_data_set(data, NULL, given, "retries=5", &error), ==, 0);
        text = format(data);
        g_assert_cmpstr(text, ==, "{\"retries\":\"5\"}");
}

static void assert_read(const char *argument, const char *expected) {
        g_autoptr(JsonObject) data = NULL;
        g_autofree char *error = NULL, *text = NULL;

        g_assert_cmpint(run_data_read(argument, &data, &error), ==, 0);
        text = format(data);
        g_assert_cmpstr(text, ==, expected);
}

static void assert_not_read(const char *argument, const char *pattern) {
        g_autoptr(JsonObject) data = NULL;
        g_autofree char *error = NULL;

        g_assert_cmpint(run_data_read(argument, &data, &error), <, 0);
        g_assert_true(g_pattern_match_simple(pattern, error));
        g_assert_null(data);
}

static void test_read(void) {
        g_autofree char *path = g_build_filename(g_get_tmp_dir(), "test-cli-run-data-XXXXXX", NULL);
        g_autofree char *argument = NULL, *large = NULL;
        int fd = g_mkstemp(path);

        g_assert_cmpint(fd, >=, 0);
        argument = g_strconcat("@", path, NULL);

        assert_read("{\"a\": 1}", "{\"a\":1}");
        g_assert_true(g_file_set_contents(path, "{\"a\": [true]}\n", -1, NULL));
        assert_read(argument, "{\"a\":[true]}");

        assert_not_read("{\"a\": }", "--data: *");
        assert_not_read("[]", "--data: *");
        assert_not_read("", "--data: *");
        assert_not_read("@/nonexistent/file", "--data: cannot open /nonexistent/file: No such file or directory");
        assert_not_read("@/", "--data: cannot read /: Is a directory");
        large = g_strnfill(JSON_SIZE_MAX + 100, ' ');
        g_assert_true(g_file_set_contents(path, large, -1, NULL));
        assert_not_read(argument, "--data: *");
        (void) close(fd);
        (void) unlink(path);
}

static void test_variable(void) {
        g_autoptr(JsonArray) array = variables();

        g_assert_nonnull(run_data_variable(array, "force"));
        g_assert_null(run_data_variable(array, "other"));
        g_assert_null(run_data_variable(NULL, "force"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/cli-run-data/set", test_set);
        g_test_add_func("/cli-run-data/set-wrong", test_set_wrong);
        g_test_add_func("/cli-run-data/set-without-variables", test_set_without_variables);
        g_test_add_func("/cli-run-data/read", test_read);
        g_test_add_func("/cli-run-data/variable", test_variable);
        return g_test_run();
}
