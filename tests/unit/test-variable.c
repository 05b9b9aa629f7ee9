/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-variable.h"

/* The class's side: keys, types, defaults, cross-checks, descriptions. */

static void test_names(void) {
        static const char *const good[] = { "device", "_x", "A1_b", "dryrun", "x", "Name", "names" };
        static const char *const bad[] = {
                "", "1a", "a-b", "a b", "a.b", "é", "a\n",
        };
        g_autofree char *longest = g_strnfill(VARIABLE_NAME_MAX, 'a'), *longer = g_strconcat(longest, "a", NULL);
        g_autofree char *error = NULL;

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                g_assert_cmpint(variable_name_check(good[i], NULL), ==, 0);
        g_assert_cmpint(variable_name_check(longest, NULL), ==, 0);

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                g_autofree char *message = NULL;

                g_assert_cmpint(variable_name_check(bad[i], &message), ==, -EINVAL);
                g_assert_nonnull(message);
        }
        g_assert_cmpint(variable_name_check(longer, &error), ==, -EINVAL);
        g_assert_cmpstr(error, ==, "the name of a variable has at most 64 characters");
}

/* Reference, row M20: each of them, and no other name. */
static void test_reserved_names(void) {
        static const char *const reserved[] = {
                "after_return", "as_form", "as_form_class", "before_start", "celery_kwargs", "class_path",
                "class_path_dotted", "class_path_js_escaped", "create_file", "description", "description_first_line",
                "deserialize_data", "dryrun_default", "fail", "field_order", "file_path", "grouping",
                "has_sensitive_variables", "hidden", "is_singleton", "job_model", "job_result", "load_json",
                "load_yaml", "name", "on_failure", "on_retry", "on_success", "prepare_job_kwargs", "properties_dict",
                "read_only", "registered_name", "run", "serialize_data", "soft_time_limit", "supports_dryrun",
                "task_queues", "template_name", "time_limit", "user", "validate_data",
        };

        for (size_t i = 0; i < ELEMENTSOF(reserved); i++) {
                g_autofree char *message = NULL, *longer = g_strconcat(reserved[i], "_", NULL);
                g_autofree char *upper = g_ascii_strup(reserved[i], -1);
                g_autofree char *expected =
                                g_strdup_printf("\"%s\" is reserved; call the variable something else", reserved[i]);

                g_assert_cmpint(variable_name_check(reserved[i], &message), ==, -EINVAL);
                g_assert_cmpstr(message, ==, expected);
                g_assert_cmpint(variable_name_check(longer, NULL), ==, 0);
                g_assert_cmpint(variable_name_check(upper, NULL), ==, 0);
        }
}

typedef struct BadKeys {
        const char *lines;
        const char *key;
        const char *message; /* one that ends in a space goes on in GLib's words */
} BadKeys;

static const BadKeys bad_keys[] = {
        /* One key by itself */
        { "Type=int", "Type",
          "no such type; there are string, text, json, integer, boolean, dryrun, choice, multichoice, ipaddress, "
          "ipaddress-with-mask, ipnetwork, path, duration, object, multiobject, file" },
        { "Type=model", "Type",
          "no such type; there are string, text, json, integer, boolean, dryrun, choice, multichoice, ipaddress, "
          "ipaddress-with-mask, ipnetwork, path, duration, object, multiobject, file" },
        { "Label=a\tb", "Label", "a control character; a label is one line of text" },
        { "Label=\xff", "Label", "not UTF-8" },
        { "Required=maybe", "Required", "not a boolean; write yes or no" },
        { "Sensitive=2", "Sensitive", "not a boolean; write yes or no" },
        { "Widget=<script>", "Widget", "not the name of a widget: up to 64 letters, digits, \"_\" and \"-\"" },
        { "MinLength=-1", "MinLength", "not a whole number from 0 to 65536" },
        { "MinLength=3x", "MinLength", "not a whole number from 0 to 65536" },
        { "MaxLength=0", "MaxLength", "not a whole number from 1 to 65536" },
        { "MaxLength=65537", "MaxLength", "not a whole number from 1 to 65536" },
        { "MaxLength=99999999999999999999", "MaxLength", "not a whole number from 1 to 65536" },
        { "MinPrefixLength=129", "MinPrefixLength", "not a whole number from 0 to 128" },
        { "Regex=a)|(?:b", "Regex", "not a regular expression (PCRE2): " },
        { "Regex=[a", "Regex", "not a regular expression (PCRE2): " },
        { "Regex=\\Qabc", "Regex",
          "a regular expression (PCRE2) that does not end by itself; close \\Q by \\E, and let no comment run to the "
          "end" },
        { "Regex=(?x)a # b", "Regex",
          "a regular expression (PCRE2) that does not end by itself; close \\Q by \\E, and let no comment run to the "
          "end" },
        { "DependsOn=a-b", "DependsOn",
          "the name of a variable consists of letters, digits and \"_\", and does not start with a digit" },
        { "DependsOn=v", "DependsOn", "a variable cannot depend on itself" },
        { "DependsOn=w=", "DependsOn", "no value after \"=\"; write NAME=VALUE, or NAME for any value" },
        { "Choices=\"a", "Choices", "a quote that does not end" },
        { "Choices=a\\n", "Choices", "a backslash that is not before one of \"' :\\" },
        { "Choices=a\\", "Choices", "a backslash that is not before one of \"' :\\" },
        { "Choices=a:", "Choices", "the choice \"a\" has \":\" but no label after it" },
        { "Choices=:b", "Choices", "a choice without a value; write VALUE or VALUE:LABEL" },
        { "Choices=\"\"", "Choices", "a choice without a value; write VALUE or VALUE:LABEL" },
        { "Choices=a b a:A", "Choices", "the choice \"a\" is there twice" },
        { "Choices=a\nChoices=a", "Choices", "the choice \"a\" is there twice" },
        { "Choices=\"a\tb\"", "Choices", "a control character in a choice" },

        /* Keys that do not fit the type */
        { "MinValue=1", "MinValue", "a variable of Type=string does not have this key" },
        { "Choices=a", "Choices", "a variable of Type=string does not have this key" },
        { "MinLength=1\nType=text", "MinLength", "a variable of Type=text does not have this key" },
        { "Type=integer\nRegex=a", "Regex", "a variable of Type=integer does not have this key" },
        { "Type=boolean\nMinValue=1", "MinValue", "a variable of Type=boolean does not have this key" },
        { "Type=ipaddress\nMinPrefixLength=1", "MinPrefixLength",
          "a variable of Type=ipaddress does not have this key" },
        { "MaxSize=0", "MaxSize", "not a size above zero; write bytes, or a number with K, M or G" },
        { "MaxSize=-1", "MaxSize", "not a size above zero; write bytes, or a number with K, M or G" },
        { "MaxSize=1X", "MaxSize", "not a size above zero; write bytes, or a number with K, M or G" },
        { "MaxSize=16E", "MaxSize", "not a size above zero; write bytes, or a number with K, M or G" },
        { "MaxSize=1M", "MaxSize", "a variable of Type=string does not have this key" },
        { "Type=file\nDefault=/etc/passwd", "Default", "a variable of Type=file does not have this key" },
        { "Type=file\nRegex=a", "Regex", "a variable of Type=file does not have this key" },
        { "Type=dryrun\nDefault=yes", "Default", "a variable of Type=dryrun does not have this key" },
        { "Type=dryrun\nSensitive=yes", "Sensitive", "a variable of Type=dryrun does not have this key" },

        /* Keys that do not fit each other */
        { "MinLength=5\nMaxLength=4", "MinLength", "5 is more than MaxLength=4" },
        { "Type=integer\nMinValue=1\nMaxValue=0", "MinValue", "1 is more than MaxValue=0" },
        { "Type=integer\nMinValue=1.5", "MinValue", "not an integer of 64 bits, such as 5 or -20" },
        { "Type=integer\nMaxValue=9223372036854775808", "MaxValue", "not an integer of 64 bits, such as 5 or -20" },
        { "Type=duration\nMinValue=1h\nMaxValue=5min", "MinValue", "1h is more than MaxValue=5min" },
        { "Type=duration\nMaxValue=soon", "MaxValue",
          "not a time span, such as 2min 30s, or a longer one than is taken" },
        { "Type=duration\nMaxValue=infinity", "MaxValue",
          "not a time span, such as 2min 30s, or a longer one than is taken" },
        { "Type=ipnetwork\nMinPrefixLength=25\nMaxPrefixLength=24", "MinPrefixLength",
          "25 is more than MaxPrefixLength=24" },
        { "Type=choice", "Choices", "a variable of Type=choice needs choices, as in Choices=red green" },
        { "Type=multichoice\nChoices=a\nChoices=", "Choices",
          "a variable of Type=multichoice needs choices, as in Choices=red green" },
        { "Type=boolean\nRequired=yes", "Required", "a boolean is never required: it is false when not given" },
        { "Type=dryrun", "Type", "a variable of Type=dryrun must be called \"dryrun\"" },

        /* Defaults that a request could not give */
        { "MinLength=4\nDefault=abc", "Default", "Ensure this value has at least 4 characters (it has 3)." },
        { "Regex=[a-z]+\nMaxLength=2\nDefault=ABC", "Default",
          "Ensure this value has at most 2 characters (it has 3). Invalid value. Must match regex: [a-z]+" },
        { "Type=integer\nDefault=x", "Default", "not a whole number, such as 5 or -20" },
        { "Type=integer\nMinValue=0\nDefault=-1", "Default", "Ensure this value is greater than or equal to 0." },
        { "Type=boolean\nDefault=maybe", "Default", "not a boolean, such as yes or no" },
        { "Type=json\nDefault={", "Default",
          "not valid JSON: line 1, column 2: expected a member name in double quotes, found the end of the text" },
        { "Type=json\nDefault=null", "Default", "this is no value; leave it out" },
        { "Type=multichoice\nChoices=a\nDefault=[]", "Default", "this is no value; leave it out" },
        { "Type=multichoice\nChoices=a\nDefault=a,b", "Default",
          "Select a valid choice. b is not one of the available choices." },
        { "Type=choice\nChoices=a\nDefault=b\nSensitive=yes", "Default",
          "Select a valid choice. That choice is not one of the available choices." },
        { "Type=ipnetwork\nDefault=192.0.2.1/24", "Default",
          "192.0.2.1/24 is not a valid prefix. Did you mean 192.0.2.0/24?" },
        { "Type=path\nDefault=etc", "Default", "Enter an absolute path, starting with \"/\"." },
        { "Type=duration\nDefault=now", "Default",
          "Enter a valid duration, such as \"2min 30s\" or a number of seconds." },
};

static void test_bad_keys(void) {
        for (size_t i = 0; i < ELEMENTSOF(bad_keys); i++) {
                _cleanup_(variable_freep) Variable *v = variable_new("v");
                g_autofree char *error = NULL;
                const char *key = NULL;
                int r;

                r = set_keys(v, bad_keys[i].lines, &key, &error);
                if (g_str_has_suffix(bad_keys[i].message, " "))
                        g_assert_true(g_str_has_prefix(error, bad_keys[i].message));
                else
                        g_assert_cmpstr(error, ==, bad_keys[i].message);
                g_assert_cmpstr(key, ==, bad_keys[i].key);
                g_assert_cmpint(r, ==, -EINVAL);
        }
}

static void test_unknown_key(void) {
        static const char *const keys[] = { "MinLenght", "type", "", "Name" };

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                _cleanup_(variable_freep) Variable *v = variable_new("v");
                g_autofree char *error = NULL;

                g_assert_cmpint(variable_set(v, keys[i], "1", &error), ==, -ENOENT);
                g_assert_cmpstr(error, ==,
                                "no such key for a variable; there are Type=, Label=, Description=, Default=, "
                                "Required=, Sensitive=, Widget=, DependsOn=, MinLength=, MaxLength=, Regex=, "
                                "MinValue=, MaxValue=, Choices=, MinPrefixLength=, MaxPrefixLength=, Model=, QueryParams=, MaxSize=");
                g_assert_cmpint(variable_set(v, keys[i], "1", NULL), ==, -ENOENT);
        }
}

static void test_limits(void) {
        static const char *const keys[] = { "Label", "Description", "Regex", "Choices" };
        g_autofree char *fits = g_strnfill(VARIABLE_TEXT_MAX, 'x'), *longer = g_strnfill(VARIABLE_TEXT_MAX + 1, 'x');
        g_autofree char *value = g_strnfill(VARIABLE_VALUE_MAX, 'x'), *error = NULL;
        g_autofree char *longer_value = g_strnfill(VARIABLE_VALUE_MAX + 1, 'x');
        _cleanup_(variable_freep) Variable *v = variable_new("v");

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                g_assert_cmpint(variable_set(v, keys[i], fits, NULL), ==, 0);
                g_assert_cmpint(variable_set(v, keys[i], longer, NULL), ==, -EINVAL);
        }
        g_assert_cmpint(variable_set(v, "Default", value, NULL), ==, 0);
        g_assert_cmpint(variable_set(v, "Default", longer_value, NULL), ==, -EINVAL);

        for (unsigned i = 1; i < VARIABLE_CHOICES_MAX; i++) {
                g_autofree char *choice = g_strdup_printf("%u", i);

                g_assert_cmpint(variable_set(v, "Choices", choice, NULL), ==, 0);
        }
        g_assert_cmpint(variable_set(v, "Choices", "one-more", &error), ==, -EINVAL);
        g_assert_cmpstr(error, ==, "more than 1000 choices");
}

static void assert_described(GPtrArray *class, const char *expected) {
        g_autoptr(JsonNode) description = variables_describe(class);
        g_autofree char *text = json_format(description);

        g_assert_cmpstr(text, ==, expected);
}

static void test_describe(void) {
        static const struct {
                const char *name, *lines, *description;
        } variables[] = {
                { "s",
                  "Label=A label\nDescription=Help\nMinLength=1\nMaxLength=9\nRegex=[a-z]+\nDefault=x\n"
                  "Widget=area",
                  "{\"name\":\"s\",\"type\":\"string\",\"label\":\"A label\",\"help_text\":\"Help\",\"required\":true,"
                  "\"min_length\":1,\"max_length\":9,\"default\":\"x\",\"sensitive\":false,\"widget\":\"area\"}" },
                { "s", "Sensitive=yes\nDefault=hunter2\nRequired=no",
                  "{\"name\":\"s\",\"type\":\"string\",\"required\":false,\"sensitive\":true}" },
                { "t", "Type=text", "{\"name\":\"t\",\"type\":\"text\",\"required\":true,\"sensitive\":false}" },
                { "j", "Type=json\nDefault={\"a\": [1, 0.1]}",
                  "{\"name\":\"j\",\"type\":\"json\",\"required\":true,\"default\":{\"a\":[1,0.1]},"
                  "\"sensitive\":false}" },
                { "i", "Type=integer\nMinValue=0\nMaxValue=0\nDefault=0",
                  "{\"name\":\"i\",\"type\":\"integer\",\"required\":true,\"min_value\":0,\"max_value\":0,"
                  "\"default\":0,\"sensitive\":false}" },
                { "b", "Type=boolean",
                  "{\"name\":\"b\",\"type\":\"boolean\",\"required\":false,\"default\":false,\"sensitive\":false}" },
                { "b", "Type=boolean\nDefault=yes\nRequired=no",
                  "{\"name\":\"b\",\"type\":\"boolean\",\"required\":false,\"default\":true,\"sensitive\":false}" },
                { "dryrun", "Type=dryrun",
                  "{\"name\":\"dryrun\",\"type\":\"dryrun\",\"help_text\":\"Check to run job in dryrun mode.\","
                  "\"required\":false,\"default\":false,\"sensitive\":false}" },
                { "c", "Type=choice\nChoices=red \"dark blue:Dark Blue\" 10\\:30:'Half past ten'\nChoices=a:b:c",
                  "{\"name\":\"c\",\"type\":\"choice\",\"required\":true,\"choices\":[[\"red\",\"red\"],"
                  "[\"dark blue\",\"Dark Blue\"],[\"10:30\",\"Half past ten\"],[\"a\",\"b:c\"]],"
                  "\"sensitive\":false}" },
                { "m", "Type=multichoice\nChoices=x\nChoices=\nChoices=a 'b c'\\ d\nDefault=a",
                  "{\"name\":\"m\",\"type\":\"multichoice\",\"required\":true,\"choices\":[[\"a\",\"a\"],"
                  "[\"b c d\",\"b c d\"]],\"default\":[\"a\"],\"sensitive\":false}" },
                { "a", "Type=ipaddress\nDefault=2001:DB8:0:0::1",
                  "{\"name\":\"a\",\"type\":\"ipaddress\",\"required\":true,\"default\":\"2001:db8::1\","
                  "\"sensitive\":false}" },
                { "n", "Type=ipnetwork\nMinPrefixLength=0\nMaxPrefixLength=24",
                  "{\"name\":\"n\",\"type\":\"ipnetwork\",\"required\":true,\"min_prefix_length\":0,"
                  "\"max_prefix_length\":24,\"sensitive\":false}" },
                { "p", "Type=path\nDefault=/srv//x/",
                  "{\"name\":\"p\",\"type\":\"path\",\"required\":true,\"default\":\"/srv/x\",\"sensitive\":false}" },
                { "f", "Type=file\nMaxSize=1K",
                  "{\"name\":\"f\",\"type\":\"file\",\"required\":true,\"max_size\":1024,\"sensitive\":false}" },
                { "d", "Type=duration\nMinValue=500ms\nMaxValue=1h\nDefault=2min 30s",
                  "{\"name\":\"d\",\"type\":\"duration\",\"required\":true,\"min_value\":0.5,\"max_value\":3600,"
                  "\"default\":150,\"sensitive\":false}" },
        };

        for (size_t i = 0; i < ELEMENTSOF(variables); i++) {
                g_autoptr(GPtrArray) class = class_new();
                g_autofree char *expected = g_strdup_printf("[%s]", variables[i].description);

                class_add(class, variables[i].name, variables[i].lines);
                assert_described(class, expected);
        }
        assert_described(NULL, "[]");
}

static void test_describe_depends_on(void) {
        g_autoptr(GPtrArray) class = class_new();

        class_add(class, "proxy", "Type=boolean");
        class_add(class, "url", "DependsOn=proxy=yes");
        class_add(class, "user_name", "DependsOn=url\nRequired=no");
        assert_described(class,
                         "[{\"name\":\"proxy\",\"type\":\"boolean\",\"required\":false,\"default\":false,"
                         "\"sensitive\":false},"
                         "{\"name\":\"url\",\"type\":\"string\",\"required\":true,\"sensitive\":false,"
                         "\"depends_on\":{\"name\":\"proxy\",\"value\":true}},"
                         "{\"name\":\"user_name\",\"type\":\"string\",\"required\":false,\"sensitive\":false,"
                         "\"depends_on\":{\"name\":\"url\"}}]");
}

/* A drop-in's keys come after those of the file: they replace, and an empty value takes back. */
static void test_replaced_keys(void) {
        g_autoptr(GPtrArray) class = class_new();

        class_add(class, "v",
                  "Type=integer\nMinValue=5\nMaxValue=1\nLabel=a\nDefault=7\nSensitive=yes\nRequired=no\n"
                  "DependsOn=x=1\nRegex=[0-9]\nWidget=w\n"
                  "MaxValue=10\nLabel=b\nDefault=\nSensitive=\nRequired=\nDependsOn=\nRegex=\nWidget=");
        assert_described(class,
                         "[{\"name\":\"v\",\"type\":\"integer\",\"label\":\"b\",\"required\":true,\"min_value\":5,"
                         "\"max_value\":10,\"sensitive\":false}]");
}

static void test_accessors(void) {
        g_autoptr(GPtrArray) class = class_new();

        class_add(class, "v", "Type=ipaddress-with-mask\nSensitive=yes\nDependsOn=dryrun=yes");
        class_add(class, "dryrun", "Type=dryrun");
        g_assert_cmpstr(variable_name(class->pdata[0]), ==, "v");
        g_assert_cmpstr(variable_type_string(class->pdata[0]), ==, "ipaddress-with-mask");
        g_assert_true(variable_is_sensitive(class->pdata[0]));
        g_assert_false(variable_is_dryrun(class->pdata[0]));
        g_assert_cmpstr(variable_depends_on(class->pdata[0]), ==, "dryrun");
        g_assert_true(variable_is_dryrun(class->pdata[1]));
        g_assert_null(variable_depends_on(class->pdata[1]));

        g_assert_true(variables_support_dryrun(class));
        g_assert_true(variables_have_sensitive(class));
        g_ptr_array_set_size(class, 0);
        g_assert_false(variables_support_dryrun(class));
        g_assert_false(variables_have_sensitive(class));
        g_assert_false(variables_support_dryrun(NULL));
        g_assert_false(variables_have_sensitive(NULL));
        g_assert_null(variable_free(NULL));
}

static void assert_check(GPtrArray *class, const char *const *field_order, const char *message) {
        g_autofree char *error = NULL;

        g_assert_cmpint(variables_check(class, field_order, &error), ==, message ? -EINVAL : 0);
        g_assert_cmpstr(error, ==, message);
}

static void test_field_order(void) {
        static const char *const good[] = { "c", "a", NULL };
        static const char *const unknown[] = { "a", "d", NULL };
        static const char *const twice[] = { "a", "b", "a", NULL };
        g_autoptr(GPtrArray) class = class_new(), ordered = NULL, as_is = NULL, none = NULL;

        class_add(class, "a", "Type=string");
        class_add(class, "b", "Type=string");
        class_add(class, "c", "Type=string");
        assert_check(class, good, NULL);
        assert_check(class, NULL, NULL);
        assert_check(class, unknown, "FieldOrder= names \"d\", but there is no [Variable d]");
        assert_check(class, twice, "FieldOrder= names \"a\" twice");
        assert_check(NULL, NULL, NULL);
        assert_check(NULL, good, "FieldOrder= names \"c\", but there is no [Variable c]");

        ordered = variables_in_order(class, good);
        g_assert_cmpuint(ordered->len, ==, 3);
        g_assert_cmpstr(variable_name(ordered->pdata[0]), ==, "c");
        g_assert_cmpstr(variable_name(ordered->pdata[1]), ==, "a");
        g_assert_cmpstr(variable_name(ordered->pdata[2]), ==, "b");

        as_is = variables_in_order(class, NULL);
        g_assert_cmpuint(as_is->len, ==, 3);
        g_assert_cmpstr(variable_name(as_is->pdata[0]), ==, "a");
        none = variables_in_order(NULL, NULL);
        g_assert_cmpuint(none->len, ==, 0);
}

static void test_cross_checks(void) {
        static const struct {
                const char *variables[4][2];
                const char *message;
        } classes[] = {
                { { { "a", "DependsOn=b" }, { "b", "Type=boolean" } }, NULL },
                { { { "a", "DependsOn=b" } }, "variable \"a\": DependsOn=b, but there is no [Variable b]" },
                { { { "a", "DependsOn=b" }, { "b", "DependsOn=a" } },
                  "variable \"a\": DependsOn=b ends in a circle" },
                { { { "a", "DependsOn=b" }, { "b", "DependsOn=c" }, { "c", "DependsOn=b" } },
                  "variable \"a\": DependsOn=b ends in a circle" },
                { { { "a", "DependsOn=b=two" }, { "b", "Type=choice\nChoices=one" } },
                  "variable \"a\": DependsOn=b=two can never be: Select a valid choice. two is not one of the "
                  "available choices." },
                { { { "a", "DependsOn=b=x" }, { "b", "Type=integer" } },
                  "variable \"a\": DependsOn=b=x can never be: not a whole number, such as 5 or -20" },
                { { { "a", "DependsOn=b=hunter2" }, { "b", "Sensitive=yes" } },
                  "variable \"a\": DependsOn= gives a value of \"b\", which is sensitive; write DependsOn=b" },
                { { { "a", "DependsOn=b" }, { "b", "Sensitive=yes" } }, NULL },
                { { { "a", "Type=text" }, { "a", "Type=text" } }, "more than one variable \"a\"" },
                { { { "dryrun", "Type=dryrun" }, { "dryrun", "Type=dryrun" } },
                  "more than one variable of Type=dryrun" },
        };

        for (size_t i = 0; i < ELEMENTSOF(classes); i++) {
                g_autoptr(GPtrArray) class = class_new();

                for (size_t k = 0; k < 4 && classes[i].variables[k][0]; k++)
                        class_add(class, classes[i].variables[k][0], classes[i].variables[k][1]);
                assert_check(class, NULL, classes[i].message);
        }
}

static void test_defaults_size(void) {
        g_autofree char *half = g_strnfill(JSON_SIZE_MAX / 2 - 2, 'x'), *lines = g_strdup_printf("Default=%s", half);
        g_autoptr(GPtrArray) class = class_new();

        class_add(class, "a", lines); /* with its quotes exactly a half */
        class_add(class, "b", lines);
        assert_check(class, NULL, NULL);
        class_add(class, "c", "Type=integer\nDefault=0");
        assert_check(class, NULL, "all defaults together are 65537 bytes, 65536 are the most that is taken");
}

static void test_public_values(void) {
        g_autoptr(GPtrArray) class = class_new();
        g_autoptr(JsonObject) values = object_from_text("{\"b\":[1],\"gone\":1,\"secret\":\"hunter2\",\"a\":null}");
        g_autoptr(JsonObject) public_values = NULL;
        g_autofree char *text = NULL;

        class_add(class, "a", "Required=no");
        class_add(class, "secret", "Sensitive=yes");
        class_add(class, "b", "Type=json");
        public_values = variables_public_values(class, values);
        text = json_format_object(public_values);
        g_assert_cmpstr(text, ==, "{\"b\":[1],\"a\":null}");
        g_assert_true(json_object_has_member(values, "secret"));
}

static void test_value_to_text(void) {
        static const char *const texts[][2] = {
                { "null", "" },
                { "\"\"", "" },
                { "\"a b\\n$(id)\\\"\"", "a b\n$(id)\"" },
                { "5", "5" },
                { "0.1", "0.1" },
                { "true", "true" },
                { "false", "false" },
                { "[ \"a\", 1 ]", "[\"a\",1]" },
                { "{\"a\": \"\\u007f\\n\"}", "{\"a\":\"\\u007f\\n\"}" },
        };
        g_autofree char *none = variable_value_to_text(NULL);

        g_assert_cmpstr(none, ==, "");
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                g_autoptr(JsonNode) node = NULL;
                g_autofree char *text = NULL;

                g_assert_cmpint(json_parse(texts[i][0], strlen(texts[i][0]), JSON_SIZE_MAX, &node, NULL), ==, 0);
                text = variable_value_to_text(node);
                g_assert_cmpstr(text, ==, texts[i][1]);
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/variable/names", test_names);
        g_test_add_func("/variable/reserved-names", test_reserved_names);
        g_test_add_func("/variable/bad-keys", test_bad_keys);
        g_test_add_func("/variable/unknown-key", test_unknown_key);
        g_test_add_func("/variable/limits", test_limits);
        g_test_add_func("/variable/describe", test_describe);
        g_test_add_func("/variable/describe-depends-on", test_describe_depends_on);
        g_test_add_func("/variable/replaced-keys", test_replaced_keys);
        g_test_add_func("/variable/accessors", test_accessors);
        g_test_add_func("/variable/field-order", test_field_order);
        g_test_add_func("/variable/cross-checks", test_cross_checks);
        g_test_add_func("/variable/defaults-size", test_defaults_size);
        g_test_add_func("/variable/public-values", test_public_values);
        g_test_add_func("/variable/value-to-text", test_value_to_text);

        return g_test_run();
}
