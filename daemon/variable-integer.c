/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>

#include "variable-text.h"
#include "variable-type.h"

/* Type=integer: a JSON integer, or a string that is one, as a form sends it. 0 is a bound like any other. */

static int finish_bound(const char *text, int64_t *ret, char **ret_error) {
        if (variable_text_to_integer(text, ret) < 0)
                return variable_fail(ret_error, "not an integer of 64 bits, such as 5 or -20");
        return 0;
}

static int integer_finish(Variable *v, VariableKey *ret_key, char **ret_error) {
        return variable_finish_bounds(v, finish_bound, ret_key, ret_error);
}

/* Returns 0, -EINVAL, or -ERANGE for the text of an integer beyond 64 bits. */
static int get_integer(JsonNode *value, int64_t *ret) {
        GType type = JSON_NODE_HOLDS_VALUE(value) ? json_node_get_value_type(value) : G_TYPE_INVALID;

        if (type == G_TYPE_STRING)
                return variable_text_to_integer(json_node_get_string(value), ret);
        if (type != G_TYPE_INT64)
                return -EINVAL;

        *ret = json_node_get_int(value);
        return 0;
}

static JsonNode *integer_check(const Variable *v, JsonNode *value, JsonArray *messages) {
        int64_t number;
        int r;

        r = get_integer(value, &number);
        if (r == -ERANGE) /* further from 0 than any bound */
                number = *json_node_get_string(value) == '-' ? INT64_MIN : INT64_MAX;
        else if (r < 0) {
                variable_message(messages, "Enter a whole number.");
                return NULL;
        }

        if (number < v->min_value || (r < 0 && number < 0))
                variable_message(messages, "Ensure this value is greater than or equal to %" PRId64 ".", v->min_value);
        else if (number > v->max_value || r < 0)
                variable_message(messages, "Ensure this value is less than or equal to %" PRId64 ".", v->max_value);
        else
                return json_node_init_int(json_node_alloc(), number);
        return NULL;
}

static void integer_describe(const Variable *v, JsonObject *entry) {
        if (v->min_value_text)
                json_object_set_int_member(entry, "min_value", v->min_value);
        if (v->max_value_text)
                json_object_set_int_member(entry, "max_value", v->max_value);
}

const VariableType integer_variable_type = {
        .name = "integer",
        .keys = VARIABLE_KEYS_COMMON | VARIABLE_KEY_BIT(MIN_VALUE) | VARIABLE_KEY_BIT(MAX_VALUE),
        .finish = integer_finish,
        .check = integer_check,
        .describe = integer_describe,
};
