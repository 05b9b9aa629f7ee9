/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "variable-type.h"

/*
 * Type=json: an object, a list, a number or a boolean, or JSON text of one, which the job then finds decoded. A
 * string is always taken for JSON text, and so can never be the value itself: a value that has been accepted would
 * otherwise be read differently when the same input is given again.
 */

static JsonNode *json_decode(JsonNode *value, JsonArray *messages) {
        g_autoptr(JsonNode) decoded = NULL;
        const char *text;

        if (!JSON_NODE_HOLDS_VALUE(value) || json_node_get_value_type(value) != G_TYPE_STRING)
                return json_node_copy(value);

        text = json_node_get_string(value);
        if (json_parse(text, strlen(text), VARIABLE_VALUE_MAX, &decoded, NULL) < 0) {
                variable_message(messages, "Enter a valid JSON.");
                return NULL;
        }
        if (JSON_NODE_HOLDS_VALUE(decoded) && json_node_get_value_type(decoded) == G_TYPE_STRING) {
                variable_message(messages, "Enter a valid JSON. An object, a list, a number or a boolean is taken.");
                return NULL;
        }
        return TAKE_PTR(decoded);
}

static JsonNode *json_check(const Variable *v, JsonNode *value, JsonArray *messages) {
        g_autoptr(JsonNode) decoded = json_decode(value, messages);
        g_autofree char *text = NULL;

        if (!decoded)
                return NULL;

        text = json_format(decoded);
        if (JSON_NODE_HOLDS_NULL(decoded) && v->required)
                variable_message(messages, "This field is required.");
        else if (json_depth(decoded) > VARIABLE_JSON_DEPTH_MAX)
                variable_message(messages, "Ensure this value is nested at most %d levels deep.",
                                 VARIABLE_JSON_DEPTH_MAX);
        else if (strlen(text) > VARIABLE_VALUE_MAX)
                variable_message(messages, "Ensure this value has at most %d bytes as JSON.", VARIABLE_VALUE_MAX);
        else
                return TAKE_PTR(decoded);
        return NULL;
}

const VariableType json_variable_type = {
        .name = "json",
        .keys = VARIABLE_KEYS_COMMON,
        .check = json_check,
};
