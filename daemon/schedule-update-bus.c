/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "access.h"
#include "bus-option.h"
#include "bus-reply.h"
#include "input-files.h"
#include "message-ids.h"
#include "now.h"
#include "run-schedule-bus.h"
#include "schedule-change-bus.h"
#include "schedule-change.h"
#include "seal.h"
#include "store-schedule.h"

/* org.jobd1.ScheduledJob.Update. Where there is a new input with sensitive values, it is answered when they are sealed. */

typedef struct UpdateOptions {
        const char *name, *interval, *time_zone, *crontab, *missed, *task_queue, *data;
        uint64_t start_time;
} UpdateOptions;

static const BusOption update_table[] = {
        { "name", 's', offsetof(UpdateOptions, name), NULL, NULL },
        { "interval", 's', offsetof(UpdateOptions, interval), NULL, NULL },
        { "start_time", 't', offsetof(UpdateOptions, start_time), NULL, NULL },
        { "time_zone", 's', offsetof(UpdateOptions, time_zone), NULL, NULL },
        { "crontab", 's', offsetof(UpdateOptions, crontab), NULL, NULL },
        { "missed", 's', offsetof(UpdateOptions, missed), NULL, NULL },
        { "task_queue", 's', offsetof(UpdateOptions, task_queue), NULL, NULL },
        { "data", 's', offsetof(UpdateOptions, data), NULL, NULL },
};

/* Anything but the name. */
static bool changes_run(const UpdateOptions *o) {
        return o->interval || o->time_zone || o->crontab || o->missed || o->task_queue || o->data || o->start_time > 0;
}

/* ---- whether it may be ---- */

/* Who may change a request and approve it would need nobody else: so it is the requester's to change. */
static int check_changer(const ScheduledJobBus *b, sd_bus_message *m, Refusal *f) {
        const ScheduledJob *sj = b->scheduled_job;
        const Job *job = schedule_bus_job(b);

        if ((!sj->approval_required && !(job && job->effective.approval_required)) ||
            access_caller_uid(b->manager->access, m) == sj->requester_uid)
                return 0;
        return refuse(f, -EPERM, SD_BUS_ERROR_ACCESS_DENIED,
                      "scheduled job '%s' needs an approval, so only its requester %s may change what is approved: take "
                      "it over first, by \"jobctl schedule take-over %s\"",
                      sj->name, sj->requester, sj->id);
}

/*
 * A new input takes the place of all of the old one: nobody may have what they give run with what somebody else has
 * sealed. So it does not stand beside files, which cannot be given anew here.
 */
static int check_files(const ScheduledJobBus *b, Refusal *f) {
        g_autofree char *directory = input_files_directory(b->manager->input_files, b->scheduled_job->id), *sealed = NULL;
        int r;

        r = directory ? 1 : input_files_read_sealed(b->manager->input_files, b->scheduled_job->id, &sealed);
        if (r == 0)
                return 0;
        if (r < 0)
                return refuse(f, r, SD_BUS_ERROR_FAILED, "cannot read the files of scheduled job '%s': %s",
                              b->scheduled_job->name, g_strerror(-r));
        return refuse(f, -EOPNOTSUPP, BUS_ERROR_INVALID_OPTION,
                      "the input of scheduled job '%s' has files, which cannot be replaced: delete it and make a new one",
                      b->scheduled_job->name);
}

static ScheduleUpdate settings_of(const UpdateOptions *o) {
        return (ScheduleUpdate){
                .schedule = { o->interval, o->name, o->crontab, o->time_zone, o->missed, o->start_time },
                .task_queue = o->task_queue,
        };
}

/* Before anything is sealed. */
static int check_settings(const ScheduledJobBus *b, const UpdateOptions *o, Refusal *f) {
        _cleanup_(scheduled_job_freep) ScheduledJob *copy = scheduled_job_copy(b->scheduled_job);
        const ScheduleUpdate settings = settings_of(o);
        const Job *job = schedule_bus_job(b);
        bool voids;
        int r;

        r = schedule_change_settings(copy, &settings, now_usec(), &voids, f);
        if (r < 0 || !(o->task_queue || o->data))
                return r;
        if (!job)
                return refuse(f, -ENXIO, BUS_ERROR_WRONG_STATE, "the job of scheduled job '%s' was deleted",
                              b->scheduled_job->name);
        return run_request_check_queue(b->manager->settings, job, o->task_queue, f);
}

/* The new input, as a request of the same requester would have it. */
static int prepare_input(const ScheduledJobBus *b, const UpdateOptions *o, PreparedRun *ret, Refusal *f) {
        const ScheduledJob *sj = b->scheduled_job;
        const RunContext context = { .settings = b->manager->settings, .loader = b->manager->loader,
                                     .roots = b->manager->roots, .now_usec = now_usec(),
                                     .can_seal = sealer_has_key(b->manager->sealer) };
        int r;

        r = check_files(b, f);
        if (r < 0)
                return r;
        return run_request_prepare(&context, schedule_bus_job(b),
                                   &(RunRequest){
                                                   .data = o->data,
                                                   .data_size = strlen(o->data),
                                                   .task_queue = o->task_queue ?: sj->task_queue,
                                                   .requester_uid = sj->requester_uid,
                                                   .requester = sj->requester,
                                                   .input_of = sj,
                                   },
                                   ret, f);
}

/* ---- doing it ---- */

/* with_input: what prepare_input() has made; NULL: the input stays. */
static int apply(ScheduledJobBus *b, sd_bus_message *m, const UpdateOptions *o, const ScheduledJob *with_input,
                 Refusal *f) {
        bool has_sealed = with_input && (with_input->sealed || b->scheduled_job->sealed), voids = false,
             input_voids = false;
        const ScheduleUpdate settings = settings_of(o);
        int r;

        r = schedule_change_settings(b->scheduled_job, &settings, now_usec(), &voids, f);
        if (r < 0)
                return r;
        if (with_input)
                schedule_change_input(b->scheduled_job, with_input, now_usec(), &input_voids);
        if (changes_run(o))
                schedule_bus_name_changer(b, m);
        return schedule_bus_store(b, m,
                                  &(ScheduleBusChange){ JOBD_MESSAGE_SCHEDULE_UPDATED_STR,
                                                        has_sealed ? "changed the sensitive input of" : "changed",
                                                        "changed", voids || input_voids, changes_run(o) },
                                  f);
}

/* It may have been changed, run or approved while its input was being sealed. That it has run changes nothing here. */
static bool is_as_it_was(const ScheduledJob *now, const ScheduledJob *then) {
        return now->date_changed == then->date_changed && now->state == then->state &&
               now->requester_uid == then->requester_uid && strcmp(now->digest, then->digest) == 0;
}

static int update_sealed(Manager *manager, sd_bus_message *m, PreparedRun *run, Refusal *f) {
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = NULL;
        ScheduledJobBus b = { .manager = manager };
        UpdateOptions o = {};
        int r;

        r = store_schedule_get(manager->store, run->scheduled_job->id, &sj);
        if (r < 0)
                return refuse_store(f, r, store_error_text(manager->store));
        if (r == 0 || !is_as_it_was(sj, run->scheduled_job))
                return refuse(f, -EBUSY, BUS_ERROR_WRONG_STATE,
                              "scheduled job '%s' was changed or deleted while its new input was being sealed: look at it, "
                              "and try again",
                              run->scheduled_job->name);
        b.scheduled_job = sj;
        r = check_changer(&b, m, f);
        if (r < 0)
                return r;
        r = sd_bus_message_rewind(m, true);
        if (r >= 0)
                r = bus_options_read(m, update_table, ELEMENTSOF(update_table), &o, NULL);
        if (r < 0)
                return refuse(f, r, SD_BUS_ERROR_FAILED, "cannot read the call again: %s", g_strerror(-r));
        r = apply(&b, m, &o, run->scheduled_job, f);
        return r < 0 && f->name ? r : 0; /* otherwise its sender has gone */
}

int schedule_bus_update(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(prepared_run_done) PreparedRun run = {};
        ScheduledJobBus *b = userdata;
        UpdateOptions o = {};
        Refusal f = {};
        int r;

        r = bus_options_read(m, update_table, ELEMENTSOF(update_table), &o, error);
        if (r < 0)
                return r;
        if (!o.name && !changes_run(&o))
                return sd_bus_reply_method_return(m, NULL);
        r = check_changer(b, m, &f);
        if (r >= 0)
                r = check_settings(b, &o, &f);
        if (r >= 0 && o.data)
                r = prepare_input(b, &o, &run, &f);
        if (r >= 0 && run.to_seal) {
                r = bus_seal_input(b->manager, m, &run, update_sealed, &f);
                if (r >= 0)
                        return 1;
        } else if (r >= 0)
                r = apply(b, m, &o, run.scheduled_job, &f);
        return r < 0 && f.name ? bus_refuse_caller(b->manager, m, b->scheduled_job->class_path, error, r, &f) : r;
}
