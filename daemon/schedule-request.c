/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "schedule-request.h"
#include "schedule-rules.h"
#include "variable.h"

bool schedule_request_is_for_later(const RunRequest *request) {
        const char *interval = request->schedule.interval;

        return interval && interval[0] && strcmp(interval, "immediately") != 0;
}

int schedule_request_check_sensitive(const RunContext *c, const Job *job, bool is_sensitive, Refusal *f) {
        if (!is_sensitive || c->can_seal)
                return 0;
        return refuse(f, -ENOKEY, BUS_ERROR_SENSITIVE_CONFLICT,
                      "Unable to schedule job: Job may have sensitive input variables. The input of job '%s' can be "
                      "kept for later only when it can be sealed: run \"systemd-creds setup\" as root",
                      job->class_path);
}

static int refuse_schedule(JsonObject *errors, Refusal *f) {
        g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), errors);
        g_autofree char *text = json_format(node);

        return refuse(f, -EINVAL, BUS_ERROR_INVALID_SCHEDULE, "%s", text);
}

/* The members that are not among those that may be stored. */
static JsonObject *sensitive_values(JsonObject *values, JsonObject *public) {
        g_autoptr(GList) names = json_object_get_members(values);
        JsonObject *secret = json_object_new();

        for (GList *l = names; l; l = l->next)
                if (!public || !json_object_has_member(public, l->data))
                        json_object_set_member(secret, l->data, json_object_dup_member(values, l->data));
        return secret;
}

static int take_values(const Job *job, const JobClass *class, JsonObject *values, ScheduledJob *sj,
                       Secret **ret_secret, Refusal *f) {
        g_autoptr(JsonObject) public = job->effective.has_sensitive_variables
                                                       ? NULL
                                                       : variables_public_values(class->variables, values);
        g_autoptr(JsonObject) secret = sensitive_values(values, public);
        g_autofree char *data = public ? json_format_object(public) : NULL, *text = NULL;

        sj->has_sensitive_variables = job->effective.has_sensitive_variables ||
                                      variables_have_sensitive(class->variables);
        scheduled_job_set_text(&sj->data, data);
        if (json_object_get_size(secret) == 0)
                return 0;
        text = json_format_object(secret);
        *ret_secret = secret_new(text);
        explicit_bzero(text, strlen(text));
        if (!*ret_secret)
                return refuse(f, -ENOMEM, BUS_ERROR_TOO_MANY, "there is no memory to hold the input of the run");
        return 0;
}

static int take_schedule(const RunContext *c, const RunRequest *request, ScheduledJob *sj, Refusal *f) {
        ScheduleRequest schedule = request->schedule;
        _cleanup_(schedule_settings_done) ScheduleSettings settings = {};
        g_autoptr(JsonObject) errors = NULL;
        int r;

        if (!schedule.interval || !schedule.interval[0])
                schedule.interval = "immediately";
        r = schedule_rules_check(&schedule, c->now_usec, &settings, &errors);
        if (r < 0)
                return refuse_schedule(errors, f);
        sj->interval = settings.spec->interval;
        sj->start_time = settings.spec->start_time;
        sj->missed = settings.missed;
        sj->next_run_at = settings.next_run_at;
        scheduled_job_set_text(&sj->name, settings.name);
        scheduled_job_set_text(&sj->crontab, settings.crontab);
        scheduled_job_set_text(&sj->time_zone, settings.time_zone);
        return 0;
}

char *schedule_request_name(const char *job_name, uint64_t when_usec, unsigned n) {
        g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc((gint64) (when_usec / USEC_PER_SEC));
        g_autofree char *date = g_date_time_format(utc, "%Y-%m-%d %H:%M:%S");

        if (n > 1)
                return g_strdup_printf("%s - %s UTC (%u)", job_name, date, n);
        return g_strdup_printf("%s - %s UTC", job_name, date);
}

int schedule_request_make(const RunContext *c, const Job *job, const RunRequest *request, const JobClass *class,
                          JsonObject *values, bool needs_approval, ScheduledJob **ret, Secret **ret_secret,
                          Refusal *f) {
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = scheduled_job_new();
        _cleanup_(secret_freep) Secret *secret = NULL;
        int r;

        if (request->id) /* for which its files are kept */
                (void) g_strlcpy(sj->id, request->id, sizeof(sj->id));
        else
                uuid_new(sj->id);
        (void) g_strlcpy(sj->job_id, job->id, sizeof(sj->job_id));
        scheduled_job_set_text(&sj->job_name, job->effective.name);
        scheduled_job_set_text(&sj->class_path, job->class_path);
        sj->requester_uid = request->requester_uid;
        scheduled_job_set_text(&sj->requester, request->requester);
        scheduled_job_set_text(&sj->requested_by, request->requested_by ?: "");
        scheduled_job_set_text(&sj->task_queue, request->task_queue ?: run_request_default_queue(job, c->settings));
        sj->ignore_singleton = request->ignore_singleton;
        sj->state = needs_approval ? SCHEDULED_JOB_PENDING : SCHEDULED_JOB_ACTIVE;
        sj->approval_required = needs_approval;
        sj->date_created = sj->date_changed = c->now_usec;
        r = take_schedule(c, request, sj, f);
        if (r >= 0)
                r = take_values(job, class, values, sj, &secret, f);
        if (r >= 0)
                r = schedule_request_check_sensitive(c, job, secret != NULL, f);
        if (r < 0)
                return r;
        *ret_secret = TAKE_PTR(secret);
        *ret = TAKE_PTR(sj);
        return 0;
}

int schedule_request_replace_input(const RunContext *c, const Job *job, const JobClass *class, JsonObject *values,
                                   const ScheduledJob *of, ScheduledJob **ret, Secret **ret_secret, Refusal *f) {
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = scheduled_job_copy(of);
        _cleanup_(secret_freep) Secret *secret = NULL;
        int r;

        scheduled_job_set_text(&sj->sealed, NULL);
        r = take_values(job, class, values, sj, &secret, f);
        if (r >= 0)
                r = schedule_request_check_sensitive(c, job, secret != NULL, f);
        if (r < 0)
                return r;
        *ret_secret = TAKE_PTR(secret);
        *ret = TAKE_PTR(sj);
        return 0;
}

/* ---- when it is due ---- */

static int parse_part(const char *text, size_t size, JsonObject **ret) {
        if (!text) {
                *ret = json_object_new();
                return 0;
        }
        return json_parse_object(text, size, VARIABLES_SIZE_MAX, ret, NULL);
}

bool schedule_request_has_public(const ScheduledJob *sj, const char *name) {
        g_autoptr(JsonObject) data = NULL;

        return sj->data && json_parse_object(sj->data, strlen(sj->data), VARIABLES_SIZE_MAX, &data, NULL) >= 0 &&
               json_object_has_member(data, name);
}

Secret *schedule_request_input(const ScheduledJob *sj, const Secret *unsealed) {
        g_autoptr(JsonObject) data = NULL, secret = NULL;
        g_autoptr(GList) names = NULL;
        g_autofree char *text = NULL;
        Secret *input;

        if (parse_part(sj->data, sj->data ? strlen(sj->data) : 0, &data) < 0 ||
            parse_part(unsealed ? secret_bytes(unsealed) : NULL, unsealed ? secret_size(unsealed) : 0, &secret) < 0)
                return NULL;
        names = json_object_get_members(secret);
        for (GList *l = names; l; l = l->next)
                json_object_set_member(data, l->data, json_object_dup_member(secret, l->data));
        text = json_format_object(data);
        input = secret_new(text);
        explicit_bzero(text, strlen(text));
        return input;
}
