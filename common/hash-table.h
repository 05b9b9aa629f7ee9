/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/* What GLib has since 2.76 only. Both arrays own nothing. */

static inline GPtrArray *hash_table_values(GHashTable *table) {
        GPtrArray *values = g_ptr_array_sized_new(g_hash_table_size(table));
        GHashTableIter i;
        void *value;

        g_hash_table_iter_init(&i, table);
        while (g_hash_table_iter_next(&i, NULL, &value))
                g_ptr_array_add(values, value);
        return values;
}

static inline GPtrArray *hash_table_keys(GHashTable *table) {
        GPtrArray *keys = g_ptr_array_sized_new(g_hash_table_size(table));
        GHashTableIter i;
        void *key;

        g_hash_table_iter_init(&i, table);
        while (g_hash_table_iter_next(&i, &key, NULL))
                g_ptr_array_add(keys, key);
        return keys;
}
