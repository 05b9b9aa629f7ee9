/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>

#include "variable-type.h"

/*
 * Type=file: the contents come as a file descriptor, beside the values (variables_validate_all()). What stands for a
 * file among the values is made by jobd: what it was called, its size and its digest.
 */

static bool is_of_type(JsonNode *node, GType type) {
        return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type;
}

static JsonNode *file_check(const Variable *v, JsonNode *value, JsonArray *messages) {
        static const struct {
                const char *name;
                GType type;
        } members[] = { { "name", G_TYPE_STRING }, { "size", G_TYPE_INT64 }, { "sha256", G_TYPE_STRING } };
        JsonObject *given = JSON_NODE_HOLDS_OBJECT(value) ? json_node_get_object(value) : NULL;
        g_autoptr(JsonObject) normalised = json_object_new();

        for (size_t i = 0; i < ELEMENTSOF(members); i++) {
                JsonNode *member = given ? json_object_get_member(given, members[i].name) : NULL;

                if (!is_of_type(member, members[i].type)) {
                        variable_message(messages, VARIABLE_MESSAGE_NO_FILE, v->name);
                        return NULL;
                }
                json_object_set_member(normalised, members[i].name, json_node_copy(member));
        }
        if ((uint64_t) json_object_get_int_member(normalised, "size") > v->max_size) {
                variable_message(messages, VARIABLE_MESSAGE_FILE_TOO_LARGE, v->max_size);
                return NULL;
        }
        return json_node_init_object(json_node_alloc(), normalised);
}

static void file_describe(const Variable *v, JsonObject *entry) {
        if (v->max_size < UINT64_MAX)
                json_object_set_int_member(entry, "max_size", (int64_t) v->max_size);
}

const VariableType file_variable_type = {
        .name = "file",
        .keys = (VARIABLE_KEYS_COMMON & ~VARIABLE_KEY_BIT(DEFAULT)) | VARIABLE_KEY_BIT(MAX_SIZE),
        .check = file_check,
        .describe = file_describe,
};
