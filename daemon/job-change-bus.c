/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "access.h"
#include "announcer.h"
#include "audit.h"
#include "bus-error.h"
#include "bus-option.h"
#include "bus-reply.h"
#include "job-bus.h"
#include "job-update.h"
#include "manager-refresh.h"
#include "message-ids.h"
#include "names.h"
#include "now.h"

/* Methods of org.jobd1.Job that change the job: enabled or not, and its overrides. */

typedef struct ChangedJob {
        Manager *manager;
        char id[UUID_STRING_SIZE];
} ChangedJob;

static void on_change_committed(int r, void *userdata) {
        g_autofree ChangedJob *c = userdata;

        if (r < 0)
                return;
        dispatcher_jobs_changed(c->manager->dispatcher);
        announcer_changed(c->manager->announcer, JOBD_JOB_PATH, c->id, JOBD_JOB_INTERFACE, job_bus_changing_properties);
}

/* What was changed, for the journal: "<caller> <what>". */
typedef struct Change {
        const char *message_id;
        const char *field; /* NULL: none */
        const char *what;
} Change;

/*
 * Stores the changed copy (takes it over) and announces it, once it is on the disk. Negative errno: the error is set.
 */
static int put_job(JobBus *b, Job *changed, sd_bus_message *call, sd_bus_error *error) {
        g_autofree char *caller = access_caller_name(b->manager->access, call);
        Manager *m = b->manager;
        ChangedJob *c;
        int r;

        c = g_new(ChangedJob, 1);
        c->manager = m;
        (void) g_strlcpy(c->id, changed->id, sizeof(c->id));
        changed->last_updated = now_usec();
        r = registry_put(m->registry, changed);
        if (r < 0) {
                Refusal f = {};

                g_free(c);
                if (r == -EEXIST)
                        r = refuse(&f, r, BUS_ERROR_NAME_TAKEN,
                                   "another job has this name already: names identify jobs, choose another one");
                else
                        r = refuse_store(&f, r, store_error_text(m->store));
                return bus_refuse(error, r, &f);
        }
        b->job = changed;
        manager_make_queues_of(m, changed, caller);
        store_after_commit(m->store, on_change_committed, c);
        return 0;
}

static void audit_change(JobBus *b, sd_bus_message *call, const Change *change) {
        g_autofree char *caller = access_caller_name(b->manager->access, call);

        audit_job_after_commit(b->manager->store, change->message_id, caller, b->job, change->field, "%s %s", caller,
                               change->what);
}

static int put_and_reply(JobBus *b, Job *changed, const Change *change, sd_bus_message *call, sd_bus_error *error) {
        int r;

        r = put_job(b, changed, call, error);
        if (r < 0)
                return r;
        audit_change(b, call, change);
        return bus_reply_after_commit(b->manager, call, NULL);
}

static int set_enabled(JobBus *b, sd_bus_message *call, bool enabled, sd_bus_error *error) {
        _cleanup_(job_freep) Job *j = NULL;
        g_autofree char *what = NULL;

        if (b->job->enabled == enabled)
                return sd_bus_reply_method_return(call, NULL);
        if (enabled && !b->job->installed)
                return sd_bus_error_setf(error, BUS_ERROR_JOB_NOT_INSTALLED,
                                         "job '%s' is not presently installed: install its class again and run \"jobctl "
                                         "refresh\" before enabling it",
                                         b->job->class_path);

        j = job_copy(b->job);
        j->enabled = enabled;
        what = g_strdup_printf("%s job '%s'", enabled ? "enabled" : "disabled", j->class_path);
        return put_and_reply(b, TAKE_PTR(j),
                             &(Change){ enabled ? JOBD_MESSAGE_JOB_ENABLED_STR : JOBD_MESSAGE_JOB_DISABLED_STR, NULL,
                                        what },
                             call, error);
}

int job_bus_enable(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return set_enabled(userdata, m, true, error);
}

int job_bus_disable(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return set_enabled(userdata, m, false, error);
}

static int read_field(sd_bus_message *m, JobField *ret, sd_bus_error *error) {
        GString *known = NULL;
        const char *text;
        int r;

        r = sd_bus_message_read(m, "s", &text);
        if (r < 0)
                return r;
        *ret = job_field_from_string(text);
        if (*ret >= 0)
                return 0;

        known = g_string_new(NULL);
        for (JobField f = 0; f < _JOB_FIELD_MAX; f++)
                g_string_append_printf(known, "%s%s", f == 0 ? "" : ", ", job_field_to_string(f));
        r = sd_bus_error_setf(error, BUS_ERROR_INVALID_FIELD, "'%s' cannot be overridden: use one of %s", text,
                              known->str);
        g_string_free(known, true);
        return r;
}

static int check_sensitive_conflict(const Job *before, const Job *after, sd_bus_error *error) {
        if (!job_has_sensitive_conflict(after) || job_has_sensitive_conflict(before))
                return 0;
        return sd_bus_error_setf(error, BUS_ERROR_SENSITIVE_CONFLICT,
                                 "A job that may have sensitive variables cannot be marked as requiring approval: change "
                                 "has_sensitive_variables or approval_required of job '%s' first",
                                 after->class_path);
}

int job_bus_set_override(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        JobBus *b = userdata;
        g_autofree char *problem = NULL, *what = NULL;
        _cleanup_(job_freep) Job *j = NULL;
        const char *value;
        JobField field;
        int r;

        r = read_field(m, &field, error);
        if (r >= 0)
                r = sd_bus_message_read(m, "s", &value);
        if (r < 0)
                return r;

        j = job_copy(b->job);
        r = job_set_override(j, field, value, &problem);
        if (r < 0)
                return sd_bus_error_setf(error, BUS_ERROR_INVALID_VALUE, "%s: %s", job_field_to_string(field), problem);
        r = check_sensitive_conflict(b->job, j, error);
        if (r < 0)
                return r;

        what = g_strdup_printf("set %s of job '%s' to \"%s\"", job_field_to_string(field), j->class_path, value);
        return put_and_reply(b, TAKE_PTR(j),
                             &(Change){ JOBD_MESSAGE_OVERRIDE_SET_STR, job_field_to_string(field), what }, m, error);
}

int job_bus_clear_override(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(job_freep) Job *j = NULL;
        g_autofree char *what = NULL;
        JobBus *b = userdata;
        JobField field;
        int r;

        r = read_field(m, &field, error);
        if (r < 0)
                return r;
        if (!job_is_overridden(b->job, field))
                return sd_bus_reply_method_return(m, NULL);

        j = job_copy(b->job);
        job_clear_override(j, field);
        r = check_sensitive_conflict(b->job, j, error);
        if (r < 0)
                return r;
        what = g_strdup_printf("cleared the override of %s of job '%s'", job_field_to_string(field), j->class_path);
        return put_and_reply(b, TAKE_PTR(j),
                             &(Change){ JOBD_MESSAGE_OVERRIDE_CLEARED_STR, job_field_to_string(field), what }, m,
                             error);
}

/* ---- many changes at once ---- */

#define UPDATE_VALUE(name, field) { name, 's', offsetof(JobUpdate, values) + (field) * sizeof(const char *) }

static const BusOption update_table[] = {
        { "enabled", 'b', offsetof(JobUpdate, enabled) },
        { "set", 's', offsetof(JobUpdate, set) },
        { "clear", 's', offsetof(JobUpdate, clear) },
        UPDATE_VALUE("name", JOB_FIELD_NAME),
        UPDATE_VALUE("grouping", JOB_FIELD_GROUPING),
        UPDATE_VALUE("description", JOB_FIELD_DESCRIPTION),
        UPDATE_VALUE("approval_required", JOB_FIELD_APPROVAL_REQUIRED),
        UPDATE_VALUE("dryrun_default", JOB_FIELD_DRYRUN_DEFAULT),
        UPDATE_VALUE("has_sensitive_variables", JOB_FIELD_HAS_SENSITIVE_VARIABLES),
        UPDATE_VALUE("hidden", JOB_FIELD_HIDDEN),
        UPDATE_VALUE("singleton", JOB_FIELD_SINGLETON),
        UPDATE_VALUE("soft_time_limit", JOB_FIELD_SOFT_TIME_LIMIT),
        UPDATE_VALUE("time_limit", JOB_FIELD_TIME_LIMIT),
        UPDATE_VALUE("task_queues", JOB_FIELD_TASK_QUEUES),
};

static void audit_update(JobBus *b, sd_bus_message *call, bool was_enabled, const JobFieldChange *changes) {
        if (b->job->enabled != was_enabled) {
                g_autofree char *what = g_strdup_printf("%s job '%s'", b->job->enabled ? "enabled" : "disabled",
                                                        b->job->class_path);

                audit_change(b, call,
                             &(Change){ b->job->enabled ? JOBD_MESSAGE_JOB_ENABLED_STR : JOBD_MESSAGE_JOB_DISABLED_STR,
                                        NULL, what });
        }
        for (JobField f = 0; f < _JOB_FIELD_MAX; f++) {
                g_autofree char *value = job_field_format(&b->job->effective, f), *what = NULL;

                if (changes[f] == JOB_FIELD_UNCHANGED)
                        continue;
                what = changes[f] == JOB_FIELD_CLEARED
                                       ? g_strdup_printf("cleared the override of %s of job '%s'",
                                                         job_field_to_string(f), b->job->class_path)
                                       : g_strdup_printf("set %s of job '%s' to \"%s\"", job_field_to_string(f),
                                                         b->job->class_path, value);
                audit_change(b, call,
                             &(Change){ changes[f] == JOB_FIELD_CLEARED ? JOBD_MESSAGE_OVERRIDE_CLEARED_STR
                                                                        : JOBD_MESSAGE_OVERRIDE_SET_STR,
                                        job_field_to_string(f), what });
        }
}

int job_bus_update(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        JobFieldChange changes[_JOB_FIELD_MAX];
        _cleanup_(job_freep) Job *j = NULL;
        JobUpdate update = { .enabled = -1 };
        JobBus *b = userdata;
        bool was_enabled = b->job->enabled;
        Refusal f = {};
        int r;

        r = bus_options_read(m, update_table, ELEMENTSOF(update_table), &update, error);
        if (r < 0)
                return r;
        j = job_copy(b->job);
        r = job_update_apply(j, &update, changes, &f);
        if (r < 0)
                return bus_refuse(error, r, &f);
        if (job_equal(j, b->job))
                return sd_bus_reply_method_return(m, NULL);
        r = put_job(b, TAKE_PTR(j), m, error);
        if (r < 0)
                return r;
        audit_update(b, m, was_enabled, changes);
        return bus_reply_after_commit(b->manager, m, NULL);
}
