/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

/* Handler of CleanJobResults. */
int clean_bus_job_results(sd_bus_message *m, void *manager, sd_bus_error *error);
