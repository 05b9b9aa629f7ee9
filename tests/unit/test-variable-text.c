/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-variable.h"
#include "variable-text.h"

typedef struct Text {
        const char *type;
        const char *text;
        int error;
        const char *outcome; /* JSON, or the sentence */
} Text;

#define NOT_A_NUMBER "not a whole number, such as 5 or -20"
#define NOT_A_BOOLEAN "not a boolean, such as yes or no"

static const Text texts[] = {
        { "string", "", 0, "\"\"" },
        { "string", " a, \"b\" \\ [c] ", 0, "\" a, \\\"b\\\" \\\\ [c] \"" },
        { "string", "5", 0, "\"5\"" },
        { "string", "true", 0, "\"true\"" },
        { "string", "a\nb", 0, "\"a\\nb\"" },
        { "string", "\xff", -EILSEQ, "not UTF-8" },
        { "text", "a\r\nb", 0, "\"a\\r\\nb\"" }, /* the daemon makes LF of it */
        { "choice", "dark blue", 0, "\"dark blue\"" },
        { "ipaddress", "192.0.2.1", 0, "\"192.0.2.1\"" },
        { "ipaddress-with-mask", "192.0.2.1/24", 0, "\"192.0.2.1/24\"" },
        { "ipnetwork", "192.0.2.0/24", 0, "\"192.0.2.0/24\"" },
        { "path", "/etc", 0, "\"/etc\"" },
        { "duration", "2min 30s", 0, "\"2min 30s\"" },

        { "file", "/etc/passwd", -EINVAL, "a file is no text; give it by --file NAME=PATH" },

        { "integer", "0", 0, "0" },
        { "integer", "-20", 0, "-20" },
        { "integer", "9223372036854775807", 0, "9223372036854775807" },
        { "integer", "-9223372036854775808", 0, "-9223372036854775808" },
        { "integer", "9223372036854775808", -ERANGE, "not an integer of 64 bits" },
        { "integer", "-9223372036854775809", -ERANGE, "not an integer of 64 bits" },
        { "integer", "", -EINVAL, NOT_A_NUMBER },
        { "integer", "-", -EINVAL, NOT_A_NUMBER },
        { "integer", "+1", -EINVAL, NOT_A_NUMBER },
        { "integer", "010", -EINVAL, NOT_A_NUMBER },
        { "integer", "1.0", -EINVAL, NOT_A_NUMBER },
        { "integer", "0x1", -EINVAL, NOT_A_NUMBER },
        { "integer", " 1", -EINVAL, NOT_A_NUMBER },
        { "integer", "1\n", -EINVAL, NOT_A_NUMBER },

        { "boolean", "yes", 0, "true" },
        { "boolean", "Y", 0, "true" },
        { "boolean", "1", 0, "true" },
        { "boolean", "on", 0, "true" },
        { "boolean", "True", 0, "true" },
        { "boolean", "t", 0, "true" },
        { "boolean", "no", 0, "false" },
        { "boolean", "n", 0, "false" },
        { "boolean", "0", 0, "false" },
        { "boolean", "OFF", 0, "false" },
        { "boolean", "false", 0, "false" },
        { "boolean", "f", 0, "false" },
        { "boolean", "", -EINVAL, NOT_A_BOOLEAN },
        { "boolean", "2", -EINVAL, NOT_A_BOOLEAN },
        { "boolean", "yes ", -EINVAL, NOT_A_BOOLEAN },
        { "dryrun", "yes", 0, "true" },
        { "dryrun", "maybe", -EINVAL, NOT_A_BOOLEAN },

        { "json", "{\"a\": [1, 2.5, null]}", 0, "{\"a\":[1,2.5,null]}" },
        { "json", "null", 0, "null" },
        { "json", "\"x\"", 0, "\"x\"" },
        { "json", "", -EINVAL, "not valid JSON: line 1, column 1: expected a value, found the end of the text" },
        { "json", "{a:1}", -EINVAL,
          "not valid JSON: line 1, column 2: expected a member name in double quotes, found a" },
        { "json", "[1,\n9223372036854775808]", -ERANGE,
          "not valid JSON: line 2, column 1: an integer that does not fit into 64 bits" },
        { "json", "{\"a\":1,\"a\":1}", -EEXIST, "not valid JSON: line 1, column 8: the member \"a\" is there twice" },

        { "multichoice", "", 0, "[]" },
        { "multichoice", "  ", 0, "[]" },
        { "multichoice", "a", 0, "[\"a\"]" },
        { "multichoice", "a,b c , d", 0, "[\"a\",\"b c\",\"d\"]" },
        { "multichoice", "5,true", 0, "[\"5\",\"true\"]" },
        { "multichoice", " [\"a,b\", \"c\"]", 0, "[\"a,b\",\"c\"]" },
        { "multichoice", "[]", 0, "[]" },
        { "multichoice", "a,,b", -EINVAL, "an empty value between two commas" },
        { "multichoice", "a,", -EINVAL, "an empty value between two commas" },
        { "multichoice", ",", -EINVAL, "an empty value between two commas" },
        { "multichoice", "[a]", -EINVAL, "not valid JSON: line 1, column 2: expected a value, found a" },

        { "object", "x", 0, "\"x\"" },
        { "object", " {\"a\": 1}", 0, "{\"a\":1}" },
        { "object", "[a", 0, "\"[a\"" },
        { "object", "{a}", -EINVAL,
          "not valid JSON: line 1, column 2: expected a member name in double quotes, found a" },
        { "multiobject", "a, b", 0, "[\"a\",\"b\"]" },
        { "multiobject", "[\"a,b\", {}]", 0, "[\"a,b\",{}]" },
        { "multiobject", "{\"a\": 1}", 0, "{\"a\":1}" },
        { "multiobject", "a,", -EINVAL, "an empty value between two commas" },

        { "model", "x", -ENOENT, "no such type of variable" },
        { "", "x", -ENOENT, "no such type of variable" },
        { "String", "x", -ENOENT, "no such type of variable" },
};

static void test_texts(void) {
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                const Text *t = texts + i;
                g_autoptr(JsonNode) node = NULL;
                g_autofree char *error = NULL, *formatted = NULL;
                int r;

                r = variable_text_to_json(t->type, t->text, &node, &error);
                formatted = node ? json_format(node) : NULL;
                g_assert_cmpstr(r < 0 ? error : formatted, ==, t->outcome);
                g_assert_cmpint(r, ==, t->error);
                g_assert_true((r < 0) == !node);
                g_assert_true((r < 0) == !!error);

                g_clear_pointer(&node, json_node_unref);
                g_assert_cmpint(variable_text_to_json(t->type, t->text, &node, NULL), ==, t->error);
        }
}

static void test_size(void) {
        g_autofree char *text = g_strnfill(JSON_SIZE_MAX, 'x'), *longer = g_strconcat(text, "x", NULL);
        g_autoptr(JsonNode) node = NULL;
        g_autofree char *error = NULL;
        JsonNode *none = NULL;

        g_assert_cmpint(variable_text_to_json("string", text, &node, NULL), ==, 0);
        g_assert_cmpint(variable_text_to_json("string", longer, &none, &error), ==, -E2BIG);
        g_assert_cmpstr(error, ==, "more than 65536 bytes");
        g_assert_null(none);
}

/* Every type the daemon has, and no other, is one whose text can be given, but for a file. */
static void test_every_type(void) {
        _cleanup_(variable_freep) Variable *v = variable_new("v");
        g_autofree char *error = NULL;
        g_auto(GStrv) types = NULL;
        const char *names;

        g_assert_cmpint(variable_set(v, "Type", "model", &error), ==, -EINVAL);
        names = strstr(error, "there are ");
        g_assert_nonnull(names);
        types = g_strsplit(names + strlen("there are "), ", ", -1);
        g_assert_cmpuint(g_strv_length(types), ==, 16);

        for (char **type = types; *type; type++) {
                g_autoptr(JsonNode) node = NULL;

                g_assert_cmpint(variable_set(v, "Type", *type, NULL), ==, 0);
                g_assert_cmpstr(variable_type_string(v), ==, *type);
                g_assert_cmpint(variable_text_to_json(*type, "1", &node, NULL), ==,
                                strcmp(*type, "file") == 0 ? -EINVAL : 0);
        }
}

/* The way of --var NAME=VALUE: from text to JSON, through the daemon, to the text of JOB_VAR_NAME. */
static void test_round_trip(void) {
        static const char *const values[][3] = {
                { "Type=string", "a b", "a b" },
                { "Type=integer", "5", "5" },
                { "Type=boolean", "yes", "true" },
                { "Type=json", "{\"a\": 0.1}", "{\"a\":0.1}" },
                { "Type=choice\nChoices=a b", "b", "b" },
                { "Type=multichoice\nChoices=a b", "b, a", "[\"b\",\"a\"]" },
                { "Type=ipaddress", "2001:DB8::1", "2001:db8::1" },
                { "Type=path", "/srv//x", "/srv/x" },
                { "Type=duration", "1.5s", "1.5" },
        };

        for (size_t i = 0; i < ELEMENTSOF(values); i++) {
                g_autoptr(GPtrArray) class = class_new();
                g_autoptr(JsonObject) input = json_object_new(), accepted = NULL, errors = NULL;
                g_autofree char *text = NULL;
                JsonNode *node = NULL;
                const char *type;

                class_add(class, "v", values[i][0]);
                type = variable_type_string(class->pdata[0]);
                g_assert_cmpint(variable_text_to_json(type, values[i][1], &node, NULL), ==, 0);
                json_object_set_member(input, "v", node);
                g_assert_cmpint(variables_validate(class, input, &accepted, &errors), ==, 0);
                text = variable_value_to_text(json_object_get_member(accepted, "v"));
                g_assert_cmpstr(text, ==, values[i][2]);
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/variable-text/texts", test_texts);
        g_test_add_func("/variable-text/size", test_size);
        g_test_add_func("/variable-text/every-type", test_every_type);
        g_test_add_func("/variable-text/round-trip", test_round_trip);

        return g_test_run();
}
