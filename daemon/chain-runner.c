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
} Hop;

static void hop_free_func(void *p) {
        Hop *h = p;

        (void) authority_check_free(h->check);
        (void) job_result_free(h->origin);
        (void) chain_hop_free(h->stored);
        g_free(h->key);
        g_free(h);
}

static void hop_done(Hop *h) {
        (void) g_hash_table_remove(h->runner->hops, h->key);
}

static void hop_retry_later(Hop *h, const char *why) {
        ChainRunner *c = h->runner;

        log_warning("Cannot go on from job result %s to job '%s', trying again in %i s: %s", h->stored->result_id,
                    h->stored->class_path, RETRY_SEC, why);
        hop_done(h);
        (void) sd_event_source_set_time_relative(c->retry_source, RETRY_SEC * USEC_PER_SEC);
        (void) sd_event_source_set_enabled(c->retry_source, SD_EVENT_ONESHOT);
}

/* ---- what comes of it ---- */

static void log_refused(const Hop *h, const char *why) {
        g_autofree char *id = g_strdup_printf("JOB_RESULT_ID=%s", h->origin->id);
        g_autofree char *requester = g_strdup_printf("JOB_REQUESTER=%s", h->origin->requester);
        const char *fields[] = { id, requester, NULL };

        log_event(LOG_WARNING, JOBD_MESSAGE_CHAIN_REFUSED_STR, fields,
                  "Job '%s', which follows on job '%s', is not run: %s", h->stored->class_path, h->origin->class_path,
                  why);
}

/* A record of its own, where there is a job that it can be of: who looks for the run finds why there was none. */
static JobResult *refused_result(const Hop *h, const Job *job, const char *why) {
        g_autofree char *message = NULL;
        JobResult *jr;
        int r;

        message = g_strdup_printf("it was to follow on job result %s of job '%s', and is not run: %s", h->origin->id,
                                  h->origin->class_path, why);
        jr = run_request_new_result(&h->runner->context.run, job, h->origin->requester_uid, h->origin->requester,
                                    now_usec());
        g_free(jr->caused_by);
        jr->caused_by = g_strdup(h->origin->id);
        r = job_result_set_state(jr, JOB_RESULT_FAILURE, JOB_RESULT_REASON_NOT_RUNNABLE, message, jr->date_created);
        g_assert(r >= 0);
        return jr;
}

static void hop_refuse(Hop *h, const Job *job, const char *why) {
        ChainRunner *c = h->runner;
        int r = 0;

        if (job)
                r = dispatcher_record(c->context.dispatcher, refused_result(h, job, why));
        if (r >= 0)
                r = store_chain_delete(c->context.store, h->stored->result_id, h->stored->position);
        if (r < 0) {
                hop_retry_later(h, store_error_text(c->context.store));
                return;
        }
        log_refused(h, why);
        hop_done(h);
}

static void hop_submit(Hop *h, const Job *job) {
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
        _cleanup_(refusal_done) Refusal refusal = {};
        int r;

        context.now_usec = now_usec();
        r = run_request_prepare(&context, job, &request, &run, &refusal);
        if (r >= 0 && run.scheduled_job)
                r = c->request_approval(&run, origin->requester_uid, origin->requester, &refusal, c->userdata);
        else if (r >= 0)
                r = dispatcher_submit(h->runner->context.dispatcher, &run, &refusal);
        if (r < 0) {
                hop_refuse(h, job, refusal.message);
                return;
        }
        r = store_chain_delete(h->runner->context.store, h->stored->result_id, h->stored->position);
        if (r < 0)
                (void) log_error_errno(r, "Cannot store that job result %s has gone on: %s", origin->id,
                                       store_error_text(h->runner->context.store));
        hop_done(h);
}

/* ---- may it? ---- */

static void on_verdict(PolkitVerdict verdict, void *userdata) {
        Hop *h = userdata;
        g_autofree char *why = NULL;
        const Job *job;

        h->check = authority_check_free(h->check);
        job = registry_find_by_class_path(h->runner->context.registry, h->stored->class_path);
        switch (verdict) {
        case POLKIT_AUTHORIZED:
                if (job)
                        hop_submit(h, job);
                else
                        hop_refuse(h, NULL, "there is no such job any more");
                break;
        case POLKIT_FAILED:
        case POLKIT_UNREACHABLE:
                hop_retry_later(h, "polkit has not answered");
                break;
        default:
                why = g_strdup_printf("user '%s' does not have permission to run it: an administrator can permit the polkit "
                                      "action org.jobd1.run-job",
                                      h->origin->requester);
                hop_refuse(h, job, why);
        }
}

/* Classes can change while a chain runs, and so come to lead back to where it began: it ends all the same. */
static bool chain_is_too_long(const Hop *h) {
        _cleanup_(job_result_freep) JobResult *before = NULL;
        g_autofree char *id = g_strdup(h->origin->caused_by);

        for (int length = 1; id[0]; length++) {
                if (length >= CHAIN_LENGTH_MAX)
                        return true;
                before = job_result_free(before);
                if (store_result_get(h->runner->context.store, id, &before) <= 0)
                        return false;
                g_free(id);
                id = g_strdup(before->caused_by);
        }
        return false;
}

static void hop_begin(Hop *h) {
        const ChainRunnerContext *c = &h->runner->context;
        const JobResult *origin = h->origin;
        const Job *job;
        int r;

        job = registry_find_by_class_path(c->registry, h->stored->class_path);
        if (!job) {
                hop_refuse(h, NULL, "there is no such job: install its class and run \"jobctl refresh\"");
                return;
        }
        if (chain_is_too_long(h)) {
                hop_refuse(h, job, "the chain is longer than any may be");
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

        if (g_hash_table_contains(c->hops, key) ||
            dispatcher_get_result(c->context.dispatcher, stored->result_id, &origin) <= 0) {
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
        if (r < 0)
                (void) log_error_errno(r, "Cannot read what follows on job results: %s",
                                       store_error_text(c->context.store));
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
