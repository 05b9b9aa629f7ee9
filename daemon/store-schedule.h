/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "scheduled-job.h"
#include "store.h"

/* The table scheduled_job. */

/* Which a list shows; unset members do not restrict. Newest first. */
typedef struct ScheduledJobFilter {
        const char *job_id;
        const char *deleted_job; /* class_path or name of a job that is not in the registry any more */
        uint32_t states;         /* 1 << ScheduledJobState, 0: any */
        int64_t requester_uid;   /* -1: any */
        const char *requester;   /* name as of the request */
        const char *task_queue;  /* looks at all that fit the rest */
        const char *name;
        const char *q;           /* part of the name, in any case (ASCII); looks at all that fit the rest */
        bool approval;           /* only those that wait for an approval */
        int64_t before_seq;      /* 0: from the newest */
        unsigned limit;
} ScheduledJobFilter;

/*
 * In the open batch. Insert sets seq; -EEXIST: the name is taken. Update writes all but seq, id, job_name, class_path
 * and date_created; -EEXIST likewise, -ENOENT: there is none with that id.
 */
int store_schedule_insert(Store *s, ScheduledJob *sj) _must_check_;
int store_schedule_update(Store *s, const ScheduledJob *sj) _must_check_;
int store_schedule_delete(Store *s, const char *id) _must_check_;

/* 1: found, 0: there is none, negative errno. */
int store_schedule_get(Store *s, const char *id, ScheduledJob **ret) _must_check_;
int store_schedule_get_by_name(Store *s, const char *name, ScheduledJob **ret) _must_check_;
/* By UUID, with or without dashes, or by name. */
int store_schedule_find(Store *s, const char *reference, ScheduledJob **ret) _must_check_;

/* The following append ScheduledJob to the array. */
int store_schedule_list(Store *s, const ScheduledJobFilter *filter, GPtrArray *scheduled_jobs) _must_check_;

/* Those of a job that can still fire: neither final nor errored. Oldest first. */
int store_schedule_list_of_job(Store *s, const char *job_id, GPtrArray *scheduled_jobs) _must_check_;

/*
 * Active ones whose time has come at now_usec; pending ones that expire by then. The most overdue first, at most
 * limit.
 */
int store_schedule_list_due(Store *s, uint64_t now_usec, unsigned limit, GPtrArray *scheduled_jobs) _must_check_;
int store_schedule_list_expiring(Store *s, uint64_t now_usec, unsigned limit, GPtrArray *scheduled_jobs) _must_check_;

/*
 * When the next one is due after after_usec, and when the next one expires; 0: none. By an index: costs the same
 * however many there are.
 */
int store_schedule_next_due(Store *s, uint64_t after_usec, uint64_t *ret_usec) _must_check_;
int store_schedule_next_expiry(Store *s, uint64_t *ret_usec) _must_check_;

/* How many there are of a requester that are not final. */
int store_schedule_count_of_requester(Store *s, uint32_t uid, uint64_t *ret) _must_check_;
