/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "authority.h"
#include "schedule-time.h"
#include "scheduler.h"
#include "unit-wake.h"

/* Shared by scheduler*.c only. */

enum {
        FIRINGS_MAX = 32, /* scheduled jobs that are being looked at at a time */
        PUT_OFF_MAX = 1000,
};

typedef enum ReviewReason {
        REVIEW_CLOCK = 1 << 0, /* it was set back */
        REVIEW_ZONES = 1 << 1, /* the rules of time zones are others */
} ReviewReason;

struct Scheduler {
        SchedulerContext context;
        WakeTimer *wake;
        sd_event_source *timer_source; /* the next one is due */
        sd_event_source *scan_source;  /* look at once */
        GHashTable *firings;           /* id -> Firing, owned */
        GHashTable *put_off;           /* id -> uint64_t*, when to try again; owned */
        uint64_t next_due;             /* as the timer has it; 0: none */
        struct { /* of the host, which may be set: scheduler-clock.c */
                sd_event_source *set_source;
                int64_t offset;
        } clock;
        char *zone_edition; /* of the time zones, by which next times were worked out; NULL: not known */
        struct { /* of what was worked out before: scheduler-review.c */
                sd_event_source *source;
                unsigned reasons;   /* of ReviewReason */
                unsigned storing;   /* the same, of those that are over and not on the disk yet */
                int64_t before_seq; /* how far it is; 0: at its beginning */
                unsigned n_other, n_expire;
        } review;
};

/* A scheduled job whose time has come, while it is found out whether it may run. */
typedef struct Firing {
        Scheduler *scheduler; /* weak ref */
        ScheduledJob *scheduled_job; /* as it was read */
        Unsealing *unseal;
        SealedInput *sealed;
        AuthorityCheck *check;
} Firing;

/* Begins; the Firing is gone by itself, then scheduler_scan_later() is called. Takes sj over. */
void scheduler_fire(Scheduler *s, ScheduledJob *sj);
void scheduler_firing_free(void *firing);

/* Looks for what is due, in this turn of the loop. */
void scheduler_scan_later(Scheduler *s);

/* Something that is needed does not answer: this one is tried again in a while. */
void scheduler_put_off(Scheduler *s, const char *id);

/* As scheduler_update(), for what jobd does by itself: logs why it could not be stored. */
int scheduler_store(Scheduler *s, const ScheduledJob *sj, const ScheduleChange *change) _must_check_;

/* ---- scheduler-clock.c ---- */

int scheduler_clock_init(Scheduler *s) _must_check_;
void scheduler_clock_done(Scheduler *s);

/* ---- scheduler-review.c ---- */

int scheduler_review_init(Scheduler *s) _must_check_;
void scheduler_review_done(Scheduler *s);
/* In the next turns of the loop, from the beginning. It is done, whoever is killed. */
void scheduler_review_later(Scheduler *s, ReviewReason reason);
bool scheduler_review_is_idle(const Scheduler *s);

/* ---- scheduler-zones.c ---- */

void scheduler_zones_init(Scheduler *s);
/* Asks for a review if the rules of time zones have changed; nothing is fired before that has ended. */
void scheduler_zones_check(Scheduler *s);
/* That next times are by these rules. */
void scheduler_zones_store(Scheduler *s);

/* ---- scheduler-run.c ---- */

/* The event alone, once the open batch is on the disk. */
void scheduler_log_later(Scheduler *s, const ScheduledJob *sj, const ScheduleChange *change);

/* A run that does not take place. Returns as dispatcher_record(). */
int scheduler_record(Scheduler *s, const ScheduledJob *sj, uint64_t nominal_time, JobResultStatus status,
                     JobResultReason reason, const char *message, char ret_id[static UUID_STRING_SIZE]) _must_check_;

/*
 * Requests the runs of a plan, and counts them in sj; then records what was missed, and stores sj with its next time.
 */
int scheduler_run_plan(Scheduler *s, ScheduledJob *sj, const SealedInput *sealed, const Job *job,
                       const SchedulePlan *plan, uint64_t now, Refusal *refusal) _must_check_;
int scheduler_finish_plan(Scheduler *s, ScheduledJob *sj, const SchedulePlan *plan, uint64_t now) _must_check_;
