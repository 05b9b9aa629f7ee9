/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>

#include "accept.h"
#include "multipart.h"
#include "request.h"
#include "route.h"
#include "server.h"
#include "time-text.h"
#include "uri.h"
#include "variable-text.h"

Request *request_new(Server *server, struct MHD_Connection *connection, const char *uri) {
        Request *r = g_new0(Request, 1);

        r->server = server;
        r->connection = connection;
        r->uri = g_strdup(uri);
        r->version = "2.4";
        return r;
}

Request *request_free(Request *r) {
        if (!r)
                return NULL;
        sd_bus_slot_unref(r->slot);
        request_set_state(r, NULL, NULL);
        if (r->response)
                MHD_destroy_response(r->response);
        multipart_free(r->multipart);
        if (r->body)
                g_string_free(r->body, true);
        if (r->query)
                g_array_unref(r->query);
        for (size_t i = 0; i < ELEMENTSOF(r->captures); i++)
                g_free(r->captures[i]);
        g_free(r->path);
        g_free(r->uri);
        g_free(r);
        return NULL;
}

void request_set_state(Request *r, void *state, GDestroyNotify state_free) {
        if (r->state && r->state_free)
                r->state_free(r->state);
        r->state = state;
        r->state_free = state_free;
}

const char *request_parameter(const Request *r, const char *name) {
        for (unsigned i = 0; r->query && i < r->query->len; i++) {
                const QueryParameter *q = &g_array_index(r->query, QueryParameter, i);

                if (strcmp(q->name, name) == 0)
                        return q->value;
        }
        return NULL;
}

uint64_t request_time(const char *text) {
        g_autoptr(GTimeZone) local = g_time_zone_new_local();

        return time_text_parse(text, local);
}

bool request_flag(const Request *r, const char *name) {
        const char *text = request_parameter(r, name);
        bool value = false;

        return text && variable_text_to_boolean(text, &value) >= 0 && value;
}

static const char *header(Request *r, const char *name) {
        return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

static bool has_body(Request *r) {
        const char *length = header(r, MHD_HTTP_HEADER_CONTENT_LENGTH);

        return header(r, MHD_HTTP_HEADER_TRANSFER_ENCODING) || (length && g_ascii_strtoull(length, NULL, 10) > 0);
}

/* ---- what is asked for ---- */

static void find_path(Request *r, const char *method) {
        g_autofree char *methods = NULL;
        int n;

        n = route_find(method, r->path, &r->route, r->captures);
        if (n >= 0)
                return;
        methods = route_methods(r->path);
        if (n == -ENOENT || !methods)
                request_fail(r, MHD_HTTP_NOT_FOUND, "Not found.");
        else if (strcmp(method, MHD_HTTP_METHOD_OPTIONS) == 0) {
                request_reply_json(r, MHD_HTTP_NO_CONTENT, NULL);
                (void) MHD_add_response_header(r->response, MHD_HTTP_HEADER_ALLOW, methods);
        } else
                request_fail_method(r, method);
}

static bool is_number(const char *text) {
        return g_ascii_string_to_unsigned(text, 10, 0, UINT32_MAX, NULL, NULL);
}

/* Seconds, with a fraction or without, as in a body. */
static bool is_seconds(const char *text) {
        size_t n = strspn(text, "0123456789"), fraction = text[n] == '.' ? 1 + strspn(text + n + 1, "0123456789") : 0;

        return n > 0 && n <= SECONDS_DIGITS_MAX && text[n + fraction] == '\0' && fraction != 1;
}

/* It is given twice, or by two names. */
static bool is_before(const Route *route, GArray *query, unsigned i, const Parameter *p) {
        while (i-- > 0) {
                const Parameter *other = route_find_parameter(route, g_array_index(query, QueryParameter, i).name);

                if (other && (other == p || (p->option && g_strcmp0(other->option, p->option) == 0)))
                        return true;
        }
        return false;
}

static void check_parameter(Request *r, unsigned i) {
        const QueryParameter *q = &g_array_index(r->query, QueryParameter, i);
        const Parameter *p = route_find_parameter(r->route, q->name);
        bool flag;

        if (!p)
                request_fail_field(r, q->name, "Unknown filter field");
        else if (is_before(r->route, r->query, i, p))
                request_fail_field(r, q->name, "Only one value is taken.");
        else if (p->type == VALUE_BOOLEAN && variable_text_to_boolean(q->value, &flag) < 0)
                request_fail_field(r, q->name, "Must be a valid boolean.");
        else if (p->type == VALUE_INTEGER && !is_number(q->value))
                request_fail_field(r, q->name, "A valid integer is required.");
        else if (p->type == VALUE_NUMBER && !is_seconds(q->value))
                request_fail_field(r, q->name, "A valid number is required.");
        else if (p->type == VALUE_TIME && request_time(q->value) == 0)
                request_fail_field(r, q->name, "Enter a valid date/time: " TIME_TEXT_FORMAT ", the \"+\" as \"%%2B\".");
}

static void check_query(Request *r, const char *query) {
        r->query = uri_split_query(query);
        if (!r->query)
                request_fail(r, MHD_HTTP_BAD_REQUEST, "The query is not UTF-8 text with percent-escapes, or has more "
                                                      "than %i parameters.", PARAMETERS_MAX);
        for (unsigned i = 0; r->query && i < r->query->len && !r->response; i++)
                check_parameter(r, i);
}

/* ---- headers ---- */

static void check_accept(Request *r) {
        AcceptHeader a;

        accept_parse(header(r, MHD_HTTP_HEADER_ACCEPT), &a);
        r->accept = a.accept;
        r->indent = a.indent;
        if (a.version)
                r->version = a.version;
        else
                request_fail(r, MHD_HTTP_NOT_ACCEPTABLE,
                             "Invalid version in \"Accept\" header. The versions are 1.2 to 2.4, and need not be given.");
}

static enum MHD_Result count_length(void *userdata, enum MHD_ValueKind kind, const char *name, const char *value) {
        unsigned *n = userdata;

        if (g_ascii_strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0 ||
            g_ascii_strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0)
                (*n)++;
        return MHD_YES;
}

static uint64_t body_size_max(const Request *r) {
        if (r->multipart)
                return UPLOAD_SIZE_MAX;
        return r->route && r->route->list_size_max > 0 ? r->route->list_size_max : BODY_SIZE_MAX;
}

/* A body whose end two programs could see in different places is how one request is smuggled inside another. */
static void check_body_size(Request *r) {
        const char *coding = header(r, MHD_HTTP_HEADER_TRANSFER_ENCODING);
        const char *length = header(r, MHD_HTTP_HEADER_CONTENT_LENGTH);
        unsigned n = 0;

        (void) MHD_get_connection_values(r->connection, MHD_HEADER_KIND, count_length, &n);
        if (n > 1)
                request_fail(r, MHD_HTTP_BAD_REQUEST, "The request says more than once how long its body is.");
        else if (coding && g_ascii_strcasecmp(coding, "chunked") != 0)
                request_fail(r, MHD_HTTP_NOT_IMPLEMENTED, "No transfer coding but \"chunked\" is known.");
        else if (length && g_ascii_strtoull(length, NULL, 10) > body_size_max(r))
                request_fail(r, MHD_HTTP_CONTENT_TOO_LARGE, "The body has more than %" PRIu64 " bytes.",
                             body_size_max(r));
}

static bool type_is(const char *type, const char *wanted) {
        size_t size = strcspn(type, "; \t");

        return strlen(wanted) == size && g_ascii_strncasecmp(type, wanted, size) == 0;
}

static void check_body_type(Request *r) {
        const char *type = header(r, MHD_HTTP_HEADER_CONTENT_TYPE);
        const char *coding = header(r, MHD_HTTP_HEADER_CONTENT_ENCODING);
        g_autofree char *shown = NULL;

        if (!r->has_body || (!r->route->fields && r->route->list_size_max == 0))
                return;
        if (coding && g_ascii_strcasecmp(coding, "identity") != 0) {
                shown = g_strndup(coding, 80);
                request_fail(r, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
                             "Unsupported content encoding \"%s\" in request. Send the body as it is.", shown);
                return;
        }
        if (type && type_is(type, "application/json"))
                return;
        if (type && r->route->is_multipart && type_is(type, "multipart/form-data")) {
                r->multipart = multipart_new(r->connection);
                if (!r->multipart)
                        request_fail(r, MHD_HTTP_BAD_REQUEST,
                                     "Multipart form parse error - Invalid boundary in multipart: None");
                return;
        }
        shown = g_strndup(type ?: "", 80);
        request_fail(r, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "Unsupported media type \"%s\" in request. Send application/json%s.",
                     shown, r->route->is_multipart ? " or multipart/form-data" : "");
}

static void check_header_size(Request *r) {
        const union MHD_ConnectionInfo *info;

        info = MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
        if (info && info->header_size > HEADER_SIZE_MAX)
                request_fail(r, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE,
                             "The request line and the headers have more than %i bytes.", HEADER_SIZE_MAX);
}

void request_begin(Request *r, const char *method) {
        size_t size = strcspn(r->uri, "?");
        const char *query = r->uri[size] ? r->uri + size + 1 : "";

        r->path = g_strndup(r->uri, size);
        r->has_body = has_body(r);
        check_header_size(r);
        if (!r->response)
                check_accept(r);
        if (!r->response)
                find_path(r, method);
        if (!r->response)
                check_query(r, query);
        if (!r->response)
                check_body_type(r);
        if (!r->response)
                check_body_size(r);
}

unsigned request_add_body(Request *r, const char *data, size_t size) {
        r->received += size;
        if (r->received > body_size_max(r))
                return MHD_HTTP_CONTENT_TOO_LARGE;
        if (r->multipart) {
                multipart_add(r->multipart, data, size);
                return 0;
        }
        if (!r->body)
                r->body = g_string_new(NULL);
        g_string_append_len(r->body, data, (gssize) size);
        return 0;
}

void request_finish(Request *r) {
        if (r->multipart)
                multipart_finish(r->multipart);
        if (r->accept == ACCEPT_OTHER && g_strcmp0(r->route->reply, "File") != 0)
                request_fail(r, MHD_HTTP_NOT_ACCEPTABLE,
                             "Could not satisfy the request Accept header. The answer is application/json.");
        else
                r->route->handle(r);
}
