/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "scheduled-job.h"

/* The states of a scheduled job, and from which to which it may go. */

#define WHEN UINT64_C(1700000000000000)

static void test_names(void) {
        for (ScheduledJobState s = 0; s < _SCHEDULED_JOB_STATE_MAX; s++)
                g_assert_cmpint(scheduled_job_state_from_string(scheduled_job_state_to_string(s)), ==, s);
        for (ScheduleInterval i = 0; i < _SCHEDULE_INTERVAL_MAX; i++)
                g_assert_cmpint(schedule_interval_from_string(schedule_interval_to_string(i)), ==, i);
        for (ScheduleMissed m = 0; m < _SCHEDULE_MISSED_MAX; m++)
                g_assert_cmpint(schedule_missed_from_string(schedule_missed_to_string(m)), ==, m);
        g_assert_cmpint(scheduled_job_state_from_string("Active"), ==, _SCHEDULED_JOB_STATE_INVALID);
        g_assert_cmpint(schedule_interval_from_string(""), ==, _SCHEDULE_INTERVAL_INVALID);
        g_assert_cmpint(schedule_missed_from_string("first"), ==, _SCHEDULE_MISSED_INVALID);
}

/* "<from> <to>" for each transition that there is. */
static const char *const transitions[] = {
        "pending active",  "pending denied",    "pending canceled", "pending expired", "pending errored",
        "active pending",  "active paused",     "active canceled",  "active completed", "active errored",
        "paused pending",  "paused active",     "paused canceled",  "paused errored",  "errored pending",
        "errored active",  "errored paused",    "errored canceled",
};

static bool is_transition(ScheduledJobState from, ScheduledJobState to) {
        g_autofree char *text = g_strdup_printf("%s %s", scheduled_job_state_to_string(from),
                                                scheduled_job_state_to_string(to));

        for (size_t i = 0; i < ELEMENTSOF(transitions); i++)
                if (strcmp(transitions[i], text) == 0)
                        return true;
        return false;
}

static void try_transition(ScheduledJobState from, ScheduledJobState to) {
        _cleanup_(scheduled_job_freep) ScheduledJob *s = scheduled_job_new();
        int r;

        s->state = from;
        s->next_run_at = 7;
        r = scheduled_job_set_state(s, to, "because", WHEN);
        if (!is_transition(from, to)) {
                g_assert_cmpint(r, ==, -EINVAL);
                g_assert_cmpint(s->state, ==, from);
                g_assert_cmpstr(s->state_reason, ==, "");
                g_assert_cmpuint(s->date_changed, ==, 0);
                g_assert_cmpuint(s->next_run_at, ==, 7);
                return;
        }
        g_assert_cmpint(r, ==, 0);
        g_assert_cmpint(s->state, ==, to);
        g_assert_cmpstr(s->state_reason, ==, "because");
        g_assert_cmpuint(s->date_changed, ==, WHEN);
        g_assert_cmpuint(s->next_run_at, ==, to == SCHEDULED_JOB_ACTIVE || to == SCHEDULED_JOB_PENDING ? 7 : 0);
        g_assert_cmpuint(s->decided_at, ==,
                         from == SCHEDULED_JOB_PENDING && (to == SCHEDULED_JOB_ACTIVE || to == SCHEDULED_JOB_DENIED)
                                         ? WHEN : 0);
}

static void test_transitions(void) {
        for (ScheduledJobState from = 0; from < _SCHEDULED_JOB_STATE_MAX; from++)
                for (ScheduledJobState to = 0; to < _SCHEDULED_JOB_STATE_MAX; to++)
                        try_transition(from, to);
}

static void test_reason_is_redacted(void) {
        _cleanup_(scheduled_job_freep) ScheduledJob *s = scheduled_job_new();

        s->state = SCHEDULED_JOB_ACTIVE;
        g_assert_cmpint(scheduled_job_set_state(s, SCHEDULED_JOB_ERRORED, "no https://a:secret@b/", WHEN), ==, 0);
        g_assert_null(strstr(s->state_reason, "secret"));
        g_assert_cmpint(scheduled_job_set_state(s, SCHEDULED_JOB_ACTIVE, NULL, WHEN), ==, 0);
        g_assert_cmpstr(s->state_reason, ==, "");
}

static void test_copy(void) {
        _cleanup_(scheduled_job_freep) ScheduledJob *s = scheduled_job_new(), *copy = NULL;

        scheduled_job_set_text(&s->name, "nightly");
        scheduled_job_set_text(&s->name, s->name + 5);
        g_assert_cmpstr(s->name, ==, "ly");
        copy = scheduled_job_copy(s);
        g_assert_cmpstr(copy->name, ==, "ly");
        g_assert_null(copy->data);
        g_assert_cmpstr(copy->stages, ==, "[]");
        scheduled_job_set_text(&copy->data, "{}");
        g_assert_null(s->data);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/scheduled-job/names", test_names);
        g_test_add_func("/scheduled-job/transitions", test_transitions);
        g_test_add_func("/scheduled-job/reason-is-redacted", test_reason_is_redacted);
        g_test_add_func("/scheduled-job/copy", test_copy);

        return g_test_run();
}
