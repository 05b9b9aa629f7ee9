/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "schedule-rules.h"

#include "json.h"

#define NOW (UINT64_C(1795392000) * USEC_PER_SEC) /* Mon 2026-11-23 00:00:00 UTC */
#define SOON (NOW + SCHEDULE_LEAD_USEC)

static char *refused(const ScheduleRequest *request) {
        JsonObject *errors = NULL;
        ScheduleSettings s = {};
        char *text;

        g_assert_cmpint(schedule_rules_check(request, NOW, &s, &errors), ==, -EINVAL);
        g_assert_null(s.spec);
        g_assert_null(s.name);
        text = json_format_object(errors);
        json_object_unref(errors);
        return text;
}

static void accepted(const ScheduleRequest *request, ScheduleSettings *ret) {
        JsonObject *errors = NULL;

        if (schedule_rules_check(request, NOW, ret, &errors) < 0) {
                g_autofree char *text = json_format_object(errors);

                g_error("%s", text);
        }
        g_assert_null(errors);
}

#define NEED_NAME "{\"name\":[\"Please provide a name for the job schedule.\"]}"
#define NEED_LINE "{\"name\":[\"Please provide a name of one line, in UTF-8, without control characters.\"]}"
#define NEED_CRONTAB "{\"crontab\":[\"Please enter a valid crontab.\"]}"
#define NEED_LATER "Please enter a valid date and time greater than or equal to the current date and time."
#define NEED_START "{\"start_time\":[\"" NEED_LATER "\"]}"

/* Reference, rows S1, S3, S4 and S5. */
static void test_messages(void) {
        static const struct {
                ScheduleRequest request;
                const char *errors;
        } cases[] = {
                { { .interval = "daily", .start_time = SOON }, NEED_NAME },
                { { .interval = "daily", .name = " \t", .start_time = SOON },
                  NEED_NAME },
                { { .interval = "daily", .name = "a\nb", .start_time = SOON },
                  NEED_LINE },
                { { .interval = "daily", .name = "a\377", .start_time = SOON },
                  NEED_LINE },
                { { .interval = "future", .name = "n" }, NEED_START },
                { { .interval = "future", .name = "n", .start_time = SOON - 1 }, NEED_START },
                { { .interval = "custom", .name = "n", .crontab = "* * * * *", .start_time = SOON - 1 },
                  NEED_START },
                { { .interval = "weekly", .name = "n", .start_time = UINT64_MAX },
                  "{\"start_time\":[\"Please enter a valid date and time before the year 10000.\"]}" },
                { { .interval = "custom", .name = "n" }, NEED_CRONTAB },
                { { .interval = "custom", .name = "n", .crontab = "" }, NEED_CRONTAB },
                { { .interval = "custom", .name = "n", .crontab = "5-1 * * * *" },
                  "{\"crontab\":[\"Please enter a valid crontab: the minute \\\"5-1\\\" is not valid: the range ends "
                  "before it begins, write it as two: \\\"5-6,0-1\\\".\"]}" },
                { { .interval = "custom", .name = "n", .crontab = "0 0 30 2 *" },
                  "{\"crontab\":[\"Please enter a valid crontab: there is no such day in any year.\"]}" },
                { { .interval = "daily", .name = "n", .start_time = SOON, .crontab = "* * * * *" },
                  "{\"crontab\":[\"Only the interval \\\"custom\\\" has a crontab; leave it out.\"]}" },
                { { .name = "n" }, "{\"interval\":[\"This field is required.\"]}" },
                { { .interval = "yearly", .name = "n" },
                  "{\"interval\":[\"\\\"yearly\\\" is not a valid choice. It is one of immediately, future, hourly, "
                  "daily, weekly, custom.\"]}" },
                { { .interval = "daily", .name = "n", .start_time = SOON, .missed = "some" },
                  "{\"missed\":[\"\\\"some\\\" is not a valid choice. It is one of none, last, all.\"]}" },
                { { .interval = "daily", .name = "n", .start_time = SOON, .time_zone = "Europe/Atlantis" },
                  "{\"time_zone\":[\"\\\"Europe/Atlantis\\\" is not the name of a time zone that this host has, as "
                  "\\\"Europe/Berlin\\\" is.\"]}" },
                { { .interval = "daily", .name = "n", .start_time = SOON, .time_zone = "/etc/localtime" },
                  "{\"time_zone\":[\"\\\"/etc/localtime\\\" is not the name of a time zone of the IANA database, as "
                  "\\\"Europe/Berlin\\\" is.\"]}" },
                { { .interval = "immediately", .time_zone = "UTC+1" },
                  "{\"time_zone\":[\"\\\"UTC+1\\\" is not the name of a time zone that this host has, as "
                  "\\\"Europe/Berlin\\\" is.\"]}" },

                /* All at once */
                { { .interval = "custom", .crontab = "x", .start_time = 1, .missed = "x" },
                  "{\"name\":[\"Please provide a name for the job schedule.\"],\"missed\":[\"\\\"x\\\" is not a valid "
                  "choice. It is one of none, last, all.\"],\"start_time\":[\"" NEED_LATER "\"],\"crontab\":[\"Please "
                  "enter a valid crontab: a crontab is five fields, one space between: minute, hour, day of month, "
                  "month, day of week, as in \\\"30 4 * * 1-5\\\".\"]}" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                g_autofree char *errors = refused(&cases[i].request),
                                *wanted = g_strdup_printf("{\"schedule\":%s}", cases[i].errors);

                g_assert_cmpstr(errors, ==, wanted);
        }
}

static void test_name(void) {
        g_autofree char *name = g_strnfill(SCHEDULE_NAME_MAX + 1, 'n'), *errors = NULL;
        _cleanup_(schedule_settings_done) ScheduleSettings s = {};
        ScheduleRequest request = { .interval = "daily", .name = name, .start_time = SOON, .time_zone = "UTC" };

        errors = refused(&request);
        g_assert_cmpstr(errors, ==,
                        "{\"schedule\":{\"name\":[\"Ensure this field has no more than 255 characters.\"]}}");

        name[SCHEDULE_NAME_MAX] = 0;
        accepted(&request, &s);
        schedule_settings_done(&s);

        request.name = "  N\303\244chtlich, 3 Uhr ";
        accepted(&request, &s);
        g_assert_cmpstr(s.name, ==, "N\303\244chtlich, 3 Uhr");
}

/* Reference, rows S2 and S4. */
static void test_settings(void) {
        static const struct {
                ScheduleRequest request;
                uint64_t start_time, next_run_at;
                ScheduleMissed missed;
        } cases[] = {
                { { .interval = "future", .name = "n", .start_time = SOON }, SOON, SOON, SCHEDULE_MISSED_LAST },
                { { .interval = "hourly", .name = "n", .start_time = SOON, .missed = "all" }, SOON,
                  NOW + 3600 * USEC_PER_SEC, SCHEDULE_MISSED_ALL },
                { { .interval = "daily", .name = "n", .start_time = NOW + 60 * USEC_PER_SEC, .missed = "none" },
                  NOW + 60 * USEC_PER_SEC, NOW + 60 * USEC_PER_SEC, SCHEDULE_MISSED_NONE },
                /* Without a start: when the crontab matches next, and be it in a moment */
                { { .interval = "custom", .name = "n", .crontab = "1 0 * * *", .missed = "last" },
                  NOW + 60 * USEC_PER_SEC, NOW + 60 * USEC_PER_SEC, SCHEDULE_MISSED_LAST },
                { { .interval = "custom", .name = "n", .crontab = "0 0 * * *" }, NOW + 86400 * USEC_PER_SEC,
                  NOW + 86400 * USEC_PER_SEC, SCHEDULE_MISSED_LAST },
                { { .interval = "custom", .name = "n", .crontab = "1 0 * * *", .start_time = NOW + 90 * USEC_PER_SEC },
                  NOW + 90 * USEC_PER_SEC, NOW + (86400 + 60) * USEC_PER_SEC, SCHEDULE_MISSED_LAST },
                /* Starts now, whatever it says */
                { { .interval = "immediately" }, NOW, NOW, SCHEDULE_MISSED_LAST },
                { { .interval = "immediately", .name = "n", .start_time = 1 }, NOW, NOW, SCHEDULE_MISSED_LAST },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(schedule_settings_done) ScheduleSettings s = {};
                ScheduleRequest request = cases[i].request;

                request.time_zone = "UTC";
                accepted(&request, &s);
                g_assert_cmpuint(s.spec->start_time, ==, cases[i].start_time);
                g_assert_cmpuint(s.next_run_at, ==, cases[i].next_run_at);
                g_assert_cmpint(s.missed, ==, cases[i].missed);
                g_assert_cmpstr(schedule_interval_to_string(s.spec->interval), ==, request.interval);
                g_assert_cmpstr(s.crontab, ==, request.crontab ?: "");
                g_assert_cmpstr(s.name, ==, request.name ?: "");
                g_assert_cmpstr(s.time_zone, ==, "UTC");
        }
}

static void test_time_zone(void) {
        _cleanup_(schedule_settings_done) ScheduleSettings s = {};
        ScheduleRequest request = { .interval = "custom", .name = "n", .crontab = "0 4 * * *" };
        g_autofree char *system = time_zone_system();

        accepted(&request, &s);
        g_assert_cmpstr(s.time_zone, ==, system);
        schedule_settings_done(&s);

        request.time_zone = "Asia/Kolkata";
        accepted(&request, &s);
        g_assert_cmpuint(s.next_run_at, ==, NOW + (24 * 60 - 90) * 60 * USEC_PER_SEC);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/schedule-rules/messages", test_messages);
        g_test_add_func("/schedule-rules/name", test_name);
        g_test_add_func("/schedule-rules/settings", test_settings);
        g_test_add_func("/schedule-rules/time-zone", test_time_zone);
        return g_test_run();
}
