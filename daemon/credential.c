/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "credential.h"
#include "listen.h"
#include "log.h"

enum { CONNECTIONS_MAX = 1024 };

struct CredentialServer {
        sd_event_source *accept_source;
        CredentialLookup lookup;
        void *userdata;
        GHashTable *connections; /* set of Connection, owned */
        GPtrArray *waiting;      /* of Waiting */
};

/* A starter that asks for what is not there yet. */
typedef struct Waiting {
        int fd;
        char *unit, *credential;
} Waiting;

static void waiting_free_func(void *p) {
        Waiting *w = p;

        closep(&w->fd);
        g_free(w->unit);
        g_free(w->credential);
        g_free(w);
}

/* A starter that reads more slowly than we write. The bytes are copied: the run may end before they are read. */
typedef struct Connection {
        CredentialServer *server; /* weak ref */
        sd_event_source *source;
        int fd;
        Secret *secret;
        size_t sent;
} Connection;

static void connection_free_func(void *p) {
        Connection *c = p;

        (void) sd_event_source_disable_unref(c->source);
        closep(&c->fd);
        (void) secret_free(c->secret);
        g_free(c);
}

int credential_parse_peer_name(const char *name, size_t size, char **ret_unit, char **ret_credential) {
        static const char marker[] = "/unit/";
        g_autofree char *text = NULL;
        char *unit, *credential;

        if (size < 2 || name[0] != '\0')
                return -EINVAL;
        text = g_strndup(name + 1, size - 1);
        unit = strstr(text, marker);
        if (!unit)
                return -EINVAL;
        unit += strlen(marker);
        credential = strchr(unit, '/');
        if (!credential || credential == unit || !credential[1])
                return -EINVAL;
        *credential++ = '\0';

        *ret_unit = g_strdup(unit);
        *ret_credential = g_strdup(credential);
        return 0;
}

static int on_writable(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Connection *c = userdata;
        ssize_t n;

        n = send(fd, secret_bytes(c->secret) + c->sent, secret_size(c->secret) - c->sent, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n > 0)
                c->sent += (size_t) n;
        if (n <= 0 || c->sent == secret_size(c->secret))
                (void) g_hash_table_remove(c->server->connections, c);
        return 0;
}

static int answer(CredentialServer *s, int fd, const Secret *secret) {
        Connection *c;
        ssize_t n;
        int r;

        n = send(fd, secret_bytes(secret), secret_size(secret), MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
                return -errno;
        if (n == (ssize_t) secret_size(secret))
                return 0;

        c = g_new0(Connection, 1);
        c->server = s;
        c->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        c->secret = secret_new_bytes(secret_bytes(secret), secret_size(secret));
        c->sent = n > 0 ? (size_t) n : 0;
        (void) g_hash_table_add(s->connections, c);
        if (c->fd < 0 || !c->secret)
                r = -ENOMEM;
        else
                r = sd_event_add_io(sd_event_source_get_event(s->accept_source), &c->source, c->fd, EPOLLOUT,
                                    on_writable, c);
        if (r < 0)
                (void) g_hash_table_remove(s->connections, c);
        return r;
}

/* Who asks for what; root only, since only PID 1's starter has business here. */
static int identify(int fd, char **ret_unit, char **ret_credential) {
        socklen_t size = sizeof(struct ucred);
        struct sockaddr_un name;
        struct ucred peer;

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
                return -errno;
        if (peer.uid != 0)
                return -EPERM;
        size = sizeof(name);
        if (getpeername(fd, (struct sockaddr *) &name, &size) < 0)
                return -errno;
        if (size <= offsetof(struct sockaddr_un, sun_path))
                return -EINVAL;
        return credential_parse_peer_name(name.sun_path, size - offsetof(struct sockaddr_un, sun_path), ret_unit,
                                          ret_credential);
}

static void look_up(CredentialServer *s, int fd, const char *unit, const char *credential) {
        const Secret *secret;
        bool later = false;
        int r;

        secret = s->lookup(unit, credential, &later, s->userdata);
        if (!secret && later) {
                Waiting *w = g_new(Waiting, 1);

                *w = (Waiting){ fcntl(fd, F_DUPFD_CLOEXEC, 3), g_strdup(unit), g_strdup(credential) };
                g_ptr_array_add(s->waiting, w);
                return;
        }
        if (!secret) {
                log_warning("No credential '%s' for unit %s", credential, unit);
                return;
        }
        r = answer(s, fd, secret);
        if (r < 0)
                (void) log_warning_errno(r, "Cannot send the credential %s of unit %s: %m", credential, unit);
}

void credential_server_retry(CredentialServer *s) {
        g_autoptr(GPtrArray) waiting = TAKE_PTR(s->waiting);

        s->waiting = g_ptr_array_new_with_free_func(waiting_free_func);
        for (guint i = 0; i < waiting->len; i++) {
                const Waiting *w = waiting->pdata[i];

                if (w->fd >= 0)
                        look_up(s, w->fd, w->unit, w->credential);
        }
}

static int on_connect(sd_event_source *source, int listen_fd, uint32_t revents, void *userdata) {
        g_autofree char *unit = NULL, *credential = NULL;
        _cleanup_close_ int fd = -EBADF;
        CredentialServer *s = userdata;
        int r;

        fd = listen_accept(source, listen_fd);
        if (fd < 0)
                return 0;
        if (g_hash_table_size(s->connections) + s->waiting->len >= CONNECTIONS_MAX) {
                log_warning("Too many connections for credentials, closing one");
                return 0;
        }

        r = identify(fd, &unit, &credential);
        if (r < 0) {
                (void) log_warning_errno(r, "Refused a connection for credentials: %m");
                return 0;
        }
        look_up(s, fd, unit, credential);
        return 0;
}

int credential_server_new(sd_event *event, int fd, CredentialLookup lookup, void *userdata, CredentialServer **ret) {
        _cleanup_(credential_server_freep) CredentialServer *s = NULL;
        int r;

        s = g_new0(CredentialServer, 1);
        s->lookup = lookup;
        s->userdata = userdata;
        s->connections = g_hash_table_new_full(NULL, NULL, connection_free_func, NULL);
        s->waiting = g_ptr_array_new_with_free_func(waiting_free_func);
        r = sd_event_add_io(event, &s->accept_source, fd, EPOLLIN, on_connect, s);
        if (r < 0) {
                closep(&fd);
                return r;
        }
        (void) sd_event_source_set_io_fd_own(s->accept_source, true);
        (void) sd_event_source_set_description(s->accept_source, "the credentials socket");
        /* A starter that waits holds a run up: before anything else of this turn. */
        (void) sd_event_source_set_priority(s->accept_source, SD_EVENT_PRIORITY_NORMAL - 5);
        *ret = TAKE_PTR(s);
        return 0;
}

CredentialServer *credential_server_free(CredentialServer *s) {
        if (!s)
                return NULL;
        g_hash_table_unref(s->connections);
        g_ptr_array_unref(s->waiting);
        (void) sd_event_source_disable_unref(s->accept_source);
        g_free(s);
        return NULL;
}
