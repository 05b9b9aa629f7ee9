/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdarg.h>
#include <string.h>

#include "input-file.h"
#include "output-name.h"

InputFile *input_file_new(const char *variable, int fd) {
        InputFile *f = g_new0(InputFile, 1);

        f->variable = g_strdup(variable);
        f->name = g_strdup(variable);
        f->fd = fd;
        f->messages = json_array_new();
        return f;
}

void input_file_set_name(InputFile *f, const char *name) {
        const char *problem = output_name_problem(name);

        if (problem) {
                g_autofree char *shown = json_show_text(name);

                input_file_message(f, "\"%s\" cannot be the name of a file: %s", shown, problem);
        }
        g_free(f->name);
        f->name = g_strdup(name);
}

InputFile *input_file_free(InputFile *f) {
        if (!f)
                return NULL;
        json_array_unref(f->messages);
        g_free(f->variable);
        g_free(f->name);
        g_free(f);
        return NULL;
}

void input_file_message(InputFile *f, const char *format, ...) {
        g_autofree char *message = NULL;
        va_list ap;

        va_start(ap, format);
        message = g_strdup_vprintf(format, ap);
        va_end(ap);
        json_array_add_string_element(f->messages, message);
}

InputFile *input_files_find(const GPtrArray *files, const char *variable) {
        for (guint i = 0; files && i < files->len; i++) {
                InputFile *f = files->pdata[i];

                if (strcmp(f->variable, variable) == 0)
                        return f;
        }
        return NULL;
}

JsonObject *input_files_to_json(const GPtrArray *files) {
        JsonObject *all = json_object_new();

        for (guint i = 0; files && i < files->len; i++) {
                const InputFile *f = files->pdata[i];
                JsonObject *o;

                if (json_array_get_length(f->messages) > 0) {
                        json_object_set_array_member(all, f->variable, json_array_ref(f->messages));
                        continue;
                }
                o = json_object_new();
                json_object_set_string_member(o, "name", f->name);
                json_object_set_int_member(o, "size", (int64_t) f->size);
                json_object_set_string_member(o, "sha256", f->sha256);
                json_object_set_object_member(all, f->variable, o);
        }
        return all;
}

char *input_file_path(const char *unit, const char *variable, bool sensitive) {
        return sensitive ? g_strdup_printf("/run/credentials/%s/%s", unit, variable)
                         : g_strdup_printf(INPUT_FILES_PATH "/%s", variable);
}
