/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "variable-type.h"

/*
 * PCRE2 counts the calls of its matcher and gives up at the limit, which is the only bound on patterns that try every
 * way to split a value, such as (a+)+$; GRegex has no function for it. A million is about 10 ms, and enough for a
 * value of VARIABLE_VALUE_MAX under a pattern that does not do that. One that looks far ahead at each character can
 * take a second at that size (measured): MaxLength= is for that.
 */
#define MATCH_LIMIT "1000000"

/*
 * The pattern must be right by itself, or its brackets could take the group apart: "a)|(?:b". \z, unlike $, does not
 * allow for a newline at the end. The limit in front keeps the pattern's own (*...) settings, which would have to
 * stand there, from being any.
 */
GRegex *variable_regex_new(const char *pattern, char **ret_error) {
        g_autoptr(GRegex) alone = NULL;
        g_autoptr(GError) error = NULL;
        g_autofree char *whole = NULL;
        GRegex *regex;

        alone = g_regex_new(pattern, 0, 0, &error);
        if (!alone) {
                (void) variable_fail(ret_error, "not a regular expression (PCRE2): %s", error->message);
                return NULL;
        }

        whole = g_strdup_printf("(*LIMIT_MATCH=" MATCH_LIMIT ")\\A(?:%s)\\z", pattern);
        regex = g_regex_new(whole, 0, 0, &error);
        if (!regex)
                (void) variable_fail(ret_error, "a regular expression (PCRE2) that does not end by itself; "
                                                "close \\Q by \\E, and let no comment run to the end");
        return regex;
}

bool variable_regex_check(const Variable *v, const char *text, JsonArray *messages) {
        g_autoptr(GMatchInfo) info = NULL;
        g_autoptr(GError) error = NULL;
        int start, end;

        /* Where the match is, is looked at too: \K and (*ACCEPT) can have a part of the value count as all of it. */
        if (g_regex_match_full(v->regex, text, -1, 0, 0, &info, &error) &&
            g_match_info_fetch_pos(info, 0, &start, &end) && start == 0 && (size_t) end == strlen(text))
                return true;

        if (error)
                variable_message(messages, "Invalid value. It takes too long to match regex: %s", v->regex_text);
        else
                variable_message(messages, "Invalid value. Must match regex: %s", v->regex_text);
        return false;
}
