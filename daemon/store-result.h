/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job-result.h"
#include "store.h"

/* The table job_result. */

/* Which job results a list shows; unset members do not restrict. Newest first. */
typedef struct JobResultFilter {
        const char *job_id;
        const char *deleted_job; /* class_path or name of a job that is not in the registry any more */
        JobResultStatus status;  /* _JOB_RESULT_STATUS_INVALID: any */
        const char *task_queue;
        const char *scheduled_job_id;
        int64_t requester_uid;   /* -1: any */
        const char *requester;   /* name at the time */
        int64_t from_seq, to_seq; /* from the one up to, but not with, the other; 0: no bound: store_result_seek() */
        const char *name, *q;    /* looked at in each row, so within a scan only: the job's name; part of name, class_path
                                    or requester, ASCII letters in any case */
        int64_t scan_from_seq;   /* rows before are not looked at, 0: all are */
        int64_t before_seq;      /* 0: from the newest */
        unsigned limit, offset;
} JobResultFilter;

/*
 * What a list and a count cost does not depend on the history where the filter has a job (or a deleted one), a
 * requester or a queue, or a requester with a job or a queue, or a scheduled job; each with a status or without. Of
 * other combinations one is looked for among all results of the rest. Of what has not ended, all results that have not
 * are looked at.
 *
 * What is left out by an offset is read all the same, what is counted by a condition is looked at one by one.
 */
enum {
        RESULT_OFFSET_MAX = 10000,
        RESULT_COUNT_MAX = 100000,
};

/* In the open batch. Insert sets seq. Update writes what can change after the request: state and outcome. */
int store_result_insert(Store *s, JobResult *jr) _must_check_;
int store_result_update(Store *s, const JobResult *jr) _must_check_;
int store_result_delete(Store *s, const char *id) _must_check_;

/* The result that the job gives, JSON. Not in store_result_update(): it can be long, and that is written often. */
int store_result_set_result(Store *s, const char *id, const char *result) _must_check_;

/* 1: found, 0: there is none, negative errno. Only this one reads the member result. */
int store_result_get(Store *s, const char *id, JobResult **ret) _must_check_;

/* Appends the ids (owned strings) of those that follow on it in a chain, the oldest first, at most limit. */
int store_result_list_followers(Store *s, const char *id, unsigned limit, GPtrArray *ids) _must_check_;

/* The newest one of a job, however many it has. 1: found, 0: there is none, negative errno. */
int store_result_get_latest(Store *s, const char *job_id, JobResult **ret) _must_check_;

/* Appends JobResult to the array. */
int store_result_list(Store *s, const JobResultFilter *filter, GPtrArray *results) _must_check_;

/*
 * How many there are by the filter's conditions, whatever its limit; RESULT_COUNT_MAX stands for that many and more.
 */
int store_result_count(Store *s, const JobResultFilter *filter, uint64_t *ret) _must_check_;

/*
 * The seq of the first one that was requested at that time or later, or one that no request has had yet. Looked for in
 * the order of the requests, which is that of their times but for a clock that was set back.
 */
int store_result_seek(Store *s, uint64_t usec, int64_t *ret_seq) _must_check_;

/* Those that may have a unit: STARTED, and PENDING with a boot id. */
int store_result_list_active(Store *s, GPtrArray *results) _must_check_;
