/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <json-glib/json-glib.h>
#include <string.h>

#include "json.h"

/* Is built twice: with json-glib, and with what jobd-rest has in its place (rest/json-tree.c). Both do the same. */

static void test_values(void) {
        g_autoptr(JsonNode) null = json_node_init_null(json_node_alloc());
        g_autoptr(JsonNode) text = json_node_init_string(json_node_alloc(), "text");
        g_autoptr(JsonNode) integer = json_node_init_int(json_node_alloc(), -7);
        g_autoptr(JsonNode) boolean = json_node_init_boolean(json_node_alloc(), TRUE);
        g_autoptr(JsonNode) number = json_node_init_double(json_node_alloc(), 2.5);

        g_assert_true(JSON_NODE_HOLDS_NULL(null));
        g_assert_null(json_node_get_string(null));
        g_assert_cmpint(json_node_get_int(null), ==, 0);
        g_assert_true(json_node_get_value_type(text) == G_TYPE_STRING);
        g_assert_cmpstr(json_node_get_string(text), ==, "text");
        g_assert_cmpint(json_node_get_int(text), ==, 0);
        g_assert_true(json_node_get_value_type(integer) == G_TYPE_INT64);
        g_assert_cmpint(json_node_get_int(integer), ==, -7);
        g_assert_cmpfloat(json_node_get_double(integer), ==, -7);
        g_assert_true(json_node_get_boolean(integer));
        g_assert_null(json_node_get_string(integer));
        g_assert_true(json_node_get_value_type(boolean) == G_TYPE_BOOLEAN);
        g_assert_cmpint(json_node_get_boolean(boolean), ==, TRUE);
        g_assert_cmpint(json_node_get_int(boolean), ==, 1);
        g_assert_true(json_node_get_value_type(number) == G_TYPE_DOUBLE);
        g_assert_cmpint(json_node_get_int(number), ==, 2);
        g_assert_true(json_node_get_boolean(number));
}

static JsonObject *make_object(void) {
        JsonObject *object = json_object_new();

        json_object_set_string_member(object, "text", "a");
        json_object_set_string_member(object, "no text", NULL);
        json_object_set_int_member(object, "integer", 3);
        json_object_set_double_member(object, "double", 0.5);
        json_object_set_boolean_member(object, "boolean", TRUE);
        json_object_set_null_member(object, "null");
        json_object_set_object_member(object, "object", json_object_new());
        json_object_set_object_member(object, "no object", NULL);
        json_object_set_array_member(object, "array", json_array_new());
        json_object_set_array_member(object, "no array", NULL);
        return object;
}

static void test_members(void) {
        g_autoptr(JsonObject) object = make_object();

        g_assert_cmpuint(json_object_get_size(object), ==, 10);
        g_assert_true(json_object_has_member(object, "null") && !json_object_has_member(object, "none"));
        g_assert_null(json_object_get_member(object, "none"));
        g_assert_cmpstr(json_object_get_string_member(object, "text"), ==, "a");
        g_assert_null(json_object_get_string_member(object, "null"));
        g_assert_true(json_object_get_boolean_member(object, "boolean"));
        g_assert_true(json_object_get_null_member(object, "no text"));
        g_assert_true(json_object_get_null_member(object, "no object"));
        g_assert_true(json_object_get_null_member(object, "no array"));
        g_assert_true(!json_object_get_null_member(object, "text"));
        g_assert_cmpuint(json_object_get_size(json_object_get_object_member(object, "object")), ==, 0);
        g_assert_null(json_object_get_object_member(object, "null"));
}

static void test_defaults(void) {
        static const char *const no_scalars[] = { "none", "null" };
        g_autoptr(JsonObject) object = make_object();

        for (size_t i = 0; i < G_N_ELEMENTS(no_scalars); i++) {
                const char *name = no_scalars[i];

                g_assert_cmpstr(json_object_get_string_member_with_default(object, name, "other"), ==, "other");
                g_assert_cmpint(json_object_get_int_member_with_default(object, name, 9), ==, 9);
                g_assert_true(json_object_get_boolean_member_with_default(object, name, TRUE));
        }
        g_assert_cmpstr(json_object_get_string_member_with_default(object, "text", "other"), ==, "a");
        g_assert_null(json_object_get_string_member_with_default(object, "integer", "other"));
        g_assert_cmpint(json_object_get_int_member_with_default(object, "integer", 9), ==, 3);
        g_assert_cmpint(json_object_get_int_member_with_default(object, "double", 9), ==, 0);
        g_assert_cmpint(json_object_get_int_member_with_default(object, "text", 9), ==, 0);
        g_assert_true(json_object_get_boolean_member_with_default(object, "integer", FALSE));
}

static void test_order(void) {
        g_autoptr(JsonObject) object = make_object();
        g_autoptr(GString) names = g_string_new(NULL);
        g_autoptr(GList) values = NULL;
        JsonObjectIter iter;
        const char *name;
        JsonNode *node;

        json_object_set_int_member(object, "text", 1); /* keeps its place */
        json_object_iter_init_ordered(&iter, object);
        while (json_object_iter_next_ordered(&iter, &name, &node)) {
                g_assert_true(node == json_object_get_member(object, name));
                g_string_append_printf(names, "%s,", name);
        }
        g_assert_cmpstr(names->str, ==,
                        "text,no text,integer,double,boolean,null,object,no object,array,no array,");
        g_assert_cmpint(json_object_get_int_member_with_default(object, "text", 9), ==, 1);
        values = json_object_get_values(object);
        g_assert_cmpuint(g_list_length(values), ==, 10);
}

static void test_arrays(void) {
        g_autoptr(JsonArray) array = json_array_new();
        g_autoptr(JsonNode) node = json_node_new(JSON_NODE_ARRAY);
        g_autoptr(GList) elements = NULL;
        JsonArray *other;

        json_array_add_string_element(array, "a");
        json_array_add_string_element(array, NULL);
        json_array_add_object_element(array, make_object());
        g_assert_cmpuint(json_array_get_length(array), ==, 3);
        g_assert_cmpstr(json_array_get_string_element(array, 0), ==, "a");
        g_assert_true(JSON_NODE_HOLDS_NULL(json_array_get_element(array, 1)));
        g_assert_cmpuint(json_object_get_size(json_array_get_object_element(array, 2)), ==, 10);
        elements = json_array_get_elements(array);
        g_assert_true(elements->data == json_array_get_element(array, 0));

        json_node_take_array(node, json_array_ref(array));
        other = json_node_dup_array(node);
        g_assert_true(other == array && json_node_get_array(node) == array);
        json_array_unref(other);
}

/* The copy has the same object, and lives on without what it was copied from. */
static void test_copies(void) {
        g_autoptr(JsonObject) object = make_object();
        JsonNode *node = json_node_init_object(json_node_alloc(), object);
        JsonNode *text = json_node_init_string(json_node_alloc(), "text");
        g_autoptr(JsonNode) node_copy = json_node_copy(node), text_copy = json_node_copy(text);
        g_autofree char *own = json_node_dup_string(text);

        json_node_unref(node);
        json_node_unref(text);
        g_assert_true(json_node_get_object(node_copy) == object);
        g_assert_cmpstr(json_node_get_string(text_copy), ==, "text");
        g_assert_cmpstr(own, ==, "text");
}

static void test_equal(void) {
        /* In the same line of both: equal; otherwise not. */
        static const char *const texts[][2] = {
                { "null", " null" }, { "true", "true" }, { "1", "1.0" }, { "1.5", "15e-1" }, { "\"1\"", "\"\\u0031\"" },
                { "[]", "[ ]" }, { "[1,2]", "[1, 2]" }, { "[2,1]", "[2,1]" }, { "{}", "{ }" }, { "[1]", "[1]" },
                { "{\"a\":1,\"b\":[{}]}", "{\"b\":[{}],\"a\":1}" }, { "{\"a\":1,\"b\":null}", "{\"b\":null,\"a\":1}" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                for (size_t k = 0; k < G_N_ELEMENTS(texts); k++) {
                        g_autoptr(JsonNode) a = json_from_string(texts[i][0], NULL);
                        g_autoptr(JsonNode) b = json_from_string(texts[k][1], NULL);

                        g_assert_true(a && b);
                        g_assert_cmpint(json_node_equal(a, b), ==, i == k);
                }
}

#ifdef JSON_TREE
/* json_scan() lets none of these through. */
static void test_refused(void) {
        static const char *const texts[] = {
                "", " ", "nul", "nullx", "truefalse", "1x", "-", "1 2", "\"", "\"\\", "\"\\x\"", "\"\\u12\"",
                "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\\u0000\"", "[", "[1", "[1,", "[1,]", "[1 2]",
                "]", "[1]]", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "{1:1}", "{\"a\":1 \"b\":2}", "'a'",
        };
        g_autoptr(GString) deep = g_string_new(NULL);
        GError *error = NULL;

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                g_assert_null(json_from_string(texts[i], &error));
                g_assert_nonnull(error);
                g_clear_error(&error);
        }
        for (unsigned i = 0; i < 100000; i++)
                g_string_append_c(deep, '[');
        g_assert_null(json_from_string(deep->str, NULL));
}
#endif

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/json-tree/values", test_values);
        g_test_add_func("/json-tree/members", test_members);
        g_test_add_func("/json-tree/defaults", test_defaults);
        g_test_add_func("/json-tree/order", test_order);
        g_test_add_func("/json-tree/arrays", test_arrays);
        g_test_add_func("/json-tree/copies", test_copies);
        g_test_add_func("/json-tree/equal", test_equal);
#ifdef JSON_TREE
        g_test_add_func("/json-tree/refused", test_refused);
#endif
        return g_test_run();
}
