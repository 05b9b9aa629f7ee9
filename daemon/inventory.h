/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "inventory-document.h"
#include "store.h"

/*
 * The models that the administrator defines: by a file, or by an import into the store. A file goes before. What was
 * read is kept until it changes.
 */
typedef struct Inventory Inventory;

Inventory *inventory_new(Store *store, const char *directory);
Inventory *inventory_free(Inventory *i);
DEFINE_CLEANUP(Inventory *, inventory_free);

/* Puts the objects of a model into the set, or why there are none. */
void inventory_add_to_set(Inventory *i, const char *model, ObjectSet *set);

/* What was imported may not be in the store after all: a batch was lost. */
void inventory_forget(Inventory *i);

typedef struct InventoryModel {
        char *name;
        char *source;   /* the path of the file, or "store" */
        unsigned count; /* of objects */
        char *problem;  /* why there are none; NULL */
} InventoryModel;

/* All models by name: array of InventoryModel, owned. Negative errno of the store. */
int inventory_list(Inventory *i, GPtrArray **ret) _must_check_;

/* What is wrong with the files, a sentence each: array of char*, owned. Reads all that have changed. */
GPtrArray *inventory_problems(Inventory *i);

typedef struct InventoryImport {
        const char *model;
        const char *text; /* the document */
        size_t size;
        bool prune;       /* delete what the document does not have */
        bool dry_run;     /* change nothing */
        uint64_t now_usec;
} InventoryImport;

typedef struct InventoryCounts {
        unsigned n_created, n_updated, n_deleted, n_unchanged;
} InventoryCounts;

/* All of it or nothing, in the open batch. Returns 0 or negative errno and the refusal. */
int inventory_import(Inventory *i, const InventoryImport *import, InventoryCounts *ret, Refusal *refusal) _must_check_;
