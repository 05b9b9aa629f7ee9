/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job-result.h"
#include "store.h"

/*
 * The job results that wait: PENDING, and not dispatched (no boot id). Each question is answered by an index of its
 * own, so that none costs more when more of them wait.
 */

/* How many wait, by what they have in common. */
typedef void (*StoreWaitingCount)(const char *key, uint32_t uid, uint64_t n, void *userdata);

/* In the lines: key is the queue, uid the requester; the one whose oldest has waited longest comes first. */
int store_waiting_count_lines(Store *s, StoreWaitingCount count, void *userdata) _must_check_;
/* For a time or a singleton: key is the queue, uid the requester. */
int store_waiting_count_aside(Store *s, StoreWaitingCount count, void *userdata) _must_check_;
/* For a singleton: key is the job's id, uid means nothing. */
int store_waiting_count_singletons(Store *s, StoreWaitingCount count, void *userdata) _must_check_;

/* The oldest of a requester in the line of a queue. 1, 0 for none, negative errno. */
int store_waiting_next(Store *s, const char *queue, uint32_t uid, JobResult **ret) _must_check_;

/* How many of a requester's in that line were requested from one (itself too) to another (not itself). */
int store_waiting_number(Store *s, const char *queue, uint32_t uid, int64_t from_seq, int64_t to_seq, uint64_t *ret)
                _must_check_;

/* When the first of those that wait for a time is due. 1, 0: none waits for one, negative errno. */
int store_waiting_next_due(Store *s, uint64_t *ret_usec) _must_check_;

/* Appends those that are due, the first ones first, at most limit. */
int store_waiting_list_due(Store *s, uint64_t now_usec, unsigned limit, GPtrArray *results) _must_check_;

/* Of those that wait for a run of that job the oldest, or the newest. 1, 0 for none, negative errno. */
int store_waiting_singleton(Store *s, const char *job_id, bool newest, JobResult **ret) _must_check_;

/* Which ones a list has; unset members do not restrict. The oldest first. */
typedef struct WaitingFilter {
        const char *job_id;
        const char *task_queue;
        int64_t requester_uid; /* -1: any */
        const char *requester; /* by name */
        int64_t after_seq;     /* 0: from the oldest */
        int64_t before_seq;    /* 0: to the newest */
        unsigned limit;
} WaitingFilter;

int store_waiting_list(Store *s, const WaitingFilter *filter, GPtrArray *results) _must_check_;

/* In the open batch. */
int store_waiting_set(Store *s, const char *id, JobResultWait wait) _must_check_;
