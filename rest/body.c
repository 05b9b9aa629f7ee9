/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "body.h"
#include "json.h"
#include "route.h"

int body_parse(Request *r, JsonObject **ret, char **ret_problem) {
        g_autofree char *error = NULL;
        int n;

        if (!r->body || r->body->len == 0) {
                *ret = json_object_new();
                return 0;
        }
        n = json_parse_object(r->body->str, r->body->len, BODY_SIZE_MAX, ret, &error);
        if (n < 0)
                *ret_problem = g_strdup_printf("JSON parse error - %s", error);
        return n;
}

static bool is_strings(JsonNode *node) {
        JsonArray *array = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

        for (unsigned i = 0; array && i < json_array_get_length(array); i++)
                if (json_node_get_value_type(json_array_get_element(array, i)) != G_TYPE_STRING)
                        return false;
        return array;
}

static bool is_natural(JsonNode *node) {
        return json_node_get_value_type(node) == G_TYPE_INT64 && json_node_get_int(node) >= 0 &&
               json_node_get_int(node) <= UINT32_MAX;
}

static bool is_signed(JsonNode *node) {
        return json_node_get_value_type(node) == G_TYPE_INT64 && json_node_get_int(node) >= INT32_MIN &&
               json_node_get_int(node) <= INT32_MAX;
}

static bool is_seconds(JsonNode *node) {
        return is_natural(node) || (json_node_get_value_type(node) == G_TYPE_DOUBLE && json_node_get_double(node) >= 0);
}

/* NULL: the value is of that type. The words are the reference's. */
static const char *check_value(JsonNode *node, const Field *field) {
        if (JSON_NODE_HOLDS_NULL(node))
                return field->nullable || field->type == VALUE_ANY ? NULL : "This field may not be null.";
        switch (field->type) {
        case VALUE_STRING:
                return json_node_get_value_type(node) == G_TYPE_STRING ? NULL : "Not a valid string.";
        case VALUE_BOOLEAN:
                return json_node_get_value_type(node) == G_TYPE_BOOLEAN ? NULL : "Must be a valid boolean.";
        case VALUE_INTEGER:
                return is_natural(node) ? NULL : "A valid integer is required.";
        case VALUE_SIGNED:
                return is_signed(node) ? NULL : "A valid integer is required.";
        case VALUE_NUMBER:
                return is_seconds(node) ? NULL : "A valid number is required.";
        case VALUE_STRINGS:
                return is_strings(node) ? NULL : "Expected a list of items that are strings.";
        case VALUE_OBJECT:
                return JSON_NODE_HOLDS_OBJECT(node) ? NULL : "Expected a dictionary of items.";
        case VALUE_TIME:
        case VALUE_ANY:
                break;
        }
        return NULL;
}

JsonObject *body_read(Request *r) {
        g_autoptr(JsonObject) body = NULL, problems = json_object_new();
        g_autofree char *problem = NULL;
        JsonObjectIter iter;
        const char *name;
        JsonNode *node;

        if (body_parse(r, &body, &problem) < 0) {
                request_fail(r, MHD_HTTP_BAD_REQUEST, "%s", problem);
                return NULL;
        }
        json_object_iter_init_ordered(&iter, body);
        while (json_object_iter_next_ordered(&iter, &name, &node)) {
                const Field *field = route_find_field(r->route, name);
                const char *text = field ? check_value(node, field) : "Unknown field.";

                if (text) {
                        JsonArray *texts = json_array_new();

                        json_array_add_string_element(texts, text);
                        json_object_set_array_member(problems, name, texts);
                }
        }
        if (json_object_get_size(problems) > 0) {
                request_reply_object(r, MHD_HTTP_BAD_REQUEST, TAKE_PTR(problems));
                return NULL;
        }
        return TAKE_PTR(body);
}
