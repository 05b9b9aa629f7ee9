/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "variable-type.h"
#include "variables-objects.h"

/* One variable of the request that is being checked. */
typedef struct Field {
        const Variable *variable;
        enum { FIELD_UNCHECKED, FIELD_IN_CHECK, FIELD_CHECKED } state;
        JsonNode *value; /* normalised; NULL: wrong, or not known for what it depends on */
        JsonArray *messages;
} Field;

typedef struct Validation {
        Field *fields;
        unsigned n_fields;
        JsonObject *input;        /* may be NULL */
        JsonObject *files;        /* may be NULL */
        const ObjectSet *objects; /* NULL: they are not looked for */
} Validation;

typedef enum Condition {
        CONDITION_MET,
        CONDITION_UNMET,
        CONDITION_UNKNOWN, /* the other variable has no value that could be looked at */
} Condition;

static void check_field(Validation *v, Field *f);

static Field *find_field(Validation *v, const char *name) {
        for (unsigned i = 0; i < v->n_fields; i++)
                if (strcmp(v->fields[i].variable->name, name) == 0)
                        return v->fields + i;
        return NULL;
}

static bool value_is_false(JsonNode *value) {
        return JSON_NODE_HOLDS_VALUE(value) && json_node_get_value_type(value) == G_TYPE_BOOLEAN &&
                        !json_node_get_boolean(value);
}

/* As deep as DependsOn= chains are long, and no job class has more than JOB_CLASS_VARIABLES_MAX variables. */
static Condition check_condition(Validation *v, const Variable *variable) {
        Field *other = variable->depends_on ? find_field(v, variable->depends_on) : NULL;
        g_autoptr(JsonNode) asked = NULL;
        bool met;

        if (!other)
                return CONDITION_MET;

        check_field(v, other);
        if (!other->value)
                return CONDITION_UNKNOWN;

        if (variable->depends_on_value) {
                asked = variable_depends_on_value(variable, other->variable, NULL);
                met = asked && json_has_all(other->value, asked);
        } else
                met = !variable_value_is_empty(other->variable, other->value) && !value_is_false(other->value);
        return met ? CONDITION_MET : CONDITION_UNMET;
}

static void add_unmet_message(const Field *f) {
        const Variable *v = f->variable;

        if (v->depends_on_value)
                variable_message(f->messages, "Only taken when \"%s\" is \"%s\"; leave it out.", v->depends_on,
                                 v->depends_on_value);
        else
                variable_message(f->messages, "Only taken when \"%s\" has a value; leave it out.", v->depends_on);
}

/* For QueryParams=. A ring of them is refused with the class. */
static bool lookup_field(const char *name, JsonNode **ret, void *userdata) {
        Validation *v = userdata;
        Field *f = find_field(v, name);

        if (!f)
                return true;
        check_field(v, f);
        if (!f->value)
                return false;
        if (!variable_value_is_empty(f->variable, f->value))
                *ret = json_node_copy(f->value);
        return true;
}

static JsonNode *find_objects(Validation *v, Field *f, JsonNode *value) {
        g_autoptr(JsonNode) checked = value;
        g_autoptr(JsonObject) params = NULL;

        if (!checked || !v->objects || !f->variable->type->has_model)
                return TAKE_PTR(checked);
        params = variable_object_params(f->variable, lookup_field, v);
        return params ? variable_object_resolve(f->variable, checked, v->objects, params, f->messages) : NULL;
}

static JsonNode *field_value(Validation *validation, Field *f, JsonNode *given, Condition condition) {
        const Variable *v = f->variable;
        bool empty;

        if (!given && condition == CONDITION_MET && v->default_value)
                return find_objects(validation, f, json_node_copy(v->default_value));

        empty = !given || variable_value_is_empty(v, given);
        if (condition == CONDITION_UNMET) {
                if (empty)
                        return json_node_init_null(json_node_alloc());
                add_unmet_message(f);
                return NULL;
        }
        if (!empty)
                return find_objects(validation, f, v->type->check(v, given, f->messages));
        if (condition == CONDITION_UNKNOWN)
                return NULL; /* nothing to say, and what depends on this one is unknown as well */
        if (v->required) {
                variable_message(f->messages, "This field is required.");
                return NULL;
        }
        return variable_without_value(v, given);
}

/*
 * What the request has for a file variable: what stands for the file, null, or NULL for none. -EINVAL and messages when it
 * is not accepted.
 */
static int given_file(Validation *v, Field *f, JsonNode **ret) {
        const char *name = f->variable->name;
        JsonNode *value = v->input ? json_object_get_member(v->input, name) : NULL;
        JsonNode *file = v->files ? json_object_get_member(v->files, name) : NULL;

        if (value && !JSON_NODE_HOLDS_NULL(value)) {
                variable_message(f->messages, VARIABLE_MESSAGE_NO_FILE, name);
                return -EINVAL;
        }
        if (file && JSON_NODE_HOLDS_ARRAY(file)) {
                json_array_unref(f->messages);
                f->messages = json_array_ref(json_node_get_array(file));
                return -EINVAL;
        }
        *ret = file ?: value;
        return 0;
}

static int given_value(Validation *v, Field *f, JsonNode **ret) {
        if (variable_is_file(f->variable))
                return given_file(v, f, ret);
        *ret = v->input ? json_object_get_member(v->input, f->variable->name) : NULL;
        return 0;
}

static void check_field(Validation *v, Field *f) {
        JsonNode *given = NULL;
        Condition condition;

        /* In check: a ring of DependsOn=, which variables_check() has refused. */
        if (f->state != FIELD_UNCHECKED)
                return;

        f->state = FIELD_IN_CHECK;
        condition = check_condition(v, f->variable);
        if (given_value(v, f, &given) >= 0)
                f->value = field_value(v, f, given, condition);
        f->state = FIELD_CHECKED;
}

static void add_unknown_properties(Validation *v, JsonObject *errors) {
        JsonObjectIter iter;
        const char *name;
        JsonNode *value;

        if (!v->input)
                return;

        json_object_iter_init_ordered(&iter, v->input);
        while (json_object_iter_next_ordered(&iter, &name, &value))
                if (!find_field(v, name)) {
                        JsonArray *messages = json_array_new();

                        variable_message(messages, "Job data contained an unknown property");
                        json_object_set_array_member(errors, name, messages);
                }
}

static void add_other_files(Validation *v, JsonObject *errors) {
        JsonObjectIter iter;
        const char *name;
        JsonNode *file;

        if (!v->files)
                return;

        json_object_iter_init_ordered(&iter, v->files);
        while (json_object_iter_next_ordered(&iter, &name, &file)) {
                Field *f = find_field(v, name);
                JsonArray *messages;

                if (f && variable_is_file(f->variable))
                        continue;
                messages = json_object_has_member(errors, name) ? json_object_get_array_member(errors, name) : NULL;
                if (!messages) {
                        messages = json_array_new();
                        json_object_set_array_member(errors, name, messages);
                }
                if (f)
                        variable_message(messages, "This is a %s and cannot be given as a file.",
                                         f->variable->type->name);
                else
                        variable_message(messages, "Job data contained an unknown property");
        }
}

/* The errors, NULL when there are none. */
static JsonObject *collect_errors(Validation *v) {
        g_autoptr(JsonObject) errors = json_object_new();

        for (unsigned i = 0; i < v->n_fields; i++) {
                Field *f = v->fields + i;

                if (json_array_get_length(f->messages) > 0)
                        json_object_set_array_member(errors, f->variable->name, json_array_ref(f->messages));
        }
        add_unknown_properties(v, errors);
        add_other_files(v, errors);
        return json_object_get_size(errors) > 0 ? TAKE_PTR(errors) : NULL;
}

static JsonObject *collect_values(Validation *v) {
        JsonObject *values = json_object_new();

        for (unsigned i = 0; i < v->n_fields; i++) {
                JsonNode *value = TAKE_PTR(v->fields[i].value);

                /* Without an error somewhere only a circle of DependsOn= leaves one unknown. */
                json_object_set_member(values, v->fields[i].variable->name,
                                       value ?: json_node_init_null(json_node_alloc()));
        }
        return values;
}

static void validation_done(Validation *v) {
        for (unsigned i = 0; i < v->n_fields; i++) {
                g_clear_pointer(&v->fields[i].value, json_node_unref);
                json_array_unref(v->fields[i].messages);
        }
        g_free(v->fields);
}

int variables_validate_all(const GPtrArray *variables, JsonObject *input, JsonObject *files, const ObjectSet *objects,
                           JsonObject **ret_values, JsonObject **ret_errors) {
        unsigned n = variables ? variables->len : 0;
        _cleanup_(validation_done) Validation v = {
                .fields = g_new0(Field, n),
                .n_fields = n,
                .input = input,
                .files = files,
                .objects = objects,
        };
        JsonObject *errors;

        for (unsigned i = 0; i < n; i++) {
                v.fields[i].variable = variables->pdata[i];
                v.fields[i].messages = json_array_new();
        }
        for (unsigned i = 0; i < n; i++)
                check_field(&v, v.fields + i);

        errors = collect_errors(&v);
        if (errors) {
                *ret_errors = errors;
                return -EINVAL;
        }

        *ret_values = collect_values(&v);
        return 0;
}

int variables_validate(const GPtrArray *variables, JsonObject *input, JsonObject **ret_values,
                       JsonObject **ret_errors) {
        return variables_validate_all(variables, input, NULL, NULL, ret_values, ret_errors);
}

int variables_validate_objects(const GPtrArray *variables, JsonObject *input, const ObjectSet *objects,
                               JsonObject **ret_values, JsonObject **ret_errors) {
        return variables_validate_all(variables, input, NULL, objects, ret_values, ret_errors);
}
