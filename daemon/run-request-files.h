/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "run-request.h"

/* The files of a request to run a job; for run-request*.c. */

/* run-request.c: what is checked before the input. */
int run_request_check(const RunContext *c, const Job *job, const RunRequest *request, JobClass **ret_class,
                      JsonObject **ret_data, Refusal *refusal) _must_check_;

/* For variables_validate_all(): what stands for the files. Of data that was stored they are taken out. A new object. */
JsonObject *run_files_to_json(const RunRequest *request, const JobClass *class, JsonObject *data);

/* An administrator may have changed the job while they were copied. */
int run_files_check(const Job *job, const JobClass *class, const RunRequest *request, Refusal *refusal) _must_check_;

/*
 * PID 1 takes 1 MiB of credentials of a unit, and fails to start one with more: the input with its objects, sensitive files,
 * those of the class, and in what is left the token, names and paths.
 */
enum { RUN_CREDENTIALS_SIZE_MAX = (1024 - 32) * 1024 };

/* values: with their objects. 0, or -E2BIG and errors by variable, to unref. */
int run_files_check_size(const Job *job, const JobClass *class, JsonObject *values, JsonObject **ret_errors) _must_check_;

/* Adds to values where the run with that id finds each file. */
void run_files_add_paths(const Job *job, const JobClass *class, const char *id, JsonObject *values);
