/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "job.h"
#include "test-loader.h"
#include "test-records.h"

/* The record of a job: what the class says, what the administrator says, and what comes of both. */

#define EMPTY "may not be empty; to have the class's value again, clear the override"

static void assert_field(const Job *j, JobField field, const char *class_value, const char *effective) {
        g_autofree char *a = job_field_format(&j->class_values, field), *b = job_field_format(&j->effective, field);

        g_assert_cmpstr(a, ==, class_value);
        g_assert_cmpstr(b, ==, effective);
}

static void apply(Job *j, const char *text, bool system) {
        _cleanup_(job_class_freep) JobClass *c = test_class_new("network.backup.NightlyBackup", text, system);

        job_apply_class(j, c);
        g_assert_cmpstr(j->file, ==, c->path);
        g_assert_cmpstr(j->digest, ==, c->digest);
}

static void assert_refused(const Job *j, JobField field, const char *text, const char *message) {
        _cleanup_(job_freep) Job *copy = job_copy(j);
        g_autofree char *error = NULL;

        g_assert_cmpint(job_set_override(copy, field, text, &error), ==, -EINVAL);
        g_assert_cmpstr(error, ==, message);
        g_assert_true(job_equal(copy, j));
}

static void test_new(void) {
        _cleanup_(job_freep) Job *j = job_new("network.backup", "NightlyBackup"), *k = NULL;
        char id[UUID_STRING_SIZE];

        g_assert_cmpint(uuid_parse(j->id, id), ==, 0);
        g_assert_cmpstr(j->class_path, ==, "network.backup.NightlyBackup");
        g_assert_false(j->installed || j->enabled || j->system || j->overridden != 0 || job_is_runnable(j));
        k = job_new("network.backup", "NightlyBackup");
        g_assert_cmpstr(k->id, !=, j->id);
        g_assert_null(job_free(NULL));
}

static void test_apply(void) {
        _cleanup_(job_freep) Job *j = job_new("network.backup", "NightlyBackup");

        apply(j, JOB("Name=Back up\nGrouping=Network\nDescription=It does.\nApprovalRequired=yes\nDryRunDefault=yes\n"
                     "HasSensitiveVariables=yes\nHidden=yes\nSingleton=yes\nSoftTimeLimit=2min\nTimeLimit=5min\n"
                     "TaskQueues=bulk default\nReadOnly=yes\n" VARIABLE("dryrun", "Type=dryrun")), true);
        assert_field(j, JOB_FIELD_NAME, "Back up", "Back up");
        assert_field(j, JOB_FIELD_GROUPING, "Network", "Network");
        assert_field(j, JOB_FIELD_DESCRIPTION, "It does.", "It does.");
        assert_field(j, JOB_FIELD_APPROVAL_REQUIRED, "yes", "yes");
        assert_field(j, JOB_FIELD_DRYRUN_DEFAULT, "yes", "yes");
        assert_field(j, JOB_FIELD_HAS_SENSITIVE_VARIABLES, "yes", "yes");
        assert_field(j, JOB_FIELD_HIDDEN, "yes", "yes");
        assert_field(j, JOB_FIELD_SINGLETON, "yes", "yes");
        assert_field(j, JOB_FIELD_SOFT_TIME_LIMIT, "2min", "2min");
        assert_field(j, JOB_FIELD_TIME_LIMIT, "5min", "5min");
        assert_field(j, JOB_FIELD_TASK_QUEUES, "bulk default", "bulk default");
        g_assert_true(j->installed && j->system && j->read_only && j->supports_dryrun);
        g_assert_false(j->enabled);

        /* A class without a name or a grouping has those of its file and of its module */
        apply(j, JOB(""), false);
        assert_field(j, JOB_FIELD_NAME, "NightlyBackup", "NightlyBackup");
        assert_field(j, JOB_FIELD_GROUPING, "network.backup", "network.backup");
        assert_field(j, JOB_FIELD_TIME_LIMIT, "0", "0");
        assert_field(j, JOB_FIELD_TASK_QUEUES, "", "");
        g_assert_false(j->system || j->read_only || j->supports_dryrun || j->enabled);
}

static void test_override(void) {
        _cleanup_(job_freep) Job *j = job_new("network.backup", "NightlyBackup");

        apply(j, JOB("Name=theirs\nTimeLimit=5min\nHidden=yes"), false);
        j->enabled = true;
        test_job_override(j, JOB_FIELD_NAME, " ours ");
        test_job_override(j, JOB_FIELD_TIME_LIMIT, "1h");
        test_job_override(j, JOB_FIELD_HIDDEN, "no");
        test_job_override(j, JOB_FIELD_DESCRIPTION, "");
        assert_field(j, JOB_FIELD_NAME, "theirs", "ours");

        /* A new version of the class changes what is not overridden, and never what is */
        apply(j, JOB("Name=theirs, too\nTimeLimit=7min\nHidden=no\nDescription=new\nGrouping=new"), false);
        assert_field(j, JOB_FIELD_NAME, "theirs, too", "ours");
        assert_field(j, JOB_FIELD_TIME_LIMIT, "7min", "1h");
        assert_field(j, JOB_FIELD_HIDDEN, "no", "no");
        assert_field(j, JOB_FIELD_DESCRIPTION, "new", "");
        assert_field(j, JOB_FIELD_GROUPING, "new", "new");
        g_assert_true(job_is_overridden(j, JOB_FIELD_HIDDEN) && !job_is_overridden(j, JOB_FIELD_GROUPING));
        g_assert_true(j->enabled);

        /* Cleared: what the class says at that moment */
        job_clear_override(j, JOB_FIELD_NAME);
        job_clear_override(j, JOB_FIELD_HIDDEN);
        job_clear_override(j, JOB_FIELD_GROUPING); /* was not overridden */
        assert_field(j, JOB_FIELD_NAME, "theirs, too", "theirs, too");
        assert_field(j, JOB_FIELD_GROUPING, "new", "new");
        g_assert_cmpuint(j->overridden, ==, 1u << JOB_FIELD_TIME_LIMIT | 1u << JOB_FIELD_DESCRIPTION);
}

static void test_wrong_values(void) {
        g_autofree char *name = g_strnfill(101, 'x'), *grouping = g_strnfill(256, 'x');
        _cleanup_(job_freep) Job *j = job_new("network.backup", "NightlyBackup");

        apply(j, JOB(""), false);
        assert_refused(j, JOB_FIELD_NAME, name, "Name may not exceed 100 characters in length");
        assert_refused(j, JOB_FIELD_GROUPING, grouping, "Grouping may not exceed 255 characters in length");
        /* By these a job is found and listed */
        assert_refused(j, JOB_FIELD_NAME, "", EMPTY);
        assert_refused(j, JOB_FIELD_NAME, " \t\n", EMPTY);
        assert_refused(j, JOB_FIELD_GROUPING, "", EMPTY);
        assert_refused(j, JOB_FIELD_HIDDEN, "perhaps", "\"perhaps\" is not a boolean; write yes or no");

        /* An override that is there stays */
        test_job_override(j, JOB_FIELD_NAME, "ours");
        assert_refused(j, JOB_FIELD_NAME, "", EMPTY);
}

/* May be run: enabled, installed, and not both sensitive and with approval, whichever of the two says so. */
static void test_runnable(void) {
        for (unsigned i = 0; i < 16; i++) {
                _cleanup_(job_freep) Job *j = job_new("network.backup", "NightlyBackup");

                apply(j, i & 4 ? JOB("ApprovalRequired=yes") : JOB(""), false);
                test_job_override(j, JOB_FIELD_HAS_SENSITIVE_VARIABLES, i & 8 ? "yes" : "no");
                j->enabled = i & 1;
                j->installed = i & 2;
                g_assert_true(job_has_sensitive_conflict(j) == ((i & 12) == 12));
                g_assert_true(job_is_runnable(j) == ((i & 3) == 3 && (i & 12) != 12));
        }
}

typedef void (*Change)(Job *j);

static void change_installed(Job *j) { j->installed = !j->installed; }
static void change_enabled(Job *j) { j->enabled = !j->enabled; }
static void change_system(Job *j) { j->system = !j->system; }
static void change_read_only(Job *j) { j->read_only = !j->read_only; }
static void change_dryrun(Job *j) { j->supports_dryrun = !j->supports_dryrun; }
static void change_file(Job *j) { j->file[0]++; }
static void change_digest(Job *j) { j->digest[0]++; }

/* A copy is equal and independent. Every difference that is stored counts, also an override that changes nothing. */
static void test_copy_and_equal(void) {
        static const Change changes[] = { change_installed, change_enabled, change_system, change_read_only,
                                          change_dryrun, change_file, change_digest };
        static const char *const values[_JOB_FIELD_MAX] = {
                "x", "x", "x", "yes", "yes", "yes", "no", "yes", "1h", "1h", "other",
        };
        _cleanup_(job_freep) Job *j = test_job_new("a", "B", "b"), *same = NULL;

        same = job_copy(j);
        g_assert_true(job_equal(j, same) && job_equal(same, j));
        g_assert_cmpstr(same->id, ==, j->id);
        for (size_t i = 0; i < ELEMENTSOF(changes); i++) {
                _cleanup_(job_freep) Job *copy = job_copy(j);

                changes[i](copy);
                g_assert_false(job_equal(j, copy));
        }
        for (JobField f = 0; f < _JOB_FIELD_MAX; f++) {
                _cleanup_(job_freep) Job *class_value = job_copy(j), *override = job_copy(j), *equal = job_copy(j);
                g_autofree char *text = job_field_format(&j->effective, f);

                test_job_set_value(class_value, f, values[f]);
                g_assert_false(job_equal(j, class_value));
                test_job_override(override, f, values[f]);
                g_assert_false(job_equal(j, override));
                test_job_override(equal, f, text);
                g_assert_false(job_equal(j, equal));
        }
        g_assert_true(job_equal(j, same));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/job/new", test_new);
        g_test_add_func("/job/apply", test_apply);
        g_test_add_func("/job/override", test_override);
        g_test_add_func("/job/wrong-values", test_wrong_values);
        g_test_add_func("/job/runnable", test_runnable);
        g_test_add_func("/job/copy-and-equal", test_copy_and_equal);

        return g_test_run();
}
