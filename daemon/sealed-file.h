/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * The ciphertext of the sensitive files of a scheduled job: <directory>/<id>/files, beside what input-directory.h keeps
 * there. Directories are made, linked and removed by that.
 */

/*
 * On the disk when it returns 0, otherwise negative errno and nothing is there; -EEXIST: something is already. It is written in this process: at most
 * SEAL_CIPHERTEXT_MAX bytes, no more than a commit of the store writes.
 */
int sealed_file_write(const char *directory, const char *id, const char *ciphertext) _must_check_;

/* 1 and the ciphertext, to be freed; 0: there is none; negative errno. */
int sealed_file_read(const char *directory, const char *id, char **ret) _must_check_;
