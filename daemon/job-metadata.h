/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/* What happens to a run of a job that may run only once at a time, while it does. */
typedef enum JobSingleton {
        JOB_SINGLETON_NO,
        JOB_SINGLETON_FAIL,    /* it fails, as in the reference */
        JOB_SINGLETON_QUEUE,   /* it waits */
        JOB_SINGLETON_REPLACE, /* it takes the other one's place, which is revoked */
        _JOB_SINGLETON_MAX,
} JobSingleton;

/* "no", "fail", "queue", "replace" */
const char *job_singleton_to_string(JobSingleton singleton);

/*
 * The attributes of a job class that an administrator can override in the job record, and their table. The same
 * struct holds the class's values and the effective ones.
 */
typedef struct JobMetadata {
        char *name;
        char *grouping;
        char *description;
        bool approval_required;
        bool dryrun_default;
        bool has_sensitive_variables; /* no by default, unlike the reference: here variables are marked one by one */
        bool hidden;
        JobSingleton singleton;
        uint64_t soft_time_limit_usec; /* 0: the default of jobd.conf */
        uint64_t time_limit_usec;      /* 0: the default of jobd.conf */
        char **task_queues;            /* NULL or empty: the default queue only */
} JobMetadata;

typedef enum JobField {
        JOB_FIELD_NAME,
        JOB_FIELD_GROUPING,
        JOB_FIELD_DESCRIPTION,
        JOB_FIELD_APPROVAL_REQUIRED,
        JOB_FIELD_DRYRUN_DEFAULT,
        JOB_FIELD_HAS_SENSITIVE_VARIABLES,
        JOB_FIELD_HIDDEN,
        JOB_FIELD_SINGLETON,
        JOB_FIELD_SOFT_TIME_LIMIT,
        JOB_FIELD_TIME_LIMIT,
        JOB_FIELD_TASK_QUEUES,
        _JOB_FIELD_MAX,
        _JOB_FIELD_INVALID = -EINVAL,
} JobField;

typedef enum JobFieldType {
        JOB_FIELD_TYPE_STRING,
        JOB_FIELD_TYPE_BOOLEAN,
        JOB_FIELD_TYPE_SINGLETON, /* a boolean, or one of the policies */
        JOB_FIELD_TYPE_TIME_SPAN,
        JOB_FIELD_TYPE_STRING_LIST,
} JobFieldType;

/* Limits of the reference: name and module 100 characters, grouping 255. */
enum {
        JOB_NAME_MAX = 100,
        JOB_GROUPING_MAX = 255,
        JOB_DESCRIPTION_MAX = 16 * 1024,
        JOB_TASK_QUEUES_MAX = 32,
        JOB_QUEUE_NAME_MAX = 100,
};

/* "time_limit", as in the record, the REST face and --json; NULL for none. */
const char *job_field_to_string(JobField field);
/* "TimeLimit", as in a job file. */
const char *job_field_to_key(JobField field);
JobFieldType job_field_type(JobField field);
/* Takes either spelling; _JOB_FIELD_INVALID when there is no such field. */
JobField job_field_from_string(const char *text);

/*
 * Sets one field from its text in a job file ("yes", "2min 30s", "default bulk"; an empty text is the field's
 * default). Returns 0, or -EINVAL and a sentence on what would be right; m is then as it was. Values past the limits
 * above are refused, and so is a time limit of "infinity".
 */
int job_field_parse(JobMetadata *m, JobField field, const char *text, char **ret_error) _must_check_;

/* The text that job_field_parse() takes. Free with g_free(). */
char *job_field_format(const JobMetadata *m, JobField field);

void job_field_copy(JobMetadata *to, const JobMetadata *from, JobField field);
bool job_field_equal(const JobMetadata *a, const JobMetadata *b, JobField field);

/* Frees what the struct holds and clears it; the struct itself belongs to its owner. */
void job_metadata_done(JobMetadata *m);

/* A queue's name: letters, digits, "_", "-" and ".", not first "." or "-", no "..", up to JOB_QUEUE_NAME_MAX. */
bool job_queue_name_is_valid(const char *name);
