/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>

#include "journal-sync.h"
#include "journal.h"
#include "log-stream.h"
#include "log.h"

enum {
        STREAMS_MAX = 256,
        STREAMS_PER_USER_MAX = 32,
        ENTRIES_PER_TURN = 64, /* so that one long log does not hold up everybody else */
        SKIPPED_PER_TURN = 4096,
};

struct LogStreams {
        sd_event *event;
        GHashTable *streams; /* set of LogStream, owned */
};

typedef struct LogStream {
        LogStreams *streams; /* weak ref */
        char *result_id;
        uint32_t uid;
        sd_journal *journal;
        int fd; /* the writing end */
        sd_event_source *write_source;   /* EPOLLOUT, or EPOLLERR when there is nothing to write */
        sd_event_source *journal_source; /* something was added to the journal */
        sd_event_source *turn_source;    /* goes on with the next entries */
        JournalSync *sync;
        bool follow;
        bool run_ended;
        uint64_t to_skip; /* so many entries back from where it is: it has still to find its first line */
        bool synced; /* nothing of the run is still on its way: the next end of the journal is the end */
        char *line;  /* being written */
        size_t line_size, line_sent;
} LogStream;

static void log_stream_free_func(void *p) {
        LogStream *s = p;

        (void) sd_event_source_disable_unref(s->write_source);
        (void) sd_event_source_disable_unref(s->journal_source);
        (void) sd_event_source_disable_unref(s->turn_source);
        (void) journal_sync_free(s->sync);
        if (s->journal)
                sd_journal_close(s->journal);
        closep(&s->fd);
        g_free(s->result_id);
        g_free(s->line);
        g_free(s);
}

LogStreams *log_streams_new(sd_event *event) {
        LogStreams *s;

        s = g_new0(LogStreams, 1);
        s->event = event;
        s->streams = g_hash_table_new_full(NULL, NULL, log_stream_free_func, NULL);
        return s;
}

LogStreams *log_streams_free(LogStreams *s) {
        if (!s)
                return NULL;
        g_hash_table_unref(s->streams);
        g_free(s);
        return NULL;
}

size_t log_streams_count(const LogStreams *s) {
        return g_hash_table_size(s->streams);
}

size_t log_streams_count_finite(const LogStreams *streams) {
        GHashTableIter i;
        size_t n = 0;
        LogStream *s;

        g_hash_table_iter_init(&i, streams->streams);
        while (g_hash_table_iter_next(&i, (void **) &s, NULL))
                if (!s->follow)
                        n++;
        return n;
}

static void stream_end(LogStream *s) {
        (void) g_hash_table_remove(s->streams->streams, s);
}

static void stream_go_on(LogStream *s) {
        (void) sd_event_source_set_enabled(s->turn_source, SD_EVENT_ONESHOT);
}

static void on_synced(int r, void *userdata) {
        LogStream *s = userdata;

        s->sync = journal_sync_free(s->sync);
        s->synced = true;
        stream_go_on(s);
}

/* What the run has written may not have reached the journal: the end is where the journal ends after a sync. */
static void stream_sync(LogStream *s) {
        int r;

        if (s->sync || s->synced)
                return;
        r = journal_sync(s->streams->event, on_synced, s, &s->sync);
        if (r < 0) {
                (void) log_debug_errno(r, "Cannot ask journald to synchronize, ignoring: %m");
                on_synced(r, s);
        }
}

/* 1: the line is out, 0: the pipe is full, negative errno: nobody reads any more. */
static int stream_write_line(LogStream *s) {
        while (s->line_sent < s->line_size) {
                ssize_t n;

                n = write(s->fd, s->line + s->line_sent, s->line_size - s->line_sent);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        return 0;
                if (n < 0)
                        return -errno;
                s->line_sent += (size_t) n;
        }
        g_clear_pointer(&s->line, g_free);
        s->line_size = s->line_sent = 0;
        return 1;
}

static int stream_next_line(LogStream *s) {
        int r;

        r = sd_journal_next(s->journal);
        if (r <= 0)
                return r;
        s->line = journal_format_entry(s->journal);
        s->line_size = s->line ? strlen(s->line) : 0;
        return 1;
}

/* At the end of what the journal has. */
static void stream_at_end(LogStream *s) {
        if (s->synced && (s->run_ended || !s->follow)) {
                stream_end(s);
                return;
        }
        if (!s->follow || s->run_ended)
                stream_sync(s);
        /* otherwise the journal's own event source goes on */
}

/* 1: it is at its first line, or was. */
static int stream_skip(LogStream *s) {
        uint64_t n = MIN(s->to_skip, (uint64_t) SKIPPED_PER_TURN);
        int r;

        if (n == 0)
                return 1;
        r = sd_journal_previous_skip(s->journal, n);
        if (r < 0)
                return r;
        s->to_skip -= n;
        if ((uint64_t) r < n) { /* fewer than asked for: from the first one on */
                s->to_skip = 0;
                r = sd_journal_seek_head(s->journal);
                if (r < 0)
                        return r;
        }
        return s->to_skip == 0;
}

static int stream_turn(LogStream *s) {
        int r;

        r = stream_skip(s);
        if (r < 0)
                return r;
        if (r == 0) {
                stream_go_on(s);
                return 0;
        }
        for (size_t i = 0; i < ENTRIES_PER_TURN; i++) {
                r = stream_write_line(s);
                if (r < 0)
                        return r;
                if (r == 0)
                        return sd_event_source_set_io_events(s->write_source, EPOLLOUT);
                r = stream_next_line(s);
                if (r < 0)
                        return r;
                if (r == 0) {
                        stream_at_end(s);
                        return 0;
                }
        }
        stream_go_on(s);
        return 0;
}

static void stream_turn_or_end(LogStream *s) {
        int r;

        r = stream_turn(s);
        if (r < 0) {
                if (r != -EPIPE)
                        (void) log_warning_errno(r, "Cannot send the log of job result %s: %m", s->result_id);
                stream_end(s);
        }
}

static int on_turn(sd_event_source *source, void *userdata) {
        stream_turn_or_end(userdata);
        return 0;
}

static int on_writable(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        LogStream *s = userdata;

        if (revents & (EPOLLERR | EPOLLHUP)) { /* the reader has gone */
                stream_end(s);
                return 0;
        }
        (void) sd_event_source_set_io_events(source, 0);
        stream_turn_or_end(s);
        return 0;
}

static int on_journal(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        LogStream *s = userdata;

        if (sd_journal_process(s->journal) != SD_JOURNAL_NOP && s->line_size == 0)
                stream_go_on(s);
        return 0;
}

static int stream_seek(LogStream *s, const LogStreamOptions *o) {
        int r;

        if (o->after) {
                r = sd_journal_seek_cursor(s->journal, o->after);
                if (r < 0)
                        return -EINVAL;
                r = sd_journal_next(s->journal);
                if (r > 0 && sd_journal_test_cursor(s->journal, o->after) <= 0)
                        r = sd_journal_previous(s->journal);
                return r;
        }
        if (o->lines == UINT64_MAX)
                return sd_journal_seek_head(s->journal);
        r = sd_journal_seek_tail(s->journal);
        s->to_skip = o->lines + 1; /* one further back: the first next() then gives the first of them */
        return r;
}

static int stream_add_sources(LogStream *s) {
        sd_event *event = s->streams->event;
        int r;

        r = sd_event_add_io(event, &s->write_source, s->fd, 0, on_writable, s);
        if (r >= 0)
                r = sd_event_add_defer(event, &s->turn_source, on_turn, s);
        if (r >= 0) /* clients and units come first */
                r = sd_event_source_set_priority(s->turn_source, SD_EVENT_PRIORITY_NORMAL + 10);
        if (r < 0 || !s->follow)
                return r;

        r = sd_journal_get_fd(s->journal);
        if (r < 0)
                return r;
        r = sd_event_add_io(event, &s->journal_source, r, (uint32_t) sd_journal_get_events(s->journal), on_journal, s);
        return r < 0 ? r : sd_event_source_set_priority(s->journal_source, SD_EVENT_PRIORITY_NORMAL + 10);
}

static int check_limits(const LogStreams *streams, uint32_t uid) {
        GHashTableIter i;
        unsigned n = 0;
        LogStream *s;

        if (g_hash_table_size(streams->streams) >= STREAMS_MAX)
                return -EMFILE;
        g_hash_table_iter_init(&i, streams->streams);
        while (g_hash_table_iter_next(&i, (void **) &s, NULL))
                if (s->uid == uid)
                        n++;
        return uid != 0 && n >= STREAMS_PER_USER_MAX ? -EMFILE : 0;
}

int log_streams_open(LogStreams *streams, const LogStreamOptions *o, int *ret_fd) {
        _cleanup_close_ int read_end = -EBADF;
        int fds[2], r;
        LogStream *s;

        r = check_limits(streams, o->uid);
        if (r < 0)
                return r;
        if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
                return -errno;
        read_end = fds[0];

        s = g_new0(LogStream, 1);
        s->streams = streams;
        s->fd = fds[1];
        s->uid = o->uid;
        s->result_id = g_strdup(o->result_id);
        s->follow = o->follow;
        s->run_ended = o->ended;
        (void) g_hash_table_add(streams->streams, s);

        /* The reader may block: only our end must not. */
        r = fcntl(read_end, F_SETFL, O_RDONLY) < 0 ? -errno : 0;
        if (r >= 0)
                r = journal_open_run(o->unit, o->result_id, &o->filter, &s->journal);
        if (r >= 0)
                r = stream_add_sources(s);
        if (r >= 0)
                r = stream_seek(s, o);
        if (r < 0) {
                stream_end(s);
                return r;
        }
        *ret_fd = TAKE_FD(read_end);
        return 0;
}

void log_streams_run_ended(LogStreams *streams, const char *result_id) {
        GHashTableIter i;
        LogStream *s;

        g_hash_table_iter_init(&i, streams->streams);
        while (g_hash_table_iter_next(&i, (void **) &s, NULL)) {
                if (s->run_ended || strcmp(s->result_id, result_id) != 0)
                        continue;
                s->run_ended = true;
                stream_sync(s);
        }
}
