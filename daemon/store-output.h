/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store.h"
#include "uuid.h"

/* The tables job_output and job_output_removal. */

enum { SHA256_STRING_SIZE = 65 }; /* hexadecimal, with the NUL */

typedef struct Output {
        char *name;
        uint64_t size;
        char sha256[SHA256_STRING_SIZE];
        uint64_t date_created; /* usec since the epoch */
} Output;

Output *output_free(Output *o);
DEFINE_CLEANUP(Output *, output_free);

/* Adds the output of a job result, or replaces the one of that name. */
int store_output_put(Store *s, const char *result_id, const Output *o) _must_check_;

/* 1: found, 0: there is none, negative errno. */
int store_output_get(Store *s, const char *result_id, const char *name, Output **ret) _must_check_;

/* Those of a job result by name: array of Output, owned. */
int store_output_list(Store *s, const char *result_id, GPtrArray **ret) _must_check_;

/*
 * The ids of job results that are gone with outputs whose files have not been removed, at most limit: array of
 * strings, owned. Removed: they have.
 */
int store_output_removals(Store *s, unsigned limit, GPtrArray **ret) _must_check_;
int store_output_removed(Store *s, const char *result_id) _must_check_;
