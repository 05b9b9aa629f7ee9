/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "connection.h"

/*
 * Jobs and job results as JSON objects (job-json.h), by the names that people give them. Each returns 0 or negative
 * errno once it has said what is wrong. Paths are freed with g_free().
 */

/* job: class_path, name or UUID. ret_job may be NULL: then only the path is looked for. */
int find_job(Connection *c, const char *job, char **ret_path, JsonObject **ret_job) _must_check_;

/*
 * id: a UUID, or its beginning (at least RESULT_PREFIX_MIN digits) where that is unambiguous among the newest
 * RESULT_PREFIX_SEARCH; NULL: the newest one. ret_result may be NULL.
 */
enum { RESULT_PREFIX_MIN = 4, RESULT_PREFIX_SEARCH = 1000 };
int find_result(Connection *c, const char *id, char **ret_path, JsonObject **ret_result) _must_check_;

/*
 * For a list that was empty, which cannot tell: fails when there is no such job, job queue or user; NULL: none was
 * named. Nobody is asked for a password, and where jobd does not want to tell this is 0.
 */
int check_filter_exists(Connection *c, const char *job, const char *queue, const char *user) _must_check_;

/* The properties of an object whose path is known. subject: as in connection_call(). */
int get_job(Connection *c, const char *path, const char *subject, JsonObject **ret) _must_check_;
int get_result(Connection *c, const char *path, const char *subject, JsonObject **ret) _must_check_;

typedef struct JobFilter {
        const char *module_name, *grouping; /* NULL: any */
        int enabled;                        /* -1: either */
        bool all;                           /* hidden ones too, and those that are not installed */
        bool not_installed;                 /* only those that are not installed, hidden or not */
        bool latest_result;                 /* with the members latest_... */
} JobFilter;

/* Adds the members latest_... to a job (JSON object): null when there is no result, or none that one may view. */
int add_latest_result(Connection *c, JsonObject *job) _must_check_;

/* All jobs that fit, however many. ret: free with json_array_unref(). */
int list_jobs(Connection *c, const JobFilter *filter, JsonArray **ret) _must_check_;

typedef struct ResultFilter {
        const char *job, *status, *requester, *queue, *schedule; /* NULL: any */
        uint64_t since_usec, until_usec;                         /* of the request; 0: any */
        unsigned limit;                                          /* at most so many */
} ResultFilter;

/* The newest that fit, newest first. */
int list_results(Connection *c, const ResultFilter *filter, JsonArray **ret) _must_check_;
