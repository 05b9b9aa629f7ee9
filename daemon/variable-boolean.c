/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "variable-type.h"

/*
 * Type=boolean and Type=dryrun: JSON's true and false, and the strings "true" and "false" in any case, which is what
 * forms make of them. Neither is ever required: without a value they are false, as a box that is not checked.
 */

static int boolean_finish(Variable *v, VariableKey *ret_key, char **ret_error) {
        if ((v->keys & VARIABLE_KEY_BIT(REQUIRED)) && v->required) {
                *ret_key = VARIABLE_KEY_REQUIRED;
                return variable_fail(ret_error, "a boolean is never required: it is false when not given");
        }
        v->required = false;
        return 0;
}

static int dryrun_finish(Variable *v, VariableKey *ret_key, char **ret_error) {
        if (strcmp(v->name, "dryrun") != 0) {
                *ret_key = VARIABLE_KEY_TYPE;
                return variable_fail(ret_error, "a variable of Type=dryrun must be called \"dryrun\"");
        }
        v->required = false;
        return 0;
}

static JsonNode *boolean_check(const Variable *v, JsonNode *value, JsonArray *messages) {
        GType type = JSON_NODE_HOLDS_VALUE(value) ? json_node_get_value_type(value) : G_TYPE_INVALID;
        const char *text = type == G_TYPE_STRING ? json_node_get_string(value) : "";

        if (type == G_TYPE_BOOLEAN)
                return json_node_copy(value);
        if (g_ascii_strcasecmp(text, "true") == 0)
                return json_node_init_boolean(json_node_alloc(), true);
        if (g_ascii_strcasecmp(text, "false") == 0)
                return json_node_init_boolean(json_node_alloc(), false);

        variable_message(messages, "Enter true or false.");
        return NULL;
}

static JsonNode *boolean_without_value(JsonNode *given) {
        return json_node_init_boolean(json_node_alloc(), false);
}

const VariableType boolean_variable_type = {
        .name = "boolean",
        .keys = VARIABLE_KEYS_COMMON,
        .finish = boolean_finish,
        .check = boolean_check,
        .without_value = boolean_without_value,
};

const VariableType dryrun_variable_type = {
        .name = "dryrun",
        .keys = VARIABLE_KEYS_SHOWN,
        .finish = dryrun_finish,
        .check = boolean_check,
        .without_value = boolean_without_value,
};
