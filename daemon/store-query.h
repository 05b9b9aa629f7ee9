/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store.h"

/* A statement whose text depends on what is asked for, with the values of its placeholders in their order. */
typedef struct StoreQuery {
        GString *sql;
        GArray *values;
} StoreQuery;

/* The text is ours: what comes from outside is a value. */
void store_query_init(StoreQuery *q, const char *sql);
void store_query_done(StoreQuery *q);

/* Append SQL: without a placeholder, or with one ("?") and its value. text is borrowed until the query is prepared. */
void store_query_add(StoreQuery *q, const char *sql);
void store_query_add_text(StoreQuery *q, const char *sql, const char *text);
void store_query_add_number(StoreQuery *q, const char *sql, int64_t number);

/* The statement, with its values; the caller finalizes it. */
int store_query_prepare(Store *s, const StoreQuery *q, sqlite3_stmt **ret) _must_check_;
