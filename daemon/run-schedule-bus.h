/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "approval-log.h"
#include "manager.h"
#include "run-request.h"

/*
 * A request that becomes a scheduled job: seals its sensitive input, stores it, and answers RunJob or Run once it is
 * on the disk. Takes over what run has. Returns 0, or negative errno and the refusal.
 */
int bus_submit_scheduled(Manager *m, sd_bus_message *call, PreparedRun *run, Refusal *refusal) _must_check_;

/*
 * Seals what run has to be sealed, which is then in run->scheduled_job, and has the call answered by sealed, or refuses it.
 * Takes over what run has. Returns 0, or negative errno and the refusal; sealed likewise, without an answer then.
 */
typedef int (*BusSealed)(Manager *m, sd_bus_message *call, PreparedRun *run, Refusal *refusal);
int bus_seal_input(Manager *m, sd_bus_message *call, PreparedRun *run, BusSealed sealed, Refusal *refusal)
                _must_check_;

/* Stores it only, in the open batch: the part of that which needs no call. */
int run_schedule_store(Manager *m, const ApprovalCaller *caller, PreparedRun *run, Refusal *refusal) _must_check_;
