/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>

#include "error-text.h"

int error_text(char **ret, const char *format, ...) {
        va_list ap;

        if (!ret)
                return -EINVAL;

        va_start(ap, format);
        *ret = g_strdup_vprintf(format, ap);
        va_end(ap);

        return -EINVAL;
}

char *text_excerpt(const char *text, size_t characters_max) {
        /* Up to four bytes a character: the rest of a long text need not even be looked at */
        g_autofree char *start = g_strndup(text, characters_max * 4 + 4);
        g_autofree char *valid = g_utf8_make_valid(start, -1);
        GString *excerpt = g_string_new(NULL);
        size_t n = 0;

        for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
                gunichar c = g_utf8_get_char(p);

                if (n++ == characters_max) {
                        g_string_append(excerpt, "...");
                        break;
                }

                g_string_append_unichar(excerpt, g_unichar_iscntrl(c) ? '?' : c);
        }

        return g_string_free(excerpt, FALSE);
}
