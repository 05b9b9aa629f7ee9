/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "names.h"
#include "run-client.h"

enum {
        TRIES_MAX = 5,                      /* calls that are lost with jobd, one after the other */
        CREDENTIAL_MAX = 2 * 1024 * 1024,   /* bytes; systemd takes 1 MB */
};

#define CALL_TIMEOUT_USEC (2 * 60 * USEC_PER_SEC) /* to copy a large file from a slow disk takes its time */

struct RunClient {
        char *token;
        sd_bus *bus; /* NULL: to be connected */
};

int run_report(int error, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = g_strdup_vprintf(format, ap);
        va_end(ap);
        (void) fprintf(stderr, "jobd-job: %s\n", text);
        return error;
}

int run_credential_read(const char *name, char **ret, size_t *ret_size) {
        const char *directory = getenv("CREDENTIALS_DIRECTORY");
        g_autofree char *path = NULL, *bytes = NULL;
        _cleanup_fclose_ FILE *f = NULL;
        size_t n;

        if (!directory)
                return run_report(-ENOENT, "not inside a run: $CREDENTIALS_DIRECTORY is not set. jobd-job is for "
                                           "programs that jobd has started.");
        path = g_build_filename(directory, name, NULL);
        f = fopen(path, "re");
        if (!f)
                return run_report(-errno, "not inside a run: cannot read %s: %s", path, g_strerror(errno));
        bytes = g_malloc(CREDENTIAL_MAX + 1);
        n = fread(bytes, 1, CREDENTIAL_MAX, f);
        if (ferror(f))
                return run_report(-EIO, "cannot read %s", path);
        bytes[n] = '\0';
        *ret = TAKE_PTR(bytes);
        *ret_size = n;
        return 0;
}

/* ---- connecting ---- */

static int socket_connect(void) {
        struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = JOBD_SOCKET_PATH };
        _cleanup_close_ int fd = -EBADF;

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static int bus_open(sd_bus **ret) {
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        int fd, r;

        fd = socket_connect();
        if (fd < 0)
                return fd;
        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_fd(bus, fd, fd);
        if (r < 0) {
                (void) close(fd);
                return r;
        }
        r = sd_bus_negotiate_fds(bus, 1);
        if (r >= 0)
                r = sd_bus_set_method_call_timeout(bus, CALL_TIMEOUT_USEC);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(bus);
        return 0;
}

static bool is_lost(int error) {
        return error == -ECONNRESET || error == -EPIPE || error == -ENOTCONN || error == -ESHUTDOWN;
}

/* The errno of a call that was not answered at all; 0: the answer is an error of jobd's. */
static int lost_errno(const sd_bus_error *e, int r) {
        bool is_own = !e->name || g_str_has_prefix(e->name, "System.Error.") ||
                      strcmp(e->name, SD_BUS_ERROR_DISCONNECTED) == 0;

        return is_own && is_lost(r) ? r : 0;
}

/* -EAGAIN: the connection was lost, another one may do. */
static int finish_call(sd_bus_message *call, const char *subject) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_call(sd_bus_message_get_bus(call), call, 0, &error, NULL);
        if (r >= 0)
                return 0;
        if (lost_errno(&error, r) < 0)
                return -EAGAIN;
        return run_report(r, "%s%s%s", subject ?: "", subject ? ": " : "", error.message ?: g_strerror(-r));
}

static int connect_and_open(RunClient *c) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = bus_open(&c->bus);
        if (r < 0)
                return is_lost(r) ? -EAGAIN
                                  : run_report(r, "cannot connect to jobd, " JOBD_SOCKET_PATH ": %s", g_strerror(-r));
        r = sd_bus_message_new_method_call(c->bus, &call, NULL, JOBD_RUN_PATH, JOBD_RUN_INTERFACE, "Open");
        if (r >= 0)
                r = sd_bus_message_sensitive(call);
        if (r >= 0)
                r = sd_bus_message_append(call, "s", c->token);
        if (r < 0)
                return run_report(r, "cannot make a message: %s", g_strerror(-r));
        return finish_call(call, NULL);
}

/* ---- calls ---- */

static int make_call(RunClient *c, const char *member, const char *types, va_list ap, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = sd_bus_message_new_method_call(c->bus, &call, NULL, JOBD_RUN_PATH, JOBD_RUN_INTERFACE, member);
        if (r >= 0)
                r = sd_bus_message_appendv(call, types, ap);
        if (r < 0)
                return run_report(r, "cannot make a message: %s", g_strerror(-r));
        *ret = TAKE_PTR(call);
        return 0;
}

static int try_call(RunClient *c, const char *subject, const char *member, const char *types, va_list ap) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r = 0;

        if (!c->bus)
                r = connect_and_open(c);
        if (r >= 0)
                r = make_call(c, member, types, ap, &call);
        return r < 0 ? r : finish_call(call, subject);
}

int run_client_call(RunClient *c, const char *subject, const char *member, const char *types, ...) {
        int r = -EAGAIN;

        for (unsigned i = 0; r == -EAGAIN && i < TRIES_MAX; i++) {
                va_list ap;

                va_start(ap, types);
                r = try_call(c, subject, member, types, ap);
                va_end(ap);
                if (r == -EAGAIN)
                        c->bus = sd_bus_close_unref(c->bus);
        }
        if (r == -EAGAIN)
                return run_report(-ECONNRESET,
                                  "jobd has closed the connection, %i times: see \"systemctl status jobd\"", TRIES_MAX);
        return r;
}

int run_client_open(RunClient **ret) {
        _cleanup_(run_client_freep) RunClient *c = g_new0(RunClient, 1);
        size_t size;
        int r;

        r = run_credential_read(JOBD_CREDENTIAL_TOKEN, &c->token, &size);
        if (r < 0)
                return r;
        if (strlen(c->token) != size || !g_utf8_validate(c->token, -1, NULL))
                return run_report(-EINVAL, "the token of the run is damaged: it is no text");
        *ret = TAKE_PTR(c);
        return 0;
}

RunClient *run_client_free(RunClient *c) {
        if (!c)
                return NULL;
        (void) sd_bus_flush_close_unref(c->bus);
        g_free(c->token);
        g_free(c);
        return NULL;
}
