/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "object-model.h"
#include "object-set.h"

/* ---- the objects of a model ---- */

struct ObjectList {
        unsigned n_ref;
        JsonArray *objects;
        char *key;
        GHashTable *by_key; /* weak refs */
};

/* What goes into a job result, and is shown on terminals. A mount point can have line ends in it. */
static bool may_be_key(const char *text) {
        if (text[0] == '\0' || strlen(text) > OBJECT_KEY_MAX)
                return false;
        for (const char *p = text; *p; p = g_utf8_next_char(p))
                if (g_unichar_iscntrl(g_utf8_get_char(p)))
                        return false;
        return true;
}

const char *object_list_key_of(const ObjectList *l, JsonNode *object) {
        JsonNode *key = JSON_NODE_HOLDS_OBJECT(object) ? json_object_get_member(json_node_get_object(object), l->key)
                                                       : NULL;

        if (!key || !JSON_NODE_HOLDS_VALUE(key) || json_node_get_value_type(key) != G_TYPE_STRING ||
            !may_be_key(json_node_get_string(key)))
                return NULL;
        return json_node_get_string(key);
}

ObjectList *object_list_new(JsonArray *objects, const char *key) {
        ObjectList *l = g_new(ObjectList, 1);

        *l = (ObjectList){ 1, objects, g_strdup(key), g_hash_table_new(g_str_hash, g_str_equal) };
        for (unsigned i = 0; i < json_array_get_length(objects); i++) {
                JsonNode *object = json_array_get_element(objects, i);
                const char *value = object_list_key_of(l, object);

                if (value)
                        (void) g_hash_table_insert(l->by_key, (void *) value, object);
        }
        return l;
}

ObjectList *object_list_ref(ObjectList *l) {
        l->n_ref++;
        return l;
}

ObjectList *object_list_unref(ObjectList *l) {
        if (!l || --l->n_ref > 0)
                return NULL;
        g_hash_table_unref(l->by_key);
        json_array_unref(l->objects);
        g_free(l->key);
        g_free(l);
        return NULL;
}

JsonArray *object_list_objects(const ObjectList *l) {
        return l->objects;
}

JsonNode *object_list_find(const ObjectList *l, const char *key) {
        return g_hash_table_lookup(l->by_key, key);
}

/* ---- of some models ---- */

typedef struct Entry {
        ObjectList *list; /* NULL: a problem */
        int error;
        const char *name;
        char *message;
} Entry;

struct ObjectSet {
        unsigned n_ref;
        GHashTable *entries; /* model -> Entry */
};

static void entry_free_func(void *p) {
        Entry *e = p;

        (void) object_list_unref(e->list);
        g_free(e->message);
        g_free(e);
}

ObjectSet *object_set_new(void) {
        ObjectSet *s = g_new(ObjectSet, 1);

        *s = (ObjectSet){ 1, g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free_func) };
        return s;
}

ObjectSet *object_set_ref(ObjectSet *s) {
        s->n_ref++;
        return s;
}

ObjectSet *object_set_unref(ObjectSet *s) {
        if (!s || --s->n_ref > 0)
                return NULL;
        g_hash_table_unref(s->entries);
        g_free(s);
        return NULL;
}

void object_set_add(ObjectSet *s, const char *model, ObjectList *list) {
        Entry *e = g_new0(Entry, 1);

        e->list = list;
        (void) g_hash_table_insert(s->entries, g_strdup(model), e);
}

void object_set_add_problem(ObjectSet *s, const char *model, int error, const char *name, const char *message) {
        Entry *e = g_new0(Entry, 1);

        e->error = error;
        e->name = name;
        e->message = g_strdup(message);
        (void) g_hash_table_insert(s->entries, g_strdup(model), e);
}

const ObjectList *object_set_find(const ObjectSet *s, const char *model) {
        const Entry *e = g_hash_table_lookup(s->entries, model);

        return e ? e->list : NULL;
}

int object_set_check(const ObjectSet *s, const char *model, Refusal *refusal) {
        const Entry *e = g_hash_table_lookup(s->entries, model);

        if (e && e->list)
                return 0;
        if (!e)
                return refuse(refusal, -ENXIO, BUS_ERROR_OBJECTS_UNAVAILABLE,
                              "the objects of model '%s' were not read: try again", model);
        return refuse(refusal, e->error, e->name, "%s", e->message);
}

/* ---- what is wanted ---- */

static void unref_keys(void *keys) {
        g_hash_table_unref(keys);
}

GHashTable *object_wants_new(void) {
        return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unref_keys);
}

void object_wants_add(GHashTable *wants, const char *model, const char *key) {
        GHashTable *keys = g_hash_table_lookup(wants, model);

        if (!keys) {
                keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
                (void) g_hash_table_insert(wants, g_strdup(model), keys);
        }
        if (key && g_hash_table_size(keys) < OBJECT_WANTS_KEYS_MAX)
                (void) g_hash_table_add(keys, g_strdup(key));
}

void object_wants_add_all(GHashTable *wants, GHashTable *others) {
        GHashTableIter i, k;
        void *model, *keys, *key;

        g_hash_table_iter_init(&i, others);
        while (g_hash_table_iter_next(&i, &model, &keys)) {
                GHashTable *all;

                object_wants_add(wants, model, NULL);
                all = g_hash_table_lookup(wants, model);
                g_hash_table_iter_init(&k, keys);
                while (g_hash_table_iter_next(&k, &key, NULL))
                        (void) g_hash_table_add(all, g_strdup(key));
        }
}
