/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "refusal.h"

/* The result that a job gives: any JSON value. */

enum { RUN_RESULT_MAX = 256 * 1024 }; /* bytes */

/*
 * Returns 0 and the text as it is stored, compact and redacted: strings as redact.h says, and those whose member has
 * such a name ("password") as a whole. g_free() it. Otherwise negative errno and the refusal.
 */
int run_result_check(const char *text, char **ret, Refusal *refusal) _must_check_;
