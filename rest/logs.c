/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <syslog.h>

#include "bus.h"
#include "encode.h"
#include "error.h"
#include "job-json.h"
#include "log-pipe.h"
#include "page.h"
#include "resources.h"
#include "server.h"

/* /api/extras/job-results/<id>/logs/ */

/* A line of output has a priority, what a job logs has a level; the reference knows levels only. */
static const char *level_of_priority(int64_t priority) {
        if (priority <= LOG_CRIT)
                return "critical";
        if (priority == LOG_ERR)
                return "error";
        if (priority == LOG_WARNING)
                return "warning";
        return priority >= LOG_DEBUG ? "debug" : "info";
}

static void copy_member(JsonObject *to, const char *name, JsonObject *from, const char *member) {
        JsonNode *node = json_object_get_member(from, member);

        json_object_set_member(to, name, node ? json_node_copy(node) : json_node_init_null(json_node_alloc()));
}

/* The reference's job log entry; then what only jobd knows. */
static JsonObject *entry_new(JsonObject *line) {
        JsonObject *o = json_object_new();
        int64_t time = json_object_get_int_member_with_default(line, "time", 0);
        const char *level = json_object_get_string_member_with_default(line, "level", NULL);
        g_autofree char *created = job_json_format_time((uint64_t) time);

        json_object_set_string_member(o, "created", created ?: "");
        json_object_set_string_member(
                        o, "log_level",
                        level ?: level_of_priority(json_object_get_int_member_with_default(line, "priority", LOG_INFO)));
        copy_member(o, "grouping", line, "grouping");
        copy_member(o, "message", line, "message");
        copy_member(o, "log_object", line, "object");
        copy_member(o, "source", line, "source");
        copy_member(o, "identifier", line, "identifier");
        copy_member(o, "pid", line, "pid");
        copy_member(o, "cursor", line, "cursor");
        return o;
}

/* ---- a page ---- */

typedef struct LogPage {
        LogPipe *pipe;
        Page page;
        bool by_cursor;
        uint32_t seen; /* lines, up to LOG_LINES_MAX */
        bool more;
        char *cursor;  /* of the last one on the page */
        JsonArray *results;
} LogPage;

static void log_page_free(void *p) {
        LogPage *l = p;

        log_pipe_free(l->pipe);
        json_array_unref(l->results);
        g_free(l->cursor);
        g_free(l);
}

static void log_page_finish(Request *r, LogPage *l, bool is_all) {
        l->pipe = log_pipe_free(l->pipe);
        if (l->by_cursor)
                page_reply_at(r, -1, "after", l->more ? l->cursor : NULL, json_array_ref(l->results));
        else if (l->more && !is_all) /* so long a log is not counted, and goes on after a line */
                page_reply_at(r, -1, "after", l->cursor, json_array_ref(l->results));
        else
                page_reply(r, &l->page, l->seen, l->more, json_array_ref(l->results));
}

static bool on_page_line(Request *r, JsonObject *line) {
        LogPage *l = r->state;

        if (!line) { /* the end */
                log_page_finish(r, l, true);
                return false;
        }
        l->seen++;
        if (l->seen > l->page.offset && json_array_get_length(l->results) < l->page.limit) {
                json_array_add_object_element(l->results, entry_new(line));
                g_free(l->cursor);
                l->cursor = g_strdup(json_object_get_string_member_with_default(line, "cursor", NULL));
        } else if (l->seen > l->page.offset)
                l->more = true;
        if (l->more && (l->by_cursor || l->seen >= LOG_LINES_MAX)) {
                log_page_finish(r, l, false);
                return false;
        }
        return true;
}

static void on_page_log(Request *r, sd_bus_message *reply) {
        LogPage *l = r->state;
        int fd, n;

        n = sd_bus_message_read(reply, "h", &fd);
        if (n >= 0)
                n = log_pipe_new(r, fd, on_page_line, &l->pipe);
        (void) bus_failed(r, n);
}

/* ---- following ---- */

/*
 * Server-sent events: each line is one, and that the run has ended the last one. A log ends as well when the jobd that
 * feeds it does: then it goes on after the last line from the next one, and where there is none the stream is broken off,
 * so that a client sees that it has not seen the end.
 */
typedef struct LogFollow {
        LogPipe *pipe;
        GString *out;   /* not yet taken by libmicrohttpd */
        char *cursor;   /* of the last line; NULL: none */
        char *feeder;   /* who has opened the log, by its unique name */
        sd_id128_t bus; /* on which it has that: the names of another bus begin anew */
        unsigned tries; /* to go on, since the last line */
        sd_event_source *timer;
        bool has_ended, has_failed;
} LogFollow;

enum { FOLLOW_BUFFER_MAX = 256 * 1024 }; /* bytes, then the pipe is not read on */

static void log_follow_free(void *p) {
        LogFollow *f = p;

        log_pipe_free(f->pipe);
        g_string_free(f->out, true);
        g_free(f->cursor);
        g_free(f->feeder);
        sd_event_source_disable_unref(f->timer);
        g_free(f);
}

static ssize_t read_events(void *userdata, uint64_t position, char *buffer, size_t size) {
        Request *r = userdata;
        LogFollow *f = r->state;

        if (f->out->len == 0 && (f->has_ended || f->has_failed))
                return f->has_ended ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
        if (f->out->len == 0) {
                server_suspend(r->server, r);
                return 0;
        }
        size = MIN(size, f->out->len);
        memcpy(buffer, f->out->str, size);
        g_string_erase(f->out, 0, (gssize) size);
        if (f->pipe)
                log_pipe_pause(f->pipe, f->out->len > FOLLOW_BUFFER_MAX);
        return (ssize_t) size;
}

static void follow_end(Request *r) {
        LogFollow *f = r->state;

        g_string_append(f->out, "event: end\ndata: {}\n\n");
        f->has_ended = true;
        server_resume(r->server, r);
}

static void ask_for_end(Request *r);

static int on_try(sd_event_source *source, uint64_t usec, void *userdata) {
        ask_for_end(userdata);
        return 0;
}

static void try_again(Request *r) {
        LogFollow *f = r->state;

        f->timer = sd_event_source_disable_unref(f->timer);
        f->has_failed = ++f->tries > FOLLOW_TRIES_MAX ||
                        sd_event_add_time_relative(server_event(r->server), &f->timer, CLOCK_MONOTONIC,
                                                   FOLLOW_RETRY_USEC, 0, on_try, r) < 0;
        if (f->has_failed)
                server_resume(r->server, r);
}

static bool on_follow_line(Request *r, JsonObject *line) {
        LogFollow *f = r->state;
        g_autofree char *text = NULL;
        JsonObject *entry;

        if (!line) {
                f->pipe = log_pipe_free(f->pipe);
                ask_for_end(r);
                return false;
        }
        entry = entry_new(line);
        text = json_format_object(entry);
        g_free(f->cursor);
        f->cursor = g_strdup(json_object_get_string_member_with_default(entry, "cursor", ""));
        f->tries = 0;
        g_string_append_printf(f->out, "id: %s\ndata: %s\n\n", f->cursor, text);
        json_object_unref(entry);
        log_pipe_pause(f->pipe, f->out->len > FOLLOW_BUFFER_MAX);
        server_resume(r->server, r);
        return true;
}

static int follow_pipe(Request *r, sd_bus_message *reply) {
        LogFollow *f = r->state;
        int fd, n;

        g_free(f->feeder);
        f->feeder = g_strdup(sd_bus_message_get_sender(reply));
        n = sd_bus_get_bus_id(sd_bus_message_get_bus(reply), &f->bus);
        if (n >= 0)
                n = sd_bus_message_read(reply, "h", &fd);
        return n < 0 ? n : log_pipe_new(r, fd, on_follow_line, &f->pipe);
}

static bool is_of_feeder(const LogFollow *f, sd_bus_message *reply) {
        sd_id128_t bus;

        return g_strcmp0(sd_bus_message_get_sender(reply), f->feeder) == 0 &&
               sd_bus_get_bus_id(sd_bus_message_get_bus(reply), &bus) >= 0 && sd_id128_equal(bus, f->bus);
}

static void on_follow_log(Request *r, sd_bus_message *reply) {
        struct MHD_Response *response;

        if (bus_failed(r, follow_pipe(r, reply)))
                return;
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, read_events, r, NULL);
        (void) MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream");
        (void) MHD_add_response_header(response, "X-Accel-Buffering", "no"); /* nginx: at once */
        request_reply(r, MHD_HTTP_OK, response);
}

/* ---- both ---- */

/* The log of the request, from the line after that one on, NULL: as the request says. */
static sd_bus_message *open_log(Request *r, bool follow, const char *cursor) {
        const char *after = cursor ?: request_parameter(r, "after"), *lines = request_parameter(r, "lines");
        char path[BUS_PATH_SIZE];
        sd_bus_message *m;
        int n;

        if (bus_path_of_uuid(JOBD_RESULT_PATH, r->captures[0], path) < 0) {
                request_fail(r, MHD_HTTP_NOT_FOUND, "Not found.");
                return NULL;
        }
        m = bus_message_new(r, path, JOBD_RESULT_INTERFACE, "OpenLog");
        if (!m)
                return NULL;
        if (follow && !after) /* a client that has lost the connection goes on where it was */
                after = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Last-Event-ID");
        n = bus_open_filter(r, m);
        if (n >= 0 && lines && !cursor) /* of the whole log, and not of each part of it */
                n = bus_append_option(m, "lines", "u", (unsigned) g_ascii_strtoull(lines, NULL, 10));
        if (n >= 0 && after && after[0])
                n = bus_append_option(m, "after", "s", after);
        if (n >= 0 && follow)
                n = bus_append_option(m, "follow", "b", 1);
        if (n >= 0)
                n = sd_bus_message_close_container(m);
        if (n >= 0)
                return m;
        error_reply_errno(r, n);
        return sd_bus_message_unref(m);
}

/* Who could not read the log from here would see by the broken stream that there is more. */
static void on_log_again(Request *r, sd_bus_message *reply) {
        if (sd_bus_message_is_method_error(reply, NULL) || follow_pipe(r, reply) < 0)
                try_again(r);
}

/*
 * The answer says whether the run has ended, and its sender whether that is who has fed the log up to its end. Who may not
 * view the result but read its log is told by another jobd no more than that.
 */
static void on_status(Request *r, sd_bus_message *reply) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        const char *sender = sd_bus_message_get_sender(reply), *status = "";
        LogFollow *f = r->state;
        bool is_feeder = is_of_feeder(f, reply), is_jobd = is_feeder || (sender && sender[0] == ':');
        sd_bus_message *m;

        if (!error && sd_bus_message_read(reply, "v", "s", &status) < 0)
                status = "";
        if (is_feeder && (error || (strcmp(status, "PENDING") != 0 && strcmp(status, "STARTED") != 0)))
                follow_end(r);
        else if (is_feeder || !is_jobd) /* it is about to end, or none is there yet */
                try_again(r);
        else {
                m = open_log(r, true, f->cursor);
                if (m)
                        bus_send_any(r, m, on_log_again);
                else
                        try_again(r);
        }
}

static void ask_for_end(Request *r) {
        char path[BUS_PATH_SIZE];
        sd_bus_message *m;
        int n;

        n = bus_path_of_uuid(JOBD_RESULT_PATH, r->captures[0], path);
        m = n < 0 ? NULL : bus_message_new(r, path, "org.freedesktop.DBus.Properties", "Get");
        if (m && sd_bus_message_append(m, "ss", JOBD_RESULT_INTERFACE, "Status") < 0)
                m = sd_bus_message_unref(m);
        if (m)
                bus_send_any(r, m, on_status);
        else
                try_again(r);
}

static void follow(Request *r) {
        LogFollow *f = g_new0(LogFollow, 1);
        sd_bus_message *m;

        f->out = g_string_new(NULL);
        request_set_state(r, f, log_follow_free);
        m = open_log(r, true, NULL);
        if (m)
                bus_send(r, m, on_follow_log);
}

void logs_list(Request *r) {
        sd_bus_message *m;
        LogPage *l;

        if (request_flag(r, "follow") || r->accept == ACCEPT_EVENTS) {
                follow(r);
                return;
        }
        l = g_new0(LogPage, 1);
        l->page = page_read(r);
        l->by_cursor = request_parameter(r, "after");
        l->results = json_array_new();
        request_set_state(r, l, log_page_free);
        m = open_log(r, false, NULL);
        if (m)
                bus_send(r, m, on_page_log);
}
