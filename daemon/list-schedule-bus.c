/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "access.h"
#include "bus-error.h"
#include "bus-option.h"
#include "error-text.h"
#include "list-bus.h"
#include "list-page.h"
#include "list.h"
#include "names.h"
#include "scheduled-job-bus.h"
#include "store-schedule.h"

/* ListScheduledJobs */

typedef struct ScheduleOptions {
        const char *job, *state, *requester, *queue, *name, *q, *before;
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
        { "queue", 's', offsetof(ScheduleOptions, queue), NULL, NULL },
        { "name", 's', offsetof(ScheduleOptions, name), NULL, NULL },
        { "q", 's', offsetof(ScheduleOptions, q), NULL, NULL },
        { "limit", 'u', offsetof(ScheduleOptions, limit), NULL, NULL },
        { "before", 's', offsetof(ScheduleOptions, before), NULL, NULL },
        { "states", 'a', offsetof(ScheduleOptions, states), "as", read_states },
};

/* ---- the kind ---- */

static void scheduled_job_free_func(void *sj) {
        (void) scheduled_job_free(sj);
}

static int list_scheduled_jobs(Store *s, const void *filter, GPtrArray *scheduled_jobs) {
        return store_schedule_list(s, filter, scheduled_jobs);
}

static AccessVerdict may_view(Access *a, sd_bus_message *m, const Job *job, const void *sj) {
        return access_may_view_schedule(a, m, job, sj);
}

static const char *job_id_of(const void *sj) {
        return ((const ScheduledJob *) sj)->job_id;
}

static char *list_key_of(const void *options, const char *before) {
        static const char none[] = "\x1e";
        const ScheduleOptions *o = options;
        g_autofree char *states = o->states ? g_strjoinv(",", o->states) : g_strdup(none);
        g_autofree char *text = g_strdup_printf("schedules %i\x1f%s\x1f%s\x1f%s\x1f%s\x1f%s\x1f%s\x1f%s\x1f%s",
                                                o->approval, o->job ?: none, o->state ?: none, states,
                                                o->requester ?: none, o->queue ?: none, o->name ?: none, o->q ?: none,
                                                before ?: none);

        return list_key(text);
}

static const ListKind schedule_kind = {
        .plural = "scheduled jobs",
        .of_another = "scheduled job of another user",
        .action = "org.jobd1.view-scheduledjob",
        .id_offset = offsetof(ScheduledJob, id),
        .seq_offset = offsetof(ScheduledJob, seq),
        .free = scheduled_job_free_func,
        .list = list_scheduled_jobs,
        .may_view = may_view,
        .job_id = job_id_of,
        .key = list_key_of,
};

/* ---- the filter ---- */

int list_find_scheduled_job(Manager *manager, sd_bus_message *m, const char *reference, ScheduledJob **ret,
                            sd_bus_error *error) {
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = NULL;
        int r;

        r = store_schedule_find(manager->store, reference, &sj);
        if (r > 0)
                r = list_may_view(&schedule_kind, manager, m, sj, error);
        else if (r < 0)
                return list_page_refuse_store_error(&(ListPage){ .kind = &schedule_kind, .manager = manager }, error);
        if (r == 0)
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_SCHEDULED_JOB, BUS_MESSAGE_NO_SUCH_SCHEDULED_JOB,
                                         reference);
        if (r > 0)
                *ret = TAKE_PTR(sj);
        return r;
}

static int read_before(Manager *manager, sd_bus_message *m, const char *text, int64_t *ret_seq, sd_bus_error *error) {
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = NULL;
        int r;

        r = list_find_scheduled_job(manager, m, text, &sj, error);
        if (r > 0)
                *ret_seq = sj->seq;
        return r;
}

static int add_state(ScheduledJobFilter *f, const char *text, sd_bus_error *error) {
        ScheduledJobState state = scheduled_job_state_from_string(text);

        if (state < 0) {
                g_autofree char *shown = text_excerpt(text, 100);

                return sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION,
                                         "'%s' is not a state: use pending, active, paused, denied, canceled, expired, "
                                         "completed or errored",
                                         shown);
        }
        f->states |= UINT32_C(1) << state;
        return 0;
}

static int make_filter(Manager *manager, sd_bus_message *m, const ScheduleOptions *o, const Job *job,
                       ScheduledJobFilter *f, sd_bus_error *error) {
        guint64 uid;
        int r = 0;

        *f = (ScheduledJobFilter){ .requester_uid = -1, .task_queue = o->queue, .name = o->name, .q = o->q,
                                   .approval = o->approval != 0 };
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

/* ---- the list ---- */

static int find_scheduled_jobs(ListPage *p, const ScheduleOptions *o, ScheduledJobFilter *f, sd_bus_error *error) {
        const Job *job = o->job ? registry_find(p->manager->registry, o->job) : NULL;
        int r;

        r = make_filter(p->manager, p->call, o, job, f, error);
        if (r >= 0)
                r = list_page_check(p, job, error);
        return r < 0 ? r : list_page_fill(p, error);
}

static int append_scheduled_job(sd_bus_message *m, const void *sj) {
        return scheduled_job_bus_append_properties(m, sj);
}

int list_bus_scheduled_jobs(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(schedule_options_done) ScheduleOptions o = { .limit = LIST_LIMIT_DEFAULT };
        _cleanup_(list_page_done) ListPage page = {};
        Manager *manager = userdata;
        ScheduledJobFilter f;
        int r;

        r = bus_options_read(m, filter_table, ELEMENTSOF(filter_table), &o, error);
        if (r >= 0)
                r = list_check_limit(o.limit, error);
        if (r < 0)
                return r;
        page = (ListPage){
                .kind = &schedule_kind,
                .manager = manager,
                .call = m,
                .options = &o,
                .filter = &f,
                .of_filter = { &f.requester_uid, &f.requester, &f.before_seq, &f.limit },
                .before = o.before,
                .limit = o.limit,
        };
        r = find_scheduled_jobs(&page, &o, &f, error);
        if (r == -EAGAIN)
                return access_wait(manager->access, m);
        if (r < 0)
                return r;
        return list_send(m, page.records, JOBD_SCHEDULE_PATH, append_scheduled_job, offsetof(ScheduledJob, id),
                         page.more);
}
