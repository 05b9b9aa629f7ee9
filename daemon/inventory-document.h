/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "object-set.h"

/* The JSON documents of which an inventory consists: what is in a file of a model. See jobd.objects(5). */

enum {
        INVENTORY_SIZE_MAX = 16 * 1024 * 1024, /* bytes of a document */
        INVENTORY_OBJECTS_MAX = 100000,        /* of a model */
        INVENTORY_DEPTH_MAX = 24,              /* of an object: it goes into a run's input, within two more */
        INVENTORY_MODELS_MAX = 64,             /* that are files; and that were imported */
};

/*
 * A list of objects, each with an "id" that no other has. Imported: the id is a UUID, in lower case then, and one that
 * is missing is made. Returns 0 or negative errno and a sentence.
 */
int inventory_document_parse(const char *text, size_t size, bool imported, JsonArray **ret, char **ret_error)
                _must_check_;

/* Which file it was: it is read again only when that is no longer true. */
typedef struct InventoryStamp {
        uint64_t device, inode, size;
        int64_t modified_nsec, changed_nsec;
} InventoryStamp;

/*
 * Opens the file of a model: it and its directory must be root's own, and nobody else's to write. Returns 1, the
 * descriptor and the stamp; 0: there is no such file; or negative errno and a sentence.
 */
int inventory_file_open(const char *directory, const char *model, int *ret_fd, InventoryStamp *ret_stamp,
                        char **ret_error) _must_check_;

/* All of a file of at most INVENTORY_SIZE_MAX bytes, whatever its offset. Free with g_free(). */
int inventory_file_read(int fd, char **ret_text, size_t *ret_size) _must_check_;

/* The names of the models that have a file, and, with a sentence each, of what cannot be one: two arrays of char*. */
int inventory_file_list(const char *directory, GPtrArray **ret_models, GPtrArray **ret_problems) _must_check_;
