/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "byte-size.h"
#include "variable-text.h"
#include "variable-type.h"

enum {
        PREFIX_LENGTH_MAX = 128,
        WIDGET_MAX = 64,
};

void variable_key_reset(Variable *v, VariableKey key) {
        v->keys &= ~(1U << key);

        switch (key) {
        case VARIABLE_KEY_TYPE:
                v->type = &string_variable_type;
                break;
        case VARIABLE_KEY_LABEL:
                g_clear_pointer(&v->label, g_free);
                break;
        case VARIABLE_KEY_DESCRIPTION:
                g_clear_pointer(&v->description, g_free);
                break;
        case VARIABLE_KEY_DEFAULT:
                g_clear_pointer(&v->default_text, g_free);
                break;
        case VARIABLE_KEY_REQUIRED:
                v->required = true;
                break;
        case VARIABLE_KEY_SENSITIVE:
                v->sensitive = false;
                break;
        case VARIABLE_KEY_WIDGET:
                g_clear_pointer(&v->widget, g_free);
                break;
        case VARIABLE_KEY_DEPENDS_ON:
                g_clear_pointer(&v->depends_on, g_free);
                g_clear_pointer(&v->depends_on_value, g_free);
                break;
        case VARIABLE_KEY_MIN_LENGTH:
                v->min_length = 0;
                break;
        case VARIABLE_KEY_MAX_LENGTH:
                v->max_length = 0;
                break;
        case VARIABLE_KEY_REGEX:
                g_clear_pointer(&v->regex_text, g_free);
                g_clear_pointer(&v->regex, g_regex_unref);
                break;
        case VARIABLE_KEY_MIN_VALUE:
                g_clear_pointer(&v->min_value_text, g_free);
                v->min_value = INT64_MIN;
                break;
        case VARIABLE_KEY_MAX_VALUE:
                g_clear_pointer(&v->max_value_text, g_free);
                v->max_value = INT64_MAX;
                break;
        case VARIABLE_KEY_CHOICES:
                g_ptr_array_set_size(v->choices, 0);
                break;
        case VARIABLE_KEY_MIN_PREFIX_LENGTH:
                v->min_prefix_length = 0;
                break;
        case VARIABLE_KEY_MAX_PREFIX_LENGTH:
                v->max_prefix_length = PREFIX_LENGTH_MAX;
                break;
        case VARIABLE_KEY_MODEL:
                g_clear_pointer(&v->model, g_free);
                break;
        case VARIABLE_KEY_QUERY_PARAMS:
                g_clear_pointer(&v->query_params, json_object_unref);
                break;
        case VARIABLE_KEY_MAX_SIZE:
                v->max_size = UINT64_MAX;
                break;
        case _VARIABLE_KEY_MAX:
                break;
        }
}

typedef struct Key {
        const char *name;
        int (*set)(Variable *v, size_t offset, const char *value, char **ret_error);
        size_t offset; /* of what is set; unused where set knows */
} Key;

static int set_type(Variable *v, size_t offset, const char *value, char **ret_error) {
        const VariableType *type = variable_type_find(value);
        g_autofree char *names = NULL;

        if (!type) {
                names = variable_type_names();
                return variable_fail(ret_error, "no such type; there are %s", names);
        }

        v->type = type;
        return 0;
}

static void set_string(Variable *v, size_t offset, const char *value) {
        char **to = (char **) (void *) ((uint8_t *) v + offset);

        g_free(*to);
        *to = g_strdup(value);
}

static int set_text(Variable *v, size_t offset, const char *value, char **ret_error) {
        if (strlen(value) > VARIABLE_TEXT_MAX)
                return variable_fail(ret_error, "more than %d bytes", VARIABLE_TEXT_MAX);
        set_string(v, offset, value);
        return 0;
}

static int set_label(Variable *v, size_t offset, const char *value, char **ret_error) {
        for (const char *p = value; *p; p++)
                if (g_ascii_iscntrl(*p))
                        return variable_fail(ret_error, "a control character; a label is one line of text");
        return set_text(v, offset, value, ret_error);
}

static int set_default(Variable *v, size_t offset, const char *value, char **ret_error) {
        if (strlen(value) > VARIABLE_VALUE_MAX)
                return variable_fail(ret_error, "more than %d bytes", VARIABLE_VALUE_MAX);
        set_string(v, offset, value);
        return 0;
}

static int set_widget(Variable *v, size_t offset, const char *value, char **ret_error) {
        static const char characters[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-";

        if (strlen(value) > WIDGET_MAX || value[strspn(value, characters)] != '\0')
                return variable_fail(ret_error, "not the name of a widget: up to %d letters, digits, \"_\" and \"-\"",
                                     WIDGET_MAX);
        set_string(v, offset, value);
        return 0;
}

static int set_boolean(Variable *v, size_t offset, const char *value, char **ret_error) {
        if (variable_text_to_boolean(value, (bool *) ((uint8_t *) v + offset)) < 0)
                return variable_fail(ret_error, "not a boolean; write yes or no");
        return 0;
}

static int set_number(Variable *v, size_t offset, unsigned min, unsigned max, const char *value, char **ret_error) {
        int64_t number;

        if (variable_text_to_integer(value, &number) < 0 || number < min || number > max)
                return variable_fail(ret_error, "not a whole number from %u to %u", min, max);
        *(unsigned *) (void *) ((uint8_t *) v + offset) = (unsigned) number;
        return 0;
}

static int set_min_length(Variable *v, size_t offset, const char *value, char **ret_error) {
        return set_number(v, offset, 0, VARIABLE_VALUE_MAX, value, ret_error);
}

static int set_max_length(Variable *v, size_t offset, const char *value, char **ret_error) {
        return set_number(v, offset, 1, VARIABLE_VALUE_MAX, value, ret_error);
}

static int set_prefix_length(Variable *v, size_t offset, const char *value, char **ret_error) {
        return set_number(v, offset, 0, PREFIX_LENGTH_MAX, value, ret_error);
}

static int set_regex(Variable *v, size_t offset, const char *value, char **ret_error) {
        GRegex *regex;
        int r;

        r = set_text(v, offset, value, ret_error);
        if (r < 0)
                return r;

        regex = variable_regex_new(value, ret_error);
        if (!regex)
                return -EINVAL;
        g_clear_pointer(&v->regex, g_regex_unref);
        v->regex = regex;
        return 0;
}

static int set_choices(Variable *v, size_t offset, const char *value, char **ret_error) {
        return variable_choices_add(v, value, ret_error);
}

static int set_depends_on(Variable *v, size_t offset, const char *value, char **ret_error) {
        const char *equals = strchrnul(value, '=');
        g_autofree char *name = g_strndup(value, equals - value);
        int r;

        r = variable_name_check(name, ret_error);
        if (r < 0)
                return r;
        if (strcmp(name, v->name) == 0)
                return variable_fail(ret_error, "a variable cannot depend on itself");
        if (strcmp(equals, "=") == 0)
                return variable_fail(ret_error, "no value after \"=\"; write NAME=VALUE, or NAME for any value");
        if (strlen(equals) > VARIABLE_TEXT_MAX)
                return variable_fail(ret_error, "more than %d bytes", VARIABLE_TEXT_MAX);

        variable_key_reset(v, VARIABLE_KEY_DEPENDS_ON);
        v->depends_on = TAKE_PTR(name);
        v->depends_on_value = *equals == '=' ? g_strdup(equals + 1) : NULL;
        return 0;
}

static int set_model(Variable *v, size_t offset, const char *value, char **ret_error) {
        return variable_object_set_model(v, value, ret_error);
}

static int set_query_params(Variable *v, size_t offset, const char *value, char **ret_error) {
        return variable_object_set_query_params(v, value, ret_error);
}

static int set_max_size(Variable *v, size_t offset, const char *value, char **ret_error) {
        uint64_t size;

        if (byte_size_parse(value, 1024, &size) < 0 || size == 0 || size > INT64_MAX)
                return variable_fail(ret_error, "not a size above zero; write bytes, or a number with K, M or G");
        v->max_size = size;
        return 0;
}

static const Key keys[_VARIABLE_KEY_MAX] = {
        [VARIABLE_KEY_TYPE] = { "Type", set_type, 0 },
        [VARIABLE_KEY_LABEL] = { "Label", set_label, offsetof(Variable, label) },
        [VARIABLE_KEY_DESCRIPTION] = { "Description", set_text, offsetof(Variable, description) },
        [VARIABLE_KEY_DEFAULT] = { "Default", set_default, offsetof(Variable, default_text) },
        [VARIABLE_KEY_REQUIRED] = { "Required", set_boolean, offsetof(Variable, required) },
        [VARIABLE_KEY_SENSITIVE] = { "Sensitive", set_boolean, offsetof(Variable, sensitive) },
        [VARIABLE_KEY_WIDGET] = { "Widget", set_widget, offsetof(Variable, widget) },
        [VARIABLE_KEY_DEPENDS_ON] = { "DependsOn", set_depends_on, 0 },
        [VARIABLE_KEY_MIN_LENGTH] = { "MinLength", set_min_length, offsetof(Variable, min_length) },
        [VARIABLE_KEY_MAX_LENGTH] = { "MaxLength", set_max_length, offsetof(Variable, max_length) },
        [VARIABLE_KEY_REGEX] = { "Regex", set_regex, offsetof(Variable, regex_text) },
        [VARIABLE_KEY_MIN_VALUE] = { "MinValue", set_text, offsetof(Variable, min_value_text) },
        [VARIABLE_KEY_MAX_VALUE] = { "MaxValue", set_text, offsetof(Variable, max_value_text) },
        [VARIABLE_KEY_CHOICES] = { "Choices", set_choices, 0 },
        [VARIABLE_KEY_MIN_PREFIX_LENGTH] = { "MinPrefixLength", set_prefix_length,
                                             offsetof(Variable, min_prefix_length) },
        [VARIABLE_KEY_MAX_PREFIX_LENGTH] = { "MaxPrefixLength", set_prefix_length,
                                             offsetof(Variable, max_prefix_length) },
        [VARIABLE_KEY_MODEL] = { "Model", set_model, 0 },
        [VARIABLE_KEY_QUERY_PARAMS] = { "QueryParams", set_query_params, 0 },
        [VARIABLE_KEY_MAX_SIZE] = { "MaxSize", set_max_size, 0 },
};

const char *variable_key_to_string(VariableKey key) {
        return keys[key].name;
}

static int fail_no_such_key(char **ret_error) {
        g_autoptr(GString) names = g_string_new(NULL);

        for (VariableKey key = 0; key < _VARIABLE_KEY_MAX; key++)
                g_string_append_printf(names, "%s%s=", key > 0 ? ", " : "", keys[key].name);
        (void) variable_fail(ret_error, "no such key for a variable; there are %s", names->str);
        return -ENOENT;
}

int variable_set(Variable *v, const char *key, const char *value, char **ret_error) {
        int r;

        for (VariableKey k = 0; k < _VARIABLE_KEY_MAX; k++) {
                if (strcmp(keys[k].name, key) != 0)
                        continue;
                if (!g_utf8_validate(value, -1, NULL))
                        return variable_fail(ret_error, "not UTF-8");
                if (*value == '\0') {
                        variable_key_reset(v, k);
                        return 0;
                }

                r = keys[k].set(v, keys[k].offset, value, ret_error);
                if (r >= 0)
                        v->keys |= 1U << k;
                return r;
        }

        return fail_no_such_key(ret_error);
}
