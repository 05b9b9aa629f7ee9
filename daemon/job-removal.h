/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "store.h"

/*
 * The job results of a job that was deleted stay, and lose their association with it: of many of them in small steps,
 * while others are served. A jobd that ends before goes on when it is started again.
 */
typedef struct JobRemoval JobRemoval;

/* Looks for what an earlier jobd has left. To be freed after store_flush(). */
int job_removal_new(sd_event *event, Store *store, JobRemoval **ret) _must_check_;
JobRemoval *job_removal_free(JobRemoval *r);
DEFINE_CLEANUP(JobRemoval *, job_removal_free);

/* A job was deleted. */
void job_removal_look(JobRemoval *r);

bool job_removal_is_idle(const JobRemoval *r);
