/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/* Reads the pipe of OpenLog: one JSON object a line. */
typedef struct LogPipe LogPipe;

/* line NULL: the end of the log. Returns whether there is to be more; the pipe may be freed when there is not. */
typedef bool (*LogPipeLine)(Request *r, JsonObject *line);

/* fd is duplicated. Returns 0 or negative errno. */
int log_pipe_new(Request *r, int fd, LogPipeLine callback, LogPipe **ret) _must_check_;
LogPipe *log_pipe_free(LogPipe *p);

/* Whether to stop reading for now. */
void log_pipe_pause(LogPipe *p, bool pause);
