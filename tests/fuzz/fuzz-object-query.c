/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "object-query.h"

/* The input is the JSON list of the objects of a model, an empty line, and a query:
 *
 *      [{"name": "a"}]
 *
 *      {"name__in": ["a"]}
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *text = size > 0 ? g_strndup((const char *) data, size) : g_strdup(""), *error = NULL;
        _cleanup_(object_query_freep) ObjectQuery *q = NULL;
        g_autoptr(JsonObject) lookups = NULL;
        g_autoptr(JsonNode) node = NULL;
        char *query = strstr(text, "\n\n");
        uint64_t budget = OBJECT_QUERY_STEPS_MAX;
        JsonArray *objects;

        if (!query)
                return 0;
        *query = '\0';
        query += 2;
        if (json_parse(text, strlen(text), JSON_SIZE_MAX, &node, NULL) < 0 || !JSON_NODE_HOLDS_ARRAY(node) ||
            json_parse_object(query, strlen(query), JSON_SIZE_MAX, &lookups, NULL) < 0)
                return 0;

        objects = json_node_get_array(node);
        if (object_query_new(lookups, objects, &budget, &q, &error) < 0) {
                g_assert_null(q);
                g_assert_true(g_utf8_validate(error, -1, NULL));
                return 0;
        }
        for (unsigned i = 0; i < json_array_get_length(objects); i++)
                (void) object_query_matches(q, json_array_get_element(objects, i));
        return 0;
}
