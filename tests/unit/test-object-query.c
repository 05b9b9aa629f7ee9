/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "object-model.h"
#include "object-query.h"

/* Queries against a small inventory: which objects each finds, and what is said of those that are wrong. */

static const char inventory[] =
                "[{\"id\":\"r1\",\"name\":\"Core-1\",\"slots\":4,\"load\":0.5,\"tags\":[\"core\",\"lab\"],\"driver\":{"
                "\"name\":\"ios\"},"
                "\"ports\":[{\"name\":\"ge0\",\"up\":true},{\"name\":\"ge1\",\"up\":false}],\"note\":null},"
                "{\"id\":\"r2\",\"name\":\"core-2\",\"slots\":12,\"load\":2,\"tags\":[],\"driver\":{\"name\":"
                "\"junos\",\"in\":\"x\"},"
                "\"ports\":[{\"name\":\"ge1\",\"up\":true}],\"note\":\"é %s $(id)\"},"
                "{\"id\":\"r3\",\"name\":\"edge\",\"slots\":9007199254740993,\"in\":\"field\",\"since\":\"2026-01-"
                "31\","
                "\"serial\":\"10\"}]";

static JsonArray *objects_from_text(const char *text) {
        g_autoptr(JsonNode) node = NULL;

        g_assert_no_errno(json_parse(text, strlen(text), JSON_SIZE_MAX, &node, NULL));
        return json_node_dup_array(node);
}

static uint64_t budget;

static int query_new(const char *text, JsonArray *objects, ObjectQuery **ret, char **ret_error) {
        g_autoptr(JsonObject) lookups = NULL;

        g_assert_no_errno(json_parse_object(text, strlen(text), JSON_SIZE_MAX, &lookups, NULL));
        budget = OBJECT_QUERY_STEPS_MAX;
        return object_query_new(lookups, objects, &budget, ret, ret_error);
}

static void test_found(void) {
        static const struct {
                const char *query, *found;
        } table[] = {
                { "{}", "r1 r2 r3" },
                { "{\"name\":\"edge\"}", "r3" },
                { "{\"name__exact\":\"edge\"}", "r3" },
                { "{\"name\":\"Edge\"}", "" },
                { "{\"name__iexact\":\"EDGE\"}", "r3" },
                { "{\"name__startswith\":\"core\"}", "r2" },
                { "{\"name__istartswith\":\"CORE\"}", "r1 r2" },
                { "{\"name__endswith\":\"-2\"}", "r2" },
                { "{\"name__iendswith\":\"DGE\"}", "r3" },
                { "{\"name__contains\":\"ore\"}", "r1 r2" },
                { "{\"name__contains\":\"\"}", "r1 r2 r3" },
                { "{\"name__icontains\":\"ORE-\"}", "r1 r2" },
                { "{\"name__in\":[\"edge\",\"core-2\",5,null]}", "r2 r3" },
                { "{\"name__in\":[]}", "" },
                { "{\"name\":5}", "" },

                { "{\"slots\":4}", "r1" },
                { "{\"slots\":4.0}", "r1" },
                { "{\"load\":2.0}", "r2" },
                { "{\"slots\":\"4\"}", "" }, /* no conversion */
                { "{\"slots__gt\":4}", "r2 r3" },
                { "{\"slots__gte\":4}", "r1 r2 r3" },
                { "{\"slots__lt\":12}", "r1" },
                { "{\"slots__lte\":12.5}", "r1 r2" },
                { "{\"slots__gt\":9007199254740992}", "r3" }, /* beyond what a double holds */
                { "{\"slots__gt\":9007199254740993}", "" },
                { "{\"slots__gt\":\"4\"}", "" },
                { "{\"since__gte\":\"2026-01-01\",\"since__lt\":\"2027\"}", "r3" },
                { "{\"slots__in\":[4.0,12]}", "r1 r2" },

                { "{\"note__isnull\":true}", "r1 r3" },
                { "{\"note__isnull\":false}", "r2" },
                { "{\"note\":null}", "r1 r3" },
                { "{\"tags__isnull\":true}", "r2 r3" },
                { "{\"tags__isnull\":false}", "r1" },
                { "{\"driver__name__isnull\":true}", "r3" },

                { "{\"driver__name\":\"ios\"}", "r1" },
                { "{\"driver__name__in\":[\"ios\",\"junos\"]}", "r1 r2" },
                { "{\"driver__name__contains\":\"os\"}", "r1 r2" },
                { "{\"tags\":\"lab\"}", "r1" },
                { "{\"tags\":[\"core\",\"lab\"]}", "r1" },
                { "{\"tags\":[\"lab\",\"core\"]}", "" },
                { "{\"tags__in\":[\"x\",\"core\"]}", "r1" },
                { "{\"tags__startswith\":\"la\"}", "r1" },
                { "{\"ports__name\":\"ge1\"}", "r1 r2" },
                { "{\"ports__up\":false}", "r1" },
                { "{\"in\":\"field\"}", "r3" }, /* fields that are called like lookups */
                { "{\"in__in\":[\"field\"]}", "r3" },
                { "{\"driver__in\":\"x\"}", "r2" },
                { "{\"driver__in__in\":[\"x\"]}", "r2" },
                { "{\"name__startswith\":\"c\",\"slots\":12}", "r2" },
                { "{\"name__startswith\":\"c\",\"slots\":4}", "" },
                { "{\"note__contains\":\"$(id)\"}", "r2" },
                { "{\"note__contains\":\"%s\"}", "r2" },
        };
        g_autoptr(JsonArray) objects = objects_from_text(inventory);

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(object_query_freep) ObjectQuery *q = NULL;
                g_autoptr(GString) found = g_string_new(NULL);
                g_autofree char *error = NULL;
                int r;

                r = query_new(table[i].query, objects, &q, &error);
                g_assert_cmpstr(error, ==, NULL);
                g_assert_no_errno(r);
                for (unsigned k = 0; k < json_array_get_length(objects); k++)
                        if (object_query_matches(q, json_array_get_element(objects, k)))
                                g_string_append_printf(found, "%sr%u", found->len > 0 ? " " : "", k + 1);
                g_test_message("%s", table[i].query);
                g_assert_cmpstr(found->str, ==, table[i].found);
        }
}

/* As if each had been compared. */
static void test_in_numbers(void) {
        static const struct {
                const char *query;
                unsigned found;
        } table[] = {
                { "[9007199254740993]", 2 }, { "[9007199254740992]", 2 }, { "[9007199254740992.0]", 3 }, { "[0.5]", 1 },
                { "[-0.0]", 1 },             { "[true,{\"a\":1}]", 2 },  { "[\"0\"]", 0 },
        };
        g_autoptr(JsonArray) objects = objects_from_text("[{\"n\":9007199254740992},{\"n\":9007199254740993},"
                                                         "{\"n\":9007199254740992.0},{\"n\":0.5},{\"n\":0},{\"n\":true},"
                                                         "{\"n\":{\"a\":1}}]");

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                g_autofree char *text = g_strdup_printf("{\"n__in\":%s}", table[i].query), *error = NULL;
                _cleanup_(object_query_freep) ObjectQuery *q = NULL;
                unsigned found = 0;

                g_assert_no_errno(query_new(text, objects, &q, &error));
                for (unsigned k = 0; k < json_array_get_length(objects); k++)
                        found += object_query_matches(q, json_array_get_element(objects, k));
                g_test_message("%s", text);
                g_assert_cmpuint(found, ==, table[i].found);
        }
}

/* However it is asked, it ends: nobody can keep the daemon busy. */
static void test_budget(void) {
        static const char *const queries[] = { "{\"a__icontains\":\"y\"}", "{\"a__in\":[true,null,false]}", "{\"a\":\"y\"}" };
        g_autoptr(GString) text = g_string_new("[{\"a\":[\"x\"");
        g_autoptr(JsonArray) objects = NULL;

        for (unsigned i = 0; i < 10000; i++)
                g_string_append(text, ",\"x\"");
        g_string_append(text, "]}]");
        objects = objects_from_text(text->str);
        for (size_t i = 0; i < ELEMENTSOF(queries); i++) {
                _cleanup_(object_query_freep) ObjectQuery *q = NULL, *again = NULL;
                g_autofree char *error = NULL;
                unsigned n = 0;

                g_assert_no_errno(query_new(queries[i], objects, &q, &error));
                for (; budget > 0 && n < 1000; n++)
                        g_assert_false(object_query_matches(q, json_array_get_element(objects, 0)));
                g_assert_cmpuint(n, <, 600);
                g_assert_cmpuint(n, >, 50);
                g_assert_false(object_query_matches(q, json_array_get_element(objects, 0)));
                g_assert_cmpint(object_query_new(json_node_get_object(json_array_get_element(objects, 0)), objects,
                                                 &budget, &again, &error), ==, -EINVAL);
                g_assert_cmpstr(error, ==, OBJECT_QUERY_TOO_LONG);
        }
}

#define FIELDS "driver, id, in, load, name, note, ports, serial, since, slots, tags"
#define LOOKUPS                                                                                                       \
        "exact, iexact, in, contains, icontains, startswith, istartswith, endswith, iendswith, gt, gte, lt, lte, "    \
        "isnull"

static void test_refused(void) {
        static const struct {
                const char *query, *error;
        } table[] = {
                { "{\"colour\":1}", "\"colour\": there is no field \"colour\"; there are " FIELDS },
                { "{\"colour__in\":[1]}", "\"colour__in\": there is no field \"colour\"; there are " FIELDS },
                { "{\"name__like\":\"x\"}", "\"name__like\": there is no lookup \"like\"; the lookups are " LOOKUPS },
                { "{\"name__\":\"x\"}", "\"name__\": there is no lookup \"\"; the lookups are " LOOKUPS },
                { "{\"__name\":\"x\"}", "\"__name\": there is no field \"\"; there are " FIELDS },
                { "{\"name__in__in\":[]}", "\"name__in__in\": there is no lookup \"in\"; the lookups are " LOOKUPS },
                { "{\"driver__model\":1}",
                  "\"driver__model\": there is no lookup \"model\", and no such field in that one, "
                  "which has in, name; the lookups are " LOOKUPS },
                { "{\"\":1}", "a key is empty; it is the name of a field" },
                { "{\"a__b__c__d__e__f__g__h__i__j\":1}", "a key has more than 8 fields within fields" },
                { "{\"name__in\":\"edge\"}", "\"name__in\": a list of values is needed" },
                { "{\"name__contains\":5}", "\"name__contains\": a string is needed" },
                { "{\"name__icontains\":null}", "\"name__icontains\": a string is needed" },
                { "{\"slots__gt\":true}", "\"slots__gt\": a number or a string is needed" },
                { "{\"slots__lte\":[1]}", "\"slots__lte\": a number or a string is needed" },
                { "{\"note__isnull\":\"yes\"}", "\"note__isnull\": true or false is needed" },
                { "{\"driver\":{\"name\":\"ios\"}}",
                  "\"driver\": an object is no value; name its fields, as in \"driver__name\"" },
                { "{\"\\u001b[31m\":1}", "\"\\u001b[31m\": there is no field \"\\u001b[31m\"; there are " FIELDS },
        };
        g_autoptr(JsonArray) objects = objects_from_text(inventory);

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                ObjectQuery *q = NULL;
                g_autofree char *error = NULL;

                g_assert_cmpint(query_new(table[i].query, objects, &q, &error), ==, -EINVAL);
                g_assert_cmpstr(error, ==, table[i].error);
        }
}

/* Without objects nobody knows the fields: nothing is found, and nothing is wrong. */
static void test_no_objects(void) {
        g_autoptr(JsonArray) objects = json_array_new();
        _cleanup_(object_query_freep) ObjectQuery *q = NULL;
        g_autofree char *error = NULL;

        g_assert_no_errno(query_new("{\"colour__in\":[1],\"a__b\":2}", objects, &q, &error));
        g_assert_cmpint(query_new("{\"colour__in\":1}", objects, &q, &error), ==, -EINVAL);
        g_assert_cmpstr(error, ==, "\"colour__in\": a list of values is needed");
}

static void test_limits(void) {
        g_autoptr(JsonArray) objects = objects_from_text(inventory);
        g_autoptr(GString) many = g_string_new("{\"id__in\":[0"), lookups = g_string_new("{\"id\":0");
        g_autofree char *error = NULL, *other_error = NULL;
        ObjectQuery *q = NULL;

        for (unsigned i = 0; i < OBJECT_QUERY_VALUES_MAX; i++)
                g_string_append(many, ",1");
        g_string_append(many, "]}");
        g_assert_cmpint(query_new(many->str, objects, &q, &error), ==, -EINVAL);
        g_assert_cmpstr(error, ==, "\"id__in\": more than 1000 values");

        for (unsigned i = 0; i < OBJECT_QUERY_LOOKUPS_MAX; i++)
                g_string_append_printf(lookups, ",\"f%u\":0", i);
        g_string_append(lookups, "}");
        g_assert_cmpint(query_new(lookups->str, objects, &q, &other_error), ==, -EINVAL);
        g_assert_cmpstr(other_error, ==, "more than 32 lookups");
}

static void test_model_names(void) {
        static const char *const good[] = { "racks", "a", "net.devices", "x-1_y", "systemd" };
        static const char *const wrong[] = { "",     "Racks",        "1a",  ".a", "../x", "a/b",
                                             "user", "systemd.unit", "a b", "é",  "a\n" };
        g_autofree char *longest = g_strnfill(OBJECT_MODEL_NAME_MAX, 'a'), *longer = g_strnfill(65, 'a');

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                g_assert_true(inventory_model_name_is_valid(good[i]));
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                g_assert_false(inventory_model_name_is_valid(wrong[i]));
        g_assert_true(inventory_model_name_is_valid(longest));
        g_assert_false(inventory_model_name_is_valid(longer));
        g_assert_cmpstr(host_model_key("mount"), ==, "mount_point");
        g_assert_cmpstr(host_model_key("user"), ==, "name");
        g_assert_cmpstr(host_model_key("racks"), ==, NULL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/object-query/found", test_found);
        g_test_add_func("/object-query/in-numbers", test_in_numbers);
        g_test_add_func("/object-query/budget", test_budget);
        g_test_add_func("/object-query/refused", test_refused);
        g_test_add_func("/object-query/no-objects", test_no_objects);
        g_test_add_func("/object-query/limits", test_limits);
        g_test_add_func("/object-query/model-names", test_model_names);
        return g_test_run();
}
