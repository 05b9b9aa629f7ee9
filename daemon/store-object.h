/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store.h"
#include "uuid.h"

/* The table inventory_object: the objects that were imported. */

typedef struct StoredObject {
        char id[UUID_STRING_SIZE];
        char *document; /* JSON, compact, with the id */
} StoredObject;

StoredObject *stored_object_free(StoredObject *o);

/* Those of a model by id: array of StoredObject, owned. */
int store_object_list(Store *s, const char *model, GPtrArray **ret) _must_check_;

/* Adds it, or replaces the one of that id. */
int store_object_put(Store *s, const char *model, const StoredObject *o, uint64_t now_usec) _must_check_;
int store_object_delete(Store *s, const char *model, const char *id) _must_check_;

/* The models that have objects, by name: array of StoredModel, owned. */
typedef struct StoredModel {
        char *name;
        uint32_t n_objects;
} StoredModel;

int store_object_models(Store *s, GPtrArray **ret) _must_check_;
