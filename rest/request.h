/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <microhttpd.h>
#include <systemd/sd-bus.h>

#include "limit.h"
#include "macro.h"

/*
 * A request of the connection; there is one at a time. What becomes of it is said once, by one of the functions below,
 * at once or when jobd has answered: until then the connection is suspended.
 */
typedef struct Server Server;
typedef struct Route Route;
typedef struct Multipart Multipart;
typedef struct Request Request;

typedef enum Accept {
        ACCEPT_JSON,
        ACCEPT_EVENTS,    /* text/event-stream, and not JSON */
        ACCEPT_OTHER,     /* nothing that is JSON */
} Accept;

typedef struct QueryParameter {
        char *name, *value;
} QueryParameter;

struct Request {
        Server *server; /* weak ref */
        struct MHD_Connection *connection;
        char *uri;  /* as received */
        char *path; /* the part before "?", as received */
        const Route *route;
        char *captures[2]; /* decoded: the parts of the path that stand for {...}, in their order */
        GArray *query;     /* of QueryParameter, decoded */
        Accept accept;
        unsigned indent;
        const char *version; /* of the API, for the client to see; static */

        bool has_body, started, dispatched, suspended;
        GString *body;           /* NULL: none */
        Multipart *multipart;    /* NULL: the body is none */
        uint64_t received;       /* bytes of the body */

        struct MHD_Response *response;
        unsigned status;

        sd_bus_slot *slot;       /* the call that jobd has not answered */
        void *state;             /* the handler's own */
        GDestroyNotify state_free;
};

Request *request_new(Server *server, struct MHD_Connection *connection, const char *uri);
Request *request_free(Request *r);

/*
 * What comes from the connection, for server.c: headers, then parts of the body, then its end. A request may be answered
 * after each of them. request_add_body() returns 0, or the status with which the connection is to be closed.
 */
void request_begin(Request *r, const char *method);
unsigned request_add_body(Request *r, const char *data, size_t size) _must_check_;
void request_finish(Request *r);

/* The value of a query's parameter, borrowed; NULL when it is not given. */
const char *request_parameter(const Request *r, const char *name);
bool request_flag(const Request *r, const char *name); /* false when it is not given */

/* A time of a query (time-text.h), without an offset one of the host's zone: usec since the epoch; 0: it is none. */
uint64_t request_time(const char *text);

/* Takes over state; an earlier one is freed. */
void request_set_state(Request *r, void *state, GDestroyNotify free);

/* Takes over the response. */
void request_reply(Request *r, unsigned status, struct MHD_Response *response);
/* Takes over the node; NULL: no content. */
void request_reply_json(Request *r, unsigned status, JsonNode *node);
void request_reply_object(Request *r, unsigned status, JsonObject *object);
/* {"detail": "..."} */
void request_fail(Request *r, unsigned status, const char *format, ...) _printf_(3, 4);
/* {"name": ["..."]}, 400 */
void request_fail_field(Request *r, const char *name, const char *format, ...) _printf_(3, 4);
/* 405, with what the path can do */
void request_fail_method(Request *r, const char *method);
