/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "chain.h"
#include "error-text.h"
#include "job-class.h"
#include "json.h"
#include "unit-word.h"
#include "variable-text.h"
#include "variable.h"

enum { EXCERPT_MAX = 64 };

typedef enum SourceKind {
        SOURCE_TEXT,
        SOURCE_FIELD, /* of the job result */
        SOURCE_INPUT,
        SOURCE_RESULT,
} SourceKind;

typedef struct ChainValue {
        char *name;
        SourceKind kind;
        char *text;  /* the text, the field, the input's name */
        char **path; /* within the result */
} ChainValue;

static const char *const event_keys[_CHAIN_EVENT_MAX] = {
        [CHAIN_ON_SUCCESS] = "OnSuccess",
        [CHAIN_ON_FAILURE] = "OnFailure",
};

const char *chain_event_to_key(ChainEvent event) {
        return event_keys[event];
}

static void value_free_func(void *p) {
        ChainValue *v = p;

        g_free(v->name);
        g_free(v->text);
        g_strfreev(v->path);
        g_free(v);
}

static void link_free_func(void *p) {
        ChainLink *l = p;

        g_free(l->class_path);
        g_ptr_array_unref(l->values);
        g_free(l);
}

GPtrArray *chain_new(void) {
        return g_ptr_array_new_with_free_func(link_free_func);
}

/* ---- reading ---- */

static const char *field_value(const JobResult *jr, const char *field) {
        if (strcmp(field, "id") == 0)
                return jr->id;
        if (strcmp(field, "status") == 0)
                return job_result_status_to_string(jr->status);
        if (strcmp(field, "reason") == 0)
                return job_result_reason_to_string(jr->reason);
        if (strcmp(field, "message") == 0)
                return jr->message;
        if (strcmp(field, "class_path") == 0)
                return jr->class_path;
        if (strcmp(field, "requester") == 0)
                return jr->requester;
        return NULL;
}

static bool is_field(const char *name) {
        static const char *const fields[] = { "id", "status", "reason", "message", "class_path", "requester", NULL };

        return g_strv_contains(fields, name);
}

/* What stands after "$". */
static int parse_reference(ChainValue *v, const char *reference, char **ret_error) {
        g_autofree char *excerpt = NULL;

        if (g_str_has_prefix(reference, "input.") && reference[strlen("input.")]) {
                v->kind = SOURCE_INPUT;
                v->text = g_strdup(reference + strlen("input."));
                return 0;
        }
        if (strcmp(reference, "result") == 0 || g_str_has_prefix(reference, "result.")) {
                v->kind = SOURCE_RESULT;
                v->path = reference[strlen("result")] ? g_strsplit(reference + strlen("result."), ".", -1)
                                                      : g_new0(char *, 1);
                /* g_strsplit() gives nothing at all for "" */
                for (char **key = v->path; *key || g_str_has_suffix(reference, "."); key++)
                        if (!*key || **key == '\0')
                                return error_text(ret_error, "\"$%s\" has an empty key; write $result.KEY", reference);
                return 0;
        }
        if (is_field(reference)) {
                v->kind = SOURCE_FIELD;
                v->text = g_strdup(reference);
                return 0;
        }
        excerpt = text_excerpt(reference, EXCERPT_MAX);
        return error_text(ret_error,
                          "\"$%s\" is nothing that a run has; write $input.NAME, $result.KEY, $id, $status, $reason, "
                          "$message, $class_path or $requester, and \"$$\" for a \"$\"",
                          excerpt);
}

static int parse_value(const char *word, ChainValue **ret, char **ret_error) {
        const char *equals = strchr(word, '=');
        ChainValue *v;
        int r = 0;

        if (!equals || equals == word) {
                g_autofree char *excerpt = text_excerpt(word, EXCERPT_MAX);

                return error_text(ret_error, "\"%s\" is no NAME=VALUE", excerpt);
        }
        v = g_new0(ChainValue, 1);
        v->name = g_strndup(word, (gsize) (equals - word));
        if (equals[1] == '$' && equals[2] != '$')
                r = parse_reference(v, equals + 2, ret_error);
        else
                v->text = g_strdup(equals + (equals[1] == '$' ? 2 : 1));
        if (r >= 0)
                r = variable_name_check(v->name, ret_error);
        if (r < 0) {
                value_free_func(v);
                return r;
        }
        *ret = v;
        return 0;
}

static int check_target(const char *class_path, char **ret_error) {
        g_autofree char *module = NULL, *excerpt = NULL;
        const char *dot = strrchr(class_path, '.');

        if (dot) {
                module = g_strndup(class_path, (gsize) (dot - class_path));
                if (job_module_name_is_valid(module) && job_class_name_is_valid(dot + 1))
                        return 0;
        }
        excerpt = text_excerpt(class_path, EXCERPT_MAX);
        return error_text(ret_error, "\"%s\" is no class_path of a job; write MODULE.CLASS, as in \"network.Verify\"",
                          excerpt);
}

static bool has_value(const GPtrArray *values, const char *name) {
        for (guint i = 0; i < values->len; i++)
                if (strcmp(((const ChainValue *) values->pdata[i])->name, name) == 0)
                        return true;
        return false;
}

static int parse_values(char **words, GPtrArray *values, char **ret_error) {
        for (char **word = words; *word; word++) {
                ChainValue *v = NULL;
                int r;

                if (values->len == CHAIN_VALUES_MAX)
                        return error_text(ret_error, "more than %i values, which is the most", CHAIN_VALUES_MAX);
                r = parse_value(*word, &v, ret_error);
                if (r < 0)
                        return r;
                if (has_value(values, v->name)) {
                        (void) error_text(ret_error, "\"%s\" is given twice", v->name);
                        value_free_func(v);
                        return -EINVAL;
                }
                g_ptr_array_add(values, v);
        }
        return 0;
}

static void remove_event(GPtrArray *links, ChainEvent event) {
        for (guint i = links->len; i > 0; i--)
                if (((const ChainLink *) links->pdata[i - 1])->event == event)
                        (void) g_ptr_array_remove_index(links, i - 1);
}

int chain_add(GPtrArray *links, ChainEvent event, const char *line, char **ret_error) {
        g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(value_free_func);
        g_auto(GStrv) words = NULL;
        ChainLink *link;
        int r;

        r = unit_words(line, NULL, UNIT_WORD_UNQUOTE | UNIT_WORD_CUNESCAPE, &words);
        if (r < 0)
                return error_text(ret_error, "quotes that do not close, or an escape that there is not");
        if (!words[0]) {
                remove_event(links, event);
                return 0;
        }
        if (links->len == CHAIN_LINKS_MAX)
                return error_text(ret_error, "more than %i jobs that follow, which is the most", CHAIN_LINKS_MAX);
        r = check_target(words[0], ret_error);
        if (r >= 0)
                r = parse_values(words + 1, values, ret_error);
        if (r < 0)
                return r;

        link = g_new(ChainLink, 1);
        *link = (ChainLink){ event, g_strdup(words[0]), TAKE_PTR(values) };
        g_ptr_array_add(links, link);
        return 0;
}

/* ---- checking ---- */

static int check_input(const ChainLink *l, const ChainValue *v, const GPtrArray *variables, bool all_sensitive,
                       char **ret_error) {
        for (guint i = 0; variables && i < variables->len; i++) {
                const Variable *variable = variables->pdata[i];

                if (strcmp(variable_name(variable), v->text) != 0)
                        continue;
                if (all_sensitive || variable_is_sensitive(variable))
                        return error_text(ret_error,
                                          "%s=%s: $input.%s is sensitive, and is in memory for its own run only",
                                          event_keys[l->event], l->class_path, v->text);
                if (variable_is_file(variable))
                        return error_text(ret_error, "%s=%s: $input.%s is a file, and is kept for its own run only",
                                          event_keys[l->event], l->class_path, v->text);
                return 0;
        }
        return error_text(ret_error, "%s=%s: $input.%s: the class has no variable \"%s\"", event_keys[l->event],
                          l->class_path, v->text, v->text);
}

int chain_check(const GPtrArray *links, const char *class_path, const GPtrArray *variables,
                bool has_sensitive_variables, char **ret_error) {
        for (guint i = 0; i < links->len; i++) {
                const ChainLink *l = links->pdata[i];

                if (strcmp(l->class_path, class_path) == 0)
                        return error_text(ret_error, "%s=%s: a job does not follow itself; Retry= tries a run again",
                                          event_keys[l->event], l->class_path);
                for (guint j = 0; j < l->values->len; j++) {
                        const ChainValue *v = l->values->pdata[j];
                        int r = 0;

                        if (v->kind == SOURCE_INPUT)
                                r = check_input(l, v, variables, has_sensitive_variables, ret_error);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

/* Breadth first: each class is looked at once, and the loop that is found is a shortest one. */
static const JobClass *find_way_back(GHashTable *classes, const JobClass *class, GHashTable *from) {
        g_autoptr(GQueue) queue = g_queue_new();

        for (const JobClass *c = class; c; c = g_queue_pop_head(queue))
                for (guint i = 0; i < c->chain->len; i++) {
                        const ChainLink *l = c->chain->pdata[i];
                        JobClass *next = g_hash_table_lookup(classes, l->class_path);

                        if (next == class)
                                return c;
                        if (!next || g_hash_table_contains(from, next))
                                continue;
                        (void) g_hash_table_insert(from, next, (void *) c);
                        g_queue_push_tail(queue, next);
                }
        return NULL;
}

char *chain_find_loop(GHashTable *classes_by_path, const JobClass *class) {
        g_autoptr(GHashTable) from = g_hash_table_new(NULL, NULL);
        GString *text;

        const JobClass *last = class->chain->len > 0 ? find_way_back(classes_by_path, class, from) : NULL;
        if (!last)
                return NULL;
        text = g_string_new(class->class_path);
        for (const JobClass *c = last; c != class; c = g_hash_table_lookup(from, c)) {
                g_string_prepend(text, ", ");
                g_string_prepend(text, c->class_path);
        }
        g_string_prepend(text, ", ");
        g_string_prepend(text, class->class_path);
        return g_string_free(text, false);
}

/* ---- the input of what follows ---- */

bool chain_needs_result(const GPtrArray *links, ChainEvent event) {
        for (guint i = 0; i < links->len; i++) {
                const ChainLink *l = links->pdata[i];

                for (guint j = 0; l->event == event && j < l->values->len; j++)
                        if (((const ChainValue *) l->values->pdata[j])->kind == SOURCE_RESULT)
                                return true;
        }
        return false;
}

static JsonNode *walk(JsonNode *root, char **path) {
        JsonNode *node = root;

        for (char **key = path; node && *key; key++)
                node = JSON_NODE_HOLDS_OBJECT(node) ? json_object_get_member(json_node_get_object(node), *key) : NULL;
        return node ? json_node_copy(node) : NULL;
}

static JsonNode *text_node(const char *text, const char *type) {
        JsonNode *node = NULL;

        if (type && variable_text_to_json(type, text, &node, NULL) >= 0)
                return node;
        return json_node_init_string(json_node_alloc(), text);
}

static JsonNode *value_node(const ChainValue *v, const JobResult *jr, JsonObject *input, JsonNode *result,
                            const char *type) {
        JsonNode *node;

        switch (v->kind) {
        case SOURCE_TEXT:
                return text_node(v->text, type);
        case SOURCE_FIELD:
                return text_node(field_value(jr, v->text), type);
        case SOURCE_INPUT:
                node = input ? json_object_get_member(input, v->text) : NULL;
                return node ? json_node_copy(node) : NULL;
        default:
                return result ? walk(result, v->path) : NULL;
        }
}

char *chain_link_data(const ChainLink *link, const JobResult *jr, GHashTable *types) {
        g_autoptr(JsonObject) data = json_object_new(), input = NULL;
        g_autoptr(JsonNode) result = NULL;

        if (jr->data && json_parse_object(jr->data, strlen(jr->data), VARIABLES_SIZE_MAX, &input, NULL) < 0)
                input = NULL;
        if (jr->result && json_parse(jr->result, strlen(jr->result), SIZE_MAX, &result, NULL) < 0)
                result = NULL;
        for (guint i = 0; i < link->values->len; i++) {
                const ChainValue *v = link->values->pdata[i];
                JsonNode *node;

                node = value_node(v, jr, input, result, types ? g_hash_table_lookup(types, v->name) : NULL);
                if (node)
                        json_object_set_member(data, v->name, node);
        }
        return json_format_object(data);
}
