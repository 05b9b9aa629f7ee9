/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "dispatcher.h"
#include "job-queues.h"
#include "log-stream.h"
#include "registry.h"
#include "settings.h"
#include "store.h"

typedef struct Access Access;
typedef struct Announcer Announcer;
typedef struct Approvals Approvals;
typedef struct ChainRunner ChainRunner;
typedef struct Cleaner Cleaner;
typedef struct CredentialServer CredentialServer;
typedef struct DirectServer DirectServer;
typedef struct InputFiles InputFiles;
typedef struct Inventory Inventory;
typedef struct JobRemoval JobRemoval;
typedef struct ObjectSource ObjectSource;
typedef struct Outputs Outputs;
typedef struct RunKey RunKey;
typedef struct Scheduler Scheduler;
typedef struct Sealer Sealer;

/* Everything the daemon consists of. The parts do not know it; the bus objects (*-bus.c) and jobd.c do. */
typedef struct Manager {
        sd_event *event;
        sd_bus *bus; /* the system bus, for clients */
        Settings *settings;
        const JobClassLoader *loader;
        const char *const *roots;
        Store *store;
        const char *state_directory; /* borrowed */
        uint64_t store_written_usec; /* before it was opened */
        sd_event_source *commit_source;
        Registry *registry;
        JobQueues *queues;
        Dispatcher *dispatcher;
        LogStreams *log_streams;
        Access *access;
        Announcer *announcer;
        ChainRunner *chain_runner;
        CredentialServer *credential_server;
        DirectServer *direct_server;
        RunKey *run_key;
        Secret *run_token; /* the one that was asked for last */
        Outputs *outputs;
        Scheduler *scheduler;
        Approvals *approvals;
        InputFiles *input_files;
        Sealer *sealer;
        GPtrArray *sealing; /* of SealingRequest (run-schedule-bus.c), weak refs; NULL: there was none */
        GPtrArray *unsealing; /* of RunNow (schedule-change-bus.c), likewise */
        Inventory *inventory;
        ObjectSource *object_source;
        Cleaner *cleaner;
        JobRemoval *job_removal;
        GPtrArray *first_report; /* of the refresh by jobd itself, until somebody asks for a report; may be NULL */
} Manager;

/*
 * Opens the store and reads the registry. On failure it has logged why; *ret_problem is then a sentence for clients when
 * it is the store that cannot be used, otherwise NULL.
 */
int manager_new(Manager **ret, char **ret_problem) _must_check_;
Manager *manager_free(Manager *m);
DEFINE_CLEANUP(Manager *, manager_free);

/* Takes over the sockets from systemd, exports the objects, takes up what an earlier jobd left, takes the bus name. */
int manager_startup(Manager *m) _must_check_;

/* Until it is told to end, or was idle for long enough. */
int manager_run(Manager *m) _must_check_;

/* Nothing is going on that would be lost or delayed if the daemon left now. */
bool manager_is_idle(const Manager *m);
