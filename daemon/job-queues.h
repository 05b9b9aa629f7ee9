/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job-queue.h"
#include "store.h"

/*
 * All job queues, in memory as they are in the store. One is never changed in place: job_queues_put() stores a changed
 * copy and puts it in the other's place. Pointers to queues are good until the next put, delete or reload.
 */
typedef struct JobQueues JobQueues;

/* Reads them from the store. */
int job_queues_new(Store *store, JobQueues **ret) _must_check_;
JobQueues *job_queues_free(JobQueues *q);
DEFINE_CLEANUP(JobQueues *, job_queues_free);

/* Reads them again, after a batch of the store was lost. */
int job_queues_reload(JobQueues *q) _must_check_;

/* By UUID or name, in this order. NULL when there is none. */
const JobQueue *job_queues_find(const JobQueues *q, const char *reference);
const JobQueue *job_queues_find_by_id(const JobQueues *q, const char *id);
const JobQueue *job_queues_find_by_name(const JobQueues *q, const char *name);

/* All by name; the array owns nothing. */
GPtrArray *job_queues_list(const JobQueues *q);
size_t job_queues_size(const JobQueues *q);

/* In the open batch. Takes the queue over, and frees it on failure. -EEXIST: another one has that name. */
int job_queues_put(JobQueues *q, JobQueue *queue) _must_check_;
int job_queues_delete(JobQueues *q, const char *id) _must_check_;

/* Makes one of that name unless there is one. 1: made, 0: it was there, -E2BIG: there are too many, negative errno. */
int job_queues_ensure(JobQueues *q, const char *name, uint64_t now_usec) _must_check_;
