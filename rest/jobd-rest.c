/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "bus-error.h"
#include "config.h"
#include "log.h"
#include "peer.h"
#include "server.h"
#include "syscall-filter.h"

/* For the count of each user's connections. */
#define PLACES_DIRECTORY "/run/jobd-rest"

static int take_connection(void) {
        int n = sd_listen_fds(true);

        if (n != 1 || sd_is_socket(SD_LISTEN_FDS_START, AF_UNIX, SOCK_STREAM, 0) <= 0) {
                log_error("This program is started by systemd, for one connection to jobd-rest.socket: see jobd-rest(8)");
                return -EINVAL;
        }
        return SD_LISTEN_FDS_START;
}

/* Returns 1 when the connection was answered already. The open file of the place is kept until the process ends. */
static int become_peer(int fd) {
        Peer p = {};
        int r;

        r = peer_read(fd, &p);
        if (r < 0)
                return log_error_errno(r, "Cannot find out who has connected: %m");
        r = peer_take_place(PLACES_DIRECTORY, p.uid);
        if (r == -EUSERS) {
                server_refuse_socket(fd, 503, "You have too many connections already: close some of them.");
                peer_done(&p);
                return 1;
        }
        if (r >= 0)
                r = peer_become(&p);
        peer_done(&p);
        if (r < 0)
                return log_error_errno(r, "Cannot become the user who has connected: %m");
        r = syscall_filter_install();
        return r < 0 ? log_error_errno(r, "Cannot install the filter of system calls: %m") : 0;
}

static int serve(int fd) {
        _cleanup_(server_freep) Server *server = NULL;
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        int r;

        r = sd_event_new(&event);
        if (r >= 0)
                r = bus_error_register();
        if (r >= 0)
                r = server_new(event, fd, &server);
        if (r >= 0)
                r = server_run(server);
        return r < 0 ? log_error_errno(r, "Cannot serve the connection: %m") : 0;
}

static int run(void) {
        int fd, r;

        /* Bodies can be secret: what is freed is overwritten (mallopt(3), M_PERTURB). */
        (void) mallopt(M_PERTURB, 0x5a);
        (void) signal(SIGPIPE, SIG_IGN);
        /* The service has no stderr. */
        g_log_set_writer_func(g_log_writer_journald, NULL, NULL);
        fd = take_connection();
        if (fd < 0)
                return fd;
        r = become_peer(fd);
        return r != 0 ? r : serve(fd);
}

int main(int argc, char *argv[]) {
        if (argc == 2 && strcmp(argv[1], "--version") == 0) {
                (void) printf("jobd-rest " PROJECT_VERSION "\n");
                return EXIT_SUCCESS;
        }
        if (argc == 2 && strcmp(argv[1], "--help") == 0) {
                (void) printf("jobd-rest [--help] [--version]\n\n"
                              "The HTTP face of the job registry. systemd starts one for each connection to\n"
                              "/run/jobd/rest.sock: see jobd-rest(8).\n");
                return EXIT_SUCCESS;
        }
        if (argc > 1) {
                (void) fprintf(stderr, "jobd-rest: unknown argument '%s': it takes --help and --version\n", argv[1]);
                return 2;
        }
        return run() < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
