/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "json.h"
#include "model.h"

/*
 * What jobd, which is sandboxed and must not wait, cannot find out by itself: the objects of the host. One connection
 * is one question: standard input and output are the socket (jobd-objects.socket, Accept=yes). The question is a line,
 * a JSON object of models and the primary keys that are asked for by name; the answer is {"objects": {MODEL: [...]},
 * "errors": {MODEL: "sentence"}}, each model in one of them.
 */

static const struct {
        const char *name;
        int (*read)(char **keys, JsonArray *objects, char **ret_error);
} models[] = {
        { "systemd.unit", model_units },
        { "user", model_users },
        { "group", model_groups },
        { "network.interface", model_interfaces },
        { "block.device", model_devices },
        { "mount", model_mounts },
};

static char **keys_from_json(JsonNode *node) {
        JsonArray *array = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
        GPtrArray *keys = g_ptr_array_new();

        for (unsigned i = 0; array && i < json_array_get_length(array); i++) {
                JsonNode *key = json_array_get_element(array, i);

                if (JSON_NODE_HOLDS_VALUE(key) && json_node_get_value_type(key) == G_TYPE_STRING)
                        g_ptr_array_add(keys, json_node_dup_string(key));
        }
        g_ptr_array_add(keys, NULL);
        return (char **) g_ptr_array_free(keys, false);
}

static void answer_model(const char *name, JsonNode *keys_node, JsonObject *objects, JsonObject *errors) {
        g_autoptr(JsonArray) array = json_array_new();
        g_auto(GStrv) keys = keys_from_json(keys_node);
        g_autofree char *error = NULL;

        for (size_t i = 0; i < ELEMENTSOF(models); i++) {
                if (strcmp(models[i].name, name) != 0)
                        continue;
                if (models[i].read(keys, array, &error) < 0)
                        set_text(errors, name, error);
                else
                        json_object_set_array_member(objects, name, TAKE_PTR(array));
                return;
        }
        set_text(errors, name, "jobd-objects does not know this model");
}

static void print_answer(JsonObject *question) {
        g_autoptr(JsonObject) objects = json_object_new(), errors = json_object_new(), answer = json_object_new();
        g_autofree char *text = NULL;
        JsonObjectIter i;
        const char *name;
        JsonNode *keys;

        json_object_iter_init_ordered(&i, question);
        while (json_object_iter_next_ordered(&i, &name, &keys))
                answer_model(name, keys, objects, errors);
        json_object_set_object_member(answer, "objects", TAKE_PTR(objects));
        json_object_set_object_member(answer, "errors", TAKE_PTR(errors));
        text = json_format_object(answer);
        puts(text);
}

int main(int argc, char **argv) {
        g_autoptr(JsonObject) question = NULL;
        _cleanup_free_ char *line = NULL;
        g_autofree char *error = NULL;
        size_t size = 0;
        ssize_t n;

        n = getline(&line, &size, stdin);
        if (n < 0) {
                fprintf(stderr, "jobd-objects is asked by jobd: there is nothing on standard input\n");
                return EXIT_FAILURE;
        }
        if (json_parse_object(line, (size_t) n, SIZE_MAX, &question, &error) < 0) {
                fprintf(stderr, "Cannot read the question: %s\n", error);
                return EXIT_FAILURE;
        }
        print_answer(question);
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
