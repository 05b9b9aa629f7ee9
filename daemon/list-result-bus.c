/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "access.h"
#include "bus-error.h"
#include "bus-objects.h"
#include "bus-option.h"
#include "list-bus.h"
#include "names.h"
#include "store-result.h"
#include "store-schedule.h"

/* ListJobResults, CountJobResults */

enum { ROUNDS_MAX = 20 };

typedef struct ResultOptions {
        const char *job, *status, *requester, *queue, *scheduled_job, *before;
        uint32_t limit, offset;
} ResultOptions;

/* What a filter borrows. */
typedef struct Found {
        const Job *job;
        ScheduledJob *scheduled_job; /* owned */
} Found;

static void found_done(Found *f) {
        f->scheduled_job = scheduled_job_free(f->scheduled_job);
}

static const BusOption result_filter_table[] = {
        { "job", 's', offsetof(ResultOptions, job) },
        { "status", 's', offsetof(ResultOptions, status) },
        { "requester", 's', offsetof(ResultOptions, requester) },
        { "queue", 's', offsetof(ResultOptions, queue) },
        { "scheduled_job", 's', offsetof(ResultOptions, scheduled_job) },
        { "before", 's', offsetof(ResultOptions, before) },
        { "limit", 'u', offsetof(ResultOptions, limit) },
        { "offset", 'u', offsetof(ResultOptions, offset) },
};

static const BusOption count_filter_table[] = {
        { "job", 's', offsetof(ResultOptions, job) },
        { "status", 's', offsetof(ResultOptions, status) },
        { "requester", 's', offsetof(ResultOptions, requester) },
        { "queue", 's', offsetof(ResultOptions, queue) },
        { "scheduled_job", 's', offsetof(ResultOptions, scheduled_job) },
};

static const Job *job_of(Manager *manager, const JobResult *jr) {
        return jr->job_id[0] ? registry_find_by_id(manager->registry, jr->job_id) : NULL;
}

static int refuse_store_error(Manager *manager, sd_bus_error *error) {
        return sd_bus_error_setf(error, BUS_ERROR_STORE_FAILED, "cannot read the job results: %s",
                                 store_error_text(manager->store));
}

/* -EAGAIN: polkit was asked. */
static int read_before(Manager *manager, sd_bus_message *m, const char *text, int64_t *ret_seq, sd_bus_error *error) {
        _cleanup_(job_result_freep) JobResult *jr = NULL;
        AccessVerdict v = ACCESS_DENIED;
        char id[UUID_STRING_SIZE];

        if (uuid_parse(text, id) >= 0 && dispatcher_get_result(manager->dispatcher, id, &jr) > 0)
                v = access_may_view_result(manager->access, m, job_of(manager, jr), jr);
        if (v == ACCESS_UNKNOWN)
                return -EAGAIN;
        if (access_verdict_failed(v))
                return access_fail_list(v, error);
        if (v != ACCESS_ALLOWED)
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_JOB_RESULT, BUS_MESSAGE_NO_SUCH_JOB_RESULT, text);
        *ret_seq = jr->seq;
        return 0;
}

/* -EAGAIN: polkit was asked. One that the caller may not view is not there. */
static int find_scheduled_job(Manager *manager, sd_bus_message *m, const char *reference, ScheduledJob **ret,
                              sd_bus_error *error) {
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = NULL;
        AccessVerdict v = ACCESS_DENIED;
        int r;

        r = store_schedule_find(manager->store, reference, &sj);
        if (r < 0)
                return refuse_store_error(manager, error);
        if (r > 0)
                v = access_may_view_schedule(manager->access, m,
                                             sj->job_id[0] ? registry_find_by_id(manager->registry, sj->job_id) : NULL, sj);
        if (v == ACCESS_UNKNOWN)
                return -EAGAIN;
        if (access_verdict_failed(v))
                return access_fail_list(v, error);
        if (v != ACCESS_ALLOWED)
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_SCHEDULED_JOB, BUS_MESSAGE_NO_SUCH_SCHEDULED_JOB,
                                         reference);
        *ret = TAKE_PTR(sj);
        return 0;
}

static int make_filter(Manager *manager, sd_bus_message *m, const ResultOptions *o, Found *found, JobResultFilter *f,
                       sd_bus_error *error) {
        guint64 uid;
        int r;

        *f = (JobResultFilter){ .status = _JOB_RESULT_STATUS_INVALID, .requester_uid = -1, .task_queue = o->queue };
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
                r = find_scheduled_job(manager, m, o->scheduled_job, &found->scheduled_job, error);
                if (r < 0)
                        return r;
                f->scheduled_job_id = found->scheduled_job->id;
        }
        return o->before ? read_before(manager, m, o->before, &f->before_seq, error) : 0;
}

static bool page_is_full(const GPtrArray *page, uint32_t limit) {
        return page->len > limit; /* one more, to know that there are more */
}

/*
 * Moves what the caller may see from batch to page; *ret_seq is the last one that was looked at. 1: no further ones
 * will be looked at, -EAGAIN: polkit was asked; or the error is set.
 */
static int filter_results(Manager *manager, sd_bus_message *m, GPtrArray *batch, GPtrArray *page, uint32_t limit,
                          int64_t *ret_seq, sd_bus_error *error) {
        bool unknown = false;

        for (guint i = 0; i < batch->len && !page_is_full(page, limit); i++) {
                JobResult *jr = batch->pdata[i];
                AccessVerdict v = access_may_view_result(manager->access, m, job_of(manager, jr), jr);

                if (access_verdict_failed(v))
                        return access_fail_list(v, error);
                if (v == ACCESS_UNASKED)
                        return unknown ? -EAGAIN : 1;
                *ret_seq = jr->seq;
                if (v == ACCESS_UNKNOWN)
                        unknown = true;
                else if (v == ACCESS_ALLOWED) {
                        g_ptr_array_add(page, jr);
                        batch->pdata[i] = NULL;
                }
        }
        return unknown ? -EAGAIN : page_is_full(page, limit);
}

static void job_result_free_func(void *jr) {
        (void) job_result_free(jr);
}

/*
 * Fills the page by batches, and moves the filter on to what was not looked at. 1: there may be further ones, 0: there
 * are none, -EAGAIN: polkit was asked; or the error is set.
 */
static int collect_results(Manager *manager, sd_bus_message *m, JobResultFilter *f, uint32_t limit, GPtrArray *page,
                           sd_bus_error *error) {
        int r;

        f->limit = limit + 1;
        for (unsigned round = 0; round < ROUNDS_MAX; round++) {
                g_autoptr(GPtrArray) batch = g_ptr_array_new_with_free_func(job_result_free_func);

                if (store_result_list(manager->store, f, batch) < 0)
                        return refuse_store_error(manager, error);
                r = filter_results(manager, m, batch, page, limit, &f->before_seq, error);
                if (r != 0)
                        return r;
                if (batch->len <= limit)
                        return 0;
        }
        return 1;
}

/*
 * A page after an offset is of so many results that there are, whoever may see them: pages one after the other then have
 * each once.
 */
static int collect_at_offset(Manager *manager, sd_bus_message *m, JobResultFilter *f, uint32_t limit, GPtrArray *page,
                             sd_bus_error *error) {
        g_autoptr(GPtrArray) batch = g_ptr_array_new_with_free_func(job_result_free_func);
        bool more;
        int r;

        f->limit = limit + 1;
        if (store_result_list(manager->store, f, batch) < 0)
                return refuse_store_error(manager, error);
        more = batch->len > limit;
        if (more)
                g_ptr_array_set_size(batch, (int) limit);
        r = filter_results(manager, m, batch, page, limit, &f->before_seq, error);
        return r < 0 ? r : r > 0 || more;
}

static int append_result(sd_bus_message *m, const void *jr) {
        return job_result_bus_append_properties(m, jr);
}

/* Who may not see those of others is shown their own, by the database: not by asking for each of a million. */
static int restrict_to_own(Manager *manager, sd_bus_message *m, JobResultFilter *f, sd_bus_error *error) {
        g_autofree char *name = access_caller_name(manager->access, m);
        uint32_t uid = access_caller_uid(manager->access, m);

        if ((f->requester_uid >= 0 && f->requester_uid != uid) || (f->requester && strcmp(f->requester, name) != 0))
                return access_refuse_list(m, "job result of another user", "org.jobd1.view-jobresult", error);
        f->requester_uid = uid;
        f->requester = NULL;
        return 0;
}

/* In general first: so a job that must not be seen has no results, as one that does not exist. */
static int check_results(Manager *manager, sd_bus_message *m, const Job *job, JobResultFilter *f,
                         sd_bus_error *error) {
        AccessVerdict v;

        v = access_may_view_result(manager->access, m, NULL, NULL);
        if (v == ACCESS_DENIED && job)
                v = access_may_view_result(manager->access, m, job, NULL);
        switch (v) {
        case ACCESS_ALLOWED:
                return 0;
        case ACCESS_UNKNOWN:
                return -EAGAIN;
        case ACCESS_FAILED:
                return access_fail_list(v, error);
        default: /* without polkit, too */
                return restrict_to_own(manager, m, f, error);
        }
}

static char *result_list_key(const ResultOptions *o, const char *before) {
        static const char none[] = "\x1e";
        g_autofree char *text = g_strdup_printf("results\x1f%s\x1f%s\x1f%s\x1f%s\x1f%s\x1f%s", o->job ?: none,
                                                o->status ?: none, o->requester ?: none, o->queue ?: none,
                                                o->scheduled_job ?: none, before ?: none);

        return list_key(text);
}

/* The next call gives the last one of this page as "before"; what was looked at since is not looked at again. */
static void keep_result_position(Manager *manager, sd_bus_message *m, const ResultOptions *o, const GPtrArray *page,
                                 int64_t seq, bool more) {
        const JobResult *last = page->len > 0 ? page->pdata[page->len - 1] : NULL;
        AccessListState next = { .position = (uint64_t) seq };
        g_autofree char *key = result_list_key(o, last ? last->id : o->before);

        access_keep_list(manager->access, m, key, more && seq > 0 && page->len < o->limit ? &next : NULL);
}

static int find_results(Manager *manager, sd_bus_message *m, const ResultOptions *o, GPtrArray *page, bool *ret_more,
                        sd_bus_error *error) {
        g_autofree char *key = result_list_key(o, o->before);
        _cleanup_(found_done) Found found = {};
        AccessListState state;
        JobResultFilter f;
        int r;

        r = make_filter(manager, m, o, &found, &f, error);
        if (r >= 0)
                r = check_results(manager, m, found.job, &f, error);
        if (r < 0)
                return r;
        if (o->offset > 0) {
                f.offset = o->offset;
                r = collect_at_offset(manager, m, &f, o->limit, page, error);
                if (r >= 0)
                        *ret_more = r > 0;
                return r;
        }
        state = access_find_list(manager->access, m, key);
        if (state.position > 0)
                f.before_seq = (int64_t) state.position;

        r = collect_results(manager, m, &f, o->limit, page, error);
        if (r < 0)
                return r;
        *ret_more = r > 0;
        if (page->len > o->limit)
                g_ptr_array_set_size(page, (int) o->limit);
        keep_result_position(manager, m, o, page, f.before_seq, *ret_more);
        return 0;
}

static int check_offset(uint32_t offset, sd_bus_error *error) {
        if (offset <= RESULT_OFFSET_MAX)
                return 0;
        return sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION,
                                 "option 'offset' must be from 0 to %i: go further back by the option 'before'",
                                 RESULT_OFFSET_MAX);
}

int list_bus_job_results(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        g_autoptr(GPtrArray) page = g_ptr_array_new_with_free_func(job_result_free_func);
        ResultOptions o = { .limit = LIST_LIMIT_DEFAULT };
        Manager *manager = userdata;
        bool more = false;
        int r;

        r = bus_options_read(m, result_filter_table, ELEMENTSOF(result_filter_table), &o, error);
        if (r >= 0)
                r = list_check_limit(o.limit, error);
        if (r >= 0)
                r = check_offset(o.offset, error);
        if (r >= 0)
                r = find_results(manager, m, &o, page, &more, error);
        if (r == -EAGAIN)
                return access_wait(manager->access, m);
        if (r < 0)
                return r;
        for (guint i = 0; i < page->len; i++)
                dispatcher_describe_wait(manager->dispatcher, page->pdata[i]);
        return list_send(m, page, JOBD_RESULT_PATH, append_result, offsetof(JobResult, id), more);
}

/*
 * Not one by one, as for a list: those that a rule hides from a caller who may view job results in general are counted.
 * Of a job whose results must not be seen only the caller's own are.
 */
static int check_count(Manager *manager, sd_bus_message *m, const Job *job, JobResultFilter *f, sd_bus_error *error) {
        AccessVerdict v = ACCESS_ALLOWED;
        int r;

        r = check_results(manager, m, job, f, error);
        if (r < 0 || !job)
                return r;
        v = access_may_view_result(manager->access, m, job, NULL);
        if (v == ACCESS_UNKNOWN)
                return -EAGAIN;
        return v == ACCESS_ALLOWED ? 0 : restrict_to_own(manager, m, f, error);
}

int list_bus_count_job_results(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(found_done) Found found = {};
        Manager *manager = userdata;
        ResultOptions o = {};
        JobResultFilter f;
        uint64_t count;
        int r;

        r = bus_options_read(m, count_filter_table, ELEMENTSOF(count_filter_table), &o, error);
        if (r < 0)
                return r;
        r = make_filter(manager, m, &o, &found, &f, error);
        if (r >= 0)
                r = check_count(manager, m, found.job, &f, error);
        if (r == -EAGAIN)
                return access_wait(manager->access, m);
        if (r < 0)
                return r;
        if (store_result_count(manager->store, &f, &count) < 0)
                return refuse_store_error(manager, error);
        return sd_bus_reply_method_return(m, "t", count);
}
