/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "access.h"
#include "bus-error.h"
#include "bus-option.h"
#include "list-bus.h"
#include "names.h"
#include "scheduled-job-bus.h"
#include "store-schedule.h"

/* ListScheduledJobs: as ListJobResults (list-result-bus.c). */

enum { ROUNDS_MAX = 20 };

typedef struct ScheduleOptions {
        const char *job, *state, *requester, *q, *before;
        char **states; /* owned */
        int approval;
        uint32_t limit;
} ScheduleOptions;

static void schedule_options_done(ScheduleOptions *o) {
        g_clear_pointer(&o->states, g_strfreev);
}

/* As sd_bus_message_read_strv() gives them. */
static void strings_freep(char ***strings) {
        for (char **s = *strings; s && *s; s++)
                free(*s);
        free(*strings);
}

static int read_states(sd_bus_message *m, void *target, sd_bus_error *error) {
        _cleanup_(strings_freep) char **strings = NULL;
        int r;

        r = sd_bus_message_read_strv(m, &strings);
        if (r >= 0)
                *(char ***) target = g_strdupv(strings);
        return r;
}

static const BusOption filter_table[] = {
        { "job", 's', offsetof(ScheduleOptions, job), NULL, NULL },
        { "state", 's', offsetof(ScheduleOptions, state), NULL, NULL },
        { "requester", 's', offsetof(ScheduleOptions, requester), NULL, NULL },
        { "approval", 'b', offsetof(ScheduleOptions, approval), NULL, NULL },
        { "q", 's', offsetof(ScheduleOptions, q), NULL, NULL },
        { "limit", 'u', offsetof(ScheduleOptions, limit), NULL, NULL },
        { "before", 's', offsetof(ScheduleOptions, before), NULL, NULL },
        { "states", 'a', offsetof(ScheduleOptions, states), "as", read_states },
};

static const Job *job_of(Manager *manager, const ScheduledJob *sj) {
        return sj->job_id[0] ? registry_find_by_id(manager->registry, sj->job_id) : NULL;
}

static int add_state(ScheduledJobFilter *f, const char *text, sd_bus_error *error) {
        ScheduledJobState state = scheduled_job_state_from_string(text);

        if (state < 0)
                return sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION,
                                         "'%.100s' is not a state: use pending, active, paused, denied, canceled, "
                                         "expired, completed or errored",
                                         text);
        f->states |= UINT32_C(1) << state;
        return 0;
}

/* -EAGAIN: polkit was asked. */
static int read_before(Manager *manager, sd_bus_message *m, const char *text, int64_t *ret_seq, sd_bus_error *error) {
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = NULL;
        AccessVerdict v = ACCESS_DENIED;
        char id[UUID_STRING_SIZE];

        if (uuid_parse(text, id) >= 0 && store_schedule_get(manager->store, id, &sj) > 0)
                v = access_may_view_schedule(manager->access, m, job_of(manager, sj), sj);
        if (v == ACCESS_UNKNOWN)
                return -EAGAIN;
        if (access_verdict_failed(v))
                return access_fail_list(v, error);
        if (v != ACCESS_ALLOWED)
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_SCHEDULED_JOB, BUS_MESSAGE_NO_SUCH_SCHEDULED_JOB,
                                         text);
        *ret_seq = sj->seq;
        return 0;
}

static int make_filter(Manager *manager, sd_bus_message *m, const ScheduleOptions *o, const Job *job,
                       ScheduledJobFilter *f, sd_bus_error *error) {
        guint64 uid;
        int r = 0;

        *f = (ScheduledJobFilter){ .requester_uid = -1, .q = o->q, .approval = o->approval != 0 };
        if (o->job && job)
                f->job_id = job->id;
        else if (o->job)
                f->deleted_job = o->job;
        if (o->state)
                r = add_state(f, o->state, error);
        for (size_t i = 0; r >= 0 && o->states && o->states[i]; i++)
                r = add_state(f, o->states[i], error);
        if (r < 0)
                return r;
        if (o->requester && g_ascii_string_to_unsigned(o->requester, 10, 0, UINT32_MAX, &uid, NULL))
                f->requester_uid = (int64_t) uid;
        else
                f->requester = o->requester;
        return o->before ? read_before(manager, m, o->before, &f->before_seq, error) : 0;
}

static bool page_is_full(const GPtrArray *page, uint32_t limit) {
        return page->len > limit; /* one more, to know that there are more */
}

/*
 * Moves what the caller may see from batch to page. 1: no further ones, -EAGAIN: polkit was asked; or the error is
 * set.
 */
static int filter_batch(Manager *manager, sd_bus_message *m, GPtrArray *batch, GPtrArray *page, uint32_t limit,
                        int64_t *ret_seq, sd_bus_error *error) {
        bool unknown = false;

        for (guint i = 0; i < batch->len && !page_is_full(page, limit); i++) {
                ScheduledJob *sj = batch->pdata[i];
                AccessVerdict v = access_may_view_schedule(manager->access, m, job_of(manager, sj), sj);

                if (access_verdict_failed(v))
                        return access_fail_list(v, error);
                if (v == ACCESS_UNASKED)
                        return unknown ? -EAGAIN : 1;
                *ret_seq = sj->seq;
                if (v == ACCESS_UNKNOWN)
                        unknown = true;
                else if (v == ACCESS_ALLOWED) {
                        g_ptr_array_add(page, sj);
                        batch->pdata[i] = NULL;
                }
        }
        return unknown ? -EAGAIN : page_is_full(page, limit);
}

static void scheduled_job_free_func(void *sj) {
        (void) scheduled_job_free(sj);
}

/* 1: there may be further ones, 0: there are none, -EAGAIN: polkit was asked; or the error is set. */
static int collect(Manager *manager, sd_bus_message *m, ScheduledJobFilter *f, uint32_t limit, GPtrArray *page,
                   sd_bus_error *error) {
        int r;

        f->limit = limit + 1;
        for (unsigned round = 0; round < ROUNDS_MAX; round++) {
                g_autoptr(GPtrArray) batch = g_ptr_array_new_with_free_func(scheduled_job_free_func);

                if (store_schedule_list(manager->store, f, batch) < 0)
                        return sd_bus_error_setf(error, BUS_ERROR_STORE_FAILED, "cannot read the scheduled jobs: %s",
                                                 store_error_text(manager->store));
                r = filter_batch(manager, m, batch, page, limit, &f->before_seq, error);
                if (r != 0)
                        return r;
                if (batch->len <= limit)
                        return 0;
        }
        return 1;
}

/* Who may not see those of others is shown their own, by the database. */
static int restrict_to_own(Manager *manager, sd_bus_message *m, ScheduledJobFilter *f, sd_bus_error *error) {
        g_autofree char *name = access_caller_name(manager->access, m);
        uint32_t uid = access_caller_uid(manager->access, m);

        if ((f->requester_uid >= 0 && f->requester_uid != uid) || (f->requester && strcmp(f->requester, name) != 0))
                return access_refuse_list(m, "scheduled job of another user", "org.jobd1.view-scheduledjob", error);
        f->requester_uid = uid;
        f->requester = NULL;
        return 0;
}

static int check_in_general(Manager *manager, sd_bus_message *m, const Job *job, ScheduledJobFilter *f,
                            sd_bus_error *error) {
        AccessVerdict v;

        v = access_may_view_schedule(manager->access, m, NULL, NULL);
        if (v == ACCESS_DENIED && job)
                v = access_may_view_schedule(manager->access, m, job, NULL);
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

static char *schedule_list_key(const ScheduleOptions *o, const char *before) {
        static const char none[] = "\x1e";
        g_autofree char *states = o->states ? g_strjoinv(",", o->states) : g_strdup(none);
        g_autofree char *text = g_strdup_printf("schedules %i\x1f%s\x1f%s\x1f%s\x1f%s\x1f%s\x1f%s", o->approval,
                                                o->job ?: none, o->state ?: none, states, o->requester ?: none,
                                                o->q ?: none, before ?: none);

        return list_key(text);
}

/* The next call gives the last one of this page as "before"; what was looked at since is not looked at again. */
static void keep_position(Manager *manager, sd_bus_message *m, const ScheduleOptions *o, const GPtrArray *page,
                          int64_t seq, bool more) {
        const ScheduledJob *last = page->len > 0 ? page->pdata[page->len - 1] : NULL;
        AccessListState next = { .position = (uint64_t) seq };
        g_autofree char *key = schedule_list_key(o, last ? last->id : o->before);

        access_keep_list(manager->access, m, key, more && seq > 0 && page->len < o->limit ? &next : NULL);
}

static int find_scheduled_jobs(Manager *manager, sd_bus_message *m, const ScheduleOptions *o, GPtrArray *page,
                               bool *ret_more, sd_bus_error *error) {
        const Job *job = o->job ? registry_find(manager->registry, o->job) : NULL;
        g_autofree char *key = schedule_list_key(o, o->before);
        AccessListState state;
        ScheduledJobFilter f;
        int r;

        r = make_filter(manager, m, o, job, &f, error);
        if (r >= 0)
                r = check_in_general(manager, m, job, &f, error);
        if (r < 0)
                return r;
        state = access_find_list(manager->access, m, key);
        if (state.position > 0)
                f.before_seq = (int64_t) state.position;

        r = collect(manager, m, &f, o->limit, page, error);
        if (r < 0)
                return r;
        *ret_more = r > 0;
        if (page->len > o->limit)
                g_ptr_array_set_size(page, (int) o->limit);
        keep_position(manager, m, o, page, f.before_seq, *ret_more);
        return 0;
}

static int append_scheduled_job(sd_bus_message *m, const void *sj) {
        return scheduled_job_bus_append_properties(m, sj);
}

int list_bus_scheduled_jobs(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        g_autoptr(GPtrArray) page = g_ptr_array_new_with_free_func(scheduled_job_free_func);
        _cleanup_(schedule_options_done) ScheduleOptions o = { .limit = LIST_LIMIT_DEFAULT };
        Manager *manager = userdata;
        bool more = false;
        int r;

        r = bus_options_read(m, filter_table, ELEMENTSOF(filter_table), &o, error);
        if (r >= 0)
                r = list_check_limit(o.limit, error);
        if (r >= 0)
                r = find_scheduled_jobs(manager, m, &o, page, &more, error);
        if (r == -EAGAIN)
                return access_wait(manager->access, m);
        if (r < 0)
                return r;
        return list_send(m, page, JOBD_SCHEDULE_PATH, append_scheduled_job, offsetof(ScheduledJob, id), more);
}
