/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "journal-sync.h"

#define SOCKET_PATH "/run/systemd/journal/io.systemd.journal"
#define TIMEOUT_USEC (10 * USEC_PER_SEC)

struct JournalSync {
        int fd;
        sd_event_source *io_source;
        sd_event_source *time_source;
        JournalSyncDone done;
        void *userdata;
};

JournalSync *journal_sync_free(JournalSync *s) {
        if (!s)
                return NULL;
        (void) sd_event_source_disable_unref(s->io_source);
        (void) sd_event_source_disable_unref(s->time_source);
        closep(&s->fd);
        g_free(s);
        return NULL;
}

/* Varlink: one JSON message, ended by NUL. Whatever the answer says, the work is done when it comes. */
static int on_answer(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        JournalSync *s = userdata;
        char buffer[256];
        ssize_t n;

        n = recv(fd, buffer, sizeof(buffer), 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n > 0 && !memchr(buffer, '\0', (size_t) n))
                return 0;
        (void) sd_event_source_set_enabled(s->io_source, SD_EVENT_OFF);
        (void) sd_event_source_set_enabled(s->time_source, SD_EVENT_OFF);
        s->done(n > 0 ? 0 : -EPIPE, s->userdata);
        return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        JournalSync *s = userdata;

        (void) sd_event_source_set_enabled(s->io_source, SD_EVENT_OFF);
        s->done(-ETIMEDOUT, s->userdata);
        return 0;
}

int journal_sync(sd_event *event, JournalSyncDone done, void *userdata, JournalSync **ret) {
        static const char call[] = "{\"method\":\"io.systemd.Journal.Synchronize\",\"parameters\":{}}";
        static const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SOCKET_PATH };
        _cleanup_(journal_sync_freep) JournalSync *s = NULL;
        int r;

        s = g_new0(JournalSync, 1);
        s->done = done;
        s->userdata = userdata;
        s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (s->fd < 0)
                return -errno;
        if (connect(s->fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        if (send(s->fd, call, sizeof(call), MSG_NOSIGNAL) != (ssize_t) sizeof(call)) /* with its NUL */
                return errno > 0 ? -errno : -EIO;

        r = sd_event_add_io(event, &s->io_source, s->fd, EPOLLIN, on_answer, s);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &s->time_source, CLOCK_MONOTONIC, TIMEOUT_USEC, 0, on_timeout, s);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}
