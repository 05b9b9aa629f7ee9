/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"
#include "uuid.h"

/*
 * By its token a run proves which run it is: "<id>.<HMAC-SHA256 of the id, 64 hexadecimal digits>". The key never
 * leaves the daemon, so that nothing has to be kept for each run, and a daemon that was killed knows the tokens
 * again.
 */
typedef struct RunKey RunKey;

/*
 * Reads the key from run.key in the directory; makes one where there is none, or none that can be used: a key of
 * another size, or a file that others than its owner may open. (The runs that have begun can then say no more, and
 * that is all.) Returns 1 when it was made, 0 when it was there, negative errno.
 */
int run_key_load(const char *directory, RunKey **ret) _must_check_;
RunKey *run_key_free(RunKey *k);
DEFINE_CLEANUP(RunKey *, run_key_free);

/* The token of the run with that id, as it is written in job results. Free with g_free(). */
char *run_key_token(const RunKey *k, const char *id);

/* The id of the run that the token is for. Returns 0, or -EPERM when it is no token of ours. */
int run_key_check(const RunKey *k, const char *token, char ret_id[static UUID_STRING_SIZE]) _must_check_;
