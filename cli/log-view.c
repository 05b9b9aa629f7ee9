/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "bus-report.h"
#include "log-view.h"
#include "names.h"
#include "output.h"
#include "progress-line.h"

struct LogView {
        LogStyle style;
        GString *buffer; /* the beginning of a line that has not come completely */
        bool skipping;   /* the line is too long: until its end */
        char *cursor;    /* of the last line shown */
        const char *level, *grouping;
        LogReader reader; /* NULL: lines are shown */
        void *reader_userdata;
};

LogView *log_view_new(LogFormat format) {
        LogView *v = g_new0(LogView, 1);

        v->style = (LogStyle) {
                .format = format,
                .terminal = isatty(STDOUT_FILENO),
                .colors = colors_enabled(STDOUT_FILENO),
                .ascii = terminal_escape_flags(STDOUT_FILENO) & ESCAPE_ASCII,
        };
        v->buffer = g_string_new(NULL);
        return v;
}

void log_view_set_filter(LogView *v, const char *level, const char *grouping) {
        v->level = level;
        v->grouping = grouping;
}

void log_view_set_reader(LogView *v, LogReader reader, void *userdata) {
        v->reader = reader;
        v->reader_userdata = userdata;
}

LogView *log_view_free(LogView *v) {
        if (!v)
                return NULL;
        g_string_free(v->buffer, true);
        g_free(v->cursor);
        g_free(v);
        return NULL;
}

int log_view_open_message(LogView *v, Connection *c, const char *path, bool follow, int lines,
                          sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = connection_message_new(c, path, JOBD_RESULT_INTERFACE, "OpenLog", &call);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(call, 'a', "{sv}");
        if (r >= 0 && follow)
                r = sd_bus_message_append(call, "{sv}", "follow", "b", true);
        if (r >= 0 && lines >= 0 && !v->cursor)
                r = sd_bus_message_append(call, "{sv}", "lines", "u", (uint32_t) lines);
        if (r >= 0 && v->cursor)
                r = sd_bus_message_append(call, "{sv}", "after", "s", v->cursor);
        if (r >= 0 && v->level)
                r = sd_bus_message_append(call, "{sv}", "level", "s", v->level);
        if (r >= 0 && v->grouping)
                r = sd_bus_message_append(call, "{sv}", "grouping", "s", v->grouping);
        if (r >= 0)
                r = sd_bus_message_close_container(call);
        if (r < 0)
                return report_errno(r, "cannot make a message");
        *ret = TAKE_PTR(call);
        return 0;
}

int log_view_open_reply(sd_bus_message *reply, int *ret_fd, char **ret_sender) {
        _cleanup_close_ int copy = -EBADF;
        int fd, r;

        r = sd_bus_message_read(reply, "h", &fd);
        if (r < 0)
                return report_errno(r, "the reply of jobd has no log in it");
        copy = fcntl(fd, F_DUPFD_CLOEXEC, 3); /* the message's own closes with it */
        if (copy < 0)
                return report_errno(-errno, "cannot keep the log open");
        if (ret_sender)
                *ret_sender = g_strdup(sd_bus_message_get_sender(reply));
        *ret_fd = TAKE_FD(copy);
        return 0;
}

int log_view_open(LogView *v, Connection *c, const char *path, bool follow, int lines, int *ret_fd,
                  char **ret_sender) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        int r;

        r = log_view_open_message(v, c, path, follow, lines, &call);
        if (r < 0)
                return r;
        r = connection_call(c, call, "cannot read the log", &reply);
        if (r < 0)
                return r;
        return log_view_open_reply(reply, ret_fd, ret_sender);
}

static void show_json(const char *text, size_t size) {
        g_autofree char *line = g_strndup(text, size), *safe = escape_json(line);

        puts(safe);
}

static void show_line(LogView *v, const char *text, size_t size) {
        LogLine line;
        g_autofree char *shown = NULL;

        if (log_line_parse(text, size, &line) < 0) {
                (void) report_error(-EBADMSG, "a line of the log cannot be read, left out");
                return;
        }
        if (v->reader)
                v->reader(&line, v->reader_userdata);
        else if (v->style.format == LOG_FORMAT_JSON)
                show_json(text, size);
        else {
                shown = log_line_format(&line, &v->style);
                (void) fputs(shown, stdout);
        }
        if (line.cursor) {
                g_free(v->cursor);
                v->cursor = TAKE_PTR(line.cursor);
        }
        log_line_done(&line);
}

static void end_line(LogView *v) {
        if (!v->skipping)
                show_line(v, v->buffer->str, v->buffer->len);
        v->skipping = false;
        g_string_truncate(v->buffer, 0);
}

static void add_part(LogView *v, const char *text, size_t size) {
        if (v->skipping)
                return;
        if (v->buffer->len + size > LOG_LINE_MAX) {
                v->skipping = true;
                (void) report_error(-E2BIG, "a line of the log is longer than %i bytes, left out", LOG_LINE_MAX);
                return;
        }
        g_string_append_len(v->buffer, text, (ssize_t) size);
}

int log_view_read(LogView *v, int fd) {
        char chunk[16 * 1024];
        ssize_t n;

        n = read(fd, chunk, sizeof(chunk));
        if (n < 0)
                return -errno;
        if (n == 0) {
                v->skipping = false;
                g_string_truncate(v->buffer, 0);
                return 0;
        }
        progress_line_clear();
        for (const char *p = chunk, *end = chunk + n; p < end;) {
                const char *newline = memchr(p, '\n', (size_t) (end - p));

                add_part(v, p, (size_t) ((newline ?: end) - p));
                if (!newline)
                        break;
                end_line(v);
                p = newline + 1;
        }
        /* What follows comes when it comes: until then this is what there is to see. */
        if (fflush(stdout) != 0)
                return -errno;
        progress_line_show();
        return 1;
}

/* The pipe may be one that does not wait: then we do. */
int log_view_read_all(LogView *v, int fd) {
        for (;;) {
                struct pollfd readable = { .fd = fd, .events = POLLIN };
                int r;

                r = log_view_read(v, fd);
                if (r == 0)
                        return 0;
                if (r == -EAGAIN)
                        (void) poll(&readable, 1, -1);
                else if (r < 0 && r != -EINTR)
                        return report_errno(r, "cannot show the log");
        }
}
