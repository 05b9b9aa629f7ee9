/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "bench.h"
#include "job-class.h"
#include "unit-message.h"

/*
 * What a program does that starts the same units without jobd: StartTransientUnit, waits for the signal that says that
 * the unit has ended, lets it go. The input has to come from somewhere, so there is a socket for it, whose answer is
 * always the same. Nothing is stored, checked, logged or told to anybody.
 */

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER SYSTEMD_NAME ".Manager"
#define UNIT_INTERFACE SYSTEMD_NAME ".Unit"
#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

#define CREDENTIALS_PATH "/run/jobd-bench-credentials.sock"
#define UNIT_PREFIX "bare-run-" /* as long as jobd's, which is not to mistake them for its own */

typedef struct Bare {
        JobClass *class;
        sd_event_source *credentials_source;
        unsigned n_releases; /* that wait for their reply */
} Bare;

/* ---- the end ---- */

static char *unit_name(const Sample *s) {
        return g_strdup_printf(UNIT_PREFIX "%s.service", s->id);
}

static int on_released(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const sd_bus_error *e = sd_bus_message_get_error(m);
        Bare *bare = userdata;

        bare->n_releases--;
        if (e)
                fprintf(stderr, "Cannot release a unit: %s\n", e->message);
        return 0;
}

static void release(Bench *b, const Sample *s, bool success) {
        g_autofree char *unit = unit_name(s);
        Bare *bare = b->side_data;
        int r;

        if (success)
                r = sd_bus_call_method_async(b->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "StopUnit",
                                             on_released, bare, "ss", unit, "replace");
        else
                r = sd_bus_call_method_async(b->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                             "ResetFailedUnit", on_released, bare, "s", unit);
        if (r < 0)
                fprintf(stderr, "Cannot release %s: %s\n", unit, g_strerror(-r));
        else
                bare->n_releases++;
}

/* 1: the message says that the unit has ended, *ret_success: well. */
static int read_end(sd_bus_message *m, bool *ret_success) {
        const char *name, *value;
        int r, ended = 0;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read(m, "s", &name);
                if (r < 0)
                        return r;
                if (strcmp(name, "SubState") != 0 && strcmp(name, "ActiveState") != 0)
                        r = sd_bus_message_skip(m, "v");
                else {
                        r = sd_bus_message_read(m, "v", "s", &value);
                        if (r >= 0 && (strcmp(value, "exited") == 0 || strcmp(value, "failed") == 0)) {
                                *ret_success = strcmp(value, "exited") == 0;
                                ended = 1;
                        }
                }
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r < 0 ? r : ended;
}

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        bool success = false;
        Sample *s = userdata;
        int r;

        r = sd_bus_message_skip(m, "s");
        if (r >= 0)
                r = read_end(m, &success);
        if (r <= 0)
                return r;

        s->slot = sd_bus_slot_unref(s->slot);
        release(s->bench, s, success);
        bench_ended(s, success);
        return 0;
}

/* ---- the start ---- */

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        bench_replied(userdata, sd_bus_message_get_error(m));
        return 0;
}

static char **make_fields(const Bare *bare, const Sample *s, bool environment) {
        GPtrArray *f = g_ptr_array_new();

        g_ptr_array_add(f, g_strdup_printf("JOB_RESULT_ID=%s", s->id));
        g_ptr_array_add(f, g_strdup_printf("JOB_NAME=%s", bare->class->values.name));
        g_ptr_array_add(f, g_strdup_printf("JOB_CLASS_PATH=%s", bare->class->class_path));
        g_ptr_array_add(f, g_strdup("JOB_REQUESTER=root"));
        if (environment)
                g_ptr_array_add(f, g_strdup("JOB_REQUESTER_UID=0"));
        g_ptr_array_add(f, NULL);
        return (char **) g_ptr_array_free(f, false);
}

/* What dispatcher-start.c puts in; tests/bench/run compares the units of both sides before it measures. */
static int make_message(Bench *b, const Sample *s, const char *unit, sd_bus_message **ret) {
        const Bare *bare = b->side_data;
        g_autofree char *description = g_strdup_printf("%s for root", bare->class->class_path);
        g_auto(GStrv) environment = make_fields(bare, s, true), log_fields = make_fields(bare, s, false);
        const UnitSpec spec = {
                .name = unit,
                .description = description,
                .slice = "jobd-default.slice",
                .properties = bare->class->properties,
                .environment = (const char *const *) environment,
                .log_fields = (const char *const *) log_fields,
                .credentials_socket = CREDENTIALS_PATH,
                .soft_time_limit_usec = 300 * USEC_PER_SEC,
                .time_limit_usec = 600 * USEC_PER_SEC,
        };

        return unit_message_new(b->bus, &spec, ret);
}

/* Measured: in all, a match for each unit costs no more than one for all, which lets through what other units do. */
static int watch(Sample *s) {
        g_autofree char *match = g_strdup_printf("type='signal',sender='" SYSTEMD_NAME "',path='%s',"
                                                 "interface='" PROPERTIES_INTERFACE "',member='PropertiesChanged',"
                                                 "arg0='" UNIT_INTERFACE "'",
                                                 s->path);

        return sd_bus_add_match_async(s->bench->bus, &s->slot, match, on_changed, NULL, s);
}

static int bare_start(Bench *b, Sample *s) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        g_autofree char *unit = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        uuid_new(s->id);
        unit = unit_name(s);
        r = sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, &path);
        if (r < 0)
                return r;
        s->path = g_strdup(path);

        bench_sent(s);
        r = watch(s);
        if (r >= 0)
                r = make_message(b, s, unit, &m);
        return r < 0 ? r : sd_bus_call_async(b->bus, NULL, m, on_reply, s, 0);
}

/* ---- the input ---- */

static int on_starter(sd_event_source *source, int listen_fd, uint32_t revents, void *userdata) {
        _cleanup_close_ int fd = -EBADF;

        fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0 || send(fd, "{}", 2, MSG_NOSIGNAL) != 2)
                fprintf(stderr, "Cannot send the input of a run: %s\n", g_strerror(errno));
        return 0;
}

static int listen_credentials(Bench *b, Bare *bare) {
        struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = CREDENTIALS_PATH };
        int fd, r;

        (void) unlink(CREDENTIALS_PATH);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 || listen(fd, SOMAXCONN) < 0)
                return -errno;
        r = sd_event_add_io(b->event, &bare->credentials_source, fd, EPOLLIN, on_starter, NULL);
        return r < 0 ? r : sd_event_source_set_io_fd_own(bare->credentials_source, true);
}

/* ---- the connection ---- */

static int bare_open(Bench *b) {
        g_autofree char *error = NULL;
        Bare *bare;
        int r;

        b->side_data = bare = g_new0(Bare, 1);
        r = job_file_loader.load(job_class_default_roots, b->class_path, &bare->class, &error);
        if (r < 0) {
                fprintf(stderr, "Cannot load %s: %s\n", b->class_path, error ?: g_strerror(-r));
                return r;
        }
        r = listen_credentials(b, bare);
        if (r >= 0)
                r = sd_bus_open_system(&b->bus);
        if (r >= 0)
                r = sd_bus_call_method(b->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "Subscribe", NULL, NULL,
                                       NULL);
        return r < 0 ? r : 0;
}

/* PID 1 asks the bus who we are for each call, so we stay until it has answered. */
static void bare_close(Bench *b) {
        Bare *bare = b->side_data;
        int r = 0;

        while (bare->n_releases > 0 && r >= 0)
                r = sd_event_run(b->event, UINT64_MAX);
        (void) sd_event_source_disable_unref(bare->credentials_source);
        (void) sd_bus_flush_close_unref(b->bus);
        (void) job_class_free(bare->class);
        g_free(bare);
}

const Side bare_side = { bare_open, bare_start, bare_close };
