/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>

#include "json.h"
#include "log-pipe.h"
#include "server.h"

struct LogPipe {
        Request *request; /* weak ref */
        LogPipeLine callback;
        int fd;
        GString *buffer;
        sd_event_source *source;
};

/* Whether there is to be more. What is no line of jobd's is left out. */
static bool give_lines(LogPipe *p) {
        Request *r = p->request;
        size_t done = 0;
        char *newline;

        while ((newline = memchr(p->buffer->str + done, '\n', p->buffer->len - done))) {
                const char *line = p->buffer->str + done;
                size_t size = (size_t) (newline - line);
                g_autoptr(JsonObject) object = NULL;

                done += size + 1;
                if (json_parse_object(line, size, LOG_LINE_SIZE_MAX, &object, NULL) >= 0 && !p->callback(r, object))
                        return false;
        }
        g_string_erase(p->buffer, 0, (gssize) done);
        return true;
}

static int on_data(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        LogPipe *p = userdata;
        char data[65536];
        ssize_t n;

        n = read(fd, data, sizeof(data));
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
                return 0;
        if (n <= 0 || p->buffer->len > LOG_LINE_SIZE_MAX) {
                (void) sd_event_source_set_enabled(p->source, SD_EVENT_OFF);
                (void) p->callback(p->request, NULL);
                return 0;
        }
        g_string_append_len(p->buffer, data, n);
        (void) give_lines(p);
        return 0;
}

int log_pipe_new(Request *r, int fd, LogPipeLine callback, LogPipe **ret) {
        LogPipe *p = g_new0(LogPipe, 1);
        int n;

        p->request = r;
        p->callback = callback;
        p->buffer = g_string_new(NULL);
        p->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        n = p->fd < 0 ? -errno : 0;
        if (n >= 0 && fcntl(p->fd, F_SETFL, O_RDONLY | O_NONBLOCK) < 0)
                n = -errno;
        if (n >= 0)
                n = sd_event_add_io(server_event(r->server), &p->source, p->fd, EPOLLIN, on_data, p);
        if (n < 0) {
                log_pipe_free(p);
                return n;
        }
        *ret = p;
        return 0;
}

LogPipe *log_pipe_free(LogPipe *p) {
        if (!p)
                return NULL;
        sd_event_source_disable_unref(p->source);
        closep(&p->fd);
        g_string_free(p->buffer, true);
        g_free(p);
        return NULL;
}

void log_pipe_pause(LogPipe *p, bool pause) {
        (void) sd_event_source_set_enabled(p->source, pause ? SD_EVENT_OFF : SD_EVENT_ON);
}
