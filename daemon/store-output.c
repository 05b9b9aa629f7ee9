/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "store-output.h"

Output *output_free(Output *o) {
        if (!o)
                return NULL;
        g_free(o->name);
        g_free(o);
        return NULL;
}

static void output_free_func(void *p) {
        (void) output_free(p);
}

static Output *read_output(sqlite3_stmt *statement) {
        Output *o = g_new0(Output, 1);

        o->name = g_strdup(store_column_text(statement, 0));
        o->size = (uint64_t) sqlite3_column_int64(statement, 1);
        (void) g_strlcpy(o->sha256, store_column_text(statement, 2), sizeof(o->sha256));
        o->date_created = (uint64_t) sqlite3_column_int64(statement, 3);
        return o;
}

int store_output_put(Store *s, const char *result_id, const Output *o) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        /* Not REPLACE, which deletes the row: the trigger of a deletion is for job results that are gone. */
        r = store_write_statement(s, STORE_OUTPUT_PUT,
                                  "INSERT INTO job_output (result_id, name, size, sha256, date_created)"
                                  " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (result_id, name) DO UPDATE"
                                  " SET size = ?3, sha256 = ?4, date_created = ?5",
                                  &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, result_id);
        if (r >= 0)
                r = store_bind_text(s, statement, 2, o->name);
        if (r >= 0)
                r = store_bind_int64(s, statement, 3, (int64_t) o->size);
        if (r >= 0)
                r = store_bind_text(s, statement, 4, o->sha256);
        if (r >= 0)
                r = store_bind_int64(s, statement, 5, (int64_t) o->date_created);
        return r < 0 ? r : store_step(s, statement);
}

int store_output_get(Store *s, const char *result_id, const char *name, Output **ret) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, STORE_OUTPUT_GET,
                            "SELECT name, size, sha256, date_created FROM job_output WHERE result_id = ? AND name = ?",
                            &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, result_id);
        if (r >= 0)
                r = store_bind_text(s, statement, 2, name);
        if (r < 0)
                return r;
        r = store_step(s, statement);
        if (r > 0)
                *ret = read_output(statement);
        return r;
}

int store_output_list(Store *s, const char *result_id, GPtrArray **ret) {
        g_autoptr(GPtrArray) outputs = g_ptr_array_new_with_free_func(output_free_func);
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, STORE_OUTPUT_LIST,
                            "SELECT name, size, sha256, date_created FROM job_output WHERE result_id = ?"
                            " ORDER BY name",
                            &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, result_id);
        if (r < 0)
                return r;
        while ((r = store_step(s, statement)) > 0)
                g_ptr_array_add(outputs, read_output(statement));
        if (r < 0)
                return r;
        *ret = TAKE_PTR(outputs);
        return 0;
}

int store_output_removals(Store *s, unsigned limit, GPtrArray **ret) {
        g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, STORE_OUTPUT_REMOVALS, "SELECT result_id FROM job_output_removal LIMIT ?", &statement);
        if (r >= 0)
                r = store_bind_int64(s, statement, 1, limit);
        if (r < 0)
                return r;
        while ((r = store_step(s, statement)) > 0)
                g_ptr_array_add(ids, g_strdup(store_column_text(statement, 0)));
        if (r < 0)
                return r;
        *ret = TAKE_PTR(ids);
        return 0;
}

int store_output_removed(Store *s, const char *result_id) {
        return store_write_key(s, STORE_OUTPUT_REMOVED, "DELETE FROM job_output_removal WHERE result_id = ?", result_id);
}
