/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "dispatcher-internal.h"
#include "result-log.h"
#include "store-result.h"

/* What nobody was there to be told: job results of runs that were refused, and warnings of those that have ended. */

typedef struct Record {
        Dispatcher *dispatcher;
        JobResult *result;
} Record;

static void on_recorded(int r, void *userdata) {
        g_autofree Record *record = userdata;
        _cleanup_(job_result_freep) JobResult *jr = record->result;

        if (r < 0)
                return;
        record->dispatcher->context.hooks->added(jr, record->dispatcher->context.userdata);
        result_log_finished(jr);
}

int dispatcher_record(Dispatcher *d, JobResult *jr) {
        Record *record;
        int r;

        r = store_result_insert(d->context.store, jr);
        if (r < 0) {
                (void) job_result_free(jr);
                return r;
        }
        record = g_new(Record, 1);
        *record = (Record){ d, jr };
        store_after_commit(d->context.store, on_recorded, record);
        return 0;
}

/* ---- afterwards ---- */

static void on_warning_stored(int r, void *userdata) {
        g_autofree Record *record = userdata;
        _cleanup_(job_result_freep) JobResult *jr = record->result;

        if (r >= 0)
                dispatcher_announce_change(record->dispatcher, jr);
}

int dispatcher_add_warning(Dispatcher *d, const char *id, const char *warning) {
        JobResult *jr = NULL;
        Record *record;
        int r;

        r = store_result_get(d->context.store, id, &jr);
        if (r <= 0)
                return r;
        job_result_add_warning(jr, warning);
        r = store_result_update(d->context.store, jr);
        if (r < 0) {
                (void) job_result_free(jr);
                return r;
        }
        record = g_new(Record, 1);
        *record = (Record){ d, jr };
        store_after_commit(d->context.store, on_warning_stored, record);
        return 0;
}
