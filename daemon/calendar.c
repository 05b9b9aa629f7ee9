/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "calendar.h"

#define SEC_PER_MINUTE 60

static int load_zone(const char *name, GTimeZone **ret, char **ret_error) {
        g_autofree char *shown = NULL;
        int r;

        r = time_zone_load(name, ret);
        if (r >= 0)
                return 0;

        shown = g_strescape(name, NULL);
        if (r == -EIO)
                *ret_error = g_strdup_printf("the time zone \"%s\" cannot be read from /usr/share/zoneinfo", shown);
        else
                *ret_error = g_strdup_printf("there is no time zone \"%s\": \"timedatectl list-timezones\" has their "
                                             "names, as \"Europe/Berlin\"",
                                             shown);
        return r;
}

/* What hourly, daily and weekly leave open is taken from the start. */
static void set_crontab_of_start(CalendarSpec *s) {
        int64_t start = time_zone_wall_clock(s->zone, (int64_t) (s->start_time / USEC_PER_SEC));

        s->crontab = CRONTAB_ALL;
        s->crontab.minutes = UINT64_C(1) << wall_clock_minute(start);
        if (s->interval != SCHEDULE_INTERVAL_HOURLY)
                s->crontab.hours = 1U << wall_clock_hour(start);
        if (s->interval == SCHEDULE_INTERVAL_WEEKLY)
                s->crontab.weekdays = (uint8_t) (1U << wall_clock_weekday(start));
}

int calendar_spec_new(ScheduleInterval interval, const char *crontab, uint64_t start_time, const char *time_zone,
                      CalendarSpec **ret, char **ret_error) {
        _cleanup_(calendar_spec_freep) CalendarSpec *s = g_new0(CalendarSpec, 1);
        int r;

        s->interval = interval;
        s->start_time = start_time;
        if (start_time / USEC_PER_SEC >= (uint64_t) TIME_ZONE_SEC_MAX) {
                *ret_error = g_strdup("the start time is beyond the year 9999");
                return -ERANGE;
        }
        if (start_time == 0 && interval != SCHEDULE_INTERVAL_CUSTOM) {
                *ret_error = g_strdup("a start time is needed");
                return -ERANGE;
        }

        r = load_zone(time_zone, &s->zone, ret_error);
        if (r < 0)
                return r;

        if (interval == SCHEDULE_INTERVAL_CUSTOM) {
                r = crontab_parse(crontab, &s->crontab, ret_error);
                if (r < 0)
                        return r;
        } else if (!schedule_interval_is_one_off(interval))
                set_crontab_of_start(s);

        *ret = TAKE_PTR(s);
        return 0;
}

CalendarSpec *calendar_spec_free(CalendarSpec *s) {
        g_clear_pointer(&s->zone, g_time_zone_unref);
        g_free(s);
        return NULL;
}

static int64_t to_seconds(uint64_t usec) {
        return (int64_t) MIN(usec / USEC_PER_SEC, (uint64_t) TIME_ZONE_SEC_MAX);
}

/* The first second that is not before the start. */
static int64_t first_second(const CalendarSpec *s) {
        return (int64_t) ((s->start_time + USEC_PER_SEC - 1) / USEC_PER_SEC);
}

/*
 * When a wall-clock time that the crontab matches is due. False: not at all, because the clock skips it and what
 * follows the gap does instead.
 */
static bool find_due(const CalendarSpec *s, int64_t wall_clock, int64_t *ret) {
        int64_t due = time_zone_first_shown(s->zone, first_second(s), wall_clock);
        int64_t shown = time_zone_wall_clock(s->zone, due);

        if (shown != wall_clock && crontab_has_every_hour(&s->crontab) && crontab_matches_day(&s->crontab, shown))
                return false;
        *ret = due;
        return true;
}

int calendar_next(const CalendarSpec *s, uint64_t after_usec, uint64_t *ret_usec) {
        int64_t after = to_seconds(after_usec), start, wall_clock, due;
        int r;

        if (schedule_interval_is_one_off(s->interval)) {
                if (s->start_time <= after_usec)
                        return -ENOENT;
                *ret_usec = s->start_time;
                return 0;
        }

        if (after_usec / USEC_PER_SEC >= (uint64_t) TIME_ZONE_SEC_MAX)
                return -ENOENT;

        /*
         * Due is what the clock shows for the first time: so whatever is later on the clock than all it has shown
         * until "after" comes after that, and what was due before does not come again.
         */
        start = first_second(s);
        wall_clock = after < start ? time_zone_wall_clock(s->zone, start)
                                   : time_zone_latest_shown(s->zone, start, after) + 1;
        for (;; wall_clock += SEC_PER_MINUTE) {
                r = crontab_next(&s->crontab, wall_clock, &wall_clock);
                if (r < 0)
                        return r;
                if (wall_clock > TIME_ZONE_SEC_MAX)
                        return -ENOENT;
                if (find_due(s, wall_clock, &due))
                        break;
        }

        *ret_usec = (uint64_t) due * USEC_PER_SEC;
        return 0;
}

int calendar_previous(const CalendarSpec *s, uint64_t at_usec, uint64_t *ret_usec) {
        int64_t at = to_seconds(at_usec), start, wall_clock, due;
        int r;

        if (s->start_time > at_usec)
                return -ENOENT;
        if (schedule_interval_is_one_off(s->interval)) {
                *ret_usec = s->start_time;
                return 0;
        }

        start = first_second(s);
        if (at < start)
                return -ENOENT;
        wall_clock = time_zone_latest_shown(s->zone, start, at);
        for (;; wall_clock -= SEC_PER_MINUTE) {
                r = crontab_previous(&s->crontab, wall_clock, &wall_clock);
                if (r < 0)
                        return r;
                if (wall_clock < time_zone_wall_clock(s->zone, start))
                        return -ENOENT;
                if (find_due(s, wall_clock, &due))
                        break;
        }

        *ret_usec = (uint64_t) due * USEC_PER_SEC;
        return 0;
}

static int compare_times(const void *a, const void *b) {
        const uint64_t *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

void calendar_missed(const CalendarSpec *s, uint64_t last_usec, uint64_t now_usec, unsigned max, GArray *ret_missed,
                     bool *ret_more) {
        uint64_t due;
        bool more = false;

        g_array_set_size(ret_missed, 0);
        for (uint64_t at = now_usec; calendar_previous(s, at, &due) >= 0 && due > last_usec; at = due - 1) {
                more = ret_missed->len >= max;
                if (more)
                        break;
                g_array_append_val(ret_missed, due);
        }
        g_array_sort(ret_missed, compare_times);

        if (ret_more)
                *ret_more = more;
}
