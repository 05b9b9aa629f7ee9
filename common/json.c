/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "json-scan.h"
#include "json.h"

_printf_(2, 3)
static int fail(char **ret_error, const char *format, ...) {
        va_list ap;

        if (ret_error) {
                va_start(ap, format);
                *ret_error = g_strdup_vprintf(format, ap);
                va_end(ap);
        }
        return -EINVAL;
}

int json_parse(const char *text, size_t size, size_t size_max, JsonNode **ret, char **ret_error) {
        g_autoptr(JsonParser) parser = NULL;
        int r;

        if (size > size_max) {
                (void) fail(ret_error, "%zu bytes of JSON, %zu are the most that is taken", size, size_max);
                return -E2BIG;
        }

        r = json_scan(text, size, ret_error);
        if (r < 0)
                return r;

        /* What passed the check is a subset of what json-glib takes: if this ever fails, the two disagree. */
        parser = json_parser_new();
        if (!json_parser_load_from_data(parser, text, (gssize) size, NULL) || !json_parser_get_root(parser))
                return fail(ret_error, "JSON that json-glib does not take");

        *ret = json_parser_steal_root(parser);
        return 0;
}

int json_parse_object(const char *text, size_t size, size_t size_max, JsonObject **ret, char **ret_error) {
        g_autoptr(JsonNode) node = NULL;
        int r;

        r = json_parse(text, size, size_max, &node, ret_error);
        if (r < 0)
                return r;
        if (!JSON_NODE_HOLDS_OBJECT(node))
                return fail(ret_error, "the JSON value is not an object, {...}");

        *ret = json_node_dup_object(node);
        return 0;
}

static const char *const member_type_names[] = {
        [JSON_STRING] = "a string",
        [JSON_INTEGER] = "an integer",
        [JSON_DOUBLE] = "a number",
        [JSON_BOOLEAN] = "true or false",
        [JSON_OBJECT] = "an object",
        [JSON_ARRAY] = "an array",
        [JSON_ANY] = "a value other than null",
};

static bool node_is(JsonNode *node, JsonMemberType type) {
        GType value_type = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : G_TYPE_INVALID;

        switch (type) {
        case JSON_STRING:
                return value_type == G_TYPE_STRING;
        case JSON_INTEGER:
                return value_type == G_TYPE_INT64;
        case JSON_DOUBLE:
                return value_type == G_TYPE_DOUBLE || value_type == G_TYPE_INT64;
        case JSON_BOOLEAN:
                return value_type == G_TYPE_BOOLEAN;
        case JSON_OBJECT:
                return JSON_NODE_HOLDS_OBJECT(node);
        case JSON_ARRAY:
                return JSON_NODE_HOLDS_ARRAY(node);
        case JSON_ANY:
                return !JSON_NODE_HOLDS_NULL(node);
        }
        return false;
}

static void store_member(JsonNode *node, JsonMemberType type, void *to) {
        switch (type) {
        case JSON_STRING:
                g_free(*(char **) to);
                *(char **) to = json_node_dup_string(node);
                break;
        case JSON_INTEGER:
                *(int64_t *) to = json_node_get_int(node);
                break;
        case JSON_DOUBLE:
                *(double *) to = json_node_get_double(node);
                break;
        case JSON_BOOLEAN:
                *(bool *) to = json_node_get_boolean(node);
                break;
        case JSON_OBJECT:
        case JSON_ARRAY:
        case JSON_ANY:
                if (*(JsonNode **) to)
                        json_node_unref(*(JsonNode **) to);
                *(JsonNode **) to = json_node_copy(node);
                break;
        }
}

static const JsonMember *find_member(const JsonMember *table, size_t n_table, const char *name) {
        for (size_t i = 0; i < n_table; i++)
                if (strcmp(table[i].name, name) == 0)
                        return table + i;
        return NULL;
}

static int check_members(JsonObject *object, const JsonMember *table, size_t n_table, char **ret_error) {
        JsonObjectIter iter;
        const char *name;
        JsonNode *node;

        json_object_iter_init_ordered(&iter, object);
        while (json_object_iter_next_ordered(&iter, &name, &node)) {
                const JsonMember *m = find_member(table, n_table, name);

                if (!m) {
                        g_autofree char *shown = json_show_text(name);

                        return fail(ret_error, "unknown member \"%s\"", shown);
                }
                if (!node_is(node, m->type))
                        return fail(ret_error, "the member \"%s\" must be %s", name, member_type_names[m->type]);
        }

        for (size_t i = 0; i < n_table; i++)
                if (table[i].required && !json_object_has_member(object, table[i].name))
                        return fail(ret_error, "the member \"%s\" is missing", table[i].name);
        return 0;
}

int json_read_members(JsonObject *object, const JsonMember *table, size_t n_table, void *base, char **ret_error) {
        int r;

        /* All or nothing: nothing is stored before everything has been checked. */
        r = check_members(object, table, n_table, ret_error);
        if (r < 0)
                return r;

        for (size_t i = 0; i < n_table; i++) {
                JsonNode *node = json_object_get_member(object, table[i].name);

                if (node)
                        store_member(node, table[i].type, (uint8_t *) base + table[i].offset);
        }
        return 0;
}
