/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crontab.h"
#include "macro.h"
#include "scheduled-job.h"
#include "time-zone.h"

/*
 * When a schedule is due. Pure: no clock, no store.
 *
 * future (and immediately) is due once, at start_time. The others are due in each minute that their crontab matches on
 * the clock of their time zone, not before start_time: hourly at the minute of start_time, daily at its hour and
 * minute, weekly at these on its day of the week, custom by the crontab given.
 *
 * When the clock is set forward, a time that it skips is due at the first moment after the gap, once for all that was
 * skipped. A schedule that has every hour makes up for nothing, as long as it has the day on which the clock goes on:
 * it is due again within the hour in any case. When the clock is set back, what it shows a second time is not due
 * again; this is true for "every five minutes", too, as it is for OnCalendar= of systemd. (A time zone without such
 * changes, as UTC, is the choice for schedules that are to be evenly spaced.)
 */

typedef struct CalendarSpec {
        ScheduleInterval interval;
        uint64_t start_time; /* usec since the epoch; 0: from the beginning, of custom only */
        GTimeZone *zone;
        Crontab crontab; /* of those that recur, what the interval means */
} CalendarSpec;

/*
 * Of crontab only custom takes notice. -EINVAL: the crontab or the time zone is not valid, -ENOENT: there is no such
 * time zone on this host, -EIO: it cannot be read, -ERANGE: start_time is beyond the year 9999, or missing; with a
 * sentence.
 */
int calendar_spec_new(ScheduleInterval interval, const char *crontab, uint64_t start_time, const char *time_zone,
                      CalendarSpec **ret, char **ret_error) _must_check_;
CalendarSpec *calendar_spec_free(CalendarSpec *s);
DEFINE_CLEANUP(CalendarSpec *, calendar_spec_free);

/* The first due time that is later than after_usec. -ENOENT: there is none any more. */
int calendar_next(const CalendarSpec *s, uint64_t after_usec, uint64_t *ret_usec) _must_check_;

/* The last due time that is not later than at_usec. -ENOENT: there was none yet. */
int calendar_previous(const CalendarSpec *s, uint64_t at_usec, uint64_t *ret_usec) _must_check_;

/*
 * The due times later than last_usec and not later than now_usec, oldest first, into a GArray of uint64_t, which is
 * emptied before. When there are more than max, the newest are kept and *ret_more (may be NULL) is true. Costs as many
 * steps as are kept, however long the host was off.
 */
void calendar_missed(const CalendarSpec *s, uint64_t last_usec, uint64_t now_usec, unsigned max, GArray *ret_missed,
                     bool *ret_more);
