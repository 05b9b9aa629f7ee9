/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "access-target.h"
#include "bus-error.h"
#include "names.h"
#include "object-model.h"
#include "object-path.h"
#include "store-schedule.h"
#include "user.h"

enum {
        REFERENCE_SIZE_MAX = 2048, /* bytes: more than any name there is */
        USER_NAME_MAX = 256,
};

void access_target_done(AccessTargetObject *t) {
        g_free(t->reference);
        g_free(t->queue);
        g_free(t->as_text);
        g_free(t->as_user);
        (void) job_result_free(t->result);
        (void) scheduled_job_free(t->scheduled_job);
        *t = (AccessTargetObject){};
}

bool access_target_exists(const AccessTargetObject *t) {
        return t->job || t->result || t->scheduled_job;
}

bool access_target_is_requested_by(const AccessTargetObject *t, uint32_t uid) {
        return (t->result && t->result->requester_uid == uid) ||
               (t->scheduled_job && t->scheduled_job->requester_uid == uid);
}

/* A text option in the last argument of RunJob and Run, at which the message stands after its data. */
static char *find_option(sd_bus_message *m, const char *name) {
        const char *key, *value;
        char *found = NULL;

        if (sd_bus_message_enter_container(m, 'a', "{sv}") <= 0)
                return NULL;
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                if (sd_bus_message_read(m, "s", &key) < 0)
                        break;
                if (strcmp(key, name) == 0 && sd_bus_message_read(m, "v", "s", &value) >= 0) {
                        g_free(found);
                        found = g_strdup(value);
                } else if (sd_bus_message_skip(m, "v") < 0)
                        break;
                if (sd_bus_message_exit_container(m) < 0)
                        break;
        }
        return found;
}

/* The same, wherever the message stands. Leaves it rewound. */
static char *find_run_option(sd_bus_message *m, const AccessRule *rule, const char *name) {
        char *found = NULL;

        (void) sd_bus_message_rewind(m, true);
        if (sd_bus_message_skip(m, rule->target == ACCESS_TARGET_JOB_ARG ? "ss" : "s") >= 0)
                found = find_option(m, name);
        (void) sd_bus_message_rewind(m, true);
        return found;
}

/* RunJob and Run */
static bool is_run(const AccessRule *rule) {
        return (rule->target == ACCESS_TARGET_JOB_ARG || rule->target == ACCESS_TARGET_JOB_PATH) &&
               g_strcmp0(rule->action, "org.jobd1.run-job") == 0;
}

static char *target_queue(sd_bus_message *m, const AccessRule *rule, const Job *job, const Settings *settings) {
        char *queue;

        if (!job || !is_run(rule))
                return NULL;
        queue = find_run_option(m, rule, "task_queue");
        return queue ?: g_strdup(run_request_default_queue(job, settings));
}

int access_target_find_user(AccessTargetObject *t, bool *ret_other_name) {
        char *name;
        int r;

        r = user_find(t->as_text, &t->as_uid, &name);
        if (r < 0)
                return r;
        *ret_other_name = strcmp(t->as_user, name) != 0;
        g_free(t->as_user);
        t->as_user = name;
        return 0;
}

/* As it may be logged and shown: not without end, and in one line. */
static char *reference_new(const char *text) {
        g_autofree char *part = g_strndup(text, REFERENCE_SIZE_MAX);

        for (char *p = part; *p; p++)
                if (g_ascii_iscntrl(*p))
                        *p = ' ';
        return g_utf8_make_valid(part, -1);
}

static void resolve_result(const AccessContext *c, const char *id, AccessTargetObject *t) {
        if (dispatcher_get_result(c->dispatcher, id, &t->result) > 0 && t->result->job_id[0])
                t->job = registry_find_by_id(c->registry, t->result->job_id);
}

static void resolve_schedule(const AccessContext *c, const char *text, AccessTargetObject *t) {
        if (store_schedule_find(c->store, text, &t->scheduled_job) > 0 && t->scheduled_job->job_id[0])
                t->job = registry_find_by_id(c->registry, t->scheduled_job->job_id);
}

static void resolve_argument(const AccessContext *c, const AccessRule *rule, const char *text, AccessTargetObject *t) {
        char id[UUID_STRING_SIZE];

        t->reference = reference_new(text);
        t->is_queue = rule->target == ACCESS_TARGET_QUEUE_ARG;
        if (t->is_queue) {
                t->job_queue = job_queues_find(c->queues, text);
                return;
        }
        if (rule->target == ACCESS_TARGET_JOB_ARG)
                t->job = registry_find(c->registry, text);
        else if (rule->target == ACCESS_TARGET_MODEL_ARG)
                t->is_model = true;
        else if (rule->target == ACCESS_TARGET_SCHEDULE_ARG)
                resolve_schedule(c, text, t);
        else if (uuid_parse(text, id) >= 0)
                resolve_result(c, id, t);
}

static void resolve_path(const AccessContext *c, const AccessRule *rule, const char *path, AccessTargetObject *t) {
        char id[UUID_STRING_SIZE];

        t->reference = reference_new(path);
        t->is_queue = rule->target == ACCESS_TARGET_QUEUE_PATH;
        if (rule->target == ACCESS_TARGET_JOB_PATH && object_path_parse(path, JOBD_JOB_PATH, id) >= 0)
                t->job = registry_find_by_id(c->registry, id);
        else if (rule->target == ACCESS_TARGET_RESULT_PATH && object_path_parse(path, JOBD_RESULT_PATH, id) >= 0)
                resolve_result(c, id, t);
        else if (rule->target == ACCESS_TARGET_QUEUE_PATH && object_path_parse(path, JOBD_QUEUE_PATH, id) >= 0)
                t->job_queue = job_queues_find_by_id(c->queues, id);
        else if (rule->target == ACCESS_TARGET_SCHEDULE_PATH && object_path_parse(path, JOBD_SCHEDULE_PATH, id) >= 0)
                resolve_schedule(c, id, t);
}

void access_target_resolve(const AccessContext *c, sd_bus_message *m, const AccessRule *rule,
                           AccessTargetObject *ret) {
        AccessTargetObject t = {};
        const char *text;

        switch (rule->target) {
        case ACCESS_TARGET_JOB_ARG:
        case ACCESS_TARGET_RESULT_ARG:
        case ACCESS_TARGET_QUEUE_ARG:
        case ACCESS_TARGET_MODEL_ARG:
        case ACCESS_TARGET_SCHEDULE_ARG:
                if (sd_bus_message_read(m, "s", &text) >= 0)
                        resolve_argument(c, rule, text, &t);
                break;
        case ACCESS_TARGET_JOB_PATH:
        case ACCESS_TARGET_RESULT_PATH:
        case ACCESS_TARGET_QUEUE_PATH:
        case ACCESS_TARGET_SCHEDULE_PATH:
                resolve_path(c, rule, sd_bus_message_get_path(m), &t);
                break;
        case ACCESS_TARGET_NONE:
        case ACCESS_TARGET_MODELS:
        case ACCESS_TARGET_RUN:
                break;
        }
        t.queue = target_queue(m, rule, t.job, c->settings);
        if (is_run(rule)) {
                t.as_text = find_run_option(m, rule, "username");
                t.as_user = t.as_text ? user_find_local(t.as_text) ?: g_strdup(t.as_text) : NULL;
                t.as_uid = UINT32_MAX;
        }
        (void) sd_bus_message_rewind(m, true);
        *ret = t;
}

bool access_target_names_user(sd_bus_message *m, const AccessRule *rule) {
        g_autofree char *user = is_run(rule) ? find_run_option(m, rule, "username") : NULL;

        return user;
}

static int check_run_options(sd_bus_message *m, const AccessRule *rule, sd_bus_error *error) {
        g_autofree char *queue = find_run_option(m, rule, "task_queue"), *user = find_run_option(m, rule, "username");

        for (const char *p = user; p && *p; p++)
                if (g_ascii_iscntrl(*p) || *p == ':')
                        return sd_bus_error_set(error, BUS_ERROR_NO_SUCH_USER,
                                                "option 'username' has a character that no user's name has");
        if (user && strlen(user) > USER_NAME_MAX)
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_USER,
                                         "option 'username' is too long: no user's name has more than %i bytes",
                                         USER_NAME_MAX);
        if (queue && strlen(queue) > JOB_QUEUE_NAME_MAX)
                return sd_bus_error_setf(error, BUS_ERROR_INVALID_QUEUE,
                                         "option 'task_queue' is too long: no job queue's name has more than %i bytes",
                                         JOB_QUEUE_NAME_MAX);
        return 0;
}

static int check_argument(sd_bus_message *m, const AccessRule *rule, sd_bus_error *error) {
        const char *text;

        if (sd_bus_message_read(m, "s", &text) < 0)
                return 0; /* arguments of another type: the vtable's answer is better */
        if (rule->target == ACCESS_TARGET_JOB_ARG && strlen(text) > REFERENCE_SIZE_MAX)
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_JOB,
                                         "there is no job with so long a name: it has at most %i bytes",
                                         REFERENCE_SIZE_MAX);
        if (rule->target == ACCESS_TARGET_QUEUE_ARG && strlen(text) > JOB_QUEUE_NAME_MAX)
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_JOB_QUEUE,
                                         "there is no job queue with so long a name: it has at most %i bytes",
                                         JOB_QUEUE_NAME_MAX);
        if (rule->target == ACCESS_TARGET_SCHEDULE_ARG && strlen(text) > REFERENCE_SIZE_MAX)
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_SCHEDULED_JOB,
                                         "there is no scheduled job with so long a name: it has at most %i bytes",
                                         REFERENCE_SIZE_MAX);
        if (rule->target == ACCESS_TARGET_RESULT_ARG && strlen(text) >= UUID_STRING_SIZE)
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_JOB_RESULT,
                                         "there is no job result with so long a UUID: it has %i characters",
                                         UUID_STRING_SIZE - 1);
        if (rule->target == ACCESS_TARGET_MODEL_ARG && strlen(text) > OBJECT_MODEL_NAME_MAX)
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_MODEL,
                                         "there is no model with so long a name: it has at most %i characters",
                                         OBJECT_MODEL_NAME_MAX);
        return 0;
}

int access_target_check(sd_bus_message *m, const AccessRule *rule, sd_bus_error *error) {
        int r = 0, k;

        if (strlen(sd_bus_message_get_path(m)) >= OBJECT_PATH_SIZE)
                return sd_bus_error_set(error, SD_BUS_ERROR_UNKNOWN_OBJECT, "there is no object with so long a path");
        if (rule->target == ACCESS_TARGET_JOB_ARG || rule->target == ACCESS_TARGET_RESULT_ARG ||
            rule->target == ACCESS_TARGET_QUEUE_ARG || rule->target == ACCESS_TARGET_MODEL_ARG ||
            rule->target == ACCESS_TARGET_SCHEDULE_ARG)
                r = check_argument(m, rule, error);
        if (r >= 0 && is_run(rule))
                r = check_run_options(m, rule, error);
        k = sd_bus_message_rewind(m, true);
        return r < 0 ? r : k < 0 ? k : 0;
}

const char *access_target_kind(const AccessRule *rule) {
        switch (rule->target) {
        case ACCESS_TARGET_RESULT_ARG:
        case ACCESS_TARGET_RESULT_PATH:
                return "job result";
        case ACCESS_TARGET_QUEUE_ARG:
        case ACCESS_TARGET_QUEUE_PATH:
                return "job queue";
        case ACCESS_TARGET_MODEL_ARG:
                return "objects of model";
        case ACCESS_TARGET_MODELS:
                return "models of objects";
        case ACCESS_TARGET_SCHEDULE_ARG:
        case ACCESS_TARGET_SCHEDULE_PATH:
                return "scheduled job";
        case ACCESS_TARGET_NONE:
                return "jobs";
        default:
                return "job";
        }
}

/* ---- details ---- */

void access_details_done(AccessDetails *d) {
        g_free(d->module_name);
        g_free(d->job_class_name);
}

void access_details_add(AccessDetails *d, const char *key, const char *value) {
        if (!value || d->n + 2 >= ELEMENTSOF(d->pairs))
                return;
        d->pairs[d->n++] = key;
        d->pairs[d->n++] = value;
}

void access_details_add_job(AccessDetails *d, const Job *job) {
        access_details_add(d, "job", job->effective.name);
        access_details_add(d, "class_path", job->class_path);
        access_details_add(d, "module_name", job->module_name);
        access_details_add(d, "job_class_name", job->job_class_name);
        access_details_add(d, "grouping", job->effective.grouping);
}

/* A job that was deleted: what a rule has hidden stays hidden. */
static void add_former_job(AccessDetails *d, const char *job_name, const char *class_path) {
        const char *dot = strrchr(class_path, '.');

        access_details_add(d, "job", job_name);
        access_details_add(d, "class_path", class_path);
        if (!dot)
                return;
        d->module_name = g_strndup(class_path, (gsize) (dot - class_path));
        d->job_class_name = g_strdup(dot + 1);
        access_details_add(d, "module_name", d->module_name);
        access_details_add(d, "job_class_name", d->job_class_name);
}

void access_details_add_result(AccessDetails *d, const JobResult *jr, const Job *job) {
        if (job)
                access_details_add_job(d, job);
        else
                add_former_job(d, jr->job_name, jr->class_path);
        access_details_add(d, "queue", jr->task_queue);
        access_details_add(d, "requester", jr->requester);
}

void access_details_add_schedule(AccessDetails *d, const ScheduledJob *sj, const Job *job) {
        if (job)
                access_details_add_job(d, job);
        else
                add_former_job(d, sj->job_name, sj->class_path);
        access_details_add(d, "queue", sj->task_queue);
        access_details_add(d, "requester", sj->requester);
        access_details_add(d, "schedule", sj->name);
}

void access_details_add_target(AccessDetails *d, const AccessTargetObject *t) {
        if (t->is_queue) {
                access_details_add(d, "queue", t->job_queue ? t->job_queue->name : t->reference);
                return;
        }
        if (t->result)
                access_details_add_result(d, t->result, t->job);
        else if (t->scheduled_job)
                access_details_add_schedule(d, t->scheduled_job, t->job);
        else if (t->job)
                access_details_add_job(d, t->job);
        else
                access_details_add(d, t->is_model ? "model" : "job", t->reference);
        access_details_add(d, "queue", t->queue);
        access_details_add(d, "requester", t->as_user);
}
