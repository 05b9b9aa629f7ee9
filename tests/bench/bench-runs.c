/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Runs a job N times and measures: bench-runs bare|jobd [OPTION...] CLASS_PATH
 *
 *   bare   StartTransientUnit with the properties that jobd sends (unit_message_new()), and no more of what jobd does
 *   jobd   RunJob
 *
 *   -n N       runs
 *   -w N       so many are in flight: from the call until their end is known
 *   -c N       so many calls wait for their reply
 *   -g MSEC    pause before each call
 *   -d         jobd: by its own socket, not by the bus
 *   -i JSON    input
 *   -s SOCKET  the job is "bench-stamp SOCKET": also measure the time to its main()
 *
 * Prints one JSON object. Times are microseconds from the call: to its reply, to the program's main(), and until the
 * caller knows how the run ended.
 */

#include <getopt.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "bench.h"
#include "stamp.h"

uint64_t now_nsec(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}

/* ---- the window ---- */

static void send_more(Bench *b) {
        while (b->n_sent < b->n_runs && b->n_sent - b->n_ended < b->window &&
               b->n_sent - b->n_replied < b->calls_max) {
                int r;

                r = b->side->start(b, &b->samples[b->n_sent++]);
                if (r < 0) {
                        fprintf(stderr, "Cannot call: %s\n", g_strerror(-r));
                        exit(EXIT_FAILURE);
                }
        }
}

static int on_gap(sd_event_source *source, uint64_t usec, void *userdata) {
        send_more(userdata);
        return 0;
}

static void go_on(Bench *b) {
        if (b->gap_usec == 0)
                send_more(b);
        else {
                (void) sd_event_source_set_time_relative(b->gap_source, b->gap_usec);
                (void) sd_event_source_set_enabled(b->gap_source, SD_EVENT_ONESHOT);
        }
}

void bench_sent(Sample *s) {
        s->call_nsec = now_nsec();
}

void bench_replied(Sample *s, const sd_bus_error *error) {
        Bench *b = s->bench;

        s->reply_nsec = now_nsec();
        b->n_replied++;
        if (error) {
                if (b->n_failed == 0)
                        fprintf(stderr, "Refused: %s: %s\n", error->name, error->message);
                bench_ended(s, false);
        } else if (b->calls_max < b->window)
                send_more(b);
}

void bench_ended(Sample *s, bool success) {
        Bench *b = s->bench;

        s->end_nsec = now_nsec();
        b->n_ended++;
        if (!success)
                b->n_failed++;
        go_on(b);
}

/* ---- stamps ---- */

static int on_stamp(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Bench *b = userdata;
        Stamp stamp;

        while (recv(fd, &stamp, sizeof(stamp), MSG_DONTWAIT) == (ssize_t) sizeof(stamp)) {
                stamp.id[sizeof(stamp.id) - 1] = '\0';
                (void) g_hash_table_replace(b->stamps, g_strdup(stamp.id), g_memdup2(&stamp.nsec, sizeof(stamp.nsec)));
        }
        return 0;
}

static int listen_stamps(Bench *b, const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd, r;

        (void) g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
        (void) unlink(path);
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 || chmod(path, 0666) < 0)
                return -errno;
        r = sd_event_add_io(b->event, &b->stamp_source, fd, EPOLLIN, on_stamp, b);
        return r < 0 ? r : sd_event_source_set_io_fd_own(b->stamp_source, true);
}

static void take_stamps(Bench *b) {
        if (b->stamp_source)
                (void) on_stamp(b->stamp_source, sd_event_source_get_io_fd(b->stamp_source), EPOLLIN, b);
        for (unsigned i = 0; i < b->n_runs; i++) {
                const uint64_t *nsec = g_hash_table_lookup(b->stamps, b->samples[i].id);

                if (nsec)
                        b->samples[i].main_nsec = *nsec;
        }
}

/* ---- the figures ---- */

static int compare(const void *a, const void *b) {
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

        return (x > y) - (x < y);
}

/* Of the times of all samples that have one. */
static void print_percentiles(const Bench *b, const char *name, size_t offset) {
        g_autofree uint64_t *values = g_new(uint64_t, b->n_runs);
        unsigned n = 0;

        for (unsigned i = 0; i < b->n_runs; i++) {
                uint64_t nsec = *(const uint64_t *) (const void *) ((const char *) &b->samples[i] + offset);

                if (nsec > 0)
                        values[n++] = nsec - b->samples[i].call_nsec;
        }
        if (n == 0)
                return;
        qsort(values, n, sizeof(*values), compare);
        printf(", \"%s\": {\"n\": %u, \"p50\": %.1f, \"p90\": %.1f}", name, n, (double) values[n / 2] / 1e3,
               (double) values[n * 9 / 10] / 1e3);
}

static void print_result(const Bench *b, uint64_t nsec) {
        printf("{\"runs\": %u, \"failed\": %u, \"seconds\": %.4f", b->n_runs, b->n_failed,
               (double) nsec / 1e9);
        print_percentiles(b, "reply", offsetof(Sample, reply_nsec));
        print_percentiles(b, "main", offsetof(Sample, main_nsec));
        print_percentiles(b, "end", offsetof(Sample, end_nsec));
        printf("}\n");
}

/* ---- main ---- */

static int bench_run(Bench *b, const char *stamp_socket) {
        uint64_t start, end;
        int r;

        r = sd_event_default(&b->event);
        if (r >= 0)
                r = sd_event_add_time_relative(b->event, &b->gap_source, CLOCK_MONOTONIC, b->gap_usec, 1, on_gap, b);
        if (r >= 0 && stamp_socket)
                r = listen_stamps(b, stamp_socket);
        if (r >= 0)
                r = b->side->open(b);
        if (r >= 0)
                r = sd_bus_attach_event(b->bus, b->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;

        start = now_nsec();
        /* Not sd_event_loop(): its end closes the connection, and the side may have something to finish. */
        while (b->n_ended < b->n_runs && r >= 0)
                r = sd_event_run(b->event, UINT64_MAX);
        if (r < 0)
                return r;
        end = now_nsec();
        take_stamps(b);
        print_result(b, end - start);
        b->side->close(b);
        return 0;
}

static bool parse_number(const char *text, unsigned *ret) {
        guint64 n;

        if (!g_ascii_string_to_unsigned(text, 10, 0, 10000000, &n, NULL))
                return false;
        *ret = (unsigned) n;
        return true;
}

static bool parse_option(Bench *b, int option, const char **stamp_socket) {
        unsigned msec;

        switch (option) {
        case 'n':
                return parse_number(optarg, &b->n_runs) && b->n_runs > 0;
        case 'w':
                return parse_number(optarg, &b->window) && b->window > 0;
        case 'c':
                return parse_number(optarg, &b->calls_max) && b->calls_max > 0;
        case 'g':
                if (!parse_number(optarg, &msec))
                        return false;
                b->gap_usec = msec * USEC_PER_MSEC;
                return true;
        case 'd':
                b->direct = true;
                return true;
        case 'i':
                b->data = optarg;
                return true;
        case 's':
                *stamp_socket = optarg;
                return true;
        default:
                return false;
        }
}

static bool parse_arguments(Bench *b, int argc, char **argv, const char **stamp_socket) {
        int option;

        while ((option = getopt(argc, argv, "n:w:c:g:di:s:")) >= 0)
                if (!parse_option(b, option, stamp_socket))
                        return false;
        if (optind != argc - 2)
                return false;
        if (strcmp(argv[optind], "bare") == 0)
                b->side = &bare_side;
        else if (strcmp(argv[optind], "jobd") == 0)
                b->side = &jobd_side;
        b->class_path = argv[optind + 1];
        return b->side;
}

int main(int argc, char **argv) {
        Bench b = { .data = "", .n_runs = 100, .window = 1, .calls_max = UINT32_MAX };
        const char *stamp_socket = NULL;
        int r;

        if (!parse_arguments(&b, argc, argv, &stamp_socket)) {
                fprintf(stderr, "Usage: bench-runs bare|jobd [-n RUNS] [-w WINDOW] [-c CALLS] [-g MSEC] [-d] "
                                "[-i JSON] [-s SOCKET] CLASS_PATH\n");
                return 2;
        }
        b.samples = g_new0(Sample, b.n_runs);
        for (unsigned i = 0; i < b.n_runs; i++)
                b.samples[i].bench = &b;
        b.stamps = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        r = bench_run(&b, stamp_socket);
        if (r < 0)
                fprintf(stderr, "Cannot measure: %s\n", g_strerror(-r));
        return r < 0 || b.n_failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
