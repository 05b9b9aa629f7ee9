/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "time-span.h"
#include "time-zone.h"
#include "when.h"

#define SEC_PER_DAY INT64_C(86400)

static const char *const weekdays[][2] = {
        { "mon", "monday" }, { "tue", "tuesday" },  { "wed", "wednesday" }, { "thu", "thursday" },
        { "fri", "friday" }, { "sat", "saturday" }, { "sun", "sunday" },
};

static const struct {
        const char *name;
        int days;
} day_names[] = { { "today", 0 }, { "tomorrow", 1 }, { "yesterday", -1 } };

/* What comes out of the words of a wall-clock time. */
typedef struct WallClock {
        GTimeZone *zone; /* borrowed */
        int64_t day;     /* since the epoch */
        int64_t second;  /* of the day */
        int weekday;     /* 0 is Monday, -1: none was named */
} WallClock;

static int refuse(const char *text, const char *why, char **ret_error) {
        *ret_error = g_strdup_printf("\"%s\" is not a time%s: write it as in \"2026-12-01 08:00\", \"tomorrow "
                                     "03:00\", \"+2h\"; see systemd.time(7)",
                                     text, why);
        return -EINVAL;
}

/* Exactly so many digits, and the value is not more than max. */
static bool parse_digits(const char **p, unsigned digits, unsigned max, unsigned *ret) {
        unsigned n = 0;

        for (unsigned i = 0; i < digits; i++, (*p)++) {
                if (!g_ascii_isdigit(**p))
                        return false;
                n = n * 10 + (unsigned) (**p - '0');
        }
        *ret = n;
        return n <= max;
}

static bool parse_date(const char *word, int64_t *ret_day) {
        unsigned year, month, day;
        GDate date;

        if (!parse_digits(&word, 4, 9999, &year) || *word++ != '-' || !parse_digits(&word, 2, 12, &month) ||
            *word++ != '-' || !parse_digits(&word, 2, 31, &day) || *word)
                return false;
        if (year < 1970 || !g_date_valid_dmy((GDateDay) day, (GDateMonth) month, (GDateYear) year))
                return false;

        g_date_clear(&date, 1);
        g_date_set_dmy(&date, (GDateDay) day, (GDateMonth) month, (GDateYear) year);
        *ret_day = (int64_t) g_date_get_julian(&date) - 719163; /* 1970-01-01 */
        return true;
}

/* "08:00", "8:00", "08:00:30". */
static bool parse_time_of_day(const char *word, int64_t *ret_second) {
        unsigned hour, minute, second = 0;

        if (!parse_digits(&word, word[0] && word[1] == ':' ? 1 : 2, 23, &hour) || *word++ != ':' ||
            !parse_digits(&word, 2, 59, &minute))
                return false;
        if (*word == ':' && (word++, !parse_digits(&word, 2, 59, &second)))
                return false;
        *ret_second = hour * 3600 + minute * 60 + second;
        return *word == 0;
}

static bool parse_weekday(const char *word, int *ret) {
        for (size_t i = 0; i < ELEMENTSOF(weekdays); i++)
                if (g_ascii_strcasecmp(weekdays[i][0], word) == 0 || g_ascii_strcasecmp(weekdays[i][1], word) == 0) {
                        *ret = (int) i;
                        return true;
                }
        return false;
}

static bool parse_day_name(const char *word, int64_t today, int64_t *ret_day) {
        for (size_t i = 0; i < ELEMENTSOF(day_names); i++)
                if (strcmp(day_names[i].name, word) == 0) {
                        *ret_day = today + day_names[i].days;
                        return true;
                }
        return false;
}

static int64_t day_of(int64_t wall_clock) {
        return (wall_clock - (wall_clock < 0 ? SEC_PER_DAY - 1 : 0)) / SEC_PER_DAY;
}

/* [WEEKDAY] [DATE or day's name] [TIME], at least one of the last two. */
static bool parse_words(char **words, uint64_t now_usec, WallClock *w) {
        const int64_t today = day_of(time_zone_wall_clock(w->zone, (int64_t) (now_usec / USEC_PER_SEC)));
        bool has_day, has_time;

        w->weekday = -1;
        w->day = today;
        w->second = 0;
        if (*words && parse_weekday(*words, &w->weekday))
                words++;
        has_day = *words && (parse_date(*words, &w->day) || parse_day_name(*words, today, &w->day));
        if (has_day)
                words++;
        has_time = *words && parse_time_of_day(*words, &w->second);
        if (has_time)
                words++;
        return !*words && (has_day || has_time);
}

static bool weekday_is_right(const WallClock *w) {
        int64_t monday_based = (w->day + 3) % 7; /* 1970-01-01 was a Thursday */

        return w->weekday < 0 || (monday_based + 7) % 7 == w->weekday;
}

static int parse_wall_clock(const char *text, GTimeZone *zone, uint64_t now_usec, uint64_t *ret_usec,
                            char **ret_error) {
        g_auto(GStrv) words = g_strsplit_set(text, " \t", -1);
        g_autoptr(GTimeZone) named = NULL;
        WallClock w = { .zone = zone };
        unsigned n = 0;
        int64_t time;

        for (unsigned i = 0; words[i]; i++) /* several blanks are as one */
                if (words[i][0])
                        words[n++] = words[i];
                else
                        g_free(words[i]);
        words[n] = NULL;

        if (n > 1 && time_zone_load(words[n - 1], &named) >= 0) {
                w.zone = named;
                g_clear_pointer(words + n - 1, g_free);
        }
        if (!parse_words(words, now_usec, &w))
                return refuse(text, "", ret_error);
        if (!weekday_is_right(&w))
                return refuse(text, ", that day has another name", ret_error);

        time = time_zone_first_shown(w.zone, 0, w.day * SEC_PER_DAY + w.second);
        *ret_usec = (uint64_t) time * USEC_PER_SEC;
        return 0;
}

/* "+2h", "-2h", "2h left", "2h ago"; 0: it is none of these. */
static int parse_relative(const char *text, uint64_t now_usec, uint64_t *ret_usec, char **ret_error) {
        bool back = *text == '-' || g_str_has_suffix(text, " ago");
        g_autofree char *span = NULL;
        uint64_t usec;

        if (*text == '+' || *text == '-')
                span = g_strdup(text + 1);
        else if (g_str_has_suffix(text, " ago") || g_str_has_suffix(text, " left"))
                span = g_strndup(text, (size_t) (strrchr(text, ' ') - text));
        else
                return 0;

        if (time_span_parse(span, USEC_PER_SEC, &usec) < 0 || usec > INT64_MAX || (back && usec >= now_usec))
                return refuse(text, "", ret_error);
        *ret_usec = back ? now_usec - usec : now_usec + usec;
        return 1;
}

/* "@1796112000"; 0: it is not that. */
static int parse_epoch(const char *text, uint64_t *ret_usec, char **ret_error) {
        if (*text != '@')
                return 0;
        if (time_span_parse(text + 1, USEC_PER_SEC, ret_usec) < 0 || *ret_usec > INT64_MAX)
                return refuse(text, "", ret_error);
        return 1;
}

int when_parse(const char *text, GTimeZone *zone, uint64_t now_usec, uint64_t *ret_usec, char **ret_error) {
        g_autofree char *stripped = g_strstrip(g_strdup(text));
        g_autoptr(GDateTime) iso = NULL;
        int r;

        if (strcmp(stripped, "now") == 0) {
                *ret_usec = now_usec;
                return 0;
        }
        r = parse_epoch(stripped, ret_usec, ret_error);
        if (r == 0)
                r = parse_relative(stripped, now_usec, ret_usec, ret_error);
        if (r != 0)
                return MIN(r, 0);

        if (strchr(stripped, 'T') && !strchr(stripped, ' '))
                iso = g_date_time_new_from_iso8601(stripped, zone);
        if (iso && g_date_time_to_unix(iso) >= 0) {
                *ret_usec = (uint64_t) g_date_time_to_unix(iso) * USEC_PER_SEC +
                            (uint64_t) g_date_time_get_microsecond(iso);
                return 0;
        }
        return parse_wall_clock(stripped, zone, now_usec, ret_usec, ret_error);
}
