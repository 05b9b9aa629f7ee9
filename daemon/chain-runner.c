/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "access-user.h"
#include "chain-runner.h"
#include "chain.h"
#include "log.h"
#include "message-ids.h"
#include "now.h"
#include "store-chain.h"
#include "store-result.h"

enum { RETRY_SEC = 30 }; /* when polkit does not answer, or nothing can be stored */

struct ChainRunner {
        ChainRunnerContext context;
        GHashTable *hops; /* "<result id>/<position>" -> Hop, owned */
        sd_event_source *retry_source;
};

typedef struct Hop {
        ChainRunner *runner; /* weak ref */
        char *key;
        ChainHop *stored;
        JobResult *origin;     /* what has ended */
        AuthorityCheck *check; /* while polkit is asked */
        char *refusal;         /* why there will be no run; NULL: there will */
} Hop;

static void hop_free_func(void *p) {
        Hop *h = p;

        (void) authority_check_free(h->check);
        (void) job_result_free(h->origin);
        (void) chain_hop_free(h->stored);
        g_free(h->refusal);
        g_free(h->key);
        g_free(h);
}

static void hop_done(Hop *h) {
        (void) g_hash_table_remove(h->runner->hops, h->key);
}

static void retry_later(ChainRunner *c) {
        (void) sd_event_source_set_time_relative(c->retry_source, RETRY_SEC * USEC_PER_SEC);
        (void) sd_event_source_set_enabled(c->retry_source, SD_EVENT_ONESHOT);
}

static void hop_retry_later(Hop *h, const char *why) {
        ChainRunner *c = h->runner;

        log_warning("Cannot go on from job result %s to job '%s', trying again in %i s: %s", h->stored->result_id,
                    h->stored->class_path, RETRY_SEC, why);
        hop_done(h);
        retry_later(c);
}

/* ---- what comes of it ---- */

static void log_refused(const Hop *h) {
        g_autofree char *id = g_strdup_printf("JOB_RESULT_ID=%s", h->origin->id);
        g_autofree char *requester = g_strdup_printf("JOB_REQUESTER=%s", h->origin->requester);
        const char *fields[] = { id, requester, NULL };

        log_event(LOG_WARNING, JOBD_MESSAGE_CHAIN_REFUSED_STR, fields,
                  "Job '%s', which follows on job '%s', is not run: %s", h->stored->class_path, h->origin->class_path,
                  h->refusal);
}

/* What came of it is stored. A batch that was lost had nothing of it: the hop is still there. */
static void on_hop_committed(int r, void *userdata) {
        Hop *h = userdata;

        if (r < 0) {
                hop_retry_later(h, store_error_text(h->runner->context.store));
                return;
        }
        if (h->refusal)
                log_refused(h);
        hop_done(h);
}

/* A record of its own, where there is a job that it can be of: who looks for the run finds why there was none. */
static JobResult *refused_result(const Hop *h, const Job *job) {
        g_autofree char *message = NULL;
        JobResult *jr;
        int r;

        message = g_strdup_printf("it was to follow on job result %s of job '%s', and is not run: %s", h->origin->id,
                                  h->origin->class_path, h->refusal);
        jr = run_request_new_result(&h->runner->context.run, job, h->origin->requester_uid, h->origin->requester,
                                    now_usec());
        g_free(jr->caused_by);
        jr->caused_by = g_strdup(h->origin->id);
        r = job_result_set_state(jr, JOB_RESULT_FAILURE, JOB_RESULT_REASON_NOT_RUNNABLE, message, jr->date_created);
        g_assert(r >= 0);
        return jr;
}

/* Otherwise it is a warning of what has ended. */
static int store_warning(const Hop *h) {
        g_autofree char *warning = g_strdup_printf("job '%s', which follows on it, is not run: %s",
                                                   h->stored->class_path, h->refusal);

        return dispatcher_add_warning(h->runner->context.dispatcher, h->origin->id, warning);
}

/* What comes of a hop and that it is no more are stored together, or neither is. */
static int take_from_store(const Hop *h) {
        Store *s = h->runner->context.store;
        int r;

        r = store_nested_begin(s);
        if (r < 0)
                return r;
        r = store_chain_delete(s, h->stored->result_id, h->stored->position);
        return r < 0 ? store_nested_end(s, r) : 0;
}

/* job: NULL, there is none. Takes why over. */
static void hop_refuse(Hop *h, const Job *job, char *why) {
        ChainRunner *c = h->runner;
        int r;

        h->refusal = why;
        r = take_from_store(h);
        if (r >= 0) {
                r = job ? dispatcher_record(c->context.dispatcher, refused_result(h, job)) : store_warning(h);
                r = store_nested_end(c->context.store, r);
        }
        if (r < 0)
                hop_retry_later(h, store_error_text(c->context.store));
        else
                store_after_commit(c->context.store, on_hop_committed, h);
}

static int request_approval(const Hop *h, PreparedRun *run, Refusal *refusal) {
        const ChainRunnerContext *c = &h->runner->context;

        /* A value of the chain is no secret, but would be one of the request. */
        if (run->to_seal)
                return refuse(refusal, -EINVAL, BUS_ERROR_INVALID_VALUE,
                              "it needs an approval, and what follows in a chain cannot wait for one with sensitive "
                              "values");
        return c->request_approval(run, h->origin->requester_uid, h->origin->requester, refusal, c->userdata);
}

/* In the open batch: requests the run. Negative errno, and the refusal unless nothing could be stored. */
static int request_run(const Hop *h, const Job *job, Refusal *refusal) {
        const ChainRunnerContext *c = &h->runner->context;
        RunContext context = c->run;
        const JobResult *origin = h->origin;
        const RunRequest request = {
                .data = h->stored->data,
                .data_size = strlen(h->stored->data),
                .requester_uid = origin->requester_uid,
                .requester = origin->requester,
                .requested_by = origin->requested_by[0] ? origin->requested_by : NULL,
                .caused_by = origin->id,
        };
        _cleanup_(prepared_run_done) PreparedRun run = {};
        int r;

        context.now_usec = now_usec();
        context.can_seal = true; /* see request_approval() */
        r = run_request_prepare(&context, job, &request, &run, refusal);
        if (r < 0)
                return r;
        r = take_from_store(h);
        if (r < 0)
                return r;
        r = run.scheduled_job ? request_approval(h, &run, refusal) : dispatcher_submit(c->dispatcher, &run, refusal);
        return store_nested_end(c->store, r);
}

/* The store's fault, not the request's: it may go well later. */
static bool is_passing(const Refusal *refusal) {
        return !refusal->message || strcmp(refusal->name, BUS_ERROR_STORE_FAILED) == 0 ||
               strcmp(refusal->name, BUS_ERROR_STORE_FULL) == 0;
}

static void hop_submit(Hop *h, const Job *job) {
        Store *s = h->runner->context.store;
        Refusal refusal = {};
        int r;

        r = request_run(h, job, &refusal);
        if (r >= 0)
                store_after_commit(s, on_hop_committed, h);
        else if (is_passing(&refusal))
                hop_retry_later(h, store_error_text(s));
        else
                hop_refuse(h, job, TAKE_PTR(refusal.message));
        refusal_done(&refusal);
}

/* ---- may it? ---- */

static void on_verdict(PolkitVerdict verdict, void *userdata) {
        Hop *h = userdata;
        const Job *job;

        h->check = authority_check_free(h->check);
        job = registry_find_by_class_path(h->runner->context.registry, h->stored->class_path);
        switch (verdict) {
        case POLKIT_AUTHORIZED:
                if (job)
                        hop_submit(h, job);
                else
                        hop_refuse(h, NULL, g_strdup("there is no such job any more"));
                break;
        case POLKIT_FAILED:
        case POLKIT_UNREACHABLE:
                hop_retry_later(h, "polkit has not answered");
                break;
        default:
                hop_refuse(h, job,
                           g_strdup_printf("user '%s' does not have permission to run it: an administrator can permit "
                                           "the polkit action org.jobd1.run-job",
                                           h->origin->requester));
        }
}

/*
 * Classes can change while a chain runs, and so come to lead back to where it began: it ends all the same. 1: it is too
 * long, 0: it is not, negative errno.
 */
static int chain_is_too_long(const Hop *h) {
        _cleanup_(job_result_freep) JobResult *before = NULL;
        g_autofree char *id = g_strdup(h->origin->caused_by);

        for (int length = 2; id[0]; length++) {
                int r;

                if (length >= CHAIN_LENGTH_MAX)
                        return 1;
                before = job_result_free(before);
                r = store_result_get(h->runner->context.store, id, &before);
                if (r <= 0)
                        return r;
                g_free(id);
                id = g_strdup(before->caused_by);
        }
        return 0;
}

static void hop_begin(Hop *h) {
        const ChainRunnerContext *c = &h->runner->context;
        const JobResult *origin = h->origin;
        const Job *job;
        int r;

        job = registry_find_by_class_path(c->registry, h->stored->class_path);
        if (!job) {
                hop_refuse(h, NULL, g_strdup("there is no such job: install its class and run \"jobctl refresh\""));
                return;
        }
        r = chain_is_too_long(h);
        if (r < 0) {
                hop_retry_later(h, store_error_text(c->store));
                return;
        }
        if (r > 0) {
                hop_refuse(h, job,
                           g_strdup_printf("the chain has %i runs already, which is the most", CHAIN_LENGTH_MAX));
                return;
        }
        r = access_ask_user_may_run(c->access, origin->requester_uid, job, run_request_default_queue(job, c->run.settings),
                                    origin->requester, on_verdict, h, &h->check);
        if (r < 0)
                hop_retry_later(h, g_strerror(-r));
        else if (r > 0)
                on_verdict(POLKIT_AUTHORIZED, h);
}

static void take_hop(ChainRunner *c, ChainHop *stored) {
        g_autofree char *key = g_strdup_printf("%s/%i", stored->result_id, stored->position);
        JobResult *origin = NULL;
        Hop *h;
        int r = 0;

        if (!g_hash_table_contains(c->hops, key))
                r = dispatcher_get_result(c->context.dispatcher, stored->result_id, &origin);
        if (r <= 0) {
                if (r < 0)
                        retry_later(c);
                (void) chain_hop_free(stored);
                return;
        }
        h = g_new0(Hop, 1);
        h->runner = c;
        h->key = TAKE_PTR(key);
        h->stored = stored;
        h->origin = origin;
        (void) g_hash_table_insert(c->hops, h->key, h);
        hop_begin(h);
}

void chain_runner_follow(ChainRunner *c, const char *result_id) {
        g_autoptr(GPtrArray) hops = g_ptr_array_new();
        int r;

        r = store_chain_list(c->context.store, result_id, hops);
        if (r < 0) {
                (void) log_error_errno(r, "Cannot read what follows on job results, trying again: %s",
                                       store_error_text(c->context.store));
                retry_later(c);
        }
        for (guint i = 0; i < hops->len; i++)
                take_hop(c, hops->pdata[i]);
}

bool chain_runner_is_idle(const ChainRunner *c) {
        int enabled = SD_EVENT_OFF;

        (void) sd_event_source_get_enabled(c->retry_source, &enabled);
        return g_hash_table_size(c->hops) == 0 && enabled == SD_EVENT_OFF;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        chain_runner_follow(userdata, NULL);
        return 0;
}

int chain_runner_new(const ChainRunnerContext *context, ChainRunner **ret) {
        _cleanup_(chain_runner_freep) ChainRunner *c = NULL;
        int r;

        c = g_new0(ChainRunner, 1);
        c->context = *context;
        c->hops = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, hop_free_func);
        r = sd_event_add_time_relative(context->event, &c->retry_source, CLOCK_MONOTONIC, 0, 0, on_retry, c);
        if (r >= 0)
                r = sd_event_source_set_enabled(c->retry_source, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

ChainRunner *chain_runner_free(ChainRunner *c) {
        if (!c)
                return NULL;
        g_hash_table_unref(c->hops);
        (void) sd_event_source_disable_unref(c->retry_source);
        g_free(c);
        return NULL;
}
