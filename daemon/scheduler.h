/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "dispatcher.h"
#include "input-files.h"
#include "scheduled-job.h"
#include "seal.h"
#include "sealed-input.h"

typedef struct Access Access;

/*
 * Keeps the scheduled jobs: stores what becomes of them, waits for the next one that is due, and hands its run to the
 * dispatcher. Only the next due time is in memory, and one timer of PID 1 (jobd-wake.timer) has it for the time when
 * jobd is not there, so that 100,000 scheduled jobs cost no more than ten.
 *
 * How no occurrence runs twice and none is forgotten: the job result of an occurrence and what changes in its
 * scheduled job are one transaction, a job result is unique by scheduled job and nominal time, and the next time is
 * always later than now and than the last one. A clock that is set forward is as if the host had been off. One that is
 * set back brings back no occurrence that has a job result; other times come as the clock shows them, also those that
 * were far away by the clock that was ahead.
 */
typedef struct Scheduler Scheduler;

/* Of one requester, but for root, that are not over. */
enum { SCHEDULES_PER_REQUESTER_MAX = 10000 };

typedef struct SchedulerHooks {
        /* It is new, has changed, was removed, and that is on the disk. */
        void (*added)(const ScheduledJob *sj, void *userdata);
        void (*changed)(const ScheduledJob *sj, void *userdata);
        void (*removed)(const ScheduledJob *sj, void *userdata);
        /* Requests may have expired by now; NULL: nobody is interested. */
        void (*expire)(uint64_t now_usec, void *userdata);
        /*
         * It is due. 1: it may run; 0: it may not, it waits for an approval (again), which is stored in the open
         * batch; negative errno: that cannot be stored, or (-ENXIO) its class cannot be loaded. NULL: it always may.
         */
        int (*may_fire)(ScheduledJob *sj, const Job *job, void *userdata);
} SchedulerHooks;

typedef struct SchedulerContext {
        sd_event *event;
        Store *store;
        Registry *registry;
        Dispatcher *dispatcher;
        Access *access;
        Sealer *sealer;
        InputFiles *files;
        RunContext run; /* now_usec is not used */
        uint64_t store_written_usec; /* before it was opened: see store-clock.h */
        const char *state_directory;
        const SchedulerHooks *hooks;
        void *userdata;
} SchedulerContext;

int scheduler_new(const SchedulerContext *context, Scheduler **ret) _must_check_;
/* After dispatcher_recover(): looks whether the clock was set back while jobd was not running, or just before
 * an earlier jobd was killed. */
void scheduler_start(Scheduler *s);
Scheduler *scheduler_free(Scheduler *s);
DEFINE_CLEANUP(Scheduler *, scheduler_free);

/* An event for the journal, written when the change is on the disk. All borrowed. */
typedef struct ScheduleChange {
        const char *message_id; /* NULL: nothing is logged */
        int level;              /* 0: LOG_NOTICE */
        const char *caller;     /* NULL: nobody, jobd itself */
        const char *result_id;  /* NULL: none */
        const char *text;
} ScheduleChange;

/*
 * In the open batch; announced and logged once it is on the disk, and then the timers know it. 0, or negative errno
 * and the refusal; -EEXIST: the name is taken.
 */
int scheduler_insert(Scheduler *s, ScheduledJob *sj, const ScheduleChange *change, Refusal *refusal) _must_check_;
int scheduler_update(Scheduler *s, const ScheduledJob *sj, const ScheduleChange *change, Refusal *refusal)
                _must_check_;
int scheduler_delete(Scheduler *s, const ScheduledJob *sj, const ScheduleChange *change, Refusal *refusal)
                _must_check_;

/*
 * A run of it, once, now, beside its times, for the caller. sealed: its sensitive input, NULL when it has none. In
 * the open batch. 0 and the id of the job result, or negative errno and the refusal.
 */
int scheduler_run_now(Scheduler *s, const ScheduledJob *sj, const SealedInput *sealed, const Job *job, uint32_t uid,
                      const char *user, char ret_id[static UUID_STRING_SIZE], Refusal *refusal) _must_check_;

/*
 * A run of a scheduled job waited, and jobd was restarted: its sensitive input is unsealed again. Returns whether it
 * is; then dispatcher_give_input() is called. False: it is no such run, or its scheduled job was deleted.
 */
bool scheduler_recover_input(Scheduler *s, const JobResult *jr);

/*
 * Nothing is being fired, and nothing is due so soon that leaving is not worth it. To be asked for leaving: it then
 * tells PID 1 when to start jobd again, and may leave once that has answered.
 */
bool scheduler_is_idle(const Scheduler *s);
void scheduler_leave(Scheduler *s);
bool scheduler_may_leave(const Scheduler *s);
/* For who leaves nevertheless: see wake_timer_end(). */
int scheduler_end(const Scheduler *s) _must_check_;
