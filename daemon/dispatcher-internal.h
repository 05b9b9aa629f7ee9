/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dispatcher.h"
#include "journal-sync.h"
#include "unit.h"

/* Shared by dispatcher*.c only. */

/* A run in flight: from the decision to start it until its outcome is on the disk. */
typedef struct Run {
        Dispatcher *dispatcher; /* weak ref */
        JobResult *result;
        char *unit;
        Secret *input;   /* NULL: lost */
        JobClass *class; /* from the request to the start, to read it once only */
        GPtrArray *chain; /* of ChainLink: what its end starts; NULL: not known, after a restart */
        ObjectRequest *object_request; /* while the objects of its variables are read */
        bool has_objects;    /* they are in input */
        char *input_problem; /* why its starter cannot have the input; NULL */
        bool input_refused;  /* and has been told so: the run is stopped for that */
        char *notify_units[_NOTIFY_EVENT_MAX]; /* of its class; NULL: it names none, or ... */
        bool knows_notify_units;               /* ... after a restart, they are not known */
        bool input_lost; /* the starter asked for an input that is gone: the run is stopped for that */
        bool has_unit;   /* systemd was asked to start it: it must be released */
        UnitLeft left;   /* how */
        bool ended;      /* result has a final state that may not be on the disk yet */
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
        GHashTable *inputs;  /* id -> Secret, owned: of runs that wait */
        uint64_t n_waiting;  /* in the store, not in runs */
        sd_event_source *pump_source;  /* starts what waits */
        sd_event_source *retry_source; /* stores again what could not be stored */
        sd_event_source *report_source; /* stores what runs have said; NULL until one did */
};

Run *run_new(Dispatcher *d, JobResult *jr, Secret *input);
Run *dispatcher_find_by_unit(Dispatcher *d, const char *unit);

/* The input as it was stored, with the paths of its files; NULL: it was not stored, or there is no memory for it. */
Secret *dispatcher_read_input(const Dispatcher *d, const JobResult *jr);

/* Gives the run its final state, stores it, and lets go of everything once that is on the disk. */
void run_finish(Run *run, JobResultStatus status, JobResultReason reason, const char *message, uint64_t when_usec);

/* Its end is about to be stored: stores with it what follows (chain.h). */
int run_store_chain(Run *run) _must_check_;

/* Stores the run's job result as it is now; run_stored() goes on from there. */
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

/* Sees to it that what waits is started soon. */
void dispatcher_pump_later(Dispatcher *d);

extern const UnitCallbacks dispatcher_unit_callbacks;
