/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store.h"

/* The directories of output files (outputs.h): made, cleared, removed. directory: "outputs" in the state directory. */

/*
 * Makes the directory; removes what was being copied when an earlier jobd was killed, and what it had copied for runs
 * in flight but could not enter into the store any more. Returns 0 or negative errno.
 */
int output_files_prepare(const char *directory, Store *store) _must_check_;

/* Where a file is copied to before it has its place; n: another one each time. Free with g_free(). */
char *output_files_new_path(const char *directory, uint64_t n);

/* The directory of a job result: its being there is on the disk, too. */
int output_files_make_directory(const char *directory, const char *result_id) _must_check_;

/* Removes it with all files. It need not be there. */
int output_files_remove_directory(const char *directory, const char *result_id) _must_check_;
