/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "access.h"
#include "announcer.h"
#include "bus-error.h"
#include "bus-option.h"
#include "bus-property.h"
#include "bus-reply.h"
#include "chain.h"
#include "job-result-bus.h"
#include "names.h"
#include "object-path.h"
#include "output-bus.h"
#include "outputs.h"
#include "result-log.h"
#include "run-log.h"
#include "store-chain.h"
#include "store-result.h"

/* org.jobd1.JobResult */

typedef struct JobResultBus {
        Manager *manager;  /* weak ref */
        JobResult *result; /* the object of the current call, owned */
} JobResultBus;

/* ---- properties ---- */

static int append_job_path(sd_bus_message *m, const void *member) {
        char path[OBJECT_PATH_SIZE];
        const char *id = member;

        if (!id[0])
                return sd_bus_message_append(m, "o", "/");
        object_path_format(JOBD_JOB_PATH, id, path);
        return sd_bus_message_append(m, "o", path);
}

static int append_schedule_path(sd_bus_message *m, const void *member) {
        char path[OBJECT_PATH_SIZE] = "/";
        const char *id = *(char *const *) member;

        if (id && id[0])
                object_path_format(JOBD_SCHEDULE_PATH, id, path);
        return sd_bus_message_append(m, "o", path);
}

static int append_status(sd_bus_message *m, const void *member) {
        return sd_bus_message_append(m, "s", job_result_status_to_string(*(const JobResultStatus *) member) ?: "");
}

static int append_reason(sd_bus_message *m, const void *member) {
        return sd_bus_message_append(m, "s", job_result_reason_to_string(*(const JobResultReason *) member) ?: "");
}

static int append_warnings(sd_bus_message *m, const void *member) {
        const char *text = *(char *const *) member;
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

        return sd_bus_message_append_strv(m, text[0] ? lines : NULL);
}

static int append_unit(sd_bus_message *m, const void *result) {
        g_autofree char *unit = job_result_unit(result);

        return sd_bus_message_append(m, "s", unit);
}

static int append_progress(sd_bus_message *m, const void *member) {
        int progress = *(const int *) member;

        return sd_bus_message_append(m, "u", progress < 0 ? UINT32_MAX : (uint32_t) progress);
}

static int append_log_counts(sd_bus_message *m, const void *member) {
        const uint32_t *counts = member;
        int r;

        r = sd_bus_message_open_container(m, 'a', "{su}");
        for (LogLevel level = 0; r >= 0 && level < _LOG_LEVEL_MAX; level++)
                r = sd_bus_message_append(m, "{su}", log_level_name(level), counts[level]);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static const BusProperty properties[] = {
        { "Id", "s", bus_append_char_array, offsetof(JobResult, id) },
        { "Job", "o", append_job_path, offsetof(JobResult, job_id) },
        { "JobName", "s", bus_append_string, offsetof(JobResult, job_name) },
        { "ClassPath", "s", bus_append_string, offsetof(JobResult, class_path) },
        { "Status", "s", append_status, offsetof(JobResult, status) },
        { "Reason", "s", append_reason, offsetof(JobResult, reason) },
        { "Message", "s", bus_append_string, offsetof(JobResult, message) },
        { "Warnings", "as", append_warnings, offsetof(JobResult, warnings) },
        { "Requester", "s", bus_append_string, offsetof(JobResult, requester) },
        { "RequesterUID", "u", bus_append_uint32, offsetof(JobResult, requester_uid) },
        { "CausedBy", "s", bus_append_string, offsetof(JobResult, caused_by) },
        { "RequestedBy", "s", bus_append_string, offsetof(JobResult, requested_by) },
        { "RevokedBy", "s", bus_append_string, offsetof(JobResult, revoked_by) },
        { "TaskQueue", "s", bus_append_string, offsetof(JobResult, task_queue) },
        { "Data", "s", bus_append_string, offsetof(JobResult, data) },
        { "SoftTimeLimitUSec", "t", bus_append_uint64, offsetof(JobResult, soft_time_limit_usec) },
        { "TimeLimitUSec", "t", bus_append_uint64, offsetof(JobResult, time_limit_usec) },
        { "DateCreated", "t", bus_append_uint64, offsetof(JobResult, date_created) },
        { "DateStarted", "t", bus_append_uint64, offsetof(JobResult, date_started) },
        { "DateDone", "t", bus_append_uint64, offsetof(JobResult, date_done) },
        { "ExitCode", "i", bus_append_int, offsetof(JobResult, exit_code) },
        { "Signal", "i", bus_append_int, offsetof(JobResult, signal) },
        { "CPUUsageNSec", "t", bus_append_uint64, offsetof(JobResult, cpu_usage_nsec) },
        { "Unit", "s", append_unit, 0 },
        { "InvocationID", "s", bus_append_string, offsetof(JobResult, invocation_id) },
        { "ScheduledJob", "o", append_schedule_path, offsetof(JobResult, scheduled_job_id) },
        { "NominalTime", "t", bus_append_uint64, offsetof(JobResult, nominal_time) },
        { "Progress", "u", append_progress, offsetof(JobResult, progress) },
        { "ProgressText", "s", bus_append_string, offsetof(JobResult, progress_text) },
        { "LogCounts", "a{su}", append_log_counts, offsetof(JobResult, log_counts) },
        { "Attempt", "u", bus_append_uint32, offsetof(JobResult, attempt) },
        { "Attempts", "u", bus_append_uint32, offsetof(JobResult, attempts) },
        { "RetryOf", "s", bus_append_string, offsetof(JobResult, retry_of) },
        { "RetriedBy", "s", bus_append_string, offsetof(JobResult, retried_by) },
        { "NotBefore", "t", bus_append_uint64, offsetof(JobResult, not_before) },
        { "Position", "u", bus_append_uint32, offsetof(JobResult, position) },
        { "WaitReason", "s", bus_append_string, offsetof(JobResult, wait_reason) },
};

/* Not in lists: it can be long. */
static const BusProperty own_properties[] = {
        { "Result", "s", bus_append_string, offsetof(JobResult, result) },
};

const char *const job_result_bus_changing_properties[] = {
        "Job",       "Status",   "Reason",   "Message", "Warnings",     "RevokedBy", "DateStarted",
        "DateDone",  "ExitCode", "Signal",   "CPUUsageNSec", "InvocationID", "Progress",
        "ScheduledJob", "ProgressText", "LogCounts", "Result", "RetriedBy", NULL,
};

int job_result_bus_append_properties(sd_bus_message *reply, const JobResult *jr) {
        return bus_property_append_all(properties, ELEMENTSOF(properties), reply, jr);
}

/* Not in lists: each would be asked for. */
static int get_followers(sd_bus *bus, const char *path, const char *interface, const char *property,
                         sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
        const JobResultBus *b = userdata;
        int r;

        r = store_result_list_followers(b->manager->store, b->result->id, CHAIN_LINKS_MAX, ids);
        if (r < 0)
                return sd_bus_error_set(error, BUS_ERROR_STORE_FAILED, store_error_text(b->manager->store));
        g_ptr_array_add(ids, NULL);
        return sd_bus_message_append_strv(reply, (char **) ids->pdata);
}

static int get_property(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        JobResultBus *b = userdata;
        int r;

        if (strcmp(property, "Position") == 0 || strcmp(property, "WaitReason") == 0)
                dispatcher_describe_wait(b->manager->dispatcher, b->result);
        r = bus_property_append(properties, ELEMENTSOF(properties), property, reply, b->result);
        if (r != -ENOENT)
                return r;
        return bus_property_append(own_properties, ELEMENTSOF(own_properties), property, reply, b->result);
}

/* ---- methods ---- */

static int method_cancel(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        static const BusOption table[] = { { "kill", 'b', 0 } };
        JobResultBus *b = userdata;
        g_autofree char *caller = access_caller_name(b->manager->access, m);
        Refusal f = {};
        int kill = 0, r;

        r = bus_options_read(m, table, ELEMENTSOF(table), &kill, error);
        if (r < 0)
                return r;
        r = dispatcher_cancel(b->manager->dispatcher, b->result->id, caller, kill != 0, &f);
        if (r < 0)
                return bus_refuse(error, r, &f);
        return bus_reply_after_commit(b->manager, m, NULL);
}

typedef struct DeletedResult {
        Manager *manager;
        JobResult *result;
        char *caller;
} DeletedResult;

static void on_delete_committed(int r, void *userdata) {
        DeletedResult *d = userdata;

        if (r >= 0) {
                result_log_deleted(d->result, d->caller);
                announcer_signal(d->manager->announcer, "JobResultRemoved", JOBD_RESULT_PATH, d->result->id);
                outputs_removal_is_due(d->manager->outputs);
        }
        (void) job_result_free(d->result);
        g_free(d->caller);
        g_free(d);
}

static void chain_hop_free_func(void *hop) {
        (void) chain_hop_free(hop);
}

static int method_delete(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        g_autoptr(GPtrArray) hops = g_ptr_array_new_with_free_func(chain_hop_free_func);
        JobResultBus *b = userdata;
        DeletedResult *d;
        int r;

        if (!job_result_status_is_final(b->result->status))
                return sd_bus_error_setf(error, BUS_ERROR_NOT_FINISHED,
                                         "job result %s has not ended: cancel it first, by \"jobctl cancel %s\"",
                                         b->result->id, b->result->id);
        r = store_chain_list(b->manager->store, b->result->id, hops);
        if (r >= 0 && hops->len > 0)
                return sd_bus_error_setf(error, BUS_ERROR_NOT_FINISHED,
                                         "job '%s' follows on job result %s and was not requested yet: try again in a moment",
                                         ((const ChainHop *) hops->pdata[0])->class_path, b->result->id);
        if (r >= 0)
                r = store_result_delete(b->manager->store, b->result->id);
        if (r < 0) {
                Refusal f = {};

                return bus_refuse(error, refuse_store(&f, r, store_error_text(b->manager->store)), &f);
        }

        d = g_new(DeletedResult, 1);
        d->manager = b->manager;
        d->result = TAKE_PTR(b->result);
        d->caller = access_caller_name(b->manager->access, m);
        store_after_commit(b->manager->store, on_delete_committed, d);
        return bus_reply_after_commit(b->manager, m, NULL);
}

typedef struct LogOptions {
        int follow;
        uint32_t lines;
        const char *after;
        const char *level;
        const char *grouping;
} LogOptions;

static int method_open_log(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        static const BusOption table[] = {
                { "follow", 'b', offsetof(LogOptions, follow) },
                { "lines", 'u', offsetof(LogOptions, lines) },
                { "after", 's', offsetof(LogOptions, after) },
                { "level", 's', offsetof(LogOptions, level) },
                { "grouping", 's', offsetof(LogOptions, grouping) },
        };
        JobResultBus *b = userdata;
        g_autofree char *unit = job_result_unit(b->result), *grouping = NULL;
        LogOptions options = { .lines = UINT32_MAX };
        _cleanup_close_ int fd = -EBADF;
        LogStreamOptions o;
        int r;

        r = bus_options_read(m, table, ELEMENTSOF(table), &options, error);
        if (r < 0)
                return r;
        if (options.level && log_level_from_name(options.level) < 0)
                return sd_bus_error_set(error, BUS_ERROR_INVALID_OPTION,
                                        "option 'level' is debug, info, success, warning, failure, error or critical");
        grouping = options.grouping ? run_text(options.grouping, RUN_LOG_GROUPING_MAX) : NULL;
        o = (LogStreamOptions){
                .filter = {
                        .max_priority = log_level_priority(options.level ? log_level_from_name(options.level)
                                                                         : LOG_LEVEL_DEBUG),
                        .grouping = grouping,
                },
                .unit = unit,
                .result_id = b->result->id,
                .ended = job_result_status_is_final(b->result->status),
                .follow = options.follow != 0,
                .lines = options.lines == UINT32_MAX ? UINT64_MAX : options.lines,
                .after = options.after,
                .uid = access_caller_uid(b->manager->access, m),
        };
        r = log_streams_open(b->manager->log_streams, &o, &fd);
        if (r == -EMFILE)
                return sd_bus_error_set(error, BUS_ERROR_TOO_MANY, "too many logs are being read: close one first");
        if (r == -EINVAL)
                return sd_bus_error_set(error, BUS_ERROR_INVALID_OPTION, "option 'after' is not a cursor of the journal");
        if (r < 0)
                return sd_bus_error_set_errnof(error, r, "cannot read the journal: %s", g_strerror(-r));
        return sd_bus_reply_method_return(m, "h", fd);
}

static int method_list_outputs(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        JobResultBus *b = userdata;

        return output_bus_list(b->manager, b->result->id, m, error);
}

static int method_open_output(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        JobResultBus *b = userdata;

        return output_bus_open(b->manager, b->result->id, m, error);
}

/* ---- the object ---- */

#define CONST_PROPERTY(name, type) SD_BUS_PROPERTY(name, type, get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST)
#define PROPERTY(name, type) SD_BUS_PROPERTY(name, type, get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION)

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Cancel", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, method_cancel,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Delete", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_delete, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("OpenLog", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("h", log), method_open_log,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListOutputs", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(stst)", outputs), method_list_outputs,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("OpenOutput", SD_BUS_ARGS("s", name), SD_BUS_RESULT("h", file), method_open_output,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        CONST_PROPERTY("Id", "s"),
        PROPERTY("Job", "o"),
        CONST_PROPERTY("JobName", "s"),
        CONST_PROPERTY("ClassPath", "s"),
        PROPERTY("Status", "s"),
        PROPERTY("Reason", "s"),
        PROPERTY("Message", "s"),
        PROPERTY("Warnings", "as"),
        CONST_PROPERTY("Requester", "s"),
        CONST_PROPERTY("RequesterUID", "u"),
        CONST_PROPERTY("CausedBy", "s"),
        CONST_PROPERTY("RequestedBy", "s"),
        PROPERTY("RevokedBy", "s"),
        CONST_PROPERTY("TaskQueue", "s"),
        CONST_PROPERTY("Data", "s"),
        CONST_PROPERTY("SoftTimeLimitUSec", "t"),
        CONST_PROPERTY("TimeLimitUSec", "t"),
        CONST_PROPERTY("DateCreated", "t"),
        PROPERTY("DateStarted", "t"),
        PROPERTY("DateDone", "t"),
        PROPERTY("ExitCode", "i"),
        PROPERTY("Signal", "i"),
        PROPERTY("CPUUsageNSec", "t"),
        CONST_PROPERTY("Unit", "s"),
        PROPERTY("InvocationID", "s"),
        PROPERTY("ScheduledJob", "o"),
        CONST_PROPERTY("NominalTime", "t"),
        PROPERTY("Progress", "u"),
        PROPERTY("ProgressText", "s"),
        PROPERTY("LogCounts", "a{su}"),
        CONST_PROPERTY("Attempt", "u"),
        CONST_PROPERTY("Attempts", "u"),
        CONST_PROPERTY("RetryOf", "s"),
        PROPERTY("RetriedBy", "s"),
        CONST_PROPERTY("NotBefore", "t"),
        SD_BUS_PROPERTY("Position", "u", get_property, 0, 0),
        SD_BUS_PROPERTY("WaitReason", "s", get_property, 0, 0),
        PROPERTY("Result", "s"),
        SD_BUS_PROPERTY("FollowedBy", "as", get_followers, 0, 0),
        SD_BUS_VTABLE_END,
};

static int find_result(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret_found,
                       sd_bus_error *error) {
        char id[UUID_STRING_SIZE];
        JobResultBus *b = userdata;

        if (object_path_parse(path, JOBD_RESULT_PATH, id) < 0)
                return 0;
        b->result = job_result_free(b->result);
        if (dispatcher_get_result(b->manager->dispatcher, id, &b->result) <= 0)
                return 0;
        *ret_found = b;
        return 1;
}

static void job_result_bus_free(void *p) {
        JobResultBus *b = p;

        (void) job_result_free(b->result);
        g_free(b);
}

int job_result_bus_add(Manager *m, sd_bus *bus) {
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        JobResultBus *b;
        int r;

        b = g_new0(JobResultBus, 1);
        b->manager = m;
        r = sd_bus_add_fallback_vtable(bus, &slot, JOBD_RESULT_PATH, JOBD_RESULT_INTERFACE, vtable, find_result, b);
        if (r < 0) {
                g_free(b);
                return r;
        }
        (void) sd_bus_slot_set_destroy_callback(slot, job_result_bus_free);
        return sd_bus_slot_set_floating(slot, true);
}
