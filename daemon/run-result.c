/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "json.h"
#include "redact.h"
#include "run-result.h"

static void redact_node(JsonNode *node, bool is_secret);

/* Whether a word after this one would be taken away in a text. */
static bool is_secret_name(const char *name) {
        g_autofree char *text = g_strconcat(name, "=x", NULL), *redacted = redact(text);

        return strcmp(text, redacted) != 0;
}

static void redact_object(JsonObject *object, bool is_secret) {
        g_autoptr(GList) names = json_object_get_members(object);

        for (GList *l = names; l; l = l->next)
                redact_node(json_object_get_member(object, l->data), is_secret || is_secret_name(l->data));
}

static void redact_array(JsonArray *array, bool is_secret) {
        for (guint i = 0; i < json_array_get_length(array); i++)
                redact_node(json_array_get_element(array, i), is_secret);
}

static void redact_node(JsonNode *node, bool is_secret) {
        if (JSON_NODE_HOLDS_OBJECT(node))
                redact_object(json_node_get_object(node), is_secret);
        else if (JSON_NODE_HOLDS_ARRAY(node))
                redact_array(json_node_get_array(node), is_secret);
        else if (JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING) {
                g_autofree char *redacted = is_secret ? g_strdup("(redacted)") : redact(json_node_get_string(node));

                json_node_set_string(node, redacted);
        }
}

int run_result_check(const char *text, char **ret, Refusal *refusal) {
        g_autofree char *error = NULL;
        g_autoptr(JsonNode) node = NULL;
        size_t size = strlen(text);
        int r;

        if (size > RUN_RESULT_MAX)
                return refuse(refusal, -E2BIG, BUS_ERROR_DATA_TOO_LARGE,
                              "the result has %zu bytes, and may have %i: give more as an output file", size,
                              RUN_RESULT_MAX);
        r = json_parse(text, size, RUN_RESULT_MAX, &node, &error);
        if (r < 0)
                return refuse(refusal, r, BUS_ERROR_INVALID_JSON, "the result is not JSON: %s", error);
        redact_node(node, false);
        *ret = json_format(node);
        return 0;
}
