/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager.h"
#include "scheduled-job.h"

/* org.jobd1.ScheduledJob. Handlers of it in other files get this as userdata. */
typedef struct ScheduledJobBus {
        Manager *manager;            /* weak ref */
        ScheduledJob *scheduled_job; /* the object of the current call, owned */
} ScheduledJobBus;

int scheduled_job_bus_add(Manager *m, sd_bus *bus) _must_check_;

/* Its properties as a{sv}, for lists. */
int scheduled_job_bus_append_properties(sd_bus_message *reply, const ScheduledJob *sj);

/* Names of the properties that can change, NULL-terminated. */
extern const char *const scheduled_job_bus_changing_properties[];

/* Handler of GetScheduledJob. */
int scheduled_job_bus_get(sd_bus_message *m, void *manager, sd_bus_error *error);

/* Handlers of its methods (schedule-change-bus.c). */
int schedule_bus_set_enabled(sd_bus_message *m, void *bus, sd_bus_error *error);
int schedule_bus_update(sd_bus_message *m, void *bus, sd_bus_error *error);
int schedule_bus_run_now(sd_bus_message *m, void *bus, sd_bus_error *error);
int schedule_bus_take_over(sd_bus_message *m, void *bus, sd_bus_error *error);
int schedule_bus_cancel(sd_bus_message *m, void *bus, sd_bus_error *error);
int schedule_bus_delete(sd_bus_message *m, void *bus, sd_bus_error *error);
