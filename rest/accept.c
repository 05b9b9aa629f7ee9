/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "accept.h"

enum { INDENT_MAX = 8 };

/* Those of the reference whose paths and fields these are. The newest is what is had without asking for one. */
static const char *const versions[] = { "2.4", "2.3", "2.2", "2.1", "2.0", "1.6", "1.5", "1.4", "1.3", "1.2" };

static const char *find_version(const char *text) {
        for (size_t i = 0; i < ELEMENTSOF(versions); i++)
                if (strcmp(versions[i], text) == 0)
                        return versions[i];
        return NULL;
}

typedef struct Range {
        const char *type;
        bool is_refused; /* q=0 */
        const char *indent, *version;
} Range;

/* Cuts up one entry of the header. */
static void parse_range(char *text, Range *ret) {
        char *save = NULL;

        *ret = (Range) { .type = "" };
        for (char *part = strtok_r(text, ";", &save); part; part = strtok_r(NULL, ";", &save)) {
                char *value = strchr(part, '=');

                if (value)
                        *value++ = '\0';
                part = g_strstrip(part);
                value = value ? g_strstrip(value) : NULL;
                if (ret->type[0] == '\0')
                        ret->type = part;
                else if (value && g_ascii_strcasecmp(part, "q") == 0)
                        ret->is_refused = g_ascii_strtod(value, NULL) <= 0;
                else if (value && g_ascii_strcasecmp(part, "indent") == 0)
                        ret->indent = value;
                else if (value && g_ascii_strcasecmp(part, "version") == 0)
                        ret->version = value;
        }
}

static bool range_is(const Range *range, const char *type) {
        return !range->is_refused && g_ascii_strcasecmp(range->type, type) == 0;
}

void accept_parse(const char *header, AcceptHeader *ret) {
        AcceptHeader a = { .accept = ACCEPT_JSON, .version = versions[0] };
        g_auto(GStrv) entries = g_strsplit(header ?: "*/*", ",", 32);
        bool json = false, events = false;

        for (size_t i = 0; entries[i]; i++) {
                guint64 indent;
                Range range;

                parse_range(entries[i], &range);
                events = events || range_is(&range, "text/event-stream");
                if (!range_is(&range, "*/*") && !range_is(&range, "application/*") &&
                    !range_is(&range, "application/json"))
                        continue;
                json = true;
                if (range.version)
                        a.version = find_version(range.version);
                if (range.indent && g_ascii_string_to_unsigned(range.indent, 10, 0, UINT32_MAX, &indent, NULL))
                        a.indent = (unsigned) MIN(indent, INDENT_MAX);
        }
        if (!json)
                a.accept = events ? ACCEPT_EVENTS : ACCEPT_OTHER;
        *ret = a;
}
