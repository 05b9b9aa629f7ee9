/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/* What is shown in columns (libsmartcols), and what is shown as labels with values. Cells are escaped here. */
typedef struct Table Table;

typedef enum TableFlags {
        TABLE_HEADINGS = 1 << 0,
        TABLE_CUT_LAST = 1 << 1, /* the last column gives way on a narrow terminal */
} TableFlags;

/* A heading for each column, NULL-terminated. */
Table *table_new(const char *const *columns, TableFlags flags);
Table *table_free(Table *t);
DEFINE_CLEANUP(Table *, table_free);

/* A cell for each column, NULL is "-". color: for the cell of column color_column, NULL for none. */
void table_add(Table *t, const char *const *cells, size_t color_column, const char *color);

size_t table_rows(const Table *t);
void table_print(Table *t);

/* Labels on the right, values on the left, as systemctl status. */
typedef struct Fields Fields;

Fields *fields_new(void);
Fields *fields_free(Fields *f);
DEFINE_CLEANUP(Fields *, fields_free);

/* Adds "label: value"; a value of several lines is indented. NULL and "" are "-". color may be NULL. */
void fields_add(Fields *f, const char *label, const char *value);
void fields_add_colored(Fields *f, const char *label, const char *value, const char *color);
void fields_add_boolean(Fields *f, const char *label, bool value);

void fields_print(Fields *f);
