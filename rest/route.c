/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "resources.h"
#include "route.h"
#include "uri.h"

#define OVERRIDDEN(name, option) \
        { name "_override", VALUE_BOOLEAN, option "_override", "Whether " name " replaces the value of the class" }
#define PAGE                                                                                                \
        { "limit", VALUE_INTEGER, NULL, "How many to show: 50 at first, at most 1000, which 0 stands for" }, \
        { "offset", VALUE_INTEGER, NULL, "How many to leave out before" }

static const Parameter job_list_parameters[] = {
        { "q", VALUE_STRING, "q", "Part of name, grouping, class_path or description, in any case" },
        { "name", VALUE_STRING, "name", "The name" },
        { "grouping", VALUE_STRING, "grouping", "The grouping" },
        { "module_name", VALUE_STRING, "module_name", "The module" },
        { "job_class_name", VALUE_STRING, "job_class_name", "The class within its module" },
        { "enabled", VALUE_BOOLEAN, "enabled", "Whether it is enabled" },
        { "installed", VALUE_BOOLEAN, "installed", "Whether its class is installed" },
        { "hidden", VALUE_BOOLEAN, "hidden", "Whether it is hidden" },
        { "approval_required", VALUE_BOOLEAN, "approval_required", "Whether it requires approval" },
        { "dryrun_default", VALUE_BOOLEAN, "dryrun_default", "Whether a dry run is its default" },
        { "has_sensitive_variables", VALUE_BOOLEAN, "has_sensitive_variables", "Whether its input is sensitive" },
        { "is_singleton", VALUE_BOOLEAN, "singleton", "Whether it runs once at a time" },
        { "read_only", VALUE_BOOLEAN, "read_only", "Whether it says that it changes nothing" },
        { "soft_time_limit", VALUE_NUMBER, "soft_time_limit", "Seconds, 0: those that leave it at the default" },
        { "time_limit", VALUE_NUMBER, "time_limit", "Seconds, 0: those that leave it at the default" },
        { "task_queues", VALUE_STRING, "queue", "The name of a job queue: those that may run in it" },
        { "job_queues", VALUE_STRING, "queue", "The same" },
        OVERRIDDEN("name", "name"),
        OVERRIDDEN("grouping", "grouping"),
        OVERRIDDEN("description", "description"),
        OVERRIDDEN("approval_required", "approval_required"),
        OVERRIDDEN("dryrun_default", "dryrun_default"),
        OVERRIDDEN("has_sensitive_variables", "has_sensitive_variables"),
        OVERRIDDEN("hidden", "hidden"),
        OVERRIDDEN("is_singleton", "singleton"),
        OVERRIDDEN("soft_time_limit", "soft_time_limit"),
        OVERRIDDEN("time_limit", "time_limit"),
        OVERRIDDEN("task_queues", "task_queues"),
        { "latest_result", VALUE_BOOLEAN, "latest_result", "Show latest_result, latest_status and latest_date of each, too" },
        PAGE,
        {},
};

/* The reference's suffixes. D-Bus has bounds that are included. */
#define TIMES(name, what)                                                                                           \
        { name "__gte", VALUE_TIME, "since", what " at this time (ISO 8601) or later", 0 },                           \
        { name "__gt", VALUE_TIME, "since", what " later than this time", 1 },                                        \
        { name "__lte", VALUE_TIME, "until", what " at this time or earlier", 0 },                                    \
        { name "__lt", VALUE_TIME, "until", what " earlier than this time", -1 }

static const Parameter result_list_parameters[] = {
        { "q", VALUE_STRING, "q", "Part of the job's name or class_path or the user's name, in any case" },
        { "job_model", VALUE_STRING, "job", "The job, by UUID, name or class_path" },
        { "status", VALUE_STRING, "status", "PENDING, STARTED, SUCCESS, FAILURE or REVOKED" },
        { "user", VALUE_STRING, "requester", "Who has asked for it: name or uid" },
        { "name", VALUE_STRING, "name", "The name that the job had" },
        { "task_queue", VALUE_STRING, "queue", "The name of the job queue" },
        { "job_queue", VALUE_STRING, "queue", "The same" },
        TIMES("date_created", "Requested"),
        { "scheduled_job", VALUE_STRING, "scheduled_job", "The scheduled job that it is a run of, by UUID or name" },
        { "before", VALUE_STRING, NULL, "A UUID: what is older than that one" },
        PAGE,
        {},
};

static const Parameter result_parameters[] = {
        { "wait", VALUE_INTEGER, NULL, "Answer when the run has ended, or after so many seconds: at most 300" },
        {},
};

static const Parameter page_parameters[] = {
        PAGE,
        {},
};

static const Parameter object_list_parameters[] = {
        { "query", VALUE_STRING, NULL, "A JSON object of field lookups" },
        PAGE,
        {},
};

static const Parameter import_parameters[] = {
        { "prune", VALUE_BOOLEAN, "prune", "Delete the objects that the list does not have" },
        { "dry_run", VALUE_BOOLEAN, "dry_run", "Only say what would be done" },
        { "username", VALUE_STRING, "username", "On behalf of this user, for root" },
        {},
};

static const Parameter cancel_parameters[] = {
        { "kill", VALUE_BOOLEAN, NULL, "SIGKILL at once" },
        {},
};

static const Parameter log_parameters[] = {
        { "follow", VALUE_BOOLEAN, NULL, "Go on until the run has ended, as server-sent events" },
        { "level", VALUE_STRING, "level", "Entries of this level and more severe ones" },
        { "grouping", VALUE_STRING, "grouping", "Entries of this grouping" },
        { "lines", VALUE_INTEGER, NULL, "The last ones only" },
        { "after", VALUE_STRING, NULL, "What comes after the entry with this cursor" },
        PAGE,
        {},
};

static const Parameter schedule_list_parameters[] = {
        { "job_model", VALUE_STRING, "job", "The job, by UUID, name or class_path" },
        { "state", VALUE_STRING, "state", "pending, active, paused, denied, canceled, expired, completed or errored" },
        { "user", VALUE_STRING, "requester", "Who has asked for it: name or uid" },
        { "needs_approval", VALUE_BOOLEAN, "approval", "Those that wait for an approval" },
        { "name", VALUE_STRING, "name", "The name" },
        { "task_queue", VALUE_STRING, "queue", "The name of the job queue" },
        { "job_queue", VALUE_STRING, "queue", "The same" },
        { "q", VALUE_STRING, "q", "Part of the name, in any case" },
        PAGE,
        {},
};

static const Parameter approve_parameters[] = {
        { "force", VALUE_BOOLEAN, NULL, "Although the start time is past: it runs at once" },
        {},
};

static const Parameter queue_list_parameters[] = {
        { "enabled", VALUE_BOOLEAN, "enabled", "Whether it is enabled" },
        { "name", VALUE_STRING, "name", "The name" },
        { "q", VALUE_STRING, "q", "Part of name or description, in any case" },
        PAGE,
        {},
};

#define OVERRIDABLE(name, type, text)                                                                         \
        { name, type, false, text },                                                                          \
        { name "_override", VALUE_BOOLEAN, false, "Whether " name " replaces the value of the class" }

static const Field job_fields[] = {
        { "enabled", VALUE_BOOLEAN, false, "Whether it may be run" },
        OVERRIDABLE("name", VALUE_STRING, "The name, which no other job has"),
        OVERRIDABLE("grouping", VALUE_STRING, "The grouping"),
        OVERRIDABLE("description", VALUE_STRING, "The description"),
        OVERRIDABLE("approval_required", VALUE_BOOLEAN, "Whether each run must be approved"),
        OVERRIDABLE("dryrun_default", VALUE_BOOLEAN, "Whether a dry run is the default"),
        OVERRIDABLE("has_sensitive_variables", VALUE_BOOLEAN, "Whether its input is never stored"),
        OVERRIDABLE("hidden", VALUE_BOOLEAN, "Whether lists leave it out"),
        OVERRIDABLE("is_singleton", VALUE_BOOLEAN, "Whether it runs once at a time"),
        OVERRIDABLE("soft_time_limit", VALUE_NUMBER, "Seconds, 0: the default"),
        OVERRIDABLE("time_limit", VALUE_NUMBER, "Seconds, 0: the default"),
        OVERRIDABLE("task_queues", VALUE_STRINGS, "The queues that it may run in, its default first"),
        {},
};

static const Field run_fields[] = {
        { "data", VALUE_OBJECT, true, "Values of the job's variables" },
        { "task_queue", VALUE_STRING, true, "One of the job's queues" },
        { "job_queue", VALUE_STRING, true, "The same" },
        { "schedule", VALUE_OBJECT, true, "When to run: interval, start_time, crontab, time_zone, missed, name" },
        { "ignore_singleton_lock", VALUE_BOOLEAN, false, "Although another run of a singleton does" },
        { "username", VALUE_STRING, true, "Run it as this user, whose run it is then" },
        {},
};

static const Field cancel_fields[] = {
        { "job_model", VALUE_STRING, false, "Those of this job, by UUID, name or class_path" },
        { "task_queue", VALUE_STRING, false, "Those of the job queue of this name" },
        { "user", VALUE_STRING, false, "Those that this user has asked for: name or uid" },
        { "all", VALUE_BOOLEAN, false, "All of them: required where none of the above is given" },
        { "kill", VALUE_BOOLEAN, false, "SIGKILL at once" },
        {},
};

static const Field clean_fields[] = {
        { "job_model", VALUE_STRING, false, "Those of this job, by UUID, name or class_path" },
        { "max_age", VALUE_NUMBER, false, "Those that ended longer ago, in seconds" },
        { "max_count", VALUE_INTEGER, false, "All but the newest ones of each job, so many" },
        { "dry_run", VALUE_BOOLEAN, false, "Only count them" },
        { "username", VALUE_STRING, false, "On behalf of this user, for root" },
        {},
};

static const Field schedule_fields[] = {
        { "enabled", VALUE_BOOLEAN, false, "false pauses it; by itself only" },
        { "name", VALUE_STRING, false, "The name, which no other scheduled job has" },
        { "interval", VALUE_STRING, false, "future, hourly, daily, weekly or custom" },
        { "start_time", VALUE_STRING, false, "ISO 8601" },
        { "crontab", VALUE_STRING, false, "Five fields, for the interval custom" },
        { "time_zone", VALUE_STRING, false, "Of the IANA database" },
        { "missed", VALUE_STRING, false, "What becomes of times at which the host was off: none, last or all" },
        { "task_queue", VALUE_STRING, false, "One of the job's queues" },
        { "kwargs", VALUE_OBJECT, false, "Values of the job's variables: all of them" },
        {},
};

static const Field approve_fields[] = {
        { "comment", VALUE_STRING, false, "For those who read about it later" },
        { "digest", VALUE_STRING, false, "Of what was looked at: nothing is approved when it is another one by now" },
        {},
};

static const Field deny_fields[] = {
        { "comment", VALUE_STRING, false, "For those who read about it later" },
        {},
};

static const Field queue_fields[] = {
        { "name", VALUE_STRING, false, "The name; cannot be changed" },
        { "description", VALUE_STRING, false, "One line" },
        { "enabled", VALUE_BOOLEAN, false, "Whether runs start in it" },
        { "max_running", VALUE_INTEGER, false, "So many at a time; 0: no limit of its own" },
        { "max_pending", VALUE_INTEGER, false, "So many wait; 0: no limit of its own" },
        { "weight", VALUE_INTEGER, false, "1 to 10000" },
        { "priority", VALUE_SIGNED, false, "Higher ones first" },
        { "when_unavailable", VALUE_STRING, false, "wait or refuse" },
        { "resources", VALUE_OBJECT, false, "CPUWeight, CPUQuota, MemoryMax and others, as text; null removes one" },
        {},
};

#define API "/api/extras/"

const Route routes[] = {
        { "GET", "/api/", "root", "Where the parts of this API are", .status = 200, .reply = "Object",
          .handle = root_show },
        { "GET", API, "extras", "The same", .status = 200, .reply = "Object", .handle = root_show },
        { "GET", "/api/schema/", "schema", "This description", .status = 200, .reply = "Object",
          .handle = schema_show },

        { "GET", API "jobs/", "listJobs", "List jobs", job_list_parameters, .status = 200, .reply = "JobList",
          .handle = jobs_list },
        { "POST", API "jobs/refresh/", "refreshJobs", "Read the job classes from disk into the registry", .status = 200,
          .reply = "List", .handle = jobs_refresh },
        { "GET", API "jobs/{id}/", "getJob", "Show a job", .status = 200, .reply = "Job", .handle = jobs_retrieve },
        { "PATCH", API "jobs/{id}/", "changeJob", "Enable or disable a job, override its attributes",
          .fields = job_fields, .status = 200, .reply = "Job", .context = ERROR_IN_CHANGE, .handle = jobs_change },
        { "DELETE", API "jobs/{id}/", "deleteJob", "Delete a job's record", .status = 204, .handle = jobs_delete },
        { "GET", API "jobs/{id}/variables/", "getJobVariables", "List the variables of a job", .status = 200,
          .reply = "List", .context = ERROR_IN_VARIABLES, .handle = jobs_variables },
        { "GET", API "jobs/{id}/class/", "getJobClass", "Show what the class of a job says that cannot be overridden",
          .status = 200, .reply = "Object", .context = ERROR_IN_VARIABLES, .handle = jobs_class },
        { "POST", API "jobs/{id}/run/", "runJob", "Run a job", .fields = run_fields, .is_multipart = true,
          .status = 201, .reply = "Run", .context = ERROR_IN_RUN, .handle = run_job },

        { "GET", API "job-results/", "listJobResults", "List job results, the newest first", result_list_parameters,
          .status = 200, .reply = "JobResultList", .context = ERROR_IN_RESULT_LIST, .handle = job_results_list },
        { "POST", API "job-results/cancel/", "cancelJobResults", "Cancel many runs", .fields = cancel_fields,
          .status = 200, .reply = "Object", .handle = job_results_cancel_many },
        { "POST", API "job-results/clean/", "cleanJobResults", "Delete job results that are too old or too many",
          .fields = clean_fields, .status = 200, .reply = "Object", .handle = job_results_clean },
        { "GET", API "job-results/{id}/", "getJobResult", "Show a job result, or wait for its end", result_parameters,
          .status = 200, .reply = "JobResult", .handle = job_results_retrieve },
        { "DELETE", API "job-results/{id}/", "deleteJobResult", "Delete the record of a run", .status = 204,
          .handle = job_results_delete },
        { "POST", API "job-results/{id}/cancel/", "cancelJobResult", "Cancel a run", cancel_parameters, .status = 200,
          .reply = "JobResult", .context = ERROR_IN_CANCEL, .handle = job_results_cancel },
        { "GET", API "job-results/{id}/logs/", "listJobResultLogs", "Read or follow the log of a run", log_parameters,
          .status = 200, .reply = "JobLogEntryList", .handle = logs_list },
        { "GET", API "job-results/{id}/outputs/", "listJobResultOutputs", "List the output files of a run",
          .status = 200, .reply = "OutputList", .handle = outputs_list },
        { "GET", API "job-results/{id}/outputs/{name}/", "getJobResultOutput", "Fetch an output file", .status = 200,
          .reply = "File", .handle = outputs_download },

        { "GET", API "scheduled-jobs/", "listScheduledJobs", "List scheduled jobs, the newest first",
          schedule_list_parameters, .status = 200, .reply = "ScheduledJobList", .handle = scheduled_jobs_list },
        { "GET", API "scheduled-jobs/{id}/", "getScheduledJob", "Show a scheduled job", .status = 200,
          .reply = "ScheduledJob", .handle = scheduled_jobs_retrieve },
        { "PATCH", API "scheduled-jobs/{id}/", "changeScheduledJob", "Change a scheduled job, or pause it",
          .fields = schedule_fields, .status = 200, .reply = "ScheduledJob", .context = ERROR_IN_SCHEDULE_CHANGE,
          .handle = scheduled_jobs_change },
        { "DELETE", API "scheduled-jobs/{id}/", "deleteScheduledJob", "Delete a scheduled job", .status = 204,
          .handle = scheduled_jobs_delete },
        { "POST", API "scheduled-jobs/{id}/approve/", "approveScheduledJob", "Approve a request", approve_parameters,
          .fields = approve_fields, .status = 200, .reply = "ScheduledJob", .context = ERROR_IN_APPROVAL,
          .handle = scheduled_jobs_approve },
        { "POST", API "scheduled-jobs/{id}/deny/", "denyScheduledJob", "Deny a request", .fields = deny_fields,
          .status = 200, .reply = "Nothing", .context = ERROR_IN_DENIAL, .handle = scheduled_jobs_deny },
        { "POST", API "scheduled-jobs/{id}/dry-run/", "dryRunScheduledJob", "Run a request as a dry run, for oneself",
          .status = 200, .reply = "JobResult", .context = ERROR_IN_DRY_RUN, .handle = scheduled_jobs_dry_run },
        { "POST", API "scheduled-jobs/{id}/run-now/", "runScheduledJobNow", "Run it now, beside its times",
          .status = 200, .reply = "JobResult", .handle = scheduled_jobs_run_now },
        { "POST", API "scheduled-jobs/{id}/cancel/", "cancelScheduledJob", "Cancel it, and keep its record",
          .status = 200, .reply = "ScheduledJob", .handle = scheduled_jobs_cancel },
        { "POST", API "scheduled-jobs/{id}/take-over/", "takeOverScheduledJob", "Become its requester", .status = 200,
          .reply = "ScheduledJob", .handle = scheduled_jobs_take_over },
        { "GET", API "scheduled-jobs/{id}/request/", "getScheduledJobRequest", "Show all that would run",
          .status = 200, .reply = "Object", .handle = scheduled_jobs_request },

        { "GET", API "job-queues/", "listJobQueues", "List job queues", queue_list_parameters, .status = 200,
          .reply = "JobQueueList", .handle = job_queues_list },
        { "POST", API "job-queues/", "createJobQueue", "Make a job queue", .fields = queue_fields, .status = 201,
          .reply = "JobQueue", .context = ERROR_IN_CHANGE, .handle = job_queues_create },
        { "GET", API "job-queues/{id}/", "getJobQueue", "Show a job queue", .status = 200, .reply = "JobQueue",
          .handle = job_queues_retrieve },
        { "PATCH", API "job-queues/{id}/", "changeJobQueue", "Change a job queue", .fields = queue_fields,
          .status = 200, .reply = "JobQueue", .context = ERROR_IN_CHANGE, .handle = job_queues_change },
        { "DELETE", API "job-queues/{id}/", "deleteJobQueue", "Delete a job queue", .status = 204,
          .handle = job_queues_delete },

        { "GET", API "object-models/", "listObjectModels", "List the models that objects can be of", page_parameters,
          .status = 200, .reply = "ObjectModelList", .handle = object_models_list },
        { "GET", API "object-models/{name}/objects/", "listObjects", "List the objects of a model",
          object_list_parameters, .status = 200, .reply = "InventoryObjectList", .handle = objects_list },
        { "POST", API "object-models/{name}/objects/", "importObjects", "Add objects to a model of the inventory",
          import_parameters, .list_size_max = OBJECTS_SIZE_MAX, .status = 200, .reply = "Object",
          .handle = objects_import },
};
const size_t routes_size = ELEMENTSOF(routes);

/* Whether the parts are those of the route's path; captures are borrowed from the parts. */
static bool path_matches(const Route *route, const GPtrArray *parts, const char *captures[static 2]) {
        const char *p = route->path + 1;
        unsigned n_captures = 0;

        for (unsigned i = 0; i < parts->len; i++) {
                size_t size = strcspn(p, "/");
                const char *part = parts->pdata[i];

                if (size == 0)
                        return false;
                if (*p == '{' && part[0] != '\0')
                        captures[n_captures++] = part;
                else if (strlen(part) != size || memcmp(part, p, size) != 0)
                        return false;
                p += size + (p[size] == '/');
        }
        return *p == '\0';
}

/* HEAD is GET, and libmicrohttpd leaves out the body. */
static bool method_matches(const Route *route, const char *method) {
        return strcmp(route->method, method) == 0 ||
               (strcmp(route->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

int route_find(const char *method, const char *path, const Route **ret, char *ret_captures[static 2]) {
        g_autoptr(GPtrArray) parts = uri_split_path(path);
        const char *captures[2] = {};
        int r = -ENOENT;

        for (size_t i = 0; parts && i < routes_size; i++) {
                if (!path_matches(routes + i, parts, captures))
                        continue;
                r = -EOPNOTSUPP;
                if (!method_matches(routes + i, method))
                        continue;
                *ret = routes + i;
                for (size_t k = 0; k < ELEMENTSOF(captures); k++)
                        ret_captures[k] = g_strdup(captures[k]);
                return 0;
        }
        return r;
}

char *route_methods(const char *path) {
        static const char *const methods[] = { "DELETE", "GET", "HEAD", "PATCH", "POST" };
        g_autoptr(GPtrArray) parts = uri_split_path(path);
        const char *captures[2];
        GString *list = NULL;

        for (size_t m = 0; parts && m < ELEMENTSOF(methods); m++)
                for (size_t i = 0; i < routes_size; i++)
                        if (method_matches(routes + i, methods[m]) && path_matches(routes + i, parts, captures)) {
                                if (!list)
                                        list = g_string_new("OPTIONS");
                                g_string_append_printf(list, ", %s", methods[m]);
                                break;
                        }
        return list ? g_string_free(list, false) : NULL;
}

const Parameter *route_find_parameter(const Route *route, const char *name) {
        for (const Parameter *p = route->parameters; p && p->name; p++)
                if (strcmp(p->name, name) == 0)
                        return p;
        return NULL;
}

const Field *route_find_field(const Route *route, const char *name) {
        for (const Field *f = route->fields; f && f->name; f++)
                if (strcmp(f->name, name) == 0)
                        return f;
        return NULL;
}
