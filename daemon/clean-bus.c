/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "access-user.h"
#include "access.h"
#include "audit.h"
#include "bus-error.h"
#include "bus-option.h"
#include "bus-reply.h"
#include "clean-bus.h"
#include "cleaner.h"
#include "log.h"
#include "message-ids.h"
#include "user.h"

/* CleanJobResults */

typedef struct Options {
        uint64_t max_age;
        uint32_t max_count;
        const char *job, *username;
        int dry_run;
} Options;

static const BusOption table[] = {
        { "max_age", 't', offsetof(Options, max_age) },
        { "max_count", 'u', offsetof(Options, max_count) },
        { "job", 's', offsetof(Options, job) },
        { "username", 's', offsetof(Options, username) },
        { "dry_run", 'b', offsetof(Options, dry_run) },
};

typedef struct CleanCall {
        sd_bus_message *call;
        char *caller;
        char **log_context;
        bool dry_run;
} CleanCall;

static int reply_counts(sd_bus_message *call, const CleanCounts *counts) {
        return sd_bus_reply_method_return(call, "a{st}", 3, "job_results", counts->job_results, "output_files",
                                          counts->output_files, "scheduled_jobs", counts->scheduled_jobs);
}

static void on_clean_done(const CleanCounts *counts, Refusal *refusal, void *userdata) {
        CleanCall *c = userdata;
        int r;

        log_context_enter(c->log_context);
        if (!c->dry_run)
                audit_results_cleaned(c->caller, counts->job_results, counts->output_files, counts->scheduled_jobs);
        log_context_enter(NULL);
        if (refusal)
                r = sd_bus_reply_method_errorf(c->call, refusal->name, "%s", refusal->message);
        else
                r = reply_counts(c->call, counts);
        if (r < 0)
                (void) log_debug_errno(r, "Cannot answer a call, its sender has gone: %m");
        (void) sd_bus_message_unref(c->call);
        g_free(c->caller);
        g_strfreev(c->log_context);
        g_free(c);
}

/*
 * For whom the clean-up is done: the job that does it runs as root, whoever has asked for the run, and nobody shall
 * delete by it what they may not delete themselves (reference, row L10). 0: go on, 1: put off, negative errno: the
 * error is set.
 */
static int check_user(Manager *manager, sd_bus_message *m, const char *username, char **ret_name,
                      sd_bus_error *error) {
        uint32_t uid;

        if (access_caller_uid(manager->access, m) != 0)
                return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED, "option 'username' is for root");
        if (user_find(username, &uid, ret_name) < 0)
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_USER, "there is no user '%s'", username);
        switch (access_may_user_delete_results(manager->access, m, uid)) {
        case ACCESS_ALLOWED:
                return 0;
        case ACCESS_UNKNOWN:
                return access_wait(manager->access, m);
        case ACCESS_FAILED:
                return access_fail_list(ACCESS_FAILED, error);
        default:
                access_log_user_denied(manager->access, *ret_name, "org.jobd1.delete-jobresult",
                                       "delete old results of jobs");
                return sd_bus_error_setf(error, SD_BUS_ERROR_ACCESS_DENIED,
                                         "User \"%s\" does not have permission to delete JobResult records: an "
                                         "administrator can permit the polkit action org.jobd1.delete-jobresult",
                                         *ret_name);
        }
}

static int read_options(Manager *manager, const Options *o, CleanOptions *ret, sd_bus_error *error) {
        const Job *job = o->job ? registry_find(manager->registry, o->job) : NULL;

        if (o->job && !job)
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_JOB, BUS_MESSAGE_NO_SUCH_JOB, o->job);
        if (o->max_count == 0)
                return sd_bus_error_set(error, BUS_ERROR_INVALID_OPTION, "option 'max_count' must be at least 1");
        *ret = (CleanOptions){
                .max_age_usec = o->max_age,
                .max_count = o->max_count == UINT32_MAX ? RESULT_MAX_UNSET : o->max_count,
                .job_id = job ? job->id : NULL,
                .dry_run = o->dry_run != 0,
        };
        return 0;
}

int clean_bus_job_results(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Options o = { .max_age = RESULT_MAX_UNSET, .max_count = UINT32_MAX };
        Manager *manager = userdata;
        g_autofree char *user = NULL;
        CleanOptions options;
        Refusal f = {};
        CleanCall *c;
        int r;

        r = bus_options_read(m, table, ELEMENTSOF(table), &o, error);
        if (r >= 0)
                r = read_options(manager, &o, &options, error);
        if (r < 0)
                return r;
        if (o.username) {
                r = check_user(manager, m, o.username, &user, error);
                if (r != 0)
                        return r;
        }
        c = g_new0(CleanCall, 1);
        r = cleaner_start(manager->cleaner, &options, on_clean_done, c, &f);
        if (r < 0) {
                g_free(c);
                return bus_refuse(error, r, &f);
        }
        c->call = sd_bus_message_ref(m);
        c->caller = user ? TAKE_PTR(user) : access_caller_name(manager->access, m);
        c->log_context = log_context_capture();
        c->dry_run = options.dry_run;
        return 1;
}
