/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "inventory.h"

/*
 * Where objects come from: the inventory, which is at hand, and the host, which the program jobd-objects is asked
 * about over its socket. It takes its time, or does not answer at all: nobody waits for it longer than
 * OBJECTS_TIMEOUT_USEC once it is their turn, and nothing else waits. All questions that come up while others are
 * being asked share the next.
 */
typedef struct ObjectSource ObjectSource;

/* A question, until it is freed. */
typedef struct ObjectRequest ObjectRequest;

#define OBJECTS_TIMEOUT_USEC (5 * USEC_PER_SEC)

enum {
        OBJECTS_ANSWER_MAX = 16 * 1024 * 1024, /* bytes: thousands of units, tens of thousands of users */
        OBJECT_REQUESTS_MAX = 2048,            /* that wait */
};

/* The objects, or what is wrong, by model. */
typedef void (*ObjectsRead)(ObjectSet *set, void *userdata);

int object_source_new(sd_event *event, const char *socket, Inventory *inventory, ObjectSource **ret) _must_check_;
ObjectSource *object_source_free(ObjectSource *s);
DEFINE_CLEANUP(ObjectSource *, object_source_free);

/*
 * Asks for what is wanted (object_wants_new()). The callback comes once, later, unless the request is freed before; it
 * may free it. -ENOBUFS: too many wait.
 */
int object_source_ask(ObjectSource *s, GHashTable *wants, ObjectsRead callback, void *userdata, ObjectRequest **ret)
                _must_check_;
ObjectRequest *object_request_free(ObjectRequest *r);
DEFINE_CLEANUP(ObjectRequest *, object_request_free);
