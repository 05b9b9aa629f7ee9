/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "variable-type.h"

#define DRYRUN_HELP_TEXT "Check to run job in dryrun mode."

static void describe_texts(const Variable *v, JsonObject *entry) {
        const char *help_text = v->description;

        if (!help_text && variable_is_dryrun(v))
                help_text = DRYRUN_HELP_TEXT;

        if (v->label)
                json_object_set_string_member(entry, "label", v->label);
        if (help_text)
                json_object_set_string_member(entry, "help_text", help_text);
}

static void describe_default(const Variable *v, JsonObject *entry) {
        g_autoptr(JsonNode) without = NULL;

        if (v->sensitive)
                return;
        if (v->default_value) {
                json_object_set_member(entry, "default", json_node_copy(v->default_value));
                return;
        }

        without = variable_without_value(v, NULL);
        if (!JSON_NODE_HOLDS_NULL(without)) /* a boolean: false */
                json_object_set_member(entry, "default", TAKE_PTR(without));
}

static void describe_depends_on(const GPtrArray *variables, const Variable *v, JsonObject *entry) {
        const Variable *other = v->depends_on ? variables_find(variables, v->depends_on) : NULL;
        JsonObject *depends_on;
        JsonNode *value;

        if (!other)
                return;

        depends_on = json_object_new();
        json_object_set_string_member(depends_on, "name", other->name);
        value = variable_depends_on_value(v, other, NULL);
        if (value)
                json_object_set_member(depends_on, "value", value);
        json_object_set_object_member(entry, "depends_on", depends_on);
}

JsonNode *variables_describe(const GPtrArray *variables) {
        g_autoptr(JsonArray) list = json_array_new();

        for (unsigned i = 0; variables && i < variables->len; i++) {
                const Variable *v = variables->pdata[i];
                JsonObject *entry = json_object_new();

                json_object_set_string_member(entry, "name", v->name);
                json_object_set_string_member(entry, "type", v->type->name);
                describe_texts(v, entry);
                json_object_set_boolean_member(entry, "required", v->required);
                if (v->type->describe)
                        v->type->describe(v, entry);
                describe_default(v, entry);
                json_object_set_boolean_member(entry, "sensitive", v->sensitive);
                if (v->widget)
                        json_object_set_string_member(entry, "widget", v->widget);
                describe_depends_on(variables, v, entry);
                json_array_add_object_element(list, entry);
        }
        return json_node_init_array(json_node_alloc(), list);
}
