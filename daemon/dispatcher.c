/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
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

/* Requests and storing. What waits is in dispatcher-queue.c; starting in dispatcher-start.c, ending in dispatcher-end.c. */

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
        (void) secret_free(run->retry_input);
        (void) job_result_free(run->retry);
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

void dispatcher_forget_run(Run *run) {
        Dispatcher *d = run->dispatcher;

        queue_order_remove_running(d->order, run->result->task_queue, run->result->requester_uid);
        (void) g_hash_table_remove(d->runs, run->result->id);
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

/* ---- storing ---- */

void dispatcher_announce_change(Dispatcher *d, const JobResult *jr) {
        d->context.hooks->changed(jr, d->context.userdata);
}

void dispatcher_retry_later(Dispatcher *d) {
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
        dispatcher_set_due(d);
        dispatcher_jobs_changed(d);
        dispatcher_pump_later(d);
        return 0;
}

/* Where its sensitive files are has the name of the unit in it. Takes the input over. */
static Secret *input_of_retry(const Dispatcher *d, const JobResult *retry, Secret *input) {
        g_auto(GStrv) secret_files = input_files_list_secrets(d->context.files, retry->id);
        g_autofree char *unit = job_result_unit(retry), *text = NULL;
        g_autoptr(JsonObject) values = NULL;

        if (!secret_files[0] ||
            json_parse_object(secret_bytes(input), secret_size(input), SIZE_MAX, &values, NULL) < 0)
                return input;
        input_files_add_paths(d->context.files, retry->id, unit, values);
        (void) secret_free(input);
        text = json_format_object(values);
        input = secret_new(text);
        explicit_bzero(text, strlen(text));
        return input;
}

/* The next attempt is on the disk, with the outcome of this one. */
static void hand_on_to_retry(Run *run) {
        _cleanup_(job_result_freep) JobResult *retry = TAKE_PTR(run->retry);
        Dispatcher *d = run->dispatcher;
        Secret *input = run->retry_input ? TAKE_PTR(run->retry_input) : TAKE_PTR(run->input);

        if (retry->has_sensitive_variables && input)
                input = input_of_retry(d, retry, input);
        if (retry->has_sensitive_variables && input)
                dispatcher_hold_input(d, retry, input);
        else
                (void) secret_free(input);
        dispatcher_add_waiting(d, retry);
        d->context.hooks->added(retry, d->context.userdata);
        result_log_retry(retry);
        dispatcher_set_due(d);
}

/* The outcome is on the disk: only now the unit may go. */
static void run_done(Run *run) {
        Dispatcher *d = run->dispatcher;
        char job_id[UUID_STRING_SIZE];

        memcpy(job_id, run->result->job_id, sizeof(job_id));
        result_log_finished(run->result);
        input_files_remove(d->context.files, run->result->id);
        if (run->has_unit)
                unit_release(d->units, run->unit, run->left);
        if (run->retry)
                hand_on_to_retry(run);
        dispatcher_announce_change(d, run->result);
        if (!run->result->retried_by[0])
                run_notify(run);
        dispatcher_forget_run(run);
        dispatcher_singleton_ended(d, job_id);
        dispatcher_pump_later(d);
}

static void on_run_stored(int r, void *userdata) {
        g_autofree StoringRun *s = userdata;
        Run *run;

        run = g_hash_table_lookup(s->dispatcher->runs, s->id);
        if (!run)
                return;
        run->storing = false;
        if (r < 0) {
                run->unsaved = true;
                dispatcher_retry_later(s->dispatcher);
                return;
        }
        if (run->unsaved) { /* it changed again after that update */
                run_store(run);
                return;
        }
        if (run->ended)
                run_done(run);
        else if (run->put_back && run->result->revoked_by[0])
                run_start(run); /* which ends it */
        else if (run->put_back)
                run_back_in_line(run);
        else
                dispatcher_announce_change(s->dispatcher, run->result);
}

/*
 * The outcome, the next attempt and what else it asks for, in one transaction: none is lost, none is there twice. The
 * next attempt has the files, too; of this one they are removed when the outcome is on the disk.
 */
static int store_outcome(Run *run) {
        const DispatcherContext *c = &run->dispatcher->context;
        int r;

        if (run->retry && !run->retry_has_files) {
                r = input_files_link(c->files, run->result->id, run->retry->id);
                if (r < 0) /* it will end for that, and say so */
                        (void) log_warning_errno(r, "Cannot hand the files of job result %s on to job result %s: %m",
                                                 run->result->id, run->retry->id);
                run->retry_has_files = true;
        }
        r = store_nested_begin(c->store);
        if (r < 0)
                return r;
        r = run_store_chain(run);
        if (r >= 0)
                r = store_result_update(c->store, run->result);
        if (r >= 0 && run->retry)
                r = store_result_insert(c->store, run->retry);
        return store_nested_end(c->store, r);
}

void run_store(Run *run) {
        Dispatcher *d = run->dispatcher;
        StoringRun *s;
        int r;

        r = run->ended ? store_outcome(run) : store_result_update(d->context.store, run->result);
        if (r < 0) {
                log_event(LOG_ERR, JOBD_MESSAGE_STORE_FAILED_STR, NULL,
                          "Cannot store the state of job result %s, trying again: %s", run->result->id,
                          store_error_text(d->context.store));
                run->unsaved = true;
                dispatcher_retry_later(d);
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
        run->retry = job_result_new_retry(run->result, run->result->date_done + run->result->retry_delay_usec);
        if (!run->retry)
                run->input = secret_free(run->input);
        run_store(run);
}

void run_finish_input_lost(Run *run, uint64_t when_usec) {
        run_finish(run, JOB_RESULT_FAILURE, JOB_RESULT_REASON_INPUT_LOST,
                   "the input is sensitive and so was in memory only; jobd was restarted before the run began: request it "
                   "again",
                   when_usec);
}

StoringRun *storing_run_new(Run *run) {
        StoringRun *s;

        run->storing = true;
        s = g_new(StoringRun, 1);
        s->dispatcher = run->dispatcher;
        memcpy(s->id, run->result->id, sizeof(s->id));
        return s;
}

void run_finish_files_lost(Run *run, const char *variable) {
        g_autofree char *message = g_strdup_printf("the file for %s is no longer there: request the run again",
                                                   variable);

        run_finish(run, JOB_RESULT_FAILURE, JOB_RESULT_REASON_INPUT_LOST, message, 0);
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
                dispatcher_forget_run(run);
                return;
        }
        d->context.hooks->added(run->result, d->context.userdata);
        result_log_requested(run->result);
        dispatcher_singleton_requested(d, run->result);
        run_start(run);
}

/* A run that waits, until that is on the disk. */
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
                dispatcher_recount_later(d);
                return;
        }
        d->context.hooks->added(jr, d->context.userdata);
        result_log_requested(jr);
        if (jr->waits_for == JOB_RESULT_WAITS_FOR_TIME)
                dispatcher_set_due(d);
        dispatcher_singleton_requested(d, jr);
        dispatcher_pump_later(d);
}

static void submit_waiting(Dispatcher *d, PreparedRun *p) {
        WaitingRequest *w;

        /* What can be read from the store again is not kept: 100,000 waiting runs cost no memory. */
        if (p->result->has_sensitive_variables)
                dispatcher_hold_input(d, p->result, TAKE_PTR(p->input));
        dispatcher_add_waiting(d, p->result);
        w = g_new(WaitingRequest, 1);
        *w = (WaitingRequest){ d, TAKE_PTR(p->result) };
        store_after_commit(d->context.store, on_waiting_submitted, w);
}

static void submit_at_once(Dispatcher *d, PreparedRun *p) {
        Run *run;

        queue_order_take(d->order, p->result->task_queue, p->result->requester_uid);
        run = run_new(d, TAKE_PTR(p->result), TAKE_PTR(p->input));
        run->class = TAKE_PTR(p->class);
        store_after_commit(d->context.store, on_submitted, storing_run_new(run));
}

/* Nothing that waits has a better claim. */
static bool may_start_at_once(Dispatcher *d, const JobResult *jr) {
        const char *queue;
        uint32_t uid;

        return jr->waits_for == JOB_RESULT_WAITS_IN_LINE && dispatcher_has_room(d) && !d->must_recount &&
               queue_order_has_room(d->order, jr->task_queue) && !queue_order_next(d->order, &queue, &uid);
}

/* The reference's first words (row X2), ours for the reason. */
static int check_available(Dispatcher *d, const PreparedRun *p, Refusal *refusal) {
        const JobResult *jr = p->result;
        const JobQueue *q = job_queues_find_by_name(d->context.queues, jr->task_queue);
        const char *why = dispatcher_blocked_why(d, jr->task_queue);

        if (q && q->when_unavailable == JOB_QUEUE_REFUSE && !q->enabled)
                return refuse(refusal, -EBUSY, BUS_ERROR_QUEUE_UNAVAILABLE,
                              "Unable to process request: job queue %s is disabled and refuses runs until it is enabled "
                              "by \"jobctl queue set %s enabled=yes\"",
                              q->name, q->name);
        if (q && q->when_unavailable == JOB_QUEUE_REFUSE && why)
                return refuse(refusal, -EBUSY, BUS_ERROR_QUEUE_UNAVAILABLE,
                              "Unable to process request: systemd does not start the runs of job queue %s: %s",
                              q->name, why);
        if (q && q->when_unavailable == JOB_QUEUE_REFUSE && q->max_pending > 0 &&
            dispatcher_count_waiting_in(d, q->name) >= q->max_pending)
                return refuse(refusal, -EBUSY, BUS_ERROR_QUEUE_UNAVAILABLE,
                              "Unable to process request: job queue %s is full, %" PRIu64 " runs wait in it already "
                              "(its max_pending is %" PRIu32 "): try again later",
                              q->name, dispatcher_count_waiting_in(d, q->name), q->max_pending);
        return dispatcher_check_share(d, p, refusal);
}

static int store_request(Dispatcher *d, JobResult *jr, Refusal *refusal) {
        int r;

        r = job_queues_ensure(d->context.queues, jr->task_queue, now_usec());
        if (r == -E2BIG)
                return refuse(refusal, r, BUS_ERROR_TOO_MANY,
                              "there is no job queue %s, and no more than %i can be made", jr->task_queue,
                              JOB_QUEUES_MAX);
        if (r >= 0 && jr->boot_id[0])
                dispatcher_note_slice(d, jr->task_queue);
        if (r >= 0)
                r = store_result_insert(d->context.store, jr);
        return r < 0 ? refuse_store(refusal, r, store_error_text(d->context.store)) : 0;
}

int dispatcher_submit(Dispatcher *d, PreparedRun *p, Refusal *refusal) {
        bool at_once;
        int r = 0;

        if (p->result->not_before > now_usec())
                p->result->waits_for = JOB_RESULT_WAITS_FOR_TIME;
        else if (dispatcher_singleton_joins_others(d, p->result))
                p->result->waits_for = JOB_RESULT_WAITS_FOR_SINGLETON;
        at_once = may_start_at_once(d, p->result);
        if (at_once)
                dispatcher_mark(d, p->result);
        else
                r = check_available(d, p, refusal);
        if (r >= 0)
                r = store_request(d, p->result, refusal);
        if (r >= 0 && at_once)
                submit_at_once(d, p);
        else if (r >= 0)
                submit_waiting(d, p);
        prepared_run_done(p);
        return r;
}

int dispatcher_get_result(Dispatcher *d, const char *id, JobResult **ret) {
        /* The store is always up to date, the disk one turn of the loop behind it: who must know that something lasts
         * (replies, signals, the start of a unit) waits for the commit. */
        return store_result_get(d->context.store, id, ret);
}

/* A run in flight is waited for: its end makes room for others, and there may be nobody else to tell us of it. */
bool dispatcher_is_idle(const Dispatcher *d) {
        return g_hash_table_size(d->runs) == 0 && dispatcher_can_leave_waiting(d);
}

static bool has_unread_input(const Run *run) {
        return run->input && run->result->has_sensitive_variables && run->result->status == JOB_RESULT_PENDING;
}

void dispatcher_leave(Dispatcher *d) {
        dispatcher_flush_reports(d);
        unit_manager_read_all(d->units);
}

bool dispatcher_may_leave(const Dispatcher *d) {
        GHashTableIter i;
        Run *run;

        g_hash_table_iter_init(&i, d->runs);
        while (g_hash_table_iter_next(&i, NULL, (void **) &run))
                if (has_unread_input(run) || run->sync)
                        return false;
        return unit_manager_is_settled(d->units);
}

void dispatcher_count(const Dispatcher *d, uint64_t *ret_waiting, uint64_t *ret_running) {
        *ret_waiting = queue_order_count_all_waiting(d->order);
        *ret_running = g_hash_table_size(d->runs);
}

uint64_t dispatcher_count_waiting_in(const Dispatcher *d, const char *queue) {
        return queue_order_count_waiting(d->order, queue) + queue_order_count_aside(d->order, queue);
}

uint64_t dispatcher_count_running_in(const Dispatcher *d, const char *queue) {
        return queue_order_count_running(d->order, queue);
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

        r = sd_event_add_time_relative(d->context.event, &d->retry_source, CLOCK_MONOTONIC, 0, 0, on_retry, d);
        if (r >= 0)
                r = sd_event_source_set_enabled(d->retry_source, SD_EVENT_OFF);
        return r < 0 ? r : dispatcher_queue_init(d);
}

int dispatcher_new(const DispatcherContext *context, Dispatcher **ret) {
        _cleanup_(dispatcher_freep) Dispatcher *d = NULL;
        sd_id128_t boot_id;
        int r;

        d = g_new0(Dispatcher, 1);
        d->context = *context;
        d->runs = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, run_free_func);
        dispatcher_share_init(d);

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
        dispatcher_share_done(d);
        dispatcher_queue_done(d);
        dispatcher_cancel_done(d);
        (void) sd_event_source_disable_unref(d->retry_source);
        (void) sd_event_source_disable_unref(d->report_source);
        g_free(d);
        return NULL;
}
