/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "escape.h"
#include "macro.h"

/* How things are shown: colours, times, spans, JSON. */

/* Colours are for terminals that have them, unless the environment has NO_COLOR (https://no-color.org). */
bool colors_enabled(int fd);

#define COLOR_RED "\033[31m"
#define COLOR_GREEN "\033[32m"
#define COLOR_YELLOW "\033[33m"
#define COLOR_BOLD "\033[1m"
#define COLOR_BOLD_RED "\033[1;31m"
#define COLOR_GREY "\033[90m"
#define COLOR_END "\033[0m"

/* For a job result's status: a COLOR_, or NULL for none. */
const char *status_color(const char *status);

/* ESCAPE_ASCII where fd is a terminal of a locale that does not speak UTF-8, else nothing. */
EscapeFlags terminal_escape_flags(int fd);

/* Somebody else's text for one line on standard output. Free with g_free(). */
char *output_escape(const char *text);

/* Local time. "Thu 2026-01-31 23:59:00 CET", "2026-01-31 23:59:00" for tables; "-" for 0. Free with g_free(). */
char *format_time(uint64_t usec);
char *format_time_short(uint64_t usec);

/* How long before now: "12s ago", "5min ago", "3h ago", "400d ago"; NULL for 0. Free with g_free(). */
char *format_age(uint64_t usec, uint64_t now);

/* As precise as people want it, cut off: "314ms", "2.314s", "1min 5s", "2h 5min". Free with g_free(). */
char *format_duration(uint64_t usec);

/* Prints a value, indented over several lines. Takes the node. */
void print_json(JsonNode *node);
void print_json_object(JsonObject *object); /* takes the object */
void print_json_array(JsonArray *array);    /* takes the array */

/* Members of objects whose type is known; a member that is null or absent is NULL, false, 0. Strings are borrowed. */
const char *json_string(JsonObject *o, const char *member);
bool json_boolean(JsonObject *o, const char *member);
uint64_t json_time(JsonObject *o, const char *member);      /* usec */
uint64_t json_time_span(JsonObject *o, const char *member); /* usec; USEC_INFINITY when it is null */

/* The strings of an array, with separator between. Free with g_free(). */
char *json_strings_join(JsonObject *o, const char *member, const char *separator);
