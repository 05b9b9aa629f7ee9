/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "object-model.h"
#include "object-query.h"
#include "variable-type.h"

/*
 * Type=object and Type=multiobject: one, or a list, of the objects of the model that Model= names; by primary key,
 * which is what is stored, or by a query.
 */

/* ---- Model= and QueryParams= ---- */

int variable_object_set_model(Variable *v, const char *value, char **ret_error) {
        g_autofree char *names = NULL;

        if (host_model_key(value) || inventory_model_name_is_valid(value)) {
                g_free(v->model);
                v->model = g_strdup(value);
                return 0;
        }
        names = g_strjoinv(", ", (char **) host_models);
        return variable_fail(ret_error,
                             "not the name of a model: one of %s, or, of the inventory, up to %d of a-z, 0-9, "
                             "\"_\", \".\" and \"-\", a letter first",
                             names, OBJECT_MODEL_NAME_MAX);
}

static bool is_text(JsonNode *node) {
        return JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING;
}

/* The name in "$name"; NULL when it is none. */
static const char *reference_of(JsonNode *value) {
        const char *text = is_text(value) ? json_node_get_string(value) : "";

        return text[0] == '$' && text[1] != '$' ? text + 1 : NULL;
}

int variable_object_set_query_params(Variable *v, const char *value, char **ret_error) {
        g_autoptr(JsonObject) params = NULL;
        g_autofree char *error = NULL;
        JsonObjectIter i;
        const char *key;
        JsonNode *node;

        if (strlen(value) > VARIABLE_TEXT_MAX)
                return variable_fail(ret_error, "more than %d bytes", VARIABLE_TEXT_MAX);
        if (json_parse_object(value, strlen(value), VARIABLE_TEXT_MAX, &params, &error) < 0)
                return variable_fail(ret_error,
                                     "not a JSON object of field lookups, such as {\"type\": \"service\"}: %s", error);
        if (json_object_get_size(params) > OBJECT_QUERY_LOOKUPS_MAX)
                return variable_fail(ret_error, "more than %d lookups", OBJECT_QUERY_LOOKUPS_MAX);
        json_object_iter_init_ordered(&i, params);
        while (json_object_iter_next_ordered(&i, &key, &node)) {
                const char *reference = reference_of(node);

                if (JSON_NODE_HOLDS_OBJECT(node))
                        return variable_fail(ret_error, "the value of \"%s\" is an object; name its fields, as in "
                                             "\"driver__name\"", key);
                if (reference && variable_name_check(reference, ret_error) < 0)
                        return -EINVAL;
                if (reference && strcmp(reference, v->name) == 0)
                        return variable_fail(ret_error, "\"$%s\" is the variable itself", reference);
        }

        g_clear_pointer(&v->query_params, json_object_unref);
        v->query_params = TAKE_PTR(params);
        return 0;
}

void variable_object_references(const Variable *v, GPtrArray *names) {
        JsonObjectIter i;
        const char *key;
        JsonNode *node;

        if (!v->query_params)
                return;
        json_object_iter_init_ordered(&i, v->query_params);
        while (json_object_iter_next_ordered(&i, &key, &node))
                if (reference_of(node))
                        g_ptr_array_add(names, (void *) reference_of(node));
}

JsonObject *variable_object_params(const Variable *v, VariableLookup lookup, void *userdata) {
        g_autoptr(JsonObject) params = json_object_new();
        JsonObjectIter i;
        const char *key;
        JsonNode *node;

        if (!v->query_params)
                return TAKE_PTR(params);
        json_object_iter_init_ordered(&i, v->query_params);
        while (json_object_iter_next_ordered(&i, &key, &node)) {
                const char *reference = reference_of(node);
                JsonNode *value = NULL;
                bool known = true;

                if (reference)
                        known = lookup(reference, &value, userdata);
                else if (is_text(node) && json_node_get_string(node)[0] == '$') /* "$$": one of them, literally */
                        value = json_node_init_string(json_node_alloc(), json_node_get_string(node) + 1);
                else
                        value = json_node_copy(node);
                if (!known)
                        return NULL;
                if (value)
                        json_object_set_member(params, key, value);
        }
        return TAKE_PTR(params);
}

/* ---- a value by itself ---- */

/* A primary key, or a query. */
static bool check_one(JsonNode *value, JsonArray *messages) {
        const char *text;

        if (JSON_NODE_HOLDS_OBJECT(value)) {
                if (json_object_get_size(json_node_get_object(value)) <= OBJECT_QUERY_LOOKUPS_MAX)
                        return true;
                variable_message(messages, "A query has at most %d lookups.", OBJECT_QUERY_LOOKUPS_MAX);
                return false;
        }
        if (!is_text(value)) {
                variable_message(messages, "Enter a primary key, or an object of field lookups.");
                return false;
        }
        text = variable_value_text(value, "", messages);
        if (text && strlen(text) > OBJECT_KEY_MAX)
                variable_message(messages, "Ensure this value has at most %d bytes.", OBJECT_KEY_MAX);
        else if (text && text[0] == '\0')
                variable_message(messages, "Enter a primary key, or an object of field lookups.");
        else
                return text;
        return false;
}

static JsonNode *object_check(const Variable *v, JsonNode *value, JsonArray *messages) {
        return check_one(value, messages) ? json_node_copy(value) : NULL;
}

static JsonNode *multiobject_check(const Variable *v, JsonNode *value, JsonArray *messages) {
        g_autoptr(JsonArray) values = json_array_new();
        unsigned n_wrong = 0;
        JsonArray *list;

        if (JSON_NODE_HOLDS_OBJECT(value))
                return object_check(v, value, messages);
        if (!JSON_NODE_HOLDS_ARRAY(value)) {
                variable_message(messages, "Enter a list of values.");
                return NULL;
        }
        list = json_node_get_array(value);
        if (json_array_get_length(list) > VARIABLE_OBJECTS_MAX) {
                variable_message(messages, "Ensure this list has at most %d values.", VARIABLE_OBJECTS_MAX);
                return NULL;
        }
        for (unsigned i = 0; i < json_array_get_length(list) && n_wrong < VARIABLE_MESSAGES_MAX; i++) {
                JsonNode *element = json_array_get_element(list, i);

                if (!check_one(element, messages))
                        n_wrong++;
                else if (n_wrong == 0)
                        json_array_add_element(values, json_node_copy(element));
        }
        return n_wrong == 0 ? json_node_init_array(json_node_alloc(), values) : NULL;
}

/* ---- among the objects ---- */

typedef struct Search {
        const Variable *variable;
        const ObjectList *list;
        ObjectQuery *params; /* what QueryParams= lets through */
        JsonArray *messages;
        JsonArray *missing; /* primary keys */
        uint64_t *budget;   /* of all queries of the value */
} Search;

static char *show_query(JsonNode *query) {
        g_autofree char *text = json_format(query);

        return json_show_text(text);
}

/* What is said of a sensitive variable's query shows nothing of it. */
static void add_query_error(const Search *s, const char *error) {
        if (s->variable->sensitive)
                variable_message(s->messages, "The query is wrong: it has a field or a lookup that there is not, or a "
                                              "value that the lookup does not take.");
        else
                variable_message(s->messages, "The query is wrong: %s.", error);
}

/* The objects that fit, as an array that owns nothing; NULL and a message: the query is wrong. */
static GPtrArray *find_by_query(const Search *s, JsonNode *query) {
        JsonArray *objects = object_list_objects(s->list);
        _cleanup_(object_query_freep) ObjectQuery *q = NULL;
        g_autofree char *error = NULL;
        GPtrArray *found;

        if (object_query_new(json_node_get_object(query), objects, s->budget, &q, &error) < 0) {
                add_query_error(s, error);
                return NULL;
        }
        found = g_ptr_array_new();
        for (unsigned i = 0; i < json_array_get_length(objects) && *s->budget > 0; i++) {
                JsonNode *object = json_array_get_element(objects, i);

                if (object_query_matches(q, object) && object_query_matches(s->params, object) &&
                    object_list_key_of(s->list, object))
                        g_ptr_array_add(found, object);
        }
        return found;
}

static void add_count_message(const Search *s, JsonNode *query, unsigned n) {
        g_autofree char *shown = s->variable->sensitive ? g_strdup("the query") : show_query(query);
        const char *model = s->variable->model;

        if (n == 0)
                variable_message(s->messages, "No object of model \"%s\" fits %s.", model, shown);
        else
                variable_message(s->messages, "%u objects of model \"%s\" fit %s, it must be exactly one.", n, model,
                                 shown);
}

/* The primary key of the one that is meant, borrowed; NULL: a message, or one more in s->missing. */
static const char *find_one(const Search *s, JsonNode *value) {
        g_autoptr(GPtrArray) found = NULL;
        JsonNode *object;

        if (is_text(value)) {
                object = object_list_find(s->list, json_node_get_string(value));
                if (!object)
                        json_array_add_string_element(s->missing, json_node_get_string(value));
                else if (!object_query_matches(s->params, object))
                        variable_message(s->messages, "Select a valid choice. That choice is not one of the available "
                                                      "choices.");
                else
                        return json_node_get_string(value);
                return NULL;
        }
        found = find_by_query(s, value);
        if (found && found->len == 1)
                return object_list_key_of(s->list, found->pdata[0]);
        if (found)
                add_count_message(s, value, found->len);
        return NULL;
}

/* The reference's row V10. */
static void add_missing_message(const Search *s) {
        g_autoptr(JsonNode) node = NULL;
        g_autofree char *text = NULL, *shown = NULL;

        if (json_array_get_length(s->missing) == 0)
                return;
        node = json_node_init_array(json_node_alloc(), s->missing);
        text = json_format(node);
        shown = json_show_text(text);
        if (s->variable->sensitive)
                variable_message(s->messages, "Failed to find requested objects for var %s.", s->variable->name);
        else
                variable_message(s->messages, "Failed to find requested objects for var %s: %s", s->variable->name,
                                 shown);
}

static JsonNode *resolve_object(const Search *s, JsonNode *value) {
        const char *key = find_one(s, value);

        add_missing_message(s);
        return key ? json_node_init_string(json_node_alloc(), key) : NULL;
}

static JsonNode *list_of_found(const Search *s, JsonNode *query, const GPtrArray *found) {
        g_autoptr(JsonArray) keys = json_array_new();

        if (found->len == 0 && s->variable->required) {
                add_count_message(s, query, 0);
                return NULL;
        }
        if (found->len > VARIABLE_OBJECTS_MAX) {
                variable_message(s->messages,
                                 "%u objects of model \"%s\" fit the query, %d are the most that is taken.",
                                 found->len, s->variable->model, VARIABLE_OBJECTS_MAX);
                return NULL;
        }
        for (guint i = 0; i < found->len; i++)
                json_array_add_string_element(keys, object_list_key_of(s->list, found->pdata[i]));
        return json_node_init_array(json_node_alloc(), keys);
}

/* Each once, in the order given. */
static JsonNode *list_of_chosen(const Search *s, JsonArray *list) {
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
        g_autoptr(JsonArray) keys = json_array_new();
        bool complete = true;

        for (unsigned i = 0; i < json_array_get_length(list); i++) {
                const char *key = find_one(s, json_array_get_element(list, i));

                complete = complete && key;
                if (key && g_hash_table_add(seen, (void *) key))
                        json_array_add_string_element(keys, key);
                if (json_array_get_length(s->messages) >= VARIABLE_MESSAGES_MAX || *s->budget == 0)
                        break;
        }
        add_missing_message(s);
        return complete ? json_node_init_array(json_node_alloc(), keys) : NULL;
}

static JsonNode *resolve_multiobject(const Search *s, JsonNode *value) {
        g_autoptr(GPtrArray) found = NULL;

        if (JSON_NODE_HOLDS_ARRAY(value))
                return list_of_chosen(s, json_node_get_array(value));
        found = find_by_query(s, value);
        return found ? list_of_found(s, value, found) : NULL;
}

/* One by one, what is stored stays within what a value may be. */
static JsonNode *check_size(JsonNode *value, JsonArray *messages) {
        g_autoptr(JsonNode) checked = value;
        g_autofree char *text = value ? json_format(value) : NULL;

        if (!text)
                return NULL;
        if (strlen(text) > VARIABLE_VALUE_MAX) {
                variable_message(messages, "Ensure this value has at most %d bytes as JSON.", VARIABLE_VALUE_MAX);
                return NULL;
        }
        return TAKE_PTR(checked);
}

JsonNode *variable_object_resolve(const Variable *v, JsonNode *value, const ObjectSet *objects, JsonObject *params,
                                  JsonArray *messages) {
        _cleanup_(object_query_freep) ObjectQuery *q = NULL;
        g_autoptr(JsonArray) missing = json_array_new();
        _cleanup_(refusal_done) Refusal f = {};
        g_autofree char *error = NULL;
        uint64_t budget = OBJECT_QUERY_STEPS_MAX;
        Search s = { .variable = v, .messages = messages, .missing = missing, .budget = &budget };
        g_autoptr(JsonNode) resolved = NULL;

        if (object_set_check(objects, v->model, &f) < 0) {
                variable_message(messages, "%s", f.message);
                return NULL;
        }
        s.list = object_set_find(objects, v->model);
        if (object_query_new(params, object_list_objects(s.list), &budget, &q, &error) < 0) {
                variable_message(messages, "QueryParams= of this variable is wrong: %s.", error);
                return NULL;
        }
        s.params = q;
        resolved = v->type->is_list ? resolve_multiobject(&s, value) : resolve_object(&s, value);
        if (budget == 0) {
                variable_message(messages, "The query is wrong: " OBJECT_QUERY_TOO_LONG ".");
                return NULL;
        }
        return check_size(TAKE_PTR(resolved), messages);
}

/* ---- the type ---- */

bool variable_object_has_query(JsonNode *node) {
        if (!JSON_NODE_HOLDS_ARRAY(node))
                return JSON_NODE_HOLDS_OBJECT(node);
        for (unsigned i = 0; i < json_array_get_length(json_node_get_array(node)); i++)
                if (JSON_NODE_HOLDS_OBJECT(json_array_get_element(json_node_get_array(node), i)))
                        return true;
        return false;
}

static int object_finish(Variable *v, VariableKey *ret_key, char **ret_error) {
        if (!v->model) {
                *ret_key = VARIABLE_KEY_MODEL;
                return variable_fail(ret_error, "Type=%s must specify a Model=, as in Model=user", v->type->name);
        }
        return 0;
}

static JsonNode *multiobject_without_value(JsonNode *given) {
        if (given && JSON_NODE_HOLDS_ARRAY(given))
                return json_node_copy(given);
        return json_node_init_null(json_node_alloc());
}

static void object_describe(const Variable *v, JsonObject *entry) {
        json_object_set_string_member(entry, "model", v->model);
        json_object_set_string_member(entry, "primary_key", host_model_key(v->model) ?: INVENTORY_KEY);
        if (v->query_params)
                json_object_set_object_member(entry, "query_params", json_object_ref(v->query_params));
}

#define OBJECT_KEYS (VARIABLE_KEYS_COMMON | VARIABLE_KEY_BIT(MODEL) | VARIABLE_KEY_BIT(QUERY_PARAMS))

const VariableType object_variable_type = {
        .name = "object",
        .keys = OBJECT_KEYS,
        .has_model = true,
        .finish = object_finish,
        .check = object_check,
        .describe = object_describe,
};

const VariableType multiobject_variable_type = {
        .name = "multiobject",
        .keys = OBJECT_KEYS,
        .is_list = true,
        .has_model = true,
        .finish = object_finish,
        .check = multiobject_check,
        .without_value = multiobject_without_value,
        .describe = object_describe,
};
