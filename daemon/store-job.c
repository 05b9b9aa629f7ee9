/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "store-job.h"

/* The columns in the order of the statements below; the overridable fields follow from COLUMN_FIELDS in their own. */
enum {
        COLUMN_ID,
        COLUMN_MODULE_NAME,
        COLUMN_JOB_CLASS_NAME,
        COLUMN_EFFECTIVE_NAME,
        COLUMN_INSTALLED,
        COLUMN_ENABLED,
        COLUMN_SYSTEM,
        COLUMN_READ_ONLY,
        COLUMN_SUPPORTS_DRYRUN,
        COLUMN_FILE,
        COLUMN_DIGEST,
        COLUMN_DATE_CREATED,
        COLUMN_LAST_UPDATED,
        COLUMN_FIELDS,
};

#define COLUMNS                                                                                                        \
        "id, module_name, job_class_name, effective_name, installed, enabled, system, read_only, supports_dryrun, "    \
        "file, digest, date_created, last_updated, "                                                                   \
        "name, grouping, description, approval_required, dryrun_default, has_sensitive_variables, hidden, singleton, " \
        "soft_time_limit, time_limit, task_queues"

/* The order of the field columns above is the order of JobField. */
G_STATIC_ASSERT(_JOB_FIELD_MAX == 11);

static int read_fields(Store *s, Job *j, sqlite3_stmt *statement) {
        int r;

        for (JobField f = 0; f < _JOB_FIELD_MAX; f++) {
                g_autofree char *error = NULL;

                r = job_field_parse(&j->class_values, f, store_column_text(statement, COLUMN_FIELDS + (int) f), &error);
                if (r < 0)
                        return store_bad_record(s, "the record of job '%s' makes no sense, %s: %s", j->class_path,
                                                job_field_to_string(f), error);
        }
        if (!j->class_values.name || !j->class_values.grouping)
                return store_bad_record(s, "the record of job '%s' makes no sense: it has no %s", j->class_path,
                                        j->class_values.name ? "grouping" : "name");
        return 0;
}

static int read_job(Store *s, sqlite3_stmt *statement, Job **ret) {
        _cleanup_(job_freep) Job *j = NULL;
        int r;

        j = job_new(store_column_text(statement, COLUMN_MODULE_NAME),
                    store_column_text(statement, COLUMN_JOB_CLASS_NAME));
        r = uuid_parse(store_column_text(statement, COLUMN_ID), j->id);
        if (r < 0)
                return store_bad_record(s, "the record of job '%s' makes no sense: its id is no UUID", j->class_path);
        r = read_fields(s, j, statement);
        if (r < 0)
                return r;
        for (JobField f = 0; f < _JOB_FIELD_MAX; f++)
                job_field_copy(&j->effective, &j->class_values, f);

        j->installed = sqlite3_column_int(statement, COLUMN_INSTALLED) != 0;
        j->enabled = sqlite3_column_int(statement, COLUMN_ENABLED) != 0;
        j->system = sqlite3_column_int(statement, COLUMN_SYSTEM) != 0;
        j->read_only = sqlite3_column_int(statement, COLUMN_READ_ONLY) != 0;
        j->supports_dryrun = sqlite3_column_int(statement, COLUMN_SUPPORTS_DRYRUN) != 0;
        g_free(j->file);
        j->file = g_strdup(store_column_text(statement, COLUMN_FILE));
        g_free(j->digest);
        j->digest = g_strdup(store_column_text(statement, COLUMN_DIGEST));
        j->date_created = (uint64_t) sqlite3_column_int64(statement, COLUMN_DATE_CREATED);
        j->last_updated = (uint64_t) sqlite3_column_int64(statement, COLUMN_LAST_UPDATED);

        *ret = TAKE_PTR(j);
        return 0;
}

static int read_overrides(Store *s, GHashTable *by_id) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, STORE_JOB_OVERRIDES, "SELECT job_id, field, value FROM job_override", &statement);
        if (r < 0)
                return r;

        while ((r = store_step(s, statement)) > 0) {
                const char *id = store_column_text(statement, 0), *name = store_column_text(statement, 1);
                JobField field = job_field_from_string(name);
                g_autofree char *error = NULL;
                Job *j;

                j = g_hash_table_lookup(by_id, id);
                if (!j)
                        return store_bad_record(s, "there is an override of a job %s that is not there", id);
                if (field < 0)
                        return store_bad_record(s,
                                                "the record of job '%s' makes no sense: there is no field \"%s\" to "
                                                "override",
                                                j->class_path, name);
                if (job_set_override(j, field, store_column_text(statement, 2), &error) < 0)
                        return store_bad_record(s, "the record of job '%s' makes no sense, override of %s: %s",
                                                j->class_path, name, error);
        }
        return r;
}

int store_job_list(Store *s, GPtrArray *jobs) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        g_autoptr(GHashTable) by_id = g_hash_table_new(g_str_hash, g_str_equal);
        int r;

        r = store_statement(s, STORE_JOB_LIST, "SELECT " COLUMNS " FROM job WHERE deleted = 0", &statement);
        if (r < 0)
                return r;

        while ((r = store_step(s, statement)) > 0) {
                Job *j = NULL;

                r = read_job(s, statement, &j);
                if (r < 0)
                        return r;
                g_ptr_array_add(jobs, j);
                (void) g_hash_table_insert(by_id, j->id, j);
        }
        if (r < 0)
                return r;
        return read_overrides(s, by_id);
}

static int bind_job(Store *s, sqlite3_stmt *statement, const Job *j) {
        const struct {
                int column;
                const char *text;
        } texts[] = {
                { COLUMN_ID, j->id },
                { COLUMN_MODULE_NAME, j->module_name },
                { COLUMN_JOB_CLASS_NAME, j->job_class_name },
                { COLUMN_EFFECTIVE_NAME, j->effective.name },
                { COLUMN_FILE, j->file },
                { COLUMN_DIGEST, j->digest },
        };
        const struct {
                int column;
                int64_t value;
        } numbers[] = {
                { COLUMN_INSTALLED, j->installed },
                { COLUMN_ENABLED, j->enabled },
                { COLUMN_SYSTEM, j->system },
                { COLUMN_READ_ONLY, j->read_only },
                { COLUMN_SUPPORTS_DRYRUN, j->supports_dryrun },
                { COLUMN_DATE_CREATED, (int64_t) j->date_created },
                { COLUMN_LAST_UPDATED, (int64_t) j->last_updated },
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(texts) && r >= 0; i++)
                r = store_bind_text(s, statement, texts[i].column + 1, texts[i].text);
        for (size_t i = 0; i < ELEMENTSOF(numbers) && r >= 0; i++)
                r = store_bind_int64(s, statement, numbers[i].column + 1, numbers[i].value);
        for (JobField f = 0; f < _JOB_FIELD_MAX && r >= 0; f++) {
                g_autofree char *text = job_field_format(&j->class_values, f);

                r = store_bind_text(s, statement, COLUMN_FIELDS + (int) f + 1, text);
        }
        return r;
}

static int put_record(Store *s, const Job *j) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        /* Not INSERT OR REPLACE: that would delete the old row first, and with it the association of its results. */
        r = store_write_statement(s, STORE_JOB_PUT,
                                  "INSERT INTO job (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
                                  " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                                  " ON CONFLICT (id) DO UPDATE SET effective_name = excluded.effective_name,"
                                  " installed = excluded.installed, enabled = excluded.enabled,"
                                  " system = excluded.system, read_only = excluded.read_only,"
                                  " supports_dryrun = excluded.supports_dryrun, file = excluded.file,"
                                  " digest = excluded.digest, last_updated = excluded.last_updated,"
                                  " name = excluded.name, grouping = excluded.grouping,"
                                  " description = excluded.description,"
                                  " approval_required = excluded.approval_required,"
                                  " dryrun_default = excluded.dryrun_default,"
                                  " has_sensitive_variables = excluded.has_sensitive_variables,"
                                  " hidden = excluded.hidden, singleton = excluded.singleton,"
                                  " soft_time_limit = excluded.soft_time_limit, time_limit = excluded.time_limit,"
                                  " task_queues = excluded.task_queues",
                                  &statement);
        if (r < 0)
                return r;
        r = bind_job(s, statement, j);
        if (r < 0)
                return r;
        return store_step(s, statement);
}

static int clear_overrides(Store *s, const char *id) {
        return store_write_key(s, STORE_JOB_OVERRIDES_CLEAR, "DELETE FROM job_override WHERE job_id = ?", id);
}

static int put_override(Store *s, const Job *j, JobField field) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        g_autofree char *text = job_field_format(&j->effective, field);
        int r;

        r = store_write_statement(s, STORE_JOB_OVERRIDE_PUT,
                                  "INSERT INTO job_override (job_id, field, value) VALUES (?, ?, ?)", &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, j->id);
        if (r >= 0)
                r = store_bind_text(s, statement, 2, job_field_to_string(field));
        if (r >= 0)
                r = store_bind_text(s, statement, 3, text);
        return r < 0 ? r : store_step(s, statement);
}

int store_job_put(Store *s, const Job *j) {
        int r;

        r = store_nested_begin(s);
        if (r < 0)
                return r;
        r = put_record(s, j);
        if (r >= 0)
                r = clear_overrides(s, j->id);
        for (JobField f = 0; f < _JOB_FIELD_MAX && r >= 0; f++)
                if (job_is_overridden(j, f))
                        r = put_override(s, j, f);
        return store_nested_end(s, r);
}

/* ---- deleting ---- */

/* Of so many job results at once: some milliseconds. */
#define RESULTS_PER_STEP 500
#define RESULTS_PER_STEP_TEXT G_STRINGIFY(RESULTS_PER_STEP)

/* Takes some of its job results off the job. 1: there may be more, 0: there are none. */
static int detach_results(Store *s, const char *id) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_write_statement(s, STORE_JOB_DETACH,
                                  "UPDATE job_result SET job_id = NULL WHERE seq IN"
                                  " (SELECT seq FROM job_result WHERE job_id = ? LIMIT " RESULTS_PER_STEP_TEXT ")",
                                  &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, id);
        if (r >= 0)
                r = store_step(s, statement);
        return r < 0 ? r : sqlite3_changes(sqlite3_db_handle(statement)) == RESULTS_PER_STEP;
}

static int delete_job(Store *s, const char *id) {
        return store_write_key(s, STORE_JOB_DELETE, "DELETE FROM job WHERE id = ?", id);
}

int store_job_delete(Store *s, const char *id) {
        int r;

        r = store_write_key(s, STORE_JOB_DETACH_SCHEDULES, "UPDATE scheduled_job SET job_id = NULL WHERE job_id = ?",
                            id);
        if (r >= 0)
                r = detach_results(s, id);
        if (r <= 0)
                return r < 0 ? r : delete_job(s, id);
        r = clear_overrides(s, id);
        if (r < 0)
                return r;
        return store_write_key(s, STORE_JOB_HIDE,
                               "UPDATE job SET deleted = 1, module_name = '', job_class_name = id, effective_name = id"
                               " WHERE id = ?",
                               id);
}

int store_job_detach(Store *s) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        g_autofree char *id = NULL;
        int r;

        r = store_statement(s, STORE_JOB_DELETED, "SELECT id FROM job WHERE deleted = 1 LIMIT 1", &statement);
        if (r >= 0)
                r = store_step(s, statement);
        if (r <= 0)
                return r;
        id = g_strdup(store_column_text(statement, 0));
        store_statement_reset(statement);
        r = detach_results(s, id);
        if (r == 0)
                r = delete_job(s, id);
        return r < 0 ? r : 1;
}
