/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "variable-text.h"
#include "variable-type.h"

int variable_fail(char **ret_error, const char *format, ...) {
        va_list ap;

        if (ret_error) {
                va_start(ap, format);
                *ret_error = g_strdup_vprintf(format, ap);
                va_end(ap);
        }
        return -EINVAL;
}

static void free_choice(void *p) {
        (void) choice_free(p);
}

Variable *variable_new(const char *name) {
        Variable *v = g_new0(Variable, 1);

        v->name = g_strdup(name);
        v->choices = g_ptr_array_new_with_free_func(free_choice);
        for (VariableKey key = 0; key < _VARIABLE_KEY_MAX; key++)
                variable_key_reset(v, key);
        return v;
}

Variable *variable_free(Variable *v) {
        if (!v)
                return NULL;

        for (VariableKey key = 0; key < _VARIABLE_KEY_MAX; key++)
                variable_key_reset(v, key);
        g_clear_pointer(&v->default_value, json_node_unref);
        g_ptr_array_unref(v->choices);
        g_free(v->name);
        g_free(v);
        return NULL;
}

static char *join_messages(JsonArray *messages) {
        g_autoptr(GString) text = g_string_new(NULL);

        for (unsigned i = 0; i < json_array_get_length(messages); i++)
                g_string_append_printf(text, "%s%s", i > 0 ? " " : "", json_array_get_string_element(messages, i));
        return g_strdup(text->str);
}

/* A value in a job class, from its text: what a request would have to hold, as a sentence when it is wrong. */
static JsonNode *value_from_class(const Variable *v, const char *text, char **ret_error) {
        g_autoptr(JsonArray) messages = json_array_new();
        g_autoptr(JsonNode) value = NULL, normalised = NULL;

        if (variable_text_to_json(v->type->name, text, &value, ret_error) < 0)
                return NULL;
        if (variable_value_is_empty(v, value)) {
                (void) variable_fail(ret_error, "this is no value; leave it out");
                return NULL;
        }

        normalised = v->type->check(v, value, messages);
        if (normalised && v->type->has_model && variable_object_has_query(normalised)) {
                /* What a query finds changes, and people are shown this value before they choose. */
                (void) variable_fail(ret_error, "a query; a primary key is needed here");
                return NULL;
        }
        if (!normalised) {
                g_autofree char *text_of_all = join_messages(messages);

                (void) variable_fail(ret_error, "%s", text_of_all);
        }
        return TAKE_PTR(normalised);
}

JsonNode *variable_depends_on_value(const Variable *v, const Variable *other, char **ret_error) {
        return v->depends_on_value ? value_from_class(other, v->depends_on_value, ret_error) : NULL;
}

static int finish_default(Variable *v, VariableKey *ret_key, char **ret_error) {
        g_clear_pointer(&v->default_value, json_node_unref);
        if (!v->default_text)
                return 0;

        v->default_value = value_from_class(v, v->default_text, ret_error);
        if (!v->default_value) {
                *ret_key = VARIABLE_KEY_DEFAULT;
                return -EINVAL;
        }
        return 0;
}

static int check_keys_of_type(const Variable *v, VariableKey *ret_key, char **ret_error) {
        for (VariableKey key = 0; key < _VARIABLE_KEY_MAX; key++)
                if ((v->keys & ~v->type->keys) & (1U << key)) {
                        *ret_key = key;
                        return variable_fail(ret_error, "a variable of Type=%s does not have this key", v->type->name);
                }
        return 0;
}

int variable_finish(Variable *v, const char **ret_key, char **ret_error) {
        VariableKey key = VARIABLE_KEY_TYPE;
        int r;

        r = check_keys_of_type(v, &key, ret_error);
        if (r >= 0 && v->type->finish)
                r = v->type->finish(v, &key, ret_error);
        if (r >= 0)
                r = finish_default(v, &key, ret_error);
        if (r < 0 && ret_key)
                *ret_key = variable_key_to_string(key);
        return r;
}

const char *variable_name(const Variable *v) {
        return v->name;
}

const char *variable_type_string(const Variable *v) {
        return v->type->name;
}

bool variable_is_sensitive(const Variable *v) {
        return v->sensitive;
}

bool variable_is_dryrun(const Variable *v) {
        return v->type == &dryrun_variable_type;
}

bool variable_is_file(const Variable *v) {
        return v->type == &file_variable_type;
}

uint64_t variable_max_size(const Variable *v) {
        return v->max_size;
}

const char *variable_depends_on(const Variable *v) {
        return v->depends_on;
}
