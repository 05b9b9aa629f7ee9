/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "store-query.h"
#include "store-schedule-internal.h"

/* Lists of scheduled jobs by a filter: as those of job results (store-result-list.c), one part for each state. */

typedef struct Part {
        const ScheduledJobFilter *filter;
        ScheduledJobState state; /* _SCHEDULED_JOB_STATE_INVALID: any */
        bool by_name;            /* of the deleted job: what has its name, not its class_path */
} Part;

static const char *index_of(const Part *p) {
        const ScheduledJobFilter *f = p->filter;

        if (f->name) /* there is one at most: SQLite sees that by itself */
                return NULL;
        if (p->state < 0)
                return f->job_id               ? "scheduled_job_by_job"
                       : f->requester_uid >= 0 ? "scheduled_job_by_requester"
                                               : NULL;
        if (f->deleted_job)
                return p->by_name ? "scheduled_job_by_job_name" : "scheduled_job_by_class_path";
        if (f->requester_uid >= 0)
                return "scheduled_job_by_requester_state";
        if (f->requester)
                return "scheduled_job_by_requester_name";
        return f->job_id ? "scheduled_job_by_job_state" : "scheduled_job_by_state";
}

static void add_deleted_job(StoreQuery *q, const char *deleted_job, bool by_name) {
        store_query_add(q, " AND job_id IS NULL");
        store_query_add_text(q, by_name ? " AND job_name = ?" : " AND class_path = ?", deleted_job);
}

static void add_part(StoreQuery *q, const Part *p) {
        const ScheduledJobFilter *f = p->filter;
        const char *index = index_of(p);

        store_query_add(q, "SELECT seq FROM scheduled_job");
        if (index) {
                store_query_add(q, " INDEXED BY ");
                store_query_add(q, index);
        }
        store_query_add_number(q, " WHERE seq < ?", f->before_seq > 0 ? f->before_seq : INT64_MAX);
        if (p->state >= 0)
                store_query_add_text(q, " AND state = ?", scheduled_job_state_to_string(p->state));
        if (f->job_id)
                store_query_add_text(q, " AND job_id = ?", f->job_id);
        if (f->deleted_job)
                add_deleted_job(q, f->deleted_job, p->by_name);
        if (f->requester_uid >= 0)
                store_query_add_number(q, " AND requester_uid = ?", f->requester_uid);
        if (f->requester)
                store_query_add_text(q, " AND requester = ?", f->requester);
        if (f->task_queue)
                store_query_add_text(q, " AND task_queue = ?", f->task_queue);
        if (f->name)
                store_query_add_text(q, " AND name = ?", f->name);
        if (f->q)
                store_query_add_text(q, " AND instr(lower(name), lower(?)) > 0", f->q);
        store_query_add_number(q, " ORDER BY seq DESC LIMIT ?", f->limit);
}

/* What has all states in one index, or in the table itself. */
static bool has_all_states(const ScheduledJobFilter *f) {
        return f->states == 0 && !f->approval && !f->deleted_job && (!f->requester || f->requester_uid >= 0);
}

static bool takes_state(const ScheduledJobFilter *f, ScheduledJobState state) {
        if (f->approval && state != SCHEDULED_JOB_PENDING)
                return false;
        return f->states == 0 || (f->states & UINT32_C(1) << state) != 0;
}

static void add_part_of(GArray *parts, const ScheduledJobFilter *f, ScheduledJobState state) {
        Part p = { f, state, false };

        g_array_append_val(parts, p);
        p.by_name = true;
        if (f->deleted_job)
                g_array_append_val(parts, p);
}

static GArray *make_parts(const ScheduledJobFilter *f) {
        GArray *parts = g_array_new(false, false, sizeof(Part));

        if (has_all_states(f))
                add_part_of(parts, f, _SCHEDULED_JOB_STATE_INVALID);
        else
                for (ScheduledJobState state = 0; state < _SCHEDULED_JOB_STATE_MAX; state++)
                        if (takes_state(f, state))
                                add_part_of(parts, f, state);
        return parts;
}

int store_schedule_list(Store *s, const ScheduledJobFilter *filter, GPtrArray *scheduled_jobs) {
        _cleanup_(store_statement_finalizep) sqlite3_stmt *statement = NULL;
        g_autoptr(GArray) parts = make_parts(filter);
        _cleanup_(store_query_done) StoreQuery q = {};
        int r;

        if (parts->len == 0)
                return 0;
        store_query_init(&q, "SELECT " STORE_SCHEDULE_COLUMNS " FROM scheduled_job WHERE seq IN (");
        for (guint i = 0; i < parts->len; i++) {
                store_query_add(&q, i > 0 ? " UNION ALL SELECT * FROM (" : "SELECT * FROM (");
                add_part(&q, &g_array_index(parts, Part, i));
                store_query_add(&q, ")");
        }
        store_query_add_number(&q, ") ORDER BY seq DESC LIMIT ?", filter->limit);
        r = store_query_prepare(s, &q, &statement);
        return r < 0 ? r : store_schedule_read_all(s, statement, scheduled_jobs);
}
