/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "store-object.h"

StoredObject *stored_object_free(StoredObject *o) {
        if (!o)
                return NULL;
        g_free(o->document);
        g_free(o);
        return NULL;
}

static void stored_object_free_func(void *p) {
        (void) stored_object_free(p);
}

static void stored_model_free_func(void *p) {
        StoredModel *m = p;

        g_free(m->name);
        g_free(m);
}

int store_object_list(Store *s, const char *model, GPtrArray **ret) {
        g_autoptr(GPtrArray) objects = g_ptr_array_new_with_free_func(stored_object_free_func);
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, STORE_OBJECT_LIST,
                            "SELECT id, document FROM inventory_object WHERE model = ? ORDER BY id", &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, model);
        if (r < 0)
                return r;
        while ((r = store_step(s, statement)) > 0) {
                StoredObject *o = g_new(StoredObject, 1);

                (void) g_strlcpy(o->id, store_column_text(statement, 0), sizeof(o->id));
                o->document = g_strdup(store_column_text(statement, 1));
                g_ptr_array_add(objects, o);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(objects);
        return 0;
}

int store_object_put(Store *s, const char *model, const StoredObject *o, uint64_t now_usec) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_write_statement(s, STORE_OBJECT_PUT,
                                  "INSERT INTO inventory_object (model, id, document, date_created, last_updated)"
                                  " VALUES (?1, ?2, ?3, ?4, ?4) ON CONFLICT (model, id) DO UPDATE"
                                  " SET document = ?3, last_updated = ?4",
                                  &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, model);
        if (r >= 0)
                r = store_bind_text(s, statement, 2, o->id);
        if (r >= 0)
                r = store_bind_text(s, statement, 3, o->document);
        if (r >= 0)
                r = store_bind_int64(s, statement, 4, (int64_t) now_usec);
        return r < 0 ? r : store_step(s, statement);
}

int store_object_delete(Store *s, const char *model, const char *id) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_write_statement(s, STORE_OBJECT_DELETE, "DELETE FROM inventory_object WHERE model = ? AND id = ?",
                                  &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, model);
        if (r >= 0)
                r = store_bind_text(s, statement, 2, id);
        return r < 0 ? r : store_step(s, statement);
}

int store_object_models(Store *s, GPtrArray **ret) {
        g_autoptr(GPtrArray) models = g_ptr_array_new_with_free_func(stored_model_free_func);
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, STORE_OBJECT_MODELS,
                            "SELECT model, count(*) FROM inventory_object GROUP BY model ORDER BY model", &statement);
        if (r < 0)
                return r;
        while ((r = store_step(s, statement)) > 0) {
                StoredModel *m = g_new(StoredModel, 1);

                *m = (StoredModel){ g_strdup(store_column_text(statement, 0)),
                                    (uint32_t) sqlite3_column_int64(statement, 1) };
                g_ptr_array_add(models, m);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(models);
        return 0;
}
