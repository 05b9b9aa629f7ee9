/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "access.h"
#include "announcer.h"
#include "audit.h"
#include "bus-error.h"
#include "bus-option.h"
#include "bus-reply.h"
#include "message-ids.h"
#include "names.h"
#include "now.h"
#include "queue-bus.h"
#include "store-schedule.h"

/* Job queues are made, changed and deleted: CreateJobQueue, Set and Delete, and the queues that jobs name. */

/* Until it is on the disk. */
typedef struct Changed {
        Manager *manager;
        char id[UUID_STRING_SIZE];
        char *name;
        const char *signal; /* NULL: properties have changed */
} Changed;

static void on_committed(int r, void *userdata) {
        g_autofree Changed *c = userdata;
        g_autofree char *name = c->name;

        if (r < 0)
                return;
        dispatcher_queue_changed(c->manager->dispatcher, name);
        if (!c->manager->announcer)
                return;
        if (c->signal)
                announcer_signal(c->manager->announcer, c->signal, JOBD_QUEUE_PATH, c->id);
        else
                announcer_changed(c->manager->announcer, JOBD_QUEUE_PATH, c->id, JOBD_QUEUE_INTERFACE,
                                  queue_bus_changing_properties);
}

/* signal: static. */
static void announce_after_commit(Manager *m, const JobQueue *q, const char *signal) {
        Changed *c = g_new0(Changed, 1);

        c->manager = m;
        (void) g_strlcpy(c->id, q->id, sizeof(c->id));
        c->name = g_strdup(q->name);
        c->signal = signal;
        store_after_commit(m->store, on_committed, c);
}

int manager_ensure_queue(Manager *m, const char *name, const char *caller) {
        const JobQueue *q;
        int r;

        r = job_queues_ensure(m->queues, name, now_usec());
        if (r <= 0)
                return r;
        q = job_queues_find_by_name(m->queues, name);
        audit_queue_after_commit(m->store, JOBD_MESSAGE_QUEUE_CREATED_STR, caller, q->name, "%s created job queue %s",
                                 caller, q->name);
        announce_after_commit(m, q, "JobQueueNew");
        return 1;
}

/* ---- settings ---- */

static int refuse_value(sd_bus_error *error, const char *text) {
        return sd_bus_error_set(error, BUS_ERROR_INVALID_VALUE, text);
}

/* Each entry of the array sets one resource. */
static int read_resources(sd_bus_message *m, JobQueue *q, sd_bus_error *error) {
        const char *name, *value;
        int r;

        r = sd_bus_message_enter_container(m, 'v', "a{ss}");
        if (r == -ENXIO)
                return sd_bus_error_set(error, BUS_ERROR_INVALID_OPTION, "option 'resources' must have the type 'a{ss}'");
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', "{ss}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(m, "{ss}", &name, &value)) > 0) {
                g_autofree char *problem = NULL;

                if (job_queue_set_resource(q, name, value, &problem) < 0)
                        return refuse_value(error, problem);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int set_text(JobQueue *q, const char *name, const char *value, sd_bus_error *error) {
        if (strcmp(name, "description") == 0) {
                g_free(q->description);
                q->description = g_strdup(value);
                return 0;
        }
        q->when_unavailable = job_queue_when_unavailable_from_string(value);
        if (q->when_unavailable < 0)
                return refuse_value(error, "when_unavailable is wait or refuse");
        return 0;
}

/* What a{sv} can set: name, type, and where to. */
static int read_setting(sd_bus_message *m, JobQueue *q, const char *name, sd_bus_error *error) {
        const struct {
                const char *name;
                char type;
                void *target;
        } table[] = {
                { "description", 's', NULL },
                { "enabled", 'b', NULL },
                { "max_running", 'u', &q->max_running },
                { "max_pending", 'u', &q->max_pending },
                { "weight", 'u', &q->weight },
                { "priority", 'i', &q->priority },
                { "when_unavailable", 's', NULL },
        };
        const char *text;
        int b, r;

        if (strcmp(name, "resources") == 0)
                return read_resources(m, q, error);
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                const char type[] = { table[i].type, 0 };

                if (strcmp(table[i].name, name) != 0)
                        continue;
                r = sd_bus_message_read(m, "v", type,
                                        table[i].target ?: table[i].type == 's' ? (void *) &text : (void *) &b);
                if (r == -ENXIO)
                        return sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION, "option '%s' must have the type '%s'",
                                                 name, type);
                if (r >= 0 && type[0] == 's')
                        return set_text(q, name, text, error);
                if (r >= 0 && type[0] == 'b')
                        q->enabled = b != 0;
                return r;
        }
        return sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION,
                                 "option '%s' is not known: this method takes description, enabled, max_running, "
                                 "max_pending, weight, priority, when_unavailable, resources",
                                 name);
}

static int read_settings(Manager *m, sd_bus_message *message, JobQueue *q, sd_bus_error *error) {
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
        g_autofree char *problem = NULL;
        const char *name;
        int r;

        r = sd_bus_message_enter_container(message, 'a', "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
                r = sd_bus_message_read(message, "s", &name);
                if (r >= 0 && !g_hash_table_add(seen, (char *) name))
                        r = sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION, "option '%s' is given twice", name);
                if (r >= 0)
                        r = read_setting(message, q, name, error);
                if (r >= 0)
                        r = sd_bus_message_exit_container(message);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(message);
        if (r < 0)
                return r;
        if (job_queue_check(q, &problem) < 0 || dispatcher_prepare_queue(m->dispatcher, q, &problem) < 0)
                return refuse_value(error, problem);
        return 0;
}

static int refuse_store_error(Manager *m, int r, sd_bus_error *error) {
        Refusal f = {};

        return bus_refuse(error, refuse_store(&f, r, store_error_text(m->store)), &f);
}

/* "enabled=no weight=50", for the journal. */
static void add_change(GString *text, const char *name, const char *before, const char *after) {
        if (strcmp(before, after) != 0)
                g_string_append_printf(text, "%s%s=%s", text->len > 0 ? ", " : "", name, after);
}

static void add_number_change(GString *text, const char *name, int64_t before, int64_t after) {
        if (before != after)
                g_string_append_printf(text, "%s%s=%" G_GINT64_FORMAT, text->len > 0 ? ", " : "", name, after);
}

static char *describe_changes(const JobQueue *before, const JobQueue *after) {
        GString *text = g_string_new(NULL);

        add_change(text, "description", before->description, after->description);
        add_change(text, "enabled", before->enabled ? "yes" : "no", after->enabled ? "yes" : "no");
        add_number_change(text, "max_running", before->max_running, after->max_running);
        add_number_change(text, "max_pending", before->max_pending, after->max_pending);
        add_number_change(text, "weight", before->weight, after->weight);
        add_number_change(text, "priority", before->priority, after->priority);
        add_change(text, "when_unavailable", job_queue_when_unavailable_to_string(before->when_unavailable),
                   job_queue_when_unavailable_to_string(after->when_unavailable));
        for (JobQueueResource i = 0; i < _JOB_QUEUE_RESOURCE_MAX; i++)
                add_change(text, job_queue_resource_to_string(i), before->resources[i] ?: "",
                           after->resources[i] ?: "");
        return g_string_free(text, false);
}

/* ---- Set ---- */

int queue_bus_set(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        JobQueueBus *b = userdata;
        _cleanup_(job_queue_freep) JobQueue *changed = job_queue_copy(b->queue);
        g_autofree char *caller = access_caller_name(b->manager->access, m), *changes = NULL;
        int r;

        r = read_settings(b->manager, m, changed, error);
        if (r < 0)
                return r;
        changes = describe_changes(b->queue, changed);
        if (!changes[0])
                return sd_bus_reply_method_return(m, NULL);

        changed->last_updated = now_usec();
        b->queue = changed;
        r = job_queues_put(b->manager->queues, TAKE_PTR(changed));
        if (r < 0)
                return refuse_store_error(b->manager, r, error);
        audit_queue_after_commit(b->manager->store, JOBD_MESSAGE_QUEUE_CHANGED_STR, caller, b->queue->name,
                                 "%s changed job queue %s: %s", caller, b->queue->name, changes);
        announce_after_commit(b->manager, b->queue, NULL);
        return bus_reply_after_commit(b->manager, m, NULL);
}

/* ---- Delete ---- */

static const Job *find_user(Manager *m, const char *queue) {
        g_autoptr(GPtrArray) jobs = registry_list(m->registry);

        for (guint i = 0; i < jobs->len; i++) {
                const Job *job = jobs->pdata[i];
                char **queues = job->effective.task_queues;

                if (queues && g_strv_contains((const char *const *) queues, queue))
                        return job;
        }
        return NULL;
}

enum { NAMED_MAX = 3 }; /* scheduled jobs in a message */

static void scheduled_job_free_func(void *p) {
        (void) scheduled_job_free(p);
}

/* "'nightly', 'weekly'" and so on: those that would ask for the queue again; NULL: none. */
static int name_scheduled_jobs(Manager *m, const char *queue, char **ret) {
        const ScheduledJobFilter filter = {
                .task_queue = queue,
                .states = UINT32_C(1) << SCHEDULED_JOB_PENDING | UINT32_C(1) << SCHEDULED_JOB_ACTIVE |
                          UINT32_C(1) << SCHEDULED_JOB_PAUSED | UINT32_C(1) << SCHEDULED_JOB_ERRORED,
                .requester_uid = -1,
                .limit = NAMED_MAX + 1,
        };
        g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(scheduled_job_free_func);
        g_autoptr(GString) text = g_string_new(NULL);
        int r;

        r = store_schedule_list(m->store, &filter, list);
        for (guint i = 0; i < MIN(list->len, (guint) NAMED_MAX); i++)
                g_string_append_printf(text, "%s'%s'", i > 0 ? ", " : "",
                                       ((const ScheduledJob *) list->pdata[i])->name);
        if (list->len > NAMED_MAX)
                g_string_append(text, " and more");
        *ret = list->len > 0 ? g_strdup(text->str) : NULL;
        return r;
}

static int check_delete(Manager *m, const JobQueue *q, sd_bus_error *error) {
        uint64_t n = dispatcher_count_waiting_in(m->dispatcher, q->name) +
                     dispatcher_count_running_in(m->dispatcher, q->name);
        const Job *user = find_user(m, q->name);
        g_autofree char *scheduled_jobs = NULL;
        int r;

        if (strcmp(q->name, m->settings->default_queue) == 0)
                return sd_bus_error_setf(error, BUS_ERROR_JOB_QUEUE_IN_USE,
                                         "job queue %s is the default queue: set DefaultQueue= of jobd.conf to another "
                                         "one first",
                                         q->name);
        if (user)
                return sd_bus_error_setf(error, BUS_ERROR_JOB_QUEUE_IN_USE,
                                         "job queue %s is one of the task queues of job '%s': change these first",
                                         q->name, user->class_path);
        if (n > 0)
                return sd_bus_error_setf(error, BUS_ERROR_JOB_QUEUE_IN_USE,
                                         "%" G_GUINT64_FORMAT " runs wait or run in job queue %s: wait for them or "
                                         "cancel them first, by \"jobctl cancel --all --queue=%s\"",
                                         n, q->name, q->name);
        r = name_scheduled_jobs(m, q->name, &scheduled_jobs);
        if (r < 0)
                return refuse_store_error(m, r, error);
        if (scheduled_jobs)
                return sd_bus_error_setf(error, BUS_ERROR_JOB_QUEUE_IN_USE,
                                         "job queue %s is the one of scheduled jobs: %s; give them another one, by "
                                         "\"jobctl schedule update --queue=QUEUE NAME\", or delete them first",
                                         q->name, scheduled_jobs);
        return 0;
}

int queue_bus_delete(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        JobQueueBus *b = userdata;
        g_autofree char *caller = access_caller_name(b->manager->access, m);
        _cleanup_(job_queue_freep) JobQueue *deleted = NULL;
        int r;

        r = check_delete(b->manager, b->queue, error);
        if (r < 0)
                return r;
        deleted = job_queue_copy(b->queue);
        b->queue = NULL;
        r = job_queues_delete(b->manager->queues, deleted->id);
        if (r < 0)
                return refuse_store_error(b->manager, r, error);
        audit_queue_after_commit(b->manager->store, JOBD_MESSAGE_QUEUE_DELETED_STR, caller, deleted->name,
                                 "%s deleted job queue %s", caller, deleted->name);
        announce_after_commit(b->manager, deleted, "JobQueueRemoved");
        return bus_reply_after_commit(b->manager, m, NULL);
}

/* ---- CreateJobQueue ---- */

static int check_new_name(Manager *m, const char *name, sd_bus_error *error) {
        g_autofree char *problem = NULL;

        if (job_queue_check_name(name, &problem) < 0)
                return refuse_value(error, problem);
        if (job_queues_find_by_name(m->queues, name))
                return sd_bus_error_setf(error, BUS_ERROR_NAME_TAKEN, "there is a job queue %s already", name);
        if (job_queues_size(m->queues) >= JOB_QUEUES_MAX)
                return sd_bus_error_setf(error, BUS_ERROR_TOO_MANY,
                                         "there are %i job queues already, which is the most: delete one first",
                                         JOB_QUEUES_MAX);
        return 0;
}

int queue_bus_create(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Manager *manager = userdata;
        g_autofree char *caller = access_caller_name(manager->access, m);
        _cleanup_(job_queue_freep) JobQueue *q = NULL;
        char id[UUID_STRING_SIZE];
        const char *name;
        int r;

        r = sd_bus_message_read(m, "s", &name);
        if (r >= 0)
                r = check_new_name(manager, name, error);
        if (r < 0)
                return r;
        q = job_queue_new(name, now_usec());
        r = read_settings(manager, m, q, error);
        if (r < 0)
                return r;
        (void) g_strlcpy(id, q->id, sizeof(id));
        r = job_queues_put(manager->queues, TAKE_PTR(q));
        if (r < 0)
                return refuse_store_error(manager, r, error);
        audit_queue_after_commit(manager->store, JOBD_MESSAGE_QUEUE_CREATED_STR, caller, name,
                                 "%s created job queue %s", caller, name);
        announce_after_commit(manager, job_queues_find_by_id(manager->queues, id), "JobQueueNew");
        return queue_bus_reply_path(manager, m, id);
}
