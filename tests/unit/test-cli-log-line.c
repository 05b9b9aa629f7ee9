/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <syslog.h>
#include <time.h>

#include "log-line.h"
#include "log-view.h"

/* 2024-02-01 11:59:00 in Berlin */
#define TIME "1706785140000000"

static LogLine parse(const char *text) {
        LogLine line;

        g_assert_cmpint(log_line_parse(text, strlen(text), &line), ==, 0);
        return line;
}

static void assert_bad(const char *text) {
        LogLine line;

        g_assert_cmpint(log_line_parse(text, strlen(text), &line), ==, -EBADMSG);
}

static void test_parse(void) {
        LogLine line = parse("{\"time\":" TIME ",\"priority\":4,\"source\":\"job\",\"identifier\":\"backup\",\"pid\":12,"
                             "\"message\":\"hello\",\"cursor\":\"s=1;i=2\",\"later\":[]}");

        g_assert_cmpuint(line.time, ==, UINT64_C(1706785140000000));
        g_assert_cmpint(line.priority, ==, LOG_WARNING);
        g_assert_cmpstr(line.identifier, ==, "backup");
        g_assert_cmpint(line.pid, ==, 12);
        g_assert_cmpstr(line.message, ==, "hello");
        g_assert_cmpstr(line.cursor, ==, "s=1;i=2");
        log_line_done(&line);

        line = parse("{\"time\":" TIME ",\"priority\":99,\"identifier\":null,\"pid\":null,\"message\":\"\"}");
        g_assert_cmpint(line.priority, ==, LOG_INFO);
        g_assert_null(line.identifier);
        g_assert_null(line.cursor);
        g_assert_cmpint(line.pid, ==, 0);
        log_line_done(&line);

        assert_bad("");
        assert_bad("hello");
        assert_bad("[]");
        assert_bad("{\"time\":" TIME "}");
        assert_bad("{\"time\":\"now\",\"message\":\"x\"}");
        assert_bad("{\"time\":-5,\"message\":\"x\"}");
        assert_bad("{\"time\":" TIME ",\"message\":[104,105]}");
}

static void assert_shown(const char *json, LogStyle style, const char *expected) {
        LogLine line = parse(json);
        g_autofree char *shown = log_line_format(&line, &style);

        g_assert_cmpstr(shown, ==, expected);
        log_line_done(&line);
}

#define LINE(priority, message)                                                                                    \
        "{\"time\":" TIME ",\"priority\":" #priority ",\"identifier\":\"b\",\"pid\":7,\"message\":\"" message "\"}"

static void test_short(void) {
        LogStyle plain = { .format = LOG_FORMAT_SHORT }, colored = { .terminal = true, .colors = true };
        LogStyle ascii = { .terminal = true, .ascii = true };

        assert_shown(LINE(6, "hello\\tä"), plain, "Feb 01 11:59:00 b[7]: hello\tä\n");
        assert_shown(LINE(6, ""), plain, "Feb 01 11:59:00 b[7]: \n");
        assert_shown("{\"time\":" TIME ",\"message\":\"x\"}", plain, "Feb 01 11:59:00 -: x\n");
        assert_shown(LINE(6, "hello"), colored, "Feb 01 11:59:00 b[7]: hello\n");
        assert_shown(LINE(3, "bad"), colored, "Feb 01 11:59:00 b[7]: \033[1;31mbad\033[0m\n");
        assert_shown(LINE(7, "ä"), ascii, "Feb 01 11:59:00 b[7]: \\u00e4\n");
        /* a message that would pass for another line */
        assert_shown(LINE(6, "one\\nFeb 01 11:59:01 jobd: two"), plain,
                     "Feb 01 11:59:00 b[7]: one\n                      Feb 01 11:59:01 jobd: two\n");
        /* also where nobody looks yet: less and cat show it later */
        assert_shown(LINE(6, "\\u001b[2Jgone\\r"), plain, "Feb 01 11:59:00 b[7]: \\x1b[2Jgone\\x0d\n");
}

static void test_cat(void) {
        LogStyle file = { .format = LOG_FORMAT_CAT }, terminal = { .format = LOG_FORMAT_CAT, .terminal = true };

        assert_shown(LINE(6, "a\\n\\u001b[2Jb"), file, "a\n\033[2Jb\n");
        assert_shown(LINE(6, "a\\n\\u001b[2Jb"), terminal, "a\n\\x1b[2Jb\n");
}

static void test_format_names(void) {
        g_assert_cmpint(log_format_from_string("short"), ==, LOG_FORMAT_SHORT);
        g_assert_cmpint(log_format_from_string("cat"), ==, LOG_FORMAT_CAT);
        g_assert_cmpint(log_format_from_string("json"), ==, LOG_FORMAT_JSON);
        g_assert_cmpint(log_format_from_string("verbose"), ==, _LOG_FORMAT_INVALID);
        g_assert_cmpint(log_format_from_string(""), ==, _LOG_FORMAT_INVALID);
}

/* Lines that come in pieces, one that is too long, one that breaks off; what is shown goes to standard output. */
static void test_view(void) {
        if (g_test_subprocess()) {
                LogView *view = log_view_new(LOG_FORMAT_CAT);
                g_autofree char *long_part = g_strnfill(LOG_LINE_MAX + 1, 'x');
                int fds[2];
                int r;

                g_assert_cmpint(pipe(fds), ==, 0);
                if (fork() == 0) {
                        FILE *f = fdopen(fds[1], "w");

                        fprintf(f, "%s\n{\"time\":1,", LINE(6, "first"));
                        (void) fflush(f);
                        fprintf(f, "\"message\":\"second\"}\n%s\n%s\nnonsense\n%s", long_part, LINE(6, "third"),
                                LINE(6, "broken off"));
                        (void) fclose(f);
                        _exit(0);
                }
                (void) close(fds[1]);
                while ((r = log_view_read(view, fds[0])) > 0)
                        ;
                g_assert_cmpint(r, ==, 0);
                (void) close(fds[0]);
                log_view_free(view);
                return;
        }
        g_test_trap_subprocess(NULL, 0, 0);
        g_test_trap_assert_passed();
        g_test_trap_assert_stdout("*first\nsecond\nthird\n*");
        g_test_trap_assert_stdout_unmatched("*broken off*");
        g_test_trap_assert_stderr("*longer than*left out*cannot be read, left out*");
}

int main(int argc, char **argv) {
        g_assert_cmpint(setenv("TZ", "Europe/Berlin", true), ==, 0);
        tzset();
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/cli-log-line/parse", test_parse);
        g_test_add_func("/cli-log-line/short", test_short);
        g_test_add_func("/cli-log-line/cat", test_cat);
        g_test_add_func("/cli-log-line/format-names", test_format_names);
        g_test_add_func("/cli-log-line/view", test_view);
        return g_test_run();
}
