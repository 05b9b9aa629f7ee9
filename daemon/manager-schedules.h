/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager.h"
#include "scheduler.h"

/* Hook of the dispatcher. */
bool manager_recover_input(const JobResult *jr, void *manager);

/* What the scheduler and the rest of the daemon have to do with each other. */

int manager_make_scheduler(Manager *m) _must_check_;

/*
 * Reference, rows R12 and R14: the job is no longer installed, or about to be deleted: its scheduled jobs end in the
 * state errored, for this reason. In the open batch; 0, or negative errno and the refusal.
 */
int manager_stop_schedules(Manager *m, const Job *job, bool is_deleted, Refusal *refusal) _must_check_;
