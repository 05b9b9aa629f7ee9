/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "macro.h"

/*
 * What is said about a scheduled job, given as the JSON object of job-json.h. Strings are freed with g_free(). Pure.
 */

/* "in 5min", "in 3h", "in 2d"; "now" for what is not in the future; NULL for 0. */
char *format_until(uint64_t usec, uint64_t now);

/* When it runs: "once", "hourly at minute 30", "daily at 03:00", "weekly on Monday at 03:00", "crontab 0 3 * * 1". */
char *schedule_interval_text(JsonObject *schedule);

/* The same, with the time zone where it is not the host's: "daily at 03:00 Asia/Tokyo". */
char *schedule_interval_zone_text(JsonObject *schedule);

/* A COLOR_, or NULL for none. */
const char *schedule_state_color(const char *state);

/* "active", "errored: the account of alice is gone", "pending: waits for 1 more approval of dba". */
char *schedule_state_text(JsonObject *schedule);

/*
 * What comes next, as a sentence without a full stop: "runs Tue 2026-12-01 08:00:00 UTC (in 7d), then daily at 08:00".
 */
char *schedule_next_text(JsonObject *schedule, uint64_t now);

/* What was done to it, and what comes next where that says more: "paused", "resumed; runs ...". */
char *schedule_done_text(JsonObject *schedule, const char *done, uint64_t now);

/* Whose approval it waits for: "2 approvals of group dba"; NULL: it does not wait. */
char *schedule_awaits_text(JsonObject *schedule);
