/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager.h"

/* org.jobd1.JobQueue. Handlers of it in other files get this as userdata. */
typedef struct JobQueueBus {
        Manager *manager;      /* weak ref */
        const JobQueue *queue; /* the object of the current call, weak ref */
} JobQueueBus;

int queue_bus_add(Manager *m, sd_bus *bus) _must_check_;

/* The properties of a queue as a{sv}, for lists. */
int queue_bus_append_properties(sd_bus_message *reply, const Manager *manager, const JobQueue *q);

/* Names of the properties that can change, NULL-terminated. */
extern const char *const queue_bus_changing_properties[];

/* Makes the job queue unless it is there. 1: made, announced and logged when it is on the disk, 0, or negative errno. */
int manager_ensure_queue(Manager *m, const char *name, const char *caller) _must_check_;

/* Handlers of its methods, and of CreateJobQueue (queue-change-bus.c). */
int queue_bus_set(sd_bus_message *m, void *bus, sd_bus_error *error);
int queue_bus_delete(sd_bus_message *m, void *bus, sd_bus_error *error);
int queue_bus_create(sd_bus_message *m, void *manager, sd_bus_error *error);

/* Answers with the path of a queue, when what was done to it is on the disk. */
int queue_bus_reply_path(Manager *m, sd_bus_message *call, const char *id) _must_check_;

/* Handlers of GetJobQueue, and of CancelJobResults (cancel-bus.c). */
int queue_bus_get(sd_bus_message *m, void *manager, sd_bus_error *error);
int cancel_bus_job_results(sd_bus_message *m, void *manager, sd_bus_error *error);
