/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <time.h>

#include "bus-report.h"
#include "json.h"
#include "jobctl.h"
#include "output.h"
#include "progress-line.h"
#include "result-text.h"
#include "suggest.h"

static JsonObject *object(const char *json) {
        JsonObject *o = NULL;

        g_assert_cmpint(json_parse_object(json, strlen(json), SIZE_MAX, &o, NULL), ==, 0);
        return o;
}

static void test_duration(void) {
        static const struct {
                uint64_t usec;
                const char *text;
        } cases[] = {
                { 0, "0ms" },
                { 314 * USEC_PER_MSEC + 999, "314ms" },
                { 999999, "999ms" },
                { USEC_PER_SEC, "1.000s" },
                { 2314 * USEC_PER_MSEC, "2.314s" },
                { 59999999, "59.999s" },
                { 65 * USEC_PER_SEC, "1min 5s" },
                { 3599 * USEC_PER_SEC, "59min 59s" },
                { 3600 * USEC_PER_SEC + 59999999, "1h" },
                { 7500 * USEC_PER_SEC, "2h 5min" },
                { 90000 * USEC_PER_SEC, "1d 1h" },
                { USEC_INFINITY, "infinity" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                g_autofree char *text = format_duration(cases[i].usec);

                g_assert_cmpstr(text, ==, cases[i].text);
        }
}

/* date -d @1706785140 */
static void test_time(void) {
        g_autofree char *winter = format_time(UINT64_C(1706785140999999));
        g_autofree char *summer = format_time(UINT64_C(1719878400000000));
        g_autofree char *brief = format_time_short(UINT64_C(1706785140000000)), *never = format_time(0);

        g_assert_cmpstr(winter, ==, "Thu 2024-02-01 11:59:00 CET");
        g_assert_cmpstr(summer, ==, "Tue 2024-07-02 02:00:00 CEST");
        g_assert_cmpstr(brief, ==, "2024-02-01 11:59:00");
        g_assert_cmpstr(never, ==, "-");
}

static void assert_closing(const char *json, const char *expected, int status) {
        g_autoptr(JsonObject) result = object(json);
        g_autofree char *line = result_closing_line(result);

        g_assert_cmpstr(line, ==, expected);
        g_assert_cmpint(result_exit_status(result), ==, status);
}

static void test_closing_line(void) {
        assert_closing("{\"status\":\"SUCCESS\",\"reason\":\"success\",\"message\":null,"
                       "\"date_started\":\"2024-02-01T10:59:00.000000Z\",\"date_done\":\"2024-02-01T10:59:02.314159Z\"}",
                       "SUCCESS after 2.314s", 0);
        assert_closing("{\"status\":\"FAILURE\",\"reason\":\"exit-code\",\"message\":\"the job exited with status 3\","
                       "\"date_started\":\"2024-02-01T10:59:00Z\",\"date_done\":\"2024-02-01T11:00:05Z\"}",
                       "FAILURE (exit-code) after 1min 5s: the job exited with status 3", 1);
        assert_closing("{\"status\":\"REVOKED\",\"reason\":\"revoked\",\"message\":\"cancelled by alice\","
                       "\"date_started\":null,\"date_done\":\"2024-02-01T11:00:05Z\"}",
                       "REVOKED: cancelled by alice", 3);
        assert_closing("{\"status\":\"PENDING\",\"reason\":null}", "PENDING", 4);
}

static void test_members(void) {
        g_autoptr(JsonObject) o = object("{\"s\":\"x\",\"n\":null,\"b\":true,\"i\":90,\"d\":1.5,\"a\":[\"x\",\"y\"],"
                                         "\"t\":\"2024-02-01T10:59:00.000001Z\"}");
        g_autofree char *joined = json_strings_join(o, "a", " "), *none = json_strings_join(o, "s", " ");

        g_assert_cmpstr(json_string(o, "s"), ==, "x");
        g_assert_null(json_string(o, "n"));
        g_assert_null(json_string(o, "b"));
        g_assert_null(json_string(o, "missing"));
        g_assert_true(json_boolean(o, "b"));
        g_assert_false(json_boolean(o, "a"));
        g_assert_cmpuint(json_time_span(o, "i"), ==, 90 * USEC_PER_SEC);
        g_assert_cmpuint(json_time_span(o, "d"), ==, 1500 * USEC_PER_MSEC);
        g_assert_cmpuint(json_time_span(o, "n"), ==, USEC_INFINITY);
        g_assert_cmpuint(json_time(o, "t"), ==, UINT64_C(1706785140000001));
        g_assert_cmpuint(json_time(o, "n"), ==, 0);
        g_assert_cmpstr(joined, ==, "x y");
        g_assert_cmpstr(none, ==, "");
}

/* The bodies that the reference answers a wrong input with. */
static void test_invalid_data(void) {
        g_autofree char *two = invalid_data_format("{\"device\":[\"This field is required.\"],"
                                                   "\"ä\":[\"Enter a valid JSON.\",\"Twice.\"],\"x\":\"plain\"}");
        g_autofree char *schedule = invalid_data_format("{\"schedule\":{\"name\":[\"Please provide a name.\"]}}");
        g_autofree char *not_json = invalid_data_format("something else"), *list = invalid_data_format("[]");

        g_assert_cmpstr(two, ==,
                        "the input is not valid:\n"
                        "  device  This field is required.\n"
                        "  ä       Enter a valid JSON.\n"
                        "          Twice.\n"
                        "  x       plain");
        g_assert_null(not_json);
        g_assert_null(list);
        g_assert_cmpstr(schedule, ==, "the schedule is not valid:\n  name  Please provide a name.");
}

static void test_suggest(void) {
        static const char *const names[] = { "list", "show", "run", "results", "result", "revert", "cancel", NULL };

        g_assert_cmpstr(suggest_nearest("lst", names), ==, "list");
        g_assert_cmpstr(suggest_nearest("lits", names), ==, "list");
        g_assert_cmpstr(suggest_nearest("canc", names), ==, "cancel");
        g_assert_cmpstr(suggest_nearest("reslut", names), ==, "result");
        g_assert_cmpstr(suggest_nearest("resutls", names), ==, "results");
        g_assert_null(suggest_nearest("schedule", names));
        g_assert_null(suggest_nearest("nur", names));
        g_assert_null(suggest_nearest("x", names));
        g_assert_null(suggest_nearest("", names));
        g_assert_null(suggest_nearest("a-word-that-is-longer-than-any-verb-will-ever-be", names));
}

static void test_age(void) {
        static const struct {
                uint64_t usec, now;
                const char *text;
        } cases[] = {
                { 0, 1000 * USEC_PER_SEC, NULL },
                { 1000 * USEC_PER_SEC, 1000 * USEC_PER_SEC, "0s ago" },
                { 2000 * USEC_PER_SEC, 1000 * USEC_PER_SEC, "0s ago" }, /* the clock was set back */
                { 1000 * USEC_PER_SEC, 1060 * USEC_PER_SEC - 1, "59s ago" },
                { 1000 * USEC_PER_SEC, 1060 * USEC_PER_SEC, "1min ago" },
                { 1000 * USEC_PER_SEC, 4599 * USEC_PER_SEC, "59min ago" },
                { 1000 * USEC_PER_SEC, 4600 * USEC_PER_SEC, "1h ago" },
                { 1000 * USEC_PER_SEC, 87399 * USEC_PER_SEC, "23h ago" },
                { 1000 * USEC_PER_SEC, 87400 * USEC_PER_SEC, "1d ago" },
                { 1000 * USEC_PER_SEC, 1000 * 86400 * USEC_PER_SEC, "999d ago" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                g_autofree char *text = format_age(cases[i].usec, cases[i].now);

                g_assert_cmpstr(text, ==, cases[i].text);
        }
}

static void test_progress_line(void) {
        static const struct {
                int64_t percent;
                const char *text;
                unsigned columns;
                bool ascii;
                const char *line;
        } cases[] = {
                { 0, NULL, 80, false, "  0% [                    ]" },
                { 45, "reading", 80, false, " 45% [#########           ] reading" },
                { 100, "", 80, false, "100% [####################]" },
                { 7, "one\ntwo\x1b[2J", 80, false, "  7% [#                   ] one\\x0atwo\\x1b[2J" },
                /* The last column stays empty; the bar is left out where it does not fit. */
                { 45, "reading", 32, false, " 45% [#########           ] rea" },
                { 45, "reading", 29, false, " 45% [#########           ]" },
                { 45, "reading", 28, false, " 45% [#########           ]" },
                { 45, "reading", 27, false, " 45%" },
                { 45, "reading", 1, false, " 45%" },
                /* Two columns each; combining characters have none. */
                { 45, "漢字漢", 33, false, " 45% [#########           ] 漢字" },
                { 45, "e\u0301e\u0301e\u0301", 31, false, " 45% [#########           ] e\u0301e\u0301" },
                { 45, "é", 80, true, " 45% [#########           ] \\u00e9" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                g_autofree char *line = progress_line_format(cases[i].percent, cases[i].text, cases[i].columns,
                                                             cases[i].ascii);

                g_assert_cmpstr(line, ==, cases[i].line);
        }
}

int main(int argc, char **argv) {
        g_assert_cmpint(setenv("TZ", "Europe/Berlin", true), ==, 0);
        tzset();
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/cli-output/duration", test_duration);
        g_test_add_func("/cli-output/age", test_age);
        g_test_add_func("/cli-output/progress-line", test_progress_line);
        g_test_add_func("/cli-output/time", test_time);
        g_test_add_func("/cli-output/closing-line", test_closing_line);
        g_test_add_func("/cli-output/members", test_members);
        g_test_add_func("/cli-output/invalid-data", test_invalid_data);
        g_test_add_func("/cli-output/suggest", test_suggest);
        return g_test_run();
}
