/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "bus-report.h"
#include "connection.h"
#include "names.h"
#include "polkit-agent.h"

/* Long enough for somebody who looks up a password: sd-bus alone gives up after 25 s. */
#define CALL_TIMEOUT_USEC (5 * 60 * USEC_PER_SEC)

struct Connection {
        sd_bus *bus;
        const char *socket; /* the socket in use; NULL: the system bus */
        bool ask_password;
        PolkitAgent *agent; /* started when first needed */
};

static int socket_connect(const char *path) {
        _cleanup_close_ int fd = -EBADF;
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        strcpy(address.sun_path, path);

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static int direct_bus_open(const char *path, sd_bus **ret) {
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r;

        /* Not by an address: a path would have to be escaped for it. */
        fd = socket_connect(path);
        if (fd < 0)
                return fd;
        r = sd_bus_new(&bus);
        if (r < 0)
                return r;
        r = sd_bus_set_fd(bus, fd, fd);
        if (r < 0)
                return r;
        TAKE_FD(fd);
        r = sd_bus_negotiate_fds(bus, true);
        if (r < 0)
                return r;
        r = sd_bus_start(bus);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(bus);
        return 0;
}

static int bus_open(const char *socket, sd_bus **ret) {
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        int r;

        r = socket ? direct_bus_open(socket, &bus) : sd_bus_open_system(&bus);
        if (r < 0)
                return r;
        r = sd_bus_set_method_call_timeout(bus, CALL_TIMEOUT_USEC);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(bus);
        return 0;
}

static bool is_missing(int error) {
        return error == -ENOENT || error == -ECONNREFUSED;
}

int connection_open(const ConnectionOptions *options, Connection **ret) {
        _cleanup_(connection_freep) Connection *c = g_new0(Connection, 1);
        int r;

        c->socket = options->socket;
        c->ask_password = options->ask_password;

        r = bus_open(c->socket, &c->bus);
        if (!c->socket && is_missing(r) && geteuid() == 0 && access(JOBD_SOCKET_PATH, F_OK) == 0) {
                c->socket = JOBD_SOCKET_PATH;
                r = bus_open(c->socket, &c->bus);
        }
        if (r < 0) {
                report_cannot_connect(c->socket, r);
                return r;
        }
        *ret = TAKE_PTR(c);
        return 0;
}

Connection *connection_free(Connection *c) {
        if (!c)
                return NULL;
        sd_bus_flush_close_unref(c->bus);
        polkit_agent_free(c->agent);
        g_free(c);
        return NULL;
}

int connection_reopen(Connection *c) {
        sd_bus *bus = NULL;
        int r;

        r = bus_open(c->socket, &bus);
        if (r < 0)
                return r;
        sd_bus_close_unref(c->bus);
        c->bus = bus;
        return 0;
}

sd_bus *connection_bus(Connection *c) {
        return c->bus;
}

bool connection_has_broker(const Connection *c) {
        return !c->socket;
}

const char *connection_destination(const Connection *c) {
        return c->socket ? NULL : JOBD_BUS_NAME;
}

int connection_message_new(Connection *c, const char *path, const char *interface, const char *member,
                           sd_bus_message **ret) {
        int r;

        r = sd_bus_message_new_method_call(c->bus, ret, connection_destination(c), path, interface, member);
        return r < 0 ? report_errno(r, "cannot make a message") : 0;
}

/* Flags of a message that was sent cannot be changed: this is the same call, with leave to ask for a password. */
static int interactive_copy(Connection *c, sd_bus_message *call, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *copy = NULL;
        int r;

        r = sd_bus_message_new_method_call(c->bus, &copy, sd_bus_message_get_destination(call),
                                           sd_bus_message_get_path(call), sd_bus_message_get_interface(call),
                                           sd_bus_message_get_member(call));
        if (r < 0)
                return r;
        r = sd_bus_message_rewind(call, true);
        if (r < 0)
                return r;
        r = sd_bus_message_copy(copy, call, true);
        if (r < 0)
                return r;
        r = sd_bus_message_set_allow_interactive_authorization(copy, true);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(copy);
        return 0;
}

static int call_and_ask(Connection *c, sd_bus_message *call, sd_bus_error *error, sd_bus_message **ret_reply) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *again = NULL;
        int r;

        /* First without a question, so that those who need none wait for no agent to start. */
        r = sd_bus_call(c->bus, call, 0, error, ret_reply);
        if (r >= 0)
                return 0;
        if (!sd_bus_error_has_name(error, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED) || !c->ask_password ||
            !polkit_agent_is_possible())
                return r;

        if (!c->agent)
                (void) polkit_agent_start(&c->agent); /* without one, that of the desktop may still ask */
        r = interactive_copy(c, call, &again);
        if (r < 0)
                return r;
        sd_bus_error_free(error);
        r = sd_bus_call(c->bus, again, 0, error, ret_reply);
        return r < 0 ? r : 0;
}

int connection_call(Connection *c, sd_bus_message *call, const char *subject, sd_bus_message **ret_reply) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        r = call_and_ask(c, call, &error, ret_reply);
        return r < 0 ? report_bus_error(subject, sd_bus_message_get_path(call), &error, r) : 0;
}

int connection_method(Connection *c, const char *path, const char *interface, const char *member,
                      const char *subject, sd_bus_message **ret_reply, const char *types, ...) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        va_list arguments;
        int r;

        r = connection_message_new(c, path, interface, member, &call);
        if (r < 0)
                return r;
        if (types) {
                va_start(arguments, types);
                r = sd_bus_message_appendv(call, types, arguments);
                va_end(arguments);
                if (r < 0)
                        return report_errno(r, "cannot make a message");
        }
        return connection_call(c, call, subject, ret_reply);
}
