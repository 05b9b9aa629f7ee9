/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job-result.h"

/*
 * What jobd itself says about a run, in the journal: each line carries the run's fields, so that "journalctl
 * JOB_RESULT_ID=..." and "journalctl -u jobd-run-..." show it among the job's own lines.
 */
void result_log_requested(const JobResult *jr);
/* It is the next attempt of one that has failed. */
void result_log_retry(const JobResult *jr);
void result_log_started(const JobResult *jr);
void result_log_finished(const JobResult *jr);
void result_log_cancel(const JobResult *jr, const char *caller);
void result_log_deleted(const JobResult *jr, const char *caller);
