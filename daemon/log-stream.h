/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "journal.h"
#include "macro.h"

/*
 * Sends the log of a run down a pipe, a JSON object a line, for clients that may not read the journal themselves. Each
 * stream reads the journal at the pace of its reader and ends by itself: with the last line, or, when it follows, with
 * the last line after the run has ended.
 */
typedef struct LogStreams LogStreams;

typedef struct LogStreamOptions {
        const char *unit;
        const char *result_id;
        bool ended;         /* the run has ended already */
        bool follow;
        uint64_t lines;     /* only the last ones; UINT64_MAX: all */
        const char *after;  /* a cursor: only what comes after it; NULL: all */
        JournalFilter filter;
        uint32_t uid;       /* of the client, for the limits */
} LogStreamOptions;

LogStreams *log_streams_new(sd_event *event);
LogStreams *log_streams_free(LogStreams *s);
DEFINE_CLEANUP(LogStreams *, log_streams_free);

/*
 * Starts one; the caller gets the reading end. -EMFILE: too many, in all or for that user. -EINVAL: no such cursor.
 */
int log_streams_open(LogStreams *s, const LogStreamOptions *options, int *ret_fd) _must_check_;

/* The run has ended: streams that follow it end after what is still on its way to the journal. */
void log_streams_run_ended(LogStreams *s, const char *result_id);

size_t log_streams_count(const LogStreams *s);
/* Those that do not follow a run: they end by themselves, as fast as they are read. */
size_t log_streams_count_finite(const LogStreams *s);
