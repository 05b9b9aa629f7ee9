/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * The five fields of a crontab line: minute, hour, day of month, month and day of week (0 to 7, 0 and 7 are Sunday),
 * with one space between. A field is a list of "*", numbers and ranges, these and "*" with a step: "0,30", "1-5",
 * "0-20/5", "*" "/10". No names, no "@daily", no L, W, # and ?. Unlike in crontab(5), day of month and day of week
 * must both match, as in the reference.
 */

enum {
        CRONTAB_LENGTH_MAX = 255,
};

/* Each a set, bit n for the value n. */
typedef struct Crontab {
        uint64_t minutes;
        uint32_t hours;
        uint32_t days;
        uint16_t months;
        uint8_t weekdays; /* 0 is Sunday; no bit 7 */
} Crontab;

#define CRONTAB_ALL                                                                                                \
        (Crontab) {                                                                                                \
                .minutes = (UINT64_C(1) << 60) - 1, .hours = (1U << 24) - 1, .days = UINT32_MAX - 1,               \
                .months = (1U << 13) - 2, .weekdays = (1U << 7) - 1                                                \
        }

/* -EINVAL and a sentence that names the field and what would be right; g_free() it. */
int crontab_parse(const char *text, Crontab *ret, char **ret_error) _must_check_;

/*
 * The first wall-clock time that matches and is not before "wall_clock", the last that matches and is not after it: in
 * seconds, as in time-zone.h. -ENOENT when there is none within 400 years: then the calendar has repeated itself, and
 * there is none at all (February 30).
 */
int crontab_next(const Crontab *c, int64_t wall_clock, int64_t *ret) _must_check_;
int crontab_previous(const Crontab *c, int64_t wall_clock, int64_t *ret) _must_check_;

bool crontab_matches_day(const Crontab *c, int64_t wall_clock);
bool crontab_has_every_hour(const Crontab *c);

/* From a wall-clock time: its minute, hour, day of the week (0 is Sunday). */
unsigned wall_clock_minute(int64_t wall_clock);
unsigned wall_clock_hour(int64_t wall_clock);
unsigned wall_clock_weekday(int64_t wall_clock);
