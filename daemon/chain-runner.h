/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "access.h"
#include "dispatcher.h"

/*
 * Asks for the runs that follow on the end of others (chain.h), in the name of the requester of the one that has ended,
 * who must be permitted to run each. Each hop is asked for once: it leaves the store in the transaction that stores
 * what came of it, a run or a refusal.
 */
typedef struct ChainRunner ChainRunner;

typedef struct ChainRunnerContext {
        sd_event *event;
        Store *store;
        Registry *registry;
        Dispatcher *dispatcher;
        Access *access;
        RunContext run; /* now_usec is not used */
        /* A hop that needs an approval: stores the request, in the open batch, for its requester. */
        int (*request_approval)(PreparedRun *run, uint32_t uid, const char *user, Refusal *refusal, void *userdata);
        void *userdata;
} ChainRunnerContext;

int chain_runner_new(const ChainRunnerContext *context, ChainRunner **ret) _must_check_;
ChainRunner *chain_runner_free(ChainRunner *c);
DEFINE_CLEANUP(ChainRunner *, chain_runner_free);

/* That job result has ended, and this is on the disk; NULL: whatever is in the store, after a restart. */
void chain_runner_follow(ChainRunner *c, const char *result_id);

/* No hop is under way. */
bool chain_runner_is_idle(const ChainRunner *c);
