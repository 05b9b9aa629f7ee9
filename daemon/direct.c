/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/socket.h>
#include <systemd/sd-id128.h>

#include "direct.h"
#include "log.h"

enum {
        CONNECTIONS_MAX = 256,
        CONNECTIONS_OF_OTHERS_MAX = 32, /* of users that are not root: they are only told where to go */
};

struct DirectServer {
        sd_event *event;
        sd_event_source *accept_source;
        const DirectCallbacks *callbacks;
        void *userdata;
        GHashTable *connections; /* set of Connection, owned */
        unsigned n_others;
};

typedef struct Connection {
        DirectServer *server; /* weak ref */
        sd_bus *bus;
        bool other;
} Connection;

static void connection_free_func(void *p) {
        Connection *c = p;

        if (c->other)
                c->server->n_others--;
        if (c->bus)
                c->server->callbacks->disconnected(c->bus, c->server->userdata);
        (void) sd_bus_flush_close_unref(c->bus);
        g_free(c);
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Connection *c = userdata;

        (void) g_hash_table_remove(c->server->connections, c);
        return 1;
}

static int peer_uid(int fd, uid_t *ret) {
        socklen_t size = sizeof(struct ucred);
        struct ucred peer;

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
                return -errno;
        *ret = peer.uid;
        return 0;
}

static int connection_start(Connection *c, int fd) {
        sd_id128_t id;
        int r;

        r = sd_id128_randomize(&id);
        if (r >= 0)
                r = sd_bus_new(&c->bus);
        if (r < 0) {
                (void) close(fd);
                return r;
        }
        r = sd_bus_set_fd(c->bus, fd, fd);
        if (r < 0) {
                (void) close(fd);
                return r;
        }
        r = sd_bus_set_description(c->bus, "direct");
        if (r >= 0)
                r = sd_bus_set_server(c->bus, 1, id);
        if (r >= 0)
                r = sd_bus_negotiate_creds(c->bus, 1, SD_BUS_CREDS_EUID);
        if (r >= 0)
                r = sd_bus_negotiate_fds(c->bus, 1);
        if (r >= 0)
                r = sd_bus_start(c->bus);
        if (r >= 0)
                r = sd_bus_match_signal(c->bus, NULL, "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
                                        "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, c);
        if (r >= 0)
                r = c->server->callbacks->connected(c->bus, c->server->userdata);
        return r < 0 ? r : sd_bus_attach_event(c->bus, c->server->event, SD_EVENT_PRIORITY_NORMAL);
}

static int on_connect(sd_event_source *source, int listen_fd, uint32_t revents, void *userdata) {
        DirectServer *s = userdata;
        Connection *c;
        uid_t uid = UINT32_MAX;
        int fd, r;

        fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
                if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
                        (void) log_warning_errno(-errno, "Cannot accept a connection: %m");
                return 0;
        }
        r = peer_uid(fd, &uid);
        if (r < 0 || g_hash_table_size(s->connections) >= CONNECTIONS_MAX ||
            (uid != 0 && s->n_others >= CONNECTIONS_OF_OTHERS_MAX)) {
                log_warning("Too many connections on the direct socket, closing one");
                (void) close(fd);
                return 0;
        }

        c = g_new0(Connection, 1);
        c->server = s;
        c->other = uid != 0;
        if (c->other)
                s->n_others++;
        (void) g_hash_table_add(s->connections, c);
        r = connection_start(c, fd);
        if (r < 0) {
                (void) log_warning_errno(r, "Cannot serve a connection on the direct socket: %m");
                (void) g_hash_table_remove(s->connections, c);
        }
        return 0;
}

int direct_server_new(sd_event *event, int fd, const DirectCallbacks *callbacks, void *userdata, DirectServer **ret) {
        _cleanup_(direct_server_freep) DirectServer *s = NULL;
        int r;

        s = g_new0(DirectServer, 1);
        s->event = event;
        s->callbacks = callbacks;
        s->userdata = userdata;
        s->connections = g_hash_table_new_full(NULL, NULL, connection_free_func, NULL);
        r = sd_event_add_io(event, &s->accept_source, fd, EPOLLIN, on_connect, s);
        if (r < 0) {
                (void) close(fd);
                return r;
        }
        (void) sd_event_source_set_io_fd_own(s->accept_source, true);
        *ret = TAKE_PTR(s);
        return 0;
}

DirectServer *direct_server_free(DirectServer *s) {
        if (!s)
                return NULL;
        g_hash_table_unref(s->connections);
        (void) sd_event_source_disable_unref(s->accept_source);
        g_free(s);
        return NULL;
}

size_t direct_server_n_connections(const DirectServer *s) {
        return g_hash_table_size(s->connections);
}
