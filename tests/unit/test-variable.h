/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <string.h>

#include "json.h"
#include "variable.h"

/* What the tests of variables share. */

static inline void free_variable(void *p) {
        (void) variable_free(p);
}

static inline GPtrArray *class_new(void) {
        return g_ptr_array_new_with_free_func(free_variable);
}

/* Sets the keys of a section, a line each; the first that is refused ends it. Returns variable_set()'s errors. */
static inline int set_keys(Variable *v, const char *lines, const char **ret_key, char **ret_error) {
        g_auto(GStrv) split = g_strsplit(lines, "\n", -1);

        for (char **line = split; *line; line++) {
                char *equals = strchr(*line, '=');
                int r;

                g_assert_nonnull(equals);
                *equals = '\0';
                r = variable_set(v, *line, equals + 1, ret_error);
                if (r < 0) {
                        *ret_key = g_intern_string(*line);
                        return r;
                }
        }
        return variable_finish(v, ret_key, ret_error);
}

static inline void class_add(GPtrArray *class, const char *name, const char *lines) {
        Variable *v = variable_new(name);
        g_autofree char *error = NULL;
        const char *key = NULL;
        int r;

        g_ptr_array_add(class, v);
        r = set_keys(v, lines, &key, &error);
        g_assert_cmpstr(error, ==, NULL);
        g_assert_cmpstr(key, ==, NULL);
        g_assert_cmpint(r, ==, 0);
}

static inline JsonObject *object_from_text(const char *text) {
        JsonObject *object = NULL;
        g_autofree char *error = NULL;
        int r;

        r = json_parse_object(text, strlen(text), JSON_SIZE_MAX, &object, &error);
        g_assert_cmpstr(error, ==, NULL);
        g_assert_cmpint(r, ==, 0);
        return object;
}

/*
 * Checks a request and compares values and errors (one of them NULL) with JSON text. What is accepted must be accepted
 * again, and not change.
 */
static inline void assert_validated(GPtrArray *class, JsonObject *input, const char *values, const char *errors) {
        g_autoptr(JsonObject) got_values = NULL, got_errors = NULL, again = NULL;
        g_autofree char *values_text = NULL, *errors_text = NULL, *again_text = NULL;
        int r;

        r = variables_validate(class, input, &got_values, &got_errors);
        errors_text = got_errors ? json_format_object(got_errors) : NULL;
        values_text = got_values ? json_format_object(got_values) : NULL;
        g_assert_cmpstr(errors_text, ==, errors);
        g_assert_cmpstr(values_text, ==, values);
        g_assert_cmpint(r, ==, errors ? -EINVAL : 0);
        if (errors)
                return;

        r = variables_validate(class, got_values, &again, &got_errors);
        errors_text = got_errors ? json_format_object(got_errors) : NULL;
        g_assert_cmpstr(errors_text, ==, NULL);
        g_assert_cmpint(r, ==, 0);
        again_text = json_format_object(again);
        g_assert_cmpstr(again_text, ==, values);
}

static inline void assert_request(GPtrArray *class, const char *input, const char *values, const char *errors) {
        g_autoptr(JsonObject) object = object_from_text(input);

        assert_validated(class, object, values, errors);
}
