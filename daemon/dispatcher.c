/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <systemd/sd-id128.h>

#include "dispatcher-internal.h"
#include "hash-table.h"
#include "json.h"
#include "log.h"
#include "message-ids.h"
#include "now.h"
#include "result-log.h"
#include "store-result.h"
#include "variable.h"

/* Requests, the waiting line, and storing. Starting is in dispatcher-start.c, ending in dispatcher-end.c. */

enum { STORE_RETRY_SEC = 5 };

/* ---- runs ---- */

static void run_free_func(void *p) {
        Run *run = p;

        (void) journal_sync_free(run->sync);
        (void) object_request_free(run->object_request);
        g_free(run->input_problem);
        (void) job_result_free(run->result);
        (void) secret_free(run->input);
        (void) job_class_free(run->class);
        g_clear_pointer(&run->chain, g_ptr_array_unref);
        for (NotifyEvent e = 0; e < _NOTIFY_EVENT_MAX; e++)
                g_free(run->notify_units[e]);
        g_free(run->unit);
        g_free(run->end_result);
        g_free(run);
}

Run *run_new(Dispatcher *d, JobResult *jr, Secret *input) {
        Run *run;

        run = g_new0(Run, 1);
        run->dispatcher = d;
        run->result = jr;
        run->unit = job_result_unit(jr);
        run->input = input;
        (void) g_hash_table_insert(d->runs, jr->id, run);
        return run;
}

static void secret_free_func(void *s) {
        (void) secret_free(s);
}

/* The id in "jobd-run-<id>.service"; NULL when that is not what it is. */
static char *id_of_unit(const char *unit) {
        static const size_t prefix = strlen("jobd-run-");

        if (!g_str_has_prefix(unit, "jobd-run-") || !g_str_has_suffix(unit, ".service"))
                return NULL;
        return g_strndup(unit + prefix, strlen(unit) - prefix - strlen(".service"));
}

Run *dispatcher_find_by_unit(Dispatcher *d, const char *unit) {
        g_autofree char *id = id_of_unit(unit);

        return id ? g_hash_table_lookup(d->runs, id) : NULL;
}

const Secret *dispatcher_find_input(Dispatcher *d, const char *unit, bool *ret_later) {
        Run *run;

        run = dispatcher_find_by_unit(d, unit);
        if (!run)
                return NULL;
        *ret_later = run->object_request;
        if (run->object_request)
                return NULL;
        if (run->input_problem) {
                run_refuse_input(run);
                return NULL;
        }
        if (!run->input && !run->input_lost) {
                /* Its starter has outlived the jobd that knew the input. It must not run without. */
                run->input_lost = true;
                if (unit_stop(d->units, unit, true) < 0)
                        log_error("Cannot stop unit %s, whose input is lost", unit);
        }
        return run->input;
}

const Secret *dispatcher_find_file(Dispatcher *d, const char *unit, const char *variable) {
        Run *run;

        /* Lost with the input: that stops the run. */
        run = dispatcher_find_by_unit(d, unit);
        return run ? input_files_find_secret(d->context.files, run->result->id, variable) : NULL;
}

/* ---- storing ---- */

void dispatcher_announce_change(Dispatcher *d, const JobResult *jr) {
        d->context.hooks->changed(jr, d->context.userdata);
}

static void retry_later(Dispatcher *d) {
        int enabled = SD_EVENT_OFF;

        /* Further failures do not push the next try into the future. */
        if (sd_event_source_get_enabled(d->retry_source, &enabled) > 0)
                return;
        (void) sd_event_source_set_time_relative(d->retry_source, STORE_RETRY_SEC * USEC_PER_SEC);
        (void) sd_event_source_set_enabled(d->retry_source, SD_EVENT_ONESHOT);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        g_autoptr(GPtrArray) runs = NULL;
        Dispatcher *d = userdata;

        runs = hash_table_values(d->runs);
        for (guint i = 0; i < runs->len; i++) {
                Run *run = runs->pdata[i];

                if (run->unsaved && !run->storing)
                        run_store(run);
        }
        dispatcher_pump_later(d);
        return 0;
}

/* The outcome is on the disk: only now the unit may go. */
static void run_done(Run *run) {
        Dispatcher *d = run->dispatcher;

        result_log_finished(run->result);
        input_files_remove(d->context.files, run->result->id);
        if (run->has_unit)
                unit_release(d->units, run->unit, run->left);
        dispatcher_announce_change(d, run->result);
        run_notify(run);
        (void) g_hash_table_remove(d->runs, run->result->id);
        dispatcher_pump_later(d);
}

typedef struct StoringRun {
        Dispatcher *dispatcher;
        char id[UUID_STRING_SIZE];
} StoringRun;

static void on_run_stored(int r, void *userdata) {
        g_autofree StoringRun *s = userdata;
        Run *run;

        run = g_hash_table_lookup(s->dispatcher->runs, s->id);
        if (!run)
                return;
        run->storing = false;
        if (r < 0) {
                run->unsaved = true;
                retry_later(s->dispatcher);
                return;
        }
        if (run->unsaved) { /* it changed again after that update */
                run_store(run);
                return;
        }
        if (run->ended)
                run_done(run);
        else
                dispatcher_announce_change(s->dispatcher, run->result);
}

void run_store(Run *run) {
        Dispatcher *d = run->dispatcher;
        StoringRun *s;
        int r;

        r = run->ended ? run_store_chain(run) : 0;
        if (r >= 0)
                r = store_result_update(d->context.store, run->result);
        if (r < 0) {
                log_event(LOG_ERR, JOBD_MESSAGE_STORE_FAILED_STR, NULL,
                          "Cannot store the state of job result %s, trying again: %s", run->result->id,
                          store_error_text(d->context.store));
                run->unsaved = true;
                retry_later(d);
                return;
        }
        run->unsaved = false;
        if (run->storing) /* the callback of the first update of this batch speaks for both */
                return;
        run->storing = true;
        s = g_new(StoringRun, 1);
        s->dispatcher = d;
        memcpy(s->id, run->result->id, sizeof(s->id));
        store_after_commit(d->context.store, on_run_stored, s);
}

void run_finish(Run *run, JobResultStatus status, JobResultReason reason, const char *message, uint64_t when_usec) {
        int r;

        r = job_result_set_state(run->result, status, reason, message, when_usec > 0 ? when_usec : now_usec());
        if (r < 0) {
                (void) log_error_errno(r, "Job result %s cannot become %s, ignoring: %m", run->result->id,
                                       job_result_status_to_string(status));
                return;
        }
        run->ended = true;
        run->input = secret_free(run->input);
        run_store(run);
}

void run_finish_input_lost(Run *run, uint64_t when_usec) {
        run_finish(run, JOB_RESULT_FAILURE, JOB_RESULT_REASON_INPUT_LOST,
                   "the input is sensitive and so was in memory only; jobd was restarted before the run began: request it "
                   "again",
                   when_usec);
}

void run_finish_files_lost(Run *run, const char *variable) {
        g_autofree char *message = g_strdup_printf("the file for %s is no longer there: request the run again",
                                                   variable);

        run_finish(run, JOB_RESULT_FAILURE, JOB_RESULT_REASON_INPUT_LOST, message, 0);
}

/* ---- the waiting line ---- */

/* After a lost batch the store knows best. */
static void recount_waiting(Dispatcher *d) {
        if (store_result_count_pending(d->context.store, &d->n_waiting) < 0)
                d->n_waiting = 1; /* look again with the next try */
        retry_later(d);
}

void dispatcher_pump_later(Dispatcher *d) {
        if (d->n_waiting > 0)
                (void) sd_event_source_set_enabled(d->pump_source, SD_EVENT_ONESHOT);
}

static bool has_room(const Dispatcher *d) {
        return g_hash_table_size(d->runs) < d->context.run.settings->max_running;
}

Secret *dispatcher_read_input(const Dispatcher *d, const JobResult *jr) {
        g_autofree char *unit = job_result_unit(jr), *files = NULL, *text = NULL;
        g_autoptr(JsonObject) values = NULL;

        if (jr->has_sensitive_variables || !jr->data)
                return NULL;
        files = input_files_directory(d->context.files, jr->id);
        if (!files || json_parse_object(jr->data, strlen(jr->data), VARIABLES_SIZE_MAX, &values, NULL) < 0)
                return secret_new(jr->data);
        input_files_add_paths(d->context.files, jr->id, unit, values);
        text = json_format_object(values);
        return secret_new(text);
}

static void mark_dispatched(Dispatcher *d, JobResult *jr) {
        g_free(jr->boot_id);
        jr->boot_id = g_strdup(d->boot_id);
}

static void on_dispatch_stored(int r, void *userdata) {
        g_autofree StoringRun *s = userdata;
        Dispatcher *d = s->dispatcher;
        Run *run;

        run = g_hash_table_lookup(d->runs, s->id);
        if (!run)
                return;
        run->storing = false;
        if (r >= 0) {
                run_start(run);
                return;
        }

        /* It waits again, as the store says; only its input is ours to keep. */
        if (run->input)
                (void) g_hash_table_insert(d->inputs, g_strdup(s->id), TAKE_PTR(run->input));
        (void) g_hash_table_remove(d->runs, s->id);
        recount_waiting(d);
}

static StoringRun *storing_run_new(Run *run) {
        StoringRun *s;

        run->storing = true;
        s = g_new(StoringRun, 1);
        s->dispatcher = run->dispatcher;
        memcpy(s->id, run->result->id, sizeof(s->id));
        return s;
}

/* Takes the oldest that waits; 1 when there was one. */
static int dispatch_next(Dispatcher *d) {
        _cleanup_(job_result_freep) JobResult *jr = NULL;
        Secret *input = NULL;
        void *key = NULL;
        Run *run;
        int r;

        r = store_result_next_pending(d->context.store, &jr);
        if (r <= 0)
                return r;
        mark_dispatched(d, jr);
        r = store_result_update(d->context.store, jr);
        if (r < 0)
                return r;

        d->n_waiting--;
        if (g_hash_table_steal_extended(d->inputs, jr->id, &key, (void **) &input))
                g_free(key);
        else
                input = dispatcher_read_input(d, jr);
        run = run_new(d, TAKE_PTR(jr), input);
        store_after_commit(d->context.store, on_dispatch_stored, storing_run_new(run));
        return 1;
}

static int on_pump(sd_event_source *source, void *userdata) {
        Dispatcher *d = userdata;
        int r = 1;

        while (r > 0 && d->n_waiting > 0 && has_room(d))
                r = dispatch_next(d);
        if (r < 0) {
                log_event(LOG_ERR, JOBD_MESSAGE_STORE_FAILED_STR, NULL, "Cannot take up runs that wait, trying again: %s",
                          store_error_text(d->context.store));
                retry_later(d);
        } else if (r == 0)
                d->n_waiting = 0;
        return 0;
}

/* ---- requests ---- */

/* A request whose batch was lost was refused: nothing of it may stay. */
static void on_submitted(int r, void *userdata) {
        g_autofree StoringRun *s = userdata;
        Dispatcher *d = s->dispatcher;
        Run *run;

        run = g_hash_table_lookup(d->runs, s->id);
        if (!run)
                return;
        run->storing = false;
        if (r < 0) {
                input_files_remove(d->context.files, s->id);
                (void) g_hash_table_remove(d->runs, s->id);
                return;
        }
        d->context.hooks->added(run->result, d->context.userdata);
        result_log_requested(run->result);
        run_start(run);
}

/* A run that waits, or no longer does, until that is on the disk. */
typedef struct WaitingRequest {
        Dispatcher *dispatcher;
        JobResult *result;
} WaitingRequest;

static void on_waiting_submitted(int r, void *userdata) {
        g_autofree WaitingRequest *w = userdata;
        _cleanup_(job_result_freep) JobResult *jr = w->result;
        Dispatcher *d = w->dispatcher;

        if (r < 0) {
                (void) g_hash_table_remove(d->inputs, jr->id);
                input_files_remove(d->context.files, jr->id);
                recount_waiting(d);
                return;
        }
        d->context.hooks->added(jr, d->context.userdata);
        result_log_requested(jr);
        dispatcher_pump_later(d);
}

static void submit_waiting(Dispatcher *d, PreparedRun *p) {
        WaitingRequest *w;

        /* What can be read from the store again is not kept: 100,000 waiting runs cost no memory. */
        if (p->result->has_sensitive_variables)
                (void) g_hash_table_insert(d->inputs, g_strdup(p->result->id), TAKE_PTR(p->input));
        d->n_waiting++;
        w = g_new(WaitingRequest, 1);
        *w = (WaitingRequest){ d, TAKE_PTR(p->result) };
        store_after_commit(d->context.store, on_waiting_submitted, w);
}

int dispatcher_submit(Dispatcher *d, PreparedRun *p, Refusal *refusal) {
        bool at_once = d->n_waiting == 0 && has_room(d);
        Run *run;
        int r;

        if (!at_once && d->n_waiting >= d->context.run.settings->max_pending) {
                r = refuse(refusal, -E2BIG, BUS_ERROR_TOO_MANY,
                           "%" PRIu64 " runs wait already, no more are taken: see MaxPending= in jobd.conf(5)",
                           d->n_waiting);
                prepared_run_done(p);
                return r;
        }

        if (at_once)
                mark_dispatched(d, p->result);
        r = store_result_insert(d->context.store, p->result);
        if (r < 0) {
                r = refuse_store(refusal, r, store_error_text(d->context.store));
                prepared_run_done(p);
                return r;
        }

        if (at_once) {
                run = run_new(d, TAKE_PTR(p->result), TAKE_PTR(p->input));
                run->class = TAKE_PTR(p->class);
                store_after_commit(d->context.store, on_submitted, storing_run_new(run));
        } else
                submit_waiting(d, p);
        prepared_run_done(p);
        return 0;
}

int dispatcher_get_result(Dispatcher *d, const char *id, JobResult **ret) {
        /* The store is always up to date, the disk one turn of the loop behind it: who must know that something lasts
         * (replies, signals, the start of a unit) waits for the commit. */
        return store_result_get(d->context.store, id, ret);
}

bool dispatcher_is_idle(const Dispatcher *d) {
        return g_hash_table_size(d->runs) == 0 && d->n_waiting == 0;
}

bool dispatcher_has_unread_input(const Dispatcher *d) {
        GHashTableIter i;
        Run *run;

        g_hash_table_iter_init(&i, d->runs);
        while (g_hash_table_iter_next(&i, NULL, (void **) &run))
                if (run->input && run->result->has_sensitive_variables && run->result->status == JOB_RESULT_PENDING)
                        return true;
        return false;
}

void dispatcher_count(const Dispatcher *d, uint64_t *ret_waiting, uint64_t *ret_running) {
        *ret_waiting = d->n_waiting;
        *ret_running = g_hash_table_size(d->runs);
}

/* ---- cancelling ---- */

static int cancel_in_flight(Dispatcher *d, Run *run, const char *by, bool kill, Refusal *refusal) {
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

static void on_waiting_cancelled(int r, void *userdata) {
        g_autofree WaitingRequest *c = userdata;
        _cleanup_(job_result_freep) JobResult *jr = c->result;
        Dispatcher *d = c->dispatcher;

        if (r < 0) {
                recount_waiting(d);
                return;
        }
        (void) g_hash_table_remove(d->inputs, jr->id);
        input_files_remove(d->context.files, jr->id);
        result_log_finished(jr);
        dispatcher_announce_change(d, jr);
        dispatcher_notify_result(d, jr);
}

static int cancel_waiting(Dispatcher *d, JobResult *jr, const char *by, Refusal *refusal) {
        g_autofree char *message = g_strdup_printf("cancelled by %s before it began", by);
        WaitingRequest *c;
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
        if (d->n_waiting > 0)
                d->n_waiting--;
        c = g_new(WaitingRequest, 1);
        *c = (WaitingRequest){ d, jr };
        store_after_commit(d->context.store, on_waiting_cancelled, c);
        return 0;
}

int dispatcher_cancel(Dispatcher *d, const char *id, const char *by, bool kill, Refusal *refusal) {
        _cleanup_(job_result_freep) JobResult *jr = NULL;
        Run *run;
        int r;

        run = g_hash_table_lookup(d->runs, id);
        if (run)
                return cancel_in_flight(d, run, by, kill, refusal);

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

int dispatcher_job_is_in_use(Dispatcher *d, const char *job_id) {
        static const JobResultStatus unfinished[] = { JOB_RESULT_PENDING, JOB_RESULT_STARTED };

        for (size_t i = 0; i < ELEMENTSOF(unfinished); i++) {
                g_autoptr(GPtrArray) results = g_ptr_array_new();
                JobResultFilter filter = {
                        .job_id = job_id, .status = unfinished[i], .requester_uid = -1, .limit = 1,
                };
                bool found;
                int r;

                r = store_result_list(d->context.store, &filter, results);
                if (r < 0)
                        return r;
                found = results->len > 0;
                if (found)
                        (void) job_result_free(results->pdata[0]);
                if (found)
                        return 1;
        }
        return 0;
}

/* ---- making it ---- */

static int add_sources(Dispatcher *d) {
        int r;

        r = sd_event_add_defer(d->context.event, &d->pump_source, on_pump, d);
        if (r >= 0)
                r = sd_event_source_set_enabled(d->pump_source, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_time_relative(d->context.event, &d->retry_source, CLOCK_MONOTONIC, 0, 0, on_retry, d);
        if (r >= 0)
                r = sd_event_source_set_enabled(d->retry_source, SD_EVENT_OFF);
        return r;
}

int dispatcher_new(const DispatcherContext *context, Dispatcher **ret) {
        _cleanup_(dispatcher_freep) Dispatcher *d = NULL;
        sd_id128_t boot_id;
        int r;

        d = g_new0(Dispatcher, 1);
        d->context = *context;
        d->runs = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, run_free_func);
        d->inputs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, secret_free_func);

        r = sd_id128_get_boot(&boot_id);
        if (r < 0)
                return r;
        (void) sd_id128_to_string(boot_id, d->boot_id);
        r = add_sources(d);
        if (r < 0)
                return r;
        r = unit_manager_new(context->event, &dispatcher_unit_callbacks, d, &d->units);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(d);
        return 0;
}

Dispatcher *dispatcher_free(Dispatcher *d) {
        if (!d)
                return NULL;
        (void) unit_manager_free(d->units);
        g_hash_table_unref(d->runs);
        g_hash_table_unref(d->inputs);
        (void) sd_event_source_disable_unref(d->pump_source);
        (void) sd_event_source_disable_unref(d->retry_source);
        (void) sd_event_source_disable_unref(d->report_source);
        g_free(d);
        return NULL;
}
