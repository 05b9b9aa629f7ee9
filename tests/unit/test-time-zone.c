/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "time-zone.h"

#include <string.h>

static int64_t seconds(const char *text) {
        g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, NULL);

        return g_date_time_to_unix(time);
}

static void test_load(void) {
        static const struct {
                const char *name;
                int r;
        } cases[] = {
                { "UTC", 0 },
                { "Etc/GMT+12", 0 },
                { "Europe/Berlin", 0 },
                { "America/Argentina/Buenos_Aires", 0 },
                { "America/Port-au-Prince", 0 },
                { "EST5EDT", 0 },
                { "", -EINVAL },
                { "/", -EINVAL },
                { "/etc/localtime", -EINVAL },
                { "/usr/share/zoneinfo/UTC", -EINVAL },
                { "../zoneinfo/UTC", -EINVAL },
                { "Europe/../UTC", -EINVAL },
                { "Europe//Berlin", -EINVAL },
                { "UTC/", -EINVAL },
                { "+01:00", -EINVAL },
                { "01:00", -EINVAL },
                { "EST5EDT,M3.2.0,M11.1.0", -EINVAL },
                { "<+03>-3", -EINVAL },
                { ":UTC", -EINVAL },
                { "right/UTC", -EINVAL },
                { "posix/UTC", -EINVAL },
                { "localtime", -EINVAL },
                { "posixrules", -EINVAL },
                { "zone.tab", -EINVAL },
                { "Europe/Berlin ", -EINVAL },
                { "Europe/Berlin\n", -EINVAL },
                { "Z\303\274rich", -EINVAL },
                { "leapseconds", -ENOENT },
                { "Europe", -ENOENT },
                { "Europe/Atlantis", -ENOENT },
                { "europe/berlin", -ENOENT },
                { "UTC/Berlin", -ENOENT },
                { "UTC+1", -ENOENT },
                { "C", -ENOENT },
        };
        g_autofree char *long_name = g_strnfill(TIME_ZONE_NAME_MAX, 'A'), *longer = g_strnfill(5000, 'A');
        GTimeZone *zone = NULL;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                g_test_message("%s", cases[i].name);
                g_assert_cmpint(time_zone_load(cases[i].name, &zone), ==, cases[i].r);
                g_assert_cmpint(!!zone, ==, cases[i].r == 0);
                g_clear_pointer(&zone, g_time_zone_unref);
        }
        g_assert_cmpint(time_zone_load(long_name, &zone), ==, -ENOENT);
        g_assert_cmpint(time_zone_load(longer, &zone), ==, -EINVAL);
}

/* Which zone it is depends on the host, but that there is one does not. */
static void test_system(void) {
        g_autofree char *name = time_zone_system();
        g_autoptr(GTimeZone) zone = NULL;

        g_assert_cmpint(time_zone_load(name, &zone), ==, 0);
}

static void test_clock(void) {
        g_autoptr(GTimeZone) berlin = NULL, utc = NULL, apia = NULL;
        const int64_t back = seconds("2026-10-25T01:00:00Z"), forward = seconds("2026-03-29T01:00:00Z");
        int64_t day_end;

        g_assert_cmpint(time_zone_load("Europe/Berlin", &berlin), ==, 0);
        g_assert_cmpint(time_zone_load("UTC", &utc), ==, 0);
        g_assert_cmpint(time_zone_load("Pacific/Apia", &apia), ==, 0);

        g_assert_cmpint(time_zone_wall_clock(utc, back), ==, back);
        g_assert_cmpint(time_zone_wall_clock(berlin, back - 1), ==, seconds("2026-10-25T02:59:59Z"));
        g_assert_cmpint(time_zone_wall_clock(berlin, back), ==, seconds("2026-10-25T02:00:00Z"));
        g_assert_cmpint(time_zone_wall_clock(berlin, forward - 1), ==, seconds("2026-03-29T01:59:59Z"));
        g_assert_cmpint(time_zone_wall_clock(berlin, forward), ==, seconds("2026-03-29T03:00:00Z"));

        /* It has shown more than it shows now, but not to one who looked only later. */
        g_assert_cmpint(time_zone_latest_shown(berlin, 0, back + 600), ==, seconds("2026-10-25T02:59:59Z"));
        g_assert_cmpint(time_zone_latest_shown(berlin, 0, back + 3599), ==, seconds("2026-10-25T02:59:59Z"));
        g_assert_cmpint(time_zone_latest_shown(berlin, 0, back + 3600), ==, seconds("2026-10-25T03:00:00Z"));
        g_assert_cmpint(time_zone_latest_shown(berlin, back, back + 600), ==, seconds("2026-10-25T02:10:00Z"));
        g_assert_cmpint(time_zone_latest_shown(berlin, 0, forward), ==, seconds("2026-03-29T03:00:00Z"));

        g_assert_cmpint(time_zone_first_shown(berlin, 0, seconds("2026-10-25T02:30:00Z")), ==, back - 1800);
        g_assert_cmpint(time_zone_first_shown(berlin, back, seconds("2026-10-25T02:30:00Z")), ==, back + 1800);
        g_assert_cmpint(time_zone_first_shown(berlin, 0, seconds("2026-10-25T03:00:00Z")), ==, back + 3600);
        g_assert_cmpint(time_zone_first_shown(berlin, 0, seconds("2026-03-29T01:59:59Z")), ==, forward - 1);
        g_assert_cmpint(time_zone_first_shown(berlin, 0, seconds("2026-03-29T02:00:00Z")), ==, forward);
        g_assert_cmpint(time_zone_first_shown(berlin, 0, seconds("2026-03-29T02:59:59Z")), ==, forward);
        g_assert_cmpint(time_zone_first_shown(berlin, 0, seconds("2026-03-29T03:00:01Z")), ==, forward + 1);
        g_assert_cmpint(time_zone_first_shown(berlin, forward + 7, seconds("2026-03-29T02:30:00Z")), ==, forward + 7);
        g_assert_cmpint(time_zone_first_shown(utc, 0, forward), ==, forward);

        /* A whole day that never was */
        day_end = seconds("2011-12-30T10:00:00Z");
        g_assert_cmpint(time_zone_first_shown(apia, 0, seconds("2011-12-30T00:00:00Z")), ==, day_end);
        g_assert_cmpint(time_zone_first_shown(apia, 0, seconds("2011-12-30T23:59:59Z")), ==, day_end);
        g_assert_cmpint(time_zone_first_shown(apia, 0, seconds("2011-12-31T01:00:00Z")), ==, day_end + 3600);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/time-zone/load", test_load);
        g_test_add_func("/time-zone/system", test_system);
        g_test_add_func("/time-zone/clock", test_clock);
        return g_test_run();
}
