/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <json-glib/json-glib.h>
#include <string.h>

#include "macro.h"

/*
 * The parser that goes with json-tree.c. json_scan() has looked at the text before, at its depth, too: here is no word
 * about what is wrong with it, but nothing wrong is taken for right either.
 */
enum { DEPTH_MAX = 64 };

typedef struct Reader {
        const char *p; /* ends with a NUL */
        unsigned depth;
} Reader;

static JsonNode *read_value(Reader *r);

static void skip_blanks(Reader *r) {
        r->p += strspn(r->p, " \t\r\n");
}

/* With the blanks around it. */
static bool take(Reader *r, char c) {
        skip_blanks(r);
        if (*r->p != c)
                return false;
        r->p++;
        skip_blanks(r);
        return true;
}

/* Four digits of a \u; -1: they are not there. */
static int take_code_unit(Reader *r) {
        int unit = 0;

        for (unsigned i = 0; i < 4; i++, r->p++) {
                int digit = g_ascii_xdigit_value(*r->p);

                if (digit < 0)
                        return -1;
                unit = unit * 16 + digit;
        }
        return unit;
}

static bool take_code_point(Reader *r, GString *to) {
        int unit = take_code_unit(r), low;

        if (unit >= 0xD800 && unit < 0xDC00) {
                if (r->p[0] != '\\' || r->p[1] != 'u')
                        return false;
                r->p += 2;
                low = take_code_unit(r);
                if (low < 0xDC00 || low > 0xDFFF)
                        return false;
                unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        }
        if (unit <= 0 || (unit >= 0xDC00 && unit < 0xE000))
                return false;
        g_string_append_unichar(to, (gunichar) unit);
        return true;
}

static bool take_escape(Reader *r, GString *to) {
        static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
        const char *letter;
        char c = *r->p;

        if (c == '\0')
                return false;
        r->p++;
        if (c == 'u')
                return take_code_point(r, to);
        letter = strchr(letters, c);
        if (letter)
                g_string_append_c(to, meanings[letter - letters]);
        return letter != NULL;
}

/* NULL: it is none. */
static char *read_string(Reader *r) {
        g_autoptr(GString) text = NULL;

        if (*r->p != '"')
                return NULL;
        r->p++;
        text = g_string_new(NULL);
        for (;;) {
                size_t n = strcspn(r->p, "\"\\");

                g_string_append_len(text, r->p, (gssize) n);
                r->p += n;
                if (*r->p == '\0')
                        return NULL;
                if (*r->p++ == '"')
                        return g_string_free(g_steal_pointer(&text), FALSE);
                if (!take_escape(r, text))
                        return NULL;
        }
}

static JsonNode *read_number(Reader *r) {
        size_t n = strspn(r->p, "-+.eE0123456789");
        g_autofree char *text = g_strndup(r->p, n);
        char *end;
        JsonNode *node;

        if (n == 0)
                return NULL;
        node = json_node_alloc();
        if (strpbrk(text, ".eE"))
                node = json_node_init_double(node, g_ascii_strtod(text, &end));
        else
                node = json_node_init_int(node, g_ascii_strtoll(text, &end, 10));
        if (*end) {
                json_node_unref(node);
                return NULL;
        }
        r->p += n;
        return node;
}

static bool take_word(Reader *r, const char *word) {
        size_t n = strlen(word);

        if (strncmp(r->p, word, n) != 0)
                return false;
        r->p += n;
        return true;
}

static bool read_element(Reader *r, JsonArray *array) {
        JsonNode *node = read_value(r);

        if (node)
                json_array_add_element(array, node);
        return node != NULL;
}

static bool read_elements(Reader *r, JsonArray *array) {
        if (take(r, ']'))
                return true;
        do
                if (!read_element(r, array))
                        return false;
        while (take(r, ','));
        return take(r, ']');
}

static bool read_member(Reader *r, JsonObject *object) {
        g_autofree char *name = read_string(r);
        JsonNode *node;

        if (!name || !take(r, ':'))
                return false;
        node = read_value(r);
        if (node)
                json_object_set_member(object, name, node);
        return node != NULL;
}

static bool read_members(Reader *r, JsonObject *object) {
        if (take(r, '}'))
                return true;
        do
                if (!read_member(r, object))
                        return false;
        while (take(r, ','));
        return take(r, '}');
}

static JsonNode *read_array(Reader *r) {
        JsonNode *node = json_node_alloc();
        JsonArray *array = json_array_new();

        json_node_take_array(node, array);
        if (read_elements(r, array))
                return node;
        json_node_unref(node);
        return NULL;
}

static JsonNode *read_object(Reader *r) {
        JsonNode *node = json_node_alloc();
        JsonObject *object = json_object_new();

        json_node_take_object(node, object);
        if (read_members(r, object))
                return node;
        json_node_unref(node);
        return NULL;
}

static JsonNode *read_scalar(Reader *r) {
        if (*r->p == '"') {
                g_autofree char *text = read_string(r);

                return text ? json_node_init_string(json_node_alloc(), text) : NULL;
        }
        if (take_word(r, "null"))
                return json_node_alloc();
        if (take_word(r, "true"))
                return json_node_init_boolean(json_node_alloc(), TRUE);
        if (take_word(r, "false"))
                return json_node_init_boolean(json_node_alloc(), FALSE);
        return read_number(r);
}

/* Calls itself by way of arrays and objects, DEPTH_MAX times at most. */
static JsonNode *read_value(Reader *r) {
        JsonNode *node = NULL;

        if (r->depth >= DEPTH_MAX)
                return NULL;
        r->depth++;
        skip_blanks(r);
        if (take(r, '['))
                node = read_array(r);
        else if (take(r, '{'))
                node = read_object(r);
        else
                node = read_scalar(r);
        r->depth--;
        return node;
}

JsonNode *json_from_string(const char *text, GError **ret_error) {
        Reader r = { .p = text };
        JsonNode *node;

        node = read_value(&r);
        skip_blanks(&r);
        if (node && *r.p) {
                json_node_unref(node);
                node = NULL;
        }
        if (!node)
                g_set_error_literal(ret_error, g_quark_from_static_string("json-parser-error-quark"),
                                    JSON_PARSER_ERROR_PARSE, "not JSON");
        return node;
}
