/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * The directories of the files that runs are given (input-files.h), <directory>/<id>. All return 0 or negative errno, and
 * what they made is on the disk then.
 */

/* size: the bytes of the id's files. */
typedef bool (*InputDirectoryNeeded)(const char *id, uint64_t size, void *userdata);

/*
 * Makes the directory; removes the directories of ids for which needed() does not hold, as far as it can. *ret_size: the
 * bytes of the files that are left.
 */
int input_directory_prepare(const char *directory, InputDirectoryNeeded needed, void *userdata, uint64_t *ret_size)
                _must_check_;

/* Makes that of an id: a run of any user may look for its files there, once it can see it at all. */
int input_directory_make(const char *directory, const char *id) _must_check_;

/* Gives another id the same files, if it does not have them yet. 0 without any; on failure the other has none. */
int input_directory_link(const char *directory, const char *from, const char *to) _must_check_;

/* Removes it with all files. It need not be there. Adds the bytes that are free then to *freed; NULL: not counted. */
int input_directory_remove(const char *directory, const char *id, uint64_t *freed);
