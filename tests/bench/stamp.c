/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The program of the jobs whose start is measured: says when its main() began. "bench-stamp SOCKET" sends a Stamp to
 * that datagram socket. Linked statically, so that little comes between execve() and main().
 */

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "stamp.h"

int main(int argc, char **argv) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        struct timespec ts;
        Stamp stamp = {};
        const char *id;
        int fd;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        id = getenv("JOB_RESULT_ID");
        if (argc != 2 || !id || strlen(id) >= sizeof(stamp.id) || strlen(argv[1]) >= sizeof(address.sun_path))
                return EXIT_FAILURE;

        stamp.nsec = (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
        (void) strcpy(stamp.id, id);
        (void) strcpy(address.sun_path, argv[1]);
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return EXIT_FAILURE;
        return sendto(fd, &stamp, sizeof(stamp), 0, (const struct sockaddr *) &address, sizeof(address)) ==
                               (ssize_t) sizeof(stamp)
                       ? EXIT_SUCCESS
                       : EXIT_FAILURE;
}
