/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "file-bundle.h"
#include "input-file.h"

static void free_secret(void *s) {
        (void) secret_free(s);
}

GHashTable *file_bundle_new(void) {
        return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_secret);
}

static GList *sorted_names(GHashTable *files) {
        return g_list_sort(g_hash_table_get_keys(files), (GCompareFunc) strcmp);
}

static char *header_of(const char *variable, const Secret *contents) {
        return g_strdup_printf("%s %zu\n", variable, secret_size(contents));
}

Secret *file_bundle_format(GHashTable *files) {
        g_autoptr(GList) names = sorted_names(files);
        size_t size = 0;
        Secret *bundle;
        char *to;

        for (GList *l = names; l; l = l->next) {
                const Secret *contents = g_hash_table_lookup(files, l->data);
                g_autofree char *header = header_of(l->data, contents);

                size += strlen(header) + secret_size(contents);
        }
        bundle = secret_new_sized(size);
        if (!bundle)
                return NULL;
        to = secret_buffer(bundle);
        for (GList *l = names; l; l = l->next) {
                const Secret *contents = g_hash_table_lookup(files, l->data);
                g_autofree char *header = header_of(l->data, contents);

                to = mempcpy(to, header, strlen(header));
                to = mempcpy(to, secret_bytes(contents), secret_size(contents));
        }
        return bundle;
}

/* "VARIABLE SIZE" */
static int parse_header(const char *line, size_t size, char **ret_variable, size_t *ret_size) {
        g_autofree char *text = g_strndup(line, size);
        char *space = strchr(text, ' ');
        uint64_t n;

        if (!space || space == text || strlen(text) != size)
                return -EBADMSG;
        *space = '\0';
        if (!g_ascii_string_to_unsigned(space + 1, 10, 0, INPUT_FILES_SECRET_SIZE_MAX, &n, NULL))
                return -EBADMSG;
        *ret_variable = TAKE_PTR(text);
        *ret_size = n;
        return 0;
}

int file_bundle_parse(const Secret *bundle, GHashTable **ret) {
        const char *at = secret_bytes(bundle), *end = at + secret_size(bundle);
        g_autoptr(GHashTable) files = file_bundle_new();

        while (at < end) {
                const char *newline = memchr(at, '\n', (size_t) (end - at));
                char *variable;
                Secret *contents;
                size_t size;
                int r;

                if (!newline)
                        return -EBADMSG;
                r = parse_header(at, (size_t) (newline - at), &variable, &size);
                if (r < 0)
                        return r;
                at = newline + 1;
                contents = (size_t) (end - at) < size ? NULL : secret_new_bytes(at, size);
                if (!contents) {
                        g_free(variable);
                        return (size_t) (end - at) < size ? -EBADMSG : -ENOMEM;
                }
                (void) g_hash_table_insert(files, variable, contents);
                at += size;
        }
        *ret = TAKE_PTR(files);
        return 0;
}
