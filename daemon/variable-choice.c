/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "variable-type.h"

/* Type=choice and Type=multichoice: one, or a list, of the values that Choices= names. */

Choice *choice_free(Choice *c) {
        if (!c)
                return NULL;
        g_free(c->value);
        g_free(c->label);
        g_free(c);
        return NULL;
}

static const Choice *find_choice(const Variable *v, const char *value) {
        for (unsigned i = 0; i < v->choices->len; i++) {
                const Choice *c = v->choices->pdata[i];

                if (strcmp(c->value, value) == 0)
                        return c;
        }
        return NULL;
}

static int add_choice(Variable *v, GString *value, GString *label, char **ret_error) {
        Choice *c;

        if (value->len == 0)
                return variable_fail(ret_error, "a choice without a value; write VALUE or VALUE:LABEL");
        if (label && label->len == 0)
                return variable_fail(ret_error, "the choice \"%s\" has \":\" but no label after it", value->str);
        if (value->len > VARIABLE_TEXT_MAX || (label && label->len > VARIABLE_TEXT_MAX))
                return variable_fail(ret_error, "a choice of more than %d bytes", VARIABLE_TEXT_MAX);
        if (find_choice(v, value->str))
                return variable_fail(ret_error, "the choice \"%s\" is there twice", value->str);
        if (v->choices->len >= VARIABLE_CHOICES_MAX)
                return variable_fail(ret_error, "more than %d choices", VARIABLE_CHOICES_MAX);

        c = g_new0(Choice, 1);
        c->value = g_strdup(value->str);
        c->label = g_strdup(label ? label->str : value->str);
        g_ptr_array_add(v->choices, c);
        return 0;
}

/*
 * One word of the line: quoted by " or ' in whole or in part, as in systemd's lists, a backslash taking the meaning
 * from the quote, space, colon or backslash after it. The first colon that has one ends the value.
 */
static int read_choice(const char **p, GString *value, GString **label, char **ret_error) {
        GString *to = value;
        char quote = '\0';

        for (; **p && (quote || !g_ascii_isspace(**p)); (*p)++) {
                char c = **p;

                if (g_ascii_iscntrl(c))
                        return variable_fail(ret_error, "a control character in a choice");
                if (c == '\\') {
                        (*p)++;
                        if (**p == '\0' || !strchr("\"' :\\", **p))
                                return variable_fail(ret_error, "a backslash that is not before one of \"' :\\");
                        g_string_append_c(to, **p);
                } else if (quote ? c == quote : (c == '"' || c == '\''))
                        quote = quote ? '\0' : c;
                else if (c == ':' && !*label)
                        to = *label = g_string_new(NULL);
                else
                        g_string_append_c(to, c);
        }

        if (quote)
                return variable_fail(ret_error, "a quote that does not end");
        return 0;
}

int variable_choices_add(Variable *v, const char *line, char **ret_error) {
        int r;

        for (const char *p = line;;) {
                g_autoptr(GString) value = g_string_new(NULL), label = NULL;

                while (g_ascii_isspace(*p))
                        p++;
                if (*p == '\0')
                        return 0;

                r = read_choice(&p, value, &label, ret_error);
                if (r >= 0)
                        r = add_choice(v, value, label, ret_error);
                if (r < 0)
                        return r;
        }
}

static int choice_finish(Variable *v, VariableKey *ret_key, char **ret_error) {
        if (v->choices->len == 0) {
                *ret_key = VARIABLE_KEY_CHOICES;
                return variable_fail(ret_error, "a variable of Type=%s needs choices, as in Choices=red green",
                                     v->type->name);
        }
        return 0;
}

static const char *get_text(JsonNode *value) {
        if (JSON_NODE_HOLDS_VALUE(value) && json_node_get_value_type(value) == G_TYPE_STRING)
                return json_node_get_string(value);
        return NULL;
}

/* Adds a message and returns false when text is not the value of a choice. */
static bool check_one(const Variable *v, const char *text, JsonArray *messages) {
        if (text && find_choice(v, text))
                return true;

        if (!text)
                variable_message(messages, "Not a valid string.");
        else if (v->sensitive)
                variable_message(messages, "Select a valid choice. That choice is not one of the available choices.");
        else {
                g_autofree char *shown = json_show_text(text);

                variable_message(messages, "Select a valid choice. %s is not one of the available choices.", shown);
        }
        return false;
}

static JsonNode *choice_check(const Variable *v, JsonNode *value, JsonArray *messages) {
        return check_one(v, get_text(value), messages) ? json_node_copy(value) : NULL;
}

/* In the order given, each once. */
static JsonNode *multichoice_check(const Variable *v, JsonNode *value, JsonArray *messages) {
        g_autoptr(JsonArray) chosen = json_array_new();
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
        unsigned n_wrong = 0;
        JsonArray *list;

        if (!JSON_NODE_HOLDS_ARRAY(value)) {
                variable_message(messages, "Enter a list of values.");
                return NULL;
        }

        list = json_node_get_array(value);
        for (unsigned i = 0; i < json_array_get_length(list) && n_wrong < VARIABLE_MESSAGES_MAX; i++) {
                const char *text = get_text(json_array_get_element(list, i));

                if (text && g_hash_table_contains(seen, text))
                        continue;
                if (check_one(v, text, messages)) {
                        (void) g_hash_table_add(seen, (char *) text);
                        json_array_add_string_element(chosen, text);
                } else
                        n_wrong++;
        }
        return n_wrong == 0 ? json_node_init_array(json_node_alloc(), chosen) : NULL;
}

static JsonNode *multichoice_without_value(JsonNode *given) {
        if (given && JSON_NODE_HOLDS_ARRAY(given))
                return json_node_copy(given);
        return json_node_init_null(json_node_alloc());
}

static void choice_describe(const Variable *v, JsonObject *entry) {
        JsonArray *choices = json_array_new();

        for (unsigned i = 0; i < v->choices->len; i++) {
                const Choice *c = v->choices->pdata[i];
                JsonArray *pair = json_array_new();

                json_array_add_string_element(pair, c->value);
                json_array_add_string_element(pair, c->label);
                json_array_add_array_element(choices, pair);
        }
        json_object_set_array_member(entry, "choices", choices);
}

const VariableType choice_variable_type = {
        .name = "choice",
        .keys = VARIABLE_KEYS_COMMON | VARIABLE_KEY_BIT(CHOICES),
        .finish = choice_finish,
        .check = choice_check,
        .describe = choice_describe,
};

const VariableType multichoice_variable_type = {
        .name = "multichoice",
        .keys = VARIABLE_KEYS_COMMON | VARIABLE_KEY_BIT(CHOICES),
        .is_list = true,
        .finish = choice_finish,
        .check = multichoice_check,
        .without_value = multichoice_without_value,
        .describe = choice_describe,
};
