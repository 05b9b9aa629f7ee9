/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * A model is a kind of objects that a variable can be of: those of the host, which the program jobd-objects reads, and
 * those of the inventory, which the administrator defines (inventory.h). See jobd.objects(5).
 */

enum {
        OBJECT_MODEL_NAME_MAX = 64,
        OBJECT_KEY_MAX = 4096, /* bytes of a primary key: the longest is a mount point */
};

/* The member of an object that is its primary key. */
#define INVENTORY_KEY "id"

/* The models of the host, NULL-terminated. */
extern const char *const host_models[];

/* The member that is the primary key of a host's model; NULL: it is none. */
const char *host_model_key(const char *name);

/* Whether it can be the name of a model of the inventory: [a-z][a-z0-9_.-]*, and none of the host's. */
bool inventory_model_name_is_valid(const char *name);
