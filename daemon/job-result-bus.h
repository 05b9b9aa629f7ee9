/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager.h"

/* org.jobd1.JobResult */
int job_result_bus_add(Manager *m, sd_bus *bus) _must_check_;

/* For lists: its properties as a{sv}. */
int job_result_bus_append_properties(sd_bus_message *reply, const JobResult *jr);

/* Names of the properties that can change, NULL-terminated. */
extern const char *const job_result_bus_changing_properties[];
