/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
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

enum { INPUT_MAX = 128 * 1024 }; /* what a socket takes without somebody who reads */

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

static void serve(int fd) {
        _cleanup_(server_freep) Server *server = NULL;
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;

        g_assert_no_errno(sd_event_new(&event));
        g_assert_no_errno(server_new(event, fd, &server));
        g_assert_no_errno(server_run(server));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *text = g_strndup(size > 0 ? (const char *) data : "", size);
        g_autoptr(GString) answer = g_string_new(NULL);
        char chunk[65536];
        int pair[2], buffer = 8 * 1024 * 1024;
        ssize_t n;

        if (size > INPUT_MAX)
                return 0;
        (void) setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
        check_uri(text);

        g_assert_no_errno(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
        (void) setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
        if (size > 0)
                g_assert_cmpint(send(pair[0], data, size, MSG_NOSIGNAL | MSG_DONTWAIT), ==, (ssize_t) size);
        g_assert_no_errno(shutdown(pair[0], SHUT_WR));
        serve(pair[1]);
        while ((n = recv(pair[0], chunk, sizeof(chunk), MSG_DONTWAIT)) > 0)
                g_string_append_len(answer, chunk, n);
        (void) close(pair[0]);
        check_answers(answer->str, answer->len);
        return 0;
}
