/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "variable-type.h"
#include "variables-objects.h"

static void want_value(GHashTable *wants, const Variable *v, JsonNode *value) {
        object_wants_add(wants, v->model, NULL);
        if (JSON_NODE_HOLDS_VALUE(value) && json_node_get_value_type(value) == G_TYPE_STRING)
                object_wants_add(wants, v->model, json_node_get_string(value));
        if (!JSON_NODE_HOLDS_ARRAY(value))
                return;
        for (unsigned i = 0; i < json_array_get_length(json_node_get_array(value)); i++) {
                JsonNode *element = json_array_get_element(json_node_get_array(value), i);

                if (JSON_NODE_HOLDS_VALUE(element) && json_node_get_value_type(element) == G_TYPE_STRING)
                        object_wants_add(wants, v->model, json_node_get_string(element));
        }
}

GHashTable *variables_object_wants(const GPtrArray *variables, JsonObject *input) {
        g_autoptr(GHashTable) wants = object_wants_new();

        for (unsigned i = 0; variables && i < variables->len; i++) {
                const Variable *v = variables->pdata[i];
                JsonNode *value;

                if (!v->type->has_model)
                        continue;
                value = json_object_get_member(input, v->name) ?: v->default_value;
                if (value && !variable_value_is_empty(v, value))
                        want_value(wants, v, value);
        }
        return g_hash_table_size(wants) > 0 ? TAKE_PTR(wants) : NULL;
}

/* ---- queries ---- */

static bool lookup_value(const char *name, JsonNode **ret, void *userdata) {
        JsonNode *value = json_object_get_member(userdata, name);

        if (value && !JSON_NODE_HOLDS_NULL(value))
                *ret = json_node_copy(value);
        return true;
}

static JsonNode *resolve_query(const Variable *v, JsonNode *value, const ObjectSet *objects, JsonObject *values,
                               JsonObject *errors) {
        g_autoptr(JsonObject) params = variable_object_params(v, lookup_value, values);
        g_autoptr(JsonArray) messages = json_array_new();
        JsonNode *resolved;

        resolved = variable_object_resolve(v, value, objects, params, messages);
        if (!resolved)
                json_object_set_array_member(errors, v->name, TAKE_PTR(messages));
        return resolved;
}

int variables_resolve_queries(const GPtrArray *variables, JsonObject *values, const ObjectSet *objects,
                              JsonObject **ret, JsonObject **ret_errors) {
        g_autoptr(JsonObject) resolved = json_object_new(), errors = json_object_new();
        bool changed = false;
        JsonObjectIter i;
        const char *name;
        JsonNode *value;

        json_object_iter_init_ordered(&i, values);
        while (json_object_iter_next_ordered(&i, &name, &value)) {
                const Variable *v = variables_find(variables, name);
                bool is_query = v && v->type->has_model && variable_object_has_query(value);
                JsonNode *key = is_query ? resolve_query(v, value, objects, values, errors) : json_node_copy(value);

                changed = changed || is_query;
                if (key)
                        json_object_set_member(resolved, name, key);
        }
        if (json_object_get_size(errors) > 0) {
                *ret_errors = TAKE_PTR(errors);
                return -EINVAL;
        }
        if (!changed)
                return 0;
        *ret = TAKE_PTR(resolved);
        return 1;
}

/* ---- what the job gets ---- */

static JsonNode *find_object(const ObjectList *list, const char *key, JsonArray *missing) {
        JsonNode *object = list && key ? object_list_find(list, key) : NULL;

        if (!object)
                json_array_add_string_element(missing, key ?: "?");
        return object ? json_node_copy(object) : NULL;
}

static const char *key_of(JsonNode *value) {
        if (JSON_NODE_HOLDS_VALUE(value) && json_node_get_value_type(value) == G_TYPE_STRING)
                return json_node_get_string(value);
        return NULL;
}

static JsonNode *with_objects(JsonNode *value, const ObjectList *list, JsonArray *missing) {
        g_autoptr(JsonArray) objects = NULL;

        if (JSON_NODE_HOLDS_NULL(value))
                return json_node_copy(value);
        if (!JSON_NODE_HOLDS_ARRAY(value))
                return find_object(list, key_of(value), missing);

        objects = json_array_new();
        for (unsigned i = 0; i < json_array_get_length(json_node_get_array(value)); i++) {
                JsonNode *object = find_object(list, key_of(json_array_get_element(json_node_get_array(value), i)),
                                               missing);

                if (object)
                        json_array_add_element(objects, object);
        }
        return json_node_init_array(json_node_alloc(), objects);
}

static void add_error(JsonObject *errors, const Variable *v, char *message) {
        JsonArray *messages = json_array_new();
        g_autofree char *text = message;

        json_array_add_string_element(messages, text);
        json_object_set_array_member(errors, v->name, messages);
}

static char *missing_message(const Variable *v, JsonArray *missing) {
        g_autoptr(JsonNode) node = json_node_init_array(json_node_alloc(), missing);
        g_autofree char *text = json_format(node), *shown = json_show_text(text);

        if (v->sensitive)
                return g_strdup_printf("Failed to find requested objects for var %s.", v->name);
        return g_strdup_printf("Failed to find requested objects for var %s: %s", v->name, shown);
}

static size_t size_of(JsonNode *node) {
        g_autofree char *text = json_format(node);
        size_t size = strlen(text);

        explicit_bzero(text, size);
        return size;
}

/* The largest is the one to choose fewer of. */
static int check_size(JsonObject *with, const Variable *largest, size_t largest_size, JsonObject *errors) {
        g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), with);
        size_t size = size_of(node);

        if (size <= VARIABLES_WITH_OBJECTS_SIZE_MAX || !largest)
                return 0;
        add_error(errors, largest,
                  g_strdup_printf("The objects chosen have %zu bytes as JSON, and all input together %zu; %d are the "
                                  "most "
                                  "that a run gets.",
                                  largest_size, size, VARIABLES_WITH_OBJECTS_SIZE_MAX));
        return -E2BIG;
}

int variables_with_objects(const GPtrArray *variables, JsonObject *values, const ObjectSet *objects, JsonObject **ret,
                           JsonObject **ret_errors) {
        g_autoptr(JsonObject) with = json_object_new(), errors = json_object_new();
        const Variable *largest = NULL;
        size_t largest_size = 0;
        JsonObjectIter i;
        const char *name;
        JsonNode *value;
        int r = 0;

        json_object_iter_init_ordered(&i, values);
        while (json_object_iter_next_ordered(&i, &name, &value)) {
                const Variable *v = variables_find(variables, name);
                g_autoptr(JsonArray) missing = json_array_new();
                JsonNode *object;
                size_t size;

                if (!v || !v->type->has_model) {
                        json_object_set_member(with, name, json_node_copy(value));
                        continue;
                }
                object = with_objects(value, object_set_find(objects, v->model), missing);
                if (json_array_get_length(missing) > 0) {
                        add_error(errors, v, missing_message(v, missing));
                        r = -ENOENT;
                }
                if (!object)
                        continue;
                json_object_set_member(with, name, object);
                size = size_of(object);
                if (size > largest_size) {
                        largest = v;
                        largest_size = size;
                }
        }
        if (r >= 0)
                r = check_size(with, largest, largest_size, errors);
        if (r < 0)
                *ret_errors = TAKE_PTR(errors);
        else
                *ret = TAKE_PTR(with);
        return r;
}
