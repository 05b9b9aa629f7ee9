/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "calendar.h"

/*
 * For check-calendar.py. Reads lines "INTERVAL|CRONTAB|START|TIME ZONE|AFTER|COUNT", times in seconds since the epoch,
 * and prints for each one line of so many due times after AFTER. Then it goes back from the last of them by
 * calendar_previous(), and fails unless it meets the same times.
 */

static int go_back(const CalendarSpec *s, GArray *times) {
        uint64_t at, due;

        if (times->len == 0)
                return 0;

        at = g_array_index(times, uint64_t, times->len - 1);
        for (unsigned i = times->len; i-- > 0; at = due - 1)
                if (calendar_previous(s, at, &due) < 0 || due != g_array_index(times, uint64_t, i)) {
                        (void) fprintf(stderr, "going back from %" PRIu64 " does not lead to %" PRIu64 "\n", at,
                                       g_array_index(times, uint64_t, i));
                        return -EINVAL;
                }
        return 0;
}

static int list(char **fields) {
        g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        _cleanup_(calendar_spec_freep) CalendarSpec *s = NULL;
        g_autofree char *error = NULL;
        ScheduleInterval interval = schedule_interval_from_string(fields[0]);
        uint64_t due;

        if (interval < 0)
                return -EINVAL;
        if (calendar_spec_new(interval, fields[1], g_ascii_strtoull(fields[2], NULL, 10) * USEC_PER_SEC, fields[3], &s,
                              &error) < 0) {
                (void) fprintf(stderr, "%s\n", error);
                return -EINVAL;
        }

        due = g_ascii_strtoull(fields[4], NULL, 10) * USEC_PER_SEC;
        for (uint64_t n = g_ascii_strtoull(fields[5], NULL, 10); n > 0 && calendar_next(s, due, &due) >= 0; n--) {
                g_array_append_val(times, due);
                (void) printf("%" PRIu64 " ", due / USEC_PER_SEC);
        }
        (void) printf("\n");
        return go_back(s, times);
}

int main(void) {
        char line[LINE_MAX];
        int status = 0;

        while (fgets(line, sizeof(line), stdin)) {
                g_auto(GStrv) fields = NULL;

                line[strcspn(line, "\n")] = 0;
                fields = g_strsplit(line, "|", -1);
                if (g_strv_length(fields) != 6 || list(fields) < 0) {
                        (void) fprintf(stderr, "line: %s\n", line);
                        status = 1;
                }
        }
        return status;
}
