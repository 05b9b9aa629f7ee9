/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdarg.h>
#include <string.h>

#include "encode.h"
#include "request.h"
#include "route.h"
#include "server.h"

void request_reply(Request *r, unsigned status, struct MHD_Response *response) {
        if (r->response) { /* the first answer counts */
                MHD_destroy_response(response);
                return;
        }
        (void) MHD_add_response_header(response, "API-Version", r->version);
        (void) MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
        (void) MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
        r->status = status;
        r->response = response;
        server_resume(r->server, r);
}

static struct MHD_Response *json_response(Request *r, JsonNode *node) {
        struct MHD_Response *response;
        char *text;

        text = encode_json(node, r->indent);
        response = MHD_create_response_from_buffer_with_free_callback(strlen(text), text, g_free);
        (void) MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
        return response;
}

void request_reply_json(Request *r, unsigned status, JsonNode *node) {
        struct MHD_Response *response;

        if (node) {
                response = json_response(r, node);
                json_node_unref(node);
        } else
                response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
        if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
                g_autofree char *methods = route_methods(r->path);

                (void) MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, methods ?: "");
        }
        request_reply(r, status, response);
}

void request_reply_object(Request *r, unsigned status, JsonObject *object) {
        JsonNode *node = json_node_new(JSON_NODE_OBJECT);

        json_node_take_object(node, object);
        request_reply_json(r, status, node);
}

void request_fail(Request *r, unsigned status, const char *format, ...) {
        JsonObject *object = json_object_new();
        g_autofree char *text = NULL, *valid = NULL;
        va_list arguments;

        va_start(arguments, format);
        text = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        valid = g_utf8_make_valid(text, -1); /* a method and a header are shown as they were sent */
        json_object_set_string_member(object, "detail", valid);
        request_reply_object(r, status, object);
}

void request_fail_field(Request *r, const char *name, const char *format, ...) {
        JsonObject *object = json_object_new();
        JsonArray *texts = json_array_new();
        g_autofree char *text = NULL;
        va_list arguments;

        va_start(arguments, format);
        text = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        json_array_add_string_element(texts, text);
        json_object_set_array_member(object, name, texts);
        request_reply_object(r, MHD_HTTP_BAD_REQUEST, object);
}

void request_fail_method(Request *r, const char *method) {
        g_autofree char *shown = g_strndup(method, 32);

        request_fail(r, MHD_HTTP_METHOD_NOT_ALLOWED, "Method \"%s\" not allowed.", shown);
}
