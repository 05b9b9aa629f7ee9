/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "listen.h"
#include "log.h"
#include "now.h"

static void take_socket(int fd, const char *name, ListenSockets *s) {
        if (sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1) <= 0)
                log_warning("The socket '%s' handed over by systemd is not a listening stream socket, closing it", name);
        else if (strcmp(name, "direct") == 0 && s->direct < 0) {
                s->direct = fd;
                return;
        } else if (strcmp(name, "credentials") == 0 && s->credentials < 0) {
                s->credentials = fd;
                return;
        } else
                log_warning("The socket '%s' handed over by systemd is not known, closing it", name);
        (void) close(fd);
}

int listen_sockets_take(ListenSockets *ret) {
        ListenSockets s = { -EBADF, -EBADF };
        char **names = NULL;
        int n;

        n = sd_listen_fds_with_names(true, &names);
        if (n < 0)
                return log_error_errno(n, "Cannot take over the sockets from systemd: %m");
        for (int i = 0; i < n; i++) {
                take_socket(SD_LISTEN_FDS_START + i, names[i], &s);
                free(names[i]);
        }
        free(names);
        *ret = s;
        return 0;
}

void listen_sockets_done(ListenSockets *s) {
        closep(&s->direct);
        closep(&s->credentials);
}

/* ---- taking connections ---- */

#define PAUSE_USEC USEC_PER_SEC

static int on_pause_over(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) sd_event_source_set_enabled(userdata, SD_EVENT_ON);
        return 0;
}

static void source_unref(void *source) {
        (void) sd_event_source_unref(source);
}

static void pause_source(sd_event_source *accepting) {
        _cleanup_(sd_event_source_unrefp) sd_event_source *timer = NULL;

        if (sd_event_add_time_relative(sd_event_source_get_event(accepting), &timer, CLOCK_MONOTONIC, PAUSE_USEC, 0,
                                       on_pause_over, sd_event_source_ref(accepting)) < 0) {
                (void) sd_event_source_unref(accepting);
                return;
        }
        (void) sd_event_source_set_destroy_callback(timer, source_unref);
        if (sd_event_source_set_floating(timer, true) >= 0)
                (void) sd_event_source_set_enabled(accepting, SD_EVENT_OFF);
}

int listen_accept(sd_event_source *accepting, int fd) {
        const char *which = "a socket";
        int client;

        (void) sd_event_source_get_description(accepting, &which);
        client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client >= 0)
                return client;
        client = -errno;
        if (client != -EAGAIN && client != -EINTR && client != -ECONNABORTED) {
                (void) log_warning_errno(client, "Cannot accept a connection on %s, waiting a second: %m", which);
                pause_source(accepting);
        }
        return client;
}
