/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "calendar.h"

#include <string.h>

/* Times are written in UTC, so that each line can be compared with "systemd-analyze calendar --base-time=". */
static uint64_t usec(const char *text) {
        g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, NULL);

        g_assert_nonnull(time);
        return (uint64_t) g_date_time_to_unix(time) * USEC_PER_SEC + (uint64_t) g_date_time_get_microsecond(time);
}

static char *text_of(uint64_t time) {
        g_autoptr(GDateTime) t = g_date_time_new_from_unix_utc((gint64) (time / USEC_PER_SEC));

        return g_date_time_format(t, "%Y-%m-%dT%H:%M:%SZ");
}

static CalendarSpec *spec(const char *interval, const char *crontab, const char *start, const char *zone) {
        g_autofree char *error = NULL;
        ScheduleInterval i = schedule_interval_from_string(interval);
        CalendarSpec *s;

        g_assert_cmpint(i, >=, 0);
        g_assert_cmpint(calendar_spec_new(i, crontab, start ? usec(start) : 0, zone, &s, &error), ==, 0);
        g_assert_null(error);
        return s;
}

enum {
        DUE_MAX = 5,
};

static const struct {
        const char *interval;
        const char *crontab;
        const char *start;
        const char *zone;
        const char *after;
        const char *due[DUE_MAX]; /* fewer: there are no more */
} tables[] = {
        /* The reference's test of all five fields (row S3): a Monday and the third of February, both */
        { "custom", "5 4 3 2 1", NULL, "UTC", "2026-11-23T00:00:00Z",
          { "2031-02-03T04:05:00Z", "2042-02-03T04:05:00Z", "2048-02-03T04:05:00Z", "2053-02-03T04:05:00Z",
            "2059-02-03T04:05:00Z" } },
        { "custom", "5 4 3 2 1", NULL, "UTC", "2048-02-03T04:05:00Z",
          { "2053-02-03T04:05:00Z", "2059-02-03T04:05:00Z", "2070-02-03T04:05:00Z", "2076-02-03T04:05:00Z",
            "2081-02-03T04:05:00Z" } },
        { "custom", "0 0 29 2 1", NULL, "UTC", "2026-11-23T00:00:00Z",
          { "2044-02-29T00:00:00Z", "2072-02-29T00:00:00Z", "2112-02-29T00:00:00Z", "2140-02-29T00:00:00Z",
            "2168-02-29T00:00:00Z" } },
        { "custom", "0 0 30 2 *", NULL, "Europe/Berlin", "2026-11-23T00:00:00Z", {} },
        { "custom", "0 0 31 4,6,9,11 *", NULL, "UTC", "2026-11-23T00:00:00Z", {} },
        { "custom", "59 23 31 12 *", NULL, "UTC", "9998-06-01T00:00:00Z",
          { "9998-12-31T23:59:00Z", "9999-12-31T23:59:00Z" } },
        { "custom", "0 0 29 2 *", NULL, "UTC", "2096-02-29T00:00:00Z",
          { "2104-02-29T00:00:00Z", "2108-02-29T00:00:00Z", "2112-02-29T00:00:00Z", "2116-02-29T00:00:00Z",
            "2120-02-29T00:00:00Z" } },
        { "custom", "0 12 * * 0", NULL, "UTC", "2026-11-23T00:00:00Z",
          { "2026-11-29T12:00:00Z", "2026-12-06T12:00:00Z", "2026-12-13T12:00:00Z", "2026-12-20T12:00:00Z",
            "2026-12-27T12:00:00Z" } },
        { "custom", "*/20 9-10 * * 5-7", NULL, "UTC", "2026-11-29T09:40:00Z",
          { "2026-11-29T10:00:00Z", "2026-11-29T10:20:00Z", "2026-11-29T10:40:00Z", "2026-12-04T09:00:00Z",
            "2026-12-04T09:20:00Z" } },

        /* Strictly later, to the microsecond */
        { "custom", "* * * * *", NULL, "UTC", "2026-11-23T10:00:59.999999Z",
          { "2026-11-23T10:01:00Z", "2026-11-23T10:02:00Z", "2026-11-23T10:03:00Z", "2026-11-23T10:04:00Z",
            "2026-11-23T10:05:00Z" } },
        { "custom", "* * * * *", NULL, "America/New_York", "1970-01-01T00:00:00Z",
          { "1970-01-01T00:01:00Z", "1970-01-01T00:02:00Z", "1970-01-01T00:03:00Z", "1970-01-01T00:04:00Z",
            "1970-01-01T00:05:00Z" } },

        /* What the reference takes from the start; the first is the first match at the start or after it */
        { "future", NULL, "2026-12-01T08:00:30.000001Z", "UTC", "2026-11-23T00:00:00Z", { "2026-12-01T08:00:30Z" } },
        { "future", NULL, "2026-12-01T08:00:00Z", "UTC", "2026-12-01T08:00:00Z", {} },
        { "immediately", NULL, "2026-12-01T08:00:00Z", "UTC", "2026-11-23T00:00:00Z", { "2026-12-01T08:00:00Z" } },
        { "hourly", NULL, "2026-12-01T08:17:00Z", "UTC", "2026-11-23T00:00:00Z",
          { "2026-12-01T08:17:00Z", "2026-12-01T09:17:00Z", "2026-12-01T10:17:00Z", "2026-12-01T11:17:00Z",
            "2026-12-01T12:17:00Z" } },
        { "hourly", NULL, "2026-12-01T08:17:00Z", "Asia/Kathmandu", "2026-12-01T08:17:00Z",
          { "2026-12-01T09:17:00Z", "2026-12-01T10:17:00Z", "2026-12-01T11:17:00Z", "2026-12-01T12:17:00Z",
            "2026-12-01T13:17:00Z" } },
        { "daily", NULL, "2026-12-01T08:00:30Z", "UTC", "2026-11-23T00:00:00Z",
          { "2026-12-02T08:00:00Z", "2026-12-03T08:00:00Z", "2026-12-04T08:00:00Z", "2026-12-05T08:00:00Z",
            "2026-12-06T08:00:00Z" } },
        { "daily", NULL, "2026-12-01T08:00:00.5Z", "UTC", "2026-11-23T00:00:00Z",
          { "2026-12-02T08:00:00Z", "2026-12-03T08:00:00Z", "2026-12-04T08:00:00Z", "2026-12-05T08:00:00Z",
            "2026-12-06T08:00:00Z" } },
        /* A Tuesday in UTC is a Wednesday in Auckland */
        { "weekly", NULL, "2026-12-01T20:00:00Z", "Pacific/Auckland", "2026-11-23T00:00:00Z",
          { "2026-12-01T20:00:00Z", "2026-12-08T20:00:00Z", "2026-12-15T20:00:00Z", "2026-12-22T20:00:00Z",
            "2026-12-29T20:00:00Z" } },
        { "custom", "0 9 * * *", "2026-12-01T08:00:00Z", "UTC", "2026-11-23T00:00:00Z",
          { "2026-12-01T09:00:00Z", "2026-12-02T09:00:00Z", "2026-12-03T09:00:00Z", "2026-12-04T09:00:00Z",
            "2026-12-05T09:00:00Z" } },

        /* The clock on the wall counts: the reference's tests of summer time */
        { "daily", NULL, "2024-03-08T22:00:00Z", "America/New_York", "2024-03-08T22:00:00Z",
          { "2024-03-09T22:00:00Z", "2024-03-10T21:00:00Z", "2024-03-11T21:00:00Z", "2024-03-12T21:00:00Z",
            "2024-03-13T21:00:00Z" } },
        { "custom", "0 17 * * *", NULL, "America/New_York", "2024-11-01T22:00:00Z",
          { "2024-11-02T21:00:00Z", "2024-11-03T22:00:00Z", "2024-11-04T22:00:00Z", "2024-11-05T22:00:00Z",
            "2024-11-06T22:00:00Z" } },

        /* 02:30 of 2026-03-29 is skipped: it is due at 03:00, and the next on time */
        { "custom", "30 2 * * *", NULL, "Europe/Berlin", "2026-03-27T12:00:00Z",
          { "2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z",
            "2026-04-01T00:30:00Z" } },
        /* Many that are skipped are made up for once, also when 03:00 is one of them */
        { "custom", "*/15 2-3 * * *", NULL, "Europe/Berlin", "2026-03-28T12:00:00Z",
          { "2026-03-29T01:00:00Z", "2026-03-29T01:15:00Z", "2026-03-29T01:30:00Z", "2026-03-29T01:45:00Z",
            "2026-03-30T00:00:00Z" } },
        { "custom", "10,50 2 29 3 *", NULL, "Europe/Berlin", "2026-03-28T12:00:00Z",
          { "2026-03-29T01:00:00Z", "2027-03-29T00:10:00Z", "2027-03-29T00:50:00Z", "2028-03-29T00:10:00Z",
            "2028-03-29T00:50:00Z" } },
        /* but what is due in every hour is not */
        { "hourly", NULL, "2026-03-28T23:30:00Z", "Europe/Berlin", "2026-03-28T23:30:00Z",
          { "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z", "2026-03-29T03:30:00Z",
            "2026-03-29T04:30:00Z" } },
        { "custom", "*/30 * * * 0", NULL, "Europe/Berlin", "2026-03-29T00:00:00Z",
          { "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z", "2026-03-29T02:00:00Z",
            "2026-03-29T02:30:00Z" } },
        /* unless the day is over: midnight was skipped, and the day that was meant ended with the gap */
        { "custom", "0 * 30 12 *", NULL, "Pacific/Apia", "2011-12-29T00:00:00Z",
          { "2011-12-30T10:00:00Z", "2012-12-29T10:00:00Z", "2012-12-29T11:00:00Z", "2012-12-29T12:00:00Z",
            "2012-12-29T13:00:00Z" } },
        { "daily", NULL, "2011-12-28T20:00:00Z", "Pacific/Apia", "2011-12-28T20:00:00Z",
          { "2011-12-29T20:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T20:00:00Z", "2011-12-31T20:00:00Z",
            "2012-01-01T20:00:00Z" } },

        /* 02:30 of 2026-10-25 is there twice, at 00:30Z and 01:30Z */
        { "custom", "30 2 * * *", NULL, "Europe/Berlin", "2026-10-23T12:00:00Z",
          { "2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z",
            "2026-10-28T01:30:00Z" } },
        { "custom", "30 2 * * *", NULL, "Europe/Berlin", "2026-10-25T01:15:00Z",
          { "2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z", "2026-10-28T01:30:00Z", "2026-10-29T01:30:00Z",
            "2026-10-30T01:30:00Z" } },
        { "hourly", NULL, "2026-10-24T22:30:00Z", "Europe/Berlin", "2026-10-24T23:00:00Z",
          { "2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T02:30:00Z", "2026-10-25T03:30:00Z",
            "2026-10-25T04:30:00Z" } },
        /* the second time, when the schedule starts then */
        { "daily", NULL, "2026-10-25T01:30:00Z", "Europe/Berlin", "2026-10-25T00:00:00Z",
          { "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z", "2026-10-28T01:30:00Z",
            "2026-10-29T01:30:00Z" } },

        /* Half an hour: forward at 02:00, back at 02:00 */
        { "custom", "15 2 * * *", NULL, "Australia/Lord_Howe", "2026-10-02T20:00:00Z",
          { "2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z", "2026-10-05T15:15:00Z", "2026-10-06T15:15:00Z",
            "2026-10-07T15:15:00Z" } },
        { "custom", "45 1 * * *", NULL, "Australia/Lord_Howe", "2027-04-02T20:00:00Z",
          { "2027-04-03T14:45:00Z", "2027-04-04T15:15:00Z", "2027-04-05T15:15:00Z", "2027-04-06T15:15:00Z",
            "2027-04-07T15:15:00Z" } },
        /* Midnight is skipped, and what is before midnight repeated */
        { "custom", "0 0 * * *", NULL, "America/Sao_Paulo", "2018-11-02T12:00:00Z",
          { "2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z", "2018-11-06T02:00:00Z",
            "2018-11-07T02:00:00Z" } },
        { "custom", "30 23 * * 6,0", NULL, "America/Sao_Paulo", "2018-02-17T12:00:00Z",
          { "2018-02-18T01:30:00Z", "2018-02-19T02:30:00Z", "2018-02-25T02:30:00Z", "2018-02-26T02:30:00Z",
            "2018-03-04T02:30:00Z" } },
        /* 00:01 to 01:00 are skipped */
        { "custom", "20 1 * * *", NULL, "America/St_Johns", "2003-04-05T00:00:00Z",
          { "2003-04-05T04:50:00Z", "2003-04-06T03:50:00Z", "2003-04-07T03:50:00Z", "2003-04-08T03:50:00Z",
            "2003-04-09T03:50:00Z" } },
        /* An offset that is no whole minute, until 1972-01-07: minus 0:44:30 */
        { "custom", "0 0 * * *", NULL, "Africa/Monrovia", "1972-01-05T12:00:00Z",
          { "1972-01-06T00:44:30Z", "1972-01-07T00:44:30Z", "1972-01-08T00:00:00Z", "1972-01-09T00:00:00Z",
            "1972-01-10T00:00:00Z" } },
        /* After 2037 the rule at the end of the file goes on */
        { "custom", "0 12 1 7 *", NULL, "Europe/Berlin", "2050-01-01T00:00:00Z",
          { "2050-07-01T10:00:00Z", "2051-07-01T10:00:00Z", "2052-07-01T10:00:00Z", "2053-07-01T10:00:00Z",
            "2054-07-01T10:00:00Z" } },
};

static void test_next(void) {
        for (size_t i = 0; i < ELEMENTSOF(tables); i++) {
                _cleanup_(calendar_spec_freep) CalendarSpec *s =
                                spec(tables[i].interval, tables[i].crontab, tables[i].start, tables[i].zone);
                uint64_t due = usec(tables[i].after), before;

                g_test_message("%s %s %s", tables[i].interval, tables[i].crontab ?: tables[i].start, tables[i].zone);
                for (size_t n = 0; n < DUE_MAX; n++) {
                        g_autofree char *text = NULL;

                        before = due;
                        if (!tables[i].due[n]) {
                                g_assert_cmpint(calendar_next(s, due, &due), ==, -ENOENT);
                                g_assert_cmpuint(due, ==, before);
                                break;
                        }
                        g_assert_cmpint(calendar_next(s, due, &due), ==, 0);
                        text = text_of(due);
                        g_assert_cmpstr(text, ==, tables[i].due[n]);
                }
        }
}

static void test_previous(void) {
        for (size_t i = 0; i < ELEMENTSOF(tables); i++) {
                _cleanup_(calendar_spec_freep) CalendarSpec *s =
                                spec(tables[i].interval, tables[i].crontab, tables[i].start, tables[i].zone);
                uint64_t due;

                for (size_t n = 0; n < DUE_MAX && tables[i].due[n]; n++) {
                        uint64_t wanted = usec(tables[i].due[n]), later;
                        g_autofree char *text = NULL;

                        g_assert_cmpint(calendar_previous(s, wanted + USEC_PER_SEC - 1, &due), ==, 0);
                        text = text_of(due);
                        g_assert_cmpstr(text, ==, tables[i].due[n]);
                        g_assert_cmpint(calendar_next(s, due - 1, &later), ==, 0);
                        g_assert_cmpuint(later, ==, due);
                }
        }
}

static void test_before_start(void) {
        _cleanup_(calendar_spec_freep) CalendarSpec *daily = spec("daily", NULL, "2026-12-01T08:00:30Z", "UTC"),
                                                    *once = spec("future", NULL, "2026-12-01T08:00:30Z", "UTC"),
                                                    *never = spec("custom", "0 0 30 2 *", NULL, "UTC");
        uint64_t due;

        g_assert_cmpint(calendar_previous(daily, usec("2026-12-02T07:59:59Z"), &due), ==, -ENOENT);
        g_assert_cmpint(calendar_previous(daily, 0, &due), ==, -ENOENT);
        g_assert_cmpint(calendar_previous(once, usec("2026-12-01T08:00:29Z"), &due), ==, -ENOENT);
        g_assert_cmpint(calendar_previous(never, UINT64_MAX, &due), ==, -ENOENT);
        g_assert_cmpint(calendar_next(daily, UINT64_MAX, &due), ==, -ENOENT);
        g_assert_cmpint(calendar_next(daily, (uint64_t) TIME_ZONE_SEC_MAX * 2 * USEC_PER_SEC, &due), ==, -ENOENT);
        g_assert_cmpint(calendar_previous(daily, UINT64_MAX, &due), ==, 0);
}

static char *missed(const CalendarSpec *s, const char *last, const char *now, unsigned max) {
        g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        g_autoptr(GString) text = g_string_new(NULL);
        uint64_t old = 1;
        bool more;

        g_array_append_val(times, old);
        calendar_missed(s, usec(last), usec(now), max, times, &more);
        for (unsigned i = 0; i < times->len; i++) {
                g_autofree char *time = text_of(g_array_index(times, uint64_t, i));

                g_string_append_printf(text, "%s ", time);
        }
        g_string_append(text, more ? "more" : "all");
        calendar_missed(s, usec(last), usec(now), max, times, NULL);
        return g_string_free(g_steal_pointer(&text), FALSE);
}

static void test_missed(void) {
        static const struct {
                const char *interval, *crontab, *start, *last, *now;
                unsigned max;
                const char *missed;
        } cases[] = {
                { "daily", NULL, "2026-11-01T08:00:00Z", "2026-11-20T08:00:00Z", "2026-11-23T08:00:00Z", 10,
                  "2026-11-21T08:00:00Z 2026-11-22T08:00:00Z 2026-11-23T08:00:00Z all" },
                { "daily", NULL, "2026-11-01T08:00:00Z", "2026-11-20T08:00:00Z", "2026-11-23T08:00:00Z", 3,
                  "2026-11-21T08:00:00Z 2026-11-22T08:00:00Z 2026-11-23T08:00:00Z all" },
                { "daily", NULL, "2026-11-01T08:00:00Z", "2026-11-20T08:00:00Z", "2026-11-23T08:00:00Z", 2,
                  "2026-11-22T08:00:00Z 2026-11-23T08:00:00Z more" },
                { "daily", NULL, "2026-11-01T08:00:00Z", "2026-11-20T08:00:00Z", "2026-11-23T08:00:00Z", 0, "more" },
                /* Both ends: what was due at "last" has run, what is due "now" has not */
                { "custom", "0 * * * *", NULL, "2026-11-23T08:00:00Z", "2026-11-23T09:00:00Z", 10,
                  "2026-11-23T09:00:00Z all" },
                { "custom", "0 * * * *", NULL, "2026-11-23T08:00:00Z", "2026-11-23T08:59:59Z", 10, "all" },
                /* The clock has gone back */
                { "custom", "0 * * * *", NULL, "2026-11-23T08:00:00Z", "2026-11-22T08:00:00Z", 10, "all" },
                /* Half a century off costs no more than is kept */
                { "custom", "* * * * *", NULL, "1970-01-01T00:00:00Z", "2026-11-23T08:00:00Z", 1,
                  "2026-11-23T08:00:00Z more" },
                { "custom", "* * * * *", "2026-11-23T07:59:00Z", "1970-01-01T00:00:00Z", "2026-11-23T08:00:00Z", 10,
                  "2026-11-23T07:59:00Z 2026-11-23T08:00:00Z all" },
                { "future", NULL, "2026-11-23T07:59:00Z", "2026-11-23T07:00:00Z", "2026-11-23T08:00:00Z", 10,
                  "2026-11-23T07:59:00Z all" },
                { "future", NULL, "2026-11-23T07:59:00Z", "2026-11-23T07:59:00Z", "2026-11-23T08:00:00Z", 10, "all" },
                { "custom", "0 0 30 2 *", NULL, "1970-01-01T00:00:00Z", "2026-11-23T08:00:00Z", 10, "all" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(calendar_spec_freep) CalendarSpec *s =
                                spec(cases[i].interval, cases[i].crontab, cases[i].start, "Europe/Berlin");
                g_autofree char *text = missed(s, cases[i].last, cases[i].now, cases[i].max);

                g_assert_cmpstr(text, ==, cases[i].missed);
        }
}

static void test_spec_refused(void) {
        static const struct {
                const char *crontab, *zone;
                uint64_t start;
                ScheduleInterval interval;
                int error;
                const char *says;
        } cases[] = {
                { "* * * * *", "Mars/Base", 1, SCHEDULE_INTERVAL_CUSTOM, -ENOENT,
                  "there is no time zone \"Mars/Base\"" },
                { "* * * * *", "../zoneinfo/UTC", 1, SCHEDULE_INTERVAL_CUSTOM, -EINVAL, "\"../zoneinfo/UTC\"" },
                { "* * * *", "UTC", 1, SCHEDULE_INTERVAL_CUSTOM, -EINVAL, "five fields" },
                { NULL, "UTC", 0, SCHEDULE_INTERVAL_DAILY, -ERANGE, "a start time is needed" },
                { NULL, "UTC", UINT64_MAX, SCHEDULE_INTERVAL_DAILY, -ERANGE, "9999" },
                { NULL, "UTC", UINT64_MAX, SCHEDULE_INTERVAL_FUTURE, -ERANGE, "9999" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                CalendarSpec *s = NULL;
                g_autofree char *error = NULL;

                int r;

                r = calendar_spec_new(cases[i].interval, cases[i].crontab, cases[i].start, cases[i].zone, &s, &error);
                g_assert_cmpint(r, ==, cases[i].error);
                g_assert_null(s);
                g_assert_nonnull(strstr(error, cases[i].says));
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/calendar/next", test_next);
        g_test_add_func("/calendar/previous", test_previous);
        g_test_add_func("/calendar/before-start", test_before_start);
        g_test_add_func("/calendar/missed", test_missed);
        g_test_add_func("/calendar/spec-refused", test_spec_refused);
        return g_test_run();
}
