/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "access.h"
#include "bus-error.h"
#include "bus-option.h"
#include "bus-reply.h"
#include "list.h"
#include "names.h"
#include "queue-bus.h"

/*
 * CancelJobResults: a part of all that matches in each call, the oldest first, so that no call keeps the others waiting.
 * Where one has stopped is kept for the next one, as with lists.
 */

enum { CANCELLED_MAX = 500 }; /* in one call */

typedef struct CancelOptions {
        const char *job, *queue, *requester;
        int kill;
} CancelOptions;

static const BusOption option_table[] = {
        { "job", 's', offsetof(CancelOptions, job) },
        { "queue", 's', offsetof(CancelOptions, queue) },
        { "requester", 's', offsetof(CancelOptions, requester) },
        { "kill", 'b', offsetof(CancelOptions, kill) },
};

static const Job *job_of(Manager *manager, const JobResult *jr) {
        return jr->job_id[0] ? registry_find_by_id(manager->registry, jr->job_id) : NULL;
}

static void job_result_free_func(void *jr) {
        (void) job_result_free(jr);
}

/* Who may not cancel those of others in general cancels their own. 0, -EAGAIN: polkit was asked; or the error is set. */
static int restrict_filter(Manager *manager, sd_bus_message *m, const CancelOptions *o, const Job *job,
                           UnfinishedFilter *f, sd_bus_error *error) {
        AccessVerdict v;

        v = access_may_cancel(manager->access, m, job, o->queue, NULL);
        if (v == ACCESS_UNKNOWN)
                return -EAGAIN;
        if (v == ACCESS_FAILED)
                return access_fail_list(v, error);
        if (v != ACCESS_ALLOWED)
                f->requester_uid = access_caller_uid(manager->access, m);
        return 0;
}

static int make_filter(Manager *manager, sd_bus_message *m, const CancelOptions *o, UnfinishedFilter *f,
                       sd_bus_error *error) {
        const Job *job = o->job ? registry_find(manager->registry, o->job) : NULL;
        guint64 uid;

        if (o->job && !job)
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_JOB, BUS_MESSAGE_NO_SUCH_JOB, o->job);
        *f = (UnfinishedFilter){
                .job_id = job ? job->id : NULL, .task_queue = o->queue, .requester_uid = -1, .limit = CANCELLED_MAX,
        };
        if (o->requester && g_ascii_string_to_unsigned(o->requester, 10, 0, UINT32_MAX, &uid, NULL))
                f->requester_uid = (int64_t) uid;
        else
                f->requester = o->requester;
        return restrict_filter(manager, m, o, job, f, error);
}

/* Leaves in the array what the caller may cancel; *ret_seq: the last one that was looked at. */
static int keep_permitted(Manager *manager, sd_bus_message *m, GPtrArray *results, int64_t *ret_seq, bool *ret_more,
                          sd_bus_error *error) {
        bool unknown = false;

        for (guint i = 0; i < results->len; i++) {
                JobResult *jr = results->pdata[i];
                AccessVerdict v = access_may_cancel(manager->access, m, job_of(manager, jr), NULL, jr);

                if (access_verdict_failed(v))
                        return access_fail_list(v, error);
                if (v == ACCESS_UNASKED) {
                        *ret_more = true;
                        g_ptr_array_set_size(results, (int) i);
                        break;
                }
                *ret_seq = jr->seq;
                unknown |= v == ACCESS_UNKNOWN;
                if (v != ACCESS_ALLOWED)
                        (void) job_result_free(TAKE_PTR(results->pdata[i]));
        }
        return unknown ? -EAGAIN : 0;
}

static int cancel_all(Manager *manager, sd_bus_message *m, const GPtrArray *results, bool kill, uint32_t *ret_n,
                      sd_bus_error *error) {
        g_autofree char *caller = access_caller_name(manager->access, m);

        for (guint i = 0; i < results->len; i++) {
                const JobResult *jr = results->pdata[i];
                Refusal f = {};
                int r;

                if (!jr)
                        continue;
                r = dispatcher_cancel(manager->dispatcher, jr->id, caller, kill, &f);
                if (r < 0 && r != -EALREADY)
                        return bus_refuse(error, r, &f);
                refusal_done(&f);
                *ret_n += r >= 0;
        }
        return 0;
}

static char *cancel_key(const CancelOptions *o) {
        static const char none[] = "\x1e";
        g_autofree char *text = g_strdup_printf("cancel\x1f%s\x1f%s\x1f%s", o->job ?: none, o->queue ?: none,
                                                o->requester ?: none);

        return list_key(text);
}

static int reply(Manager *manager, sd_bus_message *m, uint32_t n, bool more) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        int r;

        r = sd_bus_message_new_method_return(m, &answer);
        if (r >= 0)
                r = sd_bus_message_append(answer, "ub", n, (int) more);
        return r < 0 ? r : bus_reply_after_commit(manager, m, TAKE_PTR(answer));
}

int cancel_bus_job_results(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func(job_result_free_func);
        g_autofree char *key = NULL;
        Manager *manager = userdata;
        CancelOptions o = {};
        UnfinishedFilter f;
        uint32_t n = 0;
        int64_t seq = 0;
        bool more;
        int r;

        r = bus_options_read(m, option_table, ELEMENTSOF(option_table), &o, error);
        if (r >= 0)
                r = make_filter(manager, m, &o, &f, error);
        if (r >= 0) {
                key = cancel_key(&o);
                f.after_seq = seq = (int64_t) access_find_list(manager->access, m, key).position;
                if (dispatcher_list_unfinished(manager->dispatcher, &f, results) < 0)
                        return sd_bus_error_setf(error, BUS_ERROR_STORE_FAILED, "cannot read the job results: %s",
                                                 store_error_text(manager->store));
                more = results->len == f.limit;
                r = keep_permitted(manager, m, results, &seq, &more, error);
        }
        if (r == -EAGAIN)
                return access_wait(manager->access, m);
        if (r >= 0)
                r = cancel_all(manager, m, results, o.kill != 0, &n, error);
        if (r < 0)
                return r;
        access_keep_list(manager->access, m, key, more ? &(AccessListState){ .position = (uint64_t) seq } : NULL);
        return reply(manager, m, n, more);
}
