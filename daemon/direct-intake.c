/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>

#include "direct-intake.h"
#include "secret.h"

struct DirectIntake {
        sd_bus *bus; /* borrowed: who has the connection frees this first */
        sd_event_source *io_source;
        sd_event_source *time_source;
        DirectIntakeReady ready;
        void *userdata;
        uint64_t size;
        unsigned n_parts;
        bool was_whole; /* in this turn */
};

/* ---- a turn ---- */

/* Of our memory, as it grows when sd-bus makes room for a message: proc(5), /proc/PID/statm, the sixth number. */
static uint64_t read_data_size(void) {
        static int fd = -1;
        unsigned long long pages = 0;
        char text[128];
        ssize_t n;

        if (fd < 0)
                fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
        n = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);
        if (n <= 0)
                return 0;
        text[n] = '\0';
        return sscanf(text, "%*u %*u %*u %*u %*u %llu", &pages) == 1 ? pages * (uint64_t) sysconf(_SC_PAGESIZE) : 0;
}

/* The next descriptor is this one: as long as it stays the same, none was installed. */
static int find_lowest_free(void) {
        int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

        if (fd >= 0)
                (void) close(fd);
        return fd;
}

static void limit_descriptors(rlim_t soft) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        limit.rlim_cur = MIN(soft, limit.rlim_max);
        (void) setrlimit(RLIMIT_NOFILE, &limit);
}

/* Of a limit that somebody has lowered, what is left stays. */
static rlim_t usual_limit;

/*
 * One turn of sd-bus reads until there is nothing more, or a message is whole, so it is no use to look at the socket before
 * it: who sends fast enough has all of it taken. With a limit for descriptors the kernel drops the others, and sd-bus
 * closes the connection (unix(7), MSG_CTRUNC). For its memory, glibc must not write to all of what a message says it has.
 */
void direct_turn_begin(DirectTurn *t, bool with_files) {
        rlim_t fds_max = with_files ? DIRECT_INTAKE_FDS_MAX : 0;
        struct rlimit limit;

        *t = (DirectTurn){ .data_size = read_data_size(), .lowest_free = find_lowest_free() };
        usual_limit = getrlimit(RLIMIT_NOFILE, &limit) < 0 ? 0 : limit.rlim_cur;
        if (t->lowest_free >= 0 && usual_limit > (rlim_t) t->lowest_free + fds_max)
                limit_descriptors((rlim_t) t->lowest_free + fds_max);
        secret_overwrite_freed(false);
}

void direct_turn_end(const DirectTurn *t) {
        secret_overwrite_freed(true);
        if (usual_limit > 0)
                limit_descriptors(usual_limit);
}

bool direct_intake_is_too_much(DirectIntake *i, const DirectTurn *t) {
        uint64_t data_size;

        if (i->was_whole) {
                i->was_whole = false;
                return false;
        }
        data_size = read_data_size();
        if (data_size > t->data_size)
                i->size += data_size - t->data_size;
        if (find_lowest_free() != t->lowest_free)
                i->n_parts++;
        return i->size > DIRECT_INTAKE_SIZE_MAX || i->n_parts > DIRECT_INTAKE_PARTS_MAX;
}

void direct_intake_message(DirectIntake *i) {
        if (usual_limit > 0)
                limit_descriptors(usual_limit);
        i->size = 0;
        i->n_parts = 0;
        i->was_whole = true;
}

/* ---- the loop ---- */

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

        i->ready(i->userdata);
        return 0;
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        DirectIntake *i = userdata;

        i->ready(i->userdata);
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
