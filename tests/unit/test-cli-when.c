/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "when.h"

#include <string.h>

#include "time-zone.h"

#define NOW (UINT64_C(1795441496) * USEC_PER_SEC + 123456) /* Mon 2026-11-23 13:44:56.123456 UTC */

static int parse(const char *text, const char *zone_name, uint64_t *ret, char **ret_error) {
        g_autoptr(GTimeZone) zone = NULL;

        g_assert_cmpint(time_zone_load(zone_name, &zone), ==, 0);
        return when_parse(text, zone, NOW, ret, ret_error);
}

/* What systemd.time(7) has is compared with "systemd-analyze timestamp" by check-timestamp.py. */
static void test_accepted(void) {
        static const struct {
                const char *text, *zone, *time;
        } cases[] = {
                { "2026-12-01 08:00", "UTC", "2026-12-01T08:00:00Z" },
                { "2026-12-01 08:00", "Europe/Berlin", "2026-12-01T07:00:00Z" },
                { "2026-12-01 08:00 Asia/Kolkata", "Europe/Berlin", "2026-12-01T02:30:00Z" },
                { "2026-12-01 UTC", "Europe/Berlin", "2026-12-01T00:00:00Z" },
                { "  tomorrow   03:00 ", "UTC", "2026-11-24T03:00:00Z" },
                { "today 3:00", "UTC", "2026-11-23T03:00:00Z" },
                { "yesterday", "UTC", "2026-11-22T00:00:00Z" },
                { "tomorrow", "Pacific/Auckland", "2026-11-24T11:00:00Z" }, /* there it is the 24th already */
                { "11:12:13", "UTC", "2026-11-23T11:12:13Z" },
                { "Tue 2026-12-01 08:00", "UTC", "2026-12-01T08:00:00Z" },
                { "tuesday 2026-12-01", "UTC", "2026-12-01T00:00:00Z" },
                { "2026-12-01T08:00:00Z", "Europe/Berlin", "2026-12-01T08:00:00Z" },
                { "2026-12-01T08:00:00.000000Z", "Europe/Berlin", "2026-12-01T08:00:00Z" },
                { "2026-12-01T08:00:00+05:30", "Europe/Berlin", "2026-12-01T02:30:00Z" },
                { "2026-12-01T08:00:00", "Europe/Berlin", "2026-12-01T07:00:00Z" },
                { "@1796112000", "UTC", "2026-12-01T08:00:00Z" },
                { "2028-02-29", "UTC", "2028-02-29T00:00:00Z" },
                { "9999-12-31 23:59:59", "UTC", "9999-12-31T23:59:59Z" },
                /* Skipped by the clock, and shown twice */
                { "2026-03-29 02:30", "Europe/Berlin", "2026-03-29T01:00:00Z" },
                { "2026-10-25 02:30", "Europe/Berlin", "2026-10-25T00:30:00Z" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(cases[i].time, NULL);
                g_autofree char *error = NULL;
                uint64_t usec = 0;

                g_test_message("%s", cases[i].text);
                g_assert_cmpint(parse(cases[i].text, cases[i].zone, &usec, &error), ==, 0);
                g_assert_null(error);
                g_assert_cmpuint(usec, ==, (uint64_t) g_date_time_to_unix(time) * USEC_PER_SEC);
        }
}

static void test_relative(void) {
        static const struct {
                const char *text;
                uint64_t usec;
        } cases[] = {
                { "now", NOW },
                { "+2h", NOW + 7200 * USEC_PER_SEC },
                { "+2h 30min", NOW + 9000 * USEC_PER_SEC },
                { "+90", NOW + 90 * USEC_PER_SEC },
                { "5min left", NOW + 300 * USEC_PER_SEC },
                { "-1d", NOW - 86400 * USEC_PER_SEC },
                { "1d ago", NOW - 86400 * USEC_PER_SEC },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                g_autofree char *error = NULL;
                uint64_t usec;

                g_assert_cmpint(parse(cases[i].text, "UTC", &usec, &error), ==, 0);
                g_assert_cmpuint(usec, ==, cases[i].usec);
        }
}

static void test_refused(void) {
        static const char *const cases[] = {
                "", " ", "UTC", "+", "-", "@", "@x", "@-1", "2h", "+2x", "left", " left", "tomorow", "next week", "Tue",
                "Mon 2026-12-01", "2026-13-01", "2026-00-01", "2026-02-30", "2026-02-29", "26-12-01", "2026-12-1",
                "2026-12-01 24:00", "2026-12-01 08:60", "2026-12-01 08:00:60", "2026-12-01 8", "2026-12-01 08:00 08:00",
                "08:00 2026-12-01", "2026-12-01 2026-12-02", "2026-12-01 08:00 Mars/Base", "2026-12-01 08:00 +01:00",
                "1969-12-31", "10000-01-01", "2026-12-01T08:00Z Europe/Berlin", "2026-12-01Tnoon", "+infinity", "infinity",
                "99999999999y left", "99999y ago", "2026-12-01 08:00 ../UTC", "08:00:00.5", "\n", "a\033[31m",
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                g_autofree char *error = NULL;
                uint64_t usec = 7;

                g_test_message("%s", cases[i]);
                g_assert_cmpint(parse(cases[i], "Europe/Berlin", &usec, &error), ==, -EINVAL);
                g_assert_nonnull(strstr(error, "is not a time"));
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/when/accepted", test_accepted);
        g_test_add_func("/when/relative", test_relative);
        g_test_add_func("/when/refused", test_refused);
        return g_test_run();
}
