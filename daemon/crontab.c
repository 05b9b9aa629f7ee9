/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "crontab.h"

#include <string.h>

#define SEC_PER_MINUTE 60
#define SEC_PER_DAY (INT64_C(24) * 60 * SEC_PER_MINUTE)

/* After so many years and days the calendar repeats, days of the week included. */
#define CYCLE_DAYS 146097

typedef struct FieldRange {
        const char *name;
        unsigned min;
        unsigned max;
} FieldRange;

enum {
        FIELD_MINUTE,
        FIELD_HOUR,
        FIELD_DAY,
        FIELD_MONTH,
        FIELD_WEEKDAY,
        FIELD_COUNT,
};

static const FieldRange field_ranges[FIELD_COUNT] = {
        [FIELD_MINUTE] = { "minute", 0, 59 },
        [FIELD_HOUR] = { "hour", 0, 23 },
        [FIELD_DAY] = { "day of month", 1, 31 },
        [FIELD_MONTH] = { "month", 1, 12 },
        [FIELD_WEEKDAY] = { "day of week", 0, 7 },
};

/* One item of a field's list, while it is read. */
typedef struct Item {
        const FieldRange *field;
        const char *text;
        size_t size;
        unsigned first;
        unsigned last;
        unsigned step;
} Item;

static int refuse_item(const Item *item, const char *why, char **ret_error) {
        g_autofree char *text = g_strndup(item->text, item->size), *shown = g_strescape(text, NULL);

        *ret_error = g_strdup_printf("the %s \"%s\" is not valid: %s", item->field->name, shown, why);
        return -EINVAL;
}

static int refuse_item_form(const Item *item, char **ret_error) {
        const FieldRange *f = item->field;
        g_autofree char *why = g_strdup_printf("use \"*\", numbers from %u to %u without leading zeros, ranges like "
                                               "\"%u-%u\", lists like \"%u,%u\" and steps like \"*/2\"",
                                               f->min, f->max, f->min, f->max, f->min, f->max);

        return refuse_item(item, why, ret_error);
}

/* A number without sign and leading zeros, which would be octal to some. */
static bool parse_number(const char **p, unsigned max, unsigned *ret) {
        unsigned n = 0;

        if (!g_ascii_isdigit(**p) || (**p == '0' && g_ascii_isdigit((*p)[1])))
                return false;
        for (; g_ascii_isdigit(**p); (*p)++) {
                n = n * 10 + (unsigned) (**p - '0');
                if (n > max)
                        return false;
        }
        *ret = n;
        return true;
}

/* "*", a number or a range. */
static int parse_range(Item *item, const char **p, char **ret_error) {
        if (**p == '*') {
                item->first = item->field->min;
                item->last = item->field->max;
                (*p)++;
                return 0;
        }

        if (!parse_number(p, item->field->max, &item->first) || item->first < item->field->min)
                return refuse_item_form(item, ret_error);
        item->last = item->first;
        if (**p != '-')
                return 0;

        (*p)++;
        if (!parse_number(p, item->field->max, &item->last))
                return refuse_item_form(item, ret_error);
        if (item->last < item->first)
                return refuse_item(item, "the range ends before it begins, write it as two: \"5-6,0-1\"", ret_error);
        return 0;
}

static int parse_step(Item *item, const char **p, char **ret_error) {
        g_autofree char *why = NULL;

        item->step = 1;
        if (**p != '/')
                return 0;
        if (g_ascii_isdigit(item->text[0]) && !memchr(item->text, '-', item->size))
                return refuse_item(item, "a step is for \"*\" and ranges: \"*/5\", \"0-20/5\"", ret_error);

        (*p)++;
        if (parse_number(p, item->field->max, &item->step) && item->step > 0)
                return 0;
        why = g_strdup_printf("the step must be a number from 1 to %u", item->field->max);
        return refuse_item(item, why, ret_error);
}

/* Adds the values of the item to the set. */
static int parse_item(Item *item, uint64_t *set, char **ret_error) {
        const char *p = item->text;
        int r;

        if (item->size == 0)
                return refuse_item(item, "an item of the list is empty", ret_error);

        r = parse_range(item, &p, ret_error);
        if (r >= 0)
                r = parse_step(item, &p, ret_error);
        if (r < 0)
                return r;
        if (p != item->text + item->size)
                return refuse_item_form(item, ret_error);

        for (unsigned n = item->first; n <= item->last; n += item->step)
                *set |= UINT64_C(1) << n;
        return 0;
}

static int parse_field(const FieldRange *f, const char *field, uint64_t *ret, char **ret_error) {
        uint64_t set = 0;
        int r;

        for (const char *p = field;; p++) {
                Item item = { .field = f, .text = p, .size = strcspn(p, ",") };

                r = parse_item(&item, &set, ret_error);
                if (r < 0)
                        return r;
                p += item.size;
                if (!*p)
                        break;
        }

        *ret = set;
        return 0;
}

int crontab_parse(const char *text, Crontab *ret, char **ret_error) {
        g_auto(GStrv) fields = NULL;
        uint64_t sets[FIELD_COUNT];
        int r;

        if (strlen(text) > CRONTAB_LENGTH_MAX) {
                *ret_error = g_strdup_printf("the crontab is longer than %d characters", CRONTAB_LENGTH_MAX);
                return -EINVAL;
        }

        fields = g_strsplit(text, " ", -1);
        if (g_strv_length(fields) != FIELD_COUNT || g_strv_contains((const char *const *) fields, "")) {
                *ret_error = g_strdup("a crontab is five fields, one space between: minute, hour, day of month, "
                                      "month, day of week, as in \"30 4 * * 1-5\"");
                return -EINVAL;
        }

        for (unsigned i = 0; i < FIELD_COUNT; i++) {
                r = parse_field(field_ranges + i, fields[i], sets + i, ret_error);
                if (r < 0)
                        return r;
        }

        *ret = (Crontab) {
                .minutes = sets[FIELD_MINUTE],
                .hours = (uint32_t) sets[FIELD_HOUR],
                .days = (uint32_t) sets[FIELD_DAY],
                .months = (uint16_t) sets[FIELD_MONTH],
                .weekdays = (uint8_t) ((sets[FIELD_WEEKDAY] | sets[FIELD_WEEKDAY] >> 7) & 0x7F),
        };
        return 0;
}

/* Rounds down, before the epoch too: there the wall clock of the west stands at its first hours. */
static int64_t divide(int64_t a, int64_t b) {
        return a / b - (a % b < 0);
}

static unsigned second_of_day(int64_t wall_clock) {
        return (unsigned) (wall_clock - divide(wall_clock, SEC_PER_DAY) * SEC_PER_DAY);
}

unsigned wall_clock_minute(int64_t wall_clock) {
        return second_of_day(wall_clock) / SEC_PER_MINUTE % 60;
}

unsigned wall_clock_hour(int64_t wall_clock) {
        return second_of_day(wall_clock) / SEC_PER_MINUTE / 60;
}

static unsigned weekday_of(int64_t day) {
        int64_t thursday = day + 4; /* 1970-01-01 */

        return (unsigned) (thursday - divide(thursday, 7) * 7);
}

unsigned wall_clock_weekday(int64_t wall_clock) {
        return weekday_of(divide(wall_clock, SEC_PER_DAY));
}

/* Days since the epoch: GDate counts from 0001-01-01, which is 1. */
static bool matches_day(const Crontab *c, int64_t day) {
        GDate date;

        if (!(c->weekdays & (1U << weekday_of(day))))
                return false;

        g_date_clear(&date, 1);
        g_date_set_julian(&date, (guint32) (day + 719163));
        return (c->months & (1U << g_date_get_month(&date))) && (c->days & (1U << g_date_get_day(&date)));
}

bool crontab_matches_day(const Crontab *c, int64_t wall_clock) {
        return matches_day(c, divide(wall_clock, SEC_PER_DAY));
}

bool crontab_has_every_hour(const Crontab *c) {
        return c->hours == CRONTAB_ALL.hours;
}

/* The first minute of a day that matches, not before "minute", or the last that is not after it; -1: none. */
static int find_minute(const Crontab *c, int minute, int step) {
        for (; minute >= 0 && minute < 24 * 60; minute += step)
                if ((c->hours & (1U << minute / 60)) && (c->minutes & (UINT64_C(1) << minute % 60)))
                        return minute;
        return -1;
}

static int find_match(const Crontab *c, int64_t minute, int step, int64_t *ret) {
        int64_t day = divide(minute, 24 * 60);
        int of_day = (int) (minute - day * 24 * 60);

        for (unsigned i = 0; i <= CYCLE_DAYS; i++, day += step) {
                int found = matches_day(c, day) ? find_minute(c, of_day, step) : -1;

                if (found >= 0) {
                        *ret = (day * 24 * 60 + found) * SEC_PER_MINUTE;
                        return 0;
                }
                of_day = step > 0 ? 0 : 24 * 60 - 1;
        }
        return -ENOENT;
}

int crontab_next(const Crontab *c, int64_t wall_clock, int64_t *ret) {
        return find_match(c, divide(wall_clock + SEC_PER_MINUTE - 1, SEC_PER_MINUTE), 1, ret);
}

int crontab_previous(const Crontab *c, int64_t wall_clock, int64_t *ret) {
        return find_match(c, divide(wall_clock, SEC_PER_MINUTE), -1, ret);
}
