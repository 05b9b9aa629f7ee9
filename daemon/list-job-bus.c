/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "access.h"
#include "bus-error.h"
#include "job-bus.h"
#include "job-filter.h"
#include "list-bus.h"
#include "list.h"
#include "names.h"
#include "object-path.h"
#include "store-result.h"

/* ListJobs */

static char *job_list_key(const JobFilter *f, uint32_t offset) {
        g_autofree char *filter = job_filter_to_string(f), *text = NULL;

        text = g_strdup_printf("jobs %" PRIu32 " %s", offset, filter);

        return list_key(text);
}

typedef struct ListedJob {
        char id[UUID_STRING_SIZE];
        const Job *job;
        bool with_latest;  /* the caller wants it */
        JobResult *latest; /* NULL: there is none, or none that the caller may view */
} ListedJob;

static void listed_job_free(void *p) {
        ListedJob *l = p;

        (void) job_result_free(l->latest);
        g_free(l);
}

typedef struct JobPage {
        GPtrArray *jobs; /* of ListedJob */
        uint32_t skipped;
        uint64_t position; /* in the list of all jobs: the first one after this page */
        bool more;
} JobPage;

/*
 * May the caller view the latest result of the job? That needs view-jobresult, which view-job does not imply. Who may
 * not view those of others in general is not asked about each: they see the latest one where it is their own.
 */
static AccessVerdict find_latest(Manager *manager, sd_bus_message *m, const Job *job, JobResult **ret) {
        _cleanup_(job_result_freep) JobResult *latest = NULL;
        AccessVerdict v;

        if (store_result_get_latest(manager->store, job->id, &latest) <= 0)
                return ACCESS_DENIED;
        if (latest->requester_uid == access_caller_uid(manager->access, m))
                v = ACCESS_ALLOWED;
        else
                v = access_may_view_result(manager->access, m, NULL, NULL);
        if (v == ACCESS_ALLOWED)
                v = access_may_view_result(manager->access, m, job, latest);
        if (v == ACCESS_ALLOWED)
                *ret = TAKE_PTR(latest);
        return v == ACCESS_UNREACHABLE ? ACCESS_DENIED : v;
}

/* The verdict on the job, or the one on its latest result where the page has to wait for that or ends by it. */
static AccessVerdict check_job(Manager *manager, sd_bus_message *m, const Job *job, const JobFilter *f,
                               JobResult **ret_latest) {
        AccessVerdict v, latest;

        v = access_may_view_job(manager->access, m, job);
        if (!f->latest_result || (v != ACCESS_ALLOWED && v != ACCESS_UNKNOWN))
                return v;
        /* Both questions at once: so each page has room for one job at least, however few questions are left. */
        latest = find_latest(manager, m, job, ret_latest);
        if (latest == ACCESS_UNASKED || latest == ACCESS_UNKNOWN || latest == ACCESS_FAILED)
                return latest;
        return v;
}

static void add_to_page(JobPage *page, const Job *job, const JobFilter *f, JobResult *latest) {
        ListedJob *l = g_new0(ListedJob, 1);

        (void) g_strlcpy(l->id, job->id, sizeof(l->id));
        l->job = job;
        l->with_latest = f->latest_result > 0;
        l->latest = latest;
        g_ptr_array_add(page->jobs, l);
}

/* The jobs that the filter and polkit let through. -EAGAIN: polkit was asked; or the error is set. */
static int collect_jobs(Manager *manager, sd_bus_message *m, const JobFilter *f, const AccessListState *state,
                        JobPage *page, sd_bus_error *error) {
        g_autoptr(GPtrArray) all = registry_list(manager->registry);
        uint64_t n_unknown = 0, n_wanted;
        guint i;

        g_ptr_array_set_size(page->jobs, 0);
        page->skipped = state->position > 0 ? f->offset : 0;
        for (i = (guint) MIN(state->position, all->len); i < all->len; i++) {
                _cleanup_(job_result_freep) JobResult *latest = NULL;
                AccessVerdict v;

                if (!job_filter_matches(f, all->pdata[i], manager->settings))
                        continue;
                v = check_job(manager, m, all->pdata[i], f, &latest);
                if (access_verdict_failed(v))
                        return access_fail_list(v, error);
                if (v == ACCESS_UNASKED)
                        break;
                /* No more questions than it takes to fill the page, if all answers are yes. */
                n_wanted = (uint64_t) f->offset - page->skipped + f->limit - page->jobs->len;
                if (v == ACCESS_UNKNOWN && ++n_unknown > n_wanted)
                        break;
                if (v != ACCESS_ALLOWED)
                        continue;
                if (page->skipped < f->offset)
                        page->skipped++;
                else if (page->jobs->len == f->limit)
                        break;
                else
                        add_to_page(page, all->pdata[i], f, TAKE_PTR(latest));
        }
        page->position = i;
        page->more = i < all->len;
        return n_unknown > 0 ? -EAGAIN : 0;
}

/*
 * Nothing to see: because there is nothing, or because the caller may see nothing? 0: the latter, 1: they may see
 * jobs, perhaps by a password that somebody has typed just now; -EAGAIN: polkit was asked; or the error is set.
 */
static int ask_for_jobs(Manager *manager, sd_bus_message *m, AccessListState *state, sd_bus_error *error) {
        AccessVerdict v = ACCESS_DENIED;

        if (state->has_password)
                return 1;
        if (!state->was_refused)
                v = access_may_view_jobs(manager->access, m);
        switch (v) {
        case ACCESS_UNKNOWN:
                return -EAGAIN;
        case ACCESS_UNREACHABLE:
        case ACCESS_FAILED:
                return access_fail_list(v, error);
        case ACCESS_ALLOWED:
                return 1;
        default: /* one dialogue for a list, not one for each page */
                state->was_refused = sd_bus_message_get_allow_interactive_authorization(m) > 0;
                return 0;
        }
}

static int find_jobs(Manager *manager, sd_bus_message *m, const JobFilter *f, const char *key, AccessListState *state,
                     JobPage *page, sd_bus_error *error) {
        int r;

        r = collect_jobs(manager, m, f, state, page, error);
        if (r < 0 || page->jobs->len > 0 || page->skipped > 0)
                return r;
        r = ask_for_jobs(manager, m, state, error);
        if (r == 0 && !page->more)
                return access_refuse_list(m, "job", "org.jobd1.view-job", error);
        if (r <= 0 || state->has_password)
                return r;
        /* From the beginning, with what could not be seen before; also if the handler is called again. */
        state->has_password = true;
        state->position = 0;
        access_keep_list(manager->access, m, key, state);
        return collect_jobs(manager, m, f, state, page, error);
}

static void keep_position(Manager *manager, sd_bus_message *m, const JobFilter *f, const AccessListState *state,
                          const JobPage *page) {
        g_autofree char *key = job_list_key(f, f->offset + page->jobs->len);
        AccessListState next = *state;

        next.position = page->position;
        access_keep_list(manager->access, m, key, page->more ? &next : NULL);
}

static int append_latest(sd_bus_message *m, const JobResult *latest) {
        char path[OBJECT_PATH_SIZE] = "/";

        if (latest)
                object_path_format(JOBD_RESULT_PATH, latest->id, path);
        return sd_bus_message_append(m, "{sv}{sv}{sv}", "LatestResult", "o", path, "LatestStatus", "s",
                                     latest ? job_result_status_to_string(latest->status) : "", "LatestDate", "t",
                                     latest ? latest->date_created : UINT64_C(0));
}

static int append_job(sd_bus_message *m, const void *listed) {
        const ListedJob *l = listed;
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = job_bus_append_properties(m, l->job);
        if (r >= 0 && l->with_latest)
                r = append_latest(m, l->latest);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int list_bus_jobs(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func(listed_job_free);
        g_autofree char *key = NULL;
        JobPage page = { .jobs = jobs };
        Manager *manager = userdata;
        AccessListState state;
        JobFilter f;
        int r;

        r = job_filter_read(m, &f, error);
        if (r < 0)
                return r;

        key = job_list_key(&f, f.offset);
        state = access_find_list(manager->access, m, key);
        r = find_jobs(manager, m, &f, key, &state, &page, error);
        if (r == -EAGAIN)
                return access_wait(manager->access, m);
        if (r < 0)
                return r;
        keep_position(manager, m, &f, &state, &page);
        return list_send(m, jobs, JOBD_JOB_PATH, append_job, offsetof(ListedJob, id), page.more);
}
