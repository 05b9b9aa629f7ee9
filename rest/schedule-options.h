/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "request.h"

/*
 * What a client says about when to run, name, interval, start_time, crontab, time_zone, missed: as options of RunJob and
 * of Update. All is text; what is null counts as not given.
 */

/* NULL, or what is wrong: {"start_time": ["..."]}, to free with json_object_unref(). Unknown members are left out. */
JsonObject *schedule_options_check(JsonObject *schedule);

/* Whether it asks for a run at once, for which nothing else of it counts. */
bool schedule_options_are_immediate(JsonObject *schedule);

/* Appends entries to an a{sv}. */
int schedule_options_append(sd_bus_message *m, JsonObject *schedule);
