/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dispatcher.h"
#include "journal-sync.h"
#include "queue-order.h"
#include "unit.h"

/* Shared by dispatcher*.c only. */

/* A run in flight: from the decision to start it until its outcome is on the disk. */
typedef struct Run {
        Dispatcher *dispatcher; /* weak ref */
        JobResult *result;
        char *unit;
        Secret *input;   /* NULL: lost, */
        bool recovered;  /* and it was asked whether it can be had again */
        JobClass *class; /* from the request to the start, to read it once only */
        GPtrArray *chain; /* of ChainLink: what its end starts; NULL: not known, after a restart */
        bool is_dry_run;  /* known with the chain */
        bool has_chain_warnings; /* they are added once */
        ObjectRequest *object_request; /* while the objects of its variables are read */
        bool has_objects;    /* they are in input */
        char *input_problem; /* why its starter cannot have the input; NULL */
        bool input_refused;  /* and has been told so: the run is stopped for that */
        char *notify_units[_NOTIFY_EVENT_MAX]; /* of its class; NULL: it names none, or ... */
        bool knows_notify_units;               /* ... after a restart, they are not known */
        Secret *retry_input; /* what it was before the objects were put into it; NULL: the same */
        bool retry_has_files; /* they were handed on to it */
        JobResult *retry; /* the next attempt, stored with the outcome; NULL: there is none */
        bool input_lost; /* the starter asked for an input that is gone: the run is stopped for that */
        bool has_unit;   /* systemd was asked to start it: it must be released */
        UnitLeft left;   /* how */
        bool ended;      /* result has a final state that may not be on the disk yet */
        bool put_back;   /* it waits again, which may not be on the disk yet */
        bool storing;    /* an update is in the open batch */
        bool unsaved;    /* an update is not on the disk: to be tried again */
        bool reported;   /* it has said something that is not stored yet */

        /* how the unit ended, while the journal is asked whether the program was started at all */
        JournalSync *sync;
        char *end_result;
        int end_code, end_status;
        uint32_t end_pid;
        bool end_was_stopped;
        uint64_t end_usec;
} Run;

struct Dispatcher {
        DispatcherContext context;
        UnitManager *units;
        char boot_id[33];
        GHashTable *runs;    /* id -> Run, owned */
        GHashTable *inputs;  /* id -> HeldInput, owned: of runs that wait, see dispatcher-share.c */
        uint64_t inputs_size;       /* bytes of them, */
        GHashTable *inputs_size_of; /* and by uid */
        GHashTable *waiting_of;     /* uid -> how many runs wait */
        QueueOrder *order;   /* how many wait and run, and who is next */
        GHashTable *singletons; /* id of a job -> how many wait for a run of it to end */
        GHashTable *slices;  /* queue -> itself, owned: their slices have what they are to have */
        GHashTable *blocked; /* queue -> Blocked, owned: see dispatcher-blocked.c */
        GQueue revocations;  /* of Revocation, owned: see dispatcher_revoke_older() */
        bool must_recount;   /* a batch was lost: the store knows better what waits */
        uint64_t next_due;   /* of what waits for a time; 0: nothing does */
        struct { /* the place in a line that was asked for last: a list asks for one after the other */
                char *queue;
                uint32_t uid;
                int64_t seq;
                uint64_t number;
        } place;
        sd_event_source *pump_source;  /* starts what waits */
        sd_event_source *due_source;   /* what waits for a time comes into its line */
        sd_event_source *unblock_source; /* NULL until a queue was blocked */
        sd_event_source *revoke_source; /* NULL until there is something to revoke */
        sd_event_source *retry_source; /* stores again what could not be stored */
        sd_event_source *report_source; /* stores what runs have said; NULL until one did */
};

/* For callbacks of store_after_commit(). */
typedef struct StoringRun {
        Dispatcher *dispatcher;
        char id[UUID_STRING_SIZE];
} StoringRun;

Run *run_new(Dispatcher *d, JobResult *jr, Secret *input);
StoringRun *storing_run_new(Run *run);
Run *dispatcher_find_by_unit(Dispatcher *d, const char *unit);

/* The input as it was stored, with the paths of its files; NULL: it was not stored, or there is no memory for it. */
Secret *dispatcher_read_input(const Dispatcher *d, const JobResult *jr);
/* Frees it; its slot in the queue is free. */
void dispatcher_forget_run(Run *run);

/* Gives the run its final state, stores it, and lets go of everything once that is on the disk. */
void run_finish(Run *run, JobResultStatus status, JobResultReason reason, const char *message, uint64_t when_usec);

/* Its class is about to be let go: what follows on its end. */
void run_remember_chain(Run *run);
/* Its end is about to be stored: stores with it what follows (chain.h). */
int run_store_chain(Run *run) _must_check_;

/* Stores the run's job result as it is now; on_run_stored() goes on from there. */
void run_store(Run *run);

/* Its input was in memory only and is gone: that is the outcome. */
void run_finish_input_lost(Run *run, uint64_t when_usec);

/* The same for a file of it, in memory or on the disk. */
void run_finish_files_lost(Run *run, const char *variable);

/* Asks systemd to start it; on any failure the run is finished. */
void run_start(Run *run);

/*
 * Whether the objects that its variables are of have to be read before it can start: then that is under way, or the run
 * is finished, and run_start() is called again.
 */
bool run_waits_for_objects(Run *run);

/* The same after a restart of jobd, for a run that systemd is starting. */
void run_recover_objects(Run *run);

/* The starter has asked for an input that there is not, for input_problem. */
void run_refuse_input(Run *run);

/* It was cancelled while it waits for objects. */
void run_give_up_objects(Run *run);

/* Loads the class of the run's job, if it is not there already. Negative errno and a sentence. */
int run_load_class(Run *run, const Job *job, char **ret_problem) _must_check_;

/* Counts the entries that the run has logged, after a restart. */
void run_recount_log(Run *run);

/* Its class is about to be let go: which units are started when it has ended. */
void run_remember_notify_units(Run *run);
/* Its outcome is on the disk: starts them. */
void run_notify(Run *run);
void dispatcher_notify_result(Dispatcher *d, const JobResult *jr);

/* Tells everybody who listens. */
void dispatcher_announce_change(Dispatcher *d, const JobResult *jr);

/* Tries again in a few seconds to store what could not be stored, and to start what waits. */
void dispatcher_retry_later(Dispatcher *d);

extern const UnitCallbacks dispatcher_unit_callbacks;

/* ---- dispatcher-queue.c: the lines ---- */

int dispatcher_queue_init(Dispatcher *d);
void dispatcher_queue_done(Dispatcher *d);

/* Whether one more may run. */
bool dispatcher_has_room(const Dispatcher *d);

/* The run is to be started in this boot. */
void dispatcher_mark(Dispatcher *d, JobResult *jr);

/* It waits from now on, or no longer does: by its queue, requester and waits_for. */
void dispatcher_add_waiting(Dispatcher *d, const JobResult *jr);
void dispatcher_remove_waiting(Dispatcher *d, const JobResult *jr);

/* From one of these to the other, in the store as well. */
int dispatcher_move_waiting(Dispatcher *d, JobResult *jr, JobResultWait wait) _must_check_;

/* After a lost batch the store knows best: it is asked soon. */
void dispatcher_recount_later(Dispatcher *d);

/* After a start: reads what waits. */
int dispatcher_count_waiting(Dispatcher *d) _must_check_;

/* Sees to it that what waits is started soon. */
void dispatcher_pump_later(Dispatcher *d);

/* Sees to it that what waits for a time comes into its line then. */
void dispatcher_set_due(Dispatcher *d);

/* With nothing in flight: whether what waits waits as well without us. */
bool dispatcher_can_leave_waiting(const Dispatcher *d);

/* The limits of the queue have changed, or what keeps its runs from being started. */
void dispatcher_set_rules(Dispatcher *d, const char *queue);

/* ---- dispatcher-blocked.c: queues whose slices cannot be started ---- */

void dispatcher_blocked_init(Dispatcher *d);
void dispatcher_blocked_done(Dispatcher *d);

/* systemd has refused to start it, for its queue's slice: it waits again. */
void run_put_back(Run *run, const char *why);
/* That is on the disk. */
void run_back_in_line(Run *run);

/* A run of the queue has started. */
void dispatcher_unblock(Dispatcher *d, const char *queue);

/* What systemd said when it was asked last, NULL: nothing. Borrowed. */
const char *dispatcher_blocked_why(const Dispatcher *d, const char *queue);

/* Takes from the rules what the queue cannot do now. */
void dispatcher_limit_blocked(const Dispatcher *d, const char *queue, QueueRules *rules);

/* ---- dispatcher-slice.c: the slices of the queues ---- */

/* Stores, in the open batch, what the slice will be told when the first run starts in it. */
void dispatcher_note_slice(Dispatcher *d, const char *queue);

/* Tells it, unless that was done. */
void dispatcher_set_slice(Dispatcher *d, const char *queue);

/* ---- dispatcher-singleton.c ---- */

/* Whether the run has to wait until another one of its job has ended. */
bool dispatcher_singleton_must_wait(Dispatcher *d, const JobResult *jr);

/* Whether a new request has to: as well when others wait for that already. */
bool dispatcher_singleton_joins_others(Dispatcher *d, const JobResult *jr);

/* Another run of its job, in flight; NULL: there is none. */
Run *dispatcher_find_other_run(Dispatcher *d, const JobResult *jr);

/* A new request is on the disk: of a job with Singleton=replace it takes the place of the others. */
void dispatcher_singleton_requested(Dispatcher *d, const JobResult *jr);

/* A run of the job is no more: the next one of those that wait for that comes into its line. */
void dispatcher_singleton_ended(Dispatcher *d, const char *job_id);

/* The sentence for a request or start that fails for another run; NULL: it may run. */
char *dispatcher_singleton_refusal(Run *run, const Job *job);

/* ---- dispatcher-cancel.c ---- */

/* Ends a run in flight. */
int dispatcher_cancel_run(Run *run, const char *by, bool kill, Refusal *refusal) _must_check_;

/* Revokes all runs of the job that wait and were requested before, a part in each turn of the loop. */
void dispatcher_revoke_older(Dispatcher *d, const char *job_id, int64_t before_seq, const char *by);
void dispatcher_cancel_done(Dispatcher *d);

/* ---- dispatcher-share.c ---- */

void dispatcher_share_init(Dispatcher *d);
void dispatcher_share_done(Dispatcher *d);

/* Whether one more run may wait; -E2BIG and the refusal. */
int dispatcher_check_share(const Dispatcher *d, const PreparedRun *p, Refusal *refusal) _must_check_;

/* That so many more runs of that user wait, or fewer. */
void dispatcher_count_user(Dispatcher *d, uint32_t uid, int64_t difference);

/* Keeps the input of a run that waits, which is in memory only, and takes it over; gives it back, NULL: there is none. */
void dispatcher_hold_input(Dispatcher *d, const JobResult *jr, Secret *input);
Secret *dispatcher_take_input(Dispatcher *d, const char *id) _must_check_;
