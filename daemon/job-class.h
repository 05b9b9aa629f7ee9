/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job-metadata.h"
#include "macro.h"
#include "notify-unit.h"
#include "unit-property.h"

/*
 * A job class: one .job file with its drop-ins and its modules' module.conf, read and checked. It is what is executed;
 * the job record (job.h) says whether and for whom.
 */
typedef struct JobClass {
        char *module_name;
        char *job_class_name;
        char *class_path;   /* module_name "." job_class_name */
        char *path;         /* the .job file */
        bool system;        /* module "jobd" or below it, under the vendor root */
        JobMetadata values; /* name and grouping are always set: the class's name, the module's name */
        bool read_only;
        char **field_order;
        unsigned retry;            /* further tries after a failure; 0: none */
        uint64_t retry_delay_usec; /* between two tries */
        GPtrArray *approval_stages; /* of ApprovalStage; NULL: one approval by whomever polkit allows */
        char *notify_units[_NOTIFY_EVENT_MAX]; /* templates; NULL: that of jobd.conf */
        GPtrArray *chain;          /* of ChainLink (chain.h): the jobs that its end starts */
        uint64_t result_max_age_usec; /* settings.h; 0: all are kept, RESULT_MAX_UNSET: as jobd.conf says */
        uint64_t result_max_count;
        GPtrArray *variables;      /* of Variable (variable.h), in the file's order */
        GPtrArray *properties;     /* of UnitProperty: what [Service] says */
        char *digest;              /* SHA-256 in hex over the names and contents of all files that went into it */
        GPtrArray *warnings;       /* of char*: a value that was truncated; "FILE:LINE: ..." */
} JobClass;

JobClass *job_class_free(JobClass *c);
DEFINE_CLEANUP(JobClass *, job_class_free);

/* What is wrong with a class or a file under a root; the class is then not loaded, the others are. */
typedef struct JobClassError {
        char *class_path; /* NULL where the file name gives none */
        char *message;    /* "FILE:LINE: KEY=: what is wrong; what would be right" */
} JobClassError;

JobClassError *job_class_error_free(JobClassError *e);
DEFINE_CLEANUP(JobClassError *, job_class_error_free);

enum {
        JOB_MODULE_NAME_MAX = 100,
        JOB_CLASS_NAME_MAX = 100,
        JOB_CLASS_FILE_SIZE_MAX = 256 * 1024, /* bytes, each file */
        JOB_CLASS_LINES_MAX = 10000,
        JOB_CLASS_VARIABLES_MAX = 256,
        JOB_CLASS_DROPINS_MAX = 64, /* files in <JobClassName>.job.d */
        JOB_CLASS_RETRY_MAX = 100,
        JOB_CLASSES_MAX = 100000,
        JOB_CLASS_MODULE_DEPTH_MAX = 16, /* directories below a root */
};

/* Both parts of "network.backup.NightlyBackup" are "[A-Za-z_][A-Za-z0-9_]*" and within the limits above. */
bool job_class_name_is_valid(const char *name);
bool job_module_name_is_valid(const char *name);

/*
 * The loader: where job classes come from. A second one (self-describing programs) can stand beside the one for .job
 * files without anything else knowing.
 */
typedef struct JobClassLoader {
        const char *name;

        /*
         * Finds all classes under the roots (NULL-terminated, first one wins for the same class_path, the last one is
         * the vendor's). Appends JobClass and JobClassError, sorted by class_path; a broken class never stops the
         * others, and hides those of lower roots. Returns 0, or negative errno when the roots themselves cannot be
         * read or descriptors or memory run out: nothing is appended then, since what is missing would look
         * uninstalled.
         */
        int (*load_all)(const char *const *roots, GPtrArray *classes, GPtrArray *errors);

        /*
         * Loads one class as it is on disk now. Returns 0, -ENOENT when there is none (or it is masked by an empty
         * file or a link to /dev/null), -EINVAL (and the sentence) when it is broken or may not be loaded; another
         * negative errno (and the sentence) when descriptors or memory run out.
         */
        int (*load)(const char *const *roots, const char *class_path, JobClass **ret, char **ret_error);
} JobClassLoader;

extern const JobClassLoader job_file_loader; /* job-class-file.c */

/*
 * The five roots of a host, NULL-terminated, first one wins. Below /var/lib/jobd/repositories each repository has a
 * directory named by its slug, which so becomes the first part of its modules' names.
 */
extern const char *const job_class_default_roots[];
