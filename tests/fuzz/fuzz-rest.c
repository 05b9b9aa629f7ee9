/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "json.h"
#include "route.h"
#include "server.h"
#include "uri.h"

/*
 * Bytes as a client may send them: through libmicrohttpd, the table of routes, the checks and the decoding of bodies, up to
 * the bus, which is not there. Every answer must be HTTP, and JSON where it says so.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
        INPUT_MAX = 128 * 1024, /* what a socket takes without somebody who reads */
        PIECES_MAX = 200,
};

static void check_body(const char *head, const char *body, size_t size) {
        g_autoptr(JsonNode) node = NULL;

        if (strstr(head, "Content-Type: application/json") && size > 0)
                g_assert_no_errno(json_parse(body, size, SIZE_MAX, &node, NULL));
}

/* One after the other, each with its length; what was cut off by the end of the connection is not looked at. */
static void check_answers(const char *text, size_t size) {
        while (size > 0) {
                const char *end = g_strstr_len(text, (gssize) size, "\r\n\r\n");
                g_autofree char *head = NULL;
                const char *length;
                size_t body;

                g_assert_true(size >= 9 && memcmp(text, "HTTP/1.", 7) == 0);
                if (!end)
                        return;
                head = g_strndup(text, (size_t) (end - text));
                length = strstr(head, "Content-Length: ");
                size -= (size_t) (end + 4 - text);
                text = end + 4;
                body = length ? g_ascii_strtoull(length + strlen("Content-Length: "), NULL, 10) : 0;
                /* HEAD has the length of a body that is not there */
                if (body > size || (size - body > 0 && memcmp(text + body, "HTTP/1.", MIN(7, size - body)) != 0))
                        return;
                check_body(head, text, body);
                text += body;
                size -= body;
        }
}

static void check_uri(const char *text) {
        g_autoptr(GPtrArray) parts = uri_split_path(text);
        g_autoptr(GArray) query = uri_split_query(text);
        _unused_ g_autofree char *methods = route_methods(text);

        for (unsigned i = 0; parts && i < parts->len; i++)
                g_assert_true(g_utf8_validate(parts->pdata[i], -1, NULL));
        for (unsigned i = 0; query && i < query->len; i++)
                g_assert_true(g_utf8_validate(g_array_index(query, QueryParameter, i).value, -1, NULL));
}

/* The bytes of a client that sends piece by piece, each when the one before has been read. */
typedef struct Client {
        int fd;
        const uint8_t *data;
        size_t size, piece;
} Client;

static int on_idle(sd_event_source *source, void *userdata) {
        Client *c = userdata;
        size_t n = MIN(c->size, c->piece);
        int unread;

        g_assert_no_errno(ioctl(c->fd, SIOCOUTQ, &unread));
        if (unread > 0)
                return 0;
        if (n > 0 && send(c->fd, c->data, n, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t) n)
                return sd_event_source_set_enabled(source, SD_EVENT_OFF); /* it has been refused */
        c->data += n;
        c->size -= n;
        if (c->size > 0)
                return 0;
        (void) shutdown(c->fd, SHUT_WR);
        return sd_event_source_set_enabled(source, SD_EVENT_OFF);
}

/* Once it is refused nothing more comes of it, so that nobody waits for that. */
static int on_exit_of_server(sd_event_source *source, void *userdata) {
        const Client *c = userdata;

        (void) shutdown(c->fd, SHUT_WR);
        return 0;
}

static void serve(int fd, Client *c) {
        _cleanup_(server_freep) Server *server = NULL;
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        sd_event_source *client, *end;

        g_assert_no_errno(sd_event_new(&event));
        g_assert_no_errno(server_new(event, fd, &server));
        g_assert_no_errno(sd_event_add_defer(event, &client, on_idle, c));
        g_assert_no_errno(sd_event_source_set_priority(client, SD_EVENT_PRIORITY_IDLE));
        g_assert_no_errno(sd_event_source_set_enabled(client, SD_EVENT_ON));
        g_assert_no_errno(sd_event_add_exit(event, &end, on_exit_of_server, c));
        g_assert_no_errno(server_run(server));
        (void) sd_event_source_disable_unref(client);
        (void) sd_event_source_disable_unref(end);
}

static GString *answer_to(const uint8_t *data, size_t size, size_t piece) {
        int pair[2], buffer = 8 * 1024 * 1024;
        GString *answer = g_string_new(NULL);
        char chunk[65536];
        Client client;
        ssize_t n;

        g_assert_no_errno(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
        (void) setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
        client = (Client){ pair[0], data, size, piece };
        serve(pair[1], &client);
        while ((n = recv(pair[0], chunk, sizeof(chunk), MSG_DONTWAIT)) > 0)
                g_string_append_len(answer, chunk, n);
        (void) close(pair[0]);
        return answer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *text = g_strndup(size > 0 ? (const char *) data : "", size);
        /* As a whole, and in pieces of a size that is the input's own */
        const size_t pieces[] = { SIZE_MAX, MAX(g_str_hash(text) % 64 + 1, size / PIECES_MAX) };

        if (size > INPUT_MAX)
                return 0;
        (void) setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
        check_uri(text);
        for (size_t i = 0; i < ELEMENTSOF(pieces); i++) {
                GString *answer = answer_to(data, size, pieces[i]);

                check_answers(answer->str, answer->len);
                g_string_free(answer, true);
        }
        return 0;
}
