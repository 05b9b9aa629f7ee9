/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "escape.h"

static bool is_dangerous(gunichar c) {
        return c < 0x20 || (c >= 0x7f && c <= 0x9f) || /* C0, DEL, C1 */
               c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
               (c >= 0x2066 && c <= 0x2069) || /* bidirectional marks, overrides, isolates */
               c == 0x2028 || c == 0x2029 ||   /* line and paragraph separator */
               c == 0x200b || (c >= 0x2060 && c <= 0x2064) || (c >= 0x206a && c <= 0x206f) ||
               (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f) || /* not seen, and not joiners of letters */
               c == 0xfeff;
}

static bool is_kept(gunichar c, EscapeFlags flags) {
        if (c == '\t')
                return flags & ESCAPE_KEEP_TAB;
        if (c == '\n')
                return flags & ESCAPE_KEEP_NEWLINE;
        if (c >= 0x80 && (flags & ESCAPE_ASCII))
                return false;
        return !is_dangerous(c);
}

bool escape_is_needed(const char *text) {
        for (const char *p = text; *p; p = g_utf8_next_char(p))
                if (is_dangerous(g_utf8_get_char(p)))
                        return true;
        return false;
}

static void append_escaped(GString *out, gunichar c) {
        if (c < 0x80)
                g_string_append_printf(out, "\\x%02x", c);
        else if (c <= 0xffff)
                g_string_append_printf(out, "\\u%04x", c);
        else
                g_string_append_printf(out, "\\U%08x", c);
}

char *escape_text(const char *text, ssize_t size, EscapeFlags flags) {
        const char *end = text + (size < 0 ? strlen(text) : (size_t) size);
        GString *out = g_string_sized_new((size_t) (end - text) + 1);

        for (const char *p = text; p < end;) {
                gunichar c = g_utf8_get_char_validated(p, end - p);

                if (*p == '\0' || c == (gunichar) -1 || c == (gunichar) -2) {
                        g_string_append_printf(out, "\\x%02x", (unsigned char) *p++);
                        continue;
                }
                if (is_kept(c, flags))
                        g_string_append_unichar(out, c);
                else
                        append_escaped(out, c);
                p = g_utf8_next_char(p);
        }
        return g_string_free(out, false);
}

char *escape_json(const char *json) {
        g_autofree char *valid = g_utf8_make_valid(json, -1);
        GString *out = g_string_sized_new(strlen(valid) + 1);

        for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
                gunichar c = g_utf8_get_char(p);

                /* Line breaks and tabs here are the layout, not part of a string. */
                if (c == '\n' || c == '\t' || !is_dangerous(c))
                        g_string_append_unichar(out, c);
                else
                        g_string_append_printf(out, "\\u%04x", c);
        }
        return g_string_free(out, false);
}
