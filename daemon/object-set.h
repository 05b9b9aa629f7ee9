/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "json.h"
#include "macro.h"
#include "refusal.h"

/* The objects of a model, each with its primary key. Never changed once made, so it can be shared. */
typedef struct ObjectList ObjectList;

/*
 * Takes over a reference of the array. Elements whose member key is no string, or none that can be a primary key (it
 * has control characters, or more than OBJECT_KEY_MAX bytes), are passed over when one is looked for.
 */
ObjectList *object_list_new(JsonArray *objects, const char *key);
ObjectList *object_list_ref(ObjectList *l);
ObjectList *object_list_unref(ObjectList *l);
DEFINE_CLEANUP(ObjectList *, object_list_unref);

JsonArray *object_list_objects(const ObjectList *l);
JsonNode *object_list_find(const ObjectList *l, const char *key); /* borrowed; NULL: there is none */
const char *object_list_key_of(const ObjectList *l, JsonNode *object); /* NULL: it has none */

/* The objects of some models as they were at one moment, or why there are none. */
typedef struct ObjectSet ObjectSet;

ObjectSet *object_set_new(void);
ObjectSet *object_set_ref(ObjectSet *s);
ObjectSet *object_set_unref(ObjectSet *s);
DEFINE_CLEANUP(ObjectSet *, object_set_unref);

void object_set_add(ObjectSet *s, const char *model, ObjectList *list); /* takes over a reference */
/* error: negative errno; name: as of bus-error.h, static. */
void object_set_add_problem(ObjectSet *s, const char *model, int error, const char *name, const char *message);

const ObjectList *object_set_find(const ObjectSet *s, const char *model); /* NULL: there is a problem */
/* 0, or the error and the refusal for a model whose objects are not there. */
int object_set_check(const ObjectSet *s, const char *model, Refusal *refusal) _must_check_;

/*
 * Which objects are wanted: of each model all, and those of these primary keys in any case, since some there are that
 * are found by name only (a unit that is not loaded, a user of a directory service). A hash table of model to a set of
 * keys; both are copied.
 */
enum { OBJECT_WANTS_KEYS_MAX = 1000 }; /* of a model; further ones are found if a list has them */
GHashTable *object_wants_new(void);
void object_wants_add(GHashTable *wants, const char *model, const char *key); /* key NULL: none in particular */
void object_wants_add_all(GHashTable *wants, GHashTable *others); /* all their keys, too */
