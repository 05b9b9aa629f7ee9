/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job.h"
#include "store.h"

/*
 * Who changed which job, in the journal: written when the open batch of the store is on the disk, and not at all when it
 * is lost. Call it after the change was given to the store. field: the overridden field, or NULL.
 */
void audit_job_after_commit(Store *store, const char *message_id, const char *caller, const Job *job,
                            const char *field, const char *format, ...) _printf_(6, 7);

/* A clean-up has ended: so much is gone. */
void audit_results_cleaned(const char *caller, uint64_t n_results, uint64_t n_outputs, uint64_t n_schedules);
/* The same for a job queue. */
void audit_queue_after_commit(Store *store, const char *message_id, const char *caller, const char *queue,
                              const char *format, ...) _printf_(5, 6);
