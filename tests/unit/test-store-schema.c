/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "store-job.h"
#include "store-result.h"
#include "test-records.h"
#include "test-store.h"

/* Databases that an earlier jobd has left, one of each version: they are migrated, and nothing of them is lost. */

typedef struct Stored {
        int version;
        const char *jobs;    /* see job_text() */
        const char *results; /* see result_text() */
} Stored;

static const Stored stored[] = {
        { 1,
          "jobd.SelfTest|SelfTest|jobd||installed enabled system |\n"
          "network.Restore|Back up a device|network||installed dryrun approval |\n"
          "network.backup.NightlyBackup|Back up a device (2)|Network|It's ours now|installed enabled |"
          "name=Back up a device (2) description=It's ours now time_limit=1h task_queues=bulk \n"
          "old.Deleted|Deleted|old||installed |\n"
          "old.Gone|Gone|old||enabled |\n"
          "ops.Fail|Fail|ops||installed enabled |\n"
          "ops.Long|Long|ops||installed enabled |\n"
          "ops.Rotate|Rotate|ops||installed enabled read-only sensitive |\n",
          "9 PENDING/ network.backup.NightlyBackup of root {\"device\":\"r2\",\"retries\":1}\n"
          "8 STARTED/ ops.Long of alice {}\n"
          "7 REVOKED/revoked ops.Long of alice {} signal 15: cancelled by root\n"
          "6 SUCCESS/success jobd.SelfTest of root {} exit 0\n"
          "5 SUCCESS/success old.Gone of root {} exit 0\n"
          "4 SUCCESS/success old.Deleted of root {} exit 0 (job deleted)\n"
          "3 FAILURE/exit-code ops.Fail of alice {} exit 3: the job exited with status 3\n"
          "2 SUCCESS/success ops.Rotate of alice (sensitive) exit 0\n"
          "1 SUCCESS/success network.backup.NightlyBackup of alice {\"device\":\"r1\",\"retries\":1} exit 0\n" },
        { 2,
          "network.Gone|Gone|network||approval |\n"
          "network.Rotate|Rotate passwords|network|It's ours now|installed enabled read-only sensitive |"
          "description=It's ours now time_limit=1h \n"
          "ops.Fail|Fail|ops|It fails|installed enabled |\n"
          "ops.Report|Report|ops||installed enabled |\n",
          "3 SUCCESS/success network.Rotate of root (sensitive) exit 0\n"
          "2 FAILURE/failed ops.Fail of root {} exit 0: no such device\n"
          "1 SUCCESS/success ops.Report of root {\"device\":\"r7\"} exit 0\n" },
        { 3,
          "jobd.LogsCleanup|Logs Cleanup|System Jobs|Deletes job results that are too old or too many, with their output "
          "files. Unfinished runs stay.|installed enabled system dryrun |\n"
          "jobd.ObjectsImport|Objects Import|System Jobs|Imports a file of objects, a JSON list, into a model of the "
          "inventory. See jobd.objects(5).|installed enabled system dryrun |\n"
          "ops.Change|Change|ops||installed enabled approval |\n"
          "ops.Fail|Fail|ops||installed enabled |\n"
          "ops.Long|Long|ops||installed enabled |\n"
          "ops.Report|Write a report|ops|What there is|installed enabled |description=What there is time_limit=1h \n"
          "ops.Tell|Tell|ops||installed enabled |\n",
          "8 STARTED/ ops.Long of root {}\n"
          "7 SUCCESS/success ops.Tell of root {\"text\":\"it is written\"} exit 0\n"
          "6 SUCCESS/success ops.Report of root {\"device\":\"r7\"} exit 0\n"
          "5 PENDING/ ops.Fail of root {}\n"
          "4 FAILURE/exit-code ops.Fail of root {} exit 3: the job exited with status 3; will be tried again at Tue "
          "2026-11-24 01:13:36 UTC (2 of 2)\n"
          "3 SUCCESS/success ops.Gone of root {} exit 0 (job deleted)\n"
          "2 SUCCESS/success ops.Tell of alice {\"text\":\"it is written\"} exit 0\n"
          "1 SUCCESS/success ops.Report of alice {\"device\":\"r9\"} exit 0\n" },
        { 4,
          "jobd.LogsCleanup|Logs Cleanup|System Jobs|Deletes old job results with their output files, and scheduled "
          "jobs that are over. Unfinished runs stay.|installed enabled system dryrun |\n"
          "jobd.ObjectsImport|Objects Import|System Jobs|Imports a file of objects, a JSON list, into a model of the "
          "inventory. See jobd.objects(5).|installed enabled system dryrun |\n"
          "ops.Change|Change|ops||enabled approval |\n"
          "ops.Fail|Fail|ops||installed enabled |\n"
          "ops.Long|Long|ops||installed enabled |\n"
          "ops.Report|Report|ops|What there is|installed enabled |description=What there is time_limit=1h \n"
          "ops.Tell|Tell|ops||enabled |\n",
          "13 PENDING/ ops.Report of root {\"device\":\"r13\"}\n"
          "12 STARTED/ ops.Long of root {}\n"
          "11 FAILURE/exit-code ops.Fail of root {} exit 3: the job exited with status 3\n"
          "10 SUCCESS/success ops.Report of alice {\"device\":\"r12\"} exit 0\n"
          "9 FAILURE/not-runnable ops.Tell of root (no input): it was to follow on job result "
          "0561e972-a07c-4c20-9ada-7af442ef8fd6 of job 'ops.Long', and is not run: job 'ops.Tell' is not presently "
          "installed and cannot be run: install its class again and run \"jobctl refresh\"\n"
          "8 FAILURE/lost ops.Long of root {}: the unit of the job was removed while jobd was not running: its "
          "outcome is not known\n"
          "7 SUCCESS/success ops.Tell of root {\"text\":\"it is written\"} exit 0\n"
          "6 SUCCESS/success ops.Report of root {\"device\":\"r7\"} exit 0\n"
          "5 FAILURE/exit-code ops.Fail of root {} exit 3: the job exited with status 3\n"
          "4 FAILURE/exit-code ops.Fail of root {} exit 3: the job exited with status 3; will be tried again at Tue "
          "2026-11-24 01:13:36 UTC (2 of 2)\n"
          "3 SUCCESS/success ops.Gone of root {} exit 0 (job deleted)\n"
          "2 SUCCESS/success ops.Tell of alice {\"text\":\"it is written\"} exit 0\n"
          "1 SUCCESS/success ops.Report of alice {\"device\":\"r9\"} exit 0\n" },
};

static void job_text(GString *s, const Job *j) {
        g_string_append_printf(s, "%s|%s|%s|%s|%s%s%s%s%s%s%s|", j->class_path, j->effective.name,
                               j->effective.grouping, j->effective.description ?: "", j->installed ? "installed " : "",
                               j->enabled ? "enabled " : "", j->system ? "system " : "",
                               j->read_only ? "read-only " : "", j->supports_dryrun ? "dryrun " : "",
                               j->effective.approval_required ? "approval " : "",
                               j->effective.has_sensitive_variables ? "sensitive " : "");
        for (JobField f = 0; f < _JOB_FIELD_MAX; f++)
                if (job_is_overridden(j, f)) {
                        g_autofree char *value = job_field_format(&j->effective, f);

                        g_string_append_printf(s, "%s=%s ", job_field_to_string(f), value);
                }
        g_string_append_c(s, '\n');
}

static void result_text(GString *s, const JobResult *jr) {
        g_string_append_printf(s, "%" G_GINT64_FORMAT " %s/%s %s of %s %s", jr->seq,
                               job_result_status_to_string(jr->status), job_result_reason_to_string(jr->reason),
                               jr->class_path, jr->requester,
                               jr->has_sensitive_variables ? "(sensitive)" : jr->data ?: "(no input)");
        g_assert_false(jr->has_sensitive_variables && jr->data);
        if (jr->exit_code >= 0)
                g_string_append_printf(s, " exit %i", jr->exit_code);
        if (jr->signal > 0)
                g_string_append_printf(s, " signal %i", jr->signal);
        g_string_append_printf(s, "%s%s%s\n", jr->message[0] ? ": " : "", jr->message,
                               jr->job_id[0] ? "" : " (job deleted)");
}

static int compare_class_paths(const void *a, const void *b) {
        return strcmp((*(const Job *const *) a)->class_path, (*(const Job *const *) b)->class_path);
}

static void assert_jobs(Store *s, const char *expected) {
        g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func(test_record_free_job);
        g_autoptr(GString) text = g_string_new(NULL);

        g_assert_cmpint(store_job_list(s, jobs), ==, 0);
        g_ptr_array_sort(jobs, compare_class_paths);
        for (guint i = 0; i < jobs->len; i++)
                job_text(text, jobs->pdata[i]);
        g_assert_cmpstr(text->str, ==, expected);
}

static void assert_results(Store *s, const char *expected) {
        g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func(test_record_free_result);
        const JobResultFilter all = { .status = _JOB_RESULT_STATUS_INVALID, .requester_uid = -1, .limit = 1000 };
        g_autoptr(GString) text = g_string_new(NULL);

        g_assert_cmpint(store_result_list(s, &all, results), ==, 0);
        for (guint i = 0; i < results->len; i++)
                result_text(text, results->pdata[i]);
        g_assert_cmpstr(text->str, ==, expected);
}

/* All its statements fit the migrated tables. */
static void assert_usable(Store *s) {
        _cleanup_(job_result_freep) JobResult *jr = NULL;
        _cleanup_(job_freep) Job *j = test_job_new("new", "Job", "a new job");
        g_autoptr(GPtrArray) active = g_ptr_array_new_with_free_func(test_record_free_result);

        test_job_override(j, JOB_FIELD_HIDDEN, "no");
        jr = test_result_new(j->id, j->class_path);
        g_assert_cmpint(store_job_put(s, j), ==, 0);
        g_assert_cmpint(store_result_insert(s, jr), ==, 0);
        g_assert_cmpint(store_result_update(s, jr), ==, 0);
        g_assert_cmpuint(test_count_waiting(s), >=, 1);
        g_assert_cmpint(store_result_list_active(s, active), ==, 0);
        g_assert_cmpint(store_result_delete(s, jr->id), ==, 0);
        g_assert_cmpint(store_job_delete(s, j->id), ==, 0);
        g_assert_cmpint(store_commit(s), ==, 0);
}

static void test_stored(const void *data) {
        const Stored *old = data;
        g_autofree char *name = g_strdup_printf("%04i.sql", old->version), *sql = NULL, *path = NULL, *file = NULL;
        _cleanup_(store_closep) Store *s = NULL;
        char *directory = test_directory_new();
        bool migrated;

        file = g_test_build_filename(G_TEST_DIST, "unit", "schema", name, NULL);
        sql = test_read(file, NULL);
        path = g_build_filename(directory, "jobd.db", NULL);
        test_sql(path, sql);

        migrated = old->version == STORE_SCHEMA_VERSION;
        s = test_store_open(path, &migrated);
        g_assert_true(migrated == (old->version < STORE_SCHEMA_VERSION));
        assert_jobs(s, old->jobs);
        assert_results(s, old->results);
        assert_usable(s);
        s = store_close(s);

        assert_sql(path, "PRAGMA integrity_check", "ok");
        assert_sql(path, "PRAGMA foreign_key_check", "");
        assert_sql(path, "SELECT id FROM job_result WHERE NOT EXISTS"
                         " (SELECT 1 FROM requester AS r WHERE r.name = requester AND uid = requester_uid)", "");
        test_directory_remove(directory);
}

/* A migration that was released has not been changed since: an old database and a new one end up the same. */
static void test_same_schema(const void *data) {
        const Stored *old = data;
        g_autofree char *name = g_strdup_printf("%04i.sql", old->version), *sql = NULL, *file = NULL;
        g_autofree char *old_path = NULL, *new_path = NULL, *old_schema = NULL, *new_schema = NULL;
        char *directory = test_directory_new();
        bool migrated;

        file = g_test_build_filename(G_TEST_DIST, "unit", "schema", name, NULL);
        sql = test_read(file, NULL);
        old_path = g_build_filename(directory, "old.db", NULL);
        new_path = g_build_filename(directory, "new.db", NULL);
        test_sql(old_path, sql);
        (void) store_close(test_store_open(old_path, &migrated));
        (void) store_close(test_store_open(new_path, &migrated));

        old_schema = test_sql_text(old_path, "SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2");
        new_schema = test_sql_text(new_path, "SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2");
        g_assert_cmpstr(old_schema, ==, new_schema);
        test_directory_remove(directory);
}

/*
 * What refers to a record is found by an index when the record goes: otherwise each deletion would look at all that has ever
 * been.
 */
static void test_references_have_an_index(void) {
        g_autofree char *path = NULL, *references = NULL;
        g_auto(GStrv) lines = NULL;
        char *directory = test_directory_new();
        bool migrated;

        path = g_build_filename(directory, "jobd.db", NULL);
        (void) store_close(test_store_open(path, &migrated));
        references = test_sql_text(path, "SELECT t.name, k.\"from\" FROM sqlite_schema AS t,"
                                         " pragma_foreign_key_list(t.name) AS k WHERE t.type = 'table'");
        lines = g_strsplit(references, "\n", 0);
        g_assert_cmpuint(g_strv_length(lines), >, 5);
        for (char **line = lines; *line; line++) {
                g_auto(GStrv) names = g_strsplit(*line, "|", 2);
                g_autofree char *sql = NULL, *plan = NULL;

                sql = g_strdup_printf("EXPLAIN QUERY PLAN SELECT 1 FROM %s WHERE %s = 'x'", names[0], names[1]);
                plan = test_sql_text(path, sql);
                if (!strstr(plan, "SEARCH"))
                        g_error("%s: %s", *line, plan);
        }
        test_directory_remove(directory);
}

/* A migration without a stored database of the version before it is not tested: see schema/README.md. */
static void test_all_there(void) {
        for (int v = 1; v < STORE_SCHEMA_VERSION; v++) {
                bool found = false;

                for (size_t i = 0; i < ELEMENTSOF(stored); i++)
                        found = found || stored[i].version == v;
                if (!found)
                        g_error("there is no stored database of schema version %i", v);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        for (size_t i = 0; i < ELEMENTSOF(stored); i++) {
                g_autofree char *name = g_strdup_printf("/store-schema/%i", stored[i].version);
                g_autofree char *same = g_strdup_printf("/store-schema/%i-same", stored[i].version);

                g_test_add_data_func(name, &stored[i], test_stored);
                g_test_add_data_func(same, &stored[i], test_same_schema);
        }
        g_test_add_func("/store-schema/all-there", test_all_there);
        g_test_add_func("/store-schema/references-have-an-index", test_references_have_an_index);

        return g_test_run();
}
