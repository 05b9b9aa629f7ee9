/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "inventory.h"
#include "object-model.h"
#include "store-object.h"

struct Inventory {
        Store *store;
        char *directory;
        GHashTable *cache;   /* model -> Cached */
        uint64_t generation; /* of what was imported */
};

typedef struct Cached {
        bool is_file;
        InventoryStamp stamp; /* of a file */
        uint64_t generation;  /* of an import */
        ObjectList *list;     /* NULL: a problem */
        char *problem;
} Cached;

static void cached_free_func(void *p) {
        Cached *c = p;

        (void) object_list_unref(c->list);
        g_free(c->problem);
        g_free(c);
}

Inventory *inventory_new(Store *store, const char *directory) {
        Inventory *i = g_new(Inventory, 1);

        *i = (Inventory){ store, g_strdup(directory),
                          g_hash_table_new_full(g_str_hash, g_str_equal, g_free, cached_free_func), 0 };
        return i;
}

Inventory *inventory_free(Inventory *i) {
        if (!i)
                return NULL;
        g_hash_table_unref(i->cache);
        g_free(i->directory);
        g_free(i);
        return NULL;
}

void inventory_forget(Inventory *i) {
        i->generation++;
}

static const Cached *keep(Inventory *i, const char *model, Cached *c) {
        (void) g_hash_table_insert(i->cache, g_strdup(model), c);
        return c;
}

/* ---- files ---- */

static const Cached *keep_problem(Inventory *i, const char *model, bool is_file, char *problem) {
        Cached *c = g_new0(Cached, 1);

        c->is_file = is_file;
        c->problem = problem;
        return keep(i, model, c);
}

static const Cached *read_file(Inventory *i, const char *model, int fd, const InventoryStamp *stamp) {
        g_autofree char *text = NULL, *error = NULL;
        Cached *c = g_new0(Cached, 1);
        JsonArray *objects;
        size_t size;
        int r;

        c->is_file = true;
        c->stamp = *stamp;
        r = inventory_file_read(fd, &text, &size);
        if (r >= 0)
                r = inventory_document_parse(text, size, false, &objects, &error);
        if (r < 0)
                c->problem = g_strdup_printf("%s/%s.json: %s", i->directory, model, error ?: g_strerror(-r));
        else
                c->list = object_list_new(objects, INVENTORY_KEY);
        return keep(i, model, c);
}

/* NULL: there is no file. */
static const Cached *find_in_files(Inventory *i, const char *model) {
        const Cached *c = g_hash_table_lookup(i->cache, model);
        _cleanup_close_ int fd = -EBADF;
        InventoryStamp stamp;
        char *error = NULL;
        int r;

        r = inventory_file_open(i->directory, model, &fd, &stamp, &error);
        if (r < 0)
                return keep_problem(i, model, true, error);
        if (r == 0)
                return NULL;
        if (c && c->is_file && memcmp(&c->stamp, &stamp, sizeof(stamp)) == 0)
                return c;
        return read_file(i, model, fd, &stamp);
}

/* ---- the store ---- */

static const Cached *keep_stored(Inventory *i, const char *model, const GPtrArray *stored) {
        g_autoptr(JsonArray) objects = json_array_new();
        Cached *c;

        for (guint k = 0; k < stored->len; k++) {
                const StoredObject *o = stored->pdata[k];
                JsonNode *node;

                if (json_parse(o->document, strlen(o->document), SIZE_MAX, &node, NULL) < 0)
                        return keep_problem(
                                        i, model, false,
                                        g_strdup_printf("object %s of model '%s' in the store cannot be understood: "
                                                        "import the model again",
                                                        o->id, model));
                json_array_add_element(objects, node);
        }
        c = g_new0(Cached, 1);
        c->generation = i->generation;
        c->list = object_list_new(TAKE_PTR(objects), INVENTORY_KEY);
        return keep(i, model, c);
}

/* NULL: nothing was imported. */
static const Cached *find_in_store(Inventory *i, const char *model) {
        const Cached *c = g_hash_table_lookup(i->cache, model);
        g_autoptr(GPtrArray) stored = NULL;

        if (c && !c->is_file && c->list && c->generation == i->generation)
                return c;
        if (store_object_list(i->store, model, &stored) < 0)
                return keep_problem(i, model, false,
                                    g_strdup_printf("cannot read the objects of model '%s': %s", model,
                                                    store_error_text(i->store)));
        if (stored->len == 0) {
                (void) g_hash_table_remove(i->cache, model);
                return NULL;
        }
        return keep_stored(i, model, stored);
}

static const Cached *find_model(Inventory *i, const char *model) {
        if (!inventory_model_name_is_valid(model))
                return NULL;
        return find_in_files(i, model) ?: find_in_store(i, model);
}

void inventory_add_to_set(Inventory *i, const char *model, ObjectSet *set) {
        const Cached *c = find_model(i, model);
        g_autofree char *message = NULL;

        if (c && c->list) {
                object_set_add(set, model, object_list_ref(c->list));
                return;
        }
        if (c) {
                message = g_strdup_printf("the objects of model '%s' cannot be read: %s", model, c->problem);
                object_set_add_problem(set, model, -EIO, BUS_ERROR_OBJECTS_UNAVAILABLE, message);
                return;
        }
        message = g_strdup_printf(
                        "there is no model '%s': define it in %s/%s.json or by \"jobctl objects import %s FILE\"; "
                        "\"jobctl objects models\" shows those there are",
                        model, i->directory, model, model);
        object_set_add_problem(set, model, -ENXIO, BUS_ERROR_NO_SUCH_MODEL, message);
}

/* ---- all of them ---- */

static void model_free_func(void *p) {
        InventoryModel *m = p;

        g_free(m->name);
        g_free(m->source);
        g_free(m->problem);
        g_free(m);
}

static void add_model(GPtrArray *models, const char *name, char *source, const Cached *c, unsigned count) {
        InventoryModel *m = g_new(InventoryModel, 1);

        *m = (InventoryModel){ g_strdup(name), source, count, g_strdup(c ? c->problem : NULL) };
        if (c && c->list)
                m->count = json_array_get_length(object_list_objects(c->list));
        g_ptr_array_add(models, m);
}

static int compare_models(const void *a, const void *b) {
        const InventoryModel *x = *(const InventoryModel *const *) a, *y = *(const InventoryModel *const *) b;

        return strcmp(x->name, y->name);
}

static bool is_listed(const GPtrArray *models, const char *name) {
        for (guint i = 0; i < models->len; i++)
                if (strcmp(((const InventoryModel *) models->pdata[i])->name, name) == 0)
                        return true;
        return false;
}

int inventory_list(Inventory *i, GPtrArray **ret) {
        g_autoptr(GPtrArray) models = g_ptr_array_new_with_free_func(model_free_func), files = NULL, problems = NULL;
        g_autoptr(GPtrArray) stored = NULL;
        int r;

        r = inventory_file_list(i->directory, &files, &problems);
        if (r >= 0)
                r = store_object_models(i->store, &stored);
        if (r < 0)
                return r;
        for (guint k = 0; k < files->len; k++) {
                const char *name = files->pdata[k];

                add_model(models, name, g_strdup_printf("%s/%s.json", i->directory, name), find_in_files(i, name), 0);
        }
        for (guint k = 0; k < stored->len; k++) {
                const StoredModel *m = stored->pdata[k];

                if (!is_listed(models, m->name))
                        add_model(models, m->name, g_strdup("store"), NULL, m->n_objects);
        }
        g_ptr_array_sort(models, compare_models);
        *ret = TAKE_PTR(models);
        return 0;
}

GPtrArray *inventory_problems(Inventory *i) {
        g_autoptr(GPtrArray) files = NULL, problems = NULL;

        if (inventory_file_list(i->directory, &files, &problems) < 0)
                return g_ptr_array_new_with_free_func(g_free);
        for (guint k = 0; k < files->len; k++) {
                const Cached *c = find_in_files(i, files->pdata[k]);

                if (c && c->problem)
                        g_ptr_array_add(problems, g_strdup(c->problem));
        }
        return TAKE_PTR(problems);
}

/* ---- import ---- */

static int check_model(Inventory *i, const char *model, Refusal *f) {
        g_autoptr(GPtrArray) stored = NULL;
        bool known = false;

        if (host_model_key(model))
                return refuse(f, -EROFS, BUS_ERROR_MODEL_READ_ONLY,
                              "model '%s' is one of the host: it is as the host is, nothing can be imported", model);
        if (!inventory_model_name_is_valid(model))
                return refuse(f, -EINVAL, BUS_ERROR_NO_SUCH_MODEL,
                              "this cannot be the name of a model: use up to %i of a-z, 0-9, \"_\", \".\" and \"-\", "
                              "a letter first",
                              OBJECT_MODEL_NAME_MAX);
        if (find_in_files(i, model))
                return refuse(f, -EROFS, BUS_ERROR_MODEL_READ_ONLY,
                              "model '%s' is defined by %s/%s.json: edit that file, or remove it before importing",
                              model, i->directory, model);
        if (store_object_models(i->store, &stored) < 0)
                return refuse_store(f, -EIO, store_error_text(i->store));
        for (guint k = 0; k < stored->len && !known; k++)
                known = strcmp(((const StoredModel *) stored->pdata[k])->name, model) == 0;
        if (!known && stored->len >= INVENTORY_MODELS_MAX)
                return refuse(f, -E2BIG, BUS_ERROR_TOO_MANY,
                              "%u models were imported already: delete one first, by importing an empty list with "
                              "--prune",
                              stored->len);
        return 0;
}

typedef struct Import {
        Inventory *inventory;
        const InventoryImport *import;
        GHashTable *old; /* id -> StoredObject, weak refs: those that the document has not had so far */
        InventoryCounts counts;
} Import;

static int import_object(Import *m, JsonNode *node) {
        JsonObject *object = json_node_get_object(node);
        g_autofree char *document = json_format(node);
        const StoredObject *old;
        StoredObject new = { .document = document };

        (void) g_strlcpy(new.id, json_object_get_string_member(object, INVENTORY_KEY), sizeof(new.id));
        old = g_hash_table_lookup(m->old, new.id);
        if (old && strcmp(old->document, document) == 0)
                m->counts.n_unchanged++;
        else if (old)
                m->counts.n_updated++;
        else
                m->counts.n_created++;
        if (m->import->dry_run || (old && strcmp(old->document, document) == 0)) {
                (void) g_hash_table_remove(m->old, new.id);
                return 0;
        }
        (void) g_hash_table_remove(m->old, new.id);
        return store_object_put(m->inventory->store, m->import->model, &new, m->import->now_usec);
}

/* What is left in the table of old ones is not in the document. */
static int prune(Import *m) {
        GHashTableIter i;
        void *id;
        int r;

        g_hash_table_iter_init(&i, m->old);
        while (g_hash_table_iter_next(&i, &id, NULL)) {
                m->counts.n_deleted++;
                r = m->import->dry_run ? 0 : store_object_delete(m->inventory->store, m->import->model, id);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int import_objects(Import *m, JsonArray *objects) {
        int r = 0;

        for (unsigned k = 0; k < json_array_get_length(objects) && r >= 0; k++)
                r = import_object(m, json_array_get_element(objects, k));
        return r >= 0 && m->import->prune ? prune(m) : r;
}

static int import_in_transaction(Import *m, JsonArray *objects) {
        Store *store = m->inventory->store;
        int r;

        if (m->import->dry_run)
                return import_objects(m, objects);
        r = store_nested_begin(store);
        if (r < 0)
                return r;
        m->inventory->generation++;
        return store_nested_end(store, import_objects(m, objects));
}

/* The limits of a document are those of a model as well: what was imported is read as a whole. */
static int check_limits(const Import *m, JsonArray *objects, Refusal *f) {
        unsigned n = json_array_get_length(objects) + g_hash_table_size(m->old);
        size_t size = m->import->size;
        GHashTableIter i;
        StoredObject *o;

        if (m->import->prune)
                return 0;
        g_hash_table_iter_init(&i, m->old);
        while (g_hash_table_iter_next(&i, NULL, (void **) &o))
                size += strlen(o->document);
        for (unsigned k = 0; k < json_array_get_length(objects); k++) {
                JsonObject *object = json_array_get_object_element(objects, k);

                o = g_hash_table_lookup(m->old, json_object_get_string_member(object, INVENTORY_KEY));
                if (!o)
                        continue;
                n--;
                size -= strlen(o->document);
        }
        if (n <= INVENTORY_OBJECTS_MAX && size <= INVENTORY_SIZE_MAX)
                return 0;
        return refuse(f, -E2BIG, BUS_ERROR_TOO_MANY,
                      "model '%s' would have %u objects of %zu bytes, the most are %i of %i: "
                      "use --prune to delete those that the file does not have",
                      m->import->model, n, size, INVENTORY_OBJECTS_MAX, INVENTORY_SIZE_MAX);
}

int inventory_import(Inventory *i, const InventoryImport *import, InventoryCounts *ret, Refusal *f) {
        g_autoptr(GHashTable) old = g_hash_table_new(g_str_hash, g_str_equal);
        Import m = { .inventory = i, .import = import, .old = old };
        g_autoptr(JsonArray) objects = NULL;
        g_autoptr(GPtrArray) stored = NULL;
        g_autofree char *error = NULL;
        int r;

        r = check_model(i, import->model, f);
        if (r < 0)
                return r;
        r = inventory_document_parse(import->text, import->size, true, &objects, &error);
        if (r < 0)
                return refuse(f, r, BUS_ERROR_INVALID_OBJECTS, "the objects of model '%s' are refused: %s",
                              import->model, error ?: g_strerror(-r));
        if (store_object_list(i->store, import->model, &stored) < 0)
                return refuse_store(f, -EIO, store_error_text(i->store));
        for (guint k = 0; k < stored->len; k++)
                (void) g_hash_table_insert(old, ((StoredObject *) stored->pdata[k])->id, stored->pdata[k]);
        r = check_limits(&m, objects, f);
        if (r < 0)
                return r;
        r = import_in_transaction(&m, objects);
        if (r < 0)
                return refuse_store(f, r, store_error_text(i->store));
        *ret = m.counts;
        return 0;
}
