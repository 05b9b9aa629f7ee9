/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "calendar.h"
#include "macro.h"
#include "scheduled-job.h"

/* What a schedule may say: the reference's rules for the input, and its messages. No bus. */

enum {
        SCHEDULE_NAME_MAX = 255, /* characters */
};

/* How soon a schedule may start at the earliest, from the request on. */
#define SCHEDULE_LEAD_USEC (15 * USEC_PER_SEC)

/* As asked for; borrowed. NULL and "" are the same: not given. */
typedef struct ScheduleRequest {
        const char *interval;
        const char *name;
        const char *crontab;
        const char *time_zone; /* not given: the host's */
        const char *missed;    /* not given: last */
        uint64_t start_time;   /* usec since the epoch, 0: not given */
} ScheduleRequest;

/* As it is kept; each text never NULL. */
typedef struct ScheduleSettings {
        CalendarSpec *spec; /* its start_time is never 0 */
        char *name;
        char *crontab; /* "" but for custom */
        char *time_zone;
        ScheduleMissed missed;
        uint64_t next_run_at; /* usec, the first that is due */
} ScheduleSettings;

void schedule_settings_done(ScheduleSettings *s);

/*
 * Checks a request. A custom schedule without start_time starts when its crontab matches next. "immediately" starts
 * now, and nothing else of such a request is looked at but whether it is valid by itself: it needs no name. -EINVAL:
 * *ret_errors has all that is wrong, {"schedule":{"name":["..."],"start_time":["..."]}}, members called as in
 * ScheduleRequest. Unique names are the store's matter.
 */
int schedule_rules_check(const ScheduleRequest *request, uint64_t now_usec, ScheduleSettings *ret,
                         JsonObject **ret_errors) _must_check_;
