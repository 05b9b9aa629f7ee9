/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>

#include "json.h"
#include "output.h"
#include "run-data.h"
#include "variable-text.h"

/* Up to one byte more than is allowed, so that too much is seen to be too much. */
static int read_limited(int fd, GString *out) {
        char chunk[8192];

        while (out->len <= JSON_SIZE_MAX) {
                ssize_t n = read(fd, chunk, sizeof(chunk));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return 0;
                g_string_append_len(out, chunk, n);
        }
        return 0;
}

static int read_file(const char *path, GString *out, char **ret_error) {
        _cleanup_close_ int opened = -EBADF;
        int fd = STDIN_FILENO, r;

        if (path) {
                opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
                if (opened < 0) {
                        *ret_error = g_strdup_printf("--data: cannot open %s: %s", path, g_strerror(errno));
                        return -errno;
                }
                fd = opened;
        }
        r = read_limited(fd, out);
        if (r < 0)
                *ret_error = g_strdup_printf("--data: cannot read %s: %s", path ?: "standard input", g_strerror(-r));
        return r;
}

int run_data_read(const char *text, JsonObject **ret, char **ret_error) {
        g_autoptr(GString) contents = g_string_new(NULL);
        g_autofree char *error = NULL;
        bool is_stdin = strcmp(text, "-") == 0 || strcmp(text, "@-") == 0;
        const char *source = is_stdin ? "standard input" : text[0] == '@' ? text + 1 : NULL;
        int r;

        if (source) {
                r = read_file(is_stdin ? NULL : source, contents, ret_error);
                if (r < 0)
                        return r;
        } else
                g_string_append(contents, text);

        if (source && contents->len > JSON_SIZE_MAX) { /* it was not read to its end, so its size is not known */
                *ret_error = g_strdup_printf("--data: %s: has more than %d bytes, which is the most that is taken",
                                             source, JSON_SIZE_MAX);
                return -E2BIG;
        }
        r = json_parse_object(contents->str, contents->len, JSON_SIZE_MAX, ret, &error);
        if (r < 0)
                *ret_error = g_strdup_printf("--data: %s%s%s", source ?: "", source ? ": " : "", error);
        return r;
}

JsonObject *run_data_variable(JsonArray *variables, const char *name) {
        for (unsigned i = 0; variables && i < json_array_get_length(variables); i++) {
                JsonNode *node = json_array_get_element(variables, i);
                JsonObject *o = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
                const char *other = o ? json_string(o, "name") : NULL;

                if (other && strcmp(other, name) == 0)
                        return o;
        }
        return NULL;
}

int run_data_set(JsonObject *data, JsonArray *variables, GHashTable *given, const char *assignment,
                 char **ret_error) {
        const char *equals = strchr(assignment, '=');
        g_autofree char *name = NULL, *error = NULL;
        JsonObject *variable;
        const char *type;
        JsonNode *value;
        int r;

        /* What is not NAME=VALUE may still be a secret that was typed in the wrong place: it is not shown. */
        if (!equals || equals == assignment) {
                *ret_error = g_strdup("--var takes NAME=VALUE.");
                return -EINVAL;
        }
        name = g_strndup(assignment, (size_t) (equals - assignment));
        if (!g_hash_table_add(given, g_strdup(name))) {
                *ret_error = g_strdup_printf("--var %s= is there twice; give the variable once.", name);
                return -EINVAL;
        }

        variable = run_data_variable(variables, name);
        type = variable ? json_string(variable, "type") : NULL;
        r = variable_text_to_json(type ?: "string", equals + 1, &value, &error);
        if (r < 0) {
                *ret_error = g_strdup_printf("--var %s=: %s", name, error ?: g_strerror(-r));
                return r;
        }
        json_object_set_member(data, name, value);
        return 0;
}
