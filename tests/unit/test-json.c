/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <float.h>
#include <math.h>
#include <string.h>

#include "json.h"

typedef struct Accepted {
        const char *text;
        const char *formatted; /* NULL: the text itself */
} Accepted;

static const Accepted accepted[] = {
        { "null", NULL },
        { "true", NULL },
        { "false", NULL },
        { "0", NULL },
        { "-0", "0" },
        { "-1", NULL },
        { "9223372036854775807", NULL },
        { "-9223372036854775808", NULL },
        { "1.0", NULL },
        { "0.1", NULL },
        { "-0.0", NULL },
        { "0e1", "0.0" },
        { "1E5", "100000.0" },
        { "1e+5", "100000.0" },
        { "100.0", NULL },
        { "1e300", "1e+300" },
        { "0.30000000000000004", NULL },
        { "1.7976931348623157e308", "1.7976931348623157e+308" },
        { "5e-324", "4.94065645841247e-324" },
        { "1e-400", "0.0" },
        { "12345678901234567890.5", "1.2345678901234567e+19" },
        { "\"\"", NULL },
        { "\"a\"", NULL },
        { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\"" },
        { "\"\\u0041\\u00e9\\u20AC\"", "\"Aé€\"" },
        { "\"\\ud83d\\ude00\"", "\"😀\"" },
        { "\"\\uD800\\uDC00\\udbff\\udfff\"", "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"" },
        { "\"\\u0001\\u001f\x7f\\u007F\"", "\"\\u0001\\u001f\\u007f\\u007f\"" },
        { "\"$(id) %n ${VAR} `x`\"", NULL },
        { "\"\xef\xbf\xbe\xf4\x8f\xbf\xbf\"", NULL },
        { "[]", NULL },
        { "{}", NULL },
        { " \t\r\n[ 1 , 2 ] \n", "[1,2]" },
        { "{\"b\":1,\"a\":[null,{\"\":true}]}", NULL },
        { "{\"a\":1,\"A\":2,\"a \":3}", NULL },
        { "{\"a\":{\"a\":1},\"b\":{\"a\":1}}", NULL },
};

static void test_accepted(void) {
        for (size_t i = 0; i < ELEMENTSOF(accepted); i++) {
                const Accepted *a = accepted + i;
                size_t size = strlen(a->text);
                g_autofree char *exact = g_memdup2(a->text, size); /* no NUL follows */
                g_autoptr(JsonNode) node = NULL;
                g_autofree char *error = NULL, *formatted = NULL;
                int r;

                r = json_parse(exact, size, size, &node, &error);
                g_assert_cmpstr(error, ==, NULL);
                g_assert_cmpint(r, ==, 0);
                formatted = json_format(node);
                g_assert_cmpstr(formatted, ==, a->formatted ?: a->text);
        }
}

typedef struct Refused {
        const char *text;
        int error;
        const char *message;
} Refused;

static const Refused refused[] = {
        { "", -EINVAL, "line 1, column 1: expected a value, found the end of the text" },
        { " \n ", -EINVAL, "line 2, column 2: expected a value, found the end of the text" },
        { "[", -EINVAL, "line 1, column 2: expected a value, found the end of the text" },
        { "[1", -EINVAL, "line 1, column 3: expected \",\" or \"]\", found the end of the text" },
        { "[1,]", -EINVAL, "line 1, column 4: expected a value, found ]" },
        { "[,1]", -EINVAL, "line 1, column 2: expected a value, found ," },
        { "[1 2]", -EINVAL, "line 1, column 4: expected \",\" or \"]\", found 2" },
        { "[1}", -EINVAL, "line 1, column 3: expected \",\" or \"]\", found }" },
        { "{", -EINVAL, "line 1, column 2: expected a member name in double quotes, found the end of the text" },
        { "{\"a\":1,}", -EINVAL, "line 1, column 8: expected a member name in double quotes, found }" },
        { "{'a':1}", -EINVAL, "line 1, column 2: expected a member name in double quotes, found '" },
        { "{a:1}", -EINVAL, "line 1, column 2: expected a member name in double quotes, found a" },
        { "{1:1}", -EINVAL, "line 1, column 2: expected a member name in double quotes, found 1" },
        { "{\"a\"}", -EINVAL, "line 1, column 5: expected \":\" after a member name, found }" },
        { "{\"a\" 1}", -EINVAL, "line 1, column 6: expected \":\" after a member name, found 1" },
        { "{\"a\":}", -EINVAL, "line 1, column 6: expected a value, found }" },
        { "{\"a\":1 \"b\":2}", -EINVAL, "line 1, column 8: expected \",\" or \"}\", found \"" },
        { "1 2", -EINVAL, "line 1, column 3: expected nothing more after the value, found 2" },
        { "{}{}", -EINVAL, "line 1, column 3: expected nothing more after the value, found {" },
        { "'a'", -EINVAL, "line 1, column 1: expected a value, found '" },
        { "// a\n1", -EINVAL, "line 1, column 1: expected a value, found /" },
        { "/* a */1", -EINVAL, "line 1, column 1: expected a value, found /" },
        { "1 // a", -EINVAL, "line 1, column 3: expected nothing more after the value, found /" },
        { "# a\n1", -EINVAL, "line 1, column 1: expected a value, found #" },
        { "0x10", -EINVAL, "line 1, column 2: expected nothing more after the value, found x" },
        { "01", -EINVAL, "line 1, column 1: a number with a leading zero" },
        { "[-01]", -EINVAL, "line 1, column 2: a number with a leading zero" },
        { "00e1", -EINVAL, "line 1, column 1: a number with a leading zero" },
        { "+1", -EINVAL, "line 1, column 1: expected a value, found +" },
        { ".5", -EINVAL, "line 1, column 1: expected a value, found ." },
        { "-", -EINVAL, "line 1, column 2: expected a digit, found the end of the text" },
        { "-a", -EINVAL, "line 1, column 2: expected a digit, found a" },
        { "1.", -EINVAL, "line 1, column 3: expected a digit after the decimal point, found the end of the text" },
        { "1.e5", -EINVAL, "line 1, column 3: expected a digit after the decimal point, found e" },
        { "1e", -EINVAL, "line 1, column 3: expected a digit in the exponent, found the end of the text" },
        { "1e+-1", -EINVAL, "line 1, column 4: expected a digit in the exponent, found -" },
        { "1_000", -EINVAL, "line 1, column 2: expected nothing more after the value, found _" },
        { "NaN", -EINVAL, "line 1, column 1: expected a value, found N" },
        { "Infinity", -EINVAL, "line 1, column 1: expected a value, found I" },
        { "-Infinity", -EINVAL, "line 1, column 2: expected a digit, found I" },
        { "True", -EINVAL, "line 1, column 1: expected a value, found T" },
        { "tru", -EINVAL, "line 1, column 1: expected a value, found t" },
        { "nul", -EINVAL, "line 1, column 1: expected a value, found n" },
        { "truex", -EINVAL, "line 1, column 5: expected nothing more after the value, found x" },
        { "undefined", -EINVAL, "line 1, column 1: expected a value, found u" },
        { "\"abc", -EINVAL, "line 1, column 1: a string that does not end" },
        { "\"abc\\", -EINVAL,
          "line 1, column 6: expected one of \"\\/bfnrtu after a backslash, found the end of the text" },
        { "\"\\x41\"", -EINVAL, "line 1, column 3: expected one of \"\\/bfnrtu after a backslash, found x" },
        { "\"\\'\"", -EINVAL, "line 1, column 3: expected one of \"\\/bfnrtu after a backslash, found '" },
        { "\"\\u12\"", -EINVAL, "line 1, column 6: expected four hexadecimal digits after \\u, found \"" },
        { "\"\\u12g4\"", -EINVAL, "line 1, column 6: expected four hexadecimal digits after \\u, found g" },
        { "\"a\nb\"", -EINVAL, "line 1, column 3: a control character in a string, which must be written as \\u000a" },
        { "\"a\tb\"", -EINVAL, "line 1, column 3: a control character in a string, which must be written as \\u0009" },
        { "\"\x1f\"", -EINVAL, "line 1, column 2: a control character in a string, which must be written as \\u001f" },
        { "\"\x01\"", -EINVAL, "line 1, column 2: a control character in a string, which must be written as \\u0001" },
        { "[\n1,\n\"é€😀\" x]", -EINVAL, "line 3, column 7: expected \",\" or \"]\", found x" },
        { "\v1", -EINVAL, "line 1, column 1: expected a value, found U+000B" },
        { "\xc2\xa0"
          "1",
          -EINVAL, "line 1, column 1: expected a value, found U+00A0" },
        { "\xef\xbb\xbf"
          "1",
          -EINVAL, "line 1, column 1: expected a value, found U+FEFF" },

        { "\"\\u0000\"", -EILSEQ, "line 1, column 2: \\u0000 (NUL) is not taken in a string" },
        { "{\"a\\u0000b\":1}", -EILSEQ, "line 1, column 4: \\u0000 (NUL) is not taken in a string" },
        { "\"\\ud800\"", -EILSEQ, "line 1, column 2: half of a surrogate pair" },
        { "\"\\udc00\"", -EILSEQ, "line 1, column 2: half of a surrogate pair" },
        { "\"\\udc00\\ud800\"", -EILSEQ, "line 1, column 2: half of a surrogate pair" },
        { "\"\\ud800\\ud800\"", -EILSEQ, "line 1, column 2: half of a surrogate pair" },
        { "\"\\ud800\\u0041\"", -EILSEQ, "line 1, column 2: half of a surrogate pair" },
        { "\"\\ud800x\"", -EILSEQ, "line 1, column 2: half of a surrogate pair" },
        { "\"\\ud800\\n\"", -EILSEQ, "line 1, column 2: half of a surrogate pair" },
        { "\"\xc0\xaf\"", -EILSEQ, "line 1, column 2: not UTF-8" },             /* overlong */
        { "\"\xe0\x80\xaf\"", -EILSEQ, "line 1, column 2: not UTF-8" },         /* overlong */
        { "\"\xf0\x80\x80\xaf\"", -EILSEQ, "line 1, column 2: not UTF-8" },     /* overlong */
        { "\"\xed\xa0\x80\"", -EILSEQ, "line 1, column 2: not UTF-8" },         /* U+D800 */
        { "\"\xf4\x90\x80\x80\"", -EILSEQ, "line 1, column 2: not UTF-8" },     /* U+110000 */
        { "\"\xff\"", -EILSEQ, "line 1, column 2: not UTF-8" },
        { "\"\xc3", -EILSEQ, "line 1, column 2: not UTF-8" },
        { "1\n\x80", -EILSEQ, "line 2, column 1: not UTF-8" },

        { "{\"a\":1,\"a\":2}", -EEXIST, "line 1, column 8: the member \"a\" is there twice" },
        { "{\"a\":1,\"\\u0061\":2}", -EEXIST, "line 1, column 8: the member \"a\" is there twice" },
        { "{\"\":1,\"\":2}", -EEXIST, "line 1, column 7: the member \"\" is there twice" },
        { "{\"b\":[{\"\\n\":1,\n\"\\n\":1}]}", -EEXIST, "line 2, column 1: the member \"\\u000a\" is there twice" },
        { "{\"😀\":1,\"\\ud83d\\ude00\":1}", -EEXIST, "line 1, column 8: the member \"😀\" is there twice" },

        { "9223372036854775808", -ERANGE, "line 1, column 1: an integer that does not fit into 64 bits" },
        { "[-9223372036854775809]", -ERANGE, "line 1, column 2: an integer that does not fit into 64 bits" },
        { "18446744073709551616", -ERANGE, "line 1, column 1: an integer that does not fit into 64 bits" },
        { "1e309", -ERANGE, "line 1, column 1: a number that does not fit into a double" },
        { "-1.8e308", -ERANGE, "line 1, column 1: a number that does not fit into a double" },
        { "1e99999999999999999999", -ERANGE, "line 1, column 1: a number that does not fit into a double" },
};

static void test_refused(void) {
        for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
                size_t size = strlen(refused[i].text);
                g_autofree char *exact = g_memdup2(refused[i].text, size);
                g_autofree char *error = NULL;
                JsonNode *node = NULL;
                int r;

                r = json_parse(exact, size, JSON_SIZE_MAX, &node, &error);
                g_assert_cmpstr(error, ==, refused[i].message);
                g_assert_cmpint(r, ==, refused[i].error);
                g_assert_null(node);
                g_assert_cmpint(json_parse(exact, size, JSON_SIZE_MAX, &node, NULL), ==, refused[i].error);
        }
}

static void assert_refused(const char *text, size_t size, int error, const char *message) {
        g_autofree char *actual = NULL;
        JsonNode *node = NULL;
        int r;

        r = json_parse(text, size, SIZE_MAX, &node, &actual);
        g_assert_cmpstr(actual, ==, message);
        g_assert_cmpint(r, ==, error);
        g_assert_null(node);
}

static void test_nothing(void) {
        assert_refused(NULL, 0, -EINVAL, "line 1, column 1: expected a value, found the end of the text");
}

static void test_nul_byte(void) {
        static const char in_string[] = "\"a\0b\"", between[] = "[1,\0 2]", after[] = "1\0";

        assert_refused(in_string, sizeof(in_string) - 1, -EINVAL, "line 1, column 3: a NUL byte");
        assert_refused(between, sizeof(between) - 1, -EINVAL, "line 1, column 4: a NUL byte");
        assert_refused(after, sizeof(after) - 1, -EINVAL, "line 1, column 2: a NUL byte");
}

static char *nest(const char *open, const char *inside, const char *close, size_t n) {
        GString *text = g_string_new(NULL);

        for (size_t i = 0; i < n; i++)
                g_string_append(text, open);
        g_string_append(text, inside);
        for (size_t i = 0; i < n; i++)
                g_string_append(text, close);
        return g_string_free(text, FALSE);
}

static void test_depth(void) {
        static const struct {
                const char *open, *inside, *close;
                const char *message;
        } nested[] = {
                { "[", "", "]", "line 1, column 33: nested deeper than 32 levels" },
                { "{\"a\":", "1", "}", "line 1, column 161: nested deeper than 32 levels" },
                { "[{\"\":", "[]", "}]", "line 1, column 81: nested deeper than 32 levels" },
        };
        static const size_t levels[] = { 32, 32, 16 };

        for (size_t i = 0; i < ELEMENTSOF(nested); i++) {
                const char *open = nested[i].open, *close = nested[i].close;
                bool even = i == 2; /* its inside is a level of its own */
                g_autofree char *fits = nest(open, even ? "1" : nested[i].inside, close, levels[i]);
                g_autofree char *deeper = nest(open, nested[i].inside, close, levels[i] + !even);
                g_autofree char *hostile = nest(open, nested[i].inside, close, 100000);
                g_autoptr(JsonNode) node = NULL;
                g_autofree char *formatted = NULL;

                g_assert_cmpint(json_parse(fits, strlen(fits), JSON_SIZE_MAX, &node, NULL), ==, 0);
                formatted = json_format(node);
                g_assert_cmpstr(formatted, ==, fits);
                assert_refused(deeper, strlen(deeper), -E2BIG, nested[i].message);
                assert_refused(hostile, strlen(hostile), -E2BIG, nested[i].message);
        }
}

static void test_unclosed_depth(void) {
        g_autofree char *text = g_strnfill(100000, '[');

        assert_refused(text, 100000, -E2BIG, "line 1, column 33: nested deeper than 32 levels");
}

static void test_size(void) {
        g_autofree char *text = g_strnfill(JSON_SIZE_MAX + 1, 'x'), *error = NULL;
        g_autoptr(JsonNode) node = NULL;
        JsonNode *none = NULL;

        text[0] = text[JSON_SIZE_MAX - 1] = '"';
        g_assert_cmpint(json_parse(text, JSON_SIZE_MAX, JSON_SIZE_MAX, &node, NULL), ==, 0);
        g_assert_cmpuint(strlen(json_node_get_string(node)), ==, JSON_SIZE_MAX - 2);

        g_assert_cmpint(json_parse(text, JSON_SIZE_MAX + 1, JSON_SIZE_MAX, &none, &error), ==, -E2BIG);
        g_assert_cmpstr(error, ==, "65537 bytes of JSON, 65536 are the most that is taken");
        g_assert_null(none);
}

/* 10 MB of what takes the longest paths: it must come to an end, which the test's own time limit watches. */
static void test_large(void) {
        static const char *const units[] = { "\\u00e9", "é", "x", "\\\\" };
        const size_t n = 10 * 1024 * 1024;

        for (size_t i = 0; i < ELEMENTSOF(units); i++) {
                g_autoptr(GString) text = g_string_new("{\"");
                g_autoptr(JsonNode) node = NULL;

                while (text->len < n)
                        g_string_append(text, units[i]);
                assert_refused(text->str, text->len, -EINVAL, "line 1, column 2: a string that does not end");
                g_string_append(text, "\":[]}");
                g_assert_cmpint(json_parse(text->str, text->len, text->len, &node, NULL), ==, 0);
        }
}

static void test_large_array(void) {
        g_autoptr(GString) text = g_string_new("[0");
        g_autoptr(JsonNode) node = NULL;

        for (unsigned i = 0; i < 100000; i++)
                g_string_append(text, ",\n{\"a\":-1.5e3}");
        assert_refused(text->str, text->len, -EINVAL,
                       "line 100001, column 13: expected \",\" or \"]\", found the end of the text");

        g_string_append(text, "]");
        g_assert_cmpint(json_parse(text->str, text->len, text->len, &node, NULL), ==, 0);
        g_assert_cmpuint(json_array_get_length(json_node_get_array(node)), ==, 100001);
}

static void test_long_number(void) {
        g_autofree char *digits = g_strnfill(1024 * 1024, '7'), *fraction = g_strdup_printf("0.%s", digits);
        g_autoptr(JsonNode) node = NULL;

        assert_refused(digits, strlen(digits), -ERANGE, "line 1, column 1: an integer that does not fit into 64 bits");
        g_assert_cmpint(json_parse(fraction, strlen(fraction), SIZE_MAX, &node, NULL), ==, 0);
        g_assert_cmpfloat(json_node_get_double(node), ==, 7.0 / 9);
}

static void test_members(void) {
        g_autoptr(GString) text = g_string_new("{");
        g_autoptr(JsonNode) node = NULL;

        for (unsigned i = 0; i < JSON_MEMBERS_MAX; i++)
                g_string_append_printf(text, "%s\"%05u\":0", i > 0 ? "," : "", i);
        g_string_append(text, "}");
        g_assert_cmpint(json_parse(text->str, text->len, SIZE_MAX, &node, NULL), ==, 0);
        g_assert_cmpuint(json_object_get_size(json_node_get_object(node)), ==, JSON_MEMBERS_MAX);

        g_string_truncate(text, text->len - 1);
        g_string_append(text, ",\n\"x\":0}");
        assert_refused(text->str, text->len, -E2BIG, "line 2, column 1: an object with more than 16384 members");
}

/* As many names of one hash value (djb2: 33 * "a" + "B" == 33 * "b" + "!") as a request can hold. */
static void test_colliding_members(void) {
        g_autoptr(GString) text = g_string_new("{");
        g_autoptr(JsonNode) node = NULL;

        for (unsigned i = 0; i < 1U << 11; i++) {
                g_string_append(text, i > 0 ? ",\"" : "\"");
                for (unsigned bit = 0; bit < 11; bit++)
                        g_string_append(text, i & (1U << bit) ? "aB" : "b!");
                g_string_append(text, "\":0");
        }
        g_string_append(text, "}");
        g_assert_cmpint(json_parse(text->str, text->len, JSON_SIZE_MAX, &node, NULL), ==, 0);
        g_assert_cmpuint(json_object_get_size(json_node_get_object(node)), ==, 1U << 11);
}

static void test_random_bytes(void) {
        static const char alphabet[] = "{}[]\",:0123456789.eE+-\\utrfalsn \n\xc3\xa9\xf0\xff\x01";

        for (unsigned i = 0; i < 20000; i++) {
                char text[64];
                size_t size = (size_t) g_test_rand_int_range(0, sizeof(text));
                g_autofree char *error = NULL;
                JsonNode *node = NULL;

                for (size_t k = 0; k < size; k++)
                        text[k] = i % 2 ? (char) g_test_rand_int() :
                                          alphabet[g_test_rand_int_range(0, sizeof(alphabet) - 1)];
                if (json_parse(text, size, JSON_SIZE_MAX, &node, &error) < 0)
                        g_assert_nonnull(error);
                else
                        json_node_unref(node);
        }
}

static void test_types(void) {
        g_autoptr(JsonNode) node = NULL;
        JsonArray *array;

        g_assert_cmpint(json_parse("[5,5.0,true,\"5\"]", 16, 16, &node, NULL), ==, 0);
        array = json_node_get_array(node);
        g_assert_cmpuint(json_node_get_value_type(json_array_get_element(array, 0)), ==, G_TYPE_INT64);
        g_assert_cmpuint(json_node_get_value_type(json_array_get_element(array, 1)), ==, G_TYPE_DOUBLE);
        g_assert_cmpuint(json_node_get_value_type(json_array_get_element(array, 2)), ==, G_TYPE_BOOLEAN);
        g_assert_cmpuint(json_node_get_value_type(json_array_get_element(array, 3)), ==, G_TYPE_STRING);
}

static JsonObject *parse_object(const char *text) {
        JsonObject *object = NULL;
        int r;

        r = json_parse_object(text, strlen(text), JSON_SIZE_MAX, &object, NULL);
        g_assert_cmpint(r, ==, 0);
        return object;
}

static void test_object(void) {
        static const char *const others[] = { "[]", "1", "\"{}\"", "null" };
        g_autoptr(JsonObject) object = parse_object(" {\"a\":1}");
        g_autofree char *text = json_format_object(object);

        g_assert_cmpstr(text, ==, "{\"a\":1}");
        for (size_t i = 0; i < ELEMENTSOF(others); i++) {
                g_autofree char *error = NULL;
                JsonObject *none = NULL;

                g_assert_cmpint(json_parse_object(others[i], strlen(others[i]), JSON_SIZE_MAX, &none, &error), ==,
                                -EINVAL);
                g_assert_cmpstr(error, ==, "the JSON value is not an object, {...}");
                g_assert_null(none);
        }
}

static void test_format(void) {
        g_autoptr(JsonNode) nan_node = json_node_init_double(json_node_alloc(), (double) NAN);
        g_autoptr(JsonNode) infinity = json_node_init_double(json_node_alloc(), -(double) INFINITY);
        g_autofree char *none = json_format(NULL), *a = json_format(nan_node), *b = json_format(infinity);

        g_assert_cmpstr(none, ==, "null");
        g_assert_cmpstr(a, ==, "null");
        g_assert_cmpstr(b, ==, "null");
}

static void test_show_text(void) {
        g_autofree char *long_text = g_strnfill(200, 'x'), *shortened = g_strdup_printf("%.80s…", long_text);
        const char *const shown[][2] = {
                { "", "" },
                { "a é 😀 \\ \" %n", "a é 😀 \\ \" %n" },
                { "a\nb\x1b[31m", "a\\u000ab\\u001b[31m" },
                { "\xe2\x80\xae", "\\u202e" },             /* right-to-left override */
                { "\xc2\x9b", "\\u009b" },                 /* C1 control */
                { "\xf3\xa0\x80\x81", "\\U000e0001" },     /* language tag */
                { long_text, shortened },
        };

        for (size_t i = 0; i < ELEMENTSOF(shown); i++) {
                g_autofree char *text = json_show_text(shown[i][0]);

                g_assert_cmpstr(text, ==, shown[i][1]);
        }
}

typedef struct Request {
        char *name;
        int64_t count;
        double ratio;
        bool enabled;
        JsonNode *data;
        JsonNode *tags;
        JsonNode *any;
} Request;

static const JsonMember request_members[] = {
        { "name", JSON_STRING, offsetof(Request, name), true },
        { "count", JSON_INTEGER, offsetof(Request, count), false },
        { "ratio", JSON_DOUBLE, offsetof(Request, ratio), false },
        { "enabled", JSON_BOOLEAN, offsetof(Request, enabled), false },
        { "data", JSON_OBJECT, offsetof(Request, data), false },
        { "tags", JSON_ARRAY, offsetof(Request, tags), false },
        { "any", JSON_ANY, offsetof(Request, any), false },
};

static int read_request(const char *text, Request *request, char **ret_error) {
        g_autoptr(JsonObject) object = parse_object(text);

        return json_read_members(object, request_members, ELEMENTSOF(request_members), request, ret_error);
}

static void request_done(Request *request) {
        g_free(request->name);
        g_clear_pointer(&request->data, json_node_unref);
        g_clear_pointer(&request->tags, json_node_unref);
        g_clear_pointer(&request->any, json_node_unref);
}

static void test_members_read(void) {
        _cleanup_(request_done) Request request = { .name = g_strdup("old") };
        g_autofree char *data = NULL, *tags = NULL, *any = NULL, *error = NULL;

        g_assert_cmpint(read_request("{\"name\":\"n\",\"count\":-3,\"ratio\":2,\"enabled\":true,\"data\":{\"a\":1},"
                                     "\"tags\":[1],\"any\":\"x\"}",
                                     &request, &error),
                        ==, 0);
        g_assert_cmpstr(error, ==, NULL);
        g_assert_cmpstr(request.name, ==, "n");
        g_assert_cmpint(request.count, ==, -3);
        g_assert_cmpfloat(request.ratio, ==, 2);
        g_assert_true(request.enabled);
        data = json_format(request.data);
        g_assert_cmpstr(data, ==, "{\"a\":1}");
        tags = json_format(request.tags);
        g_assert_cmpstr(tags, ==, "[1]");
        any = json_format(request.any);
        g_assert_cmpstr(any, ==, "\"x\"");

        /* What is not there is left alone. */
        g_assert_cmpint(read_request("{\"name\":\"m\",\"ratio\":0.5,\"data\":{}}", &request, NULL), ==, 0);
        g_assert_cmpstr(request.name, ==, "m");
        g_assert_cmpint(request.count, ==, -3);
        g_assert_cmpfloat(request.ratio, ==, 0.5);
}

static void test_members_refused(void) {
        static const char *const requests[][2] = {
                { "{}", "the member \"name\" is missing" },
                { "{\"name\":\"n\",\"nmae\":1}", "unknown member \"nmae\"" },
                { "{\"name\":\"n\",\"a\\nb\":1}", "unknown member \"a\\u000ab\"" },
                { "{\"name\":null}", "the member \"name\" must be a string" },
                { "{\"name\":5}", "the member \"name\" must be a string" },
                { "{\"name\":\"n\",\"count\":\"5\"}", "the member \"count\" must be an integer" },
                { "{\"name\":\"n\",\"count\":5.0}", "the member \"count\" must be an integer" },
                { "{\"name\":\"n\",\"count\":true}", "the member \"count\" must be an integer" },
                { "{\"name\":\"n\",\"ratio\":\"1\"}", "the member \"ratio\" must be a number" },
                { "{\"name\":\"n\",\"enabled\":1}", "the member \"enabled\" must be true or false" },
                { "{\"name\":\"n\",\"data\":[]}", "the member \"data\" must be an object" },
                { "{\"name\":\"n\",\"tags\":{}}", "the member \"tags\" must be an array" },
                { "{\"name\":\"n\",\"any\":null}", "the member \"any\" must be a value other than null" },
        };

        for (size_t i = 0; i < ELEMENTSOF(requests); i++) {
                _cleanup_(request_done) Request request = { .name = g_strdup("old"), .count = 7 };
                g_autofree char *error = NULL;

                g_assert_cmpint(read_request(requests[i][0], &request, &error), ==, -EINVAL);
                g_assert_cmpstr(error, ==, requests[i][1]);
                g_assert_cmpstr(request.name, ==, "old"); /* nothing is half stored */
                g_assert_cmpint(request.count, ==, 7);
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/json/accepted", test_accepted);
        g_test_add_func("/json/refused", test_refused);
        g_test_add_func("/json/nothing", test_nothing);
        g_test_add_func("/json/nul-byte", test_nul_byte);
        g_test_add_func("/json/depth", test_depth);
        g_test_add_func("/json/unclosed-depth", test_unclosed_depth);
        g_test_add_func("/json/size", test_size);
        g_test_add_func("/json/large", test_large);
        g_test_add_func("/json/large-array", test_large_array);
        g_test_add_func("/json/long-number", test_long_number);
        g_test_add_func("/json/members", test_members);
        g_test_add_func("/json/colliding-members", test_colliding_members);
        g_test_add_func("/json/random-bytes", test_random_bytes);
        g_test_add_func("/json/types", test_types);
        g_test_add_func("/json/object", test_object);
        g_test_add_func("/json/format", test_format);
        g_test_add_func("/json/show-text", test_show_text);
        g_test_add_func("/json/read-members", test_members_read);
        g_test_add_func("/json/read-members-refused", test_members_refused);

        return g_test_run();
}
