/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "job.h"
#include "settings.h"

/* What ListJobs is asked for. The texts are borrowed from the message. */
typedef struct JobFilter {
        int enabled, installed, hidden; /* -1: any */
        int approval_required, dryrun_default, has_sensitive_variables, singleton, read_only; /* the same */
        int overridden[_JOB_FIELD_MAX]; /* the same */
        uint64_t soft_time_limit_usec, time_limit_usec; /* USEC_INFINITY: any */
        const char *module_name, *job_class_name, *grouping, *name, *queue, *q;
        int latest_result; /* not a filter: each job's is wanted, too */
        uint32_t limit, offset;
} JobFilter;

/* Negative errno, and *error is set. */
int job_filter_read(sd_bus_message *m, JobFilter *ret, sd_bus_error *error) _must_check_;

bool job_filter_matches(const JobFilter *f, const Job *j, const Settings *settings);

/* The same for filters that let the same jobs through. Free with g_free(). */
char *job_filter_to_string(const JobFilter *f);
