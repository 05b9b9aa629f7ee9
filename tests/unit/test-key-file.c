/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "key-file.h"

#define LINES_MAX 20

/* Writes down what is read as "LINE [SECTION]" and "LINE SECTION KEY=VALUE;". */
static int write_down(const KeyFileLine *line, void *userdata, char **ret_error) {
        GString *s = userdata;

        if (!line->key) {
                g_assert_null(line->value);
                g_string_append_printf(s, "%u [%s]\n", line->line, line->section);
                return 0;
        }

        if (g_str_equal(line->key, "Refuse")) {
                *ret_error = g_strdup("Refuse=: the handler refuses it");
                return -ENOENT;
        }

        g_string_append_printf(s, "%u %s %s=%s;\n", line->line, line->section, line->key, line->value);
        return 0;
}

static int parse(const char *text, size_t size, char **ret_read, char **ret_error) {
        /* On the heap and of exact size, so that the sanitizer sees a byte too many */
        g_autofree char *copy = g_memdup2(text, size);
        GString *s = g_string_new(NULL);
        int r;

        r = key_file_parse("f.job", copy, size, LINES_MAX, write_down, s, ret_error);
        *ret_read = g_string_free(s, FALSE);

        return r;
}

static void assert_read(const char *text, const char *expected) {
        g_autofree char *read = NULL, *error = NULL;

        g_assert_cmpint(parse(text, strlen(text), &read, &error), ==, 0);
        g_assert_cmpstr(read, ==, expected);
        g_assert_null(error);
}

static void assert_refused_sized(const char *text, size_t size, const char *expected) {
        g_autofree char *read = NULL, *error = NULL;

        g_assert_cmpint(parse(text, size, &read, &error), <, 0);
        g_assert_cmpstr(error, ==, expected);
}

static void assert_refused(const char *text, const char *expected) {
        assert_refused_sized(text, strlen(text), expected);
}

static void test_lines(void) {
        assert_read("", "");
        assert_read("\n\n", "");
        assert_read("[A]", "1 [A]\n");
        assert_read("[A]\nK=v", "1 [A]\n2 A K=v;\n");
        assert_read("[A]\nK=v\n\n[B]\nK=w\n", "1 [A]\n2 A K=v;\n4 [B]\n5 B K=w;\n");
        assert_read("[Variable device]\nK=v\n", "1 [Variable device]\n2 Variable device K=v;\n");
        assert_read("[A]\nK=\nK==\nK=a=b\n", "1 [A]\n2 A K=;\n3 A K==;\n4 A K=a=b;\n");
}

static void test_repeated(void) {
        /* Every line counts, in order, and so does a section that comes again */
        assert_read("[A]\nK=1\nK=2\nK=1\n[B]\n[A]\nK=3\n",
                    "1 [A]\n2 A K=1;\n3 A K=2;\n4 A K=1;\n5 [B]\n6 [A]\n7 A K=3;\n");
}

static void test_blanks(void) {
        assert_read("  [ A ]  \n\t K \t= \t v w \t\n", "1 [A]\n2 A K=v w;\n");
        assert_read("[A]\r\nK=v\r\n", "1 [A]\n2 A K=v;\n");
        assert_read("[A]\nK=a\tb\n", "1 [A]\n2 A K=a\tb;\n");
        assert_read("   \n \t \n", "");
}

static void test_comments(void) {
        assert_read("# c\n; c\n[A]\n  # c\n\t; c = d\nK=v # no comment ; none\n",
                    "3 [A]\n6 A K=v # no comment ; none;\n");
        assert_read("# a comment is not continued \\\n[A]\n", "2 [A]\n");
        assert_read("#[A]\n#K=v\n", "");
}

/* What systemd 252 makes of Description= written like this, seen by "systemctl show -p Description" */
static void test_continuation(void) {
        assert_read("[A]\nK=a\\\nb\nL=c\n", "1 [A]\n2 A K=a b;\n4 A L=c;\n");
        assert_read("[A]\nK=a \\\n   b \\\n\tc\n", "1 [A]\n2 A K=a     b  \tc;\n");
        assert_read("[A]\nK=a \\\n# in between\n; too\n  b\n", "1 [A]\n2 A K=a    b;\n");
        assert_read("[A]\nK=a\\\\\nL=b\n", "1 [A]\n2 A K=a\\\\;\n3 A L=b;\n");
        assert_read("[A]\nK=a\\\\\\\nb\n", "1 [A]\n2 A K=a\\\\ b;\n");
        assert_read("[A]\nK=a\\\n\nL=b\n", "1 [A]\n2 A K=a;\n4 A L=b;\n");
        assert_read("[A]\r\nK=a\\\r\nb\r\n", "1 [A]\n2 A K=a b;\n");
        assert_read("[A]\nK=a\\", "1 [A]\n2 A K=a;\n");
        assert_read("[A]\nK\\\n=v\n", "1 [A]\n2 A K=v;\n");
        assert_read("\\\n\\\n[A]\n", "1 [A]\n");
        assert_read("[A]\nK=a \\ \n", "1 [A]\n2 A K=a \\;\n");
        /* A blank after the backslash: not continued */
        assert_refused("[A]\nK=a \\ \nb\n",
                       "f.job:3: \"b\" has no \"=\"; a line is KEY=VALUE, [SECTION], or a comment from # or ;");
}

static void test_errors(void) {
        assert_refused("[A\n", "f.job:1: \"[A\" is not a section header; it must end in \"]\"");
        assert_refused("\n[A] x\n", "f.job:2: \"[A] x\" is not a section header; it must end in \"]\"");
        assert_refused("[]\n", "f.job:1: \"[]\" is not a section header; write [NAME]");
        assert_refused("[", "f.job:1: \"[\" is not a section header; it must end in \"]\"");
        assert_refused("[  ]\n", "f.job:1: \"[  ]\" is not a section header; write [NAME]");
        assert_refused("[[A]]\n", "f.job:1: \"[[A]]\" is not a section header; write [NAME]");
        assert_refused("K=v\n", "f.job:1: K=: stands before the first [SECTION]; move it into one");
        assert_refused("[A]\nnonsense\n",
                       "f.job:2: \"nonsense\" has no \"=\"; a line is KEY=VALUE, [SECTION], or a comment from # or ;");
        assert_refused("[A]\n=v\n",
                       "f.job:2: \"=v\" does not begin with a key; a key is letters, digits and \"-\", up to 64");
        assert_refused("[A]\nA key=v\n",
                       "f.job:2: \"A key=v\" does not begin with a key; a key is letters, digits and \"-\", up to 64");
        assert_refused("[A]\nK\303\244=v\n",
                       "f.job:2: \"K\303\244=v\" does not begin with a key; a key is letters, digits and \"-\", up to "
                       "64");
        /* The line is the one on which the setting begins */
        assert_refused("[A]\n\nRefuse=\\\na\\\nb\n", "f.job:3: Refuse=: the handler refuses it");
}

static void test_handler_result(void) {
        g_autofree char *read = NULL, *error = NULL;

        g_assert_cmpint(parse("[A]\nK=v\nRefuse=\nL=w\n", 20, &read, &error), ==, -ENOENT);
        g_assert_cmpstr(read, ==, "1 [A]\n2 A K=v;\n");
}

static void test_encoding(void) {
        assert_read("[A]\nK=\303\244\342\202\254\360\237\230\200\n",
                    "1 [A]\n2 A K=\303\244\342\202\254\360\237\230\200;\n");

        assert_refused("\357\273\277[A]\n", "f.job:1: starts with a byte order mark; save it as UTF-8 without one");
        assert_refused_sized("\377\376[\0A\0]\0", 8,
                             "f.job:1: starts with a byte order mark; save it as UTF-8 without one");
        assert_refused_sized("\376\377\0[\0A\0]", 8,
                             "f.job:1: starts with a byte order mark; save it as UTF-8 without one");
        assert_refused_sized("[A]\nK=\0v\n", 9, "f.job:2: has a NUL byte; it must be a text file");
        assert_refused_sized("\0", 1, "f.job:1: has a NUL byte; it must be a text file");
        assert_refused("[A]\nK=\344\n", "f.job:2: byte 0xe4 is not UTF-8; save the file as UTF-8");
        /* Cut off, too long for its code point, a surrogate, beyond U+10FFFF; in comments too */
        assert_refused("[A]\nK=\303", "f.job:2: byte 0xc3 is not UTF-8; save the file as UTF-8");
        assert_refused("# \300\257\n", "f.job:1: byte 0xc0 is not UTF-8; save the file as UTF-8");
        assert_refused("# \355\240\200\n", "f.job:1: byte 0xed is not UTF-8; save the file as UTF-8");
        assert_refused("# \364\220\200\200\n", "f.job:1: byte 0xf4 is not UTF-8; save the file as UTF-8");
}

static void test_control_characters(void) {
        static const struct {
                const char *text;
                const char *shown;
        } cases[] = {
                { "\033[31m",  "001B" },
                { "\001",      "0001" },
                { "\177",      "007F" },
                { "\v",        "000B" },
                { "\302\233m", "009B" },
                { "a\rb",      "000D" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                g_autofree char *text = g_strdup_printf("[A]\nK=%s\n", cases[i].text);
                g_autofree char *expected = g_strdup_printf("f.job:2: has the control character U+%s; only tab is "
                                                            "allowed, write others as \\xNN where a setting takes "
                                                            "that",
                                                            cases[i].shown);

                assert_refused(text, expected);
        }

        assert_refused("[A]\r", "f.job:1: has the control character U+000D; only tab is allowed, write others as "
                                "\\xNN where a setting takes that");
        /* NO-BREAK SPACE begins with the same byte as U+009B */
        assert_read("[A]\nK=a\302\240b\n", "1 [A]\n2 A K=a\302\240b;\n");
}

static void test_limits(void) {
        g_autofree char *key = g_strnfill(KEY_FILE_KEY_MAX, 'k'), *section = g_strnfill(KEY_FILE_SECTION_MAX, 's');
        g_autofree char *newlines = g_strnfill(LINES_MAX, '\n'), *value = g_strnfill(1 << 20, 'v');
        g_autofree char *good = g_strdup_printf("[%s]\n%s=v\n", section, key);
        g_autofree char *good_read = g_strdup_printf("1 [%s]\n2 %s %s=v;\n", section, section, key);
        g_autofree char *long_section = g_strdup_printf("[%ss]\n", section);
        g_autofree char *long_key = g_strdup_printf("[A]\n%sk=v\n", key);
        g_autofree char *long_value = g_strdup_printf("[A]\nK=%s\n", value);
        g_autofree char *long_value_read = g_strdup_printf("1 [A]\n2 A K=%s;\n", value);
        g_autofree char *too_many_lines = g_strdup_printf("%s#", newlines);

        assert_read(good, good_read);
        assert_read(long_value, long_value_read);
        assert_read(newlines, "");
        assert_refused(too_many_lines, "f.job:21: has more than 20 lines, which is the most");
        /* What is shown of a long line is short */
        assert_refused(long_section, "f.job:1: \"[sssssssssssssssssssssssssssssssssssssss...\" is not a section "
                                     "header; write [NAME]");
        assert_refused(long_key, "f.job:2: \"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk...\" does not begin with a key; "
                                 "a key is letters, digits and \"-\", up to 64");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/key-file/lines", test_lines);
        g_test_add_func("/key-file/repeated", test_repeated);
        g_test_add_func("/key-file/blanks", test_blanks);
        g_test_add_func("/key-file/comments", test_comments);
        g_test_add_func("/key-file/continuation", test_continuation);
        g_test_add_func("/key-file/errors", test_errors);
        g_test_add_func("/key-file/handler-result", test_handler_result);
        g_test_add_func("/key-file/encoding", test_encoding);
        g_test_add_func("/key-file/control-characters", test_control_characters);
        g_test_add_func("/key-file/limits", test_limits);

        return g_test_run();
}
