/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "calendar.h"
#include "macro.h"

/*
 * "INTERVAL\nTIME ZONE\nSTART\nAFTER\nCRONTAB", times in microseconds. Whatever is accepted is due strictly later than
 * asked, not before its start, and the same going back.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const CalendarSpec *s, uint64_t after) {
        uint64_t due, previous;

        for (unsigned i = 0; i < 8 && calendar_next(s, after, &due) >= 0; i++) {
                g_assert_cmpuint(due, >, after);
                g_assert_cmpuint(due, >=, s->start_time);
                g_assert_cmpint(calendar_previous(s, due, &previous), ==, 0);
                g_assert_cmpuint(previous, ==, due);
                if (calendar_previous(s, due - 1, &previous) >= 0)
                        g_assert_cmpuint(previous, <=, after);
                after = due;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *text = g_strndup((const char *) data, size), *error = NULL;
        _cleanup_(calendar_spec_freep) CalendarSpec *s = NULL;
        g_auto(GStrv) lines = g_strsplit(text, "\n", 5);
        ScheduleInterval interval;

        if (g_strv_length(lines) != 5)
                return 0;
        interval = schedule_interval_from_string(lines[0]);
        if (interval < 0)
                return 0;
        if (calendar_spec_new(interval, lines[4], g_ascii_strtoull(lines[2], NULL, 10), lines[1], &s, &error) < 0) {
                g_assert_nonnull(error);
                return 0;
        }

        walk(s, g_ascii_strtoull(lines[3], NULL, 10));
        return 0;
}
