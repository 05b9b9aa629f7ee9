/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "request.h"

typedef int (*ObjectRead)(sd_bus_message *m, JsonObject **ret); /* one of job-json.h */

/* What jobs, scheduled jobs and job queues have in common: they are listed, found by UUID or name, shown, deleted. */
typedef struct ObjectKind {
        const char *collection; /* in the path */
        const char *parent;     /* of the object paths */
        const char *interface;
        const char *list, *get; /* the methods of the manager */
        ObjectRead read;
        bool by_cursor;         /* the list goes on by "before", and not by "offset" */
} ObjectKind;

extern const ObjectKind object_job, object_schedule, object_queue;

/* Answers with a page of the list: list.c. */
void object_list(Request *r, const ObjectKind *kind);

/* The entries of a list's reply, one after the other, and whether there are more. add takes over the object. */
typedef void (*ObjectAdd)(Request *r, JsonObject *object);
int object_read_list(Request *r, sd_bus_message *m, ObjectRead read, ObjectAdd add, int *ret_more) _must_check_;

/* Finds what the path names, and calls next with its object path. Takes over body, the state of what is to come. */
typedef void (*ObjectNext)(Request *r, const char *path);
void object_find(Request *r, const ObjectKind *kind, ObjectNext next, JsonObject *body);
JsonObject *object_body(Request *r);     /* borrowed; NULL */
const char *object_path(Request *r);     /* once it is found */

/* Answers with what is found. */
void object_retrieve(Request *r, const ObjectKind *kind);
void object_delete(Request *r, const ObjectKind *kind);

/*
 * Answers with the object of that path, for next and the callbacks after it; object_begin() where none was looked for.
 */
void object_begin(Request *r);
void object_show(Request *r, const ObjectKind *kind, unsigned status, const char *path);
/* The callback of a call whose reply says no more than that it is done. */
void object_show_changed(Request *r, sd_bus_message *reply);
/* The same: the reply has the properties of a job result. */
void object_show_result(Request *r, sd_bus_message *reply);
