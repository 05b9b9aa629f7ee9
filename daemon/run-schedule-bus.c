/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "access.h"
#include "approval-bus.h"
#include "bus-reply.h"
#include "input-files.h"
#include "log.h"
#include "message-ids.h"
#include "names.h"
#include "object-path.h"
#include "run-schedule-bus.h"
#include "schedule-request.h"
#include "scheduler.h"
#include "sealed-input.h"
#include "store-schedule.h"

/* RunJob and Run, for later or with an approval. */

enum {
        NAMES_MAX = 1000,         /* of one job and second */
        SEALING_OF_USER_MAX = 32, /* requests of a user whose input is being sealed */
};

/* A request without a name gets one that is free. */
static int choose_name(Manager *m, ScheduledJob *sj, Refusal *f) {
        for (unsigned n = 1; !sj->name[0]; n++) {
                g_autofree char *name = schedule_request_name(sj->job_name, sj->date_created, n);
                _cleanup_(scheduled_job_freep) ScheduledJob *other = NULL;
                int r;

                r = n > NAMES_MAX ? -E2BIG : store_schedule_get_by_name(m->store, name, &other);
                if (r == -E2BIG)
                        return refuse(f, r, BUS_ERROR_TOO_MANY, "too many requests in one second: try again");
                if (r < 0)
                        return refuse_store(f, r, store_error_text(m->store));
                if (r == 0)
                        scheduled_job_set_text(&sj->name, name);
        }
        return 0;
}

static int request_approval(Manager *m, const ApprovalCaller *caller, PreparedRun *run, Refusal *f) {
        const Job *job = registry_find_by_id(m->registry, run->scheduled_job->job_id);

        if (!job)
                return refuse(f, -ENOENT, BUS_ERROR_NO_SUCH_JOB, BUS_MESSAGE_NO_SUCH_JOB,
                              run->scheduled_job->class_path);
        return approvals_request(m->approvals, run->scheduled_job, job, run->class, caller, f);
}

int run_schedule_store(Manager *m, const ApprovalCaller *caller, PreparedRun *run, Refusal *f) {
        ScheduledJob *sj = run->scheduled_job;
        g_autofree char *text = NULL;
        int r;

        r = choose_name(m, sj, f);
        if (r < 0)
                return r;
        if (sj->state == SCHEDULED_JOB_PENDING)
                return request_approval(m, caller, run, f);
        text = g_strdup_printf("%s scheduled job '%s' as '%s'", caller->user, sj->class_path, sj->name);
        return scheduler_insert(m->scheduler, sj,
                                &(ScheduleChange){ .message_id = JOBD_MESSAGE_SCHEDULE_CREATED_STR,
                                                    .caller = caller->user,
                                                    .text = text },
                                f);
}

static int insert_and_reply(Manager *m, sd_bus_message *call, PreparedRun *run, Refusal *f) {
        g_autofree char *user = NULL;
        const ApprovalCaller caller = approval_bus_caller(m, call, &user);
        int r;

        r = run_schedule_store(m, &caller, run, f);
        if (r < 0)
                return r;
        r = bus_reply_made(m, call, JOBD_SCHEDULE_PATH, run->scheduled_job->id);
        if (r < 0)
                (void) log_debug_errno(r, "Cannot answer a call, its sender has gone: %m");
        return 0;
}

/* ---- sealing ---- */

/* A request whose sensitive input is being sealed. */
typedef struct SealingRequest {
        Manager *manager; /* weak ref */
        sd_bus_message *call;
        uint32_t uid;
        char **log_context;
        PreparedRun run;
        BusSealed sealed;
} SealingRequest;

static SealingRequest *sealing_request_free(SealingRequest *s) {
        (void) g_ptr_array_remove_fast(s->manager->sealing, s);
        (void) sd_bus_message_unref(s->call);
        g_strfreev(s->log_context);
        prepared_run_done(&s->run);
        g_free(s);
        return NULL;
}
DEFINE_CLEANUP(SealingRequest *, sealing_request_free);

/* Nobody keeps all others, and what is due, waiting for systemd-creds. */
static int check_sealing(const Manager *m, uint32_t uid, Refusal *f) {
        unsigned n = 0;

        for (guint i = 0; m->sealing && i < m->sealing->len; i++)
                n += ((const SealingRequest *) m->sealing->pdata[i])->uid == uid;
        if (n < SEALING_OF_USER_MAX || uid == 0)
                return 0;
        return refuse(f, -E2BIG, BUS_ERROR_TOO_MANY,
                      "the sensitive input of %u of your requests is being sealed already: wait for one of them", n);
}

static int refuse_sealing(Refusal *f, int error, const char *class_path) {
        return error == -ENOSPC || error == -EDQUOT ? refuse_store(f, -ENOSPC, "there is no room on the disk")
                                                    : seal_refuse(f, error, class_path);
}

static void on_sealed(int error, void *userdata) {
        _cleanup_(sealing_request_freep) SealingRequest *s = userdata;
        _cleanup_(refusal_done) Refusal f = {};
        ScheduledJob *sj = s->run.scheduled_job;
        int r;

        log_context_enter(s->log_context);
        r = error < 0 ? refuse_sealing(&f, error, sj->class_path) : s->sealed(s->manager, s->call, &s->run, &f);
        log_context_enter(NULL);
        if (r >= 0)
                return;
        if (error < 0 && error != -ENOKEY)
                log_warning("Cannot seal the input of a request: %s", sealer_error_text(s->manager->sealer));
        if (s->sealed == insert_and_reply) /* for what there will not be */
                input_files_remove(s->manager->input_files, sj->id);
        r = sd_bus_reply_method_errorf(s->call, f.name, "%s", f.message);
        if (r < 0)
                (void) log_debug_errno(r, "Cannot answer a call, its sender has gone: %m");
}

int bus_seal_input(Manager *m, sd_bus_message *call, PreparedRun *run, BusSealed sealed, Refusal *f) {
        uint32_t uid = access_caller_uid(m->access, call);
        SealingRequest *s;
        int r;

        r = check_sealing(m, uid, f);
        if (r < 0)
                return r;
        s = g_new(SealingRequest, 1);
        *s = (SealingRequest){ m, sd_bus_message_ref(call), uid, log_context_capture(), *run, sealed };
        *run = (PreparedRun){};
        m->sealing = m->sealing ?: g_ptr_array_new();
        g_ptr_array_add(m->sealing, s);
        r = sealed_input_seal(m->sealer, m->input_files, s->run.scheduled_job, s->run.to_seal, on_sealed, s);
        if (r < 0) {
                r = seal_refuse(f, r, s->run.scheduled_job->class_path);
                (void) sealing_request_free(s);
                return r;
        }
        s->run.to_seal = secret_free(s->run.to_seal);
        return 0;
}

int bus_submit_scheduled(Manager *m, sd_bus_message *call, PreparedRun *run, Refusal *f) {
        return run->to_seal ? bus_seal_input(m, call, run, insert_and_reply, f) : insert_and_reply(m, call, run, f);
}
