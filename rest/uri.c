/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "uri.h"

char *uri_decode(const char *text, size_t size, bool is_query) {
        g_autoptr(GString) out = g_string_sized_new(size);

        for (size_t i = 0; i < size; i++) {
                if (text[i] == '%') {
                        int high = size - i > 2 ? g_ascii_xdigit_value(text[i + 1]) : -1;
                        int low = size - i > 2 ? g_ascii_xdigit_value(text[i + 2]) : -1;

                        if (high < 0 || low < 0 || (high == 0 && low == 0))
                                return NULL;
                        g_string_append_c(out, (char) (high << 4 | low));
                        i += 2;
                } else
                        g_string_append_c(out, is_query && text[i] == '+' ? ' ' : text[i]);
        }
        if (!g_utf8_validate(out->str, (gssize) out->len, NULL))
                return NULL;
        return g_string_free(TAKE_PTR(out), false);
}

GPtrArray *uri_split_path(const char *path) {
        g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);

        path += *path == '/';
        while (*path) {
                size_t size = strcspn(path, "/");
                char *part = uri_decode(path, size, false);

                if (!part)
                        return NULL;
                g_ptr_array_add(parts, part);
                path += size;
                path += *path == '/';
        }
        return TAKE_PTR(parts);
}

static void parameter_done(void *p) {
        QueryParameter *q = p;

        g_free(q->name);
        g_free(q->value);
}

GArray *uri_split_query(const char *query) {
        g_autoptr(GArray) parameters = g_array_new(false, false, sizeof(QueryParameter));

        g_array_set_clear_func(parameters, parameter_done);
        while (*query) {
                size_t size = strcspn(query, "&"), name_size = MIN(size, strcspn(query, "="));
                QueryParameter q = {
                        .name = uri_decode(query, name_size, true),
                        .value = name_size < size ? uri_decode(query + name_size + 1, size - name_size - 1, true)
                                                  : g_strdup(""),
                };

                if (!q.name || !q.value || parameters->len == PARAMETERS_MAX) {
                        parameter_done(&q);
                        return NULL;
                }
                if (size > 0)
                        g_array_append_val(parameters, q);
                else
                        parameter_done(&q);
                query += size;
                query += *query == '&';
        }
        return TAKE_PTR(parameters);
}

void uri_append_parameter(GString *query, const char *name, const char *value) {
        g_autofree char *a = g_uri_escape_string(name, NULL, false), *b = g_uri_escape_string(value, NULL, false);

        g_string_append_printf(query, "%s%s=%s", query->len > 0 ? "&" : "", a, b);
}
