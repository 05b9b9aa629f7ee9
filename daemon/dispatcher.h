/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "input-files.h"
#include "job-queues.h"
#include "object-source.h"
#include "run-request.h"
#include "store.h"

/*
 * Brings runs from the request to the outcome: stores what was asked for, starts the oldest when there is room, follows
 * its unit, stores how it ended, and only then lets go of the unit.
 *
 * How nothing is lost and nothing runs twice: the decision to start is stored (boot_id) before systemd is asked; a unit's
 * name is used once for ever; a unit stays loaded until its outcome is stored. After a crash dispatcher_recover() finds
 * each run by its unit.
 */
typedef struct Dispatcher Dispatcher;

typedef struct DispatcherHooks {
        /* A job result is new, or has changed, and that is on the disk. */
        void (*added)(const JobResult *jr, void *userdata);
        void (*changed)(const JobResult *jr, void *userdata);
        /* An input that dispatcher_find_input() did not have yet is there, or never will be. */
        void (*input_ready)(void *userdata);
        /* Whether a run may start with this class: NULL, or the sentence that says why not. */
        char *(*may_start)(const JobResult *jr, const Job *job, const JobClass *class, void *userdata);
        /*
         * The input of a run that is about to start was in memory only, and is gone. True: it can be had again, and
         * dispatcher_give_input() is called with it, later. NULL: never.
         */
        bool (*recover_input)(const JobResult *jr, void *userdata);
} DispatcherHooks;

typedef struct DispatcherContext {
        sd_event *event;
        Store *store;
        Registry *registry;
        JobQueues *queues;
        RunContext run; /* now_usec is not used */
        InputFiles *files; /* of runs: removed when one has ended, in whatever way */
        ObjectSource *object_source;
        const DispatcherHooks *hooks;
        void *userdata;
} DispatcherContext;

int dispatcher_new(const DispatcherContext *context, Dispatcher **ret) _must_check_;
Dispatcher *dispatcher_free(Dispatcher *d);
DEFINE_CLEANUP(Dispatcher *, dispatcher_free);

/* After a start: takes up what an earlier jobd left, and starts what waits. Blocks on one call to systemd. */
int dispatcher_recover(Dispatcher *d) _must_check_;

/*
 * Stores a prepared run, in the open batch, and starts it once that is committed, when its turn comes (queue-order.h).
 * Takes over what *run holds. Its queue is made if there is none of that name. Returns 0, or negative errno and the
 * refusal: the queue is not available and refuses, or too many runs wait.
 */
int dispatcher_submit(Dispatcher *d, PreparedRun *run, Refusal *refusal) _must_check_;

/*
 * Stores a job result that has ended already, in the open batch: of a run that does not take place. Takes it over. Returns
 * 0 or negative errno; -EEXIST: there is one of that scheduled job and nominal time.
 */
int dispatcher_record(Dispatcher *d, JobResult *jr) _must_check_;

/* Adds a warning to a job result that has ended, in the open batch. */
int dispatcher_add_warning(Dispatcher *d, const char *id, const char *warning) _must_check_;

/* Takes input over; NULL: it could not be had. The run goes on, or ends for that. */
void dispatcher_give_input(Dispatcher *d, const char *id, Secret *input);

/* Revokes a run, in the open batch. by: the user who asks. -EALREADY: it has ended. */
int dispatcher_cancel(Dispatcher *d, const char *id, const char *by, bool kill, Refusal *refusal) _must_check_;

/* Those that wait or are in flight, as the filter says: see CancelJobResults. Appends JobResult, at most the limit. */
typedef struct UnfinishedFilter {
        const char *job_id;     /* NULL: any; so in the others */
        const char *task_queue;
        int64_t requester_uid;  /* -1: any */
        const char *requester;
        int64_t after_seq;      /* 0: from the oldest */
        unsigned limit;
} UnfinishedFilter;

/* The oldest first. */
int dispatcher_list_unfinished(Dispatcher *d, const UnfinishedFilter *filter, GPtrArray *results) _must_check_;

/*
 * Sets position and wait_reason of a job result that waits: its place in its queue's line (0: it is in none) and what it
 * waits for. Does nothing for others.
 */
void dispatcher_describe_wait(Dispatcher *d, JobResult *jr);

/* The job result as it is now: in flight or from the store. 1 and a copy to free, 0 for none, negative errno. */
int dispatcher_get_result(Dispatcher *d, const char *id, JobResult **ret) _must_check_;

/*
 * The input of the run with that unit, borrowed until the loop goes on; NULL when there is none, or, *ret_later, when there
 * is none yet.
 */
const Secret *dispatcher_find_input(Dispatcher *d, const char *unit, bool *ret_later);

/* The same for a sensitive file that it is given for a variable. */
const Secret *dispatcher_find_file(Dispatcher *d, const char *unit, const char *variable);

/*
 * The job result of a run that may say something about itself: from before it starts until its unit has ended. To be
 * changed in place; NULL: there is no such run.
 */
JobResult *dispatcher_find_speaker(Dispatcher *d, const char *id);
JobResult *dispatcher_find_speaker_by_unit(Dispatcher *d, const char *unit);

/* It was changed. Later: stored soon, and with the outcome in any case. Now: in the open batch, or negative errno. */
void dispatcher_report_later(Dispatcher *d, const char *id);
int dispatcher_report_now(Dispatcher *d, const char *id) _must_check_;

/* Stores what waits for that, in the open batch. */
void dispatcher_flush_reports(Dispatcher *d);

/* Then what waits for a time has been given one that is too late. */
void dispatcher_clock_set_back(Dispatcher *d);

/*
 * Nothing is in flight, and what waits has not to be watched: it waits for a time that is not so soon that leaving is not
 * worth it, which PID 1 is told of (scheduler_leave()), or for a call, as all in a queue that is disabled.
 */
bool dispatcher_is_idle(const Dispatcher *d);

/* We are about to leave: what is known of runs in flight is stored, and PID 1 is asked for what it has not told yet. */
void dispatcher_leave(Dispatcher *d);
/*
 * Runs go on without us. But one that is being started whose input is in memory only would be lost, and of one that has
 * been stopped nobody would know that it was: when the host goes down, PID 1 stops them and then us.
 */
bool dispatcher_may_leave(const Dispatcher *d);

/* Runs that wait and runs in flight. */
void dispatcher_count(const Dispatcher *d, uint64_t *ret_waiting, uint64_t *ret_running);

/* Starts the unit that the class, or else jobd.conf, names for this event. id: of what it is about. */
void dispatcher_notify(Dispatcher *d, NotifyEvent event, const char *class_path, const char *id);

/* Runs in this job queue: in all that wait (in its line or for something else), and in flight. */
uint64_t dispatcher_count_waiting_in(const Dispatcher *d, const char *queue);
uint64_t dispatcher_count_running_in(const Dispatcher *d, const char *queue);

/* A change of the queue, or its end, is on the disk. */
void dispatcher_queue_changed(Dispatcher *d, const char *name);

/* Before a changed queue is stored: notes in it what its slice will have. 0, or -EINVAL and a sentence. */
int dispatcher_prepare_queue(const Dispatcher *d, JobQueue *q, char **ret_error) _must_check_;

/* Jobs have changed, and that is on the disk. */
void dispatcher_jobs_changed(Dispatcher *d);

/* Whether the job has a run that waits or is in flight: its record cannot go then. */
int dispatcher_job_is_in_use(Dispatcher *d, const char *job_id) _must_check_;
