/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "redact.h"
#include "scheduled-job.h"

static const char *const state_names[_SCHEDULED_JOB_STATE_MAX] = {
        [SCHEDULED_JOB_PENDING] = "pending",     [SCHEDULED_JOB_ACTIVE] = "active",
        [SCHEDULED_JOB_PAUSED] = "paused",       [SCHEDULED_JOB_DENIED] = "denied",
        [SCHEDULED_JOB_CANCELED] = "canceled",   [SCHEDULED_JOB_EXPIRED] = "expired",
        [SCHEDULED_JOB_COMPLETED] = "completed", [SCHEDULED_JOB_ERRORED] = "errored",
};

static const char *const interval_names[_SCHEDULE_INTERVAL_MAX] = {
        [SCHEDULE_INTERVAL_IMMEDIATELY] = "immediately", [SCHEDULE_INTERVAL_FUTURE] = "future",
        [SCHEDULE_INTERVAL_HOURLY] = "hourly",           [SCHEDULE_INTERVAL_DAILY] = "daily",
        [SCHEDULE_INTERVAL_WEEKLY] = "weekly",           [SCHEDULE_INTERVAL_CUSTOM] = "custom",
};

static const char *const missed_names[_SCHEDULE_MISSED_MAX] = {
        [SCHEDULE_MISSED_NONE] = "none",
        [SCHEDULE_MISSED_LAST] = "last",
        [SCHEDULE_MISSED_ALL] = "all",
};

static int find_name(const char *const *names, int n, const char *text) {
        for (int i = 0; i < n; i++)
                if (strcmp(names[i], text) == 0)
                        return i;
        return -EINVAL;
}

const char *scheduled_job_state_to_string(ScheduledJobState state) {
        return state_names[state];
}

ScheduledJobState scheduled_job_state_from_string(const char *text) {
        return find_name(state_names, _SCHEDULED_JOB_STATE_MAX, text);
}

const char *schedule_interval_to_string(ScheduleInterval interval) {
        return interval_names[interval];
}

ScheduleInterval schedule_interval_from_string(const char *text) {
        return find_name(interval_names, _SCHEDULE_INTERVAL_MAX, text);
}

const char *schedule_missed_to_string(ScheduleMissed missed) {
        return missed_names[missed];
}

ScheduleMissed schedule_missed_from_string(const char *text) {
        return find_name(missed_names, _SCHEDULE_MISSED_MAX, text);
}

/* Those that are never NULL. */
static const size_t texts[] = {
        offsetof(ScheduledJob, name),         offsetof(ScheduledJob, job_name),
        offsetof(ScheduledJob, class_path),   offsetof(ScheduledJob, requester),
        offsetof(ScheduledJob, requested_by), offsetof(ScheduledJob, crontab),
        offsetof(ScheduledJob, time_zone),    offsetof(ScheduledJob, task_queue),
        offsetof(ScheduledJob, state_reason), offsetof(ScheduledJob, digest),
        offsetof(ScheduledJob, stages),       offsetof(ScheduledJob, last_result_id),
};

static char **text_of(ScheduledJob *s, size_t i) {
        return (char **) (void *) ((uint8_t *) s + texts[i]);
}

ScheduledJob *scheduled_job_new(void) {
        ScheduledJob *s;

        s = g_new0(ScheduledJob, 1);
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                *text_of(s, i) = g_strdup("");
        scheduled_job_set_text(&s->stages, "[]");
        s->missed = SCHEDULE_MISSED_LAST;
        return s;
}

ScheduledJob *scheduled_job_copy(const ScheduledJob *s) {
        ScheduledJob *copy;

        copy = g_new(ScheduledJob, 1);
        *copy = *s;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                *text_of(copy, i) = g_strdup(*text_of(copy, i));
        copy->data = g_strdup(s->data);
        copy->sealed = g_strdup(s->sealed);
        return copy;
}

ScheduledJob *scheduled_job_free(ScheduledJob *s) {
        if (!s)
                return NULL;

        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                g_free(*text_of(s, i));
        g_free(s->data);
        g_free(s->sealed);
        g_free(s);
        return NULL;
}

void scheduled_job_set_text(char **member, const char *value) {
        _unused_ g_autofree char *old = TAKE_PTR(*member); /* value may be part of it */

        *member = g_strdup(value);
}

static bool may_become(ScheduledJobState from, ScheduledJobState to) {
        if (scheduled_job_state_is_final(from) || from == to)
                return false;
        switch (to) {
        case SCHEDULED_JOB_PENDING: /* what was approved has changed */
        case SCHEDULED_JOB_ACTIVE:
        case SCHEDULED_JOB_CANCELED:
        case SCHEDULED_JOB_ERRORED:
                return true;
        case SCHEDULED_JOB_PAUSED:
                return from != SCHEDULED_JOB_PENDING;
        case SCHEDULED_JOB_DENIED:
        case SCHEDULED_JOB_EXPIRED:
                return from == SCHEDULED_JOB_PENDING;
        case SCHEDULED_JOB_COMPLETED:
                return from == SCHEDULED_JOB_ACTIVE;
        default:
                return false;
        }
}

int scheduled_job_set_state(ScheduledJob *s, ScheduledJobState state, const char *reason, uint64_t when_usec) {
        if (!may_become(s->state, state))
                return -EINVAL;

        if (s->state == SCHEDULED_JOB_PENDING && (state == SCHEDULED_JOB_ACTIVE || state == SCHEDULED_JOB_DENIED))
                s->decided_at = when_usec;
        if (state != SCHEDULED_JOB_ACTIVE && state != SCHEDULED_JOB_PENDING)
                s->next_run_at = 0;
        s->state = state;
        g_free(s->state_reason);
        s->state_reason = redact(reason ?: "");
        s->date_changed = when_usec;
        return 0;
}
