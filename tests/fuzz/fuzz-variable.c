/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "json.h"
#include "variable-text.h"
#include "variable.h"

/*
 * The input is the [Variable NAME] sections of a job class, an empty line, and the JSON of a request:
 *
 *      [Variable n]
 *      Type=integer
 *
 *      {"n": 5}
 */

enum {
        VARIABLES_MAX = 16,
};

static void free_variable(void *p) {
        (void) variable_free(p);
}

static void set_key(Variable *v, char *line) {
        g_autofree char *error = NULL;
        char *equals = strchr(line, '=');

        if (!equals)
                return;
        *equals = '\0';
        if (variable_set(v, line, equals + 1, &error) < 0)
                g_assert_nonnull(error);
}

static GPtrArray *read_class(char *text) {
        g_autoptr(GPtrArray) variables = g_ptr_array_new_with_free_func(free_variable);
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        Variable *v = NULL;

        for (char **line = lines; *line; line++) {
                if (g_str_has_prefix(*line, "[Variable ") && g_str_has_suffix(*line, "]")) {
                        char *name = *line + strlen("[Variable ");

                        name[strlen(name) - 1] = '\0';
                        if (variable_name_check(name, NULL) < 0 || variables->len >= VARIABLES_MAX)
                                return NULL;
                        v = variable_new(name);
                        g_ptr_array_add(variables, v);
                } else if (v)
                        set_key(v, *line);
        }
        return g_steal_pointer(&variables);
}

static bool finish_class(GPtrArray *variables) {
        g_autofree char *check_error = NULL;

        for (unsigned i = 0; i < variables->len; i++) {
                g_autofree char *error = NULL;
                const char *key = NULL;

                if (variable_finish(variables->pdata[i], &key, &error) < 0) {
                        g_assert_nonnull(key);
                        g_assert_nonnull(error);
                        return false;
                }
        }

        if (variables_check(variables, NULL, &check_error) < 0) {
                g_assert_nonnull(check_error);
                return false;
        }
        return true;
}

/* Every type must be able to make JSON of any text, or say why not. */
static void convert_text(GPtrArray *variables, const char *text) {
        for (unsigned i = 0; i < variables->len; i++) {
                g_autoptr(JsonNode) node = NULL;
                g_autofree char *error = NULL;

                if (variable_text_to_json(variable_type_string(variables->pdata[i]), text, &node, &error) < 0)
                        g_assert_nonnull(error);
                else
                        g_assert_nonnull(node);
        }
}

/* Accepted values fit their limit, are accepted again, and do not change. */
static void check_accepted(GPtrArray *variables, JsonObject *values) {
        g_autoptr(JsonObject) again = NULL, parsed = NULL, errors = NULL, shown = NULL;
        g_autofree char *text = json_format_object(values), *text_again = NULL;
        int r;

        r = json_parse_object(text, strlen(text), VARIABLES_SIZE_MAX, &parsed, NULL);
        g_assert_no_errno(r);
        r = variables_validate(variables, parsed, &again, &errors);
        g_assert_no_errno(r);
        text_again = json_format_object(again);
        g_assert_cmpstr(text, ==, text_again);

        shown = variables_public_values(variables, values);
        for (unsigned i = 0; i < variables->len; i++) {
                const Variable *v = variables->pdata[i];
                g_autofree char *value = variable_value_to_text(json_object_get_member(values, variable_name(v)));

                g_assert_true(g_utf8_validate(value, -1, NULL));
                g_assert_true(json_object_has_member(shown, variable_name(v)) == !variable_is_sensitive(v));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *text = size > 0 ? g_strndup((const char *) data, size) : g_strdup("");
        g_autoptr(GPtrArray) variables = NULL;
        g_autoptr(JsonObject) input = NULL, values = NULL, errors = NULL;
        g_autoptr(JsonNode) description = NULL;
        char *request = strstr(text, "\n\n");

        if (!request)
                return 0;
        *request = '\0';
        request += 2;

        variables = read_class(text);
        if (!variables || !finish_class(variables))
                return 0;
        convert_text(variables, request);
        description = variables_describe(variables);

        if (json_parse_object(request, strlen(request), JSON_SIZE_MAX, &input, NULL) < 0)
                return 0;
        if (variables_validate(variables, input, &values, &errors) < 0) {
                g_assert_null(values);
                g_assert_cmpuint(json_object_get_size(errors), >, 0);
        } else {
                g_assert_null(errors);
                check_accepted(variables, values);
        }
        return 0;
}
