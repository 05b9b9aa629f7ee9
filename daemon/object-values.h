/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "json.h"
#include "macro.h"

/* The values after __in, in which a text or a number is found at once, however many there are. Pure. */
typedef struct ObjectValues ObjectValues;

/* Borrows the list. */
ObjectValues *object_values_new(JsonArray *list);
ObjectValues *object_values_free(ObjectValues *v);
DEFINE_CLEANUP(ObjectValues *, object_values_free);

/* A number is equal to another one whichever way they are written, everything else as json_node_equal() has it. */
bool object_values_have(const ObjectValues *v, JsonNode *node);

/* How many have to be compared one by one, when it is no text and no number. */
unsigned object_values_n_others(const ObjectValues *v);

bool json_values_equal(JsonNode *a, JsonNode *b);
bool json_value_is_number(JsonNode *node);
int json_compare_numbers(JsonNode *a, JsonNode *b);
