/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "dispatcher-internal.h"
#include "journal.h"
#include "log.h"
#include "now.h"
#include "store-result.h"

/* What the units say: a run has begun, a run has ended; and what an earlier jobd left behind. */

/* ---- begun ---- */

static void on_started(const char *unit, const char *invocation_id, uint64_t when_usec, void *userdata) {
        Dispatcher *d = userdata;
        JobResult *jr;
        Run *run;
        int r;

        run = dispatcher_find_by_unit(d, unit);
        if (!run || run->ended || run->result->status != JOB_RESULT_PENDING)
                return;
        jr = run->result;
        dispatcher_unblock(d, jr->task_queue);
        r = job_result_set_state(jr, JOB_RESULT_STARTED, JOB_RESULT_REASON_NONE, NULL,
                                 when_usec > 0 ? when_usec : now_usec());
        if (r < 0)
                return;
        g_free(jr->invocation_id);
        jr->invocation_id = g_strdup(invocation_id);
        run_store(run);
}

/* ---- ended ---- */

static void run_set_outcome(Run *run, const UnitExit *e) {
        const RunFacts facts = {
                .revoked_by = run->result->revoked_by[0] ? run->result->revoked_by : NULL,
                .failure = run->result->failure,
                .soft_time_limit_usec = run->result->soft_time_limit_usec,
                .time_limit_usec = run->result->time_limit_usec,
        };
        _cleanup_(outcome_done) Outcome o = {};

        if (run->input_refused) {
                run_finish(run, JOB_RESULT_FAILURE, JOB_RESULT_REASON_NOT_RUNNABLE, run->input_problem, run->end_usec);
                return;
        }
        if (run->input_lost) {
                run_finish_input_lost(run, run->end_usec);
                return;
        }
        outcome_from_exit(e, &facts, &o);
        run->result->exit_code = o.exit_code;
        run->result->signal = o.signal;
        if (o.warning)
                job_result_add_warning(run->result, o.warning);
        run_finish(run, o.status, o.reason, o.message, run->end_usec);
}

/* The journal has all lines now: did PID 1's starter fail, or did the program itself exit with such a status? */
static void on_journal_synced(int r, void *userdata) {
        Run *run = userdata;
        g_autofree char *step = NULL, *error = NULL;
        UnitExit e = {
                .result = run->end_result,
                .code = run->end_code,
                .status = run->end_status,
                .was_stopped = run->end_was_stopped,
        };

        run->sync = journal_sync_free(run->sync);
        r = journal_find_start_failure(run->unit, run->end_pid, &step, &error);
        if (r < 0)
                (void) log_warning_errno(r, "Cannot ask the journal how %s ended, ignoring: %m", run->unit);
        e.start_failed = r > 0;
        e.step = step;
        e.start_error = error;
        run_set_outcome(run, &e);
}

static void ask_journal(Run *run, const UnitEnd *end) {
        int r;

        run->end_result = g_strdup(end->result);
        run->end_code = end->code;
        run->end_status = end->status;
        run->end_pid = end->main_pid;
        run->end_was_stopped = end->was_stopped;
        r = journal_sync(run->dispatcher->context.event, on_journal_synced, run, &run->sync);
        if (r < 0)
                on_journal_synced(r, run);
}

/* The unit is not there and nobody told how it ended: stopped or reset by somebody while jobd was away. */
static void run_end_unknown(Run *run) {
        const char *by = run->result->revoked_by;

        if (by[0]) {
                g_autofree char *message = g_strdup_printf("cancelled by %s", by);

                run_finish(run, JOB_RESULT_REVOKED, JOB_RESULT_REASON_REVOKED, message, 0);
        } else
                run_finish(run, JOB_RESULT_FAILURE, JOB_RESULT_REASON_LOST,
                           "the unit of the job was removed while jobd was not running: its outcome is not known", 0);
}

static void on_ended(const char *unit, const UnitEnd *end, void *userdata) {
        Dispatcher *d = userdata;
        UnitExit e = {
                .result = end->result,
                .code = end->code,
                .status = end->status,
                .was_stopped = end->was_stopped,
                .start_failed = end->start_error,
                .start_error = end->start_error,
        };
        Run *run;

        run = dispatcher_find_by_unit(d, unit);
        if (!run || run->ended)
                return;
        if (end->may_start_later && !run->result->revoked_by[0]) {
                run_put_back(run, end->start_error);
                return;
        }
        if (!end->gone && !end->start_error)
                dispatcher_unblock(d, run->result->task_queue);
        run->result->cpu_usage_nsec = end->cpu_usage_nsec;
        run->end_usec = end->ended_usec;
        run->left = end->left;
        if (end->gone) {
                run->has_unit = false;
                run_end_unknown(run);
        } else if (exit_status_may_be_start_failure(end->code, end->status))
                ask_journal(run, end);
        else
                run_set_outcome(run, &e);
}

const UnitCallbacks dispatcher_unit_callbacks = { on_started, on_ended };

/* ---- after a restart ---- */

static bool listed(const GPtrArray *units, const char *name) {
        for (guint i = 0; i < units->len; i++)
                if (strcmp(((const UnitListing *) units->pdata[i])->name, name) == 0)
                        return true;
        return false;
}

/*
 * The run was to be started, and its unit is not there. If systemd never heard of it, it is started now; otherwise it
 * has run, and must not run again.
 */
static void recover_without_unit(Run *run) {
        JobResult *jr = run->result;
        int r;

        if (strcmp(jr->boot_id, run->dispatcher->boot_id) != 0) {
                run_finish(run, JOB_RESULT_FAILURE, JOB_RESULT_REASON_LOST,
                           jr->status == JOB_RESULT_STARTED
                                           ? "the host was restarted while the job ran: its outcome is not known"
                                           : "the host was restarted when the job was about to start: it may have run",
                           0);
                return;
        }
        if (jr->status == JOB_RESULT_STARTED) {
                run_end_unknown(run);
                return;
        }
        r = journal_knows_unit(run->unit);
        if (r < 0)
                (void) log_warning_errno(r, "Cannot ask the journal about %s, ignoring: %m", run->unit);
        if (r > 0)
                run_end_unknown(run);
        else
                run_start(run);
}

static void recover_run(Dispatcher *d, JobResult *jr, const GPtrArray *units) {
        Secret *input = dispatcher_read_input(d, jr);
        Run *run = run_new(d, jr, input);
        int r;

        queue_order_add_running(d->order, jr->task_queue, jr->requester_uid);

        if (!listed(units, run->unit)) {
                recover_without_unit(run);
                return;
        }
        run->has_unit = true;
        run_recount_log(run);
        r = unit_adopt(d->units, run->unit);
        /* A cancel that was acknowledged is carried out, also if its jobd was killed before it asked for the stop. */
        if (r >= 0 && jr->revoked_by[0])
                r = unit_stop(d->units, run->unit, false);
        if (r < 0)
                (void) log_error_errno(r, "Cannot watch unit %s: %m", run->unit);
        if (run->result->status == JOB_RESULT_PENDING)
                run_recover_objects(run);
}

/* Units whose outcome is stored, but which an earlier jobd was killed before it could release. */
static void release_leftovers(Dispatcher *d, const GPtrArray *units) {
        for (guint i = 0; i < units->len; i++) {
                const UnitListing *l = units->pdata[i];

                if (dispatcher_find_by_unit(d, l->name))
                        continue;
                if (l->ended)
                        unit_release(d->units, l->name, UNIT_LEFT_UNKNOWN);
                else
                        log_warning("Unit %s runs, but there is no unfinished job result for it, leaving it alone",
                                    l->name);
        }
}

int dispatcher_recover(Dispatcher *d) {
        g_autoptr(GPtrArray) units = NULL, results = g_ptr_array_new();
        int r;

        r = unit_list_runs(d->units, &units);
        if (r < 0)
                return log_error_errno(r, "Cannot ask systemd for the units of runs: %m");
        r = store_result_list_active(d->context.store, results);
        if (r >= 0)
                r = dispatcher_count_waiting(d);
        if (r < 0)
                return log_error_errno(r, "Cannot read unfinished job results: %s", store_error_text(d->context.store));

        for (guint i = 0; i < results->len; i++)
                recover_run(d, results->pdata[i], units);
        release_leftovers(d, units);
        dispatcher_set_due(d);
        dispatcher_jobs_changed(d);
        dispatcher_pump_later(d);
        return 0;
}
