/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job-metadata.h"
#include "macro.h"
#include "uuid.h"

/*
 * A job queue (task queue): a named place for runs, with limits of its own and a slice of systemd's. What runs next is in
 * queue-order.h.
 */

typedef enum JobQueueWhenUnavailable {
        JOB_QUEUE_WAIT,   /* a request waits until the queue is enabled again and has room */
        JOB_QUEUE_REFUSE, /* it is refused, as the reference does without a worker */
        _JOB_QUEUE_WHEN_UNAVAILABLE_MAX,
        _JOB_QUEUE_WHEN_UNAVAILABLE_INVALID = -EINVAL,
} JobQueueWhenUnavailable;

/* Properties of the slice, in the order of their columns in the store. */
typedef enum JobQueueResource {
        JOB_QUEUE_CPU_WEIGHT,
        JOB_QUEUE_CPU_QUOTA,
        JOB_QUEUE_MEMORY_MAX,
        JOB_QUEUE_MEMORY_HIGH,
        JOB_QUEUE_TASKS_MAX,
        JOB_QUEUE_IO_WEIGHT,
        JOB_QUEUE_ALLOWED_CPUS,
        _JOB_QUEUE_RESOURCE_MAX,
        _JOB_QUEUE_RESOURCE_INVALID = -EINVAL,
} JobQueueResource;

enum {
        JOB_QUEUE_WEIGHT_MAX = 10000,
        JOB_QUEUE_WEIGHT_DEFAULT = 100,
        JOB_QUEUE_DESCRIPTION_MAX = 1024, /* bytes */
        JOB_QUEUES_MAX = 1000,
};

typedef struct JobQueue {
        char id[UUID_STRING_SIZE];
        char *name;
        char *description; /* one line; never NULL */
        bool enabled;
        uint32_t max_running; /* 0: no limit but that of all runs */
        uint32_t max_pending; /* so many waiting runs make it full; 0: never */
        uint32_t weight;      /* 1 to JOB_QUEUE_WEIGHT_MAX */
        int32_t priority;
        JobQueueWhenUnavailable when_unavailable;
        char *resources[_JOB_QUEUE_RESOURCE_MAX]; /* as a unit file spells them; NULL: none */
        char *slice_boot_id; /* the boot in which slice_set holds; "" for none */
        char *slice_set;     /* names of the properties that the slice may have from jobd, separated by blanks */
        uint64_t date_created; /* usec since the epoch */
        uint64_t last_updated;
} JobQueue;

/* A queue as refresh makes one. */
JobQueue *job_queue_new(const char *name, uint64_t now_usec);
JobQueue *job_queue_copy(const JobQueue *q);
JobQueue *job_queue_free(JobQueue *q);
DEFINE_CLEANUP(JobQueue *, job_queue_free);

const char *job_queue_when_unavailable_to_string(JobQueueWhenUnavailable w);
JobQueueWhenUnavailable job_queue_when_unavailable_from_string(const char *text);
const char *job_queue_resource_to_string(JobQueueResource resource); /* "CPUWeight" */
JobQueueResource job_queue_resource_from_string(const char *text);

/* 0, or -EINVAL and the sentence of the reference, or ours where it has none. */
int job_queue_check_name(const char *name, char **ret_error) _must_check_;

/* Whether all of it makes sense. 0, or -EINVAL and a sentence. */
int job_queue_check(const JobQueue *q, char **ret_error) _must_check_;

/* "" removes it. 0, or -EINVAL and a sentence; the queue is then as it was. */
int job_queue_set_resource(JobQueue *q, const char *name, const char *value, char **ret_error) _must_check_;

/* "jobd-bulk.slice". Free with g_free(). */
char *job_queue_slice(const char *name);

/*
 * What the slice has to be told (array of UnitProperty, unit-property.h, owned; empty: nothing), in that boot: what the
 * queue has, and the neutral value of what it had earlier. Sets slice_boot_id and slice_set accordingly: to be stored
 * before systemd is asked. Returns 1 when they have changed, 0, or -EINVAL and a sentence.
 */
int job_queue_slice_properties(JobQueue *q, const char *boot_id, GPtrArray **ret, char **ret_error) _must_check_;
