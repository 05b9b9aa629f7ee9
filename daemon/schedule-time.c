/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "calendar.h"
#include "schedule-time.h"

static int make_spec(const ScheduledJob *sj, CalendarSpec **ret, char **ret_error) {
        return calendar_spec_new(sj->interval, sj->crontab, sj->start_time, sj->time_zone, ret, ret_error);
}

int schedule_next_run(const ScheduledJob *sj, uint64_t after_usec, uint64_t *ret_usec, char **ret_error) {
        _cleanup_(calendar_spec_freep) CalendarSpec *spec = NULL;
        int r;

        r = make_spec(sj, &spec, ret_error);
        if (r < 0)
                return r == -ENOENT ? -ESRCH : r; /* the time zone, not the time */
        r = calendar_next(spec, after_usec, ret_usec);
        if (r < 0)
                *ret_error = g_strdup("there is no further time at which it would be due");
        return r;
}

int schedule_nearest_run(const ScheduledJob *sj, uint64_t usec, uint64_t *ret_usec, char **ret_error) {
        _cleanup_(calendar_spec_freep) CalendarSpec *spec = NULL;
        uint64_t next = 0, previous = 0;
        int r, q;

        r = make_spec(sj, &spec, ret_error);
        if (r < 0)
                return r == -ENOENT ? -ESRCH : r;
        r = calendar_next(spec, usec - 1, &next);
        q = calendar_previous(spec, usec, &previous);
        if (r < 0 && q < 0) {
                *ret_error = g_strdup("there is no time at which it would be due");
                return r;
        }
        *ret_usec = q < 0 || (r >= 0 && next - usec < usec - previous) ? next : previous;
        return 0;
}

int schedule_first_run(const ScheduledJob *sj, uint64_t now_usec, uint64_t *ret_usec, char **ret_error) {
        if (!schedule_interval_is_one_off(sj->interval))
                return schedule_next_run(sj, now_usec, ret_usec, ret_error);
        *ret_usec = MAX(sj->start_time, now_usec);
        return 0;
}

void schedule_plan_done(SchedulePlan *p) {
        g_clear_pointer(&p->runs, g_array_unref);
        g_clear_pointer(&p->missed, g_array_unref);
}

/* All times from next_run_at on until now, oldest first. */
static GArray *due_times(const ScheduledJob *sj, const CalendarSpec *spec, uint64_t now_usec, bool *ret_more) {
        GArray *times = g_array_new(false, false, sizeof(uint64_t));

        *ret_more = false;
        if (!schedule_interval_is_one_off(sj->interval))
                calendar_missed(spec, sj->next_run_at, now_usec, SCHEDULE_MISSED_MAX_RECORDS, times, ret_more);
        if (times->len < SCHEDULE_MISSED_MAX_RECORDS)
                g_array_prepend_val(times, sj->next_run_at);
        else
                *ret_more = true;
        return times;
}

static bool is_to_run(ScheduleMissed policy, bool is_newest, uint64_t time, uint64_t now_usec) {
        if (is_newest)
                return policy != SCHEDULE_MISSED_NONE || now_usec - time <= SCHEDULE_LATE_USEC;
        return policy == SCHEDULE_MISSED_ALL;
}

static int next_after(const ScheduledJob *sj, const CalendarSpec *spec, uint64_t now_usec, uint64_t *ret) {
        int r = -ENOENT;

        /* The start of what runs once may have been put off: it is done all the same. */
        if (!schedule_interval_is_one_off(sj->interval))
                r = calendar_next(spec, MAX(now_usec, sj->next_run_at), ret);
        if (r == -ENOENT)
                *ret = 0;
        return r == -ENOENT ? 0 : r;
}

int schedule_plan(const ScheduledJob *sj, uint64_t now_usec, SchedulePlan *ret, char **ret_error) {
        _cleanup_(calendar_spec_freep) CalendarSpec *spec = NULL;
        _cleanup_(schedule_plan_done) SchedulePlan p = {};
        g_autoptr(GArray) times = NULL;
        int r;

        r = make_spec(sj, &spec, ret_error);
        if (r >= 0)
                r = next_after(sj, spec, now_usec, &p.next_run_at);
        if (r < 0)
                return r == -ENOENT ? -ESRCH : r;

        p.runs = g_array_new(false, false, sizeof(uint64_t));
        p.missed = g_array_new(false, false, sizeof(uint64_t));
        times = due_times(sj, spec, now_usec, &p.has_unrecorded);
        for (guint i = 0; i < times->len; i++) {
                uint64_t time = g_array_index(times, uint64_t, i);

                if (is_to_run(sj->missed, i + 1 == times->len, time, now_usec))
                        g_array_append_val(p.runs, time);
                else
                        g_array_append_val(p.missed, time);
        }
        *ret = p;
        p = (SchedulePlan){};
        return 0;
}
