/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "outcome.h"
#include "time-span.h"

static const char *const status_names[_JOB_RESULT_STATUS_MAX] = {
        [JOB_RESULT_PENDING] = "PENDING", [JOB_RESULT_STARTED] = "STARTED", [JOB_RESULT_SUCCESS] = "SUCCESS",
        [JOB_RESULT_FAILURE] = "FAILURE", [JOB_RESULT_REVOKED] = "REVOKED",
};

static const char *const reason_names[_JOB_RESULT_REASON_MAX] = {
        [JOB_RESULT_REASON_NONE] = "",
        [JOB_RESULT_REASON_SUCCESS] = "success",
        [JOB_RESULT_REASON_FAILED] = "failed",
        [JOB_RESULT_REASON_EXIT_CODE] = "exit-code",
        [JOB_RESULT_REASON_SIGNAL] = "signal",
        [JOB_RESULT_REASON_CORE_DUMP] = "core-dump",
        [JOB_RESULT_REASON_SOFT_TIME_LIMIT] = "soft-time-limit",
        [JOB_RESULT_REASON_HARD_TIME_LIMIT] = "hard-time-limit",
        [JOB_RESULT_REASON_OOM_KILL] = "oom-kill",
        [JOB_RESULT_REASON_START_FAILED] = "start-failed",
        [JOB_RESULT_REASON_REVOKED] = "revoked",
        [JOB_RESULT_REASON_STOPPED] = "stopped",
        [JOB_RESULT_REASON_LOST] = "lost",
        [JOB_RESULT_REASON_INPUT_LOST] = "input-lost",
        [JOB_RESULT_REASON_NOT_RUNNABLE] = "not-runnable",
        [JOB_RESULT_REASON_MISSED] = "missed",
};

static int index_of(const char *const *names, size_t n, const char *text) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(names[i], text) == 0)
                        return (int) i;
        return -EINVAL;
}

const char *job_result_status_to_string(JobResultStatus status) {
        return status >= 0 && status < _JOB_RESULT_STATUS_MAX ? status_names[status] : NULL;
}

JobResultStatus job_result_status_from_string(const char *text) {
        return index_of(status_names, ELEMENTSOF(status_names), text);
}

const char *job_result_reason_to_string(JobResultReason reason) {
        return reason >= 0 && reason < _JOB_RESULT_REASON_MAX ? reason_names[reason] : NULL;
}

JobResultReason job_result_reason_from_string(const char *text) {
        return index_of(reason_names, ELEMENTSOF(reason_names), text);
}

static void outcome_set(Outcome *o, JobResultStatus status, JobResultReason reason, char *message) {
        o->status = status;
        o->reason = reason;
        g_free(o->message);
        o->message = message;
}

/* "signal SEGV (Segmentation fault)" */
static char *signal_text(int sig) {
        const char *name = sigabbrev_np(sig), *description = sigdescr_np(sig);

        if (!name)
                return g_strdup_printf("signal %i", sig);
        return g_strdup_printf("signal %s (%s)", name, description ?: "?");
}

/* How the main process ended, for messages. */
static char *end_text(const UnitExit *e) {
        if (e->code == CLD_EXITED)
                return g_strdup_printf("exited with status %i", e->status);
        if (e->code == CLD_KILLED || e->code == CLD_DUMPED) {
                g_autofree char *text = signal_text(e->status);

                return g_strdup_printf("was ended by %s", text);
        }
        return g_strdup("never ran");
}

/* The steps of PID 1's starter that people meet, in their words; others are named as systemd names them. */
static const struct {
        const char *step, *what;
} start_steps[] = {
        { "EXEC", "the program could not be executed" },
        { "USER", "the user could not be found" },
        { "GROUP", "the group could not be found" },
        { "CHDIR", "the working directory could not be entered" },
        { "CREDENTIALS", "the input could not be delivered" },
        { "NAMESPACE", "the sandbox could not be set up" },
        { "STDIN", "standard input could not be opened" },
        { "CGROUP", "the control group could not be set up" },
};

static void outcome_start_failed(const UnitExit *e, Outcome *o) {
        const char *what = NULL;

        for (size_t i = 0; e->step && i < ELEMENTSOF(start_steps); i++)
                if (strcmp(start_steps[i].step, e->step) == 0)
                        what = start_steps[i].what;

        if (what)
                outcome_set(o, JOB_RESULT_FAILURE, JOB_RESULT_REASON_START_FAILED,
                            g_strdup_printf("the job could not be started: %s%s%s", what, e->start_error ? ": " : "",
                                            e->start_error ?: ""));
        else if (e->step)
                outcome_set(o, JOB_RESULT_FAILURE, JOB_RESULT_REASON_START_FAILED,
                            g_strdup_printf("the job could not be started: it failed at step %s%s%s", e->step,
                                            e->start_error ? ": " : "", e->start_error ?: ""));
        else
                outcome_set(o, JOB_RESULT_FAILURE, JOB_RESULT_REASON_START_FAILED,
                            g_strdup_printf("the job could not be started: %s",
                                            e->start_error ?: "systemd gave no reason"));
}

/*
 * Result=timeout: the soft limit (RuntimeMaxSec=, SIGTERM) has passed, perhaps the hard one too (SIGKILL). A job that
 * takes the SIGTERM as its sign to finish, and exits 0, has succeeded, as one that catches the reference's exception.
 */
static void outcome_timeout(const UnitExit *e, const RunFacts *f, Outcome *o) {
        g_autofree char *soft = time_span_format(f->soft_time_limit_usec);
        g_autofree char *hard = time_span_format(f->time_limit_usec);
        g_autofree char *end = end_text(e);

        if (e->code == CLD_EXITED && e->status == 0) {
                outcome_set(o, JOB_RESULT_SUCCESS, JOB_RESULT_REASON_SUCCESS, NULL);
                o->warning = g_strdup_printf("the soft time limit of %s had passed; the job then finished by itself",
                                             soft);
        } else if (e->code == CLD_KILLED && e->status == SIGKILL)
                outcome_set(o, JOB_RESULT_FAILURE, JOB_RESULT_REASON_HARD_TIME_LIMIT,
                            g_strdup_printf("the time limit of %s has passed: the job was killed", hard));
        else
                outcome_set(o, JOB_RESULT_FAILURE, JOB_RESULT_REASON_SOFT_TIME_LIMIT,
                            g_strdup_printf("the soft time limit of %s has passed: the job %s", soft, end));
}

static void outcome_by_process(const UnitExit *e, Outcome *o) {
        g_autofree char *end = end_text(e);

        if (e->code == CLD_DUMPED)
                outcome_set(o, JOB_RESULT_FAILURE, JOB_RESULT_REASON_CORE_DUMP,
                            g_strdup_printf("the job %s and dumped core", end));
        else if (e->code == CLD_KILLED)
                outcome_set(o, JOB_RESULT_FAILURE, JOB_RESULT_REASON_SIGNAL, g_strdup_printf("the job %s", end));
        else if (e->code == CLD_EXITED && (e->status != 0 || strcmp(e->result, "exit-code") == 0))
                outcome_set(o, JOB_RESULT_FAILURE, JOB_RESULT_REASON_EXIT_CODE, g_strdup_printf("the job %s", end));
        else
                outcome_set(o, JOB_RESULT_FAILURE, JOB_RESULT_REASON_START_FAILED,
                            g_strdup_printf("the unit of the job failed: systemd says \"%s\"", e->result));
}

/*
 * A job that says that it failed has failed, also with exit status 0; its own words say more than the number. What
 * happened to it from outside says more than its words.
 */
static void outcome_own_word(const RunFacts *f, Outcome *o) {
        if (f->failure && (o->reason == JOB_RESULT_REASON_SUCCESS || o->reason == JOB_RESULT_REASON_EXIT_CODE))
                outcome_set(o, JOB_RESULT_FAILURE, JOB_RESULT_REASON_FAILED, g_strdup(f->failure));
}

void outcome_from_exit(const UnitExit *e, const RunFacts *f, Outcome *ret) {
        Outcome o = { .exit_code = -1 };

        if (e->code == CLD_EXITED && !e->start_failed)
                o.exit_code = e->status;
        else if (e->code == CLD_KILLED || e->code == CLD_DUMPED)
                o.signal = e->status;

        if (f->revoked_by && (e->was_stopped || e->start_failed || strcmp(e->result, "success") != 0))
                outcome_set(&o, JOB_RESULT_REVOKED, JOB_RESULT_REASON_REVOKED,
                            g_strdup_printf("cancelled by %s", f->revoked_by));
        else if (e->start_failed)
                outcome_start_failed(e, &o);
        else if (strcmp(e->result, "oom-kill") == 0)
                outcome_set(&o, JOB_RESULT_FAILURE, JOB_RESULT_REASON_OOM_KILL,
                            g_strdup("the job needed more memory than it may use: it was killed"));
        else if (e->was_stopped)
                /* Before "timeout": a job that takes no notice of being stopped is killed with that result, too. */
                outcome_set(&o, JOB_RESULT_REVOKED, JOB_RESULT_REASON_STOPPED,
                            g_strdup("the unit of the job was stopped from outside jobd"));
        else if (strcmp(e->result, "timeout") == 0)
                outcome_timeout(e, f, &o);
        else if (strcmp(e->result, "success") == 0 && e->code == CLD_EXITED)
                outcome_set(&o, JOB_RESULT_SUCCESS, JOB_RESULT_REASON_SUCCESS, NULL);
        else
                /* Also for result "success" with a signal: SIGTERM and its like count as clean for systemd
                 * (systemd.service(5), SuccessExitStatus=), but a job that somebody killed has not succeeded. */
                outcome_by_process(e, &o);
        outcome_own_word(f, &o);

        *ret = o;
}

void outcome_done(Outcome *o) {
        g_clear_pointer(&o->message, g_free);
        g_clear_pointer(&o->warning, g_free);
}
