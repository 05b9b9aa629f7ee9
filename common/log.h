/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <syslog.h>

#include "macro.h"

/*
 * The log of a program of ours: the journal, or standard error when that is a terminal or was asked for. Libraries do
 * not log; the place that handles a failure logs it, once.
 */
typedef enum LogTarget {
        LOG_TARGET_JOURNAL,
        LOG_TARGET_CONSOLE,
} LogTarget;

void log_set_max_level(int level); /* LOG_DEBUG ... LOG_EMERG; LOG_INFO at first */
int log_get_max_level(void);
void log_set_target(LogTarget target);
LogTarget log_get_target(void);

/* "info" and the like, as LogControl1 and jobd.conf spell them; -EINVAL. */
int log_level_from_string(const char *text);
const char *log_level_to_string(int level);

/* Returns error (negative, or 0), so that a failure can be logged and returned in one statement; %m is its text. */
int log_internal(int level, int error, const char *file, int line, const char *function, const char *format, ...)
                _printf_(6, 7);

#define log_full(level, error, ...) log_internal((level), (error), __FILE__, __LINE__, __func__, __VA_ARGS__)
#define log_debug(...) (void) log_full(LOG_DEBUG, 0, __VA_ARGS__)
#define log_info(...) (void) log_full(LOG_INFO, 0, __VA_ARGS__)
#define log_notice(...) (void) log_full(LOG_NOTICE, 0, __VA_ARGS__)
#define log_warning(...) (void) log_full(LOG_WARNING, 0, __VA_ARGS__)
#define log_error(...) (void) log_full(LOG_ERR, 0, __VA_ARGS__)
#define log_debug_errno(error, ...) log_full(LOG_DEBUG, (error), __VA_ARGS__)
#define log_warning_errno(error, ...) log_full(LOG_WARNING, (error), __VA_ARGS__)
#define log_error_errno(error, ...) log_full(LOG_ERR, (error), __VA_ARGS__)

/*
 * An event that administrators look for: message_id is 32 hexadecimal digits (message-ids.h, explained in the catalog),
 * fields a NULL-terminated list of "FIELD=value". It is logged at any maximum level; without message_id (NULL) it is a
 * message as others are.
 */
void log_event(int level, const char *message_id, const char *const *fields, const char *format, ...)
                _printf_(4, 5);

/*
 * On whose behalf events are logged: fields that log_event() adds to each. The source is asked when one is logged, and
 * says NULL when nobody is behind it; what it returns is freed by g_strfreev(). Work that is put off captures the fields
 * (NULL: none), and enters them while it is done; enter(NULL) ends that.
 */
typedef char **(*LogContextSource)(void *userdata);
void log_context_set_source(LogContextSource source, void *userdata);
char **log_context_capture(void);
void log_context_enter(char **fields);

/* An entry that is passed on, not ours: at any level, with the fields of whom it is from (SYSLOG_IDENTIFIER=...). */
void log_entry(int level, const char *const *fields, const char *message);
