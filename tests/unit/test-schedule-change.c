/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "schedule-change.h"
#include "test-records.h"

/* What users may change of a scheduled job: in which state, and what it does to the approvals. */

#define NOW UINT64_C(1700000000000000)
#define HOUR (3600 * USEC_PER_SEC)

typedef struct Fixture {
        Job *job;
        ScheduledJob *sj;
        Refusal refusal;
        bool voids;
} Fixture;

static void setup(Fixture *f, const void *unused) {
        f->job = test_job_new("a", "B", "B");
        f->sj = test_scheduled_job_new(f->job->id, "a.B", "nightly");
        f->sj->approval_required = false;
        f->sj->start_time = NOW - 10 * HOUR;
        f->sj->date_created = NOW - 20 * HOUR;
        f->sj->expires_at = 0;
        scheduled_job_set_text(&f->sj->sealed, NULL);
}

static void teardown(Fixture *f, const void *unused) {
        f->job = job_free(f->job);
        f->sj = scheduled_job_free(f->sj);
        refusal_done(&f->refusal);
}

static void assert_refused(Fixture *f, int r, const char *name, const char *part) {
        g_assert_cmpint(r, <, 0);
        g_assert_cmpstr(f->refusal.name, ==, name);
        g_assert_nonnull(strstr(f->refusal.message, part));
}

static void test_pause(Fixture *f, const void *unused) {
        g_assert_cmpint(schedule_change_enabled(f->sj, true, f->job, NOW, &f->refusal), ==, 0);
        g_assert_cmpint(schedule_change_enabled(f->sj, false, f->job, NOW, &f->refusal), ==, 1);
        g_assert_cmpint(f->sj->state, ==, SCHEDULED_JOB_PAUSED);
        g_assert_cmpuint(f->sj->next_run_at, ==, 0);
        g_assert_cmpuint(f->sj->last_run_at, !=, 0);
        g_assert_cmpint(schedule_change_enabled(f->sj, false, f->job, NOW, &f->refusal), ==, 0);
        g_assert_cmpint(schedule_change_enabled(f->sj, true, f->job, NOW, &f->refusal), ==, 1);
        g_assert_cmpint(f->sj->state, ==, SCHEDULED_JOB_ACTIVE);
        g_assert_cmpuint(f->sj->next_run_at, >, NOW);
        g_assert_cmpuint(f->sj->next_run_at, <=, NOW + 24 * HOUR);
}

static void test_resume_without_job(Fixture *f, const void *unused) {
        f->sj->state = SCHEDULED_JOB_PAUSED;
        assert_refused(f, schedule_change_enabled(f->sj, true, NULL, NOW, &f->refusal), BUS_ERROR_WRONG_STATE,
                       "deleted");
        f->job->enabled = false;
        assert_refused(f, schedule_change_enabled(f->sj, true, f->job, NOW, &f->refusal), BUS_ERROR_JOB_NOT_ENABLED,
                       "jobctl enable");
        f->job->installed = false;
        assert_refused(f, schedule_change_enabled(f->sj, true, f->job, NOW, &f->refusal), BUS_ERROR_JOB_NOT_INSTALLED,
                       "installed");
        g_assert_cmpint(f->sj->state, ==, SCHEDULED_JOB_PAUSED);
}

/* What runs once and was to start while it was paused has to be given a new time. */
static void test_resume_one_off(Fixture *f, const void *unused) {
        f->sj->state = SCHEDULED_JOB_PAUSED;
        f->sj->interval = SCHEDULE_INTERVAL_FUTURE;
        assert_refused(f, schedule_change_enabled(f->sj, true, f->job, NOW, &f->refusal), BUS_ERROR_WRONG_STATE,
                       "start_time");
        f->sj->start_time = NOW + HOUR;
        g_assert_cmpint(schedule_change_enabled(f->sj, true, f->job, NOW, &f->refusal), ==, 1);
        g_assert_cmpuint(f->sj->next_run_at, ==, NOW + HOUR);
}

/* Nobody gets round an approval by pausing, resuming or taking over. */
static void test_pending(Fixture *f, const void *unused) {
        f->sj->state = SCHEDULED_JOB_PENDING;
        f->sj->approval_required = true;
        assert_refused(f, schedule_change_enabled(f->sj, true, f->job, NOW, &f->refusal), BUS_ERROR_WRONG_STATE,
                       "approval");
        assert_refused(f, schedule_change_enabled(f->sj, false, f->job, NOW, &f->refusal), BUS_ERROR_WRONG_STATE,
                       "approval");
        g_assert_cmpint(schedule_change_take_over(f->sj, f->job, 7, "bob", NOW, &f->voids, &f->refusal), ==, 0);
        g_assert_true(f->voids);
        g_assert_cmpint(f->sj->state, ==, SCHEDULED_JOB_PENDING);
}

/* Reference, row S9. */
static void test_take_over(Fixture *f, const void *unused) {
        f->sj->state = SCHEDULED_JOB_ERRORED;
        g_assert_cmpint(schedule_change_take_over(f->sj, f->job, 7, "bob", NOW, &f->voids, &f->refusal), ==, 0);
        g_assert_false(f->voids);
        g_assert_cmpint(f->sj->state, ==, SCHEDULED_JOB_ACTIVE);
        g_assert_cmpuint(f->sj->requester_uid, ==, 7);
        g_assert_cmpstr(f->sj->requester, ==, "bob");
        g_assert_cmpstr(f->sj->requested_by, ==, "");
        g_assert_cmpuint(f->sj->next_run_at, >, NOW);
        assert_refused(f, schedule_change_take_over(f->sj, f->job, 7, "bob", NOW, &f->voids, &f->refusal),
                       BUS_ERROR_WRONG_STATE, "You already own scheduled job 'nightly'.");

        f->sj->state = SCHEDULED_JOB_PAUSED;
        g_assert_cmpint(schedule_change_take_over(f->sj, f->job, 8, "carol", NOW, &f->voids, &f->refusal), ==, 0);
        g_assert_cmpint(f->sj->state, ==, SCHEDULED_JOB_PAUSED);
}

static void test_take_over_sealed(Fixture *f, const void *unused) {
        scheduled_job_set_text(&f->sj->sealed, "ciphertext");
        assert_refused(f, schedule_change_take_over(f->sj, f->job, 7, "bob", NOW, &f->voids, &f->refusal),
                       SD_BUS_ERROR_ACCESS_DENIED, "only root may take it over");
        g_assert_cmpuint(f->sj->requester_uid, !=, 7);
        g_assert_cmpint(schedule_change_take_over(f->sj, f->job, 0, "root", NOW, &f->voids, &f->refusal), ==, 0);
        g_assert_cmpuint(f->sj->requester_uid, ==, 0);
}

/* Who has approved it could be the one who takes it over. */
static void test_take_over_voids(Fixture *f, const void *unused) {
        f->sj->approval_required = true;
        f->sj->expires_at = f->sj->date_created + HOUR;
        g_assert_cmpint(schedule_change_take_over(f->sj, f->job, 7, "bob", NOW, &f->voids, &f->refusal), ==, 0);
        g_assert_true(f->voids);
        g_assert_cmpint(f->sj->state, ==, SCHEDULED_JOB_PENDING);
        g_assert_cmpuint(f->sj->expires_at, ==, NOW + HOUR);
        g_assert_cmpuint(f->sj->decided_at, ==, 0);
}

static void test_final(Fixture *f, const void *unused) {
        static const ScheduledJobState states[] = { SCHEDULED_JOB_DENIED, SCHEDULED_JOB_CANCELED,
                                                    SCHEDULED_JOB_EXPIRED, SCHEDULED_JOB_COMPLETED };
        const ScheduleUpdate update = { .schedule = { .missed = "all" } };

        for (size_t i = 0; i < ELEMENTSOF(states); i++) {
                f->sj->state = states[i];
                assert_refused(f, schedule_change_enabled(f->sj, true, f->job, NOW, &f->refusal),
                               BUS_ERROR_WRONG_STATE, scheduled_job_state_to_string(states[i]));
                assert_refused(f, schedule_change_take_over(f->sj, f->job, 7, "bob", NOW, &f->voids, &f->refusal),
                               BUS_ERROR_WRONG_STATE, scheduled_job_state_to_string(states[i]));
                assert_refused(f, schedule_change_settings(f->sj, &update, NOW, &f->voids, &f->refusal),
                               BUS_ERROR_WRONG_STATE, scheduled_job_state_to_string(states[i]));
                assert_refused(f, schedule_change_cancel(f->sj, "bob", NOW, &f->refusal), BUS_ERROR_WRONG_STATE,
                               scheduled_job_state_to_string(states[i]));
        }
}

/* A start that was given long ago need not lie ahead; one that is given now must. */
static void test_settings(Fixture *f, const void *unused) {
        ScheduleUpdate update = { .schedule = { .name = "renamed" } };

        g_assert_cmpint(schedule_change_settings(f->sj, &update, NOW, &f->voids, &f->refusal), ==, 0);
        g_assert_cmpstr(f->sj->name, ==, "renamed");
        g_assert_cmpuint(f->sj->next_run_at, ==, TEST_TIME + 5);

        update = (ScheduleUpdate){ .schedule = { .interval = "hourly" } };
        g_assert_cmpint(schedule_change_settings(f->sj, &update, NOW, &f->voids, &f->refusal), ==, 0);
        g_assert_cmpuint(f->sj->next_run_at, >, NOW);
        g_assert_cmpuint(f->sj->next_run_at, <=, NOW + HOUR);

        update = (ScheduleUpdate){ .schedule = { .start_time = NOW - HOUR } };
        assert_refused(f, schedule_change_settings(f->sj, &update, NOW, &f->voids, &f->refusal),
                       BUS_ERROR_INVALID_SCHEDULE, "start_time");
        update = (ScheduleUpdate){ .schedule = { .interval = "future" } };
        assert_refused(f, schedule_change_settings(f->sj, &update, NOW, &f->voids, &f->refusal),
                       BUS_ERROR_INVALID_SCHEDULE, "start_time");
        update = (ScheduleUpdate){ .schedule = { .interval = "immediately" } };
        assert_refused(f, schedule_change_settings(f->sj, &update, NOW, &f->voids, &f->refusal),
                       BUS_ERROR_INVALID_SCHEDULE, "interval");
        g_assert_cmpint(f->sj->interval, ==, SCHEDULE_INTERVAL_HOURLY);
}

static void test_settings_void(Fixture *f, const void *unused) {
        ScheduleUpdate update = { .schedule = { .name = "renamed" } };

        f->sj->approval_required = true;
        g_assert_cmpint(schedule_change_settings(f->sj, &update, NOW, &f->voids, &f->refusal), ==, 0);
        g_assert_false(f->voids);
        g_assert_cmpint(f->sj->state, ==, SCHEDULED_JOB_ACTIVE);
        update = (ScheduleUpdate){ .task_queue = "bulk" };
        g_assert_cmpint(schedule_change_settings(f->sj, &update, NOW, &f->voids, &f->refusal), ==, 0);
        g_assert_true(f->voids);
        g_assert_cmpint(f->sj->state, ==, SCHEDULED_JOB_PENDING);
        g_assert_cmpstr(f->sj->task_queue, ==, "bulk");
}

static void test_input(Fixture *f, const void *unused) {
        _cleanup_(scheduled_job_freep) ScheduledJob *with_input = scheduled_job_copy(f->sj);

        scheduled_job_set_text(&with_input->data, "{\"device\":\"r2\"}");
        scheduled_job_set_text(&with_input->sealed, "ciphertext");
        with_input->has_sensitive_variables = true;
        schedule_change_input(f->sj, with_input, NOW, &f->voids);
        g_assert_false(f->voids);
        g_assert_cmpstr(f->sj->data, ==, "{\"device\":\"r2\"}");
        g_assert_cmpstr(f->sj->sealed, ==, "ciphertext");
        g_assert_true(f->sj->has_sensitive_variables);
        scheduled_job_set_text(&with_input->data, NULL);
        scheduled_job_set_text(&with_input->sealed, NULL);
        f->sj->approval_required = true;
        schedule_change_input(f->sj, with_input, NOW, &f->voids);
        g_assert_true(f->voids);
        g_assert_null(f->sj->data);
        g_assert_null(f->sj->sealed);
        g_assert_cmpint(f->sj->state, ==, SCHEDULED_JOB_PENDING);
}

static void add(const char *name, void (*test)(Fixture *f, const void *unused)) {
        g_autofree char *path = g_strconcat("/schedule-change/", name, NULL);

        g_test_add_vtable(path, sizeof(Fixture), NULL, (GTestFixtureFunc) setup, (GTestFixtureFunc) test,
                          (GTestFixtureFunc) teardown);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        add("pause", test_pause);
        add("resume-without-job", test_resume_without_job);
        add("resume-one-off", test_resume_one_off);
        add("pending", test_pending);
        add("take-over", test_take_over);
        add("take-over-sealed", test_take_over_sealed);
        add("take-over-voids", test_take_over_voids);
        add("final", test_final);
        add("settings", test_settings);
        add("settings-void", test_settings_void);
        add("input", test_input);

        return g_test_run();
}
