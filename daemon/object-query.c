/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "error-text.h"
#include "object-query.h"
#include "object-values.h"

enum { NAMES_SHOWN_MAX = 40 }; /* fields in an error */

typedef enum LookupKind {
        LOOKUP_EXACT,
        LOOKUP_IN,
        LOOKUP_ISNULL,
        LOOKUP_TEXT,    /* contains and its like */
        LOOKUP_COMPARE, /* gt and its like */
} LookupKind;

typedef struct LookupType {
        const char *name;
        LookupKind kind;
        bool any_case;
        bool (*text_matches)(const char *text, const char *asked);
        bool (*order_matches)(int order);
} LookupType;

static bool text_contains(const char *text, const char *asked) {
        return strstr(text, asked);
}

static bool text_equals(const char *text, const char *asked) {
        return strcmp(text, asked) == 0;
}

static bool text_starts(const char *text, const char *asked) {
        return g_str_has_prefix(text, asked);
}

static bool text_ends(const char *text, const char *asked) {
        return g_str_has_suffix(text, asked);
}

static bool order_gt(int order) {
        return order > 0;
}

static bool order_gte(int order) {
        return order >= 0;
}

static bool order_lt(int order) {
        return order < 0;
}

static bool order_lte(int order) {
        return order <= 0;
}

static const LookupType types[] = {
        { "exact", LOOKUP_EXACT, false, NULL, NULL },
        { "iexact", LOOKUP_TEXT, true, text_equals, NULL },
        { "in", LOOKUP_IN, false, NULL, NULL },
        { "contains", LOOKUP_TEXT, false, text_contains, NULL },
        { "icontains", LOOKUP_TEXT, true, text_contains, NULL },
        { "startswith", LOOKUP_TEXT, false, text_starts, NULL },
        { "istartswith", LOOKUP_TEXT, true, text_starts, NULL },
        { "endswith", LOOKUP_TEXT, false, text_ends, NULL },
        { "iendswith", LOOKUP_TEXT, true, text_ends, NULL },
        { "gt", LOOKUP_COMPARE, false, NULL, order_gt },
        { "gte", LOOKUP_COMPARE, false, NULL, order_gte },
        { "lt", LOOKUP_COMPARE, false, NULL, order_lt },
        { "lte", LOOKUP_COMPARE, false, NULL, order_lte },
        { "isnull", LOOKUP_ISNULL, false, NULL, NULL },
};

typedef struct Lookup {
        char **path;    /* the fields, from the outer to the inner */
        unsigned depth; /* how many */
        const LookupType *type;
        JsonNode *value;
        char *folded; /* of a lookup in any case: the text asked for */
        ObjectValues *values; /* of "in" */
        uint64_t *budget;     /* weak ref */
} Lookup;

struct ObjectQuery {
        GPtrArray *lookups; /* of Lookup */
        uint64_t *budget;   /* weak ref */
};

static void lookup_free_func(void *p) {
        Lookup *l = p;

        g_strfreev(l->path);
        g_clear_pointer(&l->value, json_node_unref);
        g_free(l->folded);
        (void) object_values_free(l->values);
        g_free(l);
}

/* ---- values ---- */

static GType value_type(JsonNode *node) {
        return JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : G_TYPE_INVALID;
}

static bool is_text(JsonNode *node) {
        return value_type(node) == G_TYPE_STRING;
}

static bool is_empty(JsonNode *node) {
        return JSON_NODE_HOLDS_NULL(node) ||
               (JSON_NODE_HOLDS_ARRAY(node) && json_array_get_length(json_node_get_array(node)) == 0);
}

/* ---- what it costs ---- */

/* Returns whether there was so much left. */
static bool spend(uint64_t *budget, uint64_t steps) {
        bool enough = *budget > steps;

        *budget = enough ? *budget - steps : 0;
        return enough;
}

enum { BYTES_PER_STEP = 16 }; /* of text that is changed to one case */

/* ---- matching ---- */

static bool compare_matches(const Lookup *l, JsonNode *node) {
        if (json_value_is_number(node) && json_value_is_number(l->value))
                return l->type->order_matches(json_compare_numbers(node, l->value));
        if (is_text(node) && is_text(l->value))
                return l->type->order_matches(strcmp(json_node_get_string(node), json_node_get_string(l->value)));
        return false;
}

static bool text_matches(const Lookup *l, JsonNode *node) {
        g_autofree char *folded = NULL;

        if (!is_text(node))
                return false;
        if (!l->type->any_case)
                return l->type->text_matches(json_node_get_string(node), json_node_get_string(l->value));
        if (!spend(l->budget, strlen(json_node_get_string(node)) / BYTES_PER_STEP))
                return false;
        folded = g_utf8_casefold(json_node_get_string(node), -1);
        return l->type->text_matches(folded, l->folded);
}

/* node: the field's value, and not a list, or one that is compared as a whole. */
static bool value_matches(const Lookup *l, JsonNode *node) {
        switch (l->type->kind) {
        case LOOKUP_EXACT:
                return json_values_equal(node, l->value);
        case LOOKUP_IN:
                spend(l->budget, object_values_n_others(l->values));
                return object_values_have(l->values, node);
        case LOOKUP_TEXT:
                return text_matches(l, node);
        case LOOKUP_COMPARE:
                return compare_matches(l, node);
        default:
                return false;
        }
}

/* "isnull", or exact with null. */
static bool asks_for_null(const Lookup *l, bool *ret_wanted) {
        *ret_wanted = l->type->kind == LOOKUP_EXACT || json_node_get_boolean(l->value);
        return l->type->kind == LOOKUP_ISNULL || (l->type->kind == LOOKUP_EXACT && JSON_NODE_HOLDS_NULL(l->value));
}

static bool any_element_matches(const Lookup *l, JsonNode *node, unsigned depth);

/* node: what is depth fields deep in the object; NULL: there is no such field. As deep as documents are. */
static bool lookup_matches(const Lookup *l, JsonNode *node, unsigned depth) {
        bool wanted;

        if (!spend(l->budget, 1))
                return false;
        if (node && depth == l->depth && asks_for_null(l, &wanted))
                return is_empty(node) == wanted;
        if (node && JSON_NODE_HOLDS_ARRAY(node))
                return (depth == l->depth && l->type->kind == LOOKUP_EXACT && json_values_equal(node, l->value)) ||
                       any_element_matches(l, node, depth);
        if (node && depth == l->depth)
                return value_matches(l, node);
        if (node && JSON_NODE_HOLDS_OBJECT(node)) {
                JsonNode *member = json_object_get_member(json_node_get_object(node), l->path[depth]);

                if (member)
                        return lookup_matches(l, member, depth + 1);
        }
        return asks_for_null(l, &wanted) && wanted;
}

static bool any_element_matches(const Lookup *l, JsonNode *node, unsigned depth) {
        JsonArray *array = json_node_get_array(node);

        for (unsigned i = 0; i < json_array_get_length(array); i++)
                if (lookup_matches(l, json_array_get_element(array, i), depth))
                        return true;
                else if (*l->budget == 0)
                        return false;
        return false;
}

bool object_query_matches(const ObjectQuery *q, JsonNode *object) {
        for (guint i = 0; i < q->lookups->len; i++)
                if (!lookup_matches(q->lookups->pdata[i], object, 0))
                        return false;
        return true;
}

/* ---- the fields that there are ---- */

typedef struct Walk {
        char **path;
        unsigned depth;
        uint64_t *budget;
        GHashTable *names; /* collects the names of the fields below the path; NULL: only asks whether it exists */
} Walk;

static bool walk(const Walk *w, JsonNode *node, unsigned depth);

static bool walk_list(const Walk *w, JsonArray *list, unsigned depth) {
        bool found = false;

        for (unsigned i = 0; i < json_array_get_length(list) && *w->budget > 0; i++) {
                found = walk(w, json_array_get_element(list, i), depth) || found;
                if (found && !w->names)
                        return true;
        }
        return found;
}

/* Whether the path exists below node. */
static bool walk(const Walk *w, JsonNode *node, unsigned depth) {
        g_autoptr(GList) members = NULL;
        JsonNode *member;

        if (!spend(w->budget, 1))
                return false;
        if (depth == w->depth && !w->names)
                return true;
        if (JSON_NODE_HOLDS_ARRAY(node))
                return walk_list(w, json_node_get_array(node), depth);
        if (!JSON_NODE_HOLDS_OBJECT(node))
                return depth == w->depth;
        if (depth < w->depth) {
                member = json_object_get_member(json_node_get_object(node), w->path[depth]);
                return member && walk(w, member, depth + 1);
        }
        members = json_object_get_members(json_node_get_object(node));
        for (GList *m = members; m && g_hash_table_size(w->names) <= NAMES_SHOWN_MAX; m = m->next)
                (void) g_hash_table_add(w->names, m->data);
        return true;
}

static bool path_exists(const Lookup *l, unsigned depth, JsonArray *objects) {
        return walk_list(&(Walk){ l->path, depth, l->budget, NULL }, objects, 0);
}

static int compare_names(const void *a, const void *b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/*
 * "a, b, c": the fields below the path, without those that no key can name. Free with g_free(); "" when there are
 * none.
 */
static char *field_names(const Lookup *l, unsigned depth, JsonArray *objects) {
        g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
        g_autoptr(GPtrArray) sorted = g_ptr_array_new();
        g_autoptr(GString) text = g_string_new(NULL);
        GHashTableIter i;
        void *name;

        (void) walk_list(&(Walk){ l->path, depth, l->budget, names }, objects, 0);
        g_hash_table_iter_init(&i, names);
        while (g_hash_table_iter_next(&i, &name, NULL))
                g_ptr_array_add(sorted, name);
        g_ptr_array_sort(sorted, compare_names);
        for (guint k = 0; k < sorted->len && k < NAMES_SHOWN_MAX; k++) {
                g_autofree char *shown = json_show_text(sorted->pdata[k]);

                g_string_append_printf(text, "%s%s", k > 0 ? ", " : "", shown);
        }
        if (sorted->len > NAMES_SHOWN_MAX)
                g_string_append(text, ", ...");
        return g_strdup(text->str);
}

static char *lookup_names(void) {
        g_autoptr(GString) text = g_string_new(NULL);

        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", types[i].name);
        return g_strdup(text->str);
}

/* ---- reading a query ---- */

static const LookupType *find_type(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (strcmp(types[i].name, name) == 0)
                        return types + i;
        return NULL;
}

static int fail_unknown(const Lookup *l, const char *key, unsigned n, JsonArray *objects, char **ret_error) {
        g_autofree char *shown = json_show_text(key), *part = NULL, *fields = NULL, *lookups = lookup_names();
        unsigned known = 0;

        while (known < n && path_exists(l, known + 1, objects))
                known++;
        part = json_show_text(l->path[known]);
        fields = field_names(l, known, objects);
        if (known == 0)
                return error_text(ret_error, "\"%s\": there is no field \"%s\"; there are %s", shown, part, fields);
        return error_text(ret_error, "\"%s\": there is no lookup \"%s\"%s%s; the lookups are %s", shown, part,
                          fields[0] ? ", and no such field in that one, which has " : "", fields, lookups);
}

/* Which part of a key is the field's path, and which the lookup: a field goes before a lookup of the same name. */
static int read_key(Lookup *l, const char *key, JsonArray *objects, char **ret_error) {
        const LookupType *last;
        unsigned n;

        l->path = g_strsplit(key, "__", OBJECT_QUERY_DEPTH_MAX + 2);
        n = g_strv_length(l->path);
        if (n > OBJECT_QUERY_DEPTH_MAX + 1)
                return error_text(ret_error, "a key has more than %i fields within fields", OBJECT_QUERY_DEPTH_MAX);

        last = n > 1 ? find_type(l->path[n - 1]) : NULL;
        if (n == 0) /* "" */
                return error_text(ret_error, "a key is empty; it is the name of a field");
        if (json_array_get_length(objects) == 0)
                l->depth = last ? n - 1 : n;
        else if (path_exists(l, n, objects))
                l->depth = n;
        else if (last && path_exists(l, n - 1, objects))
                l->depth = n - 1;
        else
                return fail_unknown(l, key, n, objects, ret_error);
        l->type = l->depth < n ? last : &types[0];
        return 0;
}

static int check_list(JsonNode *value, const char *key, char **ret_error) {
        if (!JSON_NODE_HOLDS_ARRAY(value))
                return error_text(ret_error, "\"%s\": a list of values is needed", key);
        if (json_array_get_length(json_node_get_array(value)) > OBJECT_QUERY_VALUES_MAX)
                return error_text(ret_error, "\"%s\": more than %i values", key, OBJECT_QUERY_VALUES_MAX);
        return 0;
}

static int check_value(Lookup *l, JsonNode *value, const char *key, char **ret_error) {
        switch (l->type->kind) {
        case LOOKUP_EXACT:
                return JSON_NODE_HOLDS_OBJECT(value)
                                       ? error_text(ret_error,
                                                    "\"%s\": an object is no value; name its fields, as in "
                                                    "\"driver__name\"",
                                                    key)
                                       : 0;
        case LOOKUP_IN:
                return check_list(value, key, ret_error);
        case LOOKUP_ISNULL:
                return value_type(value) == G_TYPE_BOOLEAN
                                       ? 0
                                       : error_text(ret_error, "\"%s\": true or false is needed", key);
        case LOOKUP_TEXT:
                return is_text(value) ? 0 : error_text(ret_error, "\"%s\": a string is needed", key);
        case LOOKUP_COMPARE:
                return is_text(value) || json_value_is_number(value)
                                       ? 0
                                       : error_text(ret_error, "\"%s\": a number or a string is needed", key);
        }
        return -EINVAL;
}

static int add_lookup(ObjectQuery *q, const char *key, JsonNode *value, JsonArray *objects, char **ret_error) {
        g_autofree char *shown = json_show_text(key);
        Lookup *l = g_new0(Lookup, 1);
        int r;

        l->budget = q->budget;
        g_ptr_array_add(q->lookups, l);
        r = read_key(l, key, objects, ret_error);
        if (r >= 0)
                r = check_value(l, value, shown, ret_error);
        if (r < 0)
                return r;
        l->value = json_node_copy(value);
        if (l->type->kind == LOOKUP_IN)
                l->values = object_values_new(json_node_get_array(l->value));
        if (l->type->any_case)
                l->folded = g_utf8_casefold(json_node_get_string(value), -1);
        return 0;
}

int object_query_new(JsonObject *lookups, JsonArray *objects, uint64_t *budget, ObjectQuery **ret,
                     char **ret_error) {
        _cleanup_(object_query_freep) ObjectQuery *q = g_new0(ObjectQuery, 1);
        JsonObjectIter i;
        const char *key;
        JsonNode *value;
        int r;

        q->budget = budget;
        q->lookups = g_ptr_array_new_with_free_func(lookup_free_func);
        if (json_object_get_size(lookups) > OBJECT_QUERY_LOOKUPS_MAX)
                return error_text(ret_error, "more than %i lookups", OBJECT_QUERY_LOOKUPS_MAX);
        json_object_iter_init_ordered(&i, lookups);
        while (json_object_iter_next_ordered(&i, &key, &value)) {
                r = add_lookup(q, key, value, objects, ret_error);
                if (*budget == 0) { /* whatever it has found by then */
                        if (r < 0)
                                g_clear_pointer(ret_error, g_free);
                        return error_text(ret_error, OBJECT_QUERY_TOO_LONG);
                }
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(q);
        return 0;
}

ObjectQuery *object_query_free(ObjectQuery *q) {
        if (!q)
                return NULL;
        g_ptr_array_unref(q->lookups);
        g_free(q);
        return NULL;
}
