/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <pwd.h>
#include <string.h>

#include "access.h"
#include "bus-error.h"
#include "bus-option.h"
#include "bus-reply.h"
#include "clean-bus.h"
#include "config.h"
#include "list-bus.h"
#include "manager-bus.h"
#include "manager-refresh.h"
#include "names.h"
#include "object-bus.h"
#include "object-path.h"
#include "queue-bus.h"
#include "refresh.h"
#include "run-job-bus.h"
#include "scheduled-job-bus.h"

/* org.jobd1.Manager, but for its lists (list-bus.h). */

static int method_run_job(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Manager *manager = userdata;
        const char *reference;
        const Job *job;
        int r;

        r = sd_bus_message_read(m, "s", &reference);
        if (r < 0)
                return r;
        job = registry_find(manager->registry, reference);
        if (!job)
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_JOB, BUS_MESSAGE_NO_SUCH_JOB, reference);
        return bus_run_job(manager, m, job, error);
}

static int method_get_job(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        char path[OBJECT_PATH_SIZE];
        Manager *manager = userdata;
        const char *reference;
        const Job *job;
        int r;

        r = sd_bus_message_read(m, "s", &reference);
        if (r < 0)
                return r;
        job = registry_find(manager->registry, reference);
        if (!job)
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_JOB, BUS_MESSAGE_NO_SUCH_JOB, reference);
        object_path_format(JOBD_JOB_PATH, job->id, path);
        return sd_bus_reply_method_return(m, "o", path);
}

static int method_get_job_result(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(job_result_freep) JobResult *jr = NULL;
        char id[UUID_STRING_SIZE], path[OBJECT_PATH_SIZE];
        Manager *manager = userdata;
        const char *text;
        int r;

        r = sd_bus_message_read(m, "s", &text);
        if (r < 0)
                return r;
        r = uuid_parse(text, id);
        if (r >= 0)
                r = dispatcher_get_result(manager->dispatcher, id, &jr);
        if (r <= 0)
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_JOB_RESULT, BUS_MESSAGE_NO_SUCH_JOB_RESULT, text);
        object_path_format(JOBD_RESULT_PATH, id, path);
        return sd_bus_reply_method_return(m, "o", path);
}

static int append_report(sd_bus_message *reply, const GPtrArray *report) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(sss)");
        for (guint i = 0; i < report->len && r >= 0; i++) {
                const RefreshEntry *e = report->pdata[i];

                r = sd_bus_message_append(reply, "(sss)", e->action, e->class_path, e->message);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int method_refresh(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Manager *manager = userdata;
        g_autofree char *caller = access_caller_name(manager->access, m);
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        g_autoptr(GPtrArray) report = NULL;
        Refusal f = {};
        int r;

        r = bus_options_read(m, NULL, 0, NULL, error);
        if (r < 0)
                return r;
        r = manager_refresh(manager, caller, &report, &f);
        if (r < 0)
                return bus_refuse(error, r, &f);
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = append_report(reply, report);
        if (r < 0)
                return r;
        return bus_reply_after_commit(manager, m, TAKE_PTR(reply));
}

static int get_version(sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        return sd_bus_message_append(reply, "s", PROJECT_VERSION);
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("RunJob", SD_BUS_ARGS("s", job, "s", data, "a{sv}", options),
                                SD_BUS_RESULT("s", id, "o", object), method_run_job,
                                SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
        SD_BUS_METHOD_WITH_ARGS("Refresh", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("a(sss)", report),
                                method_refresh, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetJob", SD_BUS_ARGS("s", job), SD_BUS_RESULT("o", object), method_get_job,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListJobs", SD_BUS_ARGS("a{sv}", filter), SD_BUS_RESULT("a(oa{sv})", jobs, "b", more),
                                list_bus_jobs, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetJobResult", SD_BUS_ARGS("s", id), SD_BUS_RESULT("o", object),
                                method_get_job_result, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListJobResults", SD_BUS_ARGS("a{sv}", filter),
                                SD_BUS_RESULT("a(oa{sv})", results, "b", more), list_bus_job_results,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CleanJobResults", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("a{st}", counts),
                                clean_bus_job_results, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CancelJobResults", SD_BUS_ARGS("a{sv}", filter),
                                SD_BUS_RESULT("u", cancelled, "b", more), cancel_bus_job_results,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetJobQueue", SD_BUS_ARGS("s", queue), SD_BUS_RESULT("o", object), queue_bus_get,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListJobQueues", SD_BUS_ARGS("a{sv}", filter),
                                SD_BUS_RESULT("a(oa{sv})", queues, "b", more), list_bus_job_queues,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CreateJobQueue", SD_BUS_ARGS("s", name, "a{sv}", properties),
                                SD_BUS_RESULT("o", object), queue_bus_create, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListObjectModels", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(ssu)", models),
                                object_bus_list_models, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListObjects", SD_BUS_ARGS("s", model, "s", query, "a{sv}", options),
                                SD_BUS_RESULT("s", objects, "b", more), object_bus_list, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ImportObjects", SD_BUS_ARGS("s", model, "h", file, "a{sv}", options),
                                SD_BUS_RESULT("a{su}", counts), object_bus_import, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS("JobQueueNew", SD_BUS_ARGS("o", queue), 0),
        SD_BUS_SIGNAL_WITH_ARGS("JobQueueRemoved", SD_BUS_ARGS("o", queue), 0),
        SD_BUS_METHOD_WITH_ARGS("GetScheduledJob", SD_BUS_ARGS("s", name_or_id), SD_BUS_RESULT("o", object),
                                scheduled_job_bus_get, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListScheduledJobs", SD_BUS_ARGS("a{sv}", filter),
                                SD_BUS_RESULT("a(oa{sv})", schedules, "b", more), list_bus_scheduled_jobs,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CountJobResults", SD_BUS_ARGS("a{sv}", filter), SD_BUS_RESULT("t", count),
                                list_bus_count_job_results, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS("JobNew", SD_BUS_ARGS("o", job), 0),
        SD_BUS_SIGNAL_WITH_ARGS("JobRemoved", SD_BUS_ARGS("o", job), 0),
        SD_BUS_SIGNAL_WITH_ARGS("JobResultNew", SD_BUS_ARGS("o", result), 0),
        SD_BUS_SIGNAL_WITH_ARGS("JobResultRemoved", SD_BUS_ARGS("o", result), 0),
        SD_BUS_SIGNAL_WITH_ARGS("ScheduledJobNew", SD_BUS_ARGS("o", schedule), 0),
        SD_BUS_SIGNAL_WITH_ARGS("ScheduledJobRemoved", SD_BUS_ARGS("o", schedule), 0),
        SD_BUS_SIGNAL_WITH_ARGS("ApprovalRequested", SD_BUS_ARGS("o", schedule), 0),
        SD_BUS_SIGNAL_WITH_ARGS("Refreshed", SD_BUS_NO_ARGS, 0),
        SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_VTABLE_END,
};

int manager_bus_add(Manager *m, sd_bus *bus) {
        return sd_bus_add_object_vtable(bus, NULL, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, vtable, m);
}
