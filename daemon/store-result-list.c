/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "store-query.h"
#include "store-result-internal.h"

/*
 * Lists of job results by a filter. The newest ones of so many conditions come from one index that has all of them, or
 * are the newest ones of a few such lists: of each status, of each uid that a name has had. So what a page costs
 * depends on its length alone. Conditions beyond those that an index has are looked at in the rows.
 */

/* As the partial indices have it: without exactly this SQLite does not use them. */
#define ENDED "status <> 'PENDING' AND status <> 'STARTED'"

/* A user name that has belonged to more users than this is looked for in all rows. */
enum { UIDS_MAX = 8 };

/* A filter, with the uids that its user name has had. */
typedef struct Choice {
        const JobResultFilter *filter;
        int64_t uids[UIDS_MAX]; /* only those */
        size_t n_uids;          /* 0: anybody */
        const char *requester;  /* and only by this name; NULL: the uid says it all */
        bool is_empty;          /* there are none */
} Choice;

/* One list that an index gives in its order. */
typedef struct Part {
        const JobResultFilter *filter;
        int64_t uid;            /* -1: any */
        const char *requester;  /* NULL: any */
        JobResultStatus status; /* _JOB_RESULT_STATUS_INVALID: any */
        bool by_name;           /* of the deleted job: what has its name, not its class_path */
} Part;

/* ---- user names ---- */

/* *ret_alone: none of the uids has had another name. */
static int read_uids(Store *s, const char *name, int64_t *uids, size_t *ret_n, bool *ret_alone) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        *ret_n = 0;
        *ret_alone = true;
        r = store_statement(s, STORE_RESULT_REQUESTERS,
                            "SELECT uid, EXISTS (SELECT 1 FROM requester AS o WHERE o.uid = r.uid AND o.name <> r.name)"
                            " FROM requester AS r WHERE name = ?",
                            &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, name);
        if (r < 0)
                return r;
        while ((r = store_step(s, statement)) > 0) {
                if (*ret_n == UIDS_MAX)
                        return -E2BIG;
                uids[(*ret_n)++] = sqlite3_column_int64(statement, 0);
                if (sqlite3_column_int(statement, 1) != 0)
                        *ret_alone = false;
        }
        return r;
}

static int choose(Store *s, const JobResultFilter *f, Choice *ret) {
        bool alone;
        int r;

        *ret = (Choice){ .filter = f, .requester = f->requester };
        if (f->requester_uid >= 0) {
                ret->uids[ret->n_uids++] = f->requester_uid;
                return 0;
        }
        if (!f->requester)
                return 0;
        r = read_uids(s, f->requester, ret->uids, &ret->n_uids, &alone);
        if (r == -E2BIG) {
                ret->n_uids = 0;
                return 0;
        }
        if (r < 0)
                return r;
        ret->is_empty = ret->n_uids == 0;
        if (alone)
                ret->requester = NULL;
        return 0;
}

/* ---- one part ---- */

static const char *index_of(const Part *p) {
        const JobResultFilter *f = p->filter;

        if (p->status == JOB_RESULT_PENDING || p->status == JOB_RESULT_STARTED)
                return "job_result_by_status";
        if (p->status < 0)
                return f->job_id ? "job_result_by_job" : p->uid >= 0 ? "job_result_by_requester" : NULL;
        if (f->scheduled_job_id)
                return "job_result_by_schedule";
        if (f->deleted_job)
                return p->by_name ? "job_result_by_name" : "job_result_by_class_path";
        if (p->uid >= 0)
                return f->job_id       ? "job_result_by_requester_job"
                       : f->task_queue ? "job_result_by_requester_queue"
                                       : "job_result_by_requester_status";
        if (f->job_id)
                return "job_result_by_job_status";
        return f->task_queue ? "job_result_by_queue" : "job_result_by_status";
}

static void add_deleted_job(StoreQuery *q, const char *deleted_job, bool by_name) {
        store_query_add(q, " AND job_id IS NULL");
        if (by_name) { /* and not those again that have both */
                store_query_add_text(q, " AND name = ?", deleted_job);
                store_query_add_text(q, " AND class_path <> ?", deleted_job);
        } else
                store_query_add_text(q, " AND class_path = ?", deleted_job);
}

static void add_bounds(StoreQuery *q, const JobResultFilter *f) {
        int64_t before = f->before_seq > 0 ? f->before_seq : INT64_MAX, to = f->to_seq > 0 ? f->to_seq : INT64_MAX;
        int64_t from = MAX(f->from_seq, f->scan_from_seq);

        store_query_add_number(q, " WHERE seq < ?", MIN(before, to));
        if (from > 0)
                store_query_add_number(q, " AND seq >= ?", from);
}

static void add_scan(StoreQuery *q, const JobResultFilter *f) {
        if (f->name)
                store_query_add_text(q, " AND name = ?", f->name);
        if (!f->q)
                return;
        store_query_add_text(q, " AND (instr(lower(name), lower(?)) > 0", f->q);
        store_query_add_text(q, " OR instr(lower(class_path), lower(?)) > 0", f->q);
        store_query_add_text(q, " OR instr(lower(requester), lower(?)) > 0)", f->q);
}

static void add_part(StoreQuery *q, const char *columns, const Part *p) {
        const JobResultFilter *f = p->filter;
        const char *index = index_of(p);

        store_query_add(q, "SELECT ");
        store_query_add(q, columns);
        store_query_add(q, " FROM job_result");
        if (index) {
                store_query_add(q, " INDEXED BY ");
                store_query_add(q, index);
        }
        add_bounds(q, f);
        if (p->status >= 0)
                store_query_add_text(q, " AND status = ?", job_result_status_to_string(p->status));
        if (job_result_status_is_final(p->status))
                store_query_add(q, " AND " ENDED);
        if (f->job_id)
                store_query_add_text(q, " AND job_id = ?", f->job_id);
        if (f->deleted_job)
                add_deleted_job(q, f->deleted_job, p->by_name);
        if (f->task_queue)
                store_query_add_text(q, " AND task_queue = ?", f->task_queue);
        if (f->scheduled_job_id)
                store_query_add_text(q, " AND scheduled_job_id = ?", f->scheduled_job_id);
        if (p->uid >= 0)
                store_query_add_number(q, " AND requester_uid = ?", p->uid);
        if (p->requester)
                store_query_add_text(q, " AND requester = ?", p->requester);
        add_scan(q, f);
        store_query_add_number(q, " ORDER BY seq DESC LIMIT ?", (int64_t) f->limit + f->offset);
}

/* ---- all parts ---- */

/* What has all statuses in one index, or in the table itself: of which nothing is counted, the index is smaller. */
static bool has_all_statuses(const Choice *c) {
        const JobResultFilter *f = c->filter;

        if (f->task_queue || f->scheduled_job_id || f->deleted_job)
                return false;
        if (!f->job_id && c->n_uids == 0 && !f->requester && (f->from_seq > 0 || f->to_seq > 0))
                return false;
        return !f->job_id || c->n_uids == 0;
}

static GArray *make_parts(const Choice *c) {
        JobResultStatus first = c->filter->status, last = c->filter->status;
        GArray *parts = g_array_new(false, false, sizeof(Part));

        if (first < 0 && !has_all_statuses(c)) {
                first = 0;
                last = _JOB_RESULT_STATUS_MAX - 1;
        }
        for (size_t i = 0; i < MAX(c->n_uids, 1U); i++)
                for (JobResultStatus status = first; status <= last; status++)
                        for (int by_name = 0; by_name <= (c->filter->deleted_job ? 1 : 0); by_name++) {
                                const Part p = {
                                        .filter = c->filter,
                                        .uid = c->n_uids > 0 ? c->uids[i] : -1,
                                        .requester = c->requester,
                                        .status = status,
                                        .by_name = by_name > 0,
                                };

                                g_array_append_val(parts, p);
                        }
        return parts;
}

static void add_parts(StoreQuery *q, const char *columns, const GArray *parts) {
        for (guint i = 0; i < parts->len; i++) {
                store_query_add(q, i > 0 ? " UNION ALL SELECT * FROM (" : "SELECT * FROM (");
                add_part(q, columns, &g_array_index(parts, Part, i));
                store_query_add(q, ")");
        }
}

int store_result_list(Store *s, const JobResultFilter *filter, GPtrArray *results) {
        _cleanup_(store_statement_finalizep) sqlite3_stmt *statement = NULL;
        _cleanup_(store_query_done) StoreQuery q = {};
        g_autoptr(GArray) parts = NULL;
        Choice choice;
        int r;

        r = choose(s, filter, &choice);
        if (r < 0 || choice.is_empty)
                return r;
        parts = make_parts(&choice);
        store_query_init(&q, "SELECT " STORE_RESULT_COLUMNS " FROM job_result WHERE seq IN (");
        add_parts(&q, "seq", parts);
        store_query_add_number(&q, ") ORDER BY seq DESC LIMIT ?", filter->limit);
        store_query_add_number(&q, " OFFSET ?", filter->offset);
        r = store_query_prepare(s, &q, &statement);
        return r < 0 ? r : store_result_read_all(s, statement, results);
}

/* ---- counting ---- */

static int count_all(Store *s, uint64_t *ret) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        /* Without a condition SQLite counts the cells of an index, not the rows: milliseconds for a million. */
        r = store_statement(s, STORE_RESULT_COUNT, "SELECT count(*) FROM job_result", &statement);
        if (r >= 0)
                r = store_step(s, statement);
        if (r <= 0)
                return r < 0 ? r : -EIO;
        *ret = (uint64_t) sqlite3_column_int64(statement, 0);
        return 0;
}

static int count_parts(Store *s, const GArray *parts, uint64_t *ret) {
        _cleanup_(store_statement_finalizep) sqlite3_stmt *statement = NULL;
        _cleanup_(store_query_done) StoreQuery q = {};
        int r;

        store_query_init(&q, "SELECT count(*) FROM (");
        add_parts(&q, "1", parts);
        store_query_add_number(&q, " LIMIT ?)", RESULT_COUNT_MAX);
        r = store_query_prepare(s, &q, &statement);
        if (r >= 0)
                r = store_step(s, statement);
        if (r <= 0)
                return r < 0 ? r : -EIO;
        *ret = (uint64_t) sqlite3_column_int64(statement, 0);
        return 0;
}

static bool filter_is_empty(const JobResultFilter *f) {
        return !f->job_id && !f->deleted_job && f->status < 0 && !f->task_queue && !f->scheduled_job_id &&
               f->requester_uid < 0 && !f->requester && f->from_seq == 0 && f->to_seq == 0 && !f->name && !f->q;
}

int store_result_count(Store *s, const JobResultFilter *filter, uint64_t *ret) {
        g_autoptr(GArray) parts = NULL;
        JobResultFilter f = *filter;
        Choice choice;
        int r;

        if (filter_is_empty(filter))
                return count_all(s, ret);
        f.limit = RESULT_COUNT_MAX;
        f.offset = 0;
        f.before_seq = 0;
        r = choose(s, &f, &choice);
        if (r < 0)
                return r;
        if (choice.is_empty) {
                *ret = 0;
                return 0;
        }
        parts = make_parts(&choice);
        return count_parts(s, parts, ret);
}

/* ---- by time ---- */

static int read_newest_seq(Store *s, int64_t *ret) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, STORE_RESULT_NEWEST_SEQ, "SELECT ifnull(max(seq), 0) FROM job_result", &statement);
        if (r >= 0)
                r = store_step(s, statement);
        if (r <= 0)
                return r < 0 ? r : -EIO;
        *ret = sqlite3_column_int64(statement, 0);
        return 0;
}

/* The first one from seq on. 1: there is one. */
static int read_time(Store *s, int64_t seq, int64_t *ret_seq, int64_t *ret_usec) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, STORE_RESULT_TIME,
                            "SELECT seq, date_created FROM job_result WHERE seq >= ? ORDER BY seq LIMIT 1", &statement);
        if (r >= 0)
                r = store_bind_int64(s, statement, 1, seq);
        if (r >= 0)
                r = store_step(s, statement);
        if (r <= 0)
                return r;
        *ret_seq = sqlite3_column_int64(statement, 0);
        *ret_usec = sqlite3_column_int64(statement, 1);
        return 1;
}

int store_result_seek(Store *s, uint64_t usec, int64_t *ret_seq) {
        int64_t low = 1, high, seq, time;
        int r;

        r = read_newest_seq(s, &high);
        if (r < 0)
                return r;
        high++;
        while (low < high) { /* by halves: what is before low is earlier, what is from high on is not */
                int64_t middle = low + (high - low) / 2;

                r = read_time(s, middle, &seq, &time);
                if (r < 0)
                        return r;
                if (r == 0 || (uint64_t) time >= usec)
                        high = middle;
                else
                        low = seq + 1;
        }
        *ret_seq = low;
        return 0;
}
