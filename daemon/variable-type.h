/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "object-set.h"
#include "variable.h"

/*
 * What only variable*.c knows: the struct, and the table of types. A new type is a file with its VariableType, a row
 * in variable-type.c and one in common/variable-text.c.
 */

typedef enum VariableKey {
        VARIABLE_KEY_TYPE,
        VARIABLE_KEY_LABEL,
        VARIABLE_KEY_DESCRIPTION,
        VARIABLE_KEY_DEFAULT,
        VARIABLE_KEY_REQUIRED,
        VARIABLE_KEY_SENSITIVE,
        VARIABLE_KEY_WIDGET,
        VARIABLE_KEY_DEPENDS_ON,
        VARIABLE_KEY_MIN_LENGTH,
        VARIABLE_KEY_MAX_LENGTH,
        VARIABLE_KEY_REGEX,
        VARIABLE_KEY_MIN_VALUE,
        VARIABLE_KEY_MAX_VALUE,
        VARIABLE_KEY_CHOICES,
        VARIABLE_KEY_MIN_PREFIX_LENGTH,
        VARIABLE_KEY_MAX_PREFIX_LENGTH,
        VARIABLE_KEY_MODEL,
        VARIABLE_KEY_QUERY_PARAMS,
        VARIABLE_KEY_MAX_SIZE,
        _VARIABLE_KEY_MAX,
} VariableKey;

#define VARIABLE_KEY_BIT(key) (1U << VARIABLE_KEY_##key)

/* Every type has these; a dry-run variable, which is jobd's own, has the first three only, a file no default. */
#define VARIABLE_KEYS_SHOWN (VARIABLE_KEY_BIT(TYPE) | VARIABLE_KEY_BIT(LABEL) | VARIABLE_KEY_BIT(DESCRIPTION))
#define VARIABLE_KEYS_COMMON                                                                                       \
        (VARIABLE_KEYS_SHOWN | VARIABLE_KEY_BIT(DEFAULT) | VARIABLE_KEY_BIT(REQUIRED) |                            \
         VARIABLE_KEY_BIT(SENSITIVE) | VARIABLE_KEY_BIT(WIDGET) | VARIABLE_KEY_BIT(DEPENDS_ON))

typedef struct Choice {
        char *value;
        char *label;
} Choice;

Choice *choice_free(Choice *c);

typedef struct VariableType VariableType;

struct Variable {
        char *name;
        const VariableType *type;
        unsigned keys; /* bits of the keys that the section has */

        char *label;
        char *description;
        char *widget;
        char *default_text;
        char *depends_on;       /* the other variable's name ... */
        char *depends_on_value; /* ... and the text of the value it must have, or NULL: any */
        bool required;
        bool sensitive;

        unsigned min_length; /* characters; 0: no bound */
        unsigned max_length; /* characters; 0: no bound */
        char *regex_text;
        GRegex *regex;          /* matches the whole value */
        char *min_value_text;   /* of integers, or of time spans: Type= can come later */
        char *max_value_text;
        int64_t min_value; /* INT64_MIN: no bound. The integer, or µs */
        int64_t max_value; /* INT64_MAX: no bound */
        GPtrArray *choices; /* of Choice */
        unsigned min_prefix_length;
        unsigned max_prefix_length;
        char *model;              /* of objects */
        JsonObject *query_params; /* lookups; "$name" stands for the value of that variable. NULL: none */
        uint64_t max_size; /* bytes of a file; UINT64_MAX: no bound of its own */

        JsonNode *default_value; /* normalised; NULL: none */
};

struct VariableType {
        const char *name;
        unsigned keys; /* bits of the keys that the type has */
        bool is_list;   /* an empty list is no value */
        bool has_model; /* values are objects of v->model: variable_object_resolve() finds them */

        /* Checks what variable_set() could not know; NULL: nothing to check. Fails like variable_finish(). */
        int (*finish)(Variable *v, VariableKey *ret_key, char **ret_error);

        /*
         * Checks a value, neither null nor empty, and returns the normalised one, a new node; or NULL, having added
         * every reason to messages. A normalised value, checked again, is left as it is.
         */
        JsonNode *(*check)(const Variable *v, JsonNode *value, JsonArray *messages);

        /*
         * What a variable that is not required is when it has no value: given is null, "", an empty list, or NULL.
         * A new node. NULL here: null.
         */
        JsonNode *(*without_value)(JsonNode *given);

        /* Adds to what variables_describe() says; NULL: nothing. */
        void (*describe)(const Variable *v, JsonObject *entry);
};

extern const VariableType string_variable_type;
extern const VariableType text_variable_type;
extern const VariableType json_variable_type;
extern const VariableType integer_variable_type;
extern const VariableType boolean_variable_type;
extern const VariableType dryrun_variable_type;
extern const VariableType choice_variable_type;
extern const VariableType multichoice_variable_type;
extern const VariableType ipaddress_variable_type;
extern const VariableType ipaddress_with_mask_variable_type;
extern const VariableType ipnetwork_variable_type;
extern const VariableType path_variable_type;
extern const VariableType duration_variable_type;
extern const VariableType object_variable_type;
extern const VariableType multiobject_variable_type;
extern const VariableType file_variable_type;

/* NULL when there is no such type. */
const VariableType *variable_type_find(const char *name);
/* "string, text, ...", for messages. Free with g_free(). */
char *variable_type_names(void);

const char *variable_key_to_string(VariableKey key);
/* As when the section does not have the key. */
void variable_key_reset(Variable *v, VariableKey key);

/* *ret_error = the formatted text; ret_error may be NULL. Returns -EINVAL. */
int variable_fail(char **ret_error, const char *format, ...) _printf_(2, 3);

/* A finish() of a type that has MinValue= and MaxValue=; parse: of the text of one, 0 or what variable_fail() returns. */
int variable_finish_bounds(Variable *v, int (*parse)(const char *text, int64_t *ret, char **ret_error),
                           VariableKey *ret_key, char **ret_error) _must_check_;

/* Adds a message on a value. */
void variable_message(JsonArray *messages, const char *format, ...) _printf_(2, 3);

/*
 * The text of a JSON string; NULL, and a message, when value is something else, holds control characters (but those in
 * allowed), or is too long.
 */
const char *variable_value_text(JsonNode *value, const char *allowed, JsonArray *messages);

/* Whether a value is null, "" or, for a list, []: no value, as in the reference's forms. */
bool variable_value_is_empty(const Variable *v, JsonNode *value);

/* What a variable that is not required is when it has no value, a new node. */
JsonNode *variable_without_value(const Variable *v, JsonNode *given);

/* variable-regex.c: Regex= compiled so that it matches whole values within a bounded time. NULL and a sentence. */
GRegex *variable_regex_new(const char *pattern, char **ret_error);
/* Adds a message and returns false when text does not match, or when that takes too long. */
bool variable_regex_check(const Variable *v, const char *text, JsonArray *messages);

/* variable-choice.c: adds the choices of one Choices= line. */
int variable_choices_add(Variable *v, const char *line, char **ret_error);

/* variable-object.c: takes the text of Model= and of QueryParams=. */
int variable_object_set_model(Variable *v, const char *value, char **ret_error);
int variable_object_set_query_params(Variable *v, const char *value, char **ret_error);

/* Whether a value that check() has accepted is a query, or has one. */
bool variable_object_has_query(JsonNode *node);

/* Adds the names of the variables to which QueryParams= refers, borrowed; each as often as it does. */
void variable_object_references(const Variable *v, GPtrArray *names);

/* The value of another variable, a new node, or NULL when it has none. Returns false when it is not known. */
typedef bool (*VariableLookup)(const char *name, JsonNode **ret, void *userdata);

/*
 * QueryParams= with values for what it refers to; a lookup of a variable without a value is left out. A new object, NULL
 * when a value is not known.
 */
JsonObject *variable_object_params(const Variable *v, VariableLookup lookup, void *userdata);

/*
 * The primary key (multiobject: a list of them) of what a value that check() has accepted means among the objects, a new
 * node; or NULL, having added every reason to messages.
 */
JsonNode *variable_object_resolve(const Variable *v, JsonNode *value, const ObjectSet *objects, JsonObject *params,
                                  JsonArray *messages);

/*
 * The value that v's DependsOn=other=value asks of other, normalised, a new node; NULL and a sentence when other
 * cannot have it. NULL without a sentence when v asks for no value.
 */
JsonNode *variable_depends_on_value(const Variable *v, const Variable *other, char **ret_error);
