/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/* A line of a run's log, as OpenLog of org.jobd1.JobResult sends it, and how it is shown. Pure. */
typedef struct LogLine {
        uint64_t time; /* usec since the epoch */
        int priority;  /* LOG_EMERG ... LOG_DEBUG */
        char *identifier;
        int64_t pid; /* 0: not known */
        char *level; /* "warning"; NULL: it is a line of output, or one of jobd's */
        char *grouping, *object; /* of lines with a level; NULL for none */
        char *message;
        char *cursor; /* where to go on after this line; NULL: the line has none */
} LogLine;

typedef enum LogFormat {
        LOG_FORMAT_SHORT,
        LOG_FORMAT_CAT,
        LOG_FORMAT_JSON,
        _LOG_FORMAT_INVALID = -EINVAL,
} LogFormat;

/* "short", "cat" or "json". */
LogFormat log_format_from_string(const char *text);

enum { LOG_LINE_MAX = 4 * 1024 * 1024 }; /* bytes of one JSON line: the journal's largest message, fully escaped */

/* Takes a line without its newline. Members it does not know are ignored. Returns 0, or -EBADMSG: no such line. */
int log_line_parse(const char *text, size_t size, LogLine *ret) _must_check_;

void log_line_done(LogLine *line);

/*
 * What is shown, with the newline at its end. For a terminal everything is escaped that could drive it.
 * LOG_FORMAT_JSON is not made here: the line as it came is the form. Free with g_free().
 */
typedef struct LogStyle {
        LogFormat format;
        bool terminal;
        bool colors;
        bool ascii; /* the terminal does not speak UTF-8 */
} LogStyle;

char *log_line_format(const LogLine *line, const LogStyle *style);
