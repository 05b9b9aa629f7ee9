/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <limits.h>
#include <string.h>

#include "variable-type.h"

/*
 * Type=path: an absolute path, without empty and "." components and a slash at the end. ".." is refused rather than
 * resolved: across a symbolic link it leads elsewhere than the text says. Regex= sees the normalised path, so that
 * Regex=/srv/.+ means below /srv, links apart.
 *
 * Whether it exists is not asked: jobd would have to look as root, telling everyone who may run the job what files
 * there are, and by the time the job looks, as its own user in its own mount namespace, the answer can be another.
 */

/* NULL and a message when path is not one. */
static char *normalise_path(const char *path, JsonArray *messages) {
        g_autoptr(GString) normalised = g_string_new(NULL);
        g_auto(GStrv) components = g_strsplit(path, "/", -1);

        if (path[0] != '/') {
                variable_message(messages, "Enter an absolute path, starting with \"/\".");
                return NULL;
        }

        for (char **c = components; *c; c++) {
                if (strcmp(*c, "..") == 0) {
                        variable_message(messages, "Enter a path without \"..\".");
                        return NULL;
                }
                if (strlen(*c) > NAME_MAX) {
                        variable_message(messages, "Ensure each name in this path has at most %d bytes.", NAME_MAX);
                        return NULL;
                }
                if (**c != '\0' && strcmp(*c, ".") != 0)
                        g_string_append_printf(normalised, "/%s", *c);
        }

        if (normalised->len >= PATH_MAX) {
                variable_message(messages, "Ensure this path has at most %d bytes.", PATH_MAX - 1);
                return NULL;
        }
        return g_strdup(normalised->len > 0 ? normalised->str : "/");
}

static JsonNode *path_check(const Variable *v, JsonNode *value, JsonArray *messages) {
        const char *text = variable_value_text(value, "", messages);
        g_autofree char *path = NULL;

        if (!text)
                return NULL;
        path = normalise_path(text, messages);
        if (!path)
                return NULL;
        if (v->regex && !variable_regex_check(v, path, messages))
                return NULL;
        return json_node_init_string(json_node_alloc(), path);
}

const VariableType path_variable_type = {
        .name = "path",
        .keys = VARIABLE_KEYS_COMMON | VARIABLE_KEY_BIT(REGEX),
        .check = path_check,
};
