/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "crontab.h"

#include <string.h>

#define ALL_MINUTES ((UINT64_C(1) << 60) - 1)

/* Where each value is one bit: the field alone, the others "*". */
static void test_fields(void) {
        static const struct {
                const char *crontab;
                uint64_t minutes;
                uint32_t hours, days;
                uint16_t months;
                uint8_t weekdays;
        } cases[] = {
                { "* * * * *", ALL_MINUTES, 0xFFFFFF, 0xFFFFFFFE, 0x1FFE, 0x7F },
                { "0 0 1 1 0", 1, 1, 1 << 1, 1 << 1, 1 << 0 },
                { "59 23 31 12 7", UINT64_C(1) << 59, 1U << 23, 1U << 31, 1 << 12, 1 << 0 },
                { "*/15 */6 */10 */4 */3", 1 | 1 << 15 | 1 << 30 | UINT64_C(1) << 45, 1 | 1 << 6 | 1 << 12 | 1 << 18,
                  1 << 1 | 1 << 11 | 1 << 21 | 1U << 31, 1 << 1 | 1 << 5 | 1 << 9, 1 << 0 | 1 << 3 | 1 << 6 },
                { "1,3-5,10-20/5 1-2,22-23 1-1 6-8/2 5-7", 1 << 1 | 7 << 3 | 1 << 10 | 1 << 15 | 1 << 20,
                  3 << 1 | 3 << 22, 1 << 1, 1 << 6 | 1 << 8, 1 << 5 | 1 << 6 | 1 << 0 },
                { "*/59 */23 */31 */12 */7", 1 | UINT64_C(1) << 59, 1 | 1 << 23, 1 << 1, 1 << 1, 1 << 0 },
                { "*,5 0,0,0 1-31 1-12 0-6", ALL_MINUTES, 1, 0xFFFFFFFE, 0x1FFE, 0x7F },
                { "0 0 * * 1-7/2", 1, 1, 0xFFFFFFFE, 0x1FFE, 1 << 1 | 1 << 3 | 1 << 5 | 1 << 0 },
                { "0 0 * * 0-7", 1, 1, 0xFFFFFFFE, 0x1FFE, 0x7F },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                g_autofree char *error = NULL;
                Crontab c;

                g_test_message("%s", cases[i].crontab);
                g_assert_cmpint(crontab_parse(cases[i].crontab, &c, &error), ==, 0);
                g_assert_null(error);
                g_assert_cmphex(c.minutes, ==, cases[i].minutes);
                g_assert_cmphex(c.hours, ==, cases[i].hours);
                g_assert_cmphex(c.days, ==, cases[i].days);
                g_assert_cmphex(c.months, ==, cases[i].months);
                g_assert_cmphex(c.weekdays, ==, cases[i].weekdays);
                g_assert_cmpint(crontab_has_every_hour(&c), ==, cases[i].hours == 0xFFFFFF);
        }
}

/* Reference, row S3. */
static void test_refused(void) {
        static const struct {
                const char *crontab, *says;
        } cases[] = {
                { "", "five fields" },
                { "* * * *", "five fields" },
                { "* * * * * *", "five fields" },
                { " * * * * *", "five fields" },
                { "* * * * * ", "five fields" },
                { "*  * * * *", "five fields" },
                { "*\t* * * *", "five fields" },
                { "@daily", "five fields" },
                { "@every 1 2 3 4", "the minute \"@every\" is not valid" },
                { "60 * * * *", "the minute \"60\" is not valid: use \"*\", numbers from 0 to 59" },
                { "* 24 * * *", "the hour \"24\" is not valid" },
                { "* * 0 * *", "the day of month \"0\" is not valid" },
                { "* * 32 * *", "the day of month \"32\" is not valid" },
                { "* * * 0 *", "the month \"0\" is not valid" },
                { "* * * 13 *", "the month \"13\" is not valid: use \"*\", numbers from 1 to 12" },
                { "* * * * 8", "the day of week \"8\" is not valid" },
                { "* * * jan *", "the month \"jan\" is not valid" },
                { "* * * * mon", "the day of week \"mon\" is not valid" },
                { "* * L * *", "the day of month \"L\" is not valid" },
                { "* * 15W * *", "the day of month \"15W\" is not valid" },
                { "* * * * 1#2", "the day of week \"1#2\" is not valid" },
                { "? * * * *", "the minute \"?\" is not valid" },
                { "*/0 * * * *", "the minute \"*/0\" is not valid: the step must be a number from 1 to 59" },
                { "*/60 * * * *", "the step must be a number from 1 to 59" },
                { "*/ * * * *", "the step must be a number" },
                { "*/-1 * * * *", "the step must be a number" },
                { "5/10 * * * *", "a step is for \"*\" and ranges" },
                { "*/5/5 * * * *", "the minute \"*/5/5\" is not valid" },
                { "5-1 * * * *", "the range ends before it begins" },
                { "* * * * 5-0", "the range ends before it begins" },
                { "1- * * * *", "the minute \"1-\" is not valid" },
                { "-1 * * * *", "the minute \"-1\" is not valid" },
                { "1-2-3 * * * *", "the minute \"1-2-3\" is not valid" },
                { "*-5 * * * *", "the minute \"*-5\" is not valid" },
                { "** * * * *", "the minute \"**\" is not valid" },
                { ", * * * *", "an item of the list is empty" },
                { "1, * * * *", "an item of the list is empty" },
                { "1,,2 * * * *", "an item of the list is empty" },
                { ",1 * * * *", "an item of the list is empty" },
                { "05 * * * *", "the minute \"05\" is not valid" },
                { "00 * * * *", "the minute \"00\" is not valid" },
                { "*/05 * * * *", "the step must be a number" },
                { "+5 * * * *", "the minute \"+5\" is not valid" },
                { "0x5 * * * *", "the minute \"0x5\" is not valid" },
                { "1.5 * * * *", "the minute \"1.5\" is not valid" },
                { "4294967296 * * * *", "the minute \"4294967296\" is not valid" },
                { "18446744073709551616 * * * *", "the minute \"18446744073709551616\" is not valid" },
                { "*/99999999999999999999 * * * *", "the step must be a number" },
                { "0 0 * * 1\n", "the day of week \"1\\n\" is not valid" },
                { "0 0 * * \303\244", "the day of week \"\\303\\244\" is not valid" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                g_autofree char *error = NULL;
                Crontab c = {};

                g_test_message("%s", cases[i].crontab);
                g_assert_cmpint(crontab_parse(cases[i].crontab, &c, &error), ==, -EINVAL);
                g_assert_nonnull(strstr(error, cases[i].says));
                g_assert_cmphex(c.minutes, ==, 0);
        }
}

static void test_length(void) {
        g_autofree char *list = g_strnfill(CRONTAB_LENGTH_MAX - strlen("0 * * * *"), '0'),
                        *longest = NULL, *longer = NULL, *error = NULL;
        Crontab c;

        for (size_t i = 0; list[i] && list[i + 1]; i += 2)
                list[i + 1] = ',';
        if (list[strlen(list) - 1] != ',')
                list[strlen(list) - 1] = '*';
        longest = g_strconcat(list, list[strlen(list) - 1] == '*' ? "" : "0", " * * * *", NULL);
        g_assert_cmpint(crontab_parse(longest, &c, &error), ==, 0);

        longer = g_strnfill(CRONTAB_LENGTH_MAX + 1, '*');
        g_assert_cmpint(crontab_parse(longer, &c, &error), ==, -EINVAL);
        g_assert_nonnull(strstr(error, "longer than 255 characters"));
}

/* Wall-clock times are seconds: those of UTC, here. */
static int64_t seconds(const char *text) {
        g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, NULL);

        return g_date_time_to_unix(time);
}

static void test_find(void) {
        g_autofree char *error = NULL;
        int64_t found;
        Crontab c;

        g_assert_cmpint(crontab_parse("15,45 6-8 13 * 5", &c, &error), ==, 0);
        g_assert_cmpint(crontab_next(&c, seconds("2026-11-13T08:45:00Z"), &found), ==, 0);
        g_assert_cmpint(found, ==, seconds("2026-11-13T08:45:00Z"));
        g_assert_cmpint(crontab_next(&c, seconds("2026-11-13T08:45:01Z"), &found), ==, 0);
        g_assert_cmpint(found, ==, seconds("2027-08-13T06:15:00Z"));
        g_assert_cmpint(crontab_previous(&c, seconds("2026-11-13T08:44:59Z"), &found), ==, 0);
        g_assert_cmpint(found, ==, seconds("2026-11-13T08:15:00Z"));
        g_assert_cmpint(crontab_previous(&c, seconds("2026-11-13T06:14:59Z"), &found), ==, 0);
        g_assert_cmpint(found, ==, seconds("2026-03-13T08:45:00Z"));

        g_assert_true(crontab_matches_day(&c, seconds("2026-11-13T00:00:00Z")));
        g_assert_true(crontab_matches_day(&c, seconds("2026-11-13T23:59:59Z")));
        g_assert_false(crontab_matches_day(&c, seconds("2026-11-14T00:00:00Z")));
        g_assert_false(crontab_matches_day(&c, seconds("2026-12-13T00:00:00Z")));

        /* Rarest: February 29 on each day of the week comes within 40 years; February 30 never */
        for (unsigned day = 0; day < 7; day++) {
                g_autofree char *text = g_strdup_printf("0 0 29 2 %u", day);

                g_assert_cmpint(crontab_parse(text, &c, &error), ==, 0);
                g_assert_cmpint(crontab_next(&c, seconds("2080-03-01T00:00:00Z"), &found), ==, 0);
                g_assert_cmpint(found, <, seconds("2121-01-01T00:00:00Z"));
                g_assert_cmpuint(wall_clock_weekday(found), ==, day);
        }
        g_assert_cmpint(crontab_parse("0 0 30 2 *", &c, &error), ==, 0);
        g_assert_cmpint(crontab_next(&c, 0, &found), ==, -ENOENT);
        g_assert_cmpint(crontab_previous(&c, seconds("2026-11-13T00:00:00Z"), &found), ==, -ENOENT);

        /* Before the epoch the clock of the west stands at its first hours */
        g_assert_cmpint(crontab_parse("30 19 * * *", &c, &error), ==, 0);
        g_assert_cmpint(crontab_next(&c, -5 * 3600, &found), ==, 0);
        g_assert_cmpint(found, ==, -5 * 3600 + 1800);
        g_assert_cmpint(crontab_previous(&c, -3600, &found), ==, 0);
        g_assert_cmpint(found, ==, -5 * 3600 + 1800);
        g_assert_cmpuint(wall_clock_hour(found), ==, 19);
        g_assert_cmpuint(wall_clock_minute(found), ==, 30);
        g_assert_cmpuint(wall_clock_weekday(found), ==, 3);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/crontab/fields", test_fields);
        g_test_add_func("/crontab/refused", test_refused);
        g_test_add_func("/crontab/length", test_length);
        g_test_add_func("/crontab/find", test_find);
        return g_test_run();
}
