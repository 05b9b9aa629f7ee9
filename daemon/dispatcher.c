/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <systemd/sd-id128.h>

#include "dispatcher-internal.h"
#include "hash-table.h"
#include "json.h"
#include "log.h"
#include "store-result.h"
#include "variable.h"

/* The runs in flight, their inputs, and making it all. What is done with runs is in dispatcher-*.c. */

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

/* ---- telling, and trying again ---- */

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

/* ---- asking ---- */

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
