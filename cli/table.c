/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <libsmartcols.h>
#include <string.h>

#include "output.h"
#include "table.h"

struct Table {
        struct libscols_table *table;
        size_t n_columns;
};

/* libsmartcols only fails for want of memory, where GLib aborts too. */
static void must(bool ok) {
        if (!ok)
                abort();
}

Table *table_new(const char *const *columns, TableFlags flags) {
        Table *t = g_new0(Table, 1);

        must((t->table = scols_new_table()) != NULL);
        (void) scols_table_enable_noheadings(t->table, !(flags & TABLE_HEADINGS));
        (void) scols_table_enable_colors(t->table, colors_enabled(STDOUT_FILENO));
        must(scols_table_set_column_separator(t->table, "  ") >= 0); /* names have single spaces in them */
        /* Its own encoding of control characters would encode the backslashes of ours. */
        (void) scols_table_enable_noencoding(t->table, true);
        for (; columns[t->n_columns]; t->n_columns++) {
                bool cut = (flags & TABLE_CUT_LAST) && !columns[t->n_columns + 1];

                must(scols_table_new_column(t->table, columns[t->n_columns], 0, cut ? SCOLS_FL_TRUNC : 0) != NULL);
        }
        return t;
}

Table *table_free(Table *t) {
        if (!t)
                return NULL;
        scols_unref_table(t->table);
        g_free(t);
        return NULL;
}

void table_add(Table *t, const char *const *cells, size_t color_column, const char *color) {
        struct libscols_line *line = scols_table_new_line(t->table, NULL);

        must(line != NULL);
        for (size_t i = 0; i < t->n_columns; i++) {
                g_autofree char *text = output_escape(cells[i] ?: "-");

                must(scols_line_set_data(line, i, text) >= 0);
        }
        if (color)
                (void) scols_cell_set_color(scols_line_get_cell(line, color_column), color);
}

size_t table_rows(const Table *t) {
        return scols_table_get_nlines(t->table);
}

void table_print(Table *t) {
        (void) scols_print_table(t->table);
}

typedef struct FieldLine {
        char *label, *value;
        const char *color;
} FieldLine;

struct Fields {
        GArray *lines; /* of FieldLine */
        size_t width;
};

static void field_line_clear(void *p) {
        FieldLine *line = p;

        g_free(line->label);
        g_free(line->value);
}

Fields *fields_new(void) {
        Fields *f = g_new0(Fields, 1);

        f->lines = g_array_new(false, false, sizeof(FieldLine));
        g_array_set_clear_func(f->lines, field_line_clear);
        return f;
}

Fields *fields_free(Fields *f) {
        if (!f)
                return NULL;
        g_array_unref(f->lines);
        g_free(f);
        return NULL;
}

void fields_add_colored(Fields *f, const char *label, const char *value, const char *color) {
        FieldLine line = {
                .label = g_strdup(label),
                .value = g_strdup(value && value[0] ? value : "-"),
                .color = color,
        };

        f->width = MAX(f->width, strlen(label));
        g_array_append_val(f->lines, line);
}

void fields_add(Fields *f, const char *label, const char *value) {
        fields_add_colored(f, label, value, NULL);
}

void fields_add_boolean(Fields *f, const char *label, bool value) {
        fields_add(f, label, value ? "yes" : "no");
}

static void field_line_print(const FieldLine *line, int width, bool colors) {
        g_auto(GStrv) parts = g_strsplit(line->value, "\n", -1);

        for (size_t i = 0; parts[i]; i++) {
                g_autofree char *part = output_escape(parts[i]);

                printf("%*s%s %s%s%s\n", width, i == 0 ? line->label : "", i == 0 ? ":" : " ",
                       colors && line->color ? line->color : "", part, colors && line->color ? COLOR_END : "");
        }
}

void fields_print(Fields *f) {
        bool colors = colors_enabled(STDOUT_FILENO);

        for (unsigned i = 0; i < f->lines->len; i++)
                field_line_print(&g_array_index(f->lines, FieldLine, i), (int) f->width, colors);
}
