/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "json.h"
#include "server.h"

struct Server {
        sd_event *event;
        sd_bus *bus;
        struct MHD_Daemon *daemon;
        int fd;                    /* a second one of the connection: libmicrohttpd owns the first */
        sd_event_source *io;       /* libmicrohttpd has something to do */
        sd_event_source *timer;    /* so it has after a time */
        sd_event_source *deadline; /* the client has to send something until then */
        sd_event_source *hangup;   /* while nothing is read, to notice that the client has gone */
        Request *request;          /* the current one */
        const char *late;          /* what to say at the deadline; NULL: nothing, it is no fault */
        bool refused;
        bool has_begun;            /* something has arrived */
        bool has_started;          /* a request, its headers being complete, since libmicrohttpd was run */
        uint64_t header_size;      /* bytes that libmicrohttpd has taken of a request that has not begun */
};

/* ---- answers past libmicrohttpd ---- */

void server_refuse_socket(int fd, unsigned status, const char *detail) {
        g_autoptr(JsonObject) object = json_object_new();
        g_autofree char *body = NULL, *text = NULL;

        json_object_set_string_member(object, "detail", detail);
        body = json_format_object(object);
        text = g_strdup_printf("HTTP/1.1 %u %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                               "Connection: close\r\n\r\n%s",
                               status, MHD_get_reason_phrase_for(status), strlen(body), body);
        (void) send(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
        (void) shutdown(fd, SHUT_WR);
}

/* Who still sends would get an error in place of the answer, if the socket were closed now. */
static void linger(int fd) {
        char buffer[16384];

        for (size_t total = 0; total < LINGER_SIZE_MAX;) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                ssize_t n;

                if (poll(&p, 1, LINGER_MSEC) <= 0)
                        return;
                n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
                if (n <= 0)
                        return;
                total += (size_t) n;
        }
}

void server_refuse(Server *s, unsigned status, const char *detail) {
        if (!s->refused && !(s->request && s->request->response)) {
                server_refuse_socket(s->fd, status, detail);
                s->refused = true;
        }
        (void) sd_event_exit(s->event, 0);
}

static const char *refusal_text(unsigned status) {
        switch (status) {
        case MHD_HTTP_BAD_REQUEST:
                return "The request is not HTTP, or what it says of its body is wrong.";
        case MHD_HTTP_CONTENT_TOO_LARGE:
                return "The body is too large.";
        case MHD_HTTP_URI_TOO_LONG:
                return "The URL is too long.";
        case MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE:
                return "The headers are too large.";
        default:
                return MHD_get_reason_phrase_for(status);
        }
}

/*
 * libmicrohttpd 0.9 has no other way to say that it is about to answer by itself, in HTML. Should its words change,
 * clients get that answer.
 */
static void on_log(void *userdata, const char *format, va_list arguments) {
        Server *s = userdata;
        unsigned status;

        if (!g_str_has_prefix(format, "Error processing request (HTTP response code is %u"))
                return;
        status = va_arg(arguments, unsigned);
        server_refuse(s, status, refusal_text(status));
}

/* ---- time ---- */

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        Server *s = userdata;

        if (s->late)
                server_refuse(s, MHD_HTTP_REQUEST_TIMEOUT, s->late);
        else
                (void) sd_event_exit(s->event, 0);
        return 0;
}

static void set_deadline(Server *s, uint64_t usec, const char *late) {
        s->late = late;
        (void) sd_event_source_set_time_relative(s->deadline, usec);
        (void) sd_event_source_set_enabled(s->deadline, SD_EVENT_ONESHOT);
}

static void clear_deadline(Server *s) {
        (void) sd_event_source_set_enabled(s->deadline, SD_EVENT_OFF);
}

static int n_unread(Server *s) {
        int n = 0;

        return ioctl(s->fd, FIONREAD, &n) < 0 ? 0 : n;
}

/*
 * libmicrohttpd 0.9.75 says that headers are too long when they have filled all of its memory, and with epoll it gets
 * there in steps of 128 bytes, four in a second. So what it takes of a request that has not begun is counted.
 */
static void check_headers(Server *s, int unread) {
        if (s->has_started)
                s->header_size = 0;
        else
                s->header_size += (uint64_t) MAX(unread - n_unread(s), 0);
        if (s->header_size > HEADER_SIZE_MAX)
                server_refuse(s, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE,
                              refusal_text(MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE));
}

/*
 * A first line that is none of HTTP libmicrohttpd answers by closing the connection, without a word. That is seen to for
 * the first line of the connection only, before libmicrohttpd has any of it.
 */
static bool first_line_is_bad(Server *s) {
        char line[1024], *end;
        ssize_t n;

        if (s->has_begun)
                return false;
        n = recv(s->fd, line, sizeof(line) - 1, MSG_PEEK | MSG_DONTWAIT);
        if (n <= 0)
                return false;
        s->has_begun = true;
        line[n] = '\0';
        end = strchr(line, '\n');
        if (!end || end == line || (end == line + 1 && line[0] == '\r')) /* not all of it yet, or blank lines before */
                return false;
        *end = '\0';
        return !strstr(line, " HTTP/") || line[0] == ' ';
}

/* With epoll libmicrohttpd 0.9.75 does not look again whether a client that it has answered will ever ask for more. */
static bool client_is_done(Server *s) {
        char byte;

        return !(s->request && s->request->dispatched) && recv(s->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static int run_daemon(Server *s) {
        MHD_UNSIGNED_LONG_LONG msec;
        int unread = n_unread(s);

        s->has_started = s->request && s->request->started;
        if (first_line_is_bad(s)) {
                server_refuse(s, MHD_HTTP_BAD_REQUEST, refusal_text(MHD_HTTP_BAD_REQUEST));
                return 0;
        }
        if (MHD_run(s->daemon) != MHD_YES)
                return -EIO;
        check_headers(s, unread);
        if (MHD_get_timeout(s->daemon, &msec) != MHD_YES)
                msec = UINT64_MAX;
        if (msec > 0 && client_is_done(s))
                return sd_event_exit(s->event, 0);
        if (msec == UINT64_MAX)
                return sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
        (void) sd_event_source_set_time_relative(s->timer, (uint64_t) msec * USEC_PER_MSEC);
        return sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        return run_daemon(userdata);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        return run_daemon(userdata);
}

/* What was asked of jobd takes place all the same. */
static int on_hangup(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Server *s = userdata;

        if (s->bus)
                (void) sd_bus_flush(s->bus);
        return sd_event_exit(s->event, 0);
}

/* ---- requests ---- */

void server_suspend(Server *s, Request *r) {
        if (r->suspended)
                return;
        r->suspended = true;
        MHD_suspend_connection(r->connection);
        (void) sd_event_source_set_enabled(s->hangup, SD_EVENT_ON);
}

void server_resume(Server *s, Request *r) {
        if (!r->suspended)
                return;
        r->suspended = false;
        (void) sd_event_source_set_enabled(s->hangup, SD_EVENT_OFF);
        MHD_resume_connection(r->connection);
        /* Takes effect when libmicrohttpd runs next, which is for us to see to. */
        (void) sd_event_source_set_time_relative(s->timer, 0);
        (void) sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
}

static void *on_uri(void *userdata, const char *uri, struct MHD_Connection *connection) {
        Server *s = userdata;

        s->request = request_new(s, connection, uri);
        return s->request;
}

static enum MHD_Result on_body(Server *s, Request *r, const char *data, size_t *size) {
        unsigned status = request_add_body(r, data, *size);

        if (status > 0) { /* an answer can be queued before and after the body only */
                server_refuse(s, status, refusal_text(status));
                return MHD_NO;
        }
        *size = 0;
        return MHD_YES;
}

static enum MHD_Result on_request(void *userdata, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data, size_t *size,
                                  void **context) {
        Server *s = userdata;
        Request *r = *context;

        if (!r->started) {
                r->started = s->has_started = true;
                set_deadline(s, BODY_USEC, "The body took too long to arrive.");
                request_begin(r, method);
                if (!r->response || !r->has_body) /* an answer before the end of the request ends the connection, too */
                        return MHD_YES;
        } else if (*size > 0)
                return on_body(s, r, data, size);
        else if (!r->dispatched) {
                r->dispatched = true;
                clear_deadline(s);
                if (!r->response)
                        request_finish(r);
        }
        if (!r->response) {
                server_suspend(s, r);
                return MHD_YES;
        }
        clear_deadline(s);
        return MHD_queue_response(connection, r->status, r->response);
}

static void on_completed(void *userdata, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code) {
        Server *s = userdata;

        s->request = NULL;
        *context = request_free(*context);
        set_deadline(s, IDLE_USEC, NULL);
}

static void on_connection(void *userdata, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code) {
        Server *s = userdata;

        if (code == MHD_CONNECTION_NOTIFY_CLOSED)
                (void) sd_event_exit(s->event, 0);
}

/* The request's path and query are decoded by request.c, which sees them as they were sent. */
static size_t on_unescape(void *userdata, struct MHD_Connection *connection, char *text) {
        return strlen(text);
}

/* ---- the bus ---- */

int server_get_bus(Server *s, sd_bus **ret) {
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        int r;

        if (s->bus && sd_bus_is_open(s->bus) > 0) {
                *ret = s->bus;
                return 0;
        }
        s->bus = sd_bus_close_unref(s->bus);
        r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = sd_bus_set_method_call_timeout(bus, CALL_USEC);
        if (r >= 0)
                r = sd_bus_attach_event(bus, s->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;
        *ret = s->bus = TAKE_PTR(bus);
        return 0;
}

sd_event *server_event(Server *s) {
        return s->event;
}

/* ---- the connection ---- */

static int start_daemon(Server *s) {
        const union MHD_DaemonInfo *info;
        int r;

        s->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
                                                     MHD_USE_ERROR_LOG,
                                     0, NULL, NULL, on_request, s,
                                     MHD_OPTION_EXTERNAL_LOGGER, on_log, s, /* first: it also hears of the others */
                                     MHD_OPTION_CONNECTION_LIMIT, 1U,
                                     MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) CONNECTION_MEMORY,
                                     MHD_OPTION_CONNECTION_TIMEOUT, (unsigned) SEND_SECONDS,
                                     MHD_OPTION_STRICT_FOR_CLIENT, 1,
                                     MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
                                     MHD_OPTION_URI_LOG_CALLBACK, on_uri, s,
                                     MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, s,
                                     MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
                                     MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
                                     MHD_OPTION_END);
        info = s->daemon ? MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
        if (!info)
                return -ENOMEM;
        r = sd_event_add_io(s->event, &s->io, info->listen_fd, EPOLLIN, on_io, s);
        if (r >= 0) /* with the least accuracy there is: 0 would be the default, 250 ms */
                r = sd_event_add_time_relative(s->event, &s->timer, CLOCK_MONOTONIC, 0, 1, on_timer, s);
        if (r >= 0)
                r = sd_event_add_time_relative(s->event, &s->deadline, CLOCK_MONOTONIC, FIRST_BYTE_USEC, 0,
                                               on_deadline, s);
        if (r >= 0) /* no events: only that it is closed on both sides */
                r = sd_event_add_io(s->event, &s->hangup, s->fd, 0, on_hangup, s);
        return r < 0 ? r : sd_event_source_set_enabled(s->hangup, SD_EVENT_OFF);
}

int server_new(sd_event *event, int fd, Server **ret) {
        const struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_(server_freep) Server *s = NULL;
        _cleanup_close_ int connection = fd;
        int r;

        s = g_new0(Server, 1);
        s->event = sd_event_ref(event);
        s->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (s->fd < 0)
                return -errno;
        r = start_daemon(s);
        if (r < 0)
                return r;
        set_deadline(s, FIRST_BYTE_USEC, "The request took too long to arrive.");
        if (MHD_add_connection(s->daemon, TAKE_FD(connection), (const struct sockaddr *) &address,
                               sizeof(address)) != MHD_YES)
                return -EIO;
        *ret = TAKE_PTR(s);
        return 0;
}

Server *server_free(Server *s) {
        if (!s)
                return NULL;
        s->hangup = sd_event_source_disable_unref(s->hangup);
        if (s->request && s->request->suspended) /* libmicrohttpd does not stop with a connection that is */
                server_resume(s, s->request);
        if (s->daemon)
                MHD_stop_daemon(s->daemon);
        (void) sd_event_source_disable_unref(s->io);
        (void) sd_event_source_disable_unref(s->timer);
        (void) sd_event_source_disable_unref(s->deadline);
        (void) sd_bus_flush_close_unref(s->bus);
        (void) sd_event_unref(s->event);
        closep(&s->fd);
        g_free(s);
        return NULL;
}

int server_run(Server *s) {
        int r;

        r = run_daemon(s);
        if (r >= 0)
                r = sd_event_loop(s->event);
        if (s->refused)
                linger(s->fd);
        return r;
}
