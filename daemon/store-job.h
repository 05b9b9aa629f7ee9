/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job.h"
#include "store.h"

/* The tables job and job_override. */

/*
 * Reads all jobs: appends Job to the array. Returns 0 or negative errno; -EBADMSG when a record makes no sense (a
 * field that no version of jobd has written), with the sentence in store_error_text().
 */
int store_job_list(Store *s, GPtrArray *jobs) _must_check_;

/* Inserts or replaces the record and its overrides, in the open batch. -EEXIST: another job has that name. */
int store_job_put(Store *s, const Job *j) _must_check_;

/*
 * Removes the record; its job results stay and lose their association. Of more than a few hundred that takes further
 * steps, each a call of store_job_detach(): 1: there may be more to do, 0: there is not, of no job.
 */
int store_job_delete(Store *s, const char *id) _must_check_;
int store_job_detach(Store *s) _must_check_;
