/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "access.h"
#include "announcer.h"
#include "audit.h"
#include "bus-error.h"
#include "bus-property.h"
#include "bus-reply.h"
#include "input-file.h"
#include "job-bus.h"
#include "job-class-describe.h"
#include "job-removal.h"
#include "json.h"
#include "manager-schedules.h"
#include "message-ids.h"
#include "names.h"
#include "object-path.h"
#include "run-job-bus.h"
#include "variable.h"

/* org.jobd1.Job */

/* ---- properties ---- */

static int append_runnable(sd_bus_message *m, const void *job) {
        return sd_bus_message_append(m, "b", (int) job_is_runnable(job));
}

static int append_is_singleton(sd_bus_message *m, const void *member) {
        return sd_bus_message_append(m, "b", *(const JobSingleton *) member != JOB_SINGLETON_NO);
}

static int append_singleton_policy(sd_bus_message *m, const void *member) {
        return sd_bus_message_append(m, "s", job_singleton_to_string(*(const JobSingleton *) member));
}

static int append_overrides(sd_bus_message *m, const void *job) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "s");
        for (JobField f = 0; f < _JOB_FIELD_MAX && r >= 0; f++)
                if (job_is_overridden(job, f))
                        r = sd_bus_message_append(m, "s", job_field_to_string(f));
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_class_values(sd_bus_message *m, const void *job) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{ss}");
        for (JobField f = 0; f < _JOB_FIELD_MAX && r >= 0; f++) {
                g_autofree char *text = job_field_format(&((const Job *) job)->class_values, f);

                r = sd_bus_message_append(m, "{ss}", job_field_to_string(f), text);
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static const BusProperty properties[] = {
        { "Id", "s", bus_append_char_array, offsetof(Job, id) },
        { "ModuleName", "s", bus_append_string, offsetof(Job, module_name) },
        { "JobClassName", "s", bus_append_string, offsetof(Job, job_class_name) },
        { "ClassPath", "s", bus_append_string, offsetof(Job, class_path) },
        { "Name", "s", bus_append_string, offsetof(Job, effective.name) },
        { "Grouping", "s", bus_append_string, offsetof(Job, effective.grouping) },
        { "Description", "s", bus_append_string, offsetof(Job, effective.description) },
        { "ApprovalRequired", "b", bus_append_bool, offsetof(Job, effective.approval_required) },
        { "DryRunDefault", "b", bus_append_bool, offsetof(Job, effective.dryrun_default) },
        { "HasSensitiveVariables", "b", bus_append_bool, offsetof(Job, effective.has_sensitive_variables) },
        { "Hidden", "b", bus_append_bool, offsetof(Job, effective.hidden) },
        { "Singleton", "b", append_is_singleton, offsetof(Job, effective.singleton) },
        { "SingletonPolicy", "s", append_singleton_policy, offsetof(Job, effective.singleton) },
        { "SoftTimeLimitUSec", "t", bus_append_uint64, offsetof(Job, effective.soft_time_limit_usec) },
        { "TimeLimitUSec", "t", bus_append_uint64, offsetof(Job, effective.time_limit_usec) },
        { "TaskQueues", "as", bus_append_strv, offsetof(Job, effective.task_queues) },
        { "Overrides", "as", append_overrides, 0 },
        { "ClassValues", "a{ss}", append_class_values, 0 },
        { "Enabled", "b", bus_append_bool, offsetof(Job, enabled) },
        { "Installed", "b", bus_append_bool, offsetof(Job, installed) },
        { "Runnable", "b", append_runnable, 0 },
        { "System", "b", bus_append_bool, offsetof(Job, system) },
        { "ReadOnly", "b", bus_append_bool, offsetof(Job, read_only) },
        { "SupportsDryRun", "b", bus_append_bool, offsetof(Job, supports_dryrun) },
        { "File", "s", bus_append_string, offsetof(Job, file) },
        { "DateCreated", "t", bus_append_uint64, offsetof(Job, date_created) },
        { "LastUpdated", "t", bus_append_uint64, offsetof(Job, last_updated) },
};

const char *const job_bus_changing_properties[] = {
        "Name",     "Grouping",          "Description",   "ApprovalRequired", "DryRunDefault", "HasSensitiveVariables",
        "Hidden",   "Singleton",         "TaskQueues",    "SoftTimeLimitUSec", "TimeLimitUSec", "Overrides",
        "Enabled",  "Installed",         "Runnable",      "System",           "ReadOnly",      "ClassValues",
        "File",     "SupportsDryRun",    "LastUpdated",   "SingletonPolicy",   NULL,
};

int job_bus_append_properties(sd_bus_message *reply, const Job *job) {
        return bus_property_append_each(properties, ELEMENTSOF(properties), reply, job);
}

static int get_property(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        JobBus *b = userdata;

        return bus_property_append(properties, ELEMENTSOF(properties), property, reply, b->job);
}

/* ---- methods ---- */

static int method_run(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        JobBus *b = userdata;

        return bus_run_job(b->manager, m, b->job, error);
}

typedef struct DeletedJob {
        Manager *manager;
        char id[UUID_STRING_SIZE];
} DeletedJob;

static void on_delete_committed(int r, void *userdata) {
        g_autofree DeletedJob *c = userdata;

        if (r < 0)
                return;
        announcer_signal(c->manager->announcer, "JobRemoved", JOBD_JOB_PATH, c->id);
        job_removal_look(c->manager->job_removal);
}

static int check_delete(JobBus *b, sd_bus_error *error) {
        int r;

        if (b->job->system)
                return sd_bus_error_setf(error, BUS_ERROR_SYSTEM_JOB,
                                         "Unable to delete Job %s. System Job cannot be deleted: disable it instead",
                                         b->job->effective.name);
        r = dispatcher_job_is_in_use(b->manager->dispatcher, b->job->id);
        if (r > 0)
                return sd_bus_error_setf(error, BUS_ERROR_JOB_IN_USE,
                                         "job '%s' has runs that have not ended: wait for them or cancel them first",
                                         b->job->class_path);
        return r;
}

/* All of it or nothing. */
static int delete_job(Manager *m, const Job *job, Refusal *f) {
        int r, k;

        r = store_nested_begin(m->store);
        if (r < 0)
                return refuse_store(f, r, store_error_text(m->store));
        r = manager_stop_schedules(m, job, true, f);
        if (r >= 0) {
                r = registry_delete(m->registry, job->id);
                if (r < 0)
                        (void) refuse_store(f, r, store_error_text(m->store));
        }
        k = store_nested_end(m->store, r);
        return r >= 0 && k < 0 ? refuse_store(f, k, store_error_text(m->store)) : r;
}

static int method_delete(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        JobBus *b = userdata;
        g_autofree char *caller = access_caller_name(b->manager->access, m);
        _cleanup_(job_freep) Job *deleted = NULL;
        Refusal f = {};
        DeletedJob *c;
        int r;

        r = check_delete(b, error);
        if (r < 0)
                return r;

        c = g_new(DeletedJob, 1);
        c->manager = b->manager;
        (void) g_strlcpy(c->id, b->job->id, sizeof(c->id));
        deleted = job_copy(b->job);
        r = delete_job(b->manager, deleted, &f);
        if (r < 0) {
                g_free(c);
                return bus_refuse(error, r, &f);
        }
        b->job = NULL;
        audit_job_after_commit(b->manager->store, JOBD_MESSAGE_JOB_DELETED_STR, caller, deleted, NULL,
                               "%s deleted job '%s'", caller, deleted->class_path);
        store_after_commit(b->manager->store, on_delete_committed, c);
        return bus_reply_after_commit(b->manager, m, NULL);
}

/* A class that sets no limit, or a higher one, has that of the settings. */
static void limit_file_sizes(const JobBus *b, JsonArray *variables) {
        const Settings *s = b->manager->settings;

        for (unsigned i = 0; i < json_array_get_length(variables); i++) {
                JsonObject *v = json_array_get_object_element(variables, i);
                int64_t max = (int64_t) MIN(s->input_file_size_max, s->input_files_size_max);

                if (strcmp(json_object_get_string_member(v, "type"), "file") != 0)
                        continue;
                if (b->job->effective.has_sensitive_variables || json_object_get_boolean_member(v, "sensitive"))
                        max = MIN(max, INPUT_FILES_SECRET_SIZE_MAX);
                json_object_set_int_member(v, "max_size",
                                           MIN(max, json_object_get_int_member_with_default(v, "max_size", max)));
        }
}

static int load_class(JobBus *b, JobClass **ret, sd_bus_error *error) {
        g_autofree char *problem = NULL;
        int r;

        r = b->manager->loader->load(b->manager->roots, b->job->class_path, ret, &problem);
        if (r < 0)
                return sd_bus_error_setf(error, BUS_ERROR_JOB_CLASS_NOT_LOADABLE,
                                         "the class of job '%s' cannot be loaded: %s", b->job->class_path,
                                         problem ?: g_strerror(-r));
        return 0;
}

static int method_get_variables(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        JobBus *b = userdata;
        _cleanup_(job_class_freep) JobClass *class = NULL;
        g_autoptr(GPtrArray) ordered = NULL;
        g_autoptr(JsonNode) node = NULL;
        g_autofree char *text = NULL;
        int r;

        r = load_class(b, &class, error);
        if (r < 0)
                return r;
        ordered = variables_in_order(class->variables, (const char *const *) class->field_order);
        node = variables_describe(ordered);
        limit_file_sizes(b, json_node_get_array(node));
        text = json_format(node);
        return sd_bus_reply_method_return(m, "s", text);
}

static int method_get_class(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(job_class_freep) JobClass *class = NULL;
        g_autoptr(JsonNode) node = NULL;
        g_autofree char *text = NULL;
        int r;

        r = load_class(userdata, &class, error);
        if (r < 0)
                return r;
        node = job_class_describe(class);
        text = json_format(node);
        return sd_bus_reply_method_return(m, "s", text);
}

/* ---- the object ---- */

#define CONST_PROPERTY(name, type) SD_BUS_PROPERTY(name, type, get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST)
#define PROPERTY(name, type) SD_BUS_PROPERTY(name, type, get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION)

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Run", SD_BUS_ARGS("s", data, "a{sv}", options), SD_BUS_RESULT("s", id, "o", object),
                                method_run, SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
        SD_BUS_METHOD_WITH_ARGS("Enable", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, job_bus_enable, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Disable", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, job_bus_disable,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("SetOverride", SD_BUS_ARGS("s", field, "s", value), SD_BUS_NO_RESULT,
                                job_bus_set_override, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ClearOverride", SD_BUS_ARGS("s", field), SD_BUS_NO_RESULT, job_bus_clear_override,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Update", SD_BUS_ARGS("a{sv}", changes), SD_BUS_NO_RESULT, job_bus_update,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Delete", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_delete, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetVariables", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", variables), method_get_variables,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetClass", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", class), method_get_class,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        CONST_PROPERTY("Id", "s"),
        CONST_PROPERTY("ModuleName", "s"),
        CONST_PROPERTY("JobClassName", "s"),
        CONST_PROPERTY("ClassPath", "s"),
        PROPERTY("Name", "s"),
        PROPERTY("Grouping", "s"),
        PROPERTY("Description", "s"),
        PROPERTY("ApprovalRequired", "b"),
        PROPERTY("DryRunDefault", "b"),
        PROPERTY("HasSensitiveVariables", "b"),
        PROPERTY("Hidden", "b"),
        PROPERTY("Singleton", "b"),
        PROPERTY("SingletonPolicy", "s"),
        PROPERTY("SoftTimeLimitUSec", "t"),
        PROPERTY("TimeLimitUSec", "t"),
        PROPERTY("TaskQueues", "as"),
        PROPERTY("Overrides", "as"),
        PROPERTY("ClassValues", "a{ss}"),
        PROPERTY("Enabled", "b"),
        PROPERTY("Installed", "b"),
        PROPERTY("Runnable", "b"),
        PROPERTY("System", "b"),
        PROPERTY("ReadOnly", "b"),
        PROPERTY("SupportsDryRun", "b"),
        PROPERTY("File", "s"),
        CONST_PROPERTY("DateCreated", "t"),
        PROPERTY("LastUpdated", "t"),
        SD_BUS_VTABLE_END,
};

static int find_job(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret_found,
                    sd_bus_error *error) {
        char id[UUID_STRING_SIZE];
        JobBus *b = userdata;

        if (object_path_parse(path, JOBD_JOB_PATH, id) < 0)
                return 0;
        b->job = registry_find_by_id(b->manager->registry, id);
        if (!b->job)
                return 0;
        *ret_found = b;
        return 1;
}

int job_bus_add(Manager *m, sd_bus *bus) {
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        JobBus *b;
        int r;

        b = g_new0(JobBus, 1);
        b->manager = m;
        r = sd_bus_add_fallback_vtable(bus, &slot, JOBD_JOB_PATH, JOBD_JOB_INTERFACE, vtable, find_job, b);
        if (r < 0) {
                g_free(b);
                return r;
        }
        (void) sd_bus_slot_set_destroy_callback(slot, g_free);
        return sd_bus_slot_set_floating(slot, true);
}
