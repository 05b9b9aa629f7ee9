/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "time-text.h"

/* Whether it begins as the pattern does, in which 0 stands for any digit and T for that or a blank. */
static bool has_shape(const char *text, const char *pattern) {
        for (; *pattern; pattern++, text++)
                if (*pattern == '0' ? !g_ascii_isdigit(*text)
                    : *pattern == 'T' ? !strchr("Tt ", *text) || *text == '\0'
                                      : *text != *pattern)
                        return false;
        return true;
}

/* GLib wants the seconds, and a time of day. */
static char *complete(const char *text) {
        static const char date[] = "0000-00-00", minutes[] = "0000-00-00T00:00";

        if (has_shape(text, date) && text[strlen(date)] == '\0')
                return g_strconcat(text, "T00:00:00", NULL);
        if (has_shape(text, minutes) && text[strlen(minutes)] != ':')
                return g_strdup_printf("%.*s:00%s", (int) strlen(minutes), text, text + strlen(minutes));
        return g_strdup(text);
}

uint64_t time_text_parse(const char *text, GTimeZone *zone) {
        g_autofree char *whole = complete(text);
        g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(whole, zone);
        int64_t seconds = time ? g_date_time_to_unix(time) : 0;

        return seconds > 0 ? (uint64_t) seconds * USEC_PER_SEC + (uint64_t) g_date_time_get_microsecond(time) : 0;
}
