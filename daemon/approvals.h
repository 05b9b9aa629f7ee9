/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "approval-log.h"
#include "approval.h"
#include "run-request.h"
#include "scheduler.h"

/*
 * Requests that wait for an approval, from the request to the answer: each step is stored with the new state of the
 * scheduled job in one transaction, and acted on, announced and logged once that is on the disk. A request is in one
 * state at a time, and whoever comes second finds that out: so two answers never both count as the last one.
 */
typedef struct Approvals Approvals;

typedef struct ApprovalsHooks {
        /* It waits for an approval (again), and that is on the disk. */
        void (*requested)(const ScheduledJob *sj, void *userdata);
} ApprovalsHooks;

typedef struct ApprovalsContext {
        Store *store;
        Registry *registry;
        Scheduler *scheduler;
        RunContext run; /* now_usec is not used */
        const ApprovalsHooks *hooks;
        void *userdata;
} ApprovalsContext;

Approvals *approvals_new(const ApprovalsContext *context);
Approvals *approvals_free(Approvals *a);
DEFINE_CLEANUP(Approvals *, approvals_free);

/*
 * Stores a new request, in the open batch: a scheduled job in the state pending, which has all but stages, digest and
 * expires_at (its sealed input included: the digest covers it). Refused when nobody could answer it, or when it names
 * a program that cannot be read. -EEXIST: the name is taken.
 */
int approvals_request(Approvals *a, ScheduledJob *sj, const Job *job, const JobClass *class,
                      const ApprovalCaller *caller, Refusal *refusal) _must_check_;

/*
 * An answer, in the open batch; changes *sj. -ESTALE with BUS_ERROR_REQUEST_CHANGED: what would run is no longer what
 * was asked for; that is stored, and so the next answer is to what there is now.
 */
int approvals_answer(Approvals *a, ScheduledJob *sj, const ApprovalAnswer *answer, const ApprovalCaller *caller,
                     Refusal *refusal) _must_check_;

/* Whether its job requires approval now, and it is no dry run. */
bool approvals_are_needed(const ScheduledJob *sj, const Job *job, const JobClass *class);

/*
 * Somebody has changed it, reason says how: all answers are void, and it waits for an approval of what there is now,
 * which is stored in the open batch and is in *sj. 0, or negative errno: it cannot be stored.
 */
int approvals_ask_again(Approvals *a, ScheduledJob *sj, const Job *job, const JobClass *class, const char *reason,
                        const ApprovalCaller *caller) _must_check_;

/*
 * For a scheduled job that is due: whether it may run as it is. class is what would run. 1: yes, or it needs no
 * approval. 0: it has changed since it was approved, or its job requires approval by now: it waits for an approval
 * again, which is stored in the open batch and is in *sj. Negative errno: it cannot be stored.
 */
int approvals_check(Approvals *a, ScheduledJob *sj, const Job *job, const JobClass *class) _must_check_;

/*
 * A run is about to start, perhaps long after its scheduled job was due: whether what it runs is what was approved. It
 * may be a further try of one that was. NULL, or the sentence that says why it may not. What was requested when the job
 * did not require approval may not either, once it does.
 */
char *approvals_check_run(Approvals *a, const JobResult *jr, const Job *job, const JobClass *class) _must_check_;

/* Nobody has answered in time: in the open batch. */
int approvals_expire(Approvals *a, ScheduledJob *sj) _must_check_;

/* Everything about it as JSON (request-json.h). 0, or negative errno and the refusal. */
int approvals_describe(Approvals *a, const ScheduledJob *sj, char **ret, Refusal *refusal) _must_check_;

/* The stages and the answers of a request. */
typedef struct ApprovalRecord {
        GPtrArray *stages;
        GPtrArray *approvals;
        ApprovalRules rules; /* of these two */
} ApprovalRecord;

void approval_record_done(ApprovalRecord *r);
int approvals_load(Approvals *a, const ScheduledJob *sj, ApprovalRecord *ret) _must_check_;
