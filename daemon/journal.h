/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-journal.h>

#include "macro.h"

/*
 * Reading the journal; only journal*.c does. Lines of a run are found by fields that a job cannot write: _SYSTEMD_UNIT
 * of a unit name that is never used again, and what jobd itself wrote for the run.
 */

/* Which lines of a run. */
typedef struct JournalFilter {
        int max_priority;     /* LOG_DEBUG: all, LOG_ERR: those and more severe ones... */
        const char *grouping; /* only what the run has logged with it, by jobd (run-log.h); NULL: all */
} JournalFilter;

/* Opens the journal with matches for these lines of a run. Close it by sd_journal_close(). */
int journal_open_run(const char *unit, const char *result_id, const JournalFilter *filter, sd_journal **ret)
                _must_check_;

/*
 * The current entry as a JSON object on one line, with its newline; g_free() it. NULL: not a line to show. The message
 * is redacted (redact.h).
 */
char *journal_format_entry(sd_journal *j);

/*
 * Whether PID 1's starter, which had that pid, has reported that it could not start the unit's program, and at which step
 * and why. Returns 1 and both texts (g_free()), 0 when there is no such report, negative errno.
 */
int journal_find_start_failure(const char *unit, uint32_t main_pid, char **ret_step, char **ret_error) _must_check_;

/* Whether PID 1 has ever spoken of a unit of that name: 1, 0, negative errno. */
int journal_knows_unit(const char *unit) _must_check_;
