/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "dispatcher-internal.h"
#include "result-log.h"
#include "store-result.h"

/* Job results of runs that were refused when nobody was there to be told. */

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
