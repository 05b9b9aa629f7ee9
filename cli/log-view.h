/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "connection.h"
#include "log-line.h"

/* Shows the lines that come out of a log pipe on standard output, and remembers the last one. */
typedef struct LogView LogView;

LogView *log_view_new(LogFormat format);

/* Only lines of this level and more severe ones, only those of this grouping; NULL: all. Borrowed. */
void log_view_set_filter(LogView *v, const char *level, const char *grouping);

/* What is done with each line instead of showing it. */
typedef void (*LogReader)(const LogLine *line, void *userdata);
void log_view_set_reader(LogView *v, LogReader reader, void *userdata);

LogView *log_view_free(LogView *v);
DEFINE_CLEANUP(LogView *, log_view_free);

/*
 * Asks for the log of the run at path. follow: until the run has ended. lines: only the last ones, -1 for all; once
 * the view has shown a line, those after it. Returns 0 and the pipe, or negative errno once it has said what is wrong.
 * ret_sender, when not NULL, gets the bus name of the jobd that feeds the pipe (NULL where no bus lies between);
 * g_free() it.
 */
int log_view_open(LogView *v, Connection *c, const char *path, bool follow, int lines, int *ret_fd, char **ret_sender)
                _must_check_;

/* The call that log_view_open() makes, for those who wait for its reply in the event loop. */
int log_view_open_message(LogView *v, Connection *c, const char *path, bool follow, int lines, sd_bus_message **ret)
                _must_check_;

/* Takes the pipe and its feeder out of the reply to that call. */
int log_view_open_reply(sd_bus_message *reply, int *ret_fd, char **ret_sender) _must_check_;

/*
 * Reads once from the pipe and shows what is complete. Returns 1, or 0 at the end of the log (a line that broke off
 * there is dropped: it will come again), or negative errno; -EAGAIN when there is nothing now.
 */
int log_view_read(LogView *v, int fd) _must_check_;

/* Reads up to the end. Returns 0, or negative errno once it has said what is wrong. */
int log_view_read_all(LogView *v, int fd) _must_check_;
