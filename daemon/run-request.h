/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "input-file.h"
#include "job-class.h"
#include "job-result.h"
#include "object-set.h"
#include "refusal.h"
#include "registry.h"
#include "schedule-rules.h"
#include "scheduled-job.h"
#include "secret.h"
#include "settings.h"

/* A request to run a job, checked in the order of the reference. No bus: decoding and permission come before it. */

typedef struct RunRequest {
        const char *data;       /* JSON, "" for none */
        size_t data_size;
        const char *task_queue; /* NULL: the job's first, or the default queue */
        uint32_t requester_uid;
        const char *requester;
        bool ignore_singleton;  /* runs also while the other run of a singleton does */
        const char *requested_by; /* who asks for it as that user; NULL: the requester */
        const char *caused_by;    /* the job result that it follows in a chain; NULL: none */
        const char *id;           /* of the job result, for which its files are kept; NULL: a new one */
        const GPtrArray *files;   /* of InputFile, copied; NULL: none */
        bool was_accepted;        /* data is what an earlier request has stored: its files are in it */
        ScheduleRequest schedule; /* when; interval NULL: immediately */
        /*
         * The input is one that was accepted before, and this is a run of a scheduled job that is due: there is no
         * further approval to ask for, and no further schedule.
         */
        bool is_due;
        const ScheduledJob *input_of; /* the input is new for that one, which keeps all else; NULL: no */
} RunRequest;

/* What the checks look at. */
typedef struct RunContext {
        const Settings *settings;
        const JobClassLoader *loader;
        const char *const *roots;
        uint64_t now_usec;
        bool can_seal; /* sensitive input can be kept for later (seal.h) */
        const ObjectSet *objects; /* what variables of objects are looked for in; NULL: they are not looked for, ... */
        GHashTable **ret_wants;   /* ... but, unless this is NULL too, it is said which objects it takes */
} RunContext;

/*
 * A request that passed: everything a run needs, or the scheduled job that waits for its time or an approval: a new one,
 * or a copy of input_of with its new input.
 */
typedef struct PreparedRun {
        JobResult *result; /* NULL: there is a scheduled job instead */
        ScheduledJob *scheduled_job;
        Secret *to_seal; /* the part of its input that is stored sealed only; NULL: there is none */
        Secret *input;
        JobClass *class;
} PreparedRun;

void prepared_run_done(PreparedRun *p);

/*
 * Before files are copied: the checks that come before that of the input, and what each file may be (max, sensitive). One
 * that is for no file variable loses its descriptor. *ret_valid: whether the request is valid but for what the files
 * turn out to be. -EAGAIN as with run_request_prepare().
 */
int run_request_prepare_files(const RunContext *context, const Job *job, const RunRequest *request, bool *ret_valid,
                              Refusal *refusal) _must_check_;

/*
 * Checks in this order: job enabled, installed, sensitive and approval conflict, class loadable, data is a JSON object,
 * queue allowed, input valid, schedule. Negative errno and the refusal for the first that
 * fails (all problems of the input at once).
 *
 * -EAGAIN, without a refusal: it takes objects, and context->ret_wants was set (object_wants_new()); nothing was prepared.
 */
int run_request_prepare(const RunContext *context, const Job *job, const RunRequest *request, PreparedRun *ret,
                        Refusal *refusal) _must_check_;

/* A job result of that job as of now, with neither input nor state. To be freed. */
JobResult *run_request_new_result(const RunContext *context, const Job *job, uint32_t requester_uid,
                                  const char *requester, uint64_t now_usec);

/* Of values that are valid. */
bool run_request_is_dry_run(const JobClass *class, JsonObject *values);

/* Whether a run of this job may use that queue; NULL: its default one. 0, or negative errno and the refusal. */
int run_request_check_queue(const Settings *settings, const Job *job, const char *queue, Refusal *refusal) _must_check_;

/* The queues a run of this job may use; the first is the default. Borrowed. */
const char *run_request_default_queue(const Job *job, const Settings *settings);
