/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager.h"
#include "refusal.h"

/*
 * Makes the default queue, and those that a job names and that are not there. A failure is logged: what is missing is
 * made when a run needs it.
 */
void manager_make_queues(Manager *m, const char *caller);
void manager_make_queues_of(Manager *m, const Job *job, const char *caller);

/*
 * Reads the job classes from disk; logs what was refused. *ret_report: array of RefreshEntry. It begins with what jobd
 * has done by itself when it made or migrated the store, if nobody was told yet. caller: for the log.
 */
int manager_refresh(Manager *m, const char *caller, GPtrArray **ret_report, Refusal *refusal) _must_check_;
