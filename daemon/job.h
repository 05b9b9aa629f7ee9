/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job-class.h"
#include "job-metadata.h"
#include "macro.h"
#include "uuid.h"

/*
 * A job: the record in the registry that stands for one job class. It says what is permitted; what is executed is the
 * class. Overridden fields survive a refresh.
 */
typedef struct Job {
        char id[UUID_STRING_SIZE];
        char *module_name;
        char *job_class_name;
        char *class_path;
        bool installed;
        bool enabled;
        bool system;
        bool read_only;
        bool supports_dryrun;
        char *file;   /* of the class, as of the last refresh */
        char *digest; /* of the class, as of the last refresh */
        uint64_t date_created; /* usec since the epoch */
        uint64_t last_updated;
        JobMetadata class_values;
        JobMetadata effective;
        uint32_t overridden; /* 1 << JobField */
} Job;

Job *job_new(const char *module_name, const char *job_class_name);
Job *job_copy(const Job *j);
Job *job_free(Job *j);
DEFINE_CLEANUP(Job *, job_free);

static inline bool job_is_overridden(const Job *j, JobField field) {
        return (j->overridden & (UINT32_C(1) << field)) != 0;
}

/* Takes over what the class says: all that is not overridden becomes effective, installed is set. */
void job_apply_class(Job *j, const JobClass *c);

/* Sets the override from the text a job file would have. -EINVAL and a sentence when the value is wrong. */
int job_set_override(Job *j, JobField field, const char *text, char **ret_error) _must_check_;
void job_clear_override(Job *j, JobField field);

/*
 * The reference's two flags that exclude each other: sensitive input cannot be kept for an approver to look at. A refresh
 * can set both; the job is then not runnable, and says why.
 */
bool job_has_sensitive_conflict(const Job *j);
bool job_is_runnable(const Job *j);

/* Whether two records differ in what is stored. */
bool job_equal(const Job *a, const Job *b);
