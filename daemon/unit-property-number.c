/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Numbers as systemd reads them in settings. */

#include <limits.h>
#include <string.h>

#include "unit-property-internal.h"

/* Besides C's prefixes for octal and hexadecimal there are those of Python. Returns what follows the prefix. */
static const char *take_base(const char *text, unsigned *ret_base) {
        *ret_base = 0;

        if (text[0] != '0' || !text[1] || !strchr("bBoO", text[1]))
                return text;

        *ret_base = text[1] == 'b' || text[1] == 'B' ? 2 : 8;
        return text + 2;
}

int unit_parse_signed(const char *text, int64_t *ret) {
        unsigned base;
        gint64 value;
        char *end;

        text = take_base(text + strspn(text, UNIT_WHITESPACE), &base);

        errno = 0;
        value = g_ascii_strtoll(text, &end, base);
        if (errno == ERANGE)
                return -ERANGE;
        if (errno != 0 || end == text || *end)
                return -EINVAL;

        *ret = value;
        return 0;
}

int unit_parse_unsigned(const char *text, uint64_t *ret) {
        unsigned base;
        guint64 value;
        char *end;

        text = take_base(text + strspn(text, UNIT_WHITESPACE), &base);

        errno = 0;
        value = g_ascii_strtoull(text, &end, base);
        if (errno == ERANGE)
                return -ERANGE;
        if (errno != 0 || end == text || *end)
                return -EINVAL;
        if (*text == '-' && value != 0)
                return -ERANGE;

        *ret = value;
        return 0;
}

int unit_parse_hex(const char *text, uint64_t *ret) {
        guint64 value;
        char *end;

        errno = 0;
        value = g_ascii_strtoull(text, &end, 16);
        if (errno == ERANGE)
                return -ERANGE;
        if (errno != 0 || end == text || *end || *text == '-')
                return -EINVAL;

        *ret = value;
        return 0;
}

int unit_parse_boolean(const char *text, bool *ret) {
        static const char *const yes[] = { "1", "yes", "y", "true", "t", "on" };
        static const char *const no[] = { "0", "no", "n", "false", "f", "off" };

        for (size_t i = 0; i < ELEMENTSOF(yes); i++) {
                if (g_ascii_strcasecmp(text, yes[i]) == 0) {
                        *ret = true;
                        return 0;
                }
                if (g_ascii_strcasecmp(text, no[i]) == 0) {
                        *ret = false;
                        return 0;
                }
        }

        return -EINVAL;
}

int unit_parse_mode(const char *text, uint32_t *ret) {
        guint64 mode;
        char *end;

        if (!g_ascii_isdigit(*text))
                return -EINVAL;

        errno = 0;
        mode = g_ascii_strtoull(text, &end, 8);
        if (*end)
                return -EINVAL;
        if (errno != 0 || mode > 07777)
                return -ERANGE;

        *ret = (uint32_t) mode;
        return 0;
}

int unit_parse_permyriad(const char *text, uint32_t *ret) {
        static const struct {
                const char *symbol;
                unsigned decimals; /* that it may have */
        } symbols[] = { { "%", 2 }, { "\u2030", 1 }, { "\u2031", 0 } };

        for (size_t i = 0; i < ELEMENTSOF(symbols); i++) {
                g_autofree char *number = NULL;
                char *point;
                unsigned n, places = symbols[i].decimals, fraction = 0;
                int64_t whole;
                int r;

                if (!g_str_has_suffix(text, symbols[i].symbol))
                        continue;

                number = g_strndup(text, strlen(text) - strlen(symbols[i].symbol));
                point = strchr(number, '.');
                if (point) {
                        n = (unsigned) strspn(point + 1, "0123456789");
                        if (n == 0 || n > places || point[n + 1])
                                return -EINVAL;
                        *point++ = 0;
                        for (; *point; point++, places--)
                                fraction = fraction * 10 + (unsigned) (*point - '0');
                }

                for (unsigned j = 0; j < places; j++)
                        fraction *= 10;

                r = unit_parse_signed(number, &whole);
                if (r < 0)
                        return r;
                for (unsigned j = 0; j < symbols[i].decimals; j++)
                        if (__builtin_mul_overflow(whole, 10, &whole))
                                return -ERANGE;
                if (whole < 0 || whole > INT_MAX - (int64_t) fraction)
                        return -ERANGE;

                *ret = (uint32_t) whole + fraction;
                return 0;
        }

        return -EINVAL;
}

uint32_t unit_scale_from_permyriad(uint32_t permyriad) {
        return (uint32_t) (((uint64_t) MIN(permyriad, 10000) * UINT32_MAX + 5000) / 10000);
}

int unit_parse_range(const char *text, uint32_t *ret_lower, uint32_t *ret_upper) {
        const char *dash = strchr(text, '-');
        g_autofree char *first = dash ? g_strndup(text, (gsize) (dash - text)) : g_strdup(text);
        uint64_t lower, upper;
        int r;

        r = unit_parse_unsigned(first, &lower);
        if (r < 0)
                return r;

        upper = lower;
        if (dash) {
                r = unit_parse_unsigned(dash + 1, &upper);
                if (r < 0)
                        return r;
        }

        if (lower > UINT32_MAX || upper > UINT32_MAX)
                return -ERANGE;

        *ret_lower = (uint32_t) lower;
        *ret_upper = (uint32_t) upper;
        return 0;
}

int unit_parse_cpu_set(const char *text, GString **ret) {
        /* What systemd takes: the largest CONFIG_NR_CPUS of any kernel. */
        static const uint32_t cpu_max = 8191;
        g_autoptr(GString) set = g_string_new(NULL);
        g_auto(GStrv) words = NULL;
        int r;

        r = unit_words(text, UNIT_WHITESPACE ",", UNIT_WORD_UNQUOTE, &words);
        if (r < 0)
                return r;

        for (char **word = words; *word; word++) {
                uint32_t lower, upper;
                gsize before = set->len;

                r = unit_parse_range(*word, &lower, &upper);
                if (r < 0)
                        return r;
                if (lower > upper)
                        return -EINVAL;
                if (upper > cpu_max)
                        return -ERANGE;

                if (upper / 8 >= set->len) {
                        g_string_set_size(set, upper / 8 + 1);
                        memset(set->str + before, 0, set->len - before);
                }
                for (uint32_t cpu = lower; cpu <= upper; cpu++)
                        set->str[cpu / 8] = (char) ((unsigned char) set->str[cpu / 8] | (1u << (cpu % 8)));
        }

        *ret = g_steal_pointer(&set);
        return 0;
}
