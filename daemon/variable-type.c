/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "variable-type.h"

static const VariableType *const types[] = {
        &string_variable_type,
        &text_variable_type,
        &json_variable_type,
        &integer_variable_type,
        &boolean_variable_type,
        &dryrun_variable_type,
        &choice_variable_type,
        &multichoice_variable_type,
        &ipaddress_variable_type,
        &ipaddress_with_mask_variable_type,
        &ipnetwork_variable_type,
        &path_variable_type,
        &duration_variable_type,
        &object_variable_type,
        &multiobject_variable_type,
        &file_variable_type,
};

const VariableType *variable_type_find(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (strcmp(types[i]->name, name) == 0)
                        return types[i];
        return NULL;
}

char *variable_type_names(void) {
        g_autoptr(GString) names = g_string_new(NULL);

        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", types[i]->name);
        return g_strdup(names->str);
}

void variable_message(JsonArray *messages, const char *format, ...) {
        g_autofree char *message = NULL;
        va_list ap;

        va_start(ap, format);
        message = g_strdup_vprintf(format, ap);
        va_end(ap);
        json_array_add_string_element(messages, message);
}

/* C0, DEL and C1: they steer the terminals on which values are shown to those who approve and administer runs. */
static bool has_control_characters(const char *text, const char *allowed) {
        for (const char *p = text; *p; p = g_utf8_next_char(p)) {
                gunichar c = g_utf8_get_char(p);

                if (c < 0x20 ? !strchr(allowed, (int) c) : c >= 0x7F && c < 0xA0)
                        return true;
        }
        return false;
}

const char *variable_value_text(JsonNode *value, const char *allowed, JsonArray *messages) {
        const char *text;

        if (!JSON_NODE_HOLDS_VALUE(value) || json_node_get_value_type(value) != G_TYPE_STRING) {
                variable_message(messages, "Not a valid string.");
                return NULL;
        }

        text = json_node_get_string(value);
        if (strlen(text) > VARIABLE_VALUE_MAX)
                variable_message(messages, "Ensure this value has at most %d bytes.", VARIABLE_VALUE_MAX);
        else if (!g_utf8_validate(text, -1, NULL))
                variable_message(messages, "Not a valid string.");
        else if (has_control_characters(text, allowed))
                variable_message(messages, "Control characters are not allowed.");
        else
                return text;
        return NULL;
}

bool variable_value_is_empty(const Variable *v, JsonNode *value) {
        if (JSON_NODE_HOLDS_NULL(value))
                return true;
        if (JSON_NODE_HOLDS_ARRAY(value))
                return v->type->is_list && json_array_get_length(json_node_get_array(value)) == 0;
        return JSON_NODE_HOLDS_VALUE(value) && json_node_get_value_type(value) == G_TYPE_STRING &&
                        *json_node_get_string(value) == '\0';
}

JsonNode *variable_without_value(const Variable *v, JsonNode *given) {
        return v->type->without_value ? v->type->without_value(given) : json_node_init_null(json_node_alloc());
}

int variable_finish_bounds(Variable *v, int (*parse)(const char *text, int64_t *ret, char **ret_error),
                           VariableKey *ret_key, char **ret_error) {
        int r = 0;

        *ret_key = VARIABLE_KEY_MAX_VALUE;
        if (v->max_value_text)
                r = parse(v->max_value_text, &v->max_value, ret_error);
        if (r < 0)
                return r;

        *ret_key = VARIABLE_KEY_MIN_VALUE;
        if (v->min_value_text)
                r = parse(v->min_value_text, &v->min_value, ret_error);
        if (r < 0)
                return r;
        if (v->min_value > v->max_value)
                return variable_fail(ret_error, "%s is more than MaxValue=%s", v->min_value_text, v->max_value_text);
        return 0;
}
