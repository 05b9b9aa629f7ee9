/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager.h"
#include "scheduled-job.h"

/*
 * Handlers of the manager that list. Whoever may see only some of what there is is shown those: polkit is asked for
 * each, and while answers are outstanding the handler returns access_wait() and is called again from the start. One
 * call asks for so many only; where it has stopped is kept for the call that continues.
 */

/* ListJobs (list-job-bus.c) */
int list_bus_jobs(sd_bus_message *m, void *manager, sd_bus_error *error);

/* ListJobResults and CountJobResults (list-result-bus.c) */
int list_bus_job_results(sd_bus_message *m, void *manager, sd_bus_error *error);
int list_bus_count_job_results(sd_bus_message *m, void *manager, sd_bus_error *error);

/* ListScheduledJobs (list-schedule-bus.c) */
int list_bus_scheduled_jobs(sd_bus_message *m, void *manager, sd_bus_error *error);

/* ListJobQueues (list-queue-bus.c) */
int list_bus_job_queues(sd_bus_message *m, void *manager, sd_bus_error *error);

/*
 * The scheduled job of that name or UUID. 1, or -EAGAIN: polkit was asked; or the error is set: one that the caller
 * may not view is not there.
 */
int list_find_scheduled_job(Manager *manager, sd_bus_message *m, const char *reference, ScheduledJob **ret,
                            sd_bus_error *error) _must_check_;
