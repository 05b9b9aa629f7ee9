/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "direct-intake.h"

enum {
        PEEK_SIZE = 64 * 1024,
        PEEKS = 8, /* more than a socket holds, unless net.core.wmem_max was raised */
};

struct DirectIntake {
        sd_bus *bus; /* borrowed: who has the connection frees this first */
        sd_event_source *io_source;
        sd_event_source *time_source;
        DirectIntakeReady ready;
        void *userdata;
        size_t size;
        unsigned n_with_fds;
};

/* Without a buffer for control messages, looking installs no descriptors, but MSG_CTRUNC says that there are some. */
static bool next_part_has_fds(int fd) {
        static char buffer[PEEK_SIZE]; /* nobody reads it: all parts may lie upon each other */
        struct iovec parts[PEEKS];
        struct msghdr m = { .msg_iov = parts, .msg_iovlen = ELEMENTSOF(parts) };

        for (size_t i = 0; i < ELEMENTSOF(parts); i++)
                parts[i] = (struct iovec){ buffer, sizeof(buffer) };
        return recvmsg(fd, &m, MSG_PEEK | MSG_DONTWAIT) > 0 && (m.msg_flags & MSG_CTRUNC);
}

/*
 * What waits is counted each time: sd-bus first reads the 16 bytes of a message's header and then the rest, so that what
 * was sent ahead counts twice. The limit leaves room for that. One read takes the descriptors of one part (unix(7)).
 */
bool direct_intake_count(DirectIntake *i) {
        int fd = sd_bus_get_fd(i->bus), waiting = 0;

        if (fd < 0)
                return false;
        if (ioctl(fd, FIONREAD, &waiting) >= 0 && waiting > 0)
                i->size += (size_t) waiting;
        if (next_part_has_fds(fd))
                i->n_with_fds++;
        return i->size > DIRECT_INTAKE_SIZE_MAX || i->n_with_fds > DIRECT_INTAKE_FDS_MAX;
}

void direct_intake_message(DirectIntake *i) {
        i->size = 0;
        i->n_with_fds = 0;
}

/* While replies wait to be read, nothing more is taken. */
static int on_prepare(sd_event_source *source, void *userdata) {
        DirectIntake *i = userdata;
        uint64_t until = UINT64_MAX;
        int events, r;

        events = sd_bus_get_events(i->bus);
        if (events < 0)
                events = POLLIN; /* it is closed: sd_bus_process() says so */
        r = sd_event_source_set_io_events(i->io_source, (uint32_t) (events & POLLOUT ? POLLOUT : events));
        if (r < 0)
                return r;
        if (sd_bus_get_timeout(i->bus, &until) < 0 || until == UINT64_MAX)
                return sd_event_source_set_enabled(i->time_source, SD_EVENT_OFF);
        r = sd_event_source_set_time(i->time_source, until);
        return r < 0 ? r : sd_event_source_set_enabled(i->time_source, SD_EVENT_ONESHOT);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        DirectIntake *i = userdata;

        i->ready((revents & POLLIN) && direct_intake_count(i), i->userdata);
        return 0;
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        DirectIntake *i = userdata;

        i->ready(direct_intake_count(i), i->userdata);
        return 0;
}

int direct_intake_new(sd_event *event, sd_bus *bus, int64_t priority, DirectIntakeReady ready, void *userdata,
                      DirectIntake **ret) {
        _cleanup_(direct_intake_freep) DirectIntake *i = g_new(DirectIntake, 1);
        int r;

        *i = (DirectIntake){ .bus = bus, .ready = ready, .userdata = userdata };
        r = sd_event_add_io(event, &i->io_source, sd_bus_get_fd(bus), POLLIN, on_io, i);
        if (r >= 0)
                r = sd_event_add_time(event, &i->time_source, CLOCK_MONOTONIC, UINT64_MAX, 1, on_time, i);
        if (r >= 0)
                r = sd_event_source_set_enabled(i->time_source, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_source_set_prepare(i->io_source, on_prepare);
        if (r >= 0)
                r = sd_event_source_set_priority(i->io_source, priority);
        if (r >= 0)
                r = sd_event_source_set_priority(i->time_source, priority);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(i);
        return 0;
}

DirectIntake *direct_intake_free(DirectIntake *i) {
        if (!i)
                return NULL;
        (void) sd_event_source_disable_unref(i->io_source);
        (void) sd_event_source_disable_unref(i->time_source);
        g_free(i);
        return NULL;
}
