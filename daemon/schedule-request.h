/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "run-request.h"
#include "scheduled-job.h"

/*
 * The part of a request that makes a scheduled job of it. run-request.c calls these in their place of the order of
 * checks.
 */

/* Whether it asks for another time than now. */
bool schedule_request_is_for_later(const RunRequest *request);

/*
 * Sensitive input would have to be kept: reference, row S12, unless it can be sealed. To be asked before the class is
 * loaded, of the job's own flag, and after it, of its variables.
 */
int schedule_request_check_sensitive(const RunContext *c, const Job *job, bool is_sensitive, Refusal *f) _must_check_;

/*
 * The scheduled job for accepted values: active, or pending when it needs an approval. *ret_secret: what has to be
 * sealed before it is stored, as JSON; NULL: nothing.
 */
int schedule_request_make(const RunContext *c, const Job *job, const RunRequest *request, const JobClass *class,
                          JsonObject *values, bool needs_approval, ScheduledJob **ret, Secret **ret_secret, Refusal *f)
                _must_check_;

/*
 * A copy of a scheduled job with accepted values for its input, in the place of all that it has. *ret_secret: as above;
 * what was sealed before is not in the copy.
 */
int schedule_request_replace_input(const RunContext *c, const Job *job, const JobClass *class, JsonObject *values,
                                   const ScheduledJob *of, ScheduledJob **ret, Secret **ret_secret, Refusal *f)
                _must_check_;

/* The name of a request that has none: "JOBNAME - DATE", and for n > 1 with " (n)". g_free() it. */
char *schedule_request_name(const char *job_name, uint64_t when_usec, unsigned n);

/*
 * The input of a scheduled job for run_request_prepare(): what is stored and what was unsealed (NULL: nothing was
 * sealed) in one JSON object. NULL when there is no memory for it, or when it is not what was stored.
 */
Secret *schedule_request_input(const ScheduledJob *sj, const Secret *unsealed);

/* Whether the value of that variable is among those that are stored in the clear. */
bool schedule_request_has_public(const ScheduledJob *sj, const char *name);
