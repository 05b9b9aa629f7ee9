/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "json.h"
#include "output.h"
#include "run-data.h"
#include "run-files.h"
#include "run-from.h"

typedef struct Input {
        JsonArray *variables;
        JsonObject *stored, *data;
} Input;

static bool value_is_empty(JsonNode *value) {
        if (JSON_NODE_HOLDS_ARRAY(value))
                return json_array_get_length(json_node_get_array(value)) == 0;
        if (!JSON_NODE_HOLDS_VALUE(value))
                return JSON_NODE_HOLDS_NULL(value);
        if (json_node_get_value_type(value) == G_TYPE_STRING)
                return json_node_get_string(value)[0] == '\0';
        return json_node_get_value_type(value) == G_TYPE_BOOLEAN && !json_node_get_boolean(value);
}

/* steps: a ring of DependsOn=, which jobd refuses, must not be endless here. */
static bool is_taken_steps(const Input *in, JsonObject *variable, unsigned steps) {
        JsonNode *node = json_object_get_member(variable, "depends_on"), *asked, *value;
        JsonObject *depends_on = node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
        const char *name = depends_on ? json_string(depends_on, "name") : NULL;
        JsonObject *other = name ? run_data_variable(in->variables, name) : NULL;

        if (!other || steps == 0)
                return true;
        if (!is_taken_steps(in, other, steps - 1))
                return false;
        value = json_object_get_member(in->data, name) ?: json_object_get_member(in->stored, name);
        if (!value) /* not known here: jobd will say */
                return true;
        asked = json_object_get_member(depends_on, "value");
        return asked ? json_has_all(value, asked) : !value_is_empty(value);
}

/* Whether the variable is taken, as far as its DependsOn= goes. */
static bool is_taken(const Input *in, JsonObject *variable) {
        return is_taken_steps(in, variable, json_array_get_length(in->variables));
}

/* null is stored for what was not taken, too: if it is taken now, that is no value of it. */
static bool has_value(const Input *in, JsonObject *variable, JsonNode *value) {
        const Input then = { in->variables, in->stored, in->stored };

        return is_taken(in, variable) && (!JSON_NODE_HOLDS_NULL(value) || is_taken(&then, variable));
}

char **run_from_complete(JsonArray *variables, JsonObject *stored, JsonObject *data) {
        g_autoptr(JsonObject) given = json_object_new();
        const Input in = { variables, stored, given };
        GPtrArray *unknown = g_ptr_array_new();
        JsonObjectIter i;
        const char *name;
        JsonNode *value;

        /* What is given now decides, not what is added on the way. */
        json_object_iter_init_ordered(&i, data);
        while (json_object_iter_next_ordered(&i, &name, &value))
                json_object_set_member(given, name, json_node_copy(value));

        json_object_iter_init_ordered(&i, stored);
        while (json_object_iter_next_ordered(&i, &name, &value)) {
                JsonObject *variable = run_data_variable(variables, name);

                if (!variable)
                        g_ptr_array_add(unknown, g_strdup(name));
                else if (!run_files_is_file(variable) && !json_object_has_member(given, name) &&
                         has_value(&in, variable, value))
                        json_object_set_member(data, name, json_node_copy(value));
        }
        g_ptr_array_add(unknown, NULL);
        return (char **) g_ptr_array_free(unknown, false);
}

/* A file that was given; they are kept for a run only. */
static bool was_file(JsonObject *variable, JsonObject *stored) {
        JsonNode *value = json_object_get_member(stored, json_string(variable, "name"));

        return run_files_is_file(variable) && value && !JSON_NODE_HOLDS_NULL(value);
}

static bool may_be_lost(JsonObject *variable, JsonObject *stored) {
        JsonNode *value = json_object_get_member(variable, "default");

        /* Of a job with sensitive variables as a whole nothing is stored. */
        return json_object_get_size(stored) == 0 || json_boolean(variable, "sensitive") || was_file(variable, stored) ||
               (json_boolean(variable, "required") && (!value || JSON_NODE_HOLDS_NULL(value)));
}

JsonArray *run_from_missing(JsonArray *variables, JsonObject *stored, JsonObject *data) {
        JsonArray *missing = json_array_new();
        const Input in = { variables, stored, data };

        for (unsigned i = 0; i < json_array_get_length(variables); i++) {
                JsonNode *node = json_array_get_element(variables, i);
                JsonObject *v = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
                const char *name = v ? json_string(v, "name") : NULL;

                if (name && !json_object_has_member(data, name) && may_be_lost(v, stored) && is_taken(&in, v))
                        json_array_add_element(missing, json_node_copy(node));
        }
        return missing;
}
