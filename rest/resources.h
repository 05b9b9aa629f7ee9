/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/* What the routes of route.c lead to: each answers the request, or sees to it that it is answered. */

/* jobs.c */
void jobs_list(Request *r);
void jobs_retrieve(Request *r);
void jobs_change(Request *r);
/* Whether the change is one of that field, too. */
bool jobs_change_has(Request *r, const char *field);
void jobs_delete(Request *r);
void jobs_variables(Request *r);
void jobs_class(Request *r);
void jobs_refresh(Request *r);

/* run.c */
void run_job(Request *r);
/* The key by which the client has named the queue. */
const char *run_queue_key(Request *r);

/* job-results.c */
void job_results_list(Request *r);
void job_results_retrieve(Request *r);
void job_results_delete(Request *r);
void job_results_cancel(Request *r);

/* many-results.c */
void job_results_cancel_many(Request *r);
void job_results_clean(Request *r);

/* outputs.c */
void outputs_list(Request *r);
void outputs_download(Request *r);

/* logs.c */
void logs_list(Request *r);

/* scheduled-jobs.c */
void scheduled_jobs_list(Request *r);
void scheduled_jobs_retrieve(Request *r);
void scheduled_jobs_change(Request *r);
void scheduled_jobs_delete(Request *r);
void scheduled_jobs_approve(Request *r);
void scheduled_jobs_deny(Request *r);
void scheduled_jobs_dry_run(Request *r);
void scheduled_jobs_run_now(Request *r);
void scheduled_jobs_cancel(Request *r);
void scheduled_jobs_take_over(Request *r);
void scheduled_jobs_request(Request *r);

/* job-queues.c */
void job_queues_list(Request *r);
void job_queues_retrieve(Request *r);
void job_queues_create(Request *r);
void job_queues_change(Request *r);
void job_queues_delete(Request *r);

/* objects.c */
void object_models_list(Request *r);
void objects_list(Request *r);
void objects_import(Request *r);

/* schema.c */
void schema_show(Request *r);
void root_show(Request *r);
