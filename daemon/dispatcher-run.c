/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "dispatcher-internal.h"
#include "journal-count.h"
#include "log.h"

/* What runs say about themselves while they last: their job results are changed in memory, and stored now and then. */

/* Counters and progress change often: what they cost the disk shall not depend on how much a job has to say. */
#define REPORT_USEC (200 * USEC_PER_MSEC)

static Run *find_speaker(Dispatcher *d, const char *id) {
        Run *run;

        run = g_hash_table_lookup(d->runs, id);
        /* end_result: its unit has ended, and only why is still being asked. */
        return run && !run->ended && !run->end_result ? run : NULL;
}

JobResult *dispatcher_find_speaker(Dispatcher *d, const char *id) {
        Run *run = find_speaker(d, id);

        return run ? run->result : NULL;
}

JobResult *dispatcher_find_speaker_by_unit(Dispatcher *d, const char *unit) {
        Run *run = dispatcher_find_by_unit(d, unit);

        return run ? dispatcher_find_speaker(d, run->result->id) : NULL;
}

void dispatcher_flush_reports(Dispatcher *d) {
        GHashTableIter i;
        Run *run;

        g_hash_table_iter_init(&i, d->runs);
        while (g_hash_table_iter_next(&i, NULL, (void **) &run)) {
                if (!run->reported)
                        continue;
                run->reported = false;
                if (!run->ended) /* otherwise it is stored with the outcome */
                        run_store(run);
        }
}

static int on_report(sd_event_source *source, uint64_t usec, void *userdata) {
        dispatcher_flush_reports(userdata);
        return 0;
}

static int arm_report(Dispatcher *d) {
        int enabled, r;

        if (!d->report_source)
                return sd_event_add_time_relative(d->context.event, &d->report_source, CLOCK_MONOTONIC, REPORT_USEC, 0,
                                                  on_report, d);
        r = sd_event_source_get_enabled(d->report_source, &enabled);
        if (r < 0 || enabled != SD_EVENT_OFF)
                return r;
        r = sd_event_source_set_time_relative(d->report_source, REPORT_USEC);
        return r < 0 ? r : sd_event_source_set_enabled(d->report_source, SD_EVENT_ONESHOT);
}

void dispatcher_report_later(Dispatcher *d, const char *id) {
        Run *run = find_speaker(d, id);
        int r;

        if (!run)
                return;
        run->reported = true;
        r = arm_report(d);
        if (r < 0) {
                (void) log_warning_errno(r, "Cannot set a timer, storing at once: %m");
                dispatcher_flush_reports(d);
        }
}

int dispatcher_report_now(Dispatcher *d, const char *id) {
        Run *run = find_speaker(d, id);

        if (!run)
                return -ESHUTDOWN;
        run->reported = false;
        run_store(run);
        return run->unsaved ? -EIO : 0;
}

/* An earlier jobd may have been killed between writing an entry and storing that there is one more. */
void run_recount_log(Run *run) {
        uint32_t counts[_LOG_LEVEL_MAX];
        bool changed = false;
        int r;

        r = journal_count_levels(run->result->id, counts);
        if (r < 0) {
                (void) log_warning_errno(r, "Cannot count the log entries of %s, ignoring: %m", run->unit);
                return;
        }
        for (LogLevel level = 0; level < _LOG_LEVEL_MAX; level++)
                if (counts[level] > run->result->log_counts[level]) {
                        run->result->log_counts[level] = counts[level];
                        changed = true;
                }
        if (changed)
                dispatcher_report_later(run->dispatcher, run->result->id);
}
