/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "log-level.h"

/* How many log entries of each level jobd has written for a run. Returns 0 or negative errno. */
int journal_count_levels(const char *result_id, uint32_t ret_counts[static _LOG_LEVEL_MAX]) _must_check_;
