/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "ask-objects.h"
#include "json.h"
#include "objects.h"
#include "output.h"
#include "variable-text.h"

bool ask_objects_is_one(JsonObject *variable) {
        const char *type = json_string(variable, "type") ?: "";

        return strcmp(type, "object") == 0 || strcmp(type, "multiobject") == 0;
}

/* A string "$name" is the value of that variable, "$$" a "$"; a lookup of what has no value is left out. */
static JsonNode *param_value(JsonNode *param, JsonObject *data) {
        const char *text = JSON_NODE_HOLDS_VALUE(param) && json_node_get_value_type(param) == G_TYPE_STRING
                                           ? json_node_get_string(param)
                                           : "";
        JsonNode *value;

        if (text[0] != '$')
                return json_node_copy(param);
        if (text[1] == '$')
                return json_node_init_string(json_node_alloc(), text + 1);
        value = json_object_get_member(data, text + 1);
        return value && !JSON_NODE_HOLDS_NULL(value) && !JSON_NODE_HOLDS_OBJECT(value) ? json_node_copy(value) : NULL;
}

static char *query_of(JsonObject *variable, JsonObject *data) {
        JsonNode *node = json_object_get_member(variable, "query_params");
        g_autoptr(JsonObject) query = json_object_new();
        JsonObjectIter i;
        const char *key;
        JsonNode *param;

        if (!node || !JSON_NODE_HOLDS_OBJECT(node))
                return g_strdup("");
        json_object_iter_init_ordered(&i, json_node_get_object(node));
        while (json_object_iter_next_ordered(&i, &key, &param)) {
                JsonNode *value = param_value(param, data);

                if (value)
                        json_object_set_member(query, key, value);
        }
        return json_format_object(query);
}

static const char *key_of(JsonObject *variable, JsonNode *object) {
        const char *member = json_string(variable, "primary_key");

        return member && JSON_NODE_HOLDS_OBJECT(object) ? json_string(json_node_get_object(object), member) : NULL;
}

char **ask_objects_offer(Connection *c, JsonObject *variable, JsonObject *data) {
        g_autofree char *query = query_of(variable, data);
        EscapeFlags flags = terminal_escape_flags(STDERR_FILENO);
        GPtrArray *keys = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(JsonArray) objects = NULL;
        bool more;

        if (objects_try(c, json_string(variable, "model") ?: "", query, ASK_OBJECTS_MAX, &objects, &more) < 0 ||
            more) {
                g_ptr_array_unref(keys);
                return NULL;
        }
        for (unsigned i = 0; i < json_array_get_length(objects); i++) {
                const char *key = key_of(variable, json_array_get_element(objects, i));
                g_autofree char *shown = NULL;

                if (!key)
                        continue;
                g_ptr_array_add(keys, g_strdup(key));
                shown = escape_text(key, -1, flags);
                fprintf(stderr, "%4u) %s\n", keys->len, shown);
        }
        g_ptr_array_set_free_func(keys, NULL);
        g_ptr_array_add(keys, NULL);
        return (char **) g_ptr_array_free(keys, false);
}

/* The primary key that is meant: by its number, unless there is one that reads like a number. Borrowed. */
static const char *chosen(char **offered, const char *answer) {
        int64_t number;

        if (!offered || g_strv_contains((const char *const *) offered, answer) ||
            variable_text_to_integer(answer, &number) < 0 || number < 1 || number > (int64_t) g_strv_length(offered))
                return answer;
        return offered[number - 1];
}

/* 1: there is one, 0: there is not, negative errno: nobody can tell. */
static int exists(Connection *c, JsonObject *variable, const char *key) {
        const char *member = json_string(variable, "primary_key") ?: "", *model = json_string(variable, "model") ?: "";
        g_autoptr(JsonObject) query = json_object_new();
        g_autoptr(JsonArray) found = NULL;
        g_autofree char *text = NULL;
        int r;

        json_object_set_string_member(query, member, key);
        text = json_format_object(query);
        r = objects_try(c, model, text, 1, &found, NULL);
        explicit_bzero(text, strlen(text));
        return r < 0 ? r : json_array_get_length(found) > 0;
}

/* What nobody can tell jobd will. */
static int check(Connection *c, JsonObject *variable, char **offered, const char *key, char **ret_error) {
        if (offered ? g_strv_contains((const char *const *) offered, key) : exists(c, variable, key) != 0)
                return 0;
        *ret_error = json_boolean(variable, "sensitive")
                                     ? g_strdup("There is no such object to choose.")
                                     : g_strdup_printf("There is no object \"%s\" to choose.", key);
        return -ENOENT;
}

static int take_list(Connection *c, JsonObject *variable, char **offered, JsonArray *list, JsonNode **ret,
                     char **ret_error) {
        g_autoptr(JsonArray) values = json_array_new();
        int r;

        for (unsigned i = 0; i < json_array_get_length(list); i++) {
                JsonNode *node = json_array_get_element(list, i);
                const char *key;

                if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING) {
                        json_array_add_element(values, json_node_copy(node));
                        continue;
                }
                key = chosen(offered, json_node_get_string(node));
                r = check(c, variable, offered, key, ret_error);
                if (r < 0)
                        return r;
                json_array_add_string_element(values, key);
        }
        *ret = json_node_init_array(json_node_alloc(), values);
        return 0;
}

int ask_objects_take(Connection *c, JsonObject *variable, char **offered, const char *answer, JsonNode **ret,
                     char **ret_error) {
        g_autoptr(JsonNode) value = NULL;
        const char *key;
        int r;

        r = variable_text_to_json(json_string(variable, "type"), answer, &value, ret_error);
        if (r < 0)
                return r;
        if (JSON_NODE_HOLDS_ARRAY(value))
                return take_list(c, variable, offered, json_node_get_array(value), ret, ret_error);
        if (JSON_NODE_HOLDS_OBJECT(value)) { /* a query */
                *ret = TAKE_PTR(value);
                return 0;
        }
        key = chosen(offered, json_node_get_string(value));
        r = check(c, variable, offered, key, ret_error);
        if (r < 0)
                return r;
        *ret = json_node_init_string(json_node_alloc(), key);
        return 0;
}
