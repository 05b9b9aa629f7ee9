/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "connection.h"

/* Scheduled jobs and job queues as JSON objects (job-json.h), as find.h has jobs and job results. */

/*
 * name: a name, a UUID, or the beginning of a UUID (at least SCHEDULE_PREFIX_MIN digits) where that is unambiguous
 * among the newest SCHEDULE_PREFIX_SEARCH. ret_schedule may be NULL.
 */
enum { SCHEDULE_PREFIX_MIN = 4, SCHEDULE_PREFIX_SEARCH = 1000 };
int find_schedule(Connection *c, const char *name, char **ret_path, JsonObject **ret_schedule) _must_check_;
int get_schedule(Connection *c, const char *path, const char *subject, JsonObject **ret) _must_check_;

typedef struct ScheduleFilter {
        const char *job, *requester; /* NULL: any */
        const char *const *states;   /* NULL: any */
        bool approval;               /* only those that wait for an approval */
        unsigned limit;              /* at most so many */
} ScheduleFilter;

/* The newest that fit, newest first. */
int list_schedules(Connection *c, const ScheduleFilter *filter, JsonArray **ret) _must_check_;

/*
 * Adds what lists leave out: the stages of a request, and its answers. Where it cannot be read (it has gone meanwhile) it
 * stays as it was listed.
 */
void schedule_add_stages(Connection *c, JsonObject *schedule);

/* name: a name or a UUID. ret_queue may be NULL. */
int find_queue(Connection *c, const char *name, char **ret_path, JsonObject **ret_queue) _must_check_;
int get_queue(Connection *c, const char *path, const char *subject, JsonObject **ret) _must_check_;

/* All of them. */
int list_queues(Connection *c, JsonArray **ret) _must_check_;
