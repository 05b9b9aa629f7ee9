/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <math.h>
#include <string.h>

#include "json-scan.h"
#include "json.h"

typedef struct Scanner {
        const char *text;
        const char *p;
        const char *end;
        unsigned depth;
        char **ret_error; /* may be NULL */
} Scanner;

static int scan_value(Scanner *s);

/* Line and column are only counted once something is wrong; a column is a character, not a byte. */
_printf_(4, 5)
static int scanner_fail(Scanner *s, int error, const char *at, const char *format, ...) {
        g_autofree char *what = NULL;
        size_t line = 1, column = 1;
        va_list ap;

        if (!s->ret_error)
                return error;

        for (const char *p = s->text; p < at; p++)
                if (*p == '\n') {
                        line++;
                        column = 1;
                } else if ((*p & 0xC0) != 0x80)
                        column++;

        va_start(ap, format);
        what = g_strdup_vprintf(format, ap);
        va_end(ap);

        *s->ret_error = g_strdup_printf("line %zu, column %zu: %s", line, column, what);
        return error;
}

/* The text is known to be UTF-8 when this is called. */
static int scanner_expected(Scanner *s, const char *what) {
        g_autofree char *found = NULL;
        const char *next;

        if (s->p == s->end)
                return scanner_fail(s, -EINVAL, s->p, "expected %s, found the end of the text", what);

        next = g_utf8_next_char(s->p);
        if (g_unichar_isgraph(g_utf8_get_char(s->p)))
                found = g_strndup(s->p, next - s->p);
        else
                found = g_strdup_printf("U+%04X", g_utf8_get_char(s->p));
        return scanner_fail(s, -EINVAL, s->p, "expected %s, found %s", what, found);
}

static bool scanner_at(const Scanner *s, char c) {
        return s->p < s->end && *s->p == c;
}

static bool scanner_take(Scanner *s, char c) {
        if (!scanner_at(s, c))
                return false;
        s->p++;
        return true;
}

static void skip_space(Scanner *s) {
        while (scanner_at(s, ' ') || scanner_at(s, '\t') || scanner_at(s, '\n') || scanner_at(s, '\r'))
                s->p++;
}

static size_t skip_digits(Scanner *s) {
        const char *start = s->p;

        while (s->p < s->end && g_ascii_isdigit(*s->p))
                s->p++;
        return s->p - start;
}

static int scan_hex(Scanner *s, gunichar *ret) {
        gunichar c = 0;

        for (unsigned i = 0; i < 4; i++, s->p++) {
                if (s->p == s->end || !g_ascii_isxdigit(*s->p))
                        return scanner_expected(s, "four hexadecimal digits after \\u");
                c = c * 16 + (gunichar) g_ascii_xdigit_value(*s->p);
        }

        *ret = c;
        return 0;
}

/* What follows "\u". */
static int scan_unicode_escape(Scanner *s, gunichar *ret) {
        const char *start = s->p - 2;
        gunichar high, low;
        int r;

        r = scan_hex(s, &high);
        if (r < 0)
                return r;
        if (high == 0)
                return scanner_fail(s, -EILSEQ, start, "\\u0000 (NUL) is not taken in a string");
        if (high < 0xD800 || high > 0xDFFF) {
                *ret = high;
                return 0;
        }

        if (high > 0xDBFF || !scanner_take(s, '\\') || !scanner_take(s, 'u'))
                return scanner_fail(s, -EILSEQ, start, "half of a surrogate pair");
        r = scan_hex(s, &low);
        if (r < 0)
                return r;
        if (low < 0xDC00 || low > 0xDFFF)
                return scanner_fail(s, -EILSEQ, start, "half of a surrogate pair");

        *ret = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
        return 0;
}

/* What follows a backslash. */
static int scan_escape(Scanner *s, GString *unescaped) {
        static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
        gunichar c = 0;
        const char *letter;
        int r;

        if (scanner_take(s, 'u')) {
                r = scan_unicode_escape(s, &c);
                if (r < 0)
                        return r;
        } else {
                letter = s->p < s->end ? memchr(letters, *s->p, sizeof(letters) - 1) : NULL;
                if (!letter)
                        return scanner_expected(s, "one of \"\\/bfnrtu after a backslash");
                c = (gunichar) meanings[letter - letters];
                s->p++;
        }

        if (unescaped)
                g_string_append_unichar(unescaped, c);
        return 0;
}

/* unescaped may be NULL: only member names are compared. */
static int scan_string(Scanner *s, GString *unescaped) {
        const char *start = s->p;
        int r;

        s->p++;
        while (s->p < s->end) {
                const char *run = s->p;

                while (s->p < s->end && *s->p != '"' && *s->p != '\\' && (unsigned char) *s->p >= 0x20)
                        s->p++;
                if (unescaped)
                        g_string_append_len(unescaped, run, s->p - run);

                if (scanner_take(s, '"'))
                        return 0;
                if (scanner_take(s, '\\')) {
                        r = scan_escape(s, unescaped);
                        if (r < 0)
                                return r;
                } else if (s->p < s->end)
                        return scanner_fail(s, -EINVAL, s->p,
                                            "a control character in a string, which must be written as \\u%04x",
                                            (unsigned) *s->p);
        }

        return scanner_fail(s, -EINVAL, start, "a string that does not end");
}

/* Beyond the range is refused; more digits than a double holds, or a value too near to 0, are rounded as ever. */
static int check_range(Scanner *s, const char *start, bool integer) {
        g_autofree char *number = g_strndup(start, s->p - start);

        errno = 0;
        if (integer) {
                (void) g_ascii_strtoll(number, NULL, 10);
                if (errno == ERANGE)
                        return scanner_fail(s, -ERANGE, start, "an integer that does not fit into 64 bits");
        } else if (isinf(g_ascii_strtod(number, NULL)))
                return scanner_fail(s, -ERANGE, start, "a number that does not fit into a double");
        return 0;
}

static int scan_number(Scanner *s) {
        const char *start = s->p;
        bool integer = true;

        (void) scanner_take(s, '-');
        if (scanner_take(s, '0')) {
                if (s->p < s->end && g_ascii_isdigit(*s->p))
                        return scanner_fail(s, -EINVAL, start, "a number with a leading zero");
        } else if (skip_digits(s) == 0)
                return scanner_expected(s, "a digit");

        if (scanner_take(s, '.')) {
                integer = false;
                if (skip_digits(s) == 0)
                        return scanner_expected(s, "a digit after the decimal point");
        }

        if (scanner_take(s, 'e') || scanner_take(s, 'E')) {
                integer = false;
                if (!scanner_take(s, '+'))
                        (void) scanner_take(s, '-');
                if (skip_digits(s) == 0)
                        return scanner_expected(s, "a digit in the exponent");
        }

        return check_range(s, start, integer);
}

static int scan_literal(Scanner *s) {
        static const char *const literals[] = { "true", "false", "null" };

        for (size_t i = 0; i < ELEMENTSOF(literals); i++) {
                size_t n = strlen(literals[i]);

                if ((size_t) (s->end - s->p) >= n && memcmp(s->p, literals[i], n) == 0) {
                        s->p += n;
                        return 0;
                }
        }
        return scanner_expected(s, "a value");
}

static int scan_member(Scanner *s, GHashTable *names) {
        g_autoptr(GString) name = g_string_new(NULL);
        const char *start = s->p;
        int r;

        if (!scanner_at(s, '"'))
                return scanner_expected(s, "a member name in double quotes");
        r = scan_string(s, name);
        if (r < 0)
                return r;

        if (g_hash_table_size(names) >= JSON_MEMBERS_MAX)
                return scanner_fail(s, -E2BIG, start, "an object with more than %d members", JSON_MEMBERS_MAX);
        if (!g_hash_table_add(names, g_strdup(name->str))) {
                g_autofree char *shown = json_show_text(name->str);

                return scanner_fail(s, -EEXIST, start, "the member \"%s\" is there twice", shown);
        }

        skip_space(s);
        if (!scanner_take(s, ':'))
                return scanner_expected(s, "\":\" after a member name");
        return scan_value(s);
}

static int scan_object(Scanner *s) {
        g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        int r;

        s->p++;
        skip_space(s);
        if (scanner_take(s, '}'))
                return 0;

        for (;;) {
                skip_space(s);
                r = scan_member(s, names);
                if (r < 0)
                        return r;
                skip_space(s);
                if (scanner_take(s, '}'))
                        return 0;
                if (!scanner_take(s, ','))
                        return scanner_expected(s, "\",\" or \"}\"");
        }
}

static int scan_array(Scanner *s) {
        int r;

        s->p++;
        skip_space(s);
        if (scanner_take(s, ']'))
                return 0;

        for (;;) {
                r = scan_value(s);
                if (r < 0)
                        return r;
                skip_space(s);
                if (scanner_take(s, ']'))
                        return 0;
                if (!scanner_take(s, ','))
                        return scanner_expected(s, "\",\" or \"]\"");
        }
}

static int scan_nested(Scanner *s, int (*scan)(Scanner *s)) {
        int r;

        if (s->depth >= JSON_DEPTH_MAX)
                return scanner_fail(s, -E2BIG, s->p, "nested deeper than %d levels", JSON_DEPTH_MAX);
        s->depth++;
        r = scan(s);
        s->depth--;
        return r;
}

/* Calls itself by way of objects and arrays, JSON_DEPTH_MAX times at most. */
static int scan_value(Scanner *s) {
        skip_space(s);
        if (scanner_at(s, '{'))
                return scan_nested(s, scan_object);
        if (scanner_at(s, '['))
                return scan_nested(s, scan_array);
        if (scanner_at(s, '"'))
                return scan_string(s, NULL);
        if (scanner_at(s, '-') || (s->p < s->end && g_ascii_isdigit(*s->p)))
                return scan_number(s);
        return scan_literal(s);
}

int json_scan(const char *text, size_t size, char **ret_error) {
        Scanner s = { .ret_error = ret_error };
        const char *bad;
        int r;

        s.text = s.p = size > 0 ? text : ""; /* nothing may come as NULL */
        s.end = s.text + size;

        if (!g_utf8_validate_len(s.text, size, &bad))
                return *bad == '\0' ? scanner_fail(&s, -EINVAL, bad, "a NUL byte") :
                                      scanner_fail(&s, -EILSEQ, bad, "not UTF-8");

        r = scan_value(&s);
        if (r < 0)
                return r;
        skip_space(&s);
        if (s.p < s.end)
                return scanner_expected(&s, "nothing more after the value");
        return 0;
}
