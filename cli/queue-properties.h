/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "macro.h"

/*
 * The properties of a job queue as people type them, NAME=VALUE: description, enabled, max_running, max_pending,
 * weight, priority, when_unavailable, and settings of its slice, as "MemoryMax=2G". Appends the a{sv} that Set() of
 * org.jobd1.JobQueue takes. Negative errno; with a sentence in *ret_error, to free with g_free(), when what was typed
 * is wrong.
 */
int queue_properties_append(sd_bus_message *m, char **assignments, char **ret_error) _must_check_;
