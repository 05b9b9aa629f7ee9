/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "object-values.h"

struct ObjectValues {
        GHashTable *texts;    /* set, borrowed */
        GHashTable *integers; /* set of int64_t, owned */
        GHashTable *doubles;  /* set of those that were written so, owned */
        GHashTable *rounded;  /* set of the integers as double, owned: 2^53 and 2^53 + 1 are one there */
        GPtrArray *others;    /* of JsonNode, borrowed */
};

static GType value_type(JsonNode *node) {
        return JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : G_TYPE_INVALID;
}

bool json_value_is_number(JsonNode *node) {
        return value_type(node) == G_TYPE_INT64 || value_type(node) == G_TYPE_DOUBLE;
}

int json_compare_numbers(JsonNode *a, JsonNode *b) {
        if (value_type(a) == G_TYPE_INT64 && value_type(b) == G_TYPE_INT64)
                return (json_node_get_int(a) > json_node_get_int(b)) - (json_node_get_int(a) < json_node_get_int(b));
        return (json_node_get_double(a) > json_node_get_double(b)) -
               (json_node_get_double(a) < json_node_get_double(b));
}

bool json_values_equal(JsonNode *a, JsonNode *b) {
        if (json_value_is_number(a) && json_value_is_number(b))
                return json_compare_numbers(a, b) == 0;
        return json_node_equal(a, b);
}

static void add_double(GHashTable *set, double value) {
        (void) g_hash_table_add(set, g_memdup2(&value, sizeof(value)));
}

static void add(ObjectValues *v, JsonNode *node) {
        int64_t integer;

        if (value_type(node) == G_TYPE_STRING)
                (void) g_hash_table_add(v->texts, (void *) json_node_get_string(node));
        else if (value_type(node) == G_TYPE_INT64) {
                integer = json_node_get_int(node);
                (void) g_hash_table_add(v->integers, g_memdup2(&integer, sizeof(integer)));
                add_double(v->rounded, (double) integer);
        } else if (value_type(node) == G_TYPE_DOUBLE)
                add_double(v->doubles, json_node_get_double(node));
        else
                g_ptr_array_add(v->others, node);
}

ObjectValues *object_values_new(JsonArray *list) {
        ObjectValues *v = g_new(ObjectValues, 1);

        *v = (ObjectValues){
                .texts = g_hash_table_new(g_str_hash, g_str_equal),
                .integers = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL),
                .doubles = g_hash_table_new_full(g_double_hash, g_double_equal, g_free, NULL),
                .rounded = g_hash_table_new_full(g_double_hash, g_double_equal, g_free, NULL),
                .others = g_ptr_array_new(),
        };
        for (unsigned i = 0; i < json_array_get_length(list); i++)
                add(v, json_array_get_element(list, i));
        return v;
}

ObjectValues *object_values_free(ObjectValues *v) {
        if (!v)
                return NULL;
        g_hash_table_unref(v->texts);
        g_hash_table_unref(v->integers);
        g_hash_table_unref(v->doubles);
        g_hash_table_unref(v->rounded);
        g_ptr_array_unref(v->others);
        g_free(v);
        return NULL;
}

static bool have_number(const ObjectValues *v, JsonNode *node) {
        int64_t integer;
        double value = json_node_get_double(node);

        if (g_hash_table_contains(v->doubles, &value))
                return true;
        if (value_type(node) == G_TYPE_DOUBLE)
                return g_hash_table_contains(v->rounded, &value);
        integer = json_node_get_int(node);
        return g_hash_table_contains(v->integers, &integer);
}

bool object_values_have(const ObjectValues *v, JsonNode *node) {
        if (value_type(node) == G_TYPE_STRING)
                return g_hash_table_contains(v->texts, json_node_get_string(node));
        if (json_value_is_number(node))
                return have_number(v, node);
        for (guint i = 0; i < v->others->len; i++)
                if (json_node_equal(v->others->pdata[i], node))
                        return true;
        return false;
}

unsigned object_values_n_others(const ObjectValues *v) {
        return v->others->len;
}
