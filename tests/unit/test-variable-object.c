/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-variable.h"
#include "variables-objects.h"

/* Type=object and Type=multiobject: in a class, in a request by themselves, and among the objects that there are. */

static const char users[] =
        "[{\"name\":\"root\",\"uid\":0,\"groups\":[\"root\"]},"
        "{\"name\":\"alice\",\"uid\":1000,\"groups\":[\"alice\",\"adm\"]},"
        "{\"name\":\"bob\",\"uid\":1001,\"groups\":[\"bob\",\"adm\"]}]";
static const char mounts[] = "[{\"mount_point\":\"/a\\nb\",\"n\":1},{\"mount_point\":\"/c\",\"n\":1},{\"n\":1}]";
static const char racks[] =
                "[{\"id\":\"r1\",\"site\":\"fra\"},{\"id\":\"r2\",\"site\":\"fra\"},{\"id\":\"r3\",\"site\":\"ber\"}]";

static void add_model(ObjectSet *set, const char *model, const char *key, const char *text) {
        g_autoptr(JsonNode) node = NULL;

        g_assert_no_errno(json_parse(text, strlen(text), JSON_SIZE_MAX, &node, NULL));
        object_set_add(set, model, object_list_new(json_node_dup_array(node), key));
}

static ObjectSet *objects_new(void) {
        ObjectSet *set = object_set_new();

        add_model(set, "user", "name", users);
        add_model(set, "racks", "id", racks);
        add_model(set, "mount", "mount_point", mounts);
        add_model(set, "empty", "id", "[]");
        object_set_add_problem(set, "broken", -EINVAL, BUS_ERROR_OBJECTS_UNAVAILABLE, "/etc/x.json: not JSON");
        return set;
}

/* ---- the class ---- */

static void test_keys(void) {
        static const struct {
                const char *lines, *key, *error;
        } table[] = {
                { "Type=object", "Model", "Type=object must specify a Model=, as in Model=user" },
                { "Type=multiobject", "Model", "Type=multiobject must specify a Model=, as in Model=user" },
                { "Type=object\nModel=", "Model", "Type=object must specify a Model=, as in Model=user" },
                { "Type=object\nModel=Racks", "Model",
                  "not the name of a model: one of systemd.unit, user, group, network.interface, block.device, mount, "
                  "or, "
                  "of the inventory, up to 64 of a-z, 0-9, \"_\", \".\" and \"-\", a letter first" },
                { "Type=string\nModel=user", "Model", "a variable of Type=string does not have this key" },
                { "Type=object\nModel=user\nRegex=a", "Regex", "a variable of Type=object does not have this key" },
                { "Type=object\nModel=user\nDefault={\"name\":\"root\"}", "Default",
                  "a query; a primary key is needed here" },
                { "Type=multiobject\nModel=user\nDefault=[\"a\",{}]", "Default",
                  "a query; a primary key is needed here" },
                { "Type=object\nModel=user\nQueryParams=x", "QueryParams", NULL },
                { "Type=object\nModel=user\nQueryParams=[]", "QueryParams", NULL },
                { "Type=object\nModel=user\nQueryParams={\"a\":{}}", "QueryParams",
                  "the value of \"a\" is an object; name its fields, as in \"driver__name\"" },
                { "Type=object\nModel=user\nQueryParams={\"a\":\"$v\"}", "QueryParams",
                  "\"$v\" is the variable itself" },
                { "Type=object\nModel=user\nQueryParams={\"a\":\"$\"}", "QueryParams", NULL },
                { "Type=object\nModel=user\nQueryParams={\"a\":\"$a b\"}", "QueryParams", NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(variable_freep) Variable *v = variable_new("v");
                g_autofree char *error = NULL;
                const char *key = NULL;

                g_assert_cmpint(set_keys(v, table[i].lines, &key, &error), ==, -EINVAL);
                g_assert_cmpstr(key, ==, table[i].key);
                g_assert_nonnull(error);
                if (table[i].error)
                        g_assert_cmpstr(error, ==, table[i].error);
        }
}

static void test_references(void) {
        static const struct {
                const char *a, *b, *c, *error;
        } table[] = {
                { "{\"uid\":\"$b\"}", "{\"uid\":\"$c\"}", "{}", NULL },
                { "{\"uid\":\"$b\",\"name\":\"$c\"}", "{\"uid\":\"$c\"}", "{}", NULL },
                { "{\"uid\":\"$$b\"}", "{\"uid\":\"$a\"}", "{}", NULL },
                { "{\"uid\":\"$d\"}", "{}", "{}",
                  "variable \"a\": QueryParams= refers to \"$d\", but there is no [Variable d]" },
                { "{\"uid\":\"$b\"}", "{\"uid\":\"$a\"}", "{}",
                  "variable \"a\": what it depends on by DependsOn= and QueryParams= ends in a circle" },
                { "{\"uid\":\"$b\"}", "{\"uid\":\"$c\"}", "{\"uid\":\"$a\"}",
                  "variable \"a\": what it depends on by DependsOn= and QueryParams= ends in a circle" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                g_autoptr(GPtrArray) class = class_new();
                g_autofree char *error = NULL;
                const char *const params[] = { table[i].a, table[i].b, table[i].c };
                static const char *const names[] = { "a", "b", "c" };
                int r;

                for (size_t k = 0; k < 3; k++) {
                        g_autofree char *lines = g_strdup_printf("Type=object\nModel=user\nQueryParams=%s", params[k]);

                        class_add(class, names[k], lines);
                }
                r = variables_check(class, NULL, &error);
                g_assert_cmpstr(error, ==, table[i].error);
                g_assert_cmpint(r, ==, table[i].error ? -EINVAL : 0);
        }
}

/* A circle of DependsOn= one way and QueryParams= the other. */
static void test_mixed_circle(void) {
        g_autoptr(GPtrArray) class = class_new();
        g_autofree char *error = NULL;

        class_add(class, "a", "Type=object\nModel=user\nQueryParams={\"name\":\"$b\"}");
        class_add(class, "b", "Type=string\nDependsOn=a");
        g_assert_cmpint(variables_check(class, NULL, &error), ==, -EINVAL);
        g_assert_cmpstr(error, ==,
                        "variable \"a\": what it depends on by DependsOn= and QueryParams= ends in a circle");
}

static void test_described(void) {
        g_autoptr(GPtrArray) class = class_new();
        g_autoptr(JsonNode) node = NULL;
        g_autofree char *text = NULL;

        class_add(class, "u", "Type=object\nModel=user\nDefault=root\nQueryParams={\"uid__lt\": 1000}");
        class_add(class, "s", "Type=multiobject\nModel=racks\nSensitive=yes\nDefault=r1\nRequired=no");
        node = variables_describe(class);
        text = json_format(node);
        g_assert_cmpstr(text, ==,
                        "[{\"name\":\"u\",\"type\":\"object\",\"required\":true,\"model\":\"user\",\"primary_key\":"
                        "\"name\",\"query_params\":"
                        "{\"uid__lt\":1000},\"default\":\"root\",\"sensitive\":false},"
                        "{\"name\":\"s\",\"type\":\"multiobject\",\"required\":false,\"model\":\"racks\",\"primary_"
                        "key\":\"id\","
                        "\"sensitive\":true}]");
}

/* ---- a request ---- */

typedef struct Value {
        const char *lines, *value, *accepted, *refused; /* as in test-variable-values.c */
} Value;

#define USER "Type=object\nModel=user\n"
#define USERS "Type=multiobject\nModel=user\n"
#define REQUIRED "This field is required."
#define NEITHER "Enter a primary key, or an object of field lookups."
#define CONTROL "Control characters are not allowed."

/* Without the objects: only the form. */
static const Value forms[] = {
        { USER "Label=x", "\"root\"", "\"root\"", NULL },
        { USER "Label=x", "\"$(reboot) %n ${HOME} ' \\\"\"", "\"$(reboot) %n ${HOME} ' \\\"\"", NULL },
        { USER "Label=x", "{\"name\":\"x\"}", "{\"name\":\"x\"}", NULL },
        { USER "Label=x", "{}", "{}", NULL },
        { USER "Label=x", "\"a\\nb\"", NULL, CONTROL },
        { USER "Label=x", "\"a\\tb\"", NULL, CONTROL },
        { USER "Label=x", "\"a\\u001bb\"", NULL, CONTROL },
        { USER "Label=x", "5", NULL, NEITHER },
        { USER "Label=x", "true", NULL, NEITHER },
        { USER "Label=x", "[\"root\"]", NULL, NEITHER },
        { USER "Label=x", "[]", NULL, NEITHER },
        { USER "Label=x", "\"\"", NULL, REQUIRED },
        { USER "Label=x", "null", NULL, REQUIRED },
        { USER "Label=x", NULL, NULL, REQUIRED },
        { USER "Required=no", "\"\"", "null", NULL },
        { USER "Required=no", NULL, "null", NULL },
        { USER "Default=root", NULL, "\"root\"", NULL },
        { USERS "Label=x", "[\"root\",{\"uid\":5}]", "[\"root\",{\"uid\":5}]", NULL },
        { USERS "Label=x", "{\"uid\":5}", "{\"uid\":5}", NULL },
        { USERS "Label=x", "\"root\"", NULL, "Enter a list of values." },
        { USERS "Label=x", "5", NULL, "Enter a list of values." },
        { USERS "Label=x", "[null,\"\",[],\"a\\nb\"]", NULL,
          "[\"" NEITHER "\",\"" NEITHER "\",\"" NEITHER "\",\"" CONTROL "\"]" },
        { USERS "Label=x", "[]", NULL, REQUIRED },
        { USERS "Label=x", "\"\"", NULL, REQUIRED },
        { USERS "Required=no", "[]", "[]", NULL },
        { USERS "Required=no", "null", "null", NULL },
        { USERS "Default=root, alice", NULL, "[\"root\",\"alice\"]", NULL },
};

#define MISSING "Failed to find requested objects for var v: "
#define NOT_ONE_OF_THEM "Select a valid choice. That choice is not one of the available choices."

/* With them. */
static const Value found[] = {
        { USER "Label=x", "\"root\"", "\"root\"", NULL },
        { USER "Label=x", "{\"uid\":1000}", "\"alice\"", NULL },
        { USER "Label=x", "{\"groups\":\"adm\",\"name__startswith\":\"b\"}", "\"bob\"", NULL },
        { USER "Default=bob", NULL, "\"bob\"", NULL },
        { USER "Default=eve", NULL, NULL, MISSING "[\\\"eve\\\"]" },
        { USER "Required=no", NULL, "null", NULL },
        { USER "Label=x", "\"eve\"", NULL, MISSING "[\\\"eve\\\"]" },
        { USER "Label=x", "\"Root\"", NULL, MISSING "[\\\"Root\\\"]" },
        { USER "Label=x", "{\"groups\":\"adm\"}", NULL,
          "2 objects of model \\\"user\\\" fit {\\\"groups\\\":\\\"adm\\\"}, it must be exactly one." },
        { USER "Label=x", "{\"uid\":7}", NULL, "No object of model \\\"user\\\" fits {\\\"uid\\\":7}." },
        { USER "Label=x", "{}", NULL, "3 objects of model \\\"user\\\" fit {}, it must be exactly one." },
        { USER "Label=x", "{\"colour\":7}", NULL,
          "The query is wrong: \\\"colour\\\": there is no field \\\"colour\\\"; there are groups, name, uid." },
        { USER "Sensitive=yes", "\"hunter2\"", NULL, "Failed to find requested objects for var v." },
        { USER "Sensitive=yes", "{\"name\":\"hunter2\"}", NULL, "No object of model \\\"user\\\" fits the query." },
        { USER "Sensitive=yes", "{\"hunter2\":1}", NULL,
          "The query is wrong: it has a field or a lookup that there is not, or a value that the lookup does not "
          "take." },
        { USER "QueryParams={\"uid__gte\":1000}", "\"bob\"", "\"bob\"", NULL },
        { USER "QueryParams={\"uid__gte\":1000}", "\"root\"", NULL, NOT_ONE_OF_THEM },
        { USER "QueryParams={\"uid__gte\":1000}", "{\"name__in\":[\"root\",\"bob\"]}", "\"bob\"", NULL },
        { USER "QueryParams={\"colour\":1}", "\"root\"", NULL,
          "QueryParams= of this variable is wrong: \\\"colour\\\": there is no field \\\"colour\\\"; there are "
          "groups, name, "
          "uid." },
        { USERS "Label=x", "[\"bob\",\"root\",{\"uid\":1001}]", "[\"bob\",\"root\"]", NULL },
        { USERS "Label=x", "{\"groups\":\"adm\"}", "[\"alice\",\"bob\"]", NULL },
        { USERS "Label=x", "{}", "[\"root\",\"alice\",\"bob\"]", NULL },
        { USERS "Label=x", "{\"uid\":7}", NULL, "No object of model \\\"user\\\" fits {\\\"uid\\\":7}." },
        { USERS "Required=no", "{\"uid\":7}", "[]", NULL },
        { USERS "Label=x", "[\"eve\",\"bob\",\"mallory\"]", NULL, MISSING "[\\\"eve\\\",\\\"mallory\\\"]" },
        { USERS "QueryParams={\"uid__gte\":1000}", "{}", "[\"alice\",\"bob\"]", NULL },
        { USERS "QueryParams={\"uid__gte\":1000}", "[\"bob\",\"root\"]", NULL, NOT_ONE_OF_THEM },
        { "Type=object\nModel=empty", "{\"anything\":1}", NULL,
          "No object of model \\\"empty\\\" fits {\\\"anything\\\":1}." },
        { "Type=multiobject\nModel=mount", "{\"n\":1}", "[\"/c\"]", NULL }, /* the others cannot be named */
        { "Type=object\nModel=broken", "\"x\"", NULL, "/etc/x.json: not JSON" },
        { "Type=object\nModel=elsewhere", "\"x\"", NULL, "the objects of model 'elsewhere' were not read: try again" },
};

static void assert_values(const Value *values, size_t n, const ObjectSet *objects) {
        for (size_t i = 0; i < n; i++) {
                const Value *v = values + i;
                g_autoptr(GPtrArray) class = class_new();
                g_autoptr(JsonObject) input = NULL, got = NULL, errors = NULL, again = NULL;
                g_autofree char *text = v->value ? g_strdup_printf("{\"v\":%s}", v->value) : g_strdup("{}");
                g_autofree char *got_text = NULL, *errors_text = NULL, *again_text = NULL, *expected = NULL;
                int r;

                class_add(class, "v", v->lines);
                input = object_from_text(text);
                r = variables_validate_objects(class, input, objects, &got, &errors);
                got_text = got ? json_format_object(got) : NULL;
                errors_text = errors ? json_format_object(errors) : NULL;
                expected = v->accepted ? g_strdup_printf("{\"v\":%s}", v->accepted)
                                       : g_strdup_printf(v->refused[0] == '[' ? "{\"v\":%s}" : "{\"v\":[\"%s\"]}",
                                                         v->refused);
                g_test_message("%s %s", v->lines, text);
                g_assert_cmpstr(v->accepted ? got_text : errors_text, ==, expected);
                g_assert_true(!got != !errors && (r < 0) == !got);
                if (!got)
                        continue;
                g_assert_no_errno(variables_validate_objects(class, got, objects, &again, &errors));
                again_text = json_format_object(again);
                g_assert_cmpstr(again_text, ==, got_text);
        }
}

static void test_forms(void) {
        assert_values(forms, ELEMENTSOF(forms), NULL);
}

static void test_found(void) {
        _cleanup_(object_set_unrefp) ObjectSet *objects = objects_new();

        assert_values(found, ELEMENTSOF(found), objects);
}

static void assert_input(GPtrArray *class, const ObjectSet *objects, const char *input, const char *expected) {
        g_autoptr(JsonObject) object = object_from_text(input), values = NULL, errors = NULL;
        g_autofree char *text = NULL;
        int r;

        r = variables_validate_objects(class, object, objects, &values, &errors);
        g_assert_true((r < 0) == !values);
        text = json_format_object(values ?: errors);
        g_test_message("%s", input);
        g_assert_cmpstr(text, ==, expected);
}

/* QueryParams= that looks at another variable, which may have no value, or a wrong one. */
static void test_other_variable(void) {
        _cleanup_(object_set_unrefp) ObjectSet *objects = objects_new();
        g_autoptr(GPtrArray) class = class_new();

        class_add(class, "rack", "Type=object\nModel=racks\nQueryParams={\"site\":\"$site\"}");
        class_add(class, "site", "Type=choice\nChoices=fra ber\nRequired=no");
        assert_input(class, objects, "{\"rack\":\"r3\",\"site\":\"ber\"}", "{\"rack\":\"r3\",\"site\":\"ber\"}");
        assert_input(class, objects, "{\"rack\":\"r1\",\"site\":\"ber\"}", "{\"rack\":[\"" NOT_ONE_OF_THEM "\"]}");
        assert_input(class, objects, "{\"rack\":{},\"site\":\"ber\"}", "{\"rack\":\"r3\",\"site\":\"ber\"}");
        assert_input(class, objects, "{\"rack\":\"r1\"}", "{\"rack\":\"r1\",\"site\":null}");
        assert_input(class, objects, "{\"rack\":\"r1\",\"site\":\"\"}", "{\"rack\":\"r1\",\"site\":null}");
        assert_input(class, objects, "{\"rack\":\"r1\",\"site\":\"x\"}",
                     "{\"site\":[\"Select a valid choice. x is not one of the available choices.\"]}");
}

static void test_list_of_other(void) {
        _cleanup_(object_set_unrefp) ObjectSet *objects = objects_new();
        g_autoptr(GPtrArray) class = class_new();

        class_add(class, "all", "Type=multiobject\nModel=user");
        class_add(class, "one", "Type=object\nModel=user\nQueryParams={\"name__in\":\"$all\"}");
        class_add(class, "more", "Type=string\nRequired=no\nDependsOn=one=bob");
        assert_input(class, objects, "{\"all\":{\"groups\":\"adm\"},\"one\":{\"uid\":1001},\"more\":\"x\"}",
                     "{\"all\":[\"alice\",\"bob\"],\"one\":\"bob\",\"more\":\"x\"}");
        assert_input(class, objects, "{\"all\":[\"alice\"],\"one\":\"bob\"}", "{\"one\":[\"" NOT_ONE_OF_THEM "\"]}");
}

/* ---- what is wanted, and what the job gets ---- */

static unsigned n_keys(GHashTable *wants, const char *model) {
        GHashTable *keys = g_hash_table_lookup(wants, model);

        g_assert_nonnull(keys);
        return g_hash_table_size(keys);
}

static void test_wants(void) {
        g_autoptr(GPtrArray) class = class_new();
        g_autoptr(JsonObject) none = object_from_text("{\"u\":null,\"s\":\"x\",\"l\":[]}"), some = NULL;
        g_autoptr(GHashTable) wants = NULL, none_wanted = NULL;

        class_add(class, "u", USER "Required=no");
        class_add(class, "l", "Type=multiobject\nModel=racks\nDefault=r1\nRequired=no");
        class_add(class, "s", "Type=string");
        none_wanted = variables_object_wants(class, none);
        g_assert_null(none_wanted);
        some = object_from_text("{\"u\":{\"uid\":1},\"l\":[\"a\",\"b\",\"a\",5,{}]}");
        wants = variables_object_wants(class, some);
        g_assert_cmpuint(g_hash_table_size(wants), ==, 2);
        g_assert_cmpuint(n_keys(wants, "user"), ==, 0);
        g_assert_cmpuint(n_keys(wants, "racks"), ==, 2);
}

static void test_with_objects(void) {
        _cleanup_(object_set_unrefp) ObjectSet *objects = objects_new();
        g_autoptr(GPtrArray) class = class_new();
        g_autoptr(JsonObject) values = NULL, with = NULL, errors = NULL, gone = NULL, unused = NULL;
        g_autofree char *text = NULL, *errors_text = NULL;

        class_add(class, "u", USER "Label=x");
        class_add(class, "l", "Type=multiobject\nModel=racks");
        class_add(class, "n", USER "Required=no");
        class_add(class, "s", "Type=string");
        values = object_from_text("{\"u\":\"root\",\"l\":[\"r3\",\"r1\"],\"n\":null,\"s\":\"root\"}");
        g_assert_no_errno(variables_with_objects(class, values, objects, &with, &errors));
        text = json_format_object(with);
        g_assert_cmpstr(text, ==,
                        "{\"u\":{\"name\":\"root\",\"uid\":0,\"groups\":[\"root\"]},\"l\":[{\"id\":\"r3\",\"site\":"
                        "\"ber\"},"
                        "{\"id\":\"r1\",\"site\":\"fra\"}],\"n\":null,\"s\":\"root\"}");

        gone = object_from_text("{\"u\":\"eve\",\"l\":[\"r9\",\"r1\"],\"n\":null,\"s\":\"root\"}");
        g_assert_cmpint(variables_with_objects(class, gone, objects, &unused, &errors), ==, -ENOENT);
        errors_text = json_format_object(errors);
        g_assert_cmpstr(errors_text, ==,
                        "{\"u\":[\"Failed to find requested objects for var u: [\\\"eve\\\"]\"],"
                        "\"l\":[\"Failed to find requested objects for var l: [\\\"r9\\\"]\"]}");
}

static void test_too_large(void) {
        _cleanup_(object_set_unrefp) ObjectSet *objects = object_set_new();
        g_autofree char *filling = g_strnfill(10000, 'x'), *errors_text = NULL;
        g_autoptr(JsonObject) values = NULL, with = NULL, errors = NULL;
        g_autoptr(GPtrArray) class = class_new();
        JsonArray *large = json_array_new();
        JsonArray *keys = json_array_new();

        for (unsigned i = 0; i < 100; i++) {
                JsonObject *object = json_object_new();
                g_autofree char *key = g_strdup_printf("k%u", i);

                json_object_set_string_member(object, "id", key);
                json_object_set_string_member(object, "filling", filling);
                json_array_add_object_element(large, object);
                json_array_add_string_element(keys, key);
        }
        object_set_add(objects, "large", object_list_new(large, "id"));
        class_add(class, "l", "Type=multiobject\nModel=large");
        values = json_object_new();
        json_object_set_array_member(values, "l", keys);
        g_assert_cmpint(variables_with_objects(class, values, objects, &with, &errors), ==, -E2BIG);
        errors_text = json_format_object(errors);
        g_assert_true(g_str_has_prefix(errors_text, "{\"l\":[\"The objects chosen have 100"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/variable-object/keys", test_keys);
        g_test_add_func("/variable-object/references", test_references);
        g_test_add_func("/variable-object/mixed-circle", test_mixed_circle);
        g_test_add_func("/variable-object/described", test_described);
        g_test_add_func("/variable-object/forms", test_forms);
        g_test_add_func("/variable-object/found", test_found);
        g_test_add_func("/variable-object/other-variable", test_other_variable);
        g_test_add_func("/variable-object/list-of-other", test_list_of_other);
        g_test_add_func("/variable-object/wants", test_wants);
        g_test_add_func("/variable-object/with-objects", test_with_objects);
        g_test_add_func("/variable-object/too-large", test_too_large);
        return g_test_run();
}
