/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "variable-type.h"

/* Type=string and Type=text: what has been given, byte for byte; a text's lines end in a newline. */

static int string_finish(Variable *v, VariableKey *ret_key, char **ret_error) {
        if (v->max_length > 0 && v->min_length > v->max_length) {
                *ret_key = VARIABLE_KEY_MIN_LENGTH;
                return variable_fail(ret_error, "%u is more than MaxLength=%u", v->min_length, v->max_length);
        }
        return 0;
}

/* The length of a secret is nobody's business. */
static void add_length_message(const Variable *v, const char *bound, unsigned limit, long has, JsonArray *messages) {
        g_autofree char *length = v->sensitive ? g_strdup("") : g_strdup_printf(" (it has %ld)", has);

        variable_message(messages, "Ensure this value has at %s %u character%s%s.", bound, limit,
                         limit == 1 ? "" : "s", length);
}

static JsonNode *string_check(const Variable *v, JsonNode *value, JsonArray *messages) {
        const char *text = variable_value_text(value, "\t\n", messages);
        bool valid = true;
        long length;

        if (!text)
                return NULL;

        length = g_utf8_strlen(text, -1);
        if (length < (long) v->min_length) {
                add_length_message(v, "least", v->min_length, length, messages);
                valid = false;
        }
        if (v->max_length > 0 && length > (long) v->max_length) {
                add_length_message(v, "most", v->max_length, length, messages);
                valid = false;
        }
        if (v->regex && !variable_regex_check(v, text, messages))
                valid = false;
        return valid ? json_node_copy(value) : NULL;
}

/* Forms send the lines of a text field with CR LF. */
static JsonNode *text_check(const Variable *v, JsonNode *value, JsonArray *messages) {
        const char *text = variable_value_text(value, "\t\n\r", messages);
        g_autoptr(GString) lines = NULL;

        if (!text)
                return NULL;

        lines = g_string_new(text);
        (void) g_string_replace(lines, "\r\n", "\n", 0);
        if (strchr(lines->str, '\r')) {
                variable_message(messages, "Control characters are not allowed.");
                return NULL;
        }
        return json_node_init_string(json_node_alloc(), lines->str);
}

static JsonNode *string_without_value(JsonNode *given) {
        if (given && !JSON_NODE_HOLDS_NULL(given))
                return json_node_copy(given);
        return json_node_init_null(json_node_alloc());
}

static void string_describe(const Variable *v, JsonObject *entry) {
        if (v->min_length > 0)
                json_object_set_int_member(entry, "min_length", v->min_length);
        if (v->max_length > 0)
                json_object_set_int_member(entry, "max_length", v->max_length);
}

const VariableType string_variable_type = {
        .name = "string",
        .keys = VARIABLE_KEYS_COMMON | VARIABLE_KEY_BIT(MIN_LENGTH) | VARIABLE_KEY_BIT(MAX_LENGTH) |
                VARIABLE_KEY_BIT(REGEX),
        .finish = string_finish,
        .check = string_check,
        .without_value = string_without_value,
        .describe = string_describe,
};

const VariableType text_variable_type = {
        .name = "text",
        .keys = VARIABLE_KEYS_COMMON,
        .check = text_check,
        .without_value = string_without_value,
};
