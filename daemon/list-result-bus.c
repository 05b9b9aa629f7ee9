/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>

#include "access.h"
#include "bus-error.h"
#include "bus-option.h"
#include "job-result-bus.h"
#include "list-bus.h"
#include "list-page.h"
#include "list.h"
#include "names.h"
#include "store-result.h"

/* ListJobResults, CountJobResults */

typedef struct ResultOptions {
        const char *job, *status, *requester, *queue, *scheduled_job, *name, *q, *before;
        uint64_t since, until;
        uint32_t limit;
        int64_t offset; /* -1: pages go on by "before" */
} ResultOptions;

/* What a filter borrows. */
typedef struct Found {
        const Job *job;
        ScheduledJob *scheduled_job; /* owned */
} Found;

static void found_done(Found *f) {
        f->scheduled_job = scheduled_job_free(f->scheduled_job);
}

static int read_offset(sd_bus_message *m, void *target, sd_bus_error *error) {
        uint32_t offset;
        int r;

        r = sd_bus_message_read(m, "u", &offset);
        if (r >= 0)
                *(int64_t *) target = offset;
        return r;
}

static const BusOption result_filter_table[] = {
        { "job", 's', offsetof(ResultOptions, job) },
        { "status", 's', offsetof(ResultOptions, status) },
        { "requester", 's', offsetof(ResultOptions, requester) },
        { "queue", 's', offsetof(ResultOptions, queue) },
        { "scheduled_job", 's', offsetof(ResultOptions, scheduled_job) },
        { "since", 't', offsetof(ResultOptions, since) },
        { "until", 't', offsetof(ResultOptions, until) },
        { "name", 's', offsetof(ResultOptions, name) },
        { "q", 's', offsetof(ResultOptions, q) },
        { "before", 's', offsetof(ResultOptions, before) },
        { "limit", 'u', offsetof(ResultOptions, limit) },
        { "offset", 'a', offsetof(ResultOptions, offset), "u", read_offset },
};

static const BusOption count_filter_table[] = {
        { "job", 's', offsetof(ResultOptions, job) },
        { "status", 's', offsetof(ResultOptions, status) },
        { "requester", 's', offsetof(ResultOptions, requester) },
        { "queue", 's', offsetof(ResultOptions, queue) },
        { "scheduled_job", 's', offsetof(ResultOptions, scheduled_job) },
        { "since", 't', offsetof(ResultOptions, since) },
        { "until", 't', offsetof(ResultOptions, until) },
};

/* ---- the kind ---- */

static void job_result_free_func(void *jr) {
        (void) job_result_free(jr);
}

static int list_results(Store *s, const void *filter, GPtrArray *results) {
        return store_result_list(s, filter, results);
}

static AccessVerdict may_view(Access *a, sd_bus_message *m, const Job *job, const void *jr) {
        return access_may_view_result(a, m, job, jr);
}

static const char *job_id_of(const void *jr) {
        return ((const JobResult *) jr)->job_id;
}

static char *list_key_of(const void *options, const char *before) {
        static const char none[] = "\x1e";
        const ResultOptions *o = options;
        g_autofree char *text = g_strdup_printf("results %" PRIu64 " %" PRIu64 "\x1f%s\x1f%s\x1f%s\x1f%s\x1f%s\x1f%s"
                                                "\x1f%s\x1f%s", o->since, o->until, o->job ?: none, o->status ?: none,
                                                o->requester ?: none, o->queue ?: none, o->scheduled_job ?: none,
                                                o->name ?: none, o->q ?: none, before ?: none);

        return list_key(text);
}

static const ListKind result_kind = {
        .plural = "job results",
        .of_another = "job result of another user",
        .action = "org.jobd1.view-jobresult",
        .id_offset = offsetof(JobResult, id),
        .seq_offset = offsetof(JobResult, seq),
        .free = job_result_free_func,
        .list = list_results,
        .may_view = may_view,
        .job_id = job_id_of,
        .key = list_key_of,
};

/* ---- the filter ---- */

/* -EAGAIN: polkit was asked. */
static int read_before(Manager *manager, sd_bus_message *m, const char *text, int64_t *ret_seq, sd_bus_error *error) {
        _cleanup_(job_result_freep) JobResult *jr = NULL;
        char id[UUID_STRING_SIZE];
        int r = 0;

        if (uuid_parse(text, id) >= 0 && dispatcher_get_result(manager->dispatcher, id, &jr) > 0)
                r = list_may_view(&result_kind, manager, m, jr, error);
        if (r == 0)
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_JOB_RESULT, BUS_MESSAGE_NO_SUCH_JOB_RESULT, text);
        if (r > 0)
                *ret_seq = jr->seq;
        return r;
}

/* "until" is included, to the microsecond. */
static int read_times(Manager *manager, const ResultOptions *o, JobResultFilter *f) {
        int r = 0;

        if (o->since > 0)
                r = store_result_seek(manager->store, o->since, &f->from_seq);
        if (r >= 0 && o->until < UINT64_MAX)
                r = store_result_seek(manager->store, o->until + 1, &f->to_seq);
        return r;
}

static bool is_scan(const ResultOptions *o) {
        return o->name || o->q;
}

/* Where a scan begins: after the newest that there is, or the last one that is asked for. */
static int begin_scan(Manager *manager, JobResultFilter *f) {
        int64_t end = f->to_seq;
        int r = 0;

        if (end == 0)
                r = store_result_seek(manager->store, UINT64_MAX, &end);
        if (f->before_seq == 0 || f->before_seq > end)
                f->before_seq = end;
        return r;
}

static int make_filter(Manager *manager, sd_bus_message *m, const ResultOptions *o, Found *found, JobResultFilter *f,
                       sd_bus_error *error) {
        guint64 uid;
        int r;

        *f = (JobResultFilter){ .status = _JOB_RESULT_STATUS_INVALID, .requester_uid = -1, .task_queue = o->queue,
                                .name = o->name, .q = o->q };
        found->job = o->job ? registry_find(manager->registry, o->job) : NULL;
        if (found->job)
                f->job_id = found->job->id;
        else if (o->job)
                f->deleted_job = o->job;
        if (o->status) {
                f->status = job_result_status_from_string(o->status);
                if (f->status < 0)
                        return sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION,
                                                 "'%s' is not a status: use PENDING, STARTED, SUCCESS, FAILURE or "
                                                 "REVOKED",
                                                 o->status);
        }
        /* By the name as it was at the time: to look up what a client sends can take long. */
        if (o->requester && g_ascii_string_to_unsigned(o->requester, 10, 0, UINT32_MAX, &uid, NULL))
                f->requester_uid = (int64_t) uid;
        else
                f->requester = o->requester;
        if (o->scheduled_job) {
                r = list_find_scheduled_job(manager, m, o->scheduled_job, &found->scheduled_job, error);
                if (r < 0)
                        return r;
                f->scheduled_job_id = found->scheduled_job->id;
        }
        if (o->before) {
                r = read_before(manager, m, o->before, &f->before_seq, error);
                if (r < 0)
                        return r;
        }
        r = read_times(manager, o, f);
        if (r >= 0 && is_scan(o))
                r = begin_scan(manager, f);
        return r < 0 ? list_page_refuse_store_error(&(ListPage){ .kind = &result_kind, .manager = manager }, error) : 0;
}

/* ---- the list ---- */

static ListPage page_of(Manager *manager, sd_bus_message *m, const ResultOptions *o, JobResultFilter *f) {
        return (ListPage){
                .kind = &result_kind,
                .manager = manager,
                .call = m,
                .options = o,
                .filter = f,
                .of_filter = { &f->requester_uid, &f->requester, &f->before_seq, &f->limit,
                               is_scan(o) ? &f->scan_from_seq : NULL },
                .before = o->before,
                .limit = o->limit,
        };
}

static int find_results(ListPage *p, const ResultOptions *o, JobResultFilter *f, sd_bus_error *error) {
        _cleanup_(found_done) Found found = {};
        int r;

        r = make_filter(p->manager, p->call, o, &found, f, error);
        if (r >= 0)
                r = list_page_check(p, found.job, error);
        if (r < 0)
                return r;
        f->offset = (unsigned) MAX(o->offset, 0);
        p->scan_end = MAX(f->from_seq, 1);
        return o->offset >= 0 ? list_page_fill_at_offset(p, error) : list_page_fill(p, error);
}

static int append_result(sd_bus_message *m, const void *jr) {
        return job_result_bus_append_properties(m, jr);
}

static int check_offset(const ResultOptions *o, sd_bus_error *error) {
        if (o->offset >= 0 && is_scan(o))
                return sd_bus_error_set(error, BUS_ERROR_INVALID_OPTION,
                                        "option 'offset' cannot be given with 'name' or 'q': go on by the option 'before'");
        if (o->offset <= RESULT_OFFSET_MAX)
                return 0;
        return sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION,
                                 "option 'offset' must be from 0 to %i: go further back by the option 'before'",
                                 RESULT_OFFSET_MAX);
}

int list_bus_job_results(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        ResultOptions o = { .until = UINT64_MAX, .limit = LIST_LIMIT_DEFAULT, .offset = -1 };
        _cleanup_(list_page_done) ListPage page = {};
        Manager *manager = userdata;
        JobResultFilter f;
        int r;

        r = bus_options_read(m, result_filter_table, ELEMENTSOF(result_filter_table), &o, error);
        if (r >= 0)
                r = list_check_limit(o.limit, error);
        if (r >= 0)
                r = check_offset(&o, error);
        if (r < 0)
                return r;
        page = page_of(manager, m, &o, &f);
        r = find_results(&page, &o, &f, error);
        if (r == -EAGAIN)
                return access_wait(manager->access, m);
        if (r < 0)
                return r;
        for (guint i = 0; i < page.records->len; i++)
                dispatcher_describe_wait(manager->dispatcher, page.records->pdata[i]);
        return list_send(m, page.records, JOBD_RESULT_PATH, append_result, offsetof(JobResult, id), page.more);
}

/* ---- the count ---- */

/*
 * Not one by one, as for a list: those that a rule hides from a caller who may view job results in general are
 * counted. Of a job whose results must not be seen only the caller's own are.
 */
static int check_count(ListPage *p, const Job *job, sd_bus_error *error) {
        AccessVerdict v;
        int r;

        r = list_page_check(p, job, error);
        if (r < 0 || !job)
                return r;
        v = access_may_view_result(p->manager->access, p->call, job, NULL);
        if (v == ACCESS_UNKNOWN)
                return -EAGAIN;
        return v == ACCESS_ALLOWED ? 0 : list_page_restrict_to_own(p, error);
}

int list_bus_count_job_results(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(found_done) Found found = {};
        Manager *manager = userdata;
        ResultOptions o = { .until = UINT64_MAX };
        JobResultFilter f;
        uint64_t count;
        ListPage page;
        int r;

        r = bus_options_read(m, count_filter_table, ELEMENTSOF(count_filter_table), &o, error);
        if (r < 0)
                return r;
        page = page_of(manager, m, &o, &f);
        r = make_filter(manager, m, &o, &found, &f, error);
        if (r >= 0)
                r = check_count(&page, found.job, error);
        if (r == -EAGAIN)
                return access_wait(manager->access, m);
        if (r < 0)
                return r;
        if (store_result_count(manager->store, &f, &count) < 0)
                return list_page_refuse_store_error(&page, error);
        return sd_bus_reply_method_return(m, "t", count);
}
