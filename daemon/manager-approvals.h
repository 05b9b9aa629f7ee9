/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "approvals.h"
#include "manager.h"

/* What approvals and the rest of the daemon have to do with each other. */

void manager_make_approvals(Manager *m);

/* Requests that nobody has answered in time are over. A SchedulerHooks.expire. */
void manager_expire_approvals(uint64_t now_usec, void *manager);

/* A ChainRunnerContext.request_approval. */
int manager_request_approval(PreparedRun *run, uint32_t uid, const char *user, Refusal *refusal, void *manager);

/* A DispatcherHooks.may_start. */
char *manager_may_start(const JobResult *jr, const Job *job, const JobClass *class, void *manager);

/*
 * A scheduled job is due: whether what would run is what was approved. A SchedulerHooks.may_fire: 1: it may; 0: it
 * waits for an approval again, which is stored; -ENXIO: its class cannot be loaded, which is for others to say; or
 * negative errno.
 */
int manager_may_fire(ScheduledJob *sj, const Job *job, void *manager);
