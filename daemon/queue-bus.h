/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager.h"

/* Makes the job queue unless it is there. 1: made, announced and logged when it is on the disk, 0, or negative errno. */
int manager_ensure_queue(Manager *m, const char *name, const char *caller) _must_check_;

/* The object on the bus. */
int queue_bus_add(Manager *m, sd_bus *bus) _must_check_;

/* The properties of a queue as a{sv}, for lists. */
int queue_bus_append_properties(sd_bus_message *reply, const Manager *manager, const JobQueue *q);

/* Handlers of GetJobQueue and CreateJobQueue, and of CancelJobResults (cancel-bus.c). */
int queue_bus_get(sd_bus_message *m, void *manager, sd_bus_error *error);
int queue_bus_create(sd_bus_message *m, void *manager, sd_bus_error *error);
int cancel_bus_job_results(sd_bus_message *m, void *manager, sd_bus_error *error);
