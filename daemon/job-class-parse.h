/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job-class.h"

/*
 * Makes a JobClass out of the texts of its files, whatever they were read from. Part of job-class: for the loader, the
 * unit tests and the fuzzer.
 */
typedef struct JobClassParser JobClassParser;

typedef enum JobClassFileKind {
        JOB_CLASS_FILE_MODULE, /* module.conf: [Job] and [Service] only */
        JOB_CLASS_FILE_MAIN,   /* the .job file */
        JOB_CLASS_FILE_DROPIN, /* <JobClassName>.job.d/<any>.conf */
} JobClassFileKind;

/* system: see JobClass. Both names must be valid. */
JobClassParser *job_class_parser_new(const char *module_name, const char *job_class_name, bool system);
JobClassParser *job_class_parser_free(JobClassParser *p);
DEFINE_CLEANUP(JobClassParser *, job_class_parser_free);

/*
 * Takes a file's text, on top of what the files before it said: a later line wins, list settings append, an empty
 * value clears. path is for messages; name, relative to the root, goes into the digest. Returns 0, or -EINVAL and
 * "PATH:LINE: KEY=: what is wrong; what would be right"; the parser is then good for job_class_parser_free() only.
 */
int job_class_parser_add(
                JobClassParser *p,
                JobClassFileKind kind,
                const char *path,
                const char *name,
                const char *text,
                size_t size,
                char **ret_error) _must_check_;

/* After the last file, once: checks the class as a whole and hands it out. Returns 0, or -EINVAL and a sentence. */
int job_class_parser_finish(JobClassParser *p, JobClass **ret, char **ret_error) _must_check_;
