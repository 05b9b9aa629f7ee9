/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <math.h>
#include <string.h>

#include "json.h"

enum {
        SHOW_TEXT_MAX = 80, /* characters */
};

static void append_string(GString *to, const char *text) {
        static const char letters[] = "\"\\bfnrt", meanings[] = "\"\\\b\f\n\r\t";

        g_string_append_c(to, '"');
        for (const char *p = text; *p; p++) {
                const char *escaped = memchr(meanings, *p, sizeof(meanings) - 1);

                if (escaped) {
                        g_string_append_c(to, '\\');
                        g_string_append_c(to, letters[escaped - meanings]);
                } else if ((unsigned char) *p < 0x20 || *p == 0x7F) /* DEL steers terminals too */
                        g_string_append_printf(to, "\\u%04x", (unsigned) *p);
                else
                        g_string_append_c(to, *p);
        }
        g_string_append_c(to, '"');
}

/* As many of 15 to 17 digits as read back as the same double: json-glib's 17 make 0.10000000000000001 of 0.1. */
static void append_double(GString *to, double value) {
        char text[G_ASCII_DTOSTR_BUF_SIZE];

        if (!isfinite(value)) { /* JSON has no word for it, and json_parse() lets none in. */
                g_string_append(to, "null");
                return;
        }

        for (unsigned digits = 15; digits <= 17; digits++) {
                char format[] = "%.15g";

                format[3] = (char) ('0' + digits % 10);
                (void) g_ascii_formatd(text, sizeof(text), format, value);
                if (g_ascii_strtod(text, NULL) == value)
                        break;
        }

        g_string_append(to, text);
        if (!strpbrk(text, ".e")) /* A double stays one. */
                g_string_append(to, ".0");
}

static void append_scalar(GString *to, JsonNode *node) {
        switch (json_node_get_value_type(node)) {
        case G_TYPE_INT64:
                g_string_append_printf(to, "%" G_GINT64_FORMAT, json_node_get_int(node));
                break;
        case G_TYPE_DOUBLE:
                append_double(to, json_node_get_double(node));
                break;
        case G_TYPE_BOOLEAN:
                g_string_append(to, json_node_get_boolean(node) ? "true" : "false");
                break;
        case G_TYPE_STRING:
                append_string(to, json_node_get_string(node));
                break;
        default:
                g_assert_not_reached();
        }
}

static void append_node(GString *to, JsonNode *node);

static void append_object(GString *to, JsonObject *object) {
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
                append_string(to, name);
                g_string_append_c(to, ':');
                append_node(to, member);
        }
        g_string_append_c(to, '}');
}

static void append_array(GString *to, JsonArray *array) {
        g_string_append_c(to, '[');
        for (unsigned i = 0; i < json_array_get_length(array); i++) {
                if (i > 0)
                        g_string_append_c(to, ',');
                append_node(to, json_array_get_element(array, i));
        }
        g_string_append_c(to, ']');
}

/* As deep as the document: json_parse() bounds what comes from outside, and our own documents are flat. */
static void append_node(GString *to, JsonNode *node) {
        switch (json_node_get_node_type(node)) {
        case JSON_NODE_OBJECT:
                append_object(to, json_node_get_object(node));
                break;
        case JSON_NODE_ARRAY:
                append_array(to, json_node_get_array(node));
                break;
        case JSON_NODE_VALUE:
                append_scalar(to, node);
                break;
        case JSON_NODE_NULL:
                g_string_append(to, "null");
                break;
        }
}

char *json_format(JsonNode *node) {
        GString *to = g_string_new(NULL);

        if (node)
                append_node(to, node);
        else
                g_string_append(to, "null");
        return g_string_free(to, FALSE);
}

char *json_format_object(JsonObject *object) {
        GString *to = g_string_new(NULL);

        append_object(to, object);
        return g_string_free(to, FALSE);
}

char *json_show_text(const char *text) {
        GString *to = g_string_new(NULL);
        unsigned n = 0;

        for (const char *p = text; *p; p = g_utf8_next_char(p)) {
                gunichar c = g_utf8_get_char(p);

                if (n++ == SHOW_TEXT_MAX) {
                        g_string_append(to, "…");
                        break;
                }
                if (c == ' ' || g_unichar_isgraph(c))
                        g_string_append_unichar(to, c);
                else
                        g_string_append_printf(to, c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
        }
        return g_string_free(to, FALSE);
}

static bool list_has(JsonArray *list, JsonNode *value) {
        for (unsigned i = 0; i < json_array_get_length(list); i++)
                if (json_node_equal(json_array_get_element(list, i), value))
                        return true;
        return false;
}

bool json_has_all(JsonNode *value, JsonNode *asked) {
        JsonArray *all;

        if (!JSON_NODE_HOLDS_ARRAY(value) || !JSON_NODE_HOLDS_ARRAY(asked))
                return json_node_equal(value, asked);

        all = json_node_get_array(asked);
        for (unsigned i = 0; i < json_array_get_length(all); i++)
                if (!list_has(json_node_get_array(value), json_array_get_element(all, i)))
                        return false;
        return true;
}

unsigned json_depth(JsonNode *node) {
        g_autoptr(GList) members = NULL;
        unsigned depth = 0;

        if (JSON_NODE_HOLDS_OBJECT(node))
                members = json_object_get_values(json_node_get_object(node));
        else if (JSON_NODE_HOLDS_ARRAY(node))
                members = json_array_get_elements(json_node_get_array(node));
        else
                return 0;

        for (GList *m = members; m; m = m->next) {
                unsigned inner = json_depth(m->data);

                if (inner > depth)
                        depth = inner;
        }
        return depth + 1;
}
