/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-id128.h>

#include "direct-intake.h"
#include "direct.h"
#include "listen.h"
#include "log.h"
#include "names.h"

enum {
        CONNECTIONS_MAX = 256,
        CONNECTIONS_OF_OTHERS_MAX = 1024, /* of users that are not root: runs, mostly */
        CONNECTIONS_OF_USER_MAX = 64,     /* of one of them, so that none can shut out the others */
};

#ifndef SO_PASSRIGHTS /* since Linux 6.16 */
#define SO_PASSRIGHTS 83
#endif

/* Behind all else, the commit of the store too: a job that never stops talking must not hold up anything. */
#define PRIORITY_OF_OTHERS (SD_EVENT_PRIORITY_NORMAL + 12)

struct DirectServer {
        sd_event *event;
        sd_event_source *accept_source;
        const DirectCallbacks *callbacks;
        void *userdata;
        GHashTable *connections; /* set of Connection, owned */
        unsigned n_others;
        uint64_t n_accepted;
        bool full;      /* said so in the log, for this user: */
        uid_t full_uid;
        gint64 too_much_usec; /* monotonic: when the log was told last that a client sends too much */
};

typedef struct Connection {
        DirectServer *server; /* weak ref */
        sd_bus *bus;
        DirectIntake *intake; /* of another user than root */
        sd_event_source *first_source;
        uint64_t number;
        uid_t uid;
        bool other;     /* of a user that is not root */
        bool takes_files;
        bool announced; /* connected() was called */
        bool greeted;
} Connection;

static void connection_free_func(void *p) {
        Connection *c = p;

        if (c->other)
                c->server->n_others--;
        if (c->announced)
                c->server->callbacks->disconnected(c->bus, c->server->userdata);
        (void) sd_event_source_disable_unref(c->first_source);
        (void) direct_intake_free(c->intake);
        /* To flush waits: for the end of the authentication, and until the client reads. Only root's may take the time. */
        if (!c->other && sd_bus_is_ready(c->bus) > 0)
                (void) sd_bus_flush(c->bus);
        (void) sd_bus_close_unref(c->bus);
        g_free(c);
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Connection *c = userdata;

        (void) g_hash_table_remove(c->server->connections, c);
        return 1;
}

static int connection_priority(const Connection *c) {
        return c->other ? PRIORITY_OF_OTHERS : SD_EVENT_PRIORITY_NORMAL;
}

/* Who does this in a loop must not fill the journal. */
static void close_too_much(Connection *c) {
        DirectServer *s = c->server;
        gint64 now = g_get_monotonic_time();

        if (s->too_much_usec == 0 || now - s->too_much_usec > 60 * (gint64) USEC_PER_SEC) {
                s->too_much_usec = now;
                log_warning("Closing a connection on the direct socket of uid %" PRIu32 ": it sends more at once than "
                            "any call of a run needs", c->uid);
        }
        (void) g_hash_table_remove(s->connections, c);
}

/* As sd_bus_process(); 0 also when that was the end of the connection. */
static int process(Connection *c) {
        DirectServer *s = c->server;
        bool other = c->other;
        DirectTurn turn;
        int r;

        if (other)
                direct_turn_begin(&turn, c->takes_files);
        r = sd_bus_process(c->bus, NULL);
        if (other)
                direct_turn_end(&turn);
        if (!g_hash_table_contains(s->connections, c))
                return 0;
        if (r < 0)
                (void) g_hash_table_remove(s->connections, c);
        else if (c->intake && direct_intake_is_too_much(c->intake, &turn)) {
                close_too_much(c);
                return 0;
        }
        return MAX(r, 0);
}

static void on_ready(void *userdata) {
        (void) process(userdata);
}

static int on_first(sd_event_source *source, void *userdata) {
        Connection *c = userdata;

        if (process(c) > 0)
                (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

/*
 * A client need not wait between the end of the authentication and its first call. sd-bus then has both in its buffer, but
 * looks there only when more comes from the socket (252).
 */
static int on_authenticated(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Connection *c = userdata;
        int r;

        r = sd_event_add_defer(c->server->event, &c->first_source, on_first, c);
        if (r >= 0)
                r = sd_event_source_set_priority(c->first_source, connection_priority(c));
        return r < 0 ? r : 1;
}

static int watch_state(Connection *c) {
        int r;

        r = sd_bus_match_signal(c->bus, NULL, "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
                                "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, c);
        if (r < 0)
                return r;
        return sd_bus_match_signal(c->bus, NULL, "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
                                   "org.freedesktop.DBus.Local", "Connected", on_authenticated, c);
}

/*
 * What a client asks that takes this for a bus ("busctl --address="). There is nothing to subscribe to: each connection
 * gets all signals.
 */
static int answer_as_bus(Connection *c, sd_bus_message *m) {
        char name[sizeof(":1.") + 20];

        if (sd_bus_message_is_method_call(m, "org.freedesktop.DBus", "Hello") > 0 && !c->greeted) {
                c->greeted = true;
                (void) g_snprintf(name, sizeof(name), ":1.%" PRIu64, c->number);
                return sd_bus_reply_method_return(m, "s", name);
        }
        if (!c->other && (sd_bus_message_is_method_call(m, "org.freedesktop.DBus", "AddMatch") > 0 ||
                          sd_bus_message_is_method_call(m, "org.freedesktop.DBus", "RemoveMatch") > 0))
                return sd_bus_reply_method_return(m, NULL);
        return 0;
}

static bool is_for_runs(const Connection *c, sd_bus_message *m) {
        if (!c->server->callbacks->connected_other)
                return false;
        return sd_bus_message_is_method_call(m, "org.freedesktop.DBus.Peer", NULL) > 0 ||
               (sd_bus_message_is_method_call(m, JOBD_RUN_INTERFACE, NULL) > 0 &&
                g_strcmp0(sd_bus_message_get_path(m), JOBD_RUN_PATH) == 0);
}

/*
 * Whoever is not root is told where to go, once, if they read: nothing that is theirs stays in memory or reaches an object.
 */
static int refuse_other(Connection *c, sd_bus_message *m) {
        if (sd_bus_message_is_method_call(m, NULL, NULL) <= 0)
                return 1;
        (void) sd_bus_reply_method_errorf(m, SD_BUS_ERROR_ACCESS_DENIED,
                                          "this socket is for root: use the system bus, where polkit can tell who you "
                                          "are");
        (void) shutdown(sd_bus_get_fd(c->bus), SHUT_RDWR); /* on_disconnected() does the rest */
        return 1;
}

static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Connection *c = userdata;
        int r;

        if (sd_bus_message_is_signal(m, "org.freedesktop.DBus.Local", NULL) > 0)
                return 0;
        if (c->intake)
                direct_intake_message(c->intake);
        r = answer_as_bus(c, m);
        if (r != 0 || !c->other || is_for_runs(c, m))
                return r;
        return refuse_other(c, m);
}

/* A connection has what its listening socket had when it was made. Older kernels do not know it: direct_turn_begin(). */
static void pass_files(int fd, bool pass) {
        int value = pass;

        (void) setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &value, sizeof(value));
}

static void take_files(Connection *c) {
        c->takes_files = true;
        pass_files(sd_bus_get_fd(c->bus), true);
}

static int peer_uid(int fd, uid_t *ret) {
        socklen_t size = sizeof(struct ucred);
        struct ucred peer;

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
                return -errno;
        *ret = peer.uid;
        return 0;
}

/* This reads already what has come. */
static int start(Connection *c) {
        DirectTurn turn;
        int r;

        if (c->other)
                direct_turn_begin(&turn, false);
        r = sd_bus_start(c->bus);
        if (c->other)
                direct_turn_end(&turn);
        return r;
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
        if (!c->other)
                pass_files(fd, true);
        r = sd_bus_set_description(c->bus, "direct");
        if (r >= 0)
                r = sd_bus_set_server(c->bus, 1, id);
        if (r >= 0)
                r = sd_bus_negotiate_creds(c->bus, 1, SD_BUS_CREDS_EUID);
        if (r >= 0)
                r = sd_bus_negotiate_fds(c->bus, 1);
        if (r >= 0)
                r = sd_bus_set_connected_signal(c->bus, 1);
        if (r >= 0)
                r = start(c);
        if (r >= 0)
                r = watch_state(c);
        if (r >= 0 && !c->other) {
                r = c->server->callbacks->connected(c->bus, c->server->userdata);
                c->announced = r >= 0;
        } else if (r >= 0 && c->server->callbacks->connected_other)
                r = c->server->callbacks->connected_other(c->bus, c->server->userdata);
        if (r >= 0) /* the last one added is asked first */
                r = sd_bus_add_filter(c->bus, NULL, on_message, c);
        if (r < 0)
                return r;
        return c->other ? direct_intake_new(c->server->event, c->bus, connection_priority(c), on_ready, c, &c->intake)
                        : sd_bus_attach_event(c->bus, c->server->event, connection_priority(c));
}

static unsigned count_of_user(const DirectServer *s, uid_t uid) {
        GHashTableIter i;
        unsigned n = 0;
        Connection *c;

        g_hash_table_iter_init(&i, s->connections);
        while (g_hash_table_iter_next(&i, (void **) &c, NULL))
                if (c->uid == uid)
                        n++;
        return n;
}

/* Logged once until there is room again: who connects in a loop must not fill the journal. */
static bool is_full(DirectServer *s, uid_t uid) {
        bool full;

        if (uid == 0)
                full = g_hash_table_size(s->connections) - s->n_others >= CONNECTIONS_MAX;
        else
                full = s->n_others >= CONNECTIONS_OF_OTHERS_MAX || count_of_user(s, uid) >= CONNECTIONS_OF_USER_MAX;
        if (full && (!s->full || s->full_uid != uid))
                log_warning("Too many connections on the direct socket, closing new ones of uid %" PRIu32, uid);
        if (full || s->full_uid == uid)
                s->full = full;
        if (full)
                s->full_uid = uid;
        return full;
}

static int on_connect(sd_event_source *source, int listen_fd, uint32_t revents, void *userdata) {
        DirectServer *s = userdata;
        Connection *c;
        uid_t uid = UINT32_MAX;
        int fd, r;

        fd = listen_accept(source, listen_fd);
        if (fd < 0)
                return 0;
        r = peer_uid(fd, &uid);
        if (r < 0 || is_full(s, uid)) {
                (void) close(fd);
                return 0;
        }

        c = g_new0(Connection, 1);
        c->server = s;
        c->number = ++s->n_accepted;
        c->uid = uid;
        c->other = uid != 0;
        if (c->other)
                s->n_others++;
        (void) g_hash_table_add(s->connections, c);
        r = connection_start(c, fd);
        if (r < 0) {
                if (c->other) /* who connects in a loop must not fill the journal */
                        (void) log_debug_errno(r, "Cannot serve a connection on the direct socket: %m");
                else
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
        pass_files(fd, false);
        s->connections = g_hash_table_new_full(NULL, NULL, connection_free_func, NULL);
        r = sd_event_add_io(event, &s->accept_source, fd, EPOLLIN, on_connect, s);
        if (r < 0) {
                (void) close(fd);
                return r;
        }
        (void) sd_event_source_set_io_fd_own(s->accept_source, true);
        (void) sd_event_source_set_description(s->accept_source, "the direct socket");
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

void direct_server_take_files(DirectServer *s, sd_bus *bus) {
        GHashTableIter i;
        Connection *c;

        g_hash_table_iter_init(&i, s->connections);
        while (g_hash_table_iter_next(&i, (void **) &c, NULL))
                if (c->bus == bus)
                        take_files(c);
}

void direct_server_stop_accepting(DirectServer *s) {
        (void) sd_event_source_set_enabled(s->accept_source, SD_EVENT_OFF);
}

size_t direct_server_n_connections(const DirectServer *s) {
        return g_hash_table_size(s->connections) - s->n_others;
}
