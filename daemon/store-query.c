/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "store-query.h"

typedef struct Value {
        bool is_text;
        const char *text;
        int64_t number;
} Value;

void store_query_init(StoreQuery *q, const char *sql) {
        q->sql = g_string_new(sql);
        q->values = g_array_new(false, false, sizeof(Value));
}

void store_query_done(StoreQuery *q) {
        if (!q->sql)
                return;
        (void) g_string_free(TAKE_PTR(q->sql), true);
        g_array_unref(TAKE_PTR(q->values));
}

void store_query_add(StoreQuery *q, const char *sql) {
        g_string_append(q->sql, sql);
}

void store_query_add_text(StoreQuery *q, const char *sql, const char *text) {
        const Value v = { .is_text = true, .text = text };

        store_query_add(q, sql);
        g_array_append_val(q->values, v);
}

void store_query_add_number(StoreQuery *q, const char *sql, int64_t number) {
        const Value v = { .number = number };

        store_query_add(q, sql);
        g_array_append_val(q->values, v);
}

int store_query_prepare(Store *s, const StoreQuery *q, sqlite3_stmt **ret) {
        _cleanup_(store_statement_finalizep) sqlite3_stmt *statement = NULL;
        int r;

        r = store_prepare(s, q->sql->str, &statement);
        for (guint i = 0; i < q->values->len && r >= 0; i++) {
                const Value *v = &g_array_index(q->values, Value, i);

                r = v->is_text ? store_bind_text(s, statement, (int) i + 1, v->text)
                               : store_bind_int64(s, statement, (int) i + 1, v->number);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(statement);
        return 0;
}
