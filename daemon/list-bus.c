/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <pwd.h>
#include <string.h>

#include "access.h"
#include "bus-error.h"
#include "bus-objects.h"
#include "bus-option.h"
#include "names.h"
#include "object-path.h"
#include "store-result.h"

/*
 * ListJobs and ListJobResults. Whoever may see only some of them is shown those: polkit is asked for each, and while
 * answers are outstanding the handler returns access_wait() and is called again from the start.
 */

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 1000, RESULT_ROUNDS_MAX = 20 };

static int check_limit(uint32_t limit, sd_bus_error *error) {
        if (limit >= 1 && limit <= LIMIT_MAX)
                return 0;
        return sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION, "option 'limit' must be from 1 to %i", LIMIT_MAX);
}

static int append_object(sd_bus_message *reply, const char *parent, const char *id, const void *object,
                         int (*append)(sd_bus_message *m, const void *object)) {
        char path[OBJECT_PATH_SIZE];
        int r;

        object_path_format(parent, id, path);
        r = sd_bus_message_open_container(reply, 'r', "oa{sv}");
        if (r >= 0)
                r = sd_bus_message_append(reply, "o", path);
        if (r >= 0)
                r = append(reply, object);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int send_list(sd_bus_message *call, const GPtrArray *list, const char *parent,
                     int (*append)(sd_bus_message *m, const void *object), size_t id_offset, bool more) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(oa{sv})");
        for (guint i = 0; i < list->len && r >= 0; i++)
                r = append_object(reply, parent, (const char *) list->pdata[i] + id_offset, list->pdata[i], append);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_message_append(reply, "b", (int) more);
        return r < 0 ? r : sd_bus_send(sd_bus_message_get_bus(call), reply, NULL);
}

/* ---- jobs ---- */

typedef struct JobFilter {
        int enabled, installed, hidden; /* -1: any */
        const char *module_name, *grouping, *name, *q;
        uint32_t limit, offset;
} JobFilter;

static const BusOption job_filter_table[] = {
        { "enabled", 'b', offsetof(JobFilter, enabled) },
        { "installed", 'b', offsetof(JobFilter, installed) },
        { "hidden", 'b', offsetof(JobFilter, hidden) },
        { "module_name", 's', offsetof(JobFilter, module_name) },
        { "grouping", 's', offsetof(JobFilter, grouping) },
        { "name", 's', offsetof(JobFilter, name) },
        { "q", 's', offsetof(JobFilter, q) },
        { "limit", 'u', offsetof(JobFilter, limit) },
        { "offset", 'u', offsetof(JobFilter, offset) },
};

static bool contains_any_case(const char *text, const char *part) {
        g_autofree char *a = g_utf8_casefold(text, -1), *b = g_utf8_casefold(part, -1);

        return strstr(a, b);
}

static bool job_matches(const Job *j, const JobFilter *f) {
        if ((f->enabled >= 0 && j->enabled != (f->enabled != 0)) ||
            (f->installed >= 0 && j->installed != (f->installed != 0)) ||
            (f->hidden >= 0 && j->effective.hidden != (f->hidden != 0)))
                return false;
        if ((f->module_name && strcmp(j->module_name, f->module_name) != 0) ||
            (f->grouping && strcmp(j->effective.grouping, f->grouping) != 0) ||
            (f->name && strcmp(j->effective.name, f->name) != 0))
                return false;
        return !f->q || contains_any_case(j->effective.name, f->q) || contains_any_case(j->effective.grouping, f->q) ||
               contains_any_case(j->class_path, f->q) ||
               (j->effective.description && contains_any_case(j->effective.description, f->q));
}

/* The jobs that the filter and polkit let through, one more than the limit at most; -EAGAIN: polkit was asked. */
static int collect_jobs(Manager *manager, sd_bus_message *m, const JobFilter *f, GPtrArray *page, bool *ret_any) {
        g_autoptr(GPtrArray) all = registry_list(manager->registry);
        bool unknown = false;
        uint32_t skipped = 0;

        *ret_any = false;
        for (guint i = 0; i < all->len && page->len <= f->limit; i++) {
                AccessVerdict v;

                if (!job_matches(all->pdata[i], f))
                        continue;
                v = access_may_view_job(manager->access, m, all->pdata[i]);
                if (v == ACCESS_UNKNOWN)
                        unknown = true;
                if (v != ACCESS_ALLOWED)
                        continue;
                *ret_any = true;
                if (skipped < f->offset)
                        skipped++;
                else if (!unknown)
                        g_ptr_array_add(page, all->pdata[i]);
        }
        return unknown ? -EAGAIN : 0;
}

static int append_job(sd_bus_message *m, const void *job) {
        return job_bus_append_properties(m, job);
}

int list_bus_jobs(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        JobFilter f = { .enabled = -1, .installed = -1, .hidden = -1, .limit = LIMIT_DEFAULT };
        g_autoptr(GPtrArray) page = g_ptr_array_new();
        Manager *manager = userdata;
        bool more, any;
        int r;

        r = bus_options_read(m, job_filter_table, ELEMENTSOF(job_filter_table), &f, error);
        if (r >= 0)
                r = check_limit(f.limit, error);
        if (r < 0)
                return r;

        r = collect_jobs(manager, m, &f, page, &any);
        if (r == -EAGAIN)
                return access_wait(manager->access, m);
        if (!any) {
                /* Nothing to see: because there is nothing, or because the caller may see nothing? */
                AccessVerdict v = access_may_view_jobs(manager->access, m);

                if (v == ACCESS_UNKNOWN)
                        return access_wait(manager->access, m);
                if (v == ACCESS_DENIED)
                        return access_refuse_list(m, "job", "org.jobd1.view-job", error);
        }

        more = page->len > f.limit;
        if (more)
                g_ptr_array_set_size(page, (int) f.limit);
        return send_list(m, page, JOBD_JOB_PATH, append_job, offsetof(Job, id), more);
}

/* ---- job results ---- */

typedef struct ResultOptions {
        const char *job, *status, *requester, *before;
        uint32_t limit;
} ResultOptions;

static const BusOption result_filter_table[] = {
        { "job", 's', offsetof(ResultOptions, job) },
        { "status", 's', offsetof(ResultOptions, status) },
        { "requester", 's', offsetof(ResultOptions, requester) },
        { "before", 's', offsetof(ResultOptions, before) },
        { "limit", 'u', offsetof(ResultOptions, limit) },
};

static int find_uid(const char *text, int64_t *ret) {
        struct passwd *pw;
        guint64 uid;

        if (g_ascii_string_to_unsigned(text, 10, 0, UINT32_MAX, &uid, NULL)) {
                *ret = (int64_t) uid;
                return 0;
        }
        pw = getpwnam(text);
        if (!pw)
                return -ENOENT;
        *ret = pw->pw_uid;
        return 0;
}

static const Job *job_of(Manager *manager, const JobResult *jr) {
        return jr->job_id[0] ? registry_find_by_id(manager->registry, jr->job_id) : NULL;
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
        if (v == ACCESS_DENIED)
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_JOB_RESULT, BUS_MESSAGE_NO_SUCH_JOB_RESULT, text);
        *ret_seq = jr->seq;
        return 0;
}

static int make_filter(Manager *manager, sd_bus_message *m, const ResultOptions *o, const Job *job, JobResultFilter *f,
                       sd_bus_error *error) {
        *f = (JobResultFilter){ .status = _JOB_RESULT_STATUS_INVALID, .requester_uid = -1 };
        if (o->job && job)
                f->job_id = job->id;
        else if (o->job)
                f->class_path = o->job;
        if (o->status) {
                f->status = job_result_status_from_string(o->status);
                if (f->status < 0)
                        return sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION,
                                                 "'%s' is not a status: use PENDING, STARTED, SUCCESS, FAILURE or "
                                                 "REVOKED",
                                                 o->status);
        }
        if (o->requester && find_uid(o->requester, &f->requester_uid) < 0)
                return sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION, "there is no user '%s'", o->requester);
        return o->before ? read_before(manager, m, o->before, &f->before_seq, error) : 0;
}

/* Moves what the caller may see from batch to page; -EAGAIN: polkit was asked. */
static int filter_results(Manager *manager, sd_bus_message *m, GPtrArray *batch, GPtrArray *page, uint32_t limit) {
        bool unknown = false;

        for (guint i = 0; i < batch->len; i++) {
                JobResult *jr = batch->pdata[i];
                AccessVerdict v = access_may_view_result(manager->access, m, job_of(manager, jr), jr);

                if (v == ACCESS_UNKNOWN)
                        unknown = true;
                else if (v == ACCESS_ALLOWED && page->len <= limit) {
                        g_ptr_array_add(page, jr);
                        batch->pdata[i] = NULL;
                }
        }
        return unknown ? -EAGAIN : 0;
}

static void job_result_free_func(void *jr) {
        (void) job_result_free(jr);
}

/* Fills the page by batches; *more when there may be further ones. */
static int collect_results(Manager *manager, sd_bus_message *m, JobResultFilter *f, uint32_t limit, GPtrArray *page,
                           bool *ret_more) {
        int r;

        f->limit = limit + 1;
        for (unsigned round = 0; round < RESULT_ROUNDS_MAX; round++) {
                g_autoptr(GPtrArray) batch = g_ptr_array_new_with_free_func(job_result_free_func);

                r = store_result_list(manager->store, f, batch);
                if (r < 0)
                        return r;
                *ret_more = batch->len > limit;
                if (batch->len == 0)
                        return 0;
                f->before_seq = ((const JobResult *) batch->pdata[batch->len - 1])->seq;
                r = filter_results(manager, m, batch, page, limit);
                if (r < 0)
                        return r;
                if (!*ret_more || page->len > limit)
                        return 0;
        }
        return 0;
}

static int append_result(sd_bus_message *m, const void *jr) {
        return job_result_bus_append_properties(m, jr);
}

int list_bus_job_results(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        g_autoptr(GPtrArray) page = g_ptr_array_new_with_free_func(job_result_free_func);
        ResultOptions o = { .limit = LIMIT_DEFAULT };
        Manager *manager = userdata;
        const Job *job = NULL;
        JobResultFilter f;
        AccessVerdict v;
        bool more = false;
        int r;

        r = bus_options_read(m, result_filter_table, ELEMENTSOF(result_filter_table), &o, error);
        if (r >= 0)
                r = check_limit(o.limit, error);
        if (r < 0)
                return r;
        if (o.job)
                job = registry_find(manager->registry, o.job);
        r = make_filter(manager, m, &o, job, &f, error);
        if (r == -EAGAIN)
                return access_wait(manager->access, m);
        if (r < 0)
                return r;

        /* Who may not see those of others is shown their own, by the database: not by asking for each of a million.
         * In general first: so a job that must not be seen has no results, as one that does not exist. */
        v = access_may_view_result(manager->access, m, NULL, NULL);
        if (v == ACCESS_DENIED && job)
                v = access_may_view_result(manager->access, m, job, NULL);
        if (v == ACCESS_UNKNOWN)
                return access_wait(manager->access, m);
        if (v == ACCESS_DENIED) {
                uint32_t uid = access_caller_uid(manager->access, m);

                if (f.requester_uid >= 0 && f.requester_uid != uid)
                        return access_refuse_list(m, "job result of another user", "org.jobd1.view-jobresult", error);
                f.requester_uid = uid;
        }

        r = collect_results(manager, m, &f, o.limit, page, &more);
        if (r == -EAGAIN)
                return access_wait(manager->access, m);
        if (r < 0)
                return sd_bus_error_setf(error, BUS_ERROR_STORE_FAILED, "cannot read the job results: %s",
                                         store_error_text(manager->store));
        if (page->len > o.limit)
                g_ptr_array_set_size(page, (int) o.limit);
        return send_list(m, page, JOBD_RESULT_PATH, append_result, offsetof(JobResult, id), more);
}
