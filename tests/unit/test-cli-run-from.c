/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "json.h"
#include "run-from.h"

/* Whose value is stored, given now, what must then be in the request, and what is to be asked for. */
static const struct {
        const char *variables, *stored, *data, *completed, *missing;
} cases[] = {
        { "[]", "{}", "{}", "{}", "" },
        { "[{\"name\":\"a\"}]", "{\"a\":1}", "{}", "{\"a\":1}", "" },
        { "[{\"name\":\"a\"}]", "{\"a\":1}", "{\"a\":null}", "{\"a\":null}", "" },
        { "[{\"name\":\"a\"},{\"name\":\"s\",\"sensitive\":true}]", "{\"a\":1}", "{}", "{\"a\":1}", "s" },
        { "[{\"name\":\"a\"},{\"name\":\"s\",\"sensitive\":true}]", "{\"a\":1}", "{\"s\":2}",
          "{\"s\":2,\"a\":1}", "" },
        /* nothing is stored: all may be lost */
        { "[{\"name\":\"a\",\"default\":1},{\"name\":\"b\"}]", "{}", "{}", "{}", "a b" },
        /* new in the class: jobd has the default, or needs a value */
        { "[{\"name\":\"a\"},{\"name\":\"d\",\"required\":true,\"default\":1},{\"name\":\"r\",\"required\":true}]",
          "{\"a\":1}", "{}", "{\"a\":1}", "r" },
        /* null as a value, and null because it was not taken */
        { "[{\"name\":\"a\"}]", "{\"a\":null}", "{}", "{\"a\":null}", "" },
        { "[{\"name\":\"a\"},{\"name\":\"b\",\"required\":true,\"depends_on\":{\"name\":\"a\",\"value\":2}}]",
          "{\"a\":1,\"b\":null}", "{}", "{\"a\":1}", "" },
        { "[{\"name\":\"a\"},{\"name\":\"b\",\"required\":true,\"depends_on\":{\"name\":\"a\",\"value\":2}}]",
          "{\"a\":1,\"b\":null}", "{\"a\":2}", "{\"a\":2}", "b" },
        { "[{\"name\":\"a\"},{\"name\":\"b\",\"depends_on\":{\"name\":\"a\",\"value\":2}}]",
          "{\"a\":2,\"b\":3}", "{\"a\":1}", "{\"a\":1}", "" },
        { "[{\"name\":\"a\"},{\"name\":\"b\",\"depends_on\":{\"name\":\"a\",\"value\":[\"x\"]}}]",
          "{\"a\":[\"x\",\"y\"],\"b\":3}", "{}", "{\"a\":[\"x\",\"y\"],\"b\":3}", "" },
        { "[{\"name\":\"a\"},{\"name\":\"b\",\"depends_on\":{\"name\":\"a\"}}]",
          "{\"a\":true,\"b\":3}", "{\"a\":false}", "{\"a\":false}", "" },
        /* a chain, whose first link has gone, and a ring */
        { "[{\"name\":\"c\",\"depends_on\":{\"name\":\"b\"}},{\"name\":\"b\",\"depends_on\":{\"name\":\"a\"}},"
          "{\"name\":\"a\"}]", "{\"c\":3,\"b\":2,\"a\":1}", "{\"a\":\"\"}", "{\"a\":\"\"}", "" },
        { "[{\"name\":\"a\",\"depends_on\":{\"name\":\"b\"}},{\"name\":\"b\",\"depends_on\":{\"name\":\"a\"}}]",
          "{\"a\":1,\"b\":2}", "{}", "{\"a\":1,\"b\":2}", "" },
        /* what is not as it should be */
        { "[7,{\"type\":\"nameless\"},{\"name\":\"a\",\"depends_on\":5},{\"name\":\"b\",\"depends_on\":{}}]",
          "{\"a\":1,\"b\":2}", "{}", "{\"a\":1,\"b\":2}", "" },
};

static JsonObject *object(const char *text) {
        JsonObject *o;

        g_assert_cmpint(json_parse_object(text, strlen(text), SIZE_MAX, &o, NULL), ==, 0);
        return o;
}

static JsonArray *array(const char *text) {
        g_autoptr(JsonNode) node = NULL;

        g_assert_cmpint(json_parse(text, strlen(text), SIZE_MAX, &node, NULL), ==, 0);
        return json_node_dup_array(node);
}

static char *names(JsonArray *variables) {
        GString *s = g_string_new(NULL);

        for (unsigned i = 0; i < json_array_get_length(variables); i++)
                g_string_append_printf(
                                s, "%s%s", i > 0 ? " " : "",
                                json_object_get_string_member(json_array_get_object_element(variables, i), "name"));
        return g_string_free(s, false);
}

static void test_cases(void) {
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                g_autoptr(JsonArray) variables = array(cases[i].variables), missing = NULL;
                g_autoptr(JsonObject) stored = object(cases[i].stored), data = object(cases[i].data);
                g_autofree char *completed = NULL, *asked = NULL;
                g_auto(GStrv) unknown = run_from_complete(variables, stored, data);

                g_assert_null(unknown[0]);
                completed = json_format_object(data);
                g_assert_cmpstr(completed, ==, cases[i].completed);
                missing = run_from_missing(variables, stored, data);
                asked = names(missing);
                g_assert_cmpstr(asked, ==, cases[i].missing);
        }
}

static void test_unknown(void) {
        g_autoptr(JsonArray) variables = array("[{\"name\":\"a\"}]");
        g_autoptr(JsonObject) stored = object("{\"x\":1,\"a\":2,\"y\":3}"), data = object("{\"y\":4}");
        g_auto(GStrv) unknown = run_from_complete(variables, stored, data);
        g_autofree char *completed = json_format_object(data), *names_text = g_strjoinv(" ", unknown);

        g_assert_cmpstr(names_text, ==, "x y");
        g_assert_cmpstr(completed, ==, "{\"y\":4,\"a\":2}"); /* that y is wrong is for jobd to say */
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/cli/run-from/cases", test_cases);
        g_test_add_func("/cli/run-from/unknown", test_unknown);
        return g_test_run();
}
