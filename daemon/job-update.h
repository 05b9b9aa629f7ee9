/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job.h"
#include "refusal.h"

/* Several changes of a job at once, as the method Update takes them: all of them are made, or none. */
typedef struct JobUpdate {
        int enabled;            /* -1: as it is */
        const char *set;        /* names of fields, separated by blanks, that become overrides; NULL: none */
        const char *clear;      /* whose override is cleared */
        const char *values[_JOB_FIELD_MAX]; /* as in a job file, NULL: as it is. Only for what is an override then. */
} JobUpdate;

/* What became of a field, for who wants to tell it. */
typedef enum JobFieldChange {
        JOB_FIELD_UNCHANGED,
        JOB_FIELD_OVERRIDDEN,
        JOB_FIELD_CLEARED,
} JobFieldChange;

/* Changes the job, a copy of the stored one. Returns 0, or negative errno and the refusal; the copy is then useless. */
int job_update_apply(Job *j, const JobUpdate *u, JobFieldChange ret_changes[static _JOB_FIELD_MAX], Refusal *f)
                _must_check_;
