/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>
#include <syslog.h>

#include "json.h"
#include "log-line.h"
#include "output.h"

LogFormat log_format_from_string(const char *text) {
        static const char *const names[] = { [LOG_FORMAT_SHORT] = "short", "cat", "json" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (strcmp(names[i], text) == 0)
                        return (LogFormat) i;
        return _LOG_FORMAT_INVALID;
}

static int64_t integer_member(JsonObject *o, const char *member, int64_t fallback) {
        JsonNode *node = json_object_get_member(o, member);

        if (!node || !JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_INT64)
                return fallback;
        return json_node_get_int(node);
}

int log_line_parse(const char *text, size_t size, LogLine *ret) {
        g_autoptr(JsonObject) o = NULL;
        const char *message;
        int64_t time, priority;

        if (json_parse_object(text, size, LOG_LINE_MAX, &o, NULL) < 0)
                return -EBADMSG;
        message = json_string(o, "message");
        time = integer_member(o, "time", -1);
        priority = integer_member(o, "priority", LOG_INFO);
        if (!message || time < 0)
                return -EBADMSG;

        *ret = (LogLine) {
                .time = (uint64_t) time,
                .priority = priority >= LOG_EMERG && priority <= LOG_DEBUG ? (int) priority : LOG_INFO,
                .identifier = g_strdup(json_string(o, "identifier")),
                .pid = MAX(integer_member(o, "pid", 0), 0),
                .level = g_strdup(json_string(o, "level")),
                .grouping = g_strdup(json_string(o, "grouping")),
                .object = g_strdup(json_string(o, "object")),
                .message = g_strdup(message),
                .cursor = g_strdup(json_string(o, "cursor")),
        };
        return 0;
}

void log_line_done(LogLine *line) {
        g_clear_pointer(&line->identifier, g_free);
        g_clear_pointer(&line->level, g_free);
        g_clear_pointer(&line->grouping, g_free);
        g_clear_pointer(&line->object, g_free);
        g_clear_pointer(&line->message, g_free);
        g_clear_pointer(&line->cursor, g_free);
}

/* The colours of journalctl, which is where people know such lines from. */
static const char *priority_color(int priority) {
        if (priority <= LOG_ERR)
                return COLOR_BOLD_RED;
        if (priority == LOG_WARNING)
                return COLOR_YELLOW;
        if (priority == LOG_NOTICE)
                return COLOR_BOLD;
        return priority == LOG_DEBUG ? COLOR_GREY : NULL;
}

/* "warning [network] router1: ", "" for a line without a level. */
static char *level_format(const LogLine *line, EscapeFlags flags) {
        g_autofree char *level = escape_text(line->level ?: "", -1, flags);
        g_autofree char *grouping = escape_text(line->grouping ?: "", -1, flags);
        g_autofree char *object = escape_text(line->object ?: "", -1, flags);

        if (!level[0])
                return g_strdup("");
        return g_strconcat(level, grouping[0] ? " [" : "", grouping, grouping[0] ? "]" : "", object[0] ? " " : "",
                           object, ": ", NULL);
}

/* "Jan 31 23:59:00 backup[123]: ", and its width in characters. */
static char *prefix_format(const LogLine *line, const LogStyle *style, size_t *ret_width) {
        EscapeFlags flags = style->terminal && style->ascii ? ESCAPE_ASCII : 0;
        g_autoptr(GDateTime) time = g_date_time_new_from_unix_local((int64_t) (line->time / USEC_PER_SEC));
        g_autofree char *date = time ? g_date_time_format(time, "%b %d %H:%M:%S") : g_strdup("-");
        g_autofree char *identifier = escape_text(line->identifier ?: "-", -1, flags);
        char *prefix;

        prefix = line->pid > 0 ? g_strdup_printf("%s %s[%" PRIi64 "]: ", date, identifier, line->pid)
                               : g_strdup_printf("%s %s: ", date, identifier);
        *ret_width = (size_t) g_utf8_strlen(prefix, -1);
        return prefix;
}

/* Later lines of a message are indented, so that a message cannot pass for another one. */
static char *short_format(const LogLine *line, const LogStyle *style) {
        EscapeFlags flags = ESCAPE_KEEP_TAB | (style->terminal && style->ascii ? ESCAPE_ASCII : 0);
        const char *color = style->colors ? priority_color(line->priority) : NULL;
        g_auto(GStrv) parts = NULL;
        g_autofree char *prefix = NULL, *level = level_format(line, flags);
        GString *out = g_string_new(NULL);
        size_t width;

        prefix = prefix_format(line, style, &width);
        parts = g_strsplit(line->message, "\n", -1);
        g_string_append(out, prefix);
        for (size_t i = 0; i == 0 || parts[i]; i++) {
                g_autofree char *part = escape_text(parts[i] ?: "", -1, flags);

                if (i > 0)
                        g_string_append_printf(out, "%*s", (int) width, "");
                g_string_append_printf(out, "%s%s%s%s\n", color ?: "", i == 0 ? level : "", part,
                                       color ? COLOR_END : "");
                if (!parts[i])
                        break;
        }
        return g_string_free(out, false);
}

char *log_line_format(const LogLine *line, const LogStyle *style) {
        EscapeFlags flags = ESCAPE_KEEP_TAB | ESCAPE_KEEP_NEWLINE | (style->ascii ? ESCAPE_ASCII : 0);
        g_autofree char *text = NULL;

        if (style->format == LOG_FORMAT_SHORT)
                return short_format(line, style);
        if (!style->terminal)
                return g_strconcat(line->message, "\n", NULL);
        text = escape_text(line->message, -1, flags);
        return g_strconcat(text, "\n", NULL);
}
