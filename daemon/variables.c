/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "variable-type.h"

const Variable *variables_find(const GPtrArray *variables, const char *name) {
        for (unsigned i = 0; variables && i < variables->len; i++) {
                const Variable *v = variables->pdata[i];

                if (strcmp(v->name, name) == 0)
                        return v;
        }
        return NULL;
}

static int check_field_order(const GPtrArray *variables, const char *const *field_order, char **ret_error) {
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

        for (const char *const *name = field_order; name && *name; name++) {
                if (!variables_find(variables, *name))
                        return variable_fail(ret_error, "FieldOrder= names \"%s\", but there is no [Variable %s]",
                                             *name, *name);
                if (!g_hash_table_add(seen, (char *) *name))
                        return variable_fail(ret_error, "FieldOrder= names \"%s\" twice", *name);
        }
        return 0;
}

/* The variables whose values it takes to check v; those that there are. The array owns nothing. */
static GPtrArray *needs_of(const GPtrArray *variables, const Variable *v) {
        g_autoptr(GPtrArray) names = g_ptr_array_new();
        GPtrArray *needs = g_ptr_array_new();

        if (v->depends_on)
                g_ptr_array_add(names, v->depends_on);
        variable_object_references(v, names);
        for (unsigned i = 0; i < names->len; i++) {
                const Variable *other = variables_find(variables, names->pdata[i]);

                if (other)
                        g_ptr_array_add(needs, (void *) other);
        }
        return needs;
}

/*
 * Whether what v needs ends in a circle. state: of each variable, whether it is on the way from the start (true), or
 * leads to no circle (false). As deep as there are variables.
 */
static bool ends_in_circle(const GPtrArray *variables, const Variable *v, GHashTable *state) {
        g_autoptr(GPtrArray) needs = NULL;
        void *on_the_way;

        if (g_hash_table_lookup_extended(state, v, NULL, &on_the_way))
                return GPOINTER_TO_INT(on_the_way);
        (void) g_hash_table_insert(state, (void *) v, GINT_TO_POINTER(true));
        needs = needs_of(variables, v);
        for (unsigned i = 0; i < needs->len; i++)
                if (ends_in_circle(variables, needs->pdata[i], state))
                        return true;
        (void) g_hash_table_insert(state, (void *) v, GINT_TO_POINTER(false));
        return false;
}

static int check_cycle(const GPtrArray *variables, const Variable *v, char **ret_error) {
        g_autoptr(GHashTable) state = g_hash_table_new(g_direct_hash, g_direct_equal);

        if ((!v->depends_on && !v->query_params) || !ends_in_circle(variables, v, state))
                return 0;
        if (v->query_params)
                return variable_fail(ret_error,
                                     "variable \"%s\": what it depends on by DependsOn= and QueryParams= ends in "
                                     "a circle",
                                     v->name);
        return variable_fail(ret_error, "variable \"%s\": DependsOn=%s ends in a circle", v->name, v->depends_on);
}

static int check_query_params(const GPtrArray *variables, const Variable *v, char **ret_error) {
        g_autoptr(GPtrArray) names = g_ptr_array_new();

        variable_object_references(v, names);
        for (unsigned i = 0; i < names->len; i++)
                if (!variables_find(variables, names->pdata[i]))
                        return variable_fail(ret_error,
                                             "variable \"%s\": QueryParams= refers to \"$%s\", but there is no "
                                             "[Variable %s]",
                                             v->name, (const char *) names->pdata[i], (const char *) names->pdata[i]);
        return 0;
}

static int check_depends_on(const GPtrArray *variables, const Variable *v, char **ret_error) {
        g_autoptr(JsonNode) value = NULL;
        g_autofree char *error = NULL;
        const Variable *other;

        if (!v->depends_on)
                return 0;

        other = variables_find(variables, v->depends_on);
        if (!other)
                return variable_fail(ret_error, "variable \"%s\": DependsOn=%s, but there is no [Variable %s]",
                                     v->name, v->depends_on, v->depends_on);
        if (!v->depends_on_value)
                return 0;

        /* Anyone who may see the job would read the secret that the other variable must be. */
        if (other->sensitive)
                return variable_fail(ret_error,
                                     "variable \"%s\": DependsOn= gives a value of \"%s\", which is sensitive; "
                                     "write DependsOn=%s",
                                     v->name, other->name, other->name);

        value = variable_depends_on_value(v, other, &error);
        if (!value)
                return variable_fail(ret_error, "variable \"%s\": DependsOn=%s=%s can never be: %s", v->name,
                                     other->name, v->depends_on_value, error);
        return 0;
}

/* One by one they are bounded by VARIABLE_VALUE_MAX; all of them go into every run's input. */
static int check_defaults(const GPtrArray *variables, char **ret_error) {
        size_t size = 0;

        for (unsigned i = 0; i < variables->len; i++) {
                const Variable *v = variables->pdata[i];
                g_autofree char *text = v->default_value ? json_format(v->default_value) : NULL;

                size += text ? strlen(text) : 0;
        }
        if (size > JSON_SIZE_MAX)
                return variable_fail(ret_error, "all defaults together are %zu bytes, %d are the most that is taken",
                                     size, JSON_SIZE_MAX);
        return 0;
}

static int check_names(const GPtrArray *variables, char **ret_error) {
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
        unsigned n_dryrun = 0;

        for (unsigned i = 0; i < variables->len; i++) {
                const Variable *v = variables->pdata[i];

                if (variable_is_dryrun(v) && ++n_dryrun > 1)
                        return variable_fail(ret_error, "more than one variable of Type=dryrun");
                if (!g_hash_table_add(seen, v->name))
                        return variable_fail(ret_error, "more than one variable \"%s\"", v->name);
        }
        return 0;
}

int variables_check(const GPtrArray *variables, const char *const *field_order, char **ret_error) {
        int r;

        r = check_field_order(variables, field_order, ret_error);
        if (r < 0 || !variables)
                return r;
        r = check_names(variables, ret_error);
        if (r < 0)
                return r;

        for (unsigned i = 0; i < variables->len; i++) {
                const Variable *v = variables->pdata[i];

                r = check_depends_on(variables, v, ret_error);
                if (r >= 0)
                        r = check_query_params(variables, v, ret_error);
                if (r < 0)
                        return r;
                r = check_cycle(variables, v, ret_error);
                if (r < 0)
                        return r;
        }
        return check_defaults(variables, ret_error);
}

GPtrArray *variables_in_order(const GPtrArray *variables, const char *const *field_order) {
        GPtrArray *ordered = g_ptr_array_new();
        g_autoptr(GHashTable) seen = g_hash_table_new(g_direct_hash, g_direct_equal);

        for (const char *const *name = field_order; name && *name; name++) {
                const Variable *v = variables_find(variables, *name);

                if (v && g_hash_table_add(seen, (void *) v))
                        g_ptr_array_add(ordered, (void *) v);
        }
        for (unsigned i = 0; variables && i < variables->len; i++)
                if (!g_hash_table_contains(seen, variables->pdata[i]))
                        g_ptr_array_add(ordered, variables->pdata[i]);
        return ordered;
}

bool variables_support_dryrun(const GPtrArray *variables) {
        for (unsigned i = 0; variables && i < variables->len; i++)
                if (variable_is_dryrun(variables->pdata[i]))
                        return true;
        return false;
}

bool variables_have_sensitive(const GPtrArray *variables) {
        for (unsigned i = 0; variables && i < variables->len; i++)
                if (variable_is_sensitive(variables->pdata[i]))
                        return true;
        return false;
}

JsonObject *variables_public_values(const GPtrArray *variables, JsonObject *values) {
        JsonObject *public_values = json_object_new();
        JsonObjectIter iter;
        const char *name;
        JsonNode *value;

        json_object_iter_init_ordered(&iter, values);
        while (json_object_iter_next_ordered(&iter, &name, &value)) {
                const Variable *v = variables_find(variables, name);

                /* A value of a variable that the class no longer has may have been sensitive. */
                if (v && !v->sensitive)
                        json_object_set_member(public_values, name, json_node_copy(value));
        }
        return public_values;
}

JsonObject *variables_take_files(const GPtrArray *variables, JsonObject *input) {
        JsonObject *files = json_object_new();

        for (unsigned i = 0; variables && i < variables->len; i++) {
                const Variable *v = variables->pdata[i];
                JsonNode *value = variable_is_file(v) ? json_object_get_member(input, v->name) : NULL;

                if (!value || JSON_NODE_HOLDS_NULL(value))
                        continue;
                json_object_set_member(files, v->name, json_node_copy(value));
                json_object_remove_member(input, v->name);
        }
        return files;
}

char *variable_value_to_text(JsonNode *value) {
        if (!value || JSON_NODE_HOLDS_NULL(value))
                return g_strdup("");
        if (JSON_NODE_HOLDS_VALUE(value) && json_node_get_value_type(value) == G_TYPE_STRING)
                return json_node_dup_string(value);
        return json_format(value);
}
