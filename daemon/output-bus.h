/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager.h"

/* ListOutputs and OpenOutput of org.jobd1.JobResult. */
int output_bus_list(Manager *m, const char *result_id, sd_bus_message *call, sd_bus_error *error);
int output_bus_open(Manager *m, const char *result_id, sd_bus_message *call, sd_bus_error *error);
