/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager.h"

/* org.jobd1.Job. Handlers of it in other files get this as userdata. */
typedef struct JobBus {
        Manager *manager; /* weak ref */
        const Job *job;   /* the object of the current call, weak ref */
} JobBus;

int job_bus_add(Manager *m, sd_bus *bus) _must_check_;

/* For lists: its properties as entries of the a{sv} that is open. */
int job_bus_append_properties(sd_bus_message *reply, const Job *job);

/* Names of the properties that can change, NULL-terminated. */
extern const char *const job_bus_changing_properties[];

/* Handlers of its methods (job-change-bus.c). */
int job_bus_enable(sd_bus_message *m, void *bus, sd_bus_error *error);
int job_bus_disable(sd_bus_message *m, void *bus, sd_bus_error *error);
int job_bus_set_override(sd_bus_message *m, void *bus, sd_bus_error *error);
int job_bus_clear_override(sd_bus_message *m, void *bus, sd_bus_error *error);
int job_bus_update(sd_bus_message *m, void *bus, sd_bus_error *error);
