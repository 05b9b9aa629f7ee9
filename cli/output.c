/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>

#include "job-json.h"
#include "output.h"
#include "time-span.h"

bool colors_enabled(int fd) {
        const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

        return isatty(fd) && term && strcmp(term, "dumb") != 0 && (!no_color || no_color[0] == '\0');
}

const char *status_color(const char *status) {
        if (strcmp(status, "SUCCESS") == 0)
                return COLOR_GREEN;
        if (strcmp(status, "FAILURE") == 0)
                return COLOR_BOLD_RED;
        if (strcmp(status, "REVOKED") == 0)
                return COLOR_YELLOW;
        return NULL;
}

EscapeFlags terminal_escape_flags(int fd) {
        /* Bytes of UTF-8 that a terminal of another character set gets can be control characters there. */
        return isatty(fd) && !g_get_charset(NULL) ? ESCAPE_ASCII : 0;
}

char *output_escape(const char *text) {
        return escape_text(text, -1, terminal_escape_flags(STDOUT_FILENO));
}

static char *format_local(uint64_t usec, const char *format) {
        g_autoptr(GDateTime) time = NULL;

        if (usec > 0 && usec != USEC_INFINITY)
                time = g_date_time_new_from_unix_local((int64_t) (usec / USEC_PER_SEC));
        return time ? g_date_time_format(time, format) : g_strdup("-");
}

char *format_time(uint64_t usec) {
        return format_local(usec, "%a %Y-%m-%d %H:%M:%S %Z");
}

char *format_time_short(uint64_t usec) {
        return format_local(usec, "%Y-%m-%d %H:%M:%S");
}

char *format_duration(uint64_t usec) {
        const uint64_t minute = 60 * USEC_PER_SEC, hour = 60 * minute, day = 24 * hour;
        uint64_t msec = usec / USEC_PER_MSEC;

        if (usec == USEC_INFINITY)
                return g_strdup("infinity");
        if (usec < USEC_PER_SEC)
                return g_strdup_printf("%" PRIu64 "ms", msec);
        if (usec < minute)
                return g_strdup_printf("%" PRIu64 ".%03" PRIu64 "s", msec / 1000, msec % 1000);
        if (usec < hour)
                return time_span_format(usec - usec % USEC_PER_SEC);
        if (usec < day)
                return time_span_format(usec - usec % minute);
        return time_span_format(usec - usec % hour);
}

char *format_age(uint64_t usec, uint64_t now) {
        const uint64_t minute = 60, hour = 60 * minute, day = 24 * hour;
        uint64_t seconds = now > usec ? (now - usec) / USEC_PER_SEC : 0;

        if (usec == 0)
                return NULL;
        if (seconds < minute)
                return g_strdup_printf("%" PRIu64 "s ago", seconds);
        if (seconds < hour)
                return g_strdup_printf("%" PRIu64 "min ago", seconds / minute);
        if (seconds < day)
                return g_strdup_printf("%" PRIu64 "h ago", seconds / hour);
        return g_strdup_printf("%" PRIu64 "d ago", seconds / day);
}

void print_json(JsonNode *node) {
        g_autoptr(JsonGenerator) generator = json_generator_new();
        g_autofree char *text = NULL, *safe = NULL;

        json_generator_set_pretty(generator, true);
        json_generator_set_root(generator, node);
        text = json_generator_to_data(generator, NULL);
        safe = escape_json(text);
        puts(safe);
        json_node_unref(node);
}

void print_json_object(JsonObject *object) {
        JsonNode *node = json_node_new(JSON_NODE_OBJECT);

        json_node_take_object(node, object);
        print_json(node);
}

void print_json_array(JsonArray *array) {
        JsonNode *node = json_node_new(JSON_NODE_ARRAY);

        json_node_take_array(node, array);
        print_json(node);
}

static JsonNode *member_of_type(JsonObject *o, const char *member, JsonNodeType type) {
        JsonNode *node = json_object_get_member(o, member);

        return node && json_node_get_node_type(node) == type ? node : NULL;
}

const char *json_string(JsonObject *o, const char *member) {
        JsonNode *node = member_of_type(o, member, JSON_NODE_VALUE);

        return node && json_node_get_value_type(node) == G_TYPE_STRING ? json_node_get_string(node) : NULL;
}

bool json_boolean(JsonObject *o, const char *member) {
        JsonNode *node = member_of_type(o, member, JSON_NODE_VALUE);

        return node && json_node_get_boolean(node);
}

uint64_t json_time(JsonObject *o, const char *member) {
        return job_json_parse_time(json_string(o, member));
}

uint64_t json_time_span(JsonObject *o, const char *member) {
        JsonNode *node = member_of_type(o, member, JSON_NODE_VALUE);
        double usec;

        if (!node)
                return USEC_INFINITY;
        if (json_node_get_value_type(node) == G_TYPE_INT64)
                return (uint64_t) json_node_get_int(node) * USEC_PER_SEC;
        usec = json_node_get_double(node) * (double) USEC_PER_SEC + 0.5;
        return (uint64_t) usec;
}

char *json_strings_join(JsonObject *o, const char *member, const char *separator) {
        JsonNode *node = member_of_type(o, member, JSON_NODE_ARRAY);
        JsonArray *array = node ? json_node_get_array(node) : NULL;
        g_autoptr(GString) out = g_string_new(NULL);

        for (unsigned i = 0; array && i < json_array_get_length(array); i++)
                g_string_append_printf(out, "%s%s", i > 0 ? separator : "", json_array_get_string_element(array, i));
        return g_strdup(out->str);
}
