/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "dispatcher-internal.h"
#include "hash-table.h"
#include "log.h"
#include "message-ids.h"
#include "now.h"
#include "result-log.h"
#include "store-result.h"
#include "store-waiting.h"

/* Revoking runs: one, a part of all, and those of a singleton that a newer one replaces. */

enum { REVOKED_MAX = 200 }; /* in one turn of the loop */

int dispatcher_cancel_run(Run *run, const char *by, bool kill, Refusal *refusal) {
        Dispatcher *d = run->dispatcher;
        int r;

        if (run->ended)
                return refuse(refusal, -EALREADY, BUS_ERROR_ALREADY_FINISHED,
                              "job result %s finished before it could be revoked: no action was taken", run->result->id);
        if (!run->result->revoked_by[0]) {
                g_free(run->result->revoked_by);
                run->result->revoked_by = g_strdup(by);
                run_store(run);
                result_log_cancel(run->result, by);
        }
        if (!run->has_unit) { /* run_start() will see it */
                run_give_up_objects(run);
                return 0;
        }
        r = unit_stop(d->units, run->unit, kill);
        return r < 0 ? refuse(refusal, r, SD_BUS_ERROR_FAILED, "cannot stop unit %s: %s", run->unit, g_strerror(-r)) : 0;
}

/* ---- one that waits ---- */

/* Until it is on the disk that it waits no more. */
typedef struct Cancelled {
        Dispatcher *dispatcher;
        JobResult *result;
} Cancelled;

static void on_waiting_cancelled(int r, void *userdata) {
        g_autofree Cancelled *c = userdata;
        _cleanup_(job_result_freep) JobResult *jr = c->result;
        Dispatcher *d = c->dispatcher;

        if (r < 0) {
                dispatcher_recount_later(d);
                return;
        }
        (void) g_hash_table_remove(d->inputs, jr->id);
        input_files_remove(d->context.files, jr->id);
        result_log_finished(jr);
        dispatcher_announce_change(d, jr);
        dispatcher_notify_result(d, jr);
        dispatcher_singleton_ended(d, jr->job_id); /* it may have been the next one */
}

/* Takes the job result over. */
static int cancel_waiting(Dispatcher *d, JobResult *jr, const char *by, Refusal *refusal) {
        g_autofree char *message = g_strdup_printf("cancelled by %s before it began", by);
        Cancelled *c;
        int r;

        g_free(jr->revoked_by);
        jr->revoked_by = g_strdup(by);
        r = job_result_set_state(jr, JOB_RESULT_REVOKED, JOB_RESULT_REASON_REVOKED, message, now_usec());
        if (r >= 0)
                r = store_result_update(d->context.store, jr);
        if (r < 0) {
                (void) job_result_free(jr);
                return refuse_store(refusal, r, store_error_text(d->context.store));
        }
        dispatcher_remove_waiting(d, jr);
        c = g_new(Cancelled, 1);
        *c = (Cancelled){ d, jr };
        store_after_commit(d->context.store, on_waiting_cancelled, c);
        return 0;
}

int dispatcher_cancel(Dispatcher *d, const char *id, const char *by, bool kill, Refusal *refusal) {
        _cleanup_(job_result_freep) JobResult *jr = NULL;
        Run *run;
        int r;

        run = g_hash_table_lookup(d->runs, id);
        if (run)
                return dispatcher_cancel_run(run, by, kill, refusal);

        r = store_result_get(d->context.store, id, &jr);
        if (r < 0)
                return refuse_store(refusal, r, store_error_text(d->context.store));
        if (r == 0)
                return refuse(refusal, -ENOENT, BUS_ERROR_NO_SUCH_JOB_RESULT, "there is no job result %s", id);
        if (job_result_status_is_final(jr->status))
                return refuse(refusal, -EALREADY, BUS_ERROR_ALREADY_FINISHED,
                              "job result %s is already finished: nothing to do", id);
        return cancel_waiting(d, TAKE_PTR(jr), by, refusal);
}

/* ---- many ---- */

static bool matches(const JobResult *jr, const UnfinishedFilter *f) {
        return (!f->job_id || strcmp(jr->job_id, f->job_id) == 0) &&
               (!f->task_queue || strcmp(jr->task_queue, f->task_queue) == 0) &&
               (f->requester_uid < 0 || jr->requester_uid == f->requester_uid) &&
               (!f->requester || strcmp(jr->requester, f->requester) == 0) && jr->seq > f->after_seq;
}

static int compare_seq(const void *a, const void *b) {
        int64_t x = (*(const JobResult *const *) a)->seq, y = (*(const JobResult *const *) b)->seq;

        return x < y ? -1 : x > y;
}

static int add_in_flight(Dispatcher *d, const UnfinishedFilter *f, GPtrArray *results) {
        GHashTableIter i;
        int r = 0;
        Run *run;

        g_hash_table_iter_init(&i, d->runs);
        while (r >= 0 && g_hash_table_iter_next(&i, NULL, (void **) &run)) {
                JobResult *jr = NULL;

                if (run->ended || run->result->revoked_by[0] || !matches(run->result, f))
                        continue;
                r = store_result_get(d->context.store, run->result->id, &jr);
                if (r > 0)
                        g_ptr_array_add(results, jr);
        }
        return r;
}

int dispatcher_list_unfinished(Dispatcher *d, const UnfinishedFilter *f, GPtrArray *results) {
        const WaitingFilter waiting = {
                .job_id = f->job_id,
                .task_queue = f->task_queue,
                .requester_uid = f->requester_uid,
                .requester = f->requester,
                .after_seq = f->after_seq,
                .limit = f->limit,
        };
        int r;

        r = add_in_flight(d, f, results);
        if (r >= 0)
                r = store_waiting_list(d->context.store, &waiting, results);
        if (r < 0)
                return r;
        g_ptr_array_sort(results, compare_seq);
        while (results->len > f->limit)
                (void) job_result_free(g_ptr_array_steal_index(results, results->len - 1));
        return 0;
}

/* ---- those that a newer one replaces ---- */

typedef struct Revocation {
        char job_id[UUID_STRING_SIZE];
        int64_t after_seq, before_seq;
        char *by;
} Revocation;

static void revocation_free_func(void *p) {
        Revocation *v = p;

        g_free(v->by);
        g_free(v);
}

/* 1: there may be more. */
static int revoke_some(Dispatcher *d, Revocation *v) {
        const WaitingFilter filter = {
                .job_id = v->job_id, .requester_uid = -1, .after_seq = v->after_seq, .before_seq = v->before_seq,
                .limit = REVOKED_MAX,
        };
        g_autoptr(GPtrArray) results = g_ptr_array_new();
        _cleanup_(refusal_done) Refusal f = {};
        int r;

        r = store_waiting_list(d->context.store, &filter, results);
        for (guint i = 0; i < results->len; i++) {
                JobResult *jr = results->pdata[i];

                v->after_seq = jr->seq;
                if (r < 0 || jr->ignore_singleton)
                        (void) job_result_free(jr);
                else
                        r = cancel_waiting(d, jr, v->by, &f);
        }
        return r < 0 ? r : results->len == REVOKED_MAX;
}

static int on_revoke(sd_event_source *source, void *userdata) {
        Dispatcher *d = userdata;
        Revocation *v = g_queue_peek_head(&d->revocations);
        int r;

        if (!v)
                return 0;
        r = revoke_some(d, v);
        if (r < 0)
                log_event(LOG_ERR, JOBD_MESSAGE_STORE_FAILED_STR, NULL, "Cannot revoke runs that were replaced: %s",
                          store_error_text(d->context.store));
        if (r <= 0)
                revocation_free_func(g_queue_pop_head(&d->revocations));
        if (!g_queue_is_empty(&d->revocations))
                (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

void dispatcher_revoke_older(Dispatcher *d, const char *job_id, int64_t before_seq, const char *by) {
        Revocation *v;
        int r = 0;

        v = g_new0(Revocation, 1);
        (void) g_strlcpy(v->job_id, job_id, sizeof(v->job_id));
        v->before_seq = before_seq;
        v->by = g_strdup(by);
        g_queue_push_tail(&d->revocations, v);
        if (!d->revoke_source) {
                r = sd_event_add_defer(d->context.event, &d->revoke_source, on_revoke, d);
                if (r >= 0) /* after the commit of what was revoked last */
                        r = sd_event_source_set_priority(d->revoke_source, SD_EVENT_PRIORITY_IDLE);
        }
        if (r >= 0)
                r = sd_event_source_set_enabled(d->revoke_source, SD_EVENT_ONESHOT);
        if (r < 0)
                (void) log_error_errno(r, "Cannot set up the event loop: %m");
}

void dispatcher_cancel_done(Dispatcher *d) {
        g_queue_clear_full(&d->revocations, revocation_free_func);
        (void) sd_event_source_disable_unref(d->revoke_source);
}
