/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "escape.h"
#include "json.h"

static void assert_escaped(const char *text, ssize_t size, EscapeFlags flags, const char *expected) {
        g_autofree char *escaped = escape_text(text, size, flags);

        g_assert_cmpstr(escaped, ==, expected);
}

static void test_plain(void) {
        assert_escaped("", -1, 0, "");
        assert_escaped("back up \\ \"x\" ~", -1, 0, "back up \\ \"x\" ~");
        assert_escaped("Gerät 日本 🙂", -1, 0, "Gerät 日本 🙂");
}

/* What a terminal would act on: xterm's control sequences, ECMA-48 5.3. */
static void test_controls(void) {
        assert_escaped("\033[2Jgone", -1, 0, "\\x1b[2Jgone");
        assert_escaped("\033]0;title\a", -1, 0, "\\x1b]0;title\\x07");
        assert_escaped("a\rb\bc\177", -1, 0, "a\\x0db\\x08c\\x7f");
        assert_escaped("\302\2332Jgone", -1, 0, "\\u009b2Jgone"); /* CSI as one character of UTF-8 */
        assert_escaped("\2332Jgone", -1, 0, "\\x9b2Jgone");       /* and as one byte */
        assert_escaped("a\0b", 3, 0, "a\\x00b");
}

static void test_layout(void) {
        assert_escaped("a\tb\nc", -1, 0, "a\\x09b\\x0ac");
        assert_escaped("a\tb\nc", -1, ESCAPE_KEEP_TAB, "a\tb\\x0ac");
        assert_escaped("a\tb\nc", -1, ESCAPE_KEEP_TAB | ESCAPE_KEEP_NEWLINE, "a\tb\nc");
}

/* Text that would show itself in another order: CVE-2021-42574. */
static void test_bidirectional(void) {
        assert_escaped("a\342\200\256b", -1, 0, "a\\u202eb");
        assert_escaped("a\342\200\213b\342\201\240c", -1, 0, "a\\u200bb\\u2060c");
        assert_escaped("a\363\240\201\201b", -1, 0, "a\\U000e0041b");
        assert_escaped("\342\200\215\342\200\214", -1, 0, "\342\200\215\342\200\214"); /* letters need them */
        g_assert_true(escape_is_needed("a\342\200\256b"));
        g_assert_true(escape_is_needed("a\tb"));
        g_assert_false(escape_is_needed("\303\244 b"));
        assert_escaped("a\342\201\246b\342\201\251", -1, 0, "a\\u2066b\\u2069");
        assert_escaped("a\342\200\250b", -1, 0, "a\\u2028b");
        assert_escaped("עברית", -1, 0, "עברית");
}

static void test_not_utf8(void) {
        assert_escaped("a\377b\303", -1, 0, "a\\xffb\\xc3");
        assert_escaped("\300\200\355\240\200", -1, 0, "\\xc0\\x80\\xed\\xa0\\x80"); /* overlong NUL, a surrogate */
}

static void test_ascii(void) {
        assert_escaped("ä日🙂", -1, ESCAPE_ASCII, "\\u00e4\\u65e5\\U0001f642");
}

/* The same value, and nothing left that a terminal would act on. */
static void test_json(void) {
        const char *json = "{\n  \"a\" : \"x\302\233y\177\342\200\256z\"\n}";
        g_autofree char *escaped = escape_json(json), *invalid = escape_json("\"\377\"");
        g_autoptr(JsonObject) before = NULL, after = NULL;

        g_assert_cmpstr(escaped, ==, "{\n  \"a\" : \"x\\u009by\\u007f\\u202ez\"\n}");
        g_assert_cmpint(json_parse_object(json, strlen(json), SIZE_MAX, &before, NULL), ==, 0);
        g_assert_cmpint(json_parse_object(escaped, strlen(escaped), SIZE_MAX, &after, NULL), ==, 0);
        g_assert_cmpstr(json_object_get_string_member(before, "a"), ==, json_object_get_string_member(after, "a"));
        g_assert_cmpstr(invalid, ==, "\"\357\277\275\"");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/escape/plain", test_plain);
        g_test_add_func("/escape/controls", test_controls);
        g_test_add_func("/escape/layout", test_layout);
        g_test_add_func("/escape/bidirectional", test_bidirectional);
        g_test_add_func("/escape/not-utf8", test_not_utf8);
        g_test_add_func("/escape/ascii", test_ascii);
        g_test_add_func("/escape/json", test_json);
        return g_test_run();
}
