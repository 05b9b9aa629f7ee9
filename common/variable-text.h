/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "json.h"
#include "macro.h"

/*
 * The text of a value, as it is typed after --var NAME=, sent in a form's field or written after Default=, turned into
 * the JSON value to submit. type is a variable's type as the daemon describes it ("integer"). Whether the value is a
 * valid one is for the daemon to say: this only makes the right kind of JSON of it.
 *
 * string, text, choice, ipaddress, ipaddress-with-mask, ipnetwork, path, duration: the text as it is. integer:
 * digits, after a "-" if need be. boolean, dryrun: "yes", "no", "true", "false", "on", "off", "1", "0" and the others
 * of systemd's files. json: JSON text. multichoice: values separated by commas, spaces around them dropped ("" is an
 * empty list), or a JSON array. object: JSON text when it begins with "{" (a query), else the text as it is (a primary
 * key). multiobject: JSON text when it begins with "{", else as multichoice.
 *
 * Returns 0 and a node to free with json_node_unref(). -ENOENT: no such type. -EILSEQ: not UTF-8. -E2BIG: more than
 * JSON_SIZE_MAX bytes. -ERANGE: an integer beyond 64 bits. -EINVAL or another error of json_parse(): not a text of
 * that type. The sentence in *ret_error (NULL to do without; g_free() it) does not show the text, which can be a
 * secret; it may name a member of a JSON object.
 */
int variable_text_to_json(const char *type, const char *text, JsonNode **ret, char **ret_error) _must_check_;

/*
 * An integer as JSON writes it: "0", "-5"; no sign "+", no leading zeros, no spaces. Returns 0, -EINVAL, or -ERANGE
 * beyond 64 bits.
 */
int variable_text_to_integer(const char *text, int64_t *ret) _must_check_;

/* What systemd's files take as a boolean, in any case: 1 yes y true t on, 0 no n false f off. Returns 0 or -EINVAL. */
int variable_text_to_boolean(const char *text, bool *ret) _must_check_;
