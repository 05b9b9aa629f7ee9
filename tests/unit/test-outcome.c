/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "outcome.h"

#define SOFT (5 * 60 * USEC_PER_SEC)
#define HARD (10 * 60 * USEC_PER_SEC)

typedef struct Case {
        const char *what;
        UnitExit exit;
        const char *revoked_by;
        JobResultStatus status;
        JobResultReason reason;
        int exit_code;
        int signal;
        const char *message;
        const char *warning;
        const char *failure; /* what the job said of itself */
} Case;

/*
 * What systemd 252 says of units of Type=exec with RemainAfterExit=yes, RuntimeMaxSec= and TimeoutStopSec=: each first
 * column was seen on a real one. Result, ExecMainCode, ExecMainStatus.
 */
static const Case cases[] = {
        { "exits 0", { "success", CLD_EXITED, 0 }, NULL,
          JOB_RESULT_SUCCESS, JOB_RESULT_REASON_SUCCESS, 0, 0, NULL, NULL },
        { "catches the SIGTERM of the soft limit and exits 0", { "timeout", CLD_EXITED, 0 }, NULL,
          JOB_RESULT_SUCCESS, JOB_RESULT_REASON_SUCCESS, 0, 0, NULL,
          "the soft time limit of 5min had passed; the job then finished by itself" },
        { "catches the SIGTERM of the soft limit and exits 7", { "timeout", CLD_EXITED, 7 }, NULL,
          JOB_RESULT_FAILURE, JOB_RESULT_REASON_SOFT_TIME_LIMIT, 7, 0,
          "the soft time limit of 5min has passed: the job exited with status 7", NULL },
        { "dies of the SIGTERM of the soft limit", { "timeout", CLD_KILLED, SIGTERM }, NULL,
          JOB_RESULT_FAILURE, JOB_RESULT_REASON_SOFT_TIME_LIMIT, -1, SIGTERM,
          "the soft time limit of 5min has passed: the job was ended by signal TERM (Terminated)", NULL },
        { "ignores SIGTERM", { "timeout", CLD_KILLED, SIGKILL }, NULL,
          JOB_RESULT_FAILURE, JOB_RESULT_REASON_HARD_TIME_LIMIT, -1, SIGKILL,
          "the time limit of 10min has passed: the job was killed", NULL },
        { "exits 3", { "exit-code", CLD_EXITED, 3 }, NULL,
          JOB_RESULT_FAILURE, JOB_RESULT_REASON_EXIT_CODE, 3, 0, "the job exited with status 3", NULL },
        { "exits 3, SuccessExitStatus=3", { "success", CLD_EXITED, 3 }, NULL,
          JOB_RESULT_SUCCESS, JOB_RESULT_REASON_SUCCESS, 3, 0, NULL, NULL },
        { "exits 255", { "exit-code", CLD_EXITED, 255 }, NULL,
          JOB_RESULT_FAILURE, JOB_RESULT_REASON_EXIT_CODE, 255, 0, "the job exited with status 255", NULL },
        { "killed by somebody with SIGKILL", { "signal", CLD_KILLED, SIGKILL }, NULL,
          JOB_RESULT_FAILURE, JOB_RESULT_REASON_SIGNAL, -1, SIGKILL,
          "the job was ended by signal KILL (Killed)", NULL },
        /* systemd counts HUP, INT, TERM and PIPE as clean ends: systemd.service(5), SuccessExitStatus= */
        { "killed by somebody with SIGTERM", { "success", CLD_KILLED, SIGTERM }, NULL,
          JOB_RESULT_FAILURE, JOB_RESULT_REASON_SIGNAL, -1, SIGTERM,
          "the job was ended by signal TERM (Terminated)", NULL },
        { "dies of a real-time signal", { "signal", CLD_KILLED, 40 }, NULL,
          JOB_RESULT_FAILURE, JOB_RESULT_REASON_SIGNAL, -1, 40, "the job was ended by signal 40", NULL },
        { "segmentation fault", { "core-dump", CLD_DUMPED, SIGSEGV }, NULL,
          JOB_RESULT_FAILURE, JOB_RESULT_REASON_CORE_DUMP, -1, SIGSEGV,
          "the job was ended by signal SEGV (Segmentation fault) and dumped core", NULL },
        { "out of memory", { "oom-kill", CLD_KILLED, SIGKILL }, NULL,
          JOB_RESULT_FAILURE, JOB_RESULT_REASON_OOM_KILL, -1, SIGKILL,
          "the job needed more memory than it may use: it was killed", NULL },
        { "a child was out of memory, the job exits 1", { "oom-kill", CLD_EXITED, 1 }, NULL,
          JOB_RESULT_FAILURE, JOB_RESULT_REASON_OOM_KILL, 1, 0,
          "the job needed more memory than it may use: it was killed", NULL },
        { "systemctl stop", { "success", CLD_KILLED, SIGTERM, .was_stopped = true }, NULL,
          JOB_RESULT_REVOKED, JOB_RESULT_REASON_STOPPED, -1, SIGTERM,
          "the unit of the job was stopped from outside jobd", NULL },
        { "systemctl stop, caught, exits 0", { "success", CLD_EXITED, 0, .was_stopped = true }, NULL,
          JOB_RESULT_REVOKED, JOB_RESULT_REASON_STOPPED, 0, 0,
          "the unit of the job was stopped from outside jobd", NULL },
        { "systemctl stop, ignored until SIGKILL", { "timeout", CLD_KILLED, SIGKILL, .was_stopped = true }, NULL,
          JOB_RESULT_REVOKED, JOB_RESULT_REASON_STOPPED, -1, SIGKILL,
          "the unit of the job was stopped from outside jobd", NULL },
        { "never ran", { "resources", 0, 0 }, NULL,
          JOB_RESULT_FAILURE, JOB_RESULT_REASON_START_FAILED, -1, 0,
          "the unit of the job failed: systemd says \"resources\"", NULL },

        { "cancelled, dies of SIGTERM", { "success", CLD_KILLED, SIGTERM, .was_stopped = true }, "carol",
          JOB_RESULT_REVOKED, JOB_RESULT_REASON_REVOKED, -1, SIGTERM, "cancelled by carol", NULL },
        { "cancelled, killed", { "signal", CLD_KILLED, SIGKILL, .was_stopped = true }, "carol",
          JOB_RESULT_REVOKED, JOB_RESULT_REASON_REVOKED, -1, SIGKILL, "cancelled by carol", NULL },
        { "cancelled, ignores SIGTERM", { "timeout", CLD_KILLED, SIGKILL, .was_stopped = true }, "carol",
          JOB_RESULT_REVOKED, JOB_RESULT_REASON_REVOKED, -1, SIGKILL, "cancelled by carol", NULL },
        { "cancelled, catches SIGTERM and exits 1", { "exit-code", CLD_EXITED, 1, .was_stopped = true }, "carol",
          JOB_RESULT_REVOKED, JOB_RESULT_REASON_REVOKED, 1, 0, "cancelled by carol", NULL },
        { "cancelled too late: it had exited 0", { "success", CLD_EXITED, 0 }, "carol",
          JOB_RESULT_SUCCESS, JOB_RESULT_REASON_SUCCESS, 0, 0, NULL, NULL },
        { "cancelled while it started, which failed",
          { "exit-code", CLD_EXITED, 203, .start_failed = true, .step = "EXEC" }, "carol",
          JOB_RESULT_REVOKED, JOB_RESULT_REASON_REVOKED, -1, 0, "cancelled by carol", NULL },

        /* Exit statuses 200 to 245 of PID 1's starter: systemd.exec(5), "Process Exit Codes" */
        { "no such program",
          { "exit-code", CLD_EXITED, 203, false, true, "EXEC", "No such file or directory" }, NULL,
          JOB_RESULT_FAILURE, JOB_RESULT_REASON_START_FAILED, -1, 0,
          "the job could not be started: the program could not be executed: No such file or directory", NULL },
        { "no such user", { "exit-code", CLD_EXITED, 217, false, true, "USER", NULL }, NULL,
          JOB_RESULT_FAILURE, JOB_RESULT_REASON_START_FAILED, -1, 0,
          "the job could not be started: the user could not be found", NULL },
        { "no input", { "exit-code", CLD_EXITED, 243, false, true, "CREDENTIALS", "Connection refused" }, NULL,
          JOB_RESULT_FAILURE, JOB_RESULT_REASON_START_FAILED, -1, 0,
          "the job could not be started: the input could not be delivered: Connection refused", NULL },
        { "a step without words of its own",
          { "exit-code", CLD_EXITED, 228, false, true, "SECCOMP", "Invalid argument" }, NULL,
          JOB_RESULT_FAILURE, JOB_RESULT_REASON_START_FAILED, -1, 0,
          "the job could not be started: it failed at step SECCOMP: Invalid argument", NULL },
        { "PID 1 refused the unit", { "success", 0, 0, false, true, NULL, "Unit name is not valid." }, NULL,
          JOB_RESULT_FAILURE, JOB_RESULT_REASON_START_FAILED, -1, 0,
          "the job could not be started: Unit name is not valid.", NULL },
        { "PID 1 gave no reason", { "resources", 0, 0, false, true, NULL, NULL }, NULL,
          JOB_RESULT_FAILURE, JOB_RESULT_REASON_START_FAILED, -1, 0,
          "the job could not be started: systemd gave no reason", NULL },
        /* The program itself exited so: jobd's reader of the journal found no failed step */
        { "the program exits 203 by itself", { "exit-code", CLD_EXITED, 203 }, NULL,
          JOB_RESULT_FAILURE, JOB_RESULT_REASON_EXIT_CODE, 203, 0, "the job exited with status 203", NULL },

        /* The job said that it failed: its own words, unless something else befell it */
        { "says that it failed, exits 0", { "success", CLD_EXITED, 0 }, NULL,
          JOB_RESULT_FAILURE, JOB_RESULT_REASON_FAILED, 0, 0, "no such device: r1", NULL, "no such device: r1" },
        { "says that it failed, exits 3", { "exit-code", CLD_EXITED, 3 }, NULL,
          JOB_RESULT_FAILURE, JOB_RESULT_REASON_FAILED, 3, 0, "no such device: r1", NULL, "no such device: r1" },
        { "says that it failed, catches the SIGTERM of the soft limit", { "timeout", CLD_EXITED, 0 }, NULL,
          JOB_RESULT_FAILURE, JOB_RESULT_REASON_FAILED, 0, 0, "no such device: r1",
          "the soft time limit of 5min had passed; the job then finished by itself", "no such device: r1" },
        { "says that it failed, crashes", { "core-dump", CLD_DUMPED, SIGSEGV }, NULL,
          JOB_RESULT_FAILURE, JOB_RESULT_REASON_CORE_DUMP, -1, SIGSEGV,
          "the job was ended by signal SEGV (Segmentation fault) and dumped core", NULL, "no such device: r1" },
        { "says that it failed, is killed at the hard limit", { "timeout", CLD_KILLED, SIGKILL }, NULL,
          JOB_RESULT_FAILURE, JOB_RESULT_REASON_HARD_TIME_LIMIT, -1, SIGKILL,
          "the time limit of 10min has passed: the job was killed", NULL, "no such device: r1" },
        { "says that it failed, is cancelled", { "success", CLD_KILLED, SIGTERM, .was_stopped = true }, "carol",
          JOB_RESULT_REVOKED, JOB_RESULT_REASON_REVOKED, -1, SIGTERM, "cancelled by carol", NULL,
          "no such device: r1" },
};

static void test_outcomes(const void *data) {
        const Case *c = data;
        const RunFacts facts = { c->revoked_by, c->failure, SOFT, HARD };
        _cleanup_(outcome_done) Outcome o = {};

        outcome_from_exit(&c->exit, &facts, &o);
        g_assert_cmpstr(job_result_status_to_string(o.status), ==, job_result_status_to_string(c->status));
        g_assert_cmpstr(job_result_reason_to_string(o.reason), ==, job_result_reason_to_string(c->reason));
        g_assert_cmpint(o.exit_code, ==, c->exit_code);
        g_assert_cmpint(o.signal, ==, c->signal);
        g_assert_cmpstr(o.message, ==, c->message);
        g_assert_cmpstr(o.warning, ==, c->warning);
}

static void assert_sound(const UnitExit *e, const RunFacts *facts) {
        _cleanup_(outcome_done) Outcome o = {};

        outcome_from_exit(e, facts, &o);
        g_assert_true(job_result_status_is_final(o.status));
        g_assert_cmpint(o.reason, >, JOB_RESULT_REASON_NONE);
        g_assert_cmpint(o.reason, <, _JOB_RESULT_REASON_MAX);
        g_assert_true((o.status == JOB_RESULT_SUCCESS) == (o.reason == JOB_RESULT_REASON_SUCCESS));
        g_assert_true((o.status == JOB_RESULT_SUCCESS) == !o.message);
        g_assert_false(o.status == JOB_RESULT_SUCCESS && facts->failure);
        if (o.status == JOB_RESULT_REVOKED)
                g_assert_true(facts->revoked_by || e->was_stopped);
        g_assert_true(o.exit_code == -1 || o.signal == 0);
}

/* Whatever systemd may say, also a later one: a final status, and a message when it is not success. */
static void test_everything(void) {
        static const char *const results[] = {
                "success", "resources", "protocol", "timeout", "exit-code", "signal", "core-dump", "watchdog",
                "exec-condition", "oom-kill", "start-limit-hit", "something-new", "",
        };
        static const char *const steps[] = { NULL, "EXEC", "SOMETHING_NEW" };
        static const int codes[] = { 0, CLD_EXITED, CLD_KILLED, CLD_DUMPED, CLD_TRAPPED, -1, 99 };
        static const int statuses[] = { 0, 1, SIGKILL, SIGTERM, 64, 65, 203, 255, -1 };
        static const RunFacts facts[] = { { NULL, NULL, SOFT, HARD }, { "carol", NULL, HARD, SOFT },
                                          { NULL, "no disk", SOFT, HARD }, { "", "", 1, UINT64_MAX } };

        for (size_t i = 0; i < ELEMENTSOF(results); i++)
                for (size_t j = 0; j < ELEMENTSOF(codes) * ELEMENTSOF(statuses); j++)
                        for (unsigned k = 0; k < 4 * ELEMENTSOF(steps); k++)
                                for (size_t l = 0; l < ELEMENTSOF(facts); l++)
                                        assert_sound(&(UnitExit){ .result = results[i],
                                                                  .code = codes[j % ELEMENTSOF(codes)],
                                                                  .status = statuses[j / ELEMENTSOF(codes)],
                                                                  .was_stopped = k & 1,
                                                                  .start_failed = k & 2,
                                                                  .step = steps[k / 4],
                                                                  .start_error = l == 0 ? NULL : "No such file" },
                                                     &facts[l]);
}

/* The names are stored and are part of the interface: they never change. */
static void test_names(void) {
        static const char *const statuses[] = { "PENDING", "STARTED", "SUCCESS", "FAILURE", "REVOKED" };
        static const char *const reasons[] = {
                "", "success", "failed", "exit-code", "signal", "core-dump", "soft-time-limit", "hard-time-limit", "oom-kill",
                "start-failed", "revoked", "stopped", "lost", "input-lost", "not-runnable", "missed",
        };

        g_assert_cmpuint(ELEMENTSOF(statuses), ==, _JOB_RESULT_STATUS_MAX);
        for (int i = 0; i < _JOB_RESULT_STATUS_MAX; i++) {
                g_assert_cmpstr(job_result_status_to_string(i), ==, statuses[i]);
                g_assert_cmpint(job_result_status_from_string(statuses[i]), ==, i);
                g_assert_true(job_result_status_is_final(i) == (i >= 2));
        }
        g_assert_cmpuint(ELEMENTSOF(reasons), ==, _JOB_RESULT_REASON_MAX);
        for (int i = 0; i < _JOB_RESULT_REASON_MAX; i++) {
                g_assert_cmpstr(job_result_reason_to_string(i), ==, reasons[i]);
                g_assert_cmpint(job_result_reason_from_string(reasons[i]), ==, i);
        }

        g_assert_cmpint(job_result_status_from_string("success"), ==, _JOB_RESULT_STATUS_INVALID);
        g_assert_cmpint(job_result_status_from_string(""), ==, _JOB_RESULT_STATUS_INVALID);
        g_assert_cmpint(job_result_reason_from_string("SUCCESS"), ==, _JOB_RESULT_REASON_INVALID);
        g_assert_null(job_result_status_to_string(_JOB_RESULT_STATUS_MAX));
        g_assert_null(job_result_status_to_string(_JOB_RESULT_STATUS_INVALID));
        g_assert_null(job_result_reason_to_string(_JOB_RESULT_REASON_MAX));
        g_assert_null(job_result_reason_to_string(_JOB_RESULT_REASON_INVALID));
        g_assert_false(job_result_status_is_final(_JOB_RESULT_STATUS_INVALID));
}

static void test_start_failures(void) {
        g_assert_false(exit_status_may_be_start_failure(CLD_EXITED, 199));
        g_assert_true(exit_status_may_be_start_failure(CLD_EXITED, 200));
        g_assert_true(exit_status_may_be_start_failure(CLD_EXITED, 245));
        g_assert_false(exit_status_may_be_start_failure(CLD_EXITED, 246));
        g_assert_false(exit_status_may_be_start_failure(CLD_KILLED, 203));
        g_assert_false(exit_status_may_be_start_failure(0, 203));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                g_autofree char *path = g_strdup_printf("/outcome/%s", cases[i].what);

                g_test_add_data_func(path, &cases[i], test_outcomes);
        }
        g_test_add_func("/outcome/everything", test_everything);
        g_test_add_func("/outcome/names", test_names);
        g_test_add_func("/outcome/start-failures", test_start_failures);

        return g_test_run();
}
