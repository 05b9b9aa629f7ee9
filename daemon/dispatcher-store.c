/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "dispatcher-internal.h"
#include "json.h"
#include "log.h"
#include "message-ids.h"
#include "now.h"
#include "result-log.h"
#include "store-result.h"

/* Storing what becomes of a run, and what is done once its outcome is on the disk. */

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
