/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Calls a method of org.jobd1.Manager that takes a dictionary, such as ListJobResults, some times in a row:
 *
 *   bench-call [-n N] METHOD [KEY=VALUE...]     values are strings, "yes" is a boolean
 *
 * Prints one JSON object: microseconds to the reply, of the first call and in the middle of all, and how many elements
 * the array has that the reply begins with.
 */

#include <getopt.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>

#include "macro.h"
#include "names.h"

enum { CALLS_MAX = 10000 };

#define TIMEOUT_USEC (600 * USEC_PER_SEC)

static uint64_t now_nsec(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}

static int append_dictionary(sd_bus_message *m, char **pairs) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        for (; *pairs && r >= 0; pairs++) {
                const char *equals = strchr(*pairs, '=');
                g_autofree char *key = NULL;

                if (!equals)
                        return -EINVAL;
                key = g_strndup(*pairs, (gsize) (equals - *pairs));
                if (strcmp(equals + 1, "yes") == 0)
                        r = sd_bus_message_append(m, "{sv}", key, "b", true);
                else
                        r = sd_bus_message_append(m, "{sv}", key, "s", equals + 1);
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int count_elements(sd_bus_message *reply, unsigned *ret) {
        const char *contents;
        unsigned n = 0;
        char type;
        int r;

        r = sd_bus_message_peek_type(reply, &type, &contents);
        if (r <= 0 || type != 'a')
                return r;
        r = sd_bus_message_enter_container(reply, 'a', contents);
        while (r >= 0 && (r = sd_bus_message_at_end(reply, false)) == 0) {
                r = sd_bus_message_skip(reply, contents);
                n++;
        }
        *ret = n;
        return r;
}

static int call(sd_bus *bus, const char *method, char **pairs, uint64_t *ret_nsec, unsigned *ret_elements) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        uint64_t start;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, JOBD_BUS_NAME, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, method);
        if (r >= 0)
                r = append_dictionary(m, pairs);
        if (r < 0)
                return r;

        start = now_nsec();
        r = sd_bus_call(bus, m, TIMEOUT_USEC, &error, &reply);
        *ret_nsec = now_nsec() - start;
        if (r < 0) {
                fprintf(stderr, "%s: %s\n", method, error.message ?: g_strerror(-r));
                return r;
        }
        return count_elements(reply, ret_elements);
}

static int compare(const void *a, const void *b) {
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

        return (x > y) - (x < y);
}

int main(int argc, char **argv) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        g_autofree uint64_t *times = NULL;
        unsigned elements = 0;
        uint64_t first;
        guint64 n = 1;
        int option, r;

        while ((option = getopt(argc, argv, "n:")) >= 0)
                if (option != 'n' || !g_ascii_string_to_unsigned(optarg, 10, 1, CALLS_MAX, &n, NULL))
                        return 2;
        if (optind >= argc) {
                fprintf(stderr, "Usage: bench-call [-n N] METHOD [KEY=VALUE...]\n");
                return 2;
        }

        times = g_new0(uint64_t, n);
        r = sd_bus_open_system(&bus);
        for (guint64 i = 0; i < n && r >= 0; i++)
                r = call(bus, argv[optind], argv + optind + 1, &times[i], &elements);
        if (r < 0) {
                fprintf(stderr, "Cannot measure: %s\n", g_strerror(-r));
                return EXIT_FAILURE;
        }
        first = times[0];
        qsort(times, n, sizeof(*times), compare);
        printf("{\"calls\": %" G_GUINT64_FORMAT ", \"elements\": %u, \"first\": %.1f, \"p50\": %.1f}\n", n, elements,
               (double) first / 1e3, (double) times[n / 2] / 1e3);
        return EXIT_SUCCESS;
}
