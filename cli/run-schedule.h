/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <systemd/sd-bus.h>

#include "connection.h"
#include "jobctl.h"

/* When a run is to take place: the options of "run" and of "schedule update". */

typedef struct ScheduleOptions {
        char *at, *interval, *crontab, *time_zone, *name, *missed;

        /* what schedule_options_check() makes of them; borrowed */
        const char *effective_interval; /* NULL: none */
        uint64_t start_time;            /* 0: none */
} ScheduleOptions;

#define SCHEDULE_OPTION_ENTRIES(o)                                                                                 \
        { "at", 0, 0, G_OPTION_ARG_FILENAME, &(o)->at, "Not before that time, as in systemd.time(7)", "TIME" },    \
        { "interval", 0, 0, G_OPTION_ARG_FILENAME, &(o)->interval, "future, hourly, daily, weekly or custom",      \
          "INTERVAL" },                                                                                            \
        { "crontab", 0, 0, G_OPTION_ARG_FILENAME, &(o)->crontab, "Whenever these five fields match", "CRONTAB" },  \
        { "time-zone", 0, 0, G_OPTION_ARG_FILENAME, &(o)->time_zone, "Whose clock is meant", "ZONE" },             \
        { "name", 0, 0, G_OPTION_ARG_FILENAME, &(o)->name, "The name of the scheduled job", "NAME" },              \
        { "missed", 0, 0, G_OPTION_ARG_FILENAME, &(o)->missed, "Of times while the host was off: none, last, all", \
          "POLICY" }

void schedule_options_done(ScheduleOptions *o);

bool schedule_options_given(const ScheduleOptions *o);

/*
 * Makes a time of --at, in the zone of --time-zone (when it is not given that of "of", a scheduled job that is to be
 * changed; NULL: the host's), and an interval of --at or --crontab alone. Those that recur do so in full minutes, so
 * that a start within a minute is moved to the next one: else the first run would be left out. Returns -1, or the
 * status to exit with once it has said what is wrong.
 */
int schedule_options_check(const Verb *verb, ScheduleOptions *o, JsonObject *of) _must_check_;

/* Adds them to an a{sv}. */
int schedule_options_append(const ScheduleOptions *o, sd_bus_message *m) _must_check_;

/*
 * Says what a request has become that is to wait for a time or an approval. only_id: nothing but the UUID. Exit
 * status.
 */
int schedule_print_new(Jobctl *j, Connection *c, const char *id, const char *path, bool only_id, bool quiet);
