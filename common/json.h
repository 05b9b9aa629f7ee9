/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "macro.h"

/*
 * The only way into json-glib's parser. json-glib 1.6 crashes on about 80,000 nested brackets, takes comments, single
 * quotes and hexadecimal, lets the last of two equal keys win and wraps numbers past 64 bits, so what a client sends
 * is checked byte by byte against RFC 8259 before json-glib sees it.
 */

enum {
        JSON_DEPTH_MAX = 32,
        JSON_SIZE_MAX = 64 * 1024, /* bytes of a request's input; house rule, see jobd.job(5) */
        /*
         * Of one object. More than fit into JSON_SIZE_MAX; for callers that take larger documents, since names can be
         * chosen so that they all fall into one slot of the hash tables below, whose time is then quadratic.
         */
        JSON_MEMBERS_MAX = 16384,
};

/*
 * Parses size bytes of text (need not end in NUL). Returns 0 and a node to free with json_node_unref(), or
 * -E2BIG: more than size_max bytes, nested deeper than JSON_DEPTH_MAX, more than JSON_MEMBERS_MAX members;
 * -EILSEQ: not UTF-8, or a \u escape that is half a surrogate pair or NUL;
 * -EEXIST: an object has the same key twice;
 * -ERANGE: a number beyond 64-bit integers or doubles;
 * -EINVAL: not JSON.
 * *ret_error, when not NULL, then gets one sentence with line and column; g_free() it. It may name a member, but shows
 * no value, which can be a secret.
 */
int json_parse(const char *text, size_t size, size_t size_max, JsonNode **ret, char **ret_error) _must_check_;

/* The same, and the value must be an object: otherwise -EINVAL. */
int json_parse_object(const char *text, size_t size, size_t size_max, JsonObject **ret, char **ret_error) _must_check_;

/*
 * Compact text of a node (NULL: "null"), members in their order; json_parse() of it gives an equal node. A double is
 * written with as few digits as it takes to read it back. Free with g_free().
 */
char *json_format(JsonNode *node);
char *json_format_object(JsonObject *object);

/* Whether they are equal, or are lists and value has all elements of asked, in any order. */
bool json_has_all(JsonNode *value, JsonNode *asked);

/* How deep it is nested: 0 for what is neither an object nor a list. */
unsigned json_depth(JsonNode *node);

/*
 * UTF-8 text from outside as part of a message: on one line, what is not printable escaped, at most 80 characters and
 * then "…". Free with g_free().
 */
char *json_show_text(const char *text);

/*
 * Members of an object by table: json_read_members(object, table, n, base, &error) stores each member at
 * base + offset, or none at all. Unknown members, members of another type (no conversion: json-glib turns a string
 * into 0 without a word), null, and missing members that are required are errors (-EINVAL and a sentence that names
 * the member).
 * JSON_STRING stores a char* of its own (frees the old one), JSON_INTEGER an int64_t, JSON_BOOLEAN a bool,
 * JSON_DOUBLE a double (an integer is taken too), JSON_OBJECT and JSON_ARRAY and JSON_ANY a JsonNode* of its own.
 */
typedef enum JsonMemberType {
        JSON_STRING,
        JSON_INTEGER,
        JSON_DOUBLE,
        JSON_BOOLEAN,
        JSON_OBJECT,
        JSON_ARRAY,
        JSON_ANY,
} JsonMemberType;

typedef struct JsonMember {
        const char *name;
        JsonMemberType type;
        size_t offset;
        bool required;
} JsonMember;

int json_read_members(JsonObject *object, const JsonMember *table, size_t n_table, void *base, char **ret_error)
                _must_check_;
