/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "model.h"

void set_text(JsonObject *o, const char *member, const char *text) {
        g_autofree char *valid = text ? g_utf8_make_valid(text, -1) : NULL;

        if (valid)
                json_object_set_string_member(o, member, valid);
        else
                json_object_set_null_member(o, member);
}

void set_text_or_null(JsonObject *o, const char *member, const char *text) {
        set_text(o, member, text && text[0] ? text : NULL);
}

void add_text(JsonArray *array, const char *text) {
        g_autofree char *valid = g_utf8_make_valid(text, -1);

        json_array_add_string_element(array, valid);
}

int model_failed(int error, char **ret_error, const char *what) {
        *ret_error = g_strdup_printf("%s: %s", what, g_strerror(-error));
        return error;
}

char *read_line(const char *directory, const char *name) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        char *text = NULL;

        if (!g_file_get_contents(path, &text, NULL, NULL))
                return NULL;
        return g_strchomp(text);
}
