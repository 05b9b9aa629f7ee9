/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <json-glib/json-glib.h>
#include <string.h>

#include "macro.h"

/*
 * What the gateway calls of json-glib, for the program to be linked with in place of it. json-glib comes with GIO,
 * GObject and seven libraries below them, for what is not used here; to load them took each connection 0.8 ms. These
 * are trees of values and nothing more, by the documentation of json-glib 1.6, and the tests of JSON run with both. A
 * wrong call, of which json-glib would warn, is found by the tests, which are linked with json-glib.
 */
struct _JsonNode {
        unsigned n_ref;
        JsonNodeType type;
        GType value_type; /* of JSON_NODE_VALUE */
        union {
                JsonObject *object;
                JsonArray *array;
                char *string;
                gint64 integer; /* and boolean */
                double number;
        };
};

struct _JsonArray {
        unsigned n_ref;
        GPtrArray *nodes;
};

struct _JsonObject {
        unsigned n_ref;
        GPtrArray *names, *nodes; /* in the order in which they were added */
        GHashTable *nodes_by_name;
};

/* ---- nodes ---- */

JsonNode *json_node_alloc(void) {
        JsonNode *node = g_new0(JsonNode, 1);

        node->n_ref = 1;
        node->type = JSON_NODE_NULL;
        return node;
}

JsonNode *json_node_new(JsonNodeType type) {
        JsonNode *node = json_node_alloc();

        node->type = type;
        return node;
}

static void clear_node(JsonNode *node) {
        if (node->type == JSON_NODE_OBJECT)
                g_clear_pointer(&node->object, json_object_unref);
        else if (node->type == JSON_NODE_ARRAY)
                g_clear_pointer(&node->array, json_array_unref);
        else if (node->type == JSON_NODE_VALUE && node->value_type == G_TYPE_STRING)
                g_clear_pointer(&node->string, g_free);
        node->type = JSON_NODE_NULL;
        node->value_type = G_TYPE_INVALID;
}

void json_node_unref(JsonNode *node) {
        if (--node->n_ref > 0)
                return;
        clear_node(node);
        g_free(node);
}

static JsonNode *init_value(JsonNode *node, GType type) {
        clear_node(node);
        node->type = JSON_NODE_VALUE;
        node->value_type = type;
        return node;
}

JsonNode *json_node_init_null(JsonNode *node) {
        clear_node(node);
        return node;
}

JsonNode *json_node_init_string(JsonNode *node, const char *value) {
        char *copy = g_strdup(value);

        init_value(node, G_TYPE_STRING)->string = copy;
        return node;
}

JsonNode *json_node_init_int(JsonNode *node, gint64 value) {
        init_value(node, G_TYPE_INT64)->integer = value;
        return node;
}

JsonNode *json_node_init_double(JsonNode *node, gdouble value) {
        init_value(node, G_TYPE_DOUBLE)->number = value;
        return node;
}

JsonNode *json_node_init_boolean(JsonNode *node, gboolean value) {
        init_value(node, G_TYPE_BOOLEAN)->integer = value != FALSE;
        return node;
}

void json_node_take_object(JsonNode *node, JsonObject *object) {
        clear_node(node);
        node->type = JSON_NODE_OBJECT;
        node->object = object;
}

void json_node_take_array(JsonNode *node, JsonArray *array) {
        clear_node(node);
        node->type = JSON_NODE_ARRAY;
        node->array = array;
}

JsonNode *json_node_init_object(JsonNode *node, JsonObject *object) {
        json_node_take_object(node, json_object_ref(object));
        return node;
}

JsonNode *json_node_init_array(JsonNode *node, JsonArray *array) {
        json_node_take_array(node, json_array_ref(array));
        return node;
}

JsonNodeType json_node_get_node_type(JsonNode *node) {
        return node->type;
}

GType json_node_get_value_type(JsonNode *node) {
        return node->type == JSON_NODE_VALUE ? node->value_type : G_TYPE_INVALID;
}

JsonObject *json_node_get_object(JsonNode *node) {
        return node->type == JSON_NODE_OBJECT ? node->object : NULL;
}

JsonArray *json_node_get_array(JsonNode *node) {
        return node->type == JSON_NODE_ARRAY ? node->array : NULL;
}

JsonObject *json_node_dup_object(JsonNode *node) {
        return node->type == JSON_NODE_OBJECT && node->object ? json_object_ref(node->object) : NULL;
}

JsonArray *json_node_dup_array(JsonNode *node) {
        return node->type == JSON_NODE_ARRAY && node->array ? json_array_ref(node->array) : NULL;
}

const gchar *json_node_get_string(JsonNode *node) {
        return json_node_get_value_type(node) == G_TYPE_STRING ? node->string : NULL;
}

gchar *json_node_dup_string(JsonNode *node) {
        return g_strdup(json_node_get_string(node));
}

gint64 json_node_get_int(JsonNode *node) {
        switch (json_node_get_value_type(node)) {
        case G_TYPE_INT64:
        case G_TYPE_BOOLEAN:
                return node->integer;
        case G_TYPE_DOUBLE:
                return (gint64) node->number;
        default:
                return 0;
        }
}

gdouble json_node_get_double(JsonNode *node) {
        if (json_node_get_value_type(node) == G_TYPE_DOUBLE)
                return node->number;
        return (gdouble) json_node_get_int(node);
}

gboolean json_node_get_boolean(JsonNode *node) {
        if (json_node_get_value_type(node) == G_TYPE_DOUBLE)
                return node->number < 0 || node->number > 0;
        return json_node_get_int(node) != 0;
}

JsonNode *json_node_copy(JsonNode *node) {
        JsonNode *copy = json_node_alloc();

        *copy = *node;
        copy->n_ref = 1;
        if (node->type == JSON_NODE_OBJECT)
                copy->object = json_node_dup_object(node);
        else if (node->type == JSON_NODE_ARRAY)
                copy->array = json_node_dup_array(node);
        else if (json_node_get_value_type(node) == G_TYPE_STRING)
                copy->string = g_strdup(node->string);
        return copy;
}

/* ---- arrays ---- */

static void unref_node(gpointer node) {
        json_node_unref(node);
}

JsonArray *json_array_new(void) {
        JsonArray *array = g_new0(JsonArray, 1);

        array->n_ref = 1;
        array->nodes = g_ptr_array_new_with_free_func(unref_node);
        return array;
}

JsonArray *json_array_ref(JsonArray *array) {
        array->n_ref++;
        return array;
}

void json_array_unref(JsonArray *array) {
        if (--array->n_ref > 0)
                return;
        g_ptr_array_unref(array->nodes);
        g_free(array);
}

void json_array_add_element(JsonArray *array, JsonNode *node) {
        g_ptr_array_add(array->nodes, node);
}

void json_array_add_string_element(JsonArray *array, const gchar *value) {
        JsonNode *node = json_node_alloc();

        json_array_add_element(array, value ? json_node_init_string(node, value) : node);
}

void json_array_add_object_element(JsonArray *array, JsonObject *value) {
        JsonNode *node = json_node_alloc();

        if (value)
                json_node_take_object(node, value);
        json_array_add_element(array, node);
}

guint json_array_get_length(JsonArray *array) {
        return array->nodes->len;
}

JsonNode *json_array_get_element(JsonArray *array, guint i) {
        return i < array->nodes->len ? array->nodes->pdata[i] : NULL;
}

const gchar *json_array_get_string_element(JsonArray *array, guint i) {
        JsonNode *node = json_array_get_element(array, i);

        return node ? json_node_get_string(node) : NULL;
}

JsonObject *json_array_get_object_element(JsonArray *array, guint i) {
        JsonNode *node = json_array_get_element(array, i);

        return node ? json_node_get_object(node) : NULL;
}

static GList *list_of(const GPtrArray *nodes) {
        GList *list = NULL;

        for (guint i = nodes->len; i > 0; i--)
                list = g_list_prepend(list, nodes->pdata[i - 1]);
        return list;
}

GList *json_array_get_elements(JsonArray *array) {
        return list_of(array->nodes);
}

/* ---- objects ---- */

JsonObject *json_object_new(void) {
        JsonObject *object = g_new0(JsonObject, 1);

        object->n_ref = 1;
        object->names = g_ptr_array_new_with_free_func(g_free);
        object->nodes = g_ptr_array_new();
        object->nodes_by_name = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, unref_node);
        return object;
}

JsonObject *json_object_ref(JsonObject *object) {
        object->n_ref++;
        return object;
}

void json_object_unref(JsonObject *object) {
        if (--object->n_ref > 0)
                return;
        g_hash_table_unref(object->nodes_by_name);
        g_ptr_array_unref(object->nodes);
        g_ptr_array_unref(object->names);
        g_free(object);
}

/* The name that the object has of it keeps its place. */
void json_object_set_member(JsonObject *object, const gchar *name, JsonNode *node) {
        gpointer own_name, old;

        if (g_hash_table_lookup_extended(object->nodes_by_name, name, &own_name, &old)) {
                guint place;

                if (old == node)
                        return;
                if (g_ptr_array_find(object->nodes, old, &place))
                        object->nodes->pdata[place] = node;
        } else {
                own_name = g_strdup(name);
                g_ptr_array_add(object->names, own_name);
                g_ptr_array_add(object->nodes, node);
        }
        g_hash_table_insert(object->nodes_by_name, own_name, node);
}

void json_object_set_null_member(JsonObject *object, const gchar *name) {
        json_object_set_member(object, name, json_node_alloc());
}

void json_object_set_string_member(JsonObject *object, const gchar *name, const gchar *value) {
        JsonNode *node = json_node_alloc();

        json_object_set_member(object, name, value ? json_node_init_string(node, value) : node);
}

void json_object_set_int_member(JsonObject *object, const gchar *name, gint64 value) {
        json_object_set_member(object, name, json_node_init_int(json_node_alloc(), value));
}

void json_object_set_double_member(JsonObject *object, const gchar *name, gdouble value) {
        json_object_set_member(object, name, json_node_init_double(json_node_alloc(), value));
}

void json_object_set_boolean_member(JsonObject *object, const gchar *name, gboolean value) {
        json_object_set_member(object, name, json_node_init_boolean(json_node_alloc(), value));
}

void json_object_set_object_member(JsonObject *object, const gchar *name, JsonObject *value) {
        JsonNode *node = json_node_alloc();

        if (value)
                json_node_take_object(node, value);
        json_object_set_member(object, name, node);
}

void json_object_set_array_member(JsonObject *object, const gchar *name, JsonArray *value) {
        JsonNode *node = json_node_alloc();

        if (value)
                json_node_take_array(node, value);
        json_object_set_member(object, name, node);
}

guint json_object_get_size(JsonObject *object) {
        return object->nodes->len;
}

gboolean json_object_has_member(JsonObject *object, const gchar *name) {
        return g_hash_table_contains(object->nodes_by_name, name);
}

JsonNode *json_object_get_member(JsonObject *object, const gchar *name) {
        return g_hash_table_lookup(object->nodes_by_name, name);
}

/* NULL, too, for what is no scalar. */
static JsonNode *get_value(JsonObject *object, const char *name) {
        JsonNode *node = json_object_get_member(object, name);

        return node && node->type == JSON_NODE_VALUE ? node : NULL;
}

const gchar *json_object_get_string_member_with_default(JsonObject *object, const char *name, const char *otherwise) {
        JsonNode *node = get_value(object, name);

        return node ? json_node_get_string(node) : otherwise;
}

gint64 json_object_get_int_member_with_default(JsonObject *object, const char *name, gint64 otherwise) {
        JsonNode *node = get_value(object, name);

        return node ? json_node_get_int(node) : otherwise;
}

gboolean json_object_get_boolean_member_with_default(JsonObject *object, const char *name, gboolean otherwise) {
        JsonNode *node = get_value(object, name);

        return node ? json_node_get_boolean(node) : otherwise;
}

const gchar *json_object_get_string_member(JsonObject *object, const gchar *name) {
        return json_object_get_string_member_with_default(object, name, NULL);
}

gboolean json_object_get_boolean_member(JsonObject *object, const gchar *name) {
        return json_object_get_boolean_member_with_default(object, name, FALSE);
}

gboolean json_object_get_null_member(JsonObject *object, const gchar *name) {
        JsonNode *node = json_object_get_member(object, name);

        return node && node->type == JSON_NODE_NULL;
}

JsonObject *json_object_get_object_member(JsonObject *object, const gchar *name) {
        JsonNode *node = json_object_get_member(object, name);

        return node ? json_node_get_object(node) : NULL;
}

GList *json_object_get_values(JsonObject *object) {
        return list_of(object->nodes);
}

void json_object_iter_init_ordered(JsonObjectIter *iter, JsonObject *object) {
        *iter = (JsonObjectIter){ .priv_pointer = { object } };
}

gboolean json_object_iter_next_ordered(JsonObjectIter *iter, const gchar **name, JsonNode **node) {
        JsonObject *object = iter->priv_pointer[0];
        guint i = (guint) iter->priv_int[0];

        if (i >= object->nodes->len)
                return FALSE;
        if (name)
                *name = object->names->pdata[i];
        if (node)
                *node = object->nodes->pdata[i];
        iter->priv_int[0]++;
        return TRUE;
}

/* ---- comparison ---- */

static bool objects_equal(const JsonObject *a, const JsonObject *b) {
        if (a->nodes->len != b->nodes->len)
                return false;
        for (guint i = 0; i < a->nodes->len; i++) {
                const JsonNode *other = g_hash_table_lookup(b->nodes_by_name, a->names->pdata[i]);

                if (!other || !json_node_equal(a->nodes->pdata[i], other))
                        return false;
        }
        return true;
}

static bool arrays_equal(const JsonArray *a, const JsonArray *b) {
        if (a->nodes->len != b->nodes->len)
                return false;
        for (guint i = 0; i < a->nodes->len; i++)
                if (!json_node_equal(a->nodes->pdata[i], b->nodes->pdata[i]))
                        return false;
        return true;
}

static bool is_number(const JsonNode *node) {
        return node->value_type == G_TYPE_INT64 || node->value_type == G_TYPE_DOUBLE;
}

/* 1 and 1.0 are equal. */
static bool values_equal(JsonNode *a, JsonNode *b) {
        if (a->value_type != b->value_type || a->value_type == G_TYPE_DOUBLE) {
                double x, y;

                if (!is_number(a) || !is_number(b))
                        return false;
                x = json_node_get_double(a);
                y = json_node_get_double(b);
                return !(x < y || x > y);
        }
        return a->value_type == G_TYPE_STRING ? strcmp(a->string, b->string) == 0 : a->integer == b->integer;
}

gboolean json_node_equal(gconstpointer first, gconstpointer second) {
        JsonNode *a = (JsonNode *) first, *b = (JsonNode *) second;

        if (a == b)
                return TRUE;
        if (a->type != b->type)
                return FALSE;
        switch (a->type) {
        case JSON_NODE_OBJECT:
                return objects_equal(a->object, b->object);
        case JSON_NODE_ARRAY:
                return arrays_equal(a->array, b->array);
        case JSON_NODE_VALUE:
                return values_equal(a, b);
        default:
                return TRUE;
        }
}
