/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "approval-bus.h"
#include "bus-error.h"
#include "bus-property.h"
#include "names.h"
#include "object-path.h"
#include "scheduled-job-bus.h"
#include "store-schedule.h"

/* org.jobd1.ScheduledJob: the object and its properties. */

static int append_path(sd_bus_message *m, const char *parent, const char *id) {
        char path[OBJECT_PATH_SIZE] = "/";

        if (id[0])
                object_path_format(parent, id, path);
        return sd_bus_message_append(m, "o", path);
}

static int append_job_path(sd_bus_message *m, const void *member) {
        return append_path(m, JOBD_JOB_PATH, member);
}

static int append_result_path(sd_bus_message *m, const void *member) {
        return append_path(m, JOBD_RESULT_PATH, *(char *const *) member);
}

static int append_interval(sd_bus_message *m, const void *sj) {
        return sd_bus_message_append(m, "s", schedule_interval_to_string(((const ScheduledJob *) sj)->interval));
}

static int append_missed(sd_bus_message *m, const void *sj) {
        return sd_bus_message_append(m, "s", schedule_missed_to_string(((const ScheduledJob *) sj)->missed));
}

static int append_state(sd_bus_message *m, const void *sj) {
        return sd_bus_message_append(m, "s", scheduled_job_state_to_string(((const ScheduledJob *) sj)->state));
}

static int append_enabled(sd_bus_message *m, const void *sj) {
        return sd_bus_message_append(m, "b", (int) (((const ScheduledJob *) sj)->state == SCHEDULED_JOB_ACTIVE));
}

static int append_one_off(sd_bus_message *m, const void *sj) {
        return sd_bus_message_append(m, "b",
                                     (int) schedule_interval_is_one_off(((const ScheduledJob *) sj)->interval));
}

static int append_sealed(sd_bus_message *m, const void *sj) {
        return sd_bus_message_append(m, "b", (int) (((const ScheduledJob *) sj)->sealed != NULL));
}

/* Reference, row S5. */
static int append_description(sd_bus_message *m, const void *object) {
        const ScheduledJob *sj = object;
        g_autofree char *text = g_strdup_printf("%s scheduled by %s for %s", sj->name, sj->requester, sj->job_name);

        return sd_bus_message_append(m, "s", text);
}

static const BusProperty properties[] = {
        { "Id", "s", bus_append_char_array, offsetof(ScheduledJob, id) },
        { "Name", "s", bus_append_string, offsetof(ScheduledJob, name) },
        { "Description", "s", append_description, 0 },
        { "Job", "o", append_job_path, offsetof(ScheduledJob, job_id) },
        { "JobName", "s", bus_append_string, offsetof(ScheduledJob, job_name) },
        { "ClassPath", "s", bus_append_string, offsetof(ScheduledJob, class_path) },
        { "Requester", "s", bus_append_string, offsetof(ScheduledJob, requester) },
        { "RequesterUID", "u", bus_append_uint32, offsetof(ScheduledJob, requester_uid) },
        { "RequestedBy", "s", bus_append_string, offsetof(ScheduledJob, requested_by) },
        { "Interval", "s", append_interval, 0 },
        { "Crontab", "s", bus_append_string, offsetof(ScheduledJob, crontab) },
        { "TimeZone", "s", bus_append_string, offsetof(ScheduledJob, time_zone) },
        { "StartTime", "t", bus_append_uint64, offsetof(ScheduledJob, start_time) },
        { "Missed", "s", append_missed, 0 },
        { "TaskQueue", "s", bus_append_string, offsetof(ScheduledJob, task_queue) },
        { "Data", "s", bus_append_string, offsetof(ScheduledJob, data) },
        { "Sealed", "b", append_sealed, 0 },
        { "State", "s", append_state, 0 },
        { "StateReason", "s", bus_append_string, offsetof(ScheduledJob, state_reason) },
        { "Enabled", "b", append_enabled, 0 },
        { "OneOff", "b", append_one_off, 0 },
        { "ApprovalRequired", "b", bus_append_bool, offsetof(ScheduledJob, approval_required) },
        { "Digest", "s", bus_append_string, offsetof(ScheduledJob, digest) },
        { "ExpiresAt", "t", bus_append_uint64, offsetof(ScheduledJob, expires_at) },
        { "DecidedAt", "t", bus_append_uint64, offsetof(ScheduledJob, decided_at) },
        { "LastRunAt", "t", bus_append_uint64, offsetof(ScheduledJob, last_run_at) },
        { "NextRunAt", "t", bus_append_uint64, offsetof(ScheduledJob, next_run_at) },
        { "TotalRunCount", "t", bus_append_uint64, offsetof(ScheduledJob, total_run_count) },
        { "LastResult", "o", append_result_path, offsetof(ScheduledJob, last_result_id) },
        { "DateCreated", "t", bus_append_uint64, offsetof(ScheduledJob, date_created) },
        { "DateChanged", "t", bus_append_uint64, offsetof(ScheduledJob, date_changed) },
};

const char *const scheduled_job_bus_changing_properties[] = {
        "Name",     "Description", "Job",         "Requester", "RequesterUID",     "RequestedBy", "Interval",
        "Crontab",  "TimeZone",    "StartTime",   "Missed",    "TaskQueue",        "Data",        "Sealed",
        "State",    "StateReason", "Enabled",     "OneOff",    "ApprovalRequired", "Digest",      "ExpiresAt",
        "DecidedAt", "LastRunAt",  "NextRunAt",   "TotalRunCount", "LastResult",   "DateChanged",
        "Approvals", "Stages",     NULL,
};

int scheduled_job_bus_append_properties(sd_bus_message *reply, const ScheduledJob *sj) {
        return bus_property_append_all(properties, ELEMENTSOF(properties), reply, sj);
}

static int get_property(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        ScheduledJobBus *b = userdata;

        return bus_property_append(properties, ELEMENTSOF(properties), property, reply, b->scheduled_job);
}

int scheduled_job_bus_get(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = NULL;
        char path[OBJECT_PATH_SIZE];
        Manager *manager = userdata;
        const char *reference;
        int r;

        r = sd_bus_message_read(m, "s", &reference);
        if (r < 0)
                return r;
        r = store_schedule_find(manager->store, reference, &sj);
        if (r <= 0)
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_SCHEDULED_JOB, BUS_MESSAGE_NO_SUCH_SCHEDULED_JOB,
                                         reference);
        object_path_format(JOBD_SCHEDULE_PATH, sj->id, path);
        return sd_bus_reply_method_return(m, "o", path);
}

#define CONST_PROPERTY(name, type) SD_BUS_PROPERTY(name, type, get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST)
#define PROPERTY(name, type) SD_BUS_PROPERTY(name, type, get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION)

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Approve", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, approval_bus_approve,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Deny", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, approval_bus_deny,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("DryRun", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("s", id, "o", result),
                                approval_bus_dry_run, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetRequest", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", request), approval_bus_get_request,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("SetEnabled", SD_BUS_ARGS("b", enabled), SD_BUS_NO_RESULT, schedule_bus_set_enabled,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Update", SD_BUS_ARGS("a{sv}", changes), SD_BUS_NO_RESULT, schedule_bus_update,
                                SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
        SD_BUS_METHOD_WITH_ARGS("RunNow", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("s", id, "o", result),
                                schedule_bus_run_now, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("TakeOver", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, schedule_bus_take_over,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Cancel", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, schedule_bus_cancel,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Delete", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, schedule_bus_delete,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        CONST_PROPERTY("Id", "s"),
        PROPERTY("Name", "s"),
        PROPERTY("Description", "s"),
        PROPERTY("Job", "o"),
        CONST_PROPERTY("JobName", "s"),
        CONST_PROPERTY("ClassPath", "s"),
        PROPERTY("Requester", "s"),
        PROPERTY("RequesterUID", "u"),
        PROPERTY("RequestedBy", "s"),
        PROPERTY("Interval", "s"),
        PROPERTY("Crontab", "s"),
        PROPERTY("TimeZone", "s"),
        PROPERTY("StartTime", "t"),
        PROPERTY("Missed", "s"),
        PROPERTY("TaskQueue", "s"),
        PROPERTY("Data", "s"),
        PROPERTY("Sealed", "b"),
        PROPERTY("State", "s"),
        PROPERTY("StateReason", "s"),
        PROPERTY("Enabled", "b"),
        PROPERTY("OneOff", "b"),
        PROPERTY("ApprovalRequired", "b"),
        PROPERTY("Digest", "s"),
        SD_BUS_PROPERTY("Approvals", "a(ussssbt)", approval_bus_get_approvals, 0,
                        SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
        SD_BUS_PROPERTY("Stages", "a(ssuu)", approval_bus_get_stages, 0, SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
        PROPERTY("ExpiresAt", "t"),
        PROPERTY("DecidedAt", "t"),
        PROPERTY("LastRunAt", "t"),
        PROPERTY("NextRunAt", "t"),
        PROPERTY("TotalRunCount", "t"),
        PROPERTY("LastResult", "o"),
        CONST_PROPERTY("DateCreated", "t"),
        PROPERTY("DateChanged", "t"),
        SD_BUS_VTABLE_END,
};

static int find_scheduled_job(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret_found,
                              sd_bus_error *error) {
        char id[UUID_STRING_SIZE];
        ScheduledJobBus *b = userdata;

        if (object_path_parse(path, JOBD_SCHEDULE_PATH, id) < 0)
                return 0;
        b->scheduled_job = scheduled_job_free(b->scheduled_job);
        if (store_schedule_get(b->manager->store, id, &b->scheduled_job) <= 0)
                return 0;
        *ret_found = b;
        return 1;
}

static void scheduled_job_bus_free(void *p) {
        ScheduledJobBus *b = p;

        (void) scheduled_job_free(b->scheduled_job);
        g_free(b);
}

int scheduled_job_bus_add(Manager *m, sd_bus *bus) {
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        ScheduledJobBus *b;
        int r;

        b = g_new0(ScheduledJobBus, 1);
        b->manager = m;
        r = sd_bus_add_fallback_vtable(bus, &slot, JOBD_SCHEDULE_PATH, JOBD_SCHEDULE_INTERFACE, vtable,
                                       find_scheduled_job, b);
        if (r < 0) {
                g_free(b);
                return r;
        }
        (void) sd_bus_slot_set_destroy_callback(slot, scheduled_job_bus_free);
        return sd_bus_slot_set_floating(slot, true);
}
