/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "store-chain.h"

#define LIST "SELECT result_id, position, class_path, data FROM chain_hop"
#define LIST_ORDER " ORDER BY result_id, position"

ChainHop *chain_hop_free(ChainHop *hop) {
        if (!hop)
                return NULL;
        g_free(hop->class_path);
        g_free(hop->data);
        g_free(hop);
        return NULL;
}

int store_chain_put(Store *s, const ChainHop *hop) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_write_statement(s, STORE_CHAIN_PUT,
                                  "INSERT OR REPLACE INTO chain_hop (result_id, position, class_path, data)"
                                  " VALUES (?, ?, ?, ?)",
                                  &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, hop->result_id);
        if (r >= 0)
                r = store_bind_int64(s, statement, 2, hop->position);
        if (r >= 0)
                r = store_bind_text(s, statement, 3, hop->class_path);
        if (r >= 0)
                r = store_bind_text(s, statement, 4, hop->data);
        return r < 0 ? r : store_step(s, statement);
}

int store_chain_delete(Store *s, const char *result_id, int position) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_write_statement(s, STORE_CHAIN_DELETE, "DELETE FROM chain_hop WHERE result_id = ? AND position = ?",
                                  &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, result_id);
        if (r >= 0)
                r = store_bind_int64(s, statement, 2, position);
        return r < 0 ? r : store_step(s, statement);
}

static ChainHop *read_hop(sqlite3_stmt *statement) {
        ChainHop *hop;

        hop = g_new0(ChainHop, 1);
        (void) g_strlcpy(hop->result_id, store_column_text(statement, 0), sizeof(hop->result_id));
        hop->position = sqlite3_column_int(statement, 1);
        hop->class_path = g_strdup(store_column_text(statement, 2));
        hop->data = g_strdup(store_column_text(statement, 3));
        return hop;
}

int store_chain_list(Store *s, const char *result_id, GPtrArray *hops) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        if (result_id)
                r = store_statement(s, STORE_CHAIN_LIST, LIST " WHERE result_id = ?" LIST_ORDER, &statement);
        else
                r = store_statement(s, STORE_CHAIN_LIST_ALL, LIST LIST_ORDER, &statement);
        if (r >= 0 && result_id)
                r = store_bind_text(s, statement, 1, result_id);
        if (r < 0)
                return r;
        while ((r = store_step(s, statement)) > 0)
                g_ptr_array_add(hops, read_hop(statement));
        return r;
}
