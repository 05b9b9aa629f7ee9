/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "schedule-time.h"
#include "test-records.h"

/* What is to be done about a scheduled job whose time has come. */

#define MINUTE (60 * USEC_PER_SEC)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* 2023-11-14 22:13:00 UTC */
#define BASE (UINT64_C(1699999980) * USEC_PER_SEC)

static ScheduledJob *make(ScheduleInterval interval, ScheduleMissed missed, uint64_t next) {
        ScheduledJob *sj = test_scheduled_job_new("", "a.B", "nightly");

        sj->interval = interval;
        sj->missed = missed;
        sj->start_time = BASE;
        sj->next_run_at = next;
        scheduled_job_set_text(&sj->time_zone, "UTC");
        return sj;
}

static char *times_to_text(const GArray *times) {
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < times->len; i++)
                g_string_append_printf(text, "%s%" G_GINT64_FORMAT, i > 0 ? " " : "",
                                       (gint64) (g_array_index(times, uint64_t, i) - BASE) / (gint64) MINUTE);
        return g_string_free(text, false);
}

/* Minutes since BASE. */
static void assert_plan(const ScheduledJob *sj, uint64_t now, const char *runs, const char *missed, int64_t next) {
        _cleanup_(schedule_plan_done) SchedulePlan p = {};
        g_autofree char *error = NULL, *a = NULL, *b = NULL;

        g_assert_cmpint(schedule_plan(sj, now, &p, &error), ==, 0);
        a = times_to_text(p.runs);
        b = times_to_text(p.missed);
        g_assert_cmpstr(a, ==, runs);
        g_assert_cmpstr(b, ==, missed);
        g_assert_cmpuint(p.next_run_at, ==, next < 0 ? 0 : BASE + (uint64_t) next * MINUTE);
        g_assert_false(p.has_unrecorded);
        g_assert_true(p.next_run_at == 0 || p.next_run_at > now);
}

static void test_on_time(void) {
        static const ScheduleMissed policies[] = { SCHEDULE_MISSED_NONE, SCHEDULE_MISSED_LAST, SCHEDULE_MISSED_ALL };

        for (size_t i = 0; i < ELEMENTSOF(policies); i++) {
                _cleanup_(scheduled_job_freep) ScheduledJob *h = make(SCHEDULE_INTERVAL_HOURLY, policies[i], BASE);
                _cleanup_(scheduled_job_freep) ScheduledJob *f = make(SCHEDULE_INTERVAL_FUTURE, policies[i], BASE);

                assert_plan(h, BASE, "0", "", 60);
                assert_plan(h, BASE + SCHEDULE_LATE_USEC, "0", "", 60);
                assert_plan(f, BASE + 30 * USEC_PER_SEC, "0", "", -1);
        }
}

static void test_missed(void) {
        _cleanup_(scheduled_job_freep) ScheduledJob *none = make(SCHEDULE_INTERVAL_HOURLY, SCHEDULE_MISSED_NONE, BASE);
        _cleanup_(scheduled_job_freep) ScheduledJob *last = make(SCHEDULE_INTERVAL_HOURLY, SCHEDULE_MISSED_LAST, BASE);
        _cleanup_(scheduled_job_freep) ScheduledJob *all = make(SCHEDULE_INTERVAL_HOURLY, SCHEDULE_MISSED_ALL, BASE);
        uint64_t now = BASE + 3 * HOUR + 10 * MINUTE;

        assert_plan(none, now, "", "0 60 120 180", 240);
        assert_plan(last, now, "180", "0 60 120", 240);
        assert_plan(all, now, "0 60 120 180", "", 240);
        /* the newest is on time */
        assert_plan(none, BASE + 3 * HOUR + 5 * USEC_PER_SEC, "180", "0 60 120", 240);
}

static void test_one_off(void) {
        _cleanup_(scheduled_job_freep) ScheduledJob *none = make(SCHEDULE_INTERVAL_FUTURE, SCHEDULE_MISSED_NONE, BASE);
        _cleanup_(scheduled_job_freep) ScheduledJob *last = make(SCHEDULE_INTERVAL_FUTURE, SCHEDULE_MISSED_LAST, BASE);

        assert_plan(none, BASE + DAY, "", "0", -1);
        assert_plan(last, BASE + DAY, "0", "", -1);
        /* approved after its time: that is when it is due */
        last->next_run_at = BASE + HOUR;
        assert_plan(last, BASE + HOUR, "60", "", -1);
}

static void test_bound(void) {
        _cleanup_(scheduled_job_freep) ScheduledJob *all = make(SCHEDULE_INTERVAL_HOURLY, SCHEDULE_MISSED_ALL, BASE);
        _cleanup_(schedule_plan_done) SchedulePlan p = {};
        g_autofree char *error = NULL;

        g_assert_cmpint(schedule_plan(all, BASE + 200 * HOUR, &p, &error), ==, 0);
        g_assert_cmpuint(p.runs->len, ==, SCHEDULE_MISSED_MAX_RECORDS);
        g_assert_true(p.has_unrecorded);
        g_assert_cmpuint(g_array_index(p.runs, uint64_t, p.runs->len - 1), ==, BASE + 200 * HOUR);
        g_assert_cmpuint(p.next_run_at, ==, BASE + 201 * HOUR);
}

/* Exactly as many as there may be are all recorded. */
static void test_bound_is_exact(void) {
        _cleanup_(scheduled_job_freep) ScheduledJob *all = make(SCHEDULE_INTERVAL_HOURLY, SCHEDULE_MISSED_ALL, BASE);
        _cleanup_(schedule_plan_done) SchedulePlan p = {};
        g_autofree char *error = NULL;

        g_assert_cmpint(schedule_plan(all, BASE + (SCHEDULE_MISSED_MAX_RECORDS - 1) * HOUR, &p, &error), ==, 0);
        g_assert_cmpuint(p.runs->len, ==, SCHEDULE_MISSED_MAX_RECORDS);
        g_assert_false(p.has_unrecorded);
        g_assert_cmpuint(g_array_index(p.runs, uint64_t, 0), ==, BASE);
}

/* February 29: the crontab has a next time, years ahead. */
static void test_rare(void) {
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = make(SCHEDULE_INTERVAL_CUSTOM, SCHEDULE_MISSED_LAST, BASE);
        g_autofree char *error = NULL;
        uint64_t next;

        scheduled_job_set_text(&sj->crontab, "0 0 29 2 *");
        g_assert_cmpint(schedule_next_run(sj, BASE, &next, &error), ==, 0);
        g_assert_cmpuint(next, ==, UINT64_C(1709164800) * USEC_PER_SEC); /* date -ud 2024-02-29 +%s */
}

static void test_zone_is_gone(void) {
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = make(SCHEDULE_INTERVAL_DAILY, SCHEDULE_MISSED_LAST, BASE);
        g_autofree char *error = NULL, *planning = NULL;
        SchedulePlan p = {};
        uint64_t next;

        scheduled_job_set_text(&sj->time_zone, "Atlantis/Capital");
        g_assert_cmpint(schedule_next_run(sj, BASE, &next, &error), ==, -ESRCH);
        g_assert_nonnull(strstr(error, "Atlantis"));
        g_assert_cmpint(schedule_plan(sj, BASE, &p, &planning), ==, -ESRCH);
        g_assert_nonnull(strstr(planning, "Atlantis"));
}

static void test_first_run(void) {
        _cleanup_(scheduled_job_freep) ScheduledJob *now = make(SCHEDULE_INTERVAL_IMMEDIATELY, SCHEDULE_MISSED_LAST,
                                                                      0);
        _cleanup_(scheduled_job_freep) ScheduledJob *later = make(SCHEDULE_INTERVAL_FUTURE, SCHEDULE_MISSED_LAST, 0);
        _cleanup_(scheduled_job_freep) ScheduledJob *daily = make(SCHEDULE_INTERVAL_DAILY, SCHEDULE_MISSED_LAST, 0);
        g_autofree char *error = NULL;
        uint64_t next;

        g_assert_cmpint(schedule_first_run(now, BASE + HOUR, &next, &error), ==, 0);
        g_assert_cmpuint(next, ==, BASE + HOUR);
        g_assert_cmpint(schedule_first_run(later, BASE - HOUR, &next, &error), ==, 0);
        g_assert_cmpuint(next, ==, BASE);
        g_assert_cmpint(schedule_first_run(later, BASE + HOUR, &next, &error), ==, 0);
        g_assert_cmpuint(next, ==, BASE + HOUR);
        g_assert_cmpint(schedule_first_run(daily, BASE + HOUR, &next, &error), ==, 0);
        g_assert_cmpuint(next, ==, BASE + DAY);
}

static void assert_nearest(const ScheduledJob *sj, uint64_t usec, uint64_t expected) {
        g_autofree char *error = NULL;
        uint64_t found;

        g_assert_cmpint(schedule_nearest_run(sj, usec, &found, &error), ==, 0);
        g_assert_cmpuint(found, ==, expected);
}

static void test_nearest_run(void) {
        _cleanup_(scheduled_job_freep) ScheduledJob *hourly = make(SCHEDULE_INTERVAL_HOURLY, SCHEDULE_MISSED_LAST, BASE);
        g_autofree char *error = NULL;
        uint64_t found;

        assert_nearest(hourly, BASE, BASE);
        assert_nearest(hourly, BASE + DAY, BASE + DAY);
        assert_nearest(hourly, BASE + DAY + 29 * MINUTE, BASE + DAY);
        assert_nearest(hourly, BASE + DAY + 31 * MINUTE, BASE + DAY + HOUR);
        assert_nearest(hourly, BASE - DAY, BASE); /* there is none before */

        scheduled_job_set_text(&hourly->time_zone, "No/Such");
        g_assert_cmpint(schedule_nearest_run(hourly, BASE, &found, &error), ==, -ESRCH);
        g_assert_nonnull(error);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/schedule-time/on-time", test_on_time);
        g_test_add_func("/schedule-time/missed", test_missed);
        g_test_add_func("/schedule-time/one-off", test_one_off);
        g_test_add_func("/schedule-time/bound", test_bound);
        g_test_add_func("/schedule-time/bound-is-exact", test_bound_is_exact);
        g_test_add_func("/schedule-time/rare", test_rare);
        g_test_add_func("/schedule-time/zone-is-gone", test_zone_is_gone);
        g_test_add_func("/schedule-time/first-run", test_first_run);
        g_test_add_func("/schedule-time/nearest-run", test_nearest_run);

        return g_test_run();
}
