/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "job-class.h"
#include "refusal.h"
#include "registry.h"
#include "settings.h"

/*
 * Deletes job results that are too old or too many, and scheduled jobs that were over for as long (reference, row L10):
 * never one that has not ended, or that will be tried again, or on which a run will follow that was not requested yet. It
 * goes on in small steps, a transaction each, when the loop has nothing else to do, so that a million of old ones delay nobody;
 * killed in between, what is done is done, and the next clean-up goes on.
 */
typedef struct Cleaner Cleaner;

typedef struct CleanerContext {
        sd_event *event;
        Store *store;
        Registry *registry;
        const Settings *settings;
        const JobClassLoader *loader;
        const char *const *roots;
        void (*removed)(const char *result_id, void *userdata); /* this one is gone, which is on the disk */
        void (*schedule_removed)(const char *scheduled_job_id, void *userdata);
        void *userdata;
} CleanerContext;

/* To be freed after store_flush(). */
Cleaner *cleaner_new(const CleanerContext *context);
Cleaner *cleaner_free(Cleaner *c);
DEFINE_CLEANUP(Cleaner *, cleaner_free);

typedef struct CleanOptions {
        uint64_t max_age_usec; /* since they ended; 0: all; RESULT_MAX_UNSET: as the job's class says, or jobd.conf */
        uint64_t max_count;    /* of each job, the newest, 1 or more; RESULT_MAX_UNSET: the same */
        const char *job_id;    /* NULL: of all jobs, deleted ones too, which have no number */
        bool dry_run;          /* only count */
} CleanOptions;

typedef struct CleanCounts {
        uint64_t job_results;
        uint64_t output_files;
        uint64_t scheduled_jobs;
} CleanCounts;

/* refusal NULL: done. Otherwise counts says what was deleted until then. */
typedef void (*CleanDone)(const CleanCounts *counts, Refusal *refusal, void *userdata);

/* The callback comes once, later. -EBUSY and the refusal: one clean-up at a time. */
int cleaner_start(Cleaner *c, const CleanOptions *options, CleanDone done, void *userdata, Refusal *refusal)
                _must_check_;

/* Ends a clean-up that is in progress, after the step that is on its way to the disk. */
void cleaner_stop(Cleaner *c);

bool cleaner_is_idle(const Cleaner *c);
