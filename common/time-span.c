/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "time-span.h"

#include <inttypes.h>
#include <string.h>

#define WHITESPACE " \t\n\r"

/* systemd.time(7): a month is 30.44 days, a year 365.25 days. */
#define NSEC_PER_SEC UINT64_C(1000000000)
#define NSEC_PER_MINUTE (60 * NSEC_PER_SEC)
#define NSEC_PER_HOUR (60 * NSEC_PER_MINUTE)
#define NSEC_PER_DAY (24 * NSEC_PER_HOUR)
#define NSEC_PER_WEEK (7 * NSEC_PER_DAY)
#define NSEC_PER_MONTH (2629800 * NSEC_PER_SEC)
#define NSEC_PER_YEAR (31557600 * NSEC_PER_SEC)

static const struct {
        const char *name;
        uint64_t nsec;
} time_units[] = {
        { "ns", 1 },
        { "nsec", 1 },
        { "us", NSEC_PER_USEC },
        { "usec", NSEC_PER_USEC },
        { "\u00b5s", NSEC_PER_USEC }, /* micro sign */
        { "\u03bcs", NSEC_PER_USEC }, /* Greek small letter mu */
        { "ms", NSEC_PER_USEC * 1000 },
        { "msec", NSEC_PER_USEC * 1000 },
        { "s", NSEC_PER_SEC },
        { "sec", NSEC_PER_SEC },
        { "second", NSEC_PER_SEC },
        { "seconds", NSEC_PER_SEC },
        { "m", NSEC_PER_MINUTE },
        { "min", NSEC_PER_MINUTE },
        { "minute", NSEC_PER_MINUTE },
        { "minutes", NSEC_PER_MINUTE },
        { "h", NSEC_PER_HOUR },
        { "hr", NSEC_PER_HOUR },
        { "hour", NSEC_PER_HOUR },
        { "hours", NSEC_PER_HOUR },
        { "d", NSEC_PER_DAY },
        { "day", NSEC_PER_DAY },
        { "days", NSEC_PER_DAY },
        { "w", NSEC_PER_WEEK },
        { "week", NSEC_PER_WEEK },
        { "weeks", NSEC_PER_WEEK },
        { "M", NSEC_PER_MONTH },
        { "month", NSEC_PER_MONTH },
        { "months", NSEC_PER_MONTH },
        { "y", NSEC_PER_YEAR },
        { "year", NSEC_PER_YEAR },
        { "years", NSEC_PER_YEAR },
};

static bool is_unit_char(char c) {
        return g_ascii_isalpha(c) || (unsigned char) c >= 0x80;
}

/* Reads the unit after a number. Nothing there, or a space and the next number, means the default unit. */
static int parse_unit(const char **p, uint64_t resolution_nsec, uint64_t *unit) {
        const char *start = *p + strspn(*p, WHITESPACE), *end = start;
        size_t i;

        while (is_unit_char(*end))
                end++;

        if (end == start) {
                if (start == *p && *start)
                        return -EINVAL; /* "1.2.3", "5%" */

                *p = start;
                return 0;
        }

        for (i = 0; i < ELEMENTSOF(time_units); i++)
                if (strlen(time_units[i].name) == (size_t) (end - start) &&
                    strncmp(time_units[i].name, start, end - start) == 0)
                        break;
        if (i == ELEMENTSOF(time_units) || time_units[i].nsec < resolution_nsec)
                return -EINVAL;

        *unit = time_units[i].nsec / resolution_nsec;
        *p = end;
        return 0;
}

static int add_product(uint64_t *sum, uint64_t a, uint64_t b) {
        uint64_t product;

        if (__builtin_mul_overflow(a, b, &product) || __builtin_add_overflow(*sum, product, sum))
                return -ERANGE;
        if (*sum == UINT64_MAX)
                return -ERANGE; /* that value means infinity */
        return 0;
}

/* Adds one "NUMBER[.NUMBER] [UNIT]" to *sum. */
static int parse_one(const char **p, uint64_t resolution_nsec, uint64_t default_unit, uint64_t *sum) {
        const char *fraction = NULL;
        uint64_t number = 0, unit = default_unit;
        size_t digits;
        char *end;
        int r;

        if (**p == '-')
                return -ERANGE;
        if (**p == '+' && g_ascii_isdigit((*p)[1]))
                (*p)++;

        if (g_ascii_isdigit(**p)) {
                errno = 0;
                number = g_ascii_strtoull(*p, &end, 10);
                if (errno != 0 || number > INT64_MAX)
                        return -ERANGE;
                *p = end;
        } else if (**p != '.')
                return -EINVAL;

        if (**p == '.') {
                fraction = ++*p;
                digits = strspn(*p, "0123456789");
                if (digits == 0)
                        return -EINVAL;
                *p += digits;
        }

        r = parse_unit(p, resolution_nsec, &unit);
        if (r < 0)
                return r;

        r = add_product(sum, number, unit);

        /* What is finer than the resolution is cut off, digit by digit as systemd does it. */
        for (; fraction && g_ascii_isdigit(*fraction) && r == 0; fraction++) {
                unit /= 10;
                r = add_product(sum, *fraction - '0', unit);
        }

        return r;
}

static int parse(const char *text, uint64_t resolution_nsec, uint64_t default_unit, uint64_t *ret) {
        const char *p = text + strspn(text, WHITESPACE);
        uint64_t sum = 0;
        int r;

        if (*p == 0)
                return -EINVAL;

        if (g_str_has_prefix(p, "infinity")) {
                p += strlen("infinity");
                if (p[strspn(p, WHITESPACE)])
                        return -EINVAL;

                *ret = UINT64_MAX;
                return 0;
        }

        while (*p) {
                r = parse_one(&p, resolution_nsec, default_unit, &sum);
                if (r < 0)
                        return r;

                p += strspn(p, WHITESPACE);
        }

        *ret = sum;
        return 0;
}

int time_span_parse(const char *text, uint64_t default_unit_usec, uint64_t *ret_usec) {
        return parse(text, NSEC_PER_USEC, default_unit_usec, ret_usec);
}

int time_span_parse_nsec(const char *text, uint64_t *ret_nsec) {
        return parse(text, 1, 1, ret_nsec);
}

/* The names and the one decimal point below a minute are those of "systemd-analyze timespan" and "systemctl show". */
char *time_span_format(uint64_t usec) {
        static const struct {
                const char *name;
                uint64_t usec;
                int decimals;
        } units[] = {
                { "y", NSEC_PER_YEAR / NSEC_PER_USEC, 0 },
                { "month", NSEC_PER_MONTH / NSEC_PER_USEC, 0 },
                { "w", NSEC_PER_WEEK / NSEC_PER_USEC, 0 },
                { "d", NSEC_PER_DAY / NSEC_PER_USEC, 0 },
                { "h", NSEC_PER_HOUR / NSEC_PER_USEC, 0 },
                { "min", NSEC_PER_MINUTE / NSEC_PER_USEC, 0 },
                { "s", USEC_PER_SEC, 6 },
                { "ms", USEC_PER_MSEC, 3 },
                { "us", 1, 0 },
        };
        g_autoptr(GString) s = g_string_new(NULL);

        if (usec == USEC_INFINITY)
                return g_strdup("infinity");
        if (usec == 0)
                return g_strdup("0");

        for (size_t i = 0; i < ELEMENTSOF(units) && usec > 0; i++) {
                uint64_t whole = usec / units[i].usec, rest = usec % units[i].usec;

                if (whole == 0)
                        continue;
                if (s->len > 0)
                        g_string_append_c(s, ' ');

                g_string_append_printf(s, "%" PRIu64, whole);
                if (rest > 0 && units[i].decimals > 0) {
                        g_string_append_printf(s, ".%0*" PRIu64, units[i].decimals, rest);
                        rest = 0;
                }
                g_string_append(s, units[i].name);
                usec = rest;
        }

        return g_string_free(g_steal_pointer(&s), FALSE);
}
