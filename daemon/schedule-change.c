/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "json.h"
#include "schedule-change.h"
#include "schedule-time.h"

static int refuse_final(const ScheduledJob *sj, Refusal *f) {
        return refuse(f, -EBUSY, BUS_ERROR_WRONG_STATE,
                      "scheduled job '%s' is %s: its record can only be looked at and deleted; make a new one",
                      sj->name, scheduled_job_state_to_string(sj->state));
}

int schedule_change_check_run(const ScheduledJob *sj, Refusal *f) {
        return scheduled_job_state_is_final(sj->state) ? refuse_final(sj, f) : 0;
}

static int check_job(const ScheduledJob *sj, const Job *job, Refusal *f) {
        if (!job)
                return refuse(f, -ENXIO, BUS_ERROR_WRONG_STATE,
                              "the job of scheduled job '%s' was deleted: delete it and make a new one", sj->name);
        if (!job->installed)
                return refuse(f, -ENXIO, BUS_ERROR_JOB_NOT_INSTALLED,
                              "job '%s' is not presently installed: install its class again and run \"jobctl "
                              "refresh\" first",
                              job->class_path);
        if (!job->enabled)
                return refuse(f, -EACCES, BUS_ERROR_JOB_NOT_ENABLED,
                              "job '%s' is not enabled: run \"jobctl enable %s\" after reviewing it", job->class_path,
                              job->class_path);
        return 0;
}

/* From now on: what was missed is not made up for. */
static int activate(ScheduledJob *sj, uint64_t now_usec, Refusal *f) {
        g_autofree char *error = NULL;
        uint64_t next = 0;
        int r;

        if (sj->interval != SCHEDULE_INTERVAL_FUTURE || sj->start_time > now_usec)
                r = schedule_first_run(sj, now_usec, &next, &error);
        else {
                error = g_strdup("its time has passed: give it a new start_time");
                r = -ENOENT;
        }
        if (r >= 0)
                r = scheduled_job_set_state(sj, SCHEDULED_JOB_ACTIVE, NULL, now_usec);
        if (r < 0)
                return refuse(f, r, BUS_ERROR_WRONG_STATE, "scheduled job '%s' cannot be resumed: %s", sj->name,
                              error ?: g_strerror(-r));
        sj->next_run_at = next;
        return 0;
}

static void wait_again(ScheduledJob *sj, uint64_t now_usec) {
        static const char reason[] = "it was changed: its approvals count no longer";

        if (sj->state == SCHEDULED_JOB_PENDING)
                scheduled_job_set_text(&sj->state_reason, reason);
        else if (scheduled_job_set_state(sj, SCHEDULED_JOB_PENDING, reason, now_usec) < 0)
                return;
        if (sj->expires_at > sj->date_created)
                sj->expires_at = now_usec + (sj->expires_at - sj->date_created);
        sj->decided_at = 0;
        sj->date_changed = now_usec;
}

int schedule_change_enabled(ScheduledJob *sj, bool enabled, const Job *job, uint64_t now_usec, Refusal *f) {
        int r;

        if (scheduled_job_state_is_final(sj->state))
                return refuse_final(sj, f);
        if (sj->state == SCHEDULED_JOB_PENDING)
                return refuse(f, -EBUSY, BUS_ERROR_WRONG_STATE,
                              "scheduled job '%s' waits for an approval: it becomes active by that; to take it back, "
                              "use \"jobctl schedule cancel\"",
                              sj->name);
        if (enabled == (sj->state == SCHEDULED_JOB_ACTIVE) && (enabled || sj->state == SCHEDULED_JOB_PAUSED))
                return 0;
        if (!enabled) {
                r = scheduled_job_set_state(sj, SCHEDULED_JOB_PAUSED, NULL, now_usec);
                return r < 0 ? refuse_final(sj, f) : 1;
        }
        r = check_job(sj, job, f);
        if (r >= 0)
                r = activate(sj, now_usec, f);
        return r < 0 ? r : 1;
}

int schedule_change_take_over(ScheduledJob *sj, const Job *job, uint32_t uid, const char *user, uint64_t now_usec,
                              bool *ret_voids, Refusal *f) {
        int r;

        if (scheduled_job_state_is_final(sj->state))
                return refuse_final(sj, f);
        if (sj->requester_uid == uid)
                return refuse(f, -EALREADY, BUS_ERROR_WRONG_STATE, "You already own scheduled job '%s'.", sj->name);
        if (sj->sealed && uid != 0)
                return refuse(f, -EPERM, SD_BUS_ERROR_ACCESS_DENIED,
                              "scheduled job '%s' has sensitive input of %s, which is not handed to somebody else: only "
                              "root may take it over, or delete it and request it anew with input of your own",
                              sj->name, sj->requester);
        r = check_job(sj, job, f);
        if (r < 0)
                return r;
        if (sj->state == SCHEDULED_JOB_ERRORED && !sj->approval_required)
                r = activate(sj, now_usec, f);
        if (r < 0)
                return r;

        sj->requester_uid = uid;
        scheduled_job_set_text(&sj->requester, user);
        scheduled_job_set_text(&sj->requested_by, "");
        sj->date_changed = now_usec;
        *ret_voids = sj->approval_required;
        if (*ret_voids) /* who approves must be someone else than the requester: it may be the new one who has */
                wait_again(sj, now_usec);
        return 0;
}

int schedule_change_cancel(ScheduledJob *sj, const char *user, uint64_t now_usec, Refusal *f) {
        g_autofree char *reason = g_strdup_printf("canceled by %s", user);
        int r;

        r = scheduled_job_set_state(sj, SCHEDULED_JOB_CANCELED, reason, now_usec);
        return r < 0 ? refuse_final(sj, f) : 0;
}

/* ---- settings ---- */

static int refuse_schedule(JsonObject *errors, Refusal *f) {
        g_autofree char *text = json_format_object(errors);

        return refuse(f, -EINVAL, BUS_ERROR_INVALID_SCHEDULE, "%s", text);
}

static int refuse_member(const char *member, const char *message, Refusal *f) {
        g_autoptr(JsonObject) errors = json_object_new();
        JsonObject *members = json_object_new();
        JsonArray *messages = json_array_new();

        json_array_add_string_element(messages, message);
        json_object_set_array_member(members, member, messages);
        json_object_set_object_member(errors, "schedule", members);
        return refuse_schedule(errors, f);
}

static bool changes_times(const ScheduleRequest *s) {
        return s->interval || s->crontab || s->time_zone || s->start_time > 0;
}

/* What is asked for, with what stays; crontab: only of custom. */
static ScheduleRequest merge(const ScheduledJob *sj, const ScheduleRequest *s) {
        ScheduleRequest merged = {
                .interval = s->interval ?: schedule_interval_to_string(sj->interval),
                .name = s->name ?: sj->name,
                .crontab = s->crontab,
                .time_zone = s->time_zone ?: sj->time_zone,
                .missed = s->missed ?: schedule_missed_to_string(sj->missed),
                .start_time = s->start_time > 0 ? s->start_time : sj->start_time,
        };

        if (!merged.crontab && strcmp(merged.interval, "custom") == 0)
                merged.crontab = sj->crontab;
        return merged;
}

/*
 * A start that is not given anew may be past by now, and the rule that it lies ahead was kept when it was given: it is
 * looked at as of then.
 */
static uint64_t rules_now(const ScheduledJob *sj, const ScheduleRequest *s, uint64_t now_usec) {
        uint64_t then = sj->start_time > SCHEDULE_LEAD_USEC ? sj->start_time - SCHEDULE_LEAD_USEC : 0;

        return s->start_time > 0 ? now_usec : MIN(now_usec, then);
}

static int take_times(ScheduledJob *sj, const ScheduleSettings *settings, uint64_t now_usec, Refusal *f) {
        uint64_t next = 0;

        if (settings->spec->interval == SCHEDULE_INTERVAL_IMMEDIATELY && sj->interval != SCHEDULE_INTERVAL_IMMEDIATELY)
                return refuse_member("interval",
                                     "A scheduled job cannot become one that runs immediately: run the job.", f);
        if (sj->state == SCHEDULED_JOB_ACTIVE && calendar_next(settings->spec, now_usec, &next) < 0)
                return refuse_member("start_time",
                                     "Please enter a valid date and time greater than or equal to the current date "
                                     "and time.",
                                     f);
        sj->interval = settings->spec->interval;
        sj->start_time = settings->spec->start_time;
        scheduled_job_set_text(&sj->crontab, settings->crontab);
        scheduled_job_set_text(&sj->time_zone, settings->time_zone);
        if (sj->state == SCHEDULED_JOB_ACTIVE)
                sj->next_run_at = next;
        else if (sj->state == SCHEDULED_JOB_PENDING)
                sj->next_run_at = settings->next_run_at;
        return 0;
}

int schedule_change_settings(ScheduledJob *sj, const ScheduleUpdate *update, uint64_t now_usec, bool *ret_voids,
                             Refusal *f) {
        ScheduleRequest merged = merge(sj, &update->schedule);
        _cleanup_(schedule_settings_done) ScheduleSettings settings = {};
        g_autoptr(JsonObject) errors = NULL;
        int r;

        if (scheduled_job_state_is_final(sj->state))
                return refuse_final(sj, f);
        r = schedule_rules_check(&merged, rules_now(sj, &update->schedule, now_usec), &settings, &errors);
        if (r < 0)
                return refuse_schedule(errors, f);
        if (changes_times(&update->schedule))
                r = take_times(sj, &settings, now_usec, f);
        if (r < 0)
                return r;
        if (settings.name[0])
                scheduled_job_set_text(&sj->name, settings.name);
        sj->missed = settings.missed;
        if (update->task_queue)
                scheduled_job_set_text(&sj->task_queue, update->task_queue);
        sj->date_changed = now_usec;
        *ret_voids = sj->approval_required &&
                     (changes_times(&update->schedule) || update->schedule.missed || update->task_queue);
        if (*ret_voids)
                wait_again(sj, now_usec);
        return 0;
}

void schedule_change_input(ScheduledJob *sj, const ScheduledJob *with_input, uint64_t now_usec, bool *ret_voids) {
        scheduled_job_set_text(&sj->data, with_input->data);
        scheduled_job_set_text(&sj->sealed, with_input->sealed);
        sj->has_sensitive_variables = with_input->has_sensitive_variables;
        sj->date_changed = now_usec;
        *ret_voids = sj->approval_required;
        if (*ret_voids)
                wait_again(sj, now_usec);
}
