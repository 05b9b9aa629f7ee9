/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "variable-text.h"

int variable_text_to_integer(const char *text, int64_t *ret) {
        const char *digits = text[0] == '-' ? text + 1 : text;
        int64_t value;

        if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0')
                return -EINVAL;
        if (digits[0] == '0' && digits[1] != '\0')
                return -EINVAL;

        errno = 0;
        value = g_ascii_strtoll(text, NULL, 10);
        if (errno == ERANGE)
                return -ERANGE;

        *ret = value;
        return 0;
}

int variable_text_to_boolean(const char *text, bool *ret) {
        static const char *const words[][2] = {
                { "0", "1" }, { "no", "yes" }, { "n", "y" }, { "false", "true" }, { "f", "t" }, { "off", "on" },
        };

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                for (size_t k = 0; k < 2; k++)
                        if (g_ascii_strcasecmp(text, words[i][k]) == 0) {
                                *ret = k == 1;
                                return 0;
                        }
        return -EINVAL;
}

static int fail(int error, char **ret_error, const char *message) {
        if (ret_error)
                *ret_error = g_strdup(message);
        return error;
}

static int string_from_text(const char *text, JsonNode **ret, char **ret_error) {
        *ret = json_node_init_string(json_node_alloc(), text);
        return 0;
}

static int integer_from_text(const char *text, JsonNode **ret, char **ret_error) {
        int64_t value;
        int r;

        r = variable_text_to_integer(text, &value);
        if (r == -ERANGE)
                return fail(r, ret_error, "not an integer of 64 bits");
        if (r < 0)
                return fail(r, ret_error, "not a whole number, such as 5 or -20");

        *ret = json_node_init_int(json_node_alloc(), value);
        return 0;
}

static int boolean_from_text(const char *text, JsonNode **ret, char **ret_error) {
        bool value;
        int r;

        r = variable_text_to_boolean(text, &value);
        if (r < 0)
                return fail(r, ret_error, "not a boolean, such as yes or no");

        *ret = json_node_init_boolean(json_node_alloc(), value);
        return 0;
}

static int json_from_text(const char *text, JsonNode **ret, char **ret_error) {
        g_autofree char *error = NULL;
        int r;

        r = json_parse(text, strlen(text), JSON_SIZE_MAX, ret, &error);
        if (r < 0 && ret_error)
                *ret_error = g_strdup_printf("not valid JSON: %s", error);
        return r;
}

static int list_from_json_text(const char *text, JsonNode **ret, char **ret_error) {
        g_autoptr(JsonNode) node = NULL;
        int r;

        r = json_from_text(text, &node, ret_error);
        if (r < 0)
                return r;
        if (!JSON_NODE_HOLDS_ARRAY(node))
                return fail(-EINVAL, ret_error, "not a list; write values separated by commas, or a JSON array");

        *ret = TAKE_PTR(node);
        return 0;
}

static int list_from_text(const char *text, JsonNode **ret, char **ret_error) {
        g_autoptr(JsonArray) list = json_array_new();
        g_auto(GStrv) values = NULL;

        while (g_ascii_isspace(*text))
                text++;
        if (*text == '[')
                return list_from_json_text(text, ret, ret_error);

        values = g_strsplit(text, ",", -1);
        for (char **v = values; *v; v++) {
                const char *value = g_strstrip(*v);

                if (*value == '\0')
                        return fail(-EINVAL, ret_error, "an empty value between two commas");
                json_array_add_string_element(list, value);
        }

        *ret = json_node_init_array(json_node_alloc(), list);
        return 0;
}

/* A query, or a primary key, which does not begin with a bracket unless it is written as a query. */
static int object_from_text(const char *text, JsonNode **ret, char **ret_error) {
        const char *first = text;

        while (g_ascii_isspace(*first))
                first++;
        return *first == '{' ? json_from_text(text, ret, ret_error) : string_from_text(text, ret, ret_error);
}

static int objects_from_text(const char *text, JsonNode **ret, char **ret_error) {
        const char *first = text;

        while (g_ascii_isspace(*first))
                first++;
        return *first == '{' ? json_from_text(text, ret, ret_error) : list_from_text(text, ret, ret_error);
}

static int no_text(const char *text, JsonNode **ret, char **ret_error) {
        return fail(-EINVAL, ret_error, "a file is no text; give it by --file NAME=PATH");
}

static const struct {
        const char *type;
        int (*from_text)(const char *text, JsonNode **ret, char **ret_error);
} types[] = {
        { "string", string_from_text },
        { "text", string_from_text },
        { "json", json_from_text },
        { "integer", integer_from_text },
        { "boolean", boolean_from_text },
        { "dryrun", boolean_from_text },
        { "choice", string_from_text },
        { "multichoice", list_from_text },
        { "ipaddress", string_from_text },
        { "ipaddress-with-mask", string_from_text },
        { "ipnetwork", string_from_text },
        { "path", string_from_text },
        { "duration", string_from_text },
        { "object", object_from_text },
        { "multiobject", objects_from_text },
        { "file", no_text },
};

int variable_text_to_json(const char *type, const char *text, JsonNode **ret, char **ret_error) {
        if (strlen(text) > JSON_SIZE_MAX) {
                if (ret_error)
                        *ret_error = g_strdup_printf("more than %d bytes", JSON_SIZE_MAX);
                return -E2BIG;
        }
        if (!g_utf8_validate(text, -1, NULL))
                return fail(-EILSEQ, ret_error, "not UTF-8");

        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (strcmp(types[i].type, type) == 0)
                        return types[i].from_text(text, ret, ret_error);
        return fail(-ENOENT, ret_error, "no such type of variable");
}
