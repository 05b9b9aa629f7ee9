/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Words, quotes and escapes of systemd.syntax(7), and the two encodings that settings carry bytes in. */

#include <string.h>

#include "unit-property-internal.h"

static int octal_value(const char *p) {
        int value = 0;

        for (int i = 0; i < 3; i++) {
                if (p[i] < '0' || p[i] > '7')
                        return -EINVAL;
                value = value * 8 + (p[i] - '0');
        }

        return value <= 0xff ? value : -EINVAL;
}

static int64_t hex_value(const char *p, int n_digits) {
        int64_t value = 0;

        for (int i = 0; i < n_digits; i++) {
                if (!g_ascii_isxdigit(p[i]))
                        return -EINVAL;
                value = value * 16 + g_ascii_xdigit_value(p[i]);
        }

        return value;
}

/* "\x.." and "\ooo" are bytes, "\u" and "\U" characters. Returns the length of the escape after its backslash. */
static int unescape_number(const char *p, bool accept_nul, GString *out) {
        int digits = *p == 'x' ? 2 : *p == 'u' ? 4 : *p == 'U' ? 8 : 0;
        int64_t value = digits > 0 ? hex_value(p + 1, digits) : octal_value(p);

        if (value < 0 || (value == 0 && !accept_nul))
                return -EINVAL;

        if (digits <= 2)
                g_string_append_c(out, (char) value);
        else {
                if (!g_unichar_validate((gunichar) value))
                        return -EINVAL;
                g_string_append_unichar(out, (gunichar) value);
        }

        return digits > 0 ? digits + 1 : 3;
}

static int unescape_one(const char *p, bool accept_nul, GString *out) {
        static const char letters[] = "abfnrtv\\\"'s", characters[] = "\a\b\f\n\r\t\v\\\"' ";
        const char *found;

        if (*p == 0)
                return -EINVAL;

        found = strchr(letters, *p);
        if (!found)
                return unescape_number(p, accept_nul, out);

        g_string_append_c(out, characters[found - letters]);
        return 1;
}

/* Without any of the two flags, a backslash takes away what the next character means. */
static bool is_literal(char c, const char *separators, UnitWordFlags flags) {
        if (flags & UNIT_WORD_UNESCAPE_SEPARATORS)
                return c == '\\' || strchr(separators, c);

        return !(flags & UNIT_WORD_CUNESCAPE);
}

static int take_escape(const char **p, const char *separators, UnitWordFlags flags, GString *word) {
        const char *c = *p + 1; /* after the backslash */
        int r = -EINVAL;

        if (*c == 0)
                return -EINVAL;

        if (flags & UNIT_WORD_CUNESCAPE)
                r = unescape_one(c, false, word);
        if (r < 0 && is_literal(*c, separators, flags)) {
                g_string_append_c(word, *c);
                r = 1;
        }
        if (r < 0)
                return r;

        *p = c + r;
        return 0;
}

static int take_word(const char **p, const char *separators, UnitWordFlags flags, GString *word) {
        char quote = 0;
        int r;

        while (**p && (quote || !strchr(separators, **p))) {
                if (**p == '\\' && !(flags & UNIT_WORD_RETAIN_ESCAPE)) {
                        r = take_escape(p, separators, flags, word);
                        if (r < 0)
                                return r;
                        continue;
                }

                if (quote ? **p == quote : (flags & UNIT_WORD_UNQUOTE) && (**p == '\'' || **p == '"'))
                        quote = quote ? 0 : **p;
                else
                        g_string_append_c(word, **p);
                (*p)++;
        }

        return quote ? -EINVAL : 0;
}

int unit_word_next(const char **p, const char *separators, UnitWordFlags flags, char **ret, char *ret_separator) {
        g_autoptr(GString) word = NULL;
        char separator;
        int r;

        if (!separators)
                separators = UNIT_WHITESPACE;

        if (*p && !(flags & UNIT_WORD_KEEP_EMPTY)) {
                *p += strspn(*p, separators);
                if (**p == 0)
                        *p = NULL;
        }
        if (!*p)
                return 0;

        word = g_string_new(NULL);
        r = take_word(p, separators, flags, word);
        if (r < 0 || !g_utf8_validate_len(word->str, word->len, NULL))
                return -EINVAL;

        separator = **p;
        if (separator == 0)
                *p = NULL;
        else if (flags & UNIT_WORD_KEEP_EMPTY)
                (*p)++;

        if (ret_separator)
                *ret_separator = separator;
        *ret = g_string_free(g_steal_pointer(&word), FALSE);
        return 1;
}

int unit_words(const char *value, const char *separators, UnitWordFlags flags, char ***ret) {
        g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
        const char *p = value;
        int r;

        for (;;) {
                char *word;

                r = unit_word_next(&p, separators, flags, &word, NULL);
                if (r < 0)
                        return r;
                if (r == 0)
                        break;

                g_ptr_array_add(words, word);
        }

        g_ptr_array_add(words, NULL);
        *ret = (char **) g_ptr_array_free(g_steal_pointer(&words), FALSE);
        return 0;
}

int unit_unescape(const char *text, bool accept_nul, GString **ret) {
        g_autoptr(GString) out = g_string_new(NULL);
        int r;

        while (*text) {
                if (*text != '\\') {
                        g_string_append_c(out, *text++);
                        continue;
                }

                r = unescape_one(text + 1, accept_nul, out);
                if (r < 0)
                        return r;
                text += r + 1;
        }

        *ret = g_steal_pointer(&out);
        return 0;
}

static char *without_whitespace(const char *text) {
        GString *s = g_string_sized_new(strlen(text));

        for (; *text; text++)
                if (!strchr(UNIT_WHITESPACE, *text))
                        g_string_append_c(s, *text);

        return g_string_free(s, FALSE);
}

/* Strict, as systemd is: padded, and no bits set beyond the last byte. g_base64_decode() would skip what is wrong. */
int unit_base64_decode(const char *text, GString **ret) {
        static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        g_autofree char *packed = without_whitespace(text);
        size_t length = strlen(packed), digits = strspn(packed, alphabet), padding = length - digits, size;
        unsigned last;
        g_autofree guchar *decoded = NULL;

        if (length % 4 != 0 || padding > 2 || strspn(packed + digits, "=") != padding)
                return -EINVAL;

        if (padding > 0) {
                last = (unsigned) (strchr(alphabet, packed[digits - 1]) - alphabet);
                if (last & (padding == 1 ? 0x3 : 0xf))
                        return -EINVAL;
        }

        decoded = g_base64_decode(packed, &size);
        *ret = g_string_new_len((const char *) decoded, (gssize) size);
        return 0;
}

int unit_hex_decode(const char *text, GString **ret) {
        g_autofree char *packed = without_whitespace(text);
        g_autoptr(GString) out = g_string_new(NULL);
        int64_t byte;

        for (const char *p = packed; *p; p += 2) {
                byte = hex_value(p, 2);
                if (byte < 0)
                        return -EINVAL;
                g_string_append_c(out, (char) byte);
        }

        *ret = g_steal_pointer(&out);
        return 0;
}
