/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "encode.h"

static void append_line(GString *to, unsigned indent, unsigned depth) {
        g_string_append_printf(to, "\n%*s", (int) (indent * depth), "");
}

static void append_node(GString *to, JsonNode *node, unsigned indent, unsigned depth);

static void append_name(GString *to, const char *name) {
        g_autoptr(JsonNode) node = json_node_init_string(json_node_alloc(), name);
        g_autofree char *text = json_format(node);

        g_string_append_printf(to, "%s: ", text);
}

static void append_object(GString *to, JsonObject *object, unsigned indent, unsigned depth) {
        JsonObjectIter iter;
        const char *name;
        JsonNode *member;
        bool first = true;

        g_string_append_c(to, '{');
        json_object_iter_init_ordered(&iter, object);
        while (json_object_iter_next_ordered(&iter, &name, &member)) {
                if (!first)
                        g_string_append_c(to, ',');
                first = false;
                append_line(to, indent, depth + 1);
                append_name(to, name);
                append_node(to, member, indent, depth + 1);
        }
        append_line(to, indent, depth);
        g_string_append_c(to, '}');
}

static void append_array(GString *to, JsonArray *array, unsigned indent, unsigned depth) {
        g_string_append_c(to, '[');
        for (unsigned i = 0; i < json_array_get_length(array); i++) {
                if (i > 0)
                        g_string_append_c(to, ',');
                append_line(to, indent, depth + 1);
                append_node(to, json_array_get_element(array, i), indent, depth + 1);
        }
        append_line(to, indent, depth);
        g_string_append_c(to, ']');
}

static void append_node(GString *to, JsonNode *node, unsigned indent, unsigned depth) {
        if (JSON_NODE_HOLDS_OBJECT(node) && json_object_get_size(json_node_get_object(node)) > 0)
                append_object(to, json_node_get_object(node), indent, depth);
        else if (JSON_NODE_HOLDS_ARRAY(node) && json_array_get_length(json_node_get_array(node)) > 0)
                append_array(to, json_node_get_array(node), indent, depth);
        else {
                g_autofree char *text = json_format(node);

                g_string_append(to, text);
        }
}

char *encode_json(JsonNode *node, unsigned indent) {
        GString *to;

        if (indent == 0)
                return json_format(node);
        to = g_string_new(NULL);
        append_node(to, node, indent, 0);
        g_string_append_c(to, '\n');
        return g_string_free(to, false);
}

/* What a client sends is put into our answer: nothing but what a host and a port are made of. */
static bool host_is_valid(const char *host) {
        return host && host[0] && strlen(host) <= 255 &&
               strspn(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:[]") == strlen(host);
}

char *encode_origin(Request *r) {
        const char *host = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
        const char *scheme = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "X-Forwarded-Proto");

        if (!host_is_valid(host))
                return g_strdup("");
        return g_strdup_printf("%s://%s", g_strcmp0(scheme, "https") == 0 ? "https" : "http", host);
}

char *encode_url(Request *r, const char *collection, const char *id) {
        g_autofree char *origin = encode_origin(r), *escaped = g_uri_escape_string(id, NULL, false);

        return g_strdup_printf("%s/api/extras/%s/%s/", origin, collection, escaped);
}

void encode_add_links(Request *r, JsonObject *object, const char *collection) {
        const char *id = json_object_get_string_member_with_default(object, "id", "");
        const char *name = json_object_get_string_member_with_default(object, "name", id);
        g_autofree char *url = encode_url(r, collection, id);

        json_object_set_string_member(object, "display", name);
        json_object_set_string_member(object, "url", url);
}
