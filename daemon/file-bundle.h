/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"
#include "secret.h"

/*
 * The sensitive files of a request as one text, so that one ciphertext has them all (seal.h): for each, in the order of
 * their variables, "VARIABLE SIZE\n" and so many bytes.
 */

/* files: variable (char*) -> Secret. NULL: there is no memory for it. */
Secret *file_bundle_format(GHashTable *files) _must_check_;

/* *ret: the same table, to be unref'ed. -EBADMSG: it is no bundle; -ENOMEM. */
int file_bundle_parse(const Secret *bundle, GHashTable **ret) _must_check_;

/* An empty table of that kind, which owns both. */
GHashTable *file_bundle_new(void);
