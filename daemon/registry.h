/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job.h"
#include "store.h"

/*
 * All jobs, in memory as they are in the store. A Job of the registry is never changed in place: registry_put() stores
 * a changed copy and puts it in the other's place. Pointers to jobs are good until the next put, delete or reload.
 */
typedef struct Registry Registry;

/* Reads the jobs from the store. */
int registry_new(Store *store, Registry **ret) _must_check_;
Registry *registry_free(Registry *r);
DEFINE_CLEANUP(Registry *, registry_free);

/* Reads them again, after a batch of the store was lost. */
int registry_reload(Registry *r) _must_check_;

/* By UUID, class_path or name, in this order. NULL when there is none. */
const Job *registry_find(const Registry *r, const char *reference);
const Job *registry_find_by_id(const Registry *r, const char *id);
const Job *registry_find_by_class_path(const Registry *r, const char *class_path);
const Job *registry_find_by_name(const Registry *r, const char *name);

/* All jobs by grouping and name; the array owns nothing. */
GPtrArray *registry_list(const Registry *r);
size_t registry_size(const Registry *r);

/* Stores the job and takes it over. -EEXIST: another one has that name. On failure the job is freed. */
int registry_put(Registry *r, Job *job) _must_check_;

/* Removes the job. */
int registry_delete(Registry *r, const char *id) _must_check_;

/* Like registry_put() for many, all or none. Takes over the jobs, leaves the array empty. */
int registry_put_all(Registry *r, GPtrArray *jobs) _must_check_;
