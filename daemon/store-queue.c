/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "store-queue.h"

/* The columns in the order of the statements below. */
enum {
        COLUMN_ID,
        COLUMN_NAME,
        COLUMN_DESCRIPTION,
        COLUMN_ENABLED,
        COLUMN_MAX_RUNNING,
        COLUMN_MAX_PENDING,
        COLUMN_WEIGHT,
        COLUMN_PRIORITY,
        COLUMN_WHEN_UNAVAILABLE,
        COLUMN_SLICE_BOOT_ID,
        COLUMN_SLICE_SET,
        COLUMN_DATE_CREATED,
        COLUMN_LAST_UPDATED,
        COLUMN_RESOURCES,
};

#define COLUMNS                                                                                              \
        "id, name, description, enabled, max_running, max_pending, weight, priority, when_unavailable, "     \
        "slice_boot_id, slice_set, date_created, last_updated, "                                             \
        "cpu_weight, cpu_quota, memory_max, memory_high, tasks_max, io_weight, allowed_cpus"

/* The order of the resource columns above is the order of JobQueueResource. */
G_STATIC_ASSERT(_JOB_QUEUE_RESOURCE_MAX == 7);

static int read_resources(Store *s, JobQueue *q, sqlite3_stmt *statement) {
        int r;

        for (JobQueueResource i = 0; i < _JOB_QUEUE_RESOURCE_MAX; i++) {
                const char *value = store_column_text(statement, COLUMN_RESOURCES + (int) i);
                g_autofree char *error = NULL;

                r = job_queue_set_resource(q, job_queue_resource_to_string(i), value, &error);
                if (r < 0)
                        return store_bad_record(s, "the record of job queue '%s' makes no sense: %s", q->name, error);
        }
        return 0;
}

static int read_queue(Store *s, sqlite3_stmt *statement, JobQueue **ret) {
        _cleanup_(job_queue_freep) JobQueue *q = NULL;
        g_autofree char *error = NULL;

        q = job_queue_new(store_column_text(statement, COLUMN_NAME),
                          (uint64_t) sqlite3_column_int64(statement, COLUMN_DATE_CREATED));
        if (uuid_parse(store_column_text(statement, COLUMN_ID), q->id) < 0)
                return store_bad_record(s, "the record of job queue '%s' makes no sense: its id is no UUID", q->name);
        g_free(q->description);
        q->description = g_strdup(store_column_text(statement, COLUMN_DESCRIPTION));
        q->enabled = sqlite3_column_int(statement, COLUMN_ENABLED) != 0;
        q->max_running = (uint32_t) sqlite3_column_int64(statement, COLUMN_MAX_RUNNING);
        q->max_pending = (uint32_t) sqlite3_column_int64(statement, COLUMN_MAX_PENDING);
        q->weight = (uint32_t) sqlite3_column_int64(statement, COLUMN_WEIGHT);
        q->priority = sqlite3_column_int(statement, COLUMN_PRIORITY);
        q->when_unavailable = job_queue_when_unavailable_from_string(
                        store_column_text(statement, COLUMN_WHEN_UNAVAILABLE));
        g_free(q->slice_boot_id);
        q->slice_boot_id = g_strdup(store_column_text(statement, COLUMN_SLICE_BOOT_ID));
        g_free(q->slice_set);
        q->slice_set = g_strdup(store_column_text(statement, COLUMN_SLICE_SET));
        q->last_updated = (uint64_t) sqlite3_column_int64(statement, COLUMN_LAST_UPDATED);

        if (job_queue_check_name(q->name, &error) < 0 || job_queue_check(q, &error) < 0)
                return store_bad_record(s, "the record of job queue '%s' makes no sense: %s", q->name, error);
        if (read_resources(s, q, statement) < 0)
                return -EBADMSG;
        *ret = TAKE_PTR(q);
        return 0;
}

int store_queue_list(Store *s, GPtrArray *queues) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, STORE_QUEUE_LIST, "SELECT " COLUMNS " FROM job_queue", &statement);
        if (r < 0)
                return r;
        while ((r = store_step(s, statement)) > 0) {
                JobQueue *q = NULL;

                r = read_queue(s, statement, &q);
                if (r < 0)
                        return r;
                g_ptr_array_add(queues, q);
        }
        return r;
}

static int bind_texts(Store *s, sqlite3_stmt *statement, const JobQueue *q) {
        const struct {
                int column;
                const char *text;
        } texts[] = {
                { COLUMN_ID, q->id },
                { COLUMN_NAME, q->name },
                { COLUMN_DESCRIPTION, q->description },
                { COLUMN_WHEN_UNAVAILABLE, job_queue_when_unavailable_to_string(q->when_unavailable) },
                { COLUMN_SLICE_BOOT_ID, q->slice_boot_id },
                { COLUMN_SLICE_SET, q->slice_set },
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(texts) && r >= 0; i++)
                r = store_bind_text(s, statement, texts[i].column + 1, texts[i].text);
        for (JobQueueResource i = 0; i < _JOB_QUEUE_RESOURCE_MAX && r >= 0; i++)
                r = store_bind_text(s, statement, COLUMN_RESOURCES + (int) i + 1, q->resources[i] ?: "");
        return r;
}

static int bind_numbers(Store *s, sqlite3_stmt *statement, const JobQueue *q) {
        const struct {
                int column;
                int64_t number;
        } numbers[] = {
                { COLUMN_ENABLED, q->enabled },
                { COLUMN_MAX_RUNNING, q->max_running },
                { COLUMN_MAX_PENDING, q->max_pending },
                { COLUMN_WEIGHT, q->weight },
                { COLUMN_PRIORITY, q->priority },
                { COLUMN_DATE_CREATED, (int64_t) q->date_created },
                { COLUMN_LAST_UPDATED, (int64_t) q->last_updated },
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(numbers) && r >= 0; i++)
                r = store_bind_int64(s, statement, numbers[i].column + 1, numbers[i].number);
        return r;
}

int store_queue_put(Store *s, const JobQueue *q) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_write_statement(s, STORE_QUEUE_PUT,
                                  "INSERT INTO job_queue (" COLUMNS ")"
                                  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                                  " ON CONFLICT (id) DO UPDATE SET description = excluded.description,"
                                  " enabled = excluded.enabled, max_running = excluded.max_running,"
                                  " max_pending = excluded.max_pending, weight = excluded.weight,"
                                  " priority = excluded.priority, when_unavailable = excluded.when_unavailable,"
                                  " slice_boot_id = excluded.slice_boot_id, slice_set = excluded.slice_set,"
                                  " last_updated = excluded.last_updated, cpu_weight = excluded.cpu_weight,"
                                  " cpu_quota = excluded.cpu_quota, memory_max = excluded.memory_max,"
                                  " memory_high = excluded.memory_high, tasks_max = excluded.tasks_max,"
                                  " io_weight = excluded.io_weight, allowed_cpus = excluded.allowed_cpus",
                                  &statement);
        if (r >= 0)
                r = bind_texts(s, statement, q);
        if (r >= 0)
                r = bind_numbers(s, statement, q);
        return r < 0 ? r : store_step(s, statement);
}

int store_queue_delete(Store *s, const char *id) {
        return store_write_key(s, STORE_QUEUE_DELETE, "DELETE FROM job_queue WHERE id = ?", id);
}
