/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "access-table.h"
#include "names.h"

#define MAY_VIEW_JOB                                                                                      \
        .action = "org.jobd1.view-job", .message = "Authentication is required to view job $(what).",     \
        .verb = "view"
#define MAY_RUN_JOB                                                                                       \
        .action = "org.jobd1.run-job", .message = "Authentication is required to run job $(what).",       \
        .verb = "run"
#define MAY_CHANGE_JOB                                                                                    \
        .action = "org.jobd1.change-job", .message = "Authentication is required to change job $(what).", \
        .verb = "change"
#define MAY_VIEW_RESULT                                                                                   \
        .action = "org.jobd1.view-jobresult", .requester_may = true,                                      \
        .message = "Authentication is required to view a result of job $(what).", .verb = "view"

#define MAY_VIEW_QUEUE                                                                                    \
        .action = "org.jobd1.view-jobqueue",                                                              \
        .message = "Authentication is required to view job queue $(what).", .verb = "view"
#define MAY_CHANGE_QUEUE                                                                                  \
        .action = "org.jobd1.change-jobqueue",                                                            \
        .message = "Authentication is required to change job queue $(what).", .verb = "change"
#define MAY_VIEW_SCHEDULE                                                                                 \
        .action = "org.jobd1.view-scheduledjob", .requester_may = true,                                   \
        .message = "Authentication is required to view a scheduled job of job $(what).", .verb = "view"
#define MAY_CHANGE_SCHEDULE                                                                               \
        .action = "org.jobd1.change-scheduledjob",                                                        \
        .message = "Authentication is required to change a scheduled job of job $(what).", .verb = "change"
#define MAY_DELETE_SCHEDULE                                                                               \
        .action = "org.jobd1.delete-scheduledjob", .requester_may = true,                                 \
        .message = "Authentication is required to delete a scheduled job of job $(what).", .verb = "delete"

/*
 * An administrator who is in none of the groups would type a password twice. Not by an "imply" of the one or the other
 * action: who is permitted to approve, by a rule say, could then change all scheduled jobs.
 */
#define ANSWER_REQUEST "org.jobd1.answer-request"

#define MAY_APPROVE_JOB                                                                                   \
        .action = "org.jobd1.approve-job",                                                                \
        .message = "Authentication is required to answer a request to run job $(what)."

/* The reference's rows A2, A6, A7 and S9. */
#define MAY_NOT_APPROVE "You do not have permission to approve this request"
#define MAY_NOT_DENY "You do not have permission to deny this request"
#define MAY_NOT_RUN "You do not have permission to run this job"

const AccessRule access_rules[] = {
        { JOBD_MANAGER_INTERFACE, "RunJob", .target = ACCESS_TARGET_JOB_ARG, MAY_RUN_JOB },
        { JOBD_MANAGER_INTERFACE, "GetJob", .target = ACCESS_TARGET_JOB_ARG, MAY_VIEW_JOB },
        { JOBD_MANAGER_INTERFACE, "GetJobResult", .target = ACCESS_TARGET_RESULT_ARG, MAY_VIEW_RESULT },
        { JOBD_MANAGER_INTERFACE, "ListJobs", .target = ACCESS_TARGET_NONE, .is_list = true },
        { JOBD_MANAGER_INTERFACE, "ListJobResults", .target = ACCESS_TARGET_NONE, .is_list = true },
        { JOBD_MANAGER_INTERFACE, "CancelJobResults", .target = ACCESS_TARGET_NONE, .is_list = true },
        { JOBD_MANAGER_INTERFACE, "GetJobQueue", .target = ACCESS_TARGET_QUEUE_ARG, MAY_VIEW_QUEUE },
        { JOBD_MANAGER_INTERFACE, "ListJobQueues", .target = ACCESS_TARGET_NONE, .is_list = true },
        { JOBD_MANAGER_INTERFACE, "CreateJobQueue", .target = ACCESS_TARGET_QUEUE_ARG,
          .action = "org.jobd1.change-jobqueue",
          .message = "Authentication is required to create job queue $(what).", .verb = "create" },
        { JOBD_MANAGER_INTERFACE, "CountJobResults", .target = ACCESS_TARGET_NONE, .is_list = true },
        { JOBD_MANAGER_INTERFACE, "Refresh", .target = ACCESS_TARGET_NONE, .action = "org.jobd1.change-job",
          .message = "Authentication is required to read the job classes into the registry.",
          .verb = "refresh the registry of" },

        { JOBD_MANAGER_INTERFACE, "CleanJobResults", .target = ACCESS_TARGET_NONE,
          .action = "org.jobd1.delete-jobresult", .message = "Authentication is required to delete old job results.",
          .verb = "delete old results of" },
        { JOBD_MANAGER_INTERFACE, "ListObjectModels", .target = ACCESS_TARGET_MODELS, .action = "org.jobd1.view-object",
          .message = "Authentication is required to list the models of objects.", .verb = "list" },
        { JOBD_MANAGER_INTERFACE, "ListObjects", .target = ACCESS_TARGET_MODEL_ARG, .action = "org.jobd1.view-object",
          .message = "Authentication is required to view the objects of model $(what).", .verb = "view" },
        { JOBD_MANAGER_INTERFACE, "ImportObjects", .target = ACCESS_TARGET_MODEL_ARG,
          .action = "org.jobd1.change-object",
          .message = "Authentication is required to change the objects of model $(what).", .verb = "change" },
        { JOBD_MANAGER_INTERFACE, "GetScheduledJob", .target = ACCESS_TARGET_SCHEDULE_ARG, MAY_VIEW_SCHEDULE },
        { JOBD_MANAGER_INTERFACE, "ListScheduledJobs", .target = ACCESS_TARGET_NONE, .is_list = true },

        { JOBD_JOB_INTERFACE, "Run", .target = ACCESS_TARGET_JOB_PATH, MAY_RUN_JOB },
        { JOBD_JOB_INTERFACE, "Enable", .target = ACCESS_TARGET_JOB_PATH, MAY_CHANGE_JOB },
        { JOBD_JOB_INTERFACE, "Disable", .target = ACCESS_TARGET_JOB_PATH, MAY_CHANGE_JOB },
        { JOBD_JOB_INTERFACE, "SetOverride", .target = ACCESS_TARGET_JOB_PATH, MAY_CHANGE_JOB },
        { JOBD_JOB_INTERFACE, "ClearOverride", .target = ACCESS_TARGET_JOB_PATH, MAY_CHANGE_JOB },
        { JOBD_JOB_INTERFACE, "Update", .target = ACCESS_TARGET_JOB_PATH, MAY_CHANGE_JOB },
        { JOBD_JOB_INTERFACE, "GetVariables", .target = ACCESS_TARGET_JOB_PATH, MAY_VIEW_JOB },
        { JOBD_JOB_INTERFACE, "GetClass", .target = ACCESS_TARGET_JOB_PATH, MAY_VIEW_JOB },
        { JOBD_JOB_INTERFACE, "Delete", .target = ACCESS_TARGET_JOB_PATH, .action = "org.jobd1.delete-job",
          .message = "Authentication is required to delete job $(what).", .verb = "delete" },

        { JOBD_RESULT_INTERFACE, "Cancel", .target = ACCESS_TARGET_RESULT_PATH, .action = "org.jobd1.cancel-job",
          .requester_may = true, .message = "Authentication is required to cancel a run of job $(what).",
          .verb = "cancel" },
        { JOBD_RESULT_INTERFACE, "OpenLog", .target = ACCESS_TARGET_RESULT_PATH, .action = "org.jobd1.view-joblog",
          .requester_may = true, .message = "Authentication is required to read the log of a run of job $(what).",
          .verb = "read the log of" },
        { JOBD_RESULT_INTERFACE, "Delete", .target = ACCESS_TARGET_RESULT_PATH,
          .action = "org.jobd1.delete-jobresult",
          .message = "Authentication is required to delete a result of job $(what).", .verb = "delete" },
        { JOBD_RESULT_INTERFACE, "ListOutputs", .target = ACCESS_TARGET_RESULT_PATH, MAY_VIEW_RESULT },
        { JOBD_RESULT_INTERFACE, "OpenOutput", .target = ACCESS_TARGET_RESULT_PATH, MAY_VIEW_RESULT },

        { JOBD_QUEUE_INTERFACE, "Set", .target = ACCESS_TARGET_QUEUE_PATH, MAY_CHANGE_QUEUE },
        { JOBD_QUEUE_INTERFACE, "Delete", .target = ACCESS_TARGET_QUEUE_PATH, .action = "org.jobd1.change-jobqueue",
          .message = "Authentication is required to delete job queue $(what).", .verb = "delete" },

        { JOBD_SCHEDULE_INTERFACE, "SetEnabled", .target = ACCESS_TARGET_SCHEDULE_PATH, .requester_may = true,
          MAY_CHANGE_SCHEDULE },
        { JOBD_SCHEDULE_INTERFACE, "Update", .target = ACCESS_TARGET_SCHEDULE_PATH, .requester_may = true,
          MAY_CHANGE_SCHEDULE },
        { JOBD_SCHEDULE_INTERFACE, "TakeOver", .target = ACCESS_TARGET_SCHEDULE_PATH, MAY_CHANGE_SCHEDULE,
          .and_action = "org.jobd1.run-job", .and_refusal = MAY_NOT_RUN },
        /* The run shows its input to who has asked for it. */
        { JOBD_SCHEDULE_INTERFACE, "RunNow", .target = ACCESS_TARGET_SCHEDULE_PATH,
          .action = "org.jobd1.view-scheduledjob", .requester_may = true, .and_action = "org.jobd1.run-job",
          .message = "Authentication is required to run a scheduled job of job $(what).", .verb = "run" },
        { JOBD_SCHEDULE_INTERFACE, "GetRequest", .target = ACCESS_TARGET_SCHEDULE_PATH, MAY_VIEW_SCHEDULE },
        { JOBD_SCHEDULE_INTERFACE, "Approve", .target = ACCESS_TARGET_SCHEDULE_PATH, MAY_APPROVE_JOB,
          .and_action = "org.jobd1.change-scheduledjob", .one_action = ANSWER_REQUEST, .operation = "approve",
          .verb = "approve", .refusal = MAY_NOT_APPROVE, .and_refusal = MAY_NOT_APPROVE },
        { JOBD_SCHEDULE_INTERFACE, "Deny", .target = ACCESS_TARGET_SCHEDULE_PATH, MAY_APPROVE_JOB,
          .and_action = "org.jobd1.delete-scheduledjob", .one_action = ANSWER_REQUEST, .operation = "deny",
          .verb = "deny", .refusal = MAY_NOT_DENY, .and_refusal = MAY_NOT_DENY },
        { JOBD_SCHEDULE_INTERFACE, "DryRun", .target = ACCESS_TARGET_SCHEDULE_PATH,
          .action = "org.jobd1.view-scheduledjob", .requester_may = true, .and_action = "org.jobd1.run-job",
          .operation = "dry-run", .message = "Authentication is required to try job $(what) in a dry run.",
          .verb = "dry-run", .and_refusal = MAY_NOT_RUN },
        { JOBD_SCHEDULE_INTERFACE, "Cancel", .target = ACCESS_TARGET_SCHEDULE_PATH, MAY_DELETE_SCHEDULE },
        { JOBD_SCHEDULE_INTERFACE, "Delete", .target = ACCESS_TARGET_SCHEDULE_PATH, MAY_DELETE_SCHEDULE },

        { JOBD_RUN_INTERFACE, "Open", .target = ACCESS_TARGET_RUN },
        { JOBD_RUN_INTERFACE, "Log", .target = ACCESS_TARGET_RUN },
        { JOBD_RUN_INTERFACE, "SetProgress", .target = ACCESS_TARGET_RUN },
        { JOBD_RUN_INTERFACE, "SetResult", .target = ACCESS_TARGET_RUN },
        { JOBD_RUN_INTERFACE, "AddOutput", .target = ACCESS_TARGET_RUN },
        { JOBD_RUN_INTERFACE, "Fail", .target = ACCESS_TARGET_RUN },
};
const size_t access_rules_size = ELEMENTSOF(access_rules);

/* Reading properties and introspection, by the object they are asked of. */
static const AccessRule read_job = { .target = ACCESS_TARGET_JOB_PATH, MAY_VIEW_JOB };
static const AccessRule read_result = { .target = ACCESS_TARGET_RESULT_PATH, MAY_VIEW_RESULT };
static const AccessRule read_queue = { .target = ACCESS_TARGET_QUEUE_PATH, MAY_VIEW_QUEUE };
static const AccessRule read_schedule = { .target = ACCESS_TARGET_SCHEDULE_PATH, MAY_VIEW_SCHEDULE };
static const AccessRule read_other = { .target = ACCESS_TARGET_NONE };

static bool is_below(const char *path, const char *parent) {
        return g_str_has_prefix(path, parent) && path[strlen(parent)] == '/';
}

static const AccessRule *rule_for_reading(const char *path) {
        if (is_below(path, JOBD_JOB_PATH))
                return &read_job;
        if (is_below(path, JOBD_RESULT_PATH))
                return &read_result;
        if (is_below(path, JOBD_QUEUE_PATH))
                return &read_queue;
        if (is_below(path, JOBD_SCHEDULE_PATH))
                return &read_schedule;
        return &read_other;
}

const AccessRule *access_rule_find(const char *path, const char *interface, const char *member) {
        static const char *const reading[] = {
                "org.freedesktop.DBus.Properties",
                "org.freedesktop.DBus.Introspectable",
                "org.freedesktop.DBus.ObjectManager",
        };

        for (size_t i = 0; i < ELEMENTSOF(reading); i++)
                if (strcmp(interface, reading[i]) == 0)
                        return strcmp(member, "Set") == 0 ? NULL : rule_for_reading(path);
        for (size_t i = 0; i < ELEMENTSOF(access_rules); i++)
                if (strcmp(interface, access_rules[i].interface) == 0 && strcmp(member, access_rules[i].member) == 0)
                        return &access_rules[i];
        return NULL;
}
