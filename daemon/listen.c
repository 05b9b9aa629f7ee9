/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "listen.h"
#include "log.h"

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
