/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "byte-size.h"

#define WHITESPACE " \t\n\r"

/* The suffixes of sizes in falling order: a size such as "1G 500M" goes down, none comes twice. "" is bytes too. */
static const char *const suffixes[] = { "E", "P", "T", "G", "M", "K", "B", "" };

static uint64_t suffix_factor(size_t suffix, unsigned base) {
        uint64_t factor = 1;

        for (; suffix < 6; suffix++)
                factor *= base;

        return factor;
}

/* The digits after the point. Divided one by one, so that the rounding is systemd's too. */
static int take_fraction(const char **p, double *ret) {
        const char *start = *p;
        double fraction;
        char *end = (char *) start;

        errno = 0;
        fraction = g_ascii_isdigit(*start) ? (double) g_ascii_strtoull(start, &end, 10) : 0;
        if (errno == ERANGE)
                return -ERANGE;

        for (const char *c = start; c < end; c++)
                fraction /= 10;

        *ret = fraction;
        *p = end;
        return 0;
}

/* Takes one number with its suffix; *suffix is the first that may come, and then the one after that which came. */
static int take_size(const char **p, unsigned base, size_t *suffix, uint64_t *sum) {
        double fraction = 0;
        uint64_t whole, factor;
        char *end;
        int r;

        *p += strspn(*p, WHITESPACE);
        if (**p == '-')
                return -ERANGE;

        errno = 0;
        whole = g_ascii_strtoull(*p, &end, 10);
        if (errno == ERANGE)
                return -ERANGE;
        if (end == *p)
                return -EINVAL;

        *p = end;
        if (**p == '.') {
                (*p)++;
                r = take_fraction(p, &fraction);
                if (r < 0)
                        return r;
        }
        *p += strspn(*p, WHITESPACE);

        while (*suffix < ELEMENTSOF(suffixes) && !g_str_has_prefix(*p, suffixes[*suffix]))
                (*suffix)++;
        if (*suffix == ELEMENTSOF(suffixes))
                return -EINVAL;

        factor = suffix_factor(*suffix, base);
        *p += strlen(suffixes[(*suffix)++]);

        if (__builtin_mul_overflow(whole, factor, &whole) ||
            __builtin_add_overflow(whole, (uint64_t) (fraction * (double) factor), &whole) ||
            __builtin_add_overflow(*sum, whole, sum))
                return -ERANGE;
        return 0;
}

int byte_size_parse(const char *text, unsigned base, uint64_t *ret) {
        const char *p = text;
        size_t suffix = 0;
        uint64_t sum = 0;
        int r;

        do {
                r = take_size(&p, base, &suffix, &sum);
                if (r < 0)
                        return r;
        } while (*p);

        *ret = sum;
        return 0;
}
