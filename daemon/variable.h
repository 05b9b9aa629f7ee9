/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <inttypes.h>

#include "json.h"
#include "macro.h"

/*
 * One input of a job class: a [Variable NAME] section, and the rules by which a request's value is accepted. Messages
 * are those of the reference. No bus, no store: a Variable is data and a check.
 */
typedef struct Variable Variable;

enum {
        VARIABLE_NAME_MAX = 64,
        VARIABLE_TEXT_MAX = 4096, /* bytes of a label, a description, a regex, a choice */
        VARIABLE_CHOICES_MAX = 1000,
        VARIABLE_VALUE_MAX = 64 * 1024, /* bytes of one value's text; the kernel takes twice that in the environment */
        VARIABLE_JSON_DEPTH_MAX = 24,   /* of a json value: JSON_DEPTH_MAX, less what is put around it */
        VARIABLE_OBJECTS_MAX = 1000,    /* in the value of a multiobject */
        VARIABLE_MESSAGES_MAX = 100,    /* on the elements of one list */
        /*
         * No values that variables_validate() has accepted are longer as compact JSON, when its input came from
         * json_parse() with JSON_SIZE_MAX: of that, "1e9" can become 1000000000.0, "\x7f" become \u007f.
         * Whoever reads them back by json_parse() gives this as the limit.
         */
        VARIABLES_SIZE_MAX = 512 * 1024,
};

/* On a file variable that is given otherwise (its name), and on a file that is too large (bytes, uint64_t). */
#define VARIABLE_MESSAGE_NO_FILE "This must be given as a file: jobctl run --file %s=PATH"
#define VARIABLE_MESSAGE_FILE_TOO_LARGE "Ensure this file has at most %" PRIu64 " bytes."

Variable *variable_new(const char *name);
Variable *variable_free(Variable *v);
DEFINE_CLEANUP(Variable *, variable_free);

/* [A-Za-z_][A-Za-z0-9_]*, up to VARIABLE_NAME_MAX, not one of the reserved names. -EINVAL and a sentence otherwise. */
int variable_name_check(const char *name, char **ret_error) _must_check_;

/*
 * Takes one KEY=VALUE line of the section. -ENOENT: no such key. -EINVAL: wrong value. The sentence says what would be
 * right. Keys that another type has are only refused by variable_finish(), since Type= may come later.
 *
 * Every type has Type= (string when absent), Label=, Description=, Default=, Required= (yes when absent), Sensitive=,
 * Widget= (a hint for forms) and DependsOn=; dryrun has only the first three. Further:
 *   string               MinLength=, MaxLength= (characters), Regex= (PCRE2; of the whole value)
 *   integer              MinValue=, MaxValue=
 *   choice, multichoice  Choices=: VALUE or VALUE:LABEL, separated by spaces, quoted as in a unit file, a colon of the
 *                        value as "\:"; a further line adds to them
 *   ipnetwork            MinPrefixLength=, MaxPrefixLength=
 *   path                 Regex= (of the normalised path)
 *   duration             MinValue=, MaxValue= (time spans)
 *   object, multiobject  Model= (required; see object-model.h), QueryParams= (a JSON object of lookups, object-query.h,
 *                        that what is chosen has to fit; a string "$NAME" is the value of that variable, "$$" a "$")
 *   file                 MaxSize= (bytes, or with K, M, G); no Default=
 *   text, json, boolean, ipaddress, ipaddress-with-mask have none; a boolean is never required.
 * Default= is the value's text as in common/variable-text.h. DependsOn=OTHER has the variable asked for only when
 * OTHER has a value (a boolean: is true), DependsOn=OTHER=VALUE only when it has that one (a multichoice: among
 * others). A key that comes again replaces what it said before; an empty value is as if the key were not there.
 */
int variable_set(Variable *v, const char *key, const char *value, char **ret_error) _must_check_;

/*
 * After the last line: checks that the keys fit the type and each other (MinValue <= MaxValue, the default is valid,
 * choices present, ...). -EINVAL, the offending key in *ret_key (static string) and a sentence.
 */
int variable_finish(Variable *v, const char **ret_key, char **ret_error) _must_check_;

const char *variable_name(const Variable *v);
const char *variable_type_string(const Variable *v); /* "integer" */
bool variable_is_sensitive(const Variable *v);
bool variable_is_dryrun(const Variable *v);
bool variable_is_file(const Variable *v);
uint64_t variable_max_size(const Variable *v); /* of a file, bytes; UINT64_MAX: no bound of its own */
const char *variable_depends_on(const Variable *v); /* the other variable's name, or NULL */

/* The variable of that name, borrowed; NULL: there is none. variables may be NULL. */
const Variable *variables_find(const GPtrArray *variables, const char *name);

/*
 * What is accepted, and what the job gets (of JSON's types):
 *   string      a string. Not stripped. No control characters but tab and newline, in no type: who approves a run
 *               looks at its input on a terminal
 *   text        a string; CR LF becomes LF
 *   json        an object, list, number or boolean, or a string that is JSON text of one, which the job gets decoded.
 *               Text of a string is refused: given again, it would be decoded again
 *   integer     an integer of 64 bits, or a string that is one in digits ("-5"); 5.0 and true are none
 *   boolean, dryrun  true, false, or the strings "true" and "false" in any case
 *   choice      the value of a choice, a string
 *   multichoice a list of them; the job gets each once, in the order given
 *   ipaddress   a literal IPv4 (four decimal numbers) or IPv6 address, canonical for the job (RFC 5952)
 *   ipaddress-with-mask, ipnetwork  the same and "/" and a length; a network has no bits after it
 *   path        a string, absolute, without ".."; the job gets it without empty and "." components. It need not exist
 *   duration    a string as in systemd.time(7), bare numbers being seconds, or a number of seconds; 0 to 70 years. The
 *               job gets the number of seconds, an integer when it is whole
 *   object      the primary key of an object, a string, or a query (object-query.h) that finds exactly one; stored is
 *               the primary key, and the job gets all of the object (variables-objects.h)
 *   multiobject a list of both, or one query that finds any number; stored is a list of primary keys
 *   file        no value; see variables_validate_all(). The job gets {"name": ..., "size": ..., "sha256": ..., "path": ...}
 * null and "" are no value, and so is [] for a multichoice or a multiobject. A variable that is not there at all has its default.
 * Without a value, one that is required is an error and others are null, but a boolean is false, and "" stays what it
 * is for string and text, [] for multichoice. MinLength= and Regex= are of values: an optional string may be "".
 * Where DependsOn= is not met, a value is an error, none is required, no default is taken, and the job gets null.
 * Values that were accepted are accepted again, and do not change.
 *
 * Checks the input of a request against a class's variables (array of Variable; may be NULL). On success returns 0 and
 * the normalised values, every variable present in the array's order, null where optional and not given. When anything
 * is wrong returns -EINVAL and in *ret_errors an object of arrays of messages by variable, every problem at once:
 * {"var2": ["This field is required."], "var5": ["Job data contained an unknown property"]}. Messages never contain
 * the value of a sensitive variable.
 */
int variables_validate(const GPtrArray *variables, JsonObject *input, JsonObject **ret_values, JsonObject **ret_errors)
                _must_check_;

/*
 * Moves what stands for the files out of an input that was accepted and stored, for variables_validate_all(): a new
 * object.
 */
JsonObject *variables_take_files(const GPtrArray *variables, JsonObject *input);

/*
 * Cross-checks of a class: FieldOrder=, DependsOn= and QueryParams= name variables, no cycle among those two, one dry-run variable
 * at most, all defaults together within JSON_SIZE_MAX. -EINVAL and a sentence.
 */
int variables_check(const GPtrArray *variables, const char *const *field_order, char **ret_error) _must_check_;

/* A new array (owns nothing) of the variables in display order: those of field_order first, then the others. */
GPtrArray *variables_in_order(const GPtrArray *variables, const char *const *field_order);

bool variables_support_dryrun(const GPtrArray *variables);
bool variables_have_sensitive(const GPtrArray *variables);

/* A copy of normalised values, only those of variables that are not sensitive: what may be stored and shown. */
JsonObject *variables_public_values(const GPtrArray *variables, JsonObject *values);

/*
 * The text form of a normalised value, for JOB_VAR_<name> and ExecStart=: strings as they are, numbers and booleans
 * ("true", "false") as JSON, null as "", lists and objects as compact JSON. Free with g_free().
 */
char *variable_value_to_text(JsonNode *value);

/*
 * What the reference's variables endpoint returns, in order: an array of objects with name, type ("integer"), label,
 * help_text, required, min_length, max_length, min_value, max_value, choices ([[value, label], ...]), default (those
 * that apply), and model, primary_key (the member of an object), query_params, min_prefix_length, max_prefix_length, max_size, sensitive, widget, depends_on
 * ({"name": ..., "value": ...}, value only where one is asked for). Values are normalised ones. A sensitive variable's default is not shown, and no
 * regex is.
 */
JsonNode *variables_describe(const GPtrArray *variables);
