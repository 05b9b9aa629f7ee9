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

/* Server-sent events: each line is one, and the status of the run at the end. */
typedef struct LogFollow {
        LogPipe *pipe;
        GString *out;  /* not yet taken by libmicrohttpd */
        bool has_ended;
} LogFollow;

enum { FOLLOW_BUFFER_MAX = 256 * 1024 }; /* bytes, then the pipe is not read on */

static void log_follow_free(void *p) {
        LogFollow *f = p;

        log_pipe_free(f->pipe);
        g_string_free(f->out, true);
        g_free(f);
}

static ssize_t read_events(void *userdata, uint64_t position, char *buffer, size_t size) {
        Request *r = userdata;
        LogFollow *f = r->state;

        if (f->out->len == 0 && f->has_ended)
                return MHD_CONTENT_READER_END_OF_STREAM;
        if (f->out->len == 0) {
                server_suspend(r->server, r);
                return 0;
        }
        size = MIN(size, f->out->len);
        memcpy(buffer, f->out->str, size);
        g_string_erase(f->out, 0, (gssize) size);
        if (!f->has_ended)
                log_pipe_pause(f->pipe, f->out->len > FOLLOW_BUFFER_MAX);
        return (ssize_t) size;
}

static bool on_follow_line(Request *r, JsonObject *line) {
        LogFollow *f = r->state;

        if (line) {
                JsonObject *entry = entry_new(line);
                g_autofree char *text = json_format_object(entry);
                const char *cursor = json_object_get_string_member_with_default(entry, "cursor", "");

                g_string_append_printf(f->out, "id: %s\ndata: %s\n\n", cursor, text);
                json_object_unref(entry);
                log_pipe_pause(f->pipe, f->out->len > FOLLOW_BUFFER_MAX);
        } else {
                g_string_append(f->out, "event: end\ndata: {}\n\n");
                f->has_ended = true;
        }
        server_resume(r->server, r);
        return line;
}

static void on_follow_log(Request *r, sd_bus_message *reply) {
        LogFollow *f = r->state;
        struct MHD_Response *response;
        int fd, n;

        n = sd_bus_message_read(reply, "h", &fd);
        if (n >= 0)
                n = log_pipe_new(r, fd, on_follow_line, &f->pipe);
        if (bus_failed(r, n))
                return;
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, read_events, r, NULL);
        (void) MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream");
        (void) MHD_add_response_header(response, "X-Accel-Buffering", "no"); /* nginx: at once */
        request_reply(r, MHD_HTTP_OK, response);
}

/* ---- both ---- */

static sd_bus_message *open_log(Request *r, bool follow) {
        const char *after = request_parameter(r, "after");
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

static void follow(Request *r) {
        LogFollow *f = g_new0(LogFollow, 1);
        sd_bus_message *m;

        f->out = g_string_new(NULL);
        request_set_state(r, f, log_follow_free);
        m = open_log(r, true);
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
        m = open_log(r, false);
        if (m)
                bus_send(r, m, on_page_log);
}
