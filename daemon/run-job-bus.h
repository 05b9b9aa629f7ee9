/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager.h"

/* RunJob and Run: the message stands at the argument data. */
int bus_run_job(Manager *m, sd_bus_message *message, const Job *job, sd_bus_error *error) _must_check_;
