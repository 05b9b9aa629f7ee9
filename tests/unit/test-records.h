/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job.h"
#include "job-result.h"
#include "scheduled-job.h"

/* Records with something in every field. */

#define TEST_TIME UINT64_C(1700000000123456)

static inline void test_record_free_job(void *j) {
        (void) job_free(j);
}

static inline void test_record_free_result(void *jr) {
        (void) job_result_free(jr);
}

static inline void test_record_free_scheduled_job(void *sj) {
        (void) scheduled_job_free(sj);
}

static inline void test_job_set_value(Job *j, JobField field, const char *text) {
        g_autofree char *error = NULL;

        g_assert_cmpint(job_field_parse(&j->class_values, field, text, &error), ==, 0);
        if (!job_is_overridden(j, field))
                job_field_copy(&j->effective, &j->class_values, field);
}

static inline void test_job_override(Job *j, JobField field, const char *text) {
        g_autofree char *error = NULL;

        g_assert_cmpint(job_set_override(j, field, text, &error), ==, 0);
        g_assert_cmpstr(error, ==, NULL);
}

static inline Job *test_job_new(const char *module_name, const char *job_class_name, const char *name) {
        Job *j = job_new(module_name, job_class_name);

        test_job_set_value(j, JOB_FIELD_NAME, name);
        test_job_set_value(j, JOB_FIELD_GROUPING, module_name);
        test_job_set_value(j, JOB_FIELD_DESCRIPTION, "Fetches the \"running\" configuration\nund speichert sie: äöü");
        test_job_set_value(j, JOB_FIELD_HIDDEN, "yes");
        test_job_set_value(j, JOB_FIELD_SOFT_TIME_LIMIT, "1min 30s");
        test_job_set_value(j, JOB_FIELD_TASK_QUEUES, "bulk default");
        j->installed = j->enabled = j->read_only = true;
        g_free(j->file);
        j->file = g_strdup("/etc/jobd/jobs/a file.job");
        g_free(j->digest);
        j->digest = g_strdup("0123abcd");
        j->date_created = TEST_TIME;
        j->last_updated = TEST_TIME + 1;
        return j;
}

static inline JobResult *test_result_new(const char *job_id, const char *class_path) {
        JobResult *jr = job_result_new();

        uuid_new(jr->id);
        (void) g_strlcpy(jr->job_id, job_id, sizeof(jr->job_id));
        jr->job_name = g_strdup("Back up a device");
        jr->class_path = g_strdup(class_path);
        jr->requester_uid = 1000;
        jr->requester = g_strdup("alice");
        jr->task_queue = g_strdup("default");
        jr->data = g_strdup("{\"device\":\"r1\"}");
        jr->soft_time_limit_usec = 300 * USEC_PER_SEC;
        jr->time_limit_usec = 600 * USEC_PER_SEC;
        jr->date_created = TEST_TIME;
        return jr;
}

static inline ScheduledJob *test_scheduled_job_new(const char *job_id, const char *class_path, const char *name) {
        ScheduledJob *sj = scheduled_job_new();

        uuid_new(sj->id);
        (void) g_strlcpy(sj->job_id, job_id, sizeof(sj->job_id));
        scheduled_job_set_text(&sj->name, name);
        scheduled_job_set_text(&sj->job_name, "Back up a device");
        scheduled_job_set_text(&sj->class_path, class_path);
        sj->requester_uid = 1000;
        scheduled_job_set_text(&sj->requester, "alice");
        scheduled_job_set_text(&sj->requested_by, "root");
        sj->interval = SCHEDULE_INTERVAL_DAILY;
        scheduled_job_set_text(&sj->time_zone, "Europe/Berlin");
        sj->start_time = TEST_TIME;
        scheduled_job_set_text(&sj->task_queue, "default");
        scheduled_job_set_text(&sj->data, "{\"device\":\"r1\"}");
        scheduled_job_set_text(&sj->sealed, "Whxqht+dQJax1aZeCGLxmiAAAAABAAAA");
        sj->has_sensitive_variables = true;
        sj->state = SCHEDULED_JOB_ACTIVE;
        sj->approval_required = true;
        scheduled_job_set_text(&sj->digest, "0123abcd");
        scheduled_job_set_text(&sj->stages, "[{\"name\":\"first\"}]");
        sj->expires_at = TEST_TIME + 2;
        sj->decided_at = TEST_TIME + 3;
        sj->last_run_at = TEST_TIME + 4;
        sj->next_run_at = TEST_TIME + 5;
        sj->total_run_count = 6;
        scheduled_job_set_text(&sj->last_result_id, "4a05e64e-b1a5-4b0f-8b8e-65a7c2dbb0e5");
        sj->date_created = TEST_TIME;
        sj->date_changed = TEST_TIME + 1;
        return sj;
}
