/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job-class.h"

/*
 * Walks the roots and finds the class_path of every .job file, masked and broken ones included: which of them can be
 * loaded is for the loader to say. Part of job-class.
 *
 * *ret_class_paths is an array of char* that owns them, each once, sorted. What is wrong with names, and directories
 * that are not entered, is appended to errors (of JobClassError, class_path NULL unless the name gives one). Hidden
 * files and whatever does not end in .job is passed over.
 *
 * Returns 0, or negative errno when a root cannot be read or descriptors or memory run out.
 */
int job_class_scan(const char *const *roots, GPtrArray **ret_class_paths, GPtrArray *errors) _must_check_;

/* Appends a JobClassError; takes message. class_path may be NULL. */
void job_class_errors_add(GPtrArray *errors, const char *class_path, char *message);
