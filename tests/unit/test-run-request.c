/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "run-request.h"
#include "test-loader.h"
#include "test-records.h"

/* From a request to a run: what is checked, in which order, and what the run is then given. */

static const Settings settings = {
        .default_soft_time_limit_usec = 300 * USEC_PER_SEC,
        .default_time_limit_usec = 600 * USEC_PER_SEC,
        .max_running = 64,
        .max_pending = 100,
        .default_queue = (char *) "default",
};

static const char *const roots[] = { "/nowhere", NULL };

static const RunContext context = { &settings, &test_loader, roots, TEST_TIME };

#define TWO_VARIABLES VARIABLE("device", "Type=string") VARIABLE("retries", "Type=integer\nDefault=1")

static Job *job_for(const char *class_path) {
        const char *dot = strrchr(class_path, '.');
        g_autofree char *module_name = g_strndup(class_path, (size_t) (dot - class_path)), *error = NULL;
        _cleanup_(job_class_freep) JobClass *c = NULL;
        Job *j = job_new(module_name, dot + 1);

        g_assert_cmpint(test_load(NULL, class_path, &c, &error), ==, 0);
        g_assert_cmpstr(error, ==, NULL);
        job_apply_class(j, c);
        j->enabled = true;
        return j;
}

static int prepare(const Job *job, const char *data, const char *task_queue, PreparedRun *ret, Refusal *refusal) {
        const RunRequest request = { data, strlen(data), task_queue, 1000, "alice" };

        return run_request_prepare(&context, job, &request, ret, refusal);
}

/* A message that ends in "*" is the beginning of one: the rest is another module's. */
static void assert_message(const char *message, const char *expected) {
        size_t n = strlen(expected) - 1;
        g_autofree char *start = expected[n] == '*' ? g_strdup_printf("%.*s*", (int) n, message) : g_strdup(message);

        g_assert_cmpstr(start, ==, expected);
}

static void assert_refused(const Job *job, const char *data, const char *task_queue, int expected, const char *name,
                           const char *message) {
        _cleanup_(refusal_done) Refusal refusal = {};
        PreparedRun p = {};
        int r;

        r = prepare(job, data, task_queue, &p, &refusal);
        g_assert_cmpstr(refusal.name, ==, name);
        assert_message(refusal.message, message);
        g_assert_cmpint(r, ==, expected);
        g_assert_true(!p.result && !p.input && !p.class);
}

static void assert_prepared(const Job *job, const char *data, const char *task_queue, PreparedRun *ret) {
        _cleanup_(refusal_done) Refusal refusal = {};
        int r;

        r = prepare(job, data, task_queue, ret, &refusal);
        g_assert_cmpstr(refusal.message, ==, NULL);
        g_assert_cmpint(r, ==, 0);
}

/* A scheduled job comes of it, and no run. */
static void assert_waits_for_approval(const Job *job, const char *data) {
        _cleanup_(prepared_run_done) PreparedRun p = {};

        assert_prepared(job, data, NULL, &p);
        g_assert_null(p.result);
        g_assert_null(p.input);
        g_assert_cmpint(p.scheduled_job->state, ==, SCHEDULED_JOB_PENDING);
        g_assert_cmpint(p.scheduled_job->interval, ==, SCHEDULE_INTERVAL_IMMEDIATELY);
        g_assert_true(p.scheduled_job->approval_required);
        g_assert_cmpstr(p.scheduled_job->class_path, ==, job->class_path);
}

/* All is wrong at once, and is put right one by one: which refusal comes is the order of the checks. */
static void test_order(void) {
        _cleanup_(prepared_run_done) PreparedRun p = {};
        _cleanup_(job_freep) Job *j = NULL;
        const char *data = "{", *queue = "no-such-queue";

        test_classes_set({ "a.B", JOB("ApprovalRequired=yes\nHasSensitiveVariables=yes\n" TWO_VARIABLES), false });
        j = job_for("a.B");
        test_classes_clear();
        j->enabled = j->installed = false;

        assert_refused(j, data, queue, -EACCES, BUS_ERROR_JOB_NOT_ENABLED,
                       "job 'a.B' is not enabled: run \"jobctl enable a.B\" after reviewing it");
        j->enabled = true;
        assert_refused(j, data, queue, -ENXIO, BUS_ERROR_JOB_NOT_INSTALLED,
                       "job 'a.B' is not presently installed and cannot be run: install its class again and run "
                       "\"jobctl refresh\"");
        j->installed = true;
        assert_refused(j, data, queue, -EINVAL, BUS_ERROR_SENSITIVE_CONFLICT,
                       "job 'a.B' is flagged as possibly having sensitive variables but is also flagged as requiring "
                       "approval: override one of the two, e.g. \"jobctl set a.B approval_required=no\"");
        test_job_override(j, JOB_FIELD_HAS_SENSITIVE_VARIABLES, "no");
        assert_refused(j, data, queue, -ENXIO, BUS_ERROR_JOB_CLASS_NOT_LOADABLE,
                       "the class of job 'a.B' is no longer on disk: run \"jobctl refresh\"");
        test_classes_set({ "a.B", JOB("ApprovalRequired=yes\nHasSensitiveVariables=yes\n" TWO_VARIABLES), false });
        assert_refused(j, data, queue, -EINVAL, BUS_ERROR_INVALID_JSON,
                       "the data of the request is refused: line 1, column 2: *");
        data = "{\"colour\":\"red\"}";
        assert_refused(j, data, queue, -EINVAL, BUS_ERROR_INVALID_QUEUE,
                       "\"no-such-queue\" is not a valid choice: job 'a.B' may use default");
        queue = NULL;
        assert_refused(j, data, queue, -EINVAL, BUS_ERROR_INVALID_DATA,
                       "{\"device\":[\"This field is required.\"],"
                       "\"colour\":[\"Job data contained an unknown property\"]}");
        data = "{\"device\":\"r1\"}";
        assert_waits_for_approval(j, data);
        test_job_override(j, JOB_FIELD_APPROVAL_REQUIRED, "no");
        assert_prepared(j, data, queue, &p);
}

/* The class is read when the run is asked for: what a refresh has not seen yet decides, too. */
static void test_broken_class(void) {
        _cleanup_(job_freep) Job *j = NULL;

        test_classes_set({ "a.B", JOB(""), false });
        j = job_for("a.B");
        test_classes_set({ "a.B", JOB("Hidden=perhaps"), false });
        assert_refused(j, "", NULL, -ENXIO, BUS_ERROR_JOB_CLASS_NOT_LOADABLE,
                       "the class of job 'a.B' cannot be loaded: /jobs/a.B.job:2: Hidden=: *");
}

static void test_data(void) {
        g_autofree char *long_text = g_strnfill(64 * 1024, ' '), *deep = g_strnfill(200, '[');
        _cleanup_(job_freep) Job *j = NULL;

        test_classes_set({ "a.B", JOB(VARIABLE("retries", "Type=integer\nMaxValue=5\nRequired=no")), false });
        j = job_for("a.B");
        for (size_t i = 0; i < 3; i++) {
                static const char *const good[] = { "", "{}", " { } \n" };
                _cleanup_(prepared_run_done) PreparedRun p = {};

                assert_prepared(j, good[i], NULL, &p);
                g_assert_cmpstr(p.result->data, ==, "{\"retries\":null}");
                g_assert_cmpstr(secret_bytes(p.input), ==, "{\"retries\":null}");
        }

        assert_refused(j, "[1]", NULL, -EINVAL, BUS_ERROR_INVALID_JSON,
                       "the data of the request is refused: *");
        assert_refused(j, "null", NULL, -EINVAL, BUS_ERROR_INVALID_JSON,
                       "the data of the request is refused: *");
        long_text = g_realloc(long_text, 64 * 1024 + 10);
        strcpy(long_text + 64 * 1024, "{}");
        assert_refused(j, long_text, NULL, -E2BIG, BUS_ERROR_DATA_TOO_LARGE,
                       "the data of the request is refused: *");
        assert_refused(j, deep, NULL, -E2BIG, BUS_ERROR_DATA_TOO_LARGE,
                       "the data of the request is refused: *");
        assert_refused(j, "{\"retries\":1,\"retries\":2}", NULL, -EEXIST, BUS_ERROR_INVALID_JSON,
                       "the data of the request is refused: *");
        assert_refused(j, "{\"retries\":6}", NULL, -EINVAL, BUS_ERROR_INVALID_DATA,
                       "{\"retries\":[\"Ensure this value is less than or equal to 5.\"]}");
}

static void test_queues(void) {
        _cleanup_(job_freep) Job *j = NULL;

        test_classes_set({ "a.B", JOB("TaskQueues=bulk other"), false }, { "a.C", JOB(""), false });
        j = job_for("a.B");
        for (size_t i = 0; i < 3; i++) {
                static const char *const asked[] = { NULL, "bulk", "other" };
                static const char *const given[] = { "bulk", "bulk", "other" };
                _cleanup_(prepared_run_done) PreparedRun p = {};

                assert_prepared(j, "", asked[i], &p);
                g_assert_cmpstr(p.result->task_queue, ==, given[i]);
        }
        g_assert_cmpstr(run_request_default_queue(j, &settings), ==, "bulk");
        assert_refused(j, "", "default", -EINVAL, BUS_ERROR_INVALID_QUEUE,
                       "\"default\" is not a valid choice: job 'a.B' may use bulk, other");
        assert_refused(j, "", "", -EINVAL, BUS_ERROR_INVALID_QUEUE,
                       "\"\" is not a valid choice: job 'a.B' may use bulk, other");
        assert_refused(j, "", "bul", -EINVAL, BUS_ERROR_INVALID_QUEUE,
                       "\"bul\" is not a valid choice: job 'a.B' may use bulk, other");

        /* None: the default queue and no other */
        j = job_free(j);
        j = job_for("a.C");
        for (size_t i = 0; i < 2; i++) {
                _cleanup_(prepared_run_done) PreparedRun p = {};

                assert_prepared(j, "", i == 0 ? NULL : "default", &p);
                g_assert_cmpstr(p.result->task_queue, ==, "default");
        }
        g_assert_cmpstr(run_request_default_queue(j, &settings), ==, "default");
        assert_refused(j, "", "bulk", -EINVAL, BUS_ERROR_INVALID_QUEUE,
                       "\"bulk\" is not a valid choice: job 'a.C' may use default");

        /* The administrator decides */
        test_job_override(j, JOB_FIELD_TASK_QUEUES, "ours");
        assert_refused(j, "", "default", -EINVAL, BUS_ERROR_INVALID_QUEUE,
                       "\"default\" is not a valid choice: job 'a.C' may use ours");
}

/* ---- limits ---- */

typedef struct Limits {
        const char *soft, *hard; /* overrides */
        uint64_t soft_usec, hard_usec;
        const char *warning;
} Limits;

static const Limits limits[] = {
        { "0", "0", 300 * USEC_PER_SEC, 600 * USEC_PER_SEC, "" },
        { "10s", "0", 10 * USEC_PER_SEC, 600 * USEC_PER_SEC, "" },
        { "0", "1h", 300 * USEC_PER_SEC, 3600 * USEC_PER_SEC, "" },
        /* The sentence is the reference's (M12) */
        { "10s", "5s", 10 * USEC_PER_SEC, 5 * USEC_PER_SEC,
          "The hard time limit of 5.0 seconds is less than or equal to the soft time limit of 10.0 seconds. This job "
          "will fail silently after 5.0 seconds." },
        { "5s", "5s", 5 * USEC_PER_SEC, 5 * USEC_PER_SEC,
          "The hard time limit of 5.0 seconds is less than or equal to the soft time limit of 5.0 seconds. This job "
          "will fail silently after 5.0 seconds." },
        /* also when only one of them is the job's own */
        { "20min", "0", 1200 * USEC_PER_SEC, 600 * USEC_PER_SEC,
          "The hard time limit of 600.0 seconds is less than or equal to the soft time limit of 1200.0 seconds. This "
          "job will fail silently after 600.0 seconds." },
        { "0", "1500ms", 300 * USEC_PER_SEC, 1500000,
          "The hard time limit of 1.5 seconds is less than or equal to the soft time limit of 300.0 seconds. This job "
          "will fail silently after 1.5 seconds." },
};

static void test_limits(void) {
        test_classes_set({ "a.B", JOB(""), false });
        for (size_t i = 0; i < ELEMENTSOF(limits); i++) {
                _cleanup_(job_freep) Job *j = job_for("a.B");
                _cleanup_(prepared_run_done) PreparedRun p = {};

                test_job_override(j, JOB_FIELD_SOFT_TIME_LIMIT, limits[i].soft);
                test_job_override(j, JOB_FIELD_TIME_LIMIT, limits[i].hard);
                assert_prepared(j, "", NULL, &p);
                g_assert_cmpuint(p.result->soft_time_limit_usec, ==, limits[i].soft_usec);
                g_assert_cmpuint(p.result->time_limit_usec, ==, limits[i].hard_usec);
                g_assert_cmpstr(p.result->warnings, ==, limits[i].warning);
        }
}

/* ---- sensitive input ---- */

#define SECRET_VARIABLES VARIABLE("account", "Type=string") VARIABLE("password", "Type=string\nSensitive=yes")
#define SECRET_DATA "{\"account\":\"bob\",\"password\":\"tr0ub4dor\"}"

static void test_sensitive_variable(void) {
        _cleanup_(prepared_run_done) PreparedRun p = {};
        _cleanup_(job_freep) Job *j = NULL;

        test_classes_set({ "a.B", JOB(SECRET_VARIABLES), false });
        j = job_for("a.B");
        assert_prepared(j, SECRET_DATA, NULL, &p);
        g_assert_true(p.result->has_sensitive_variables);
        g_assert_cmpstr(p.result->data, ==, "{\"account\":\"bob\"}");
        g_assert_cmpstr(secret_bytes(p.input), ==, SECRET_DATA);
        g_assert_cmpuint(secret_size(p.input), ==, strlen(SECRET_DATA));
}

/* The job as a whole is sensitive, as the class or the administrator says: nothing of the input is kept. */
static void test_sensitive_job(void) {
        _cleanup_(prepared_run_done) PreparedRun p = {};
        _cleanup_(job_freep) Job *j = NULL;

        test_classes_set({ "a.B", JOB(TWO_VARIABLES), false });
        j = job_for("a.B");
        test_job_override(j, JOB_FIELD_HAS_SENSITIVE_VARIABLES, "yes");
        assert_prepared(j, "{\"device\":\"tr0ub4dor\"}", NULL, &p);
        g_assert_true(p.result->has_sensitive_variables);
        g_assert_null(p.result->data);
        g_assert_cmpstr(secret_bytes(p.input), ==, "{\"device\":\"tr0ub4dor\",\"retries\":1}");
}

/* An override of the job cannot make a variable less secret. */
static void test_sensitive_despite_override(void) {
        _cleanup_(prepared_run_done) PreparedRun p = {};
        _cleanup_(job_freep) Job *j = NULL;

        test_classes_set({ "a.B", JOB("HasSensitiveVariables=yes\n" SECRET_VARIABLES), false });
        j = job_for("a.B");
        test_job_override(j, JOB_FIELD_HAS_SENSITIVE_VARIABLES, "no");
        assert_prepared(j, SECRET_DATA, NULL, &p);
        g_assert_true(p.result->has_sensitive_variables);
        g_assert_cmpstr(p.result->data, ==, "{\"account\":\"bob\"}");
}

/* Nor does a refusal say it. */
static void test_sensitive_refused(void) {
        _cleanup_(job_freep) Job *j = NULL;

        test_classes_set({ "a.B", JOB(VARIABLE("password", "Type=string\nSensitive=yes\nMinLength=20\nRegex=[0-9]+")
                                      VARIABLE("pin", "Type=integer\nSensitive=yes")), false });
        j = job_for("a.B");
        assert_refused(j, "{\"password\":\"tr0ub4dor\",\"pin\":\"s3cr3t\"}", NULL, -EINVAL, BUS_ERROR_INVALID_DATA,
                       "{\"password\":[\"Ensure this value has at least 20 characters.\","
                       "\"Invalid value. Must match regex: [0-9]+\"],\"pin\":[\"Enter a whole number.\"]}");
}

/* ---- approval ---- */

static void test_dry_run(void) {
        _cleanup_(prepared_run_done) PreparedRun p = {};
        _cleanup_(job_freep) Job *j = NULL;

        test_classes_set({ "a.B", JOB("ApprovalRequired=yes\n" VARIABLE("dryrun", "Type=dryrun")), false });
        j = job_for("a.B");
        assert_waits_for_approval(j, "");
        assert_waits_for_approval(j, "{\"dryrun\":false}");
        assert_waits_for_approval(j, "{\"dryrun\":null}");
        assert_prepared(j, "{\"dryrun\":true}", NULL, &p);
        g_assert_cmpstr(p.result->data, ==, "{\"dryrun\":true}");

        /* A variable that is only called so says nothing of what the job does with it (A8) */
        test_classes_set({ "a.B", JOB("ApprovalRequired=yes\n" VARIABLE("dryrun", "Type=boolean")), false });
        assert_waits_for_approval(j, "{\"dryrun\":true}");
        test_classes_set({ "a.B", JOB("ApprovalRequired=yes"), false });
        assert_refused(j, "{\"dryrun\":true}", NULL, -EINVAL, BUS_ERROR_INVALID_DATA,
                       "{\"dryrun\":[\"Job data contained an unknown property\"]}");
}

/* ---- what comes out ---- */

static void test_result(void) {
        _cleanup_(prepared_run_done) PreparedRun p = {}, other = {};
        _cleanup_(job_freep) Job *j = NULL;
        char id[UUID_STRING_SIZE];

        test_classes_set({ "network.backup.Nightly", JOB("Name=Back up\n" TWO_VARIABLES), false });
        j = job_for("network.backup.Nightly");
        test_job_override(j, JOB_FIELD_NAME, "Our back-up");
        assert_prepared(j, "{\"device\":\"r1\",\"retries\":\"3\"}", NULL, &p);
        g_assert_cmpint(uuid_parse(p.result->id, id), ==, 0);
        g_assert_cmpstr(p.result->job_id, ==, j->id);
        g_assert_cmpstr(p.result->job_name, ==, "Our back-up");
        g_assert_cmpstr(p.result->class_path, ==, "network.backup.Nightly");
        g_assert_cmpuint(p.result->requester_uid, ==, 1000);
        g_assert_cmpstr(p.result->requester, ==, "alice");
        g_assert_cmpint(p.result->status, ==, JOB_RESULT_PENDING);
        g_assert_cmpint(p.result->reason, ==, JOB_RESULT_REASON_NONE);
        g_assert_cmpuint(p.result->date_created, ==, TEST_TIME);
        g_assert_cmpuint(p.result->date_started + p.result->date_done, ==, 0);
        g_assert_cmpstr(p.result->boot_id, ==, "");
        g_assert_false(p.result->has_sensitive_variables);
        /* as the job gets it */
        g_assert_cmpstr(p.result->data, ==, "{\"device\":\"r1\",\"retries\":3}");
        g_assert_cmpstr(secret_bytes(p.input), ==, p.result->data);
        g_assert_cmpstr(p.class->class_path, ==, "network.backup.Nightly");

        assert_prepared(j, "{\"device\":\"r1\"}", NULL, &other);
        g_assert_cmpstr(other.result->id, !=, p.result->id);
        g_assert_cmpstr(other.result->data, ==, "{\"device\":\"r1\",\"retries\":1}");
}

/* Which objects it takes is said first; then they are looked for, and a model without any is no fault of the input. */
static void test_objects(void) {
        test_classes_set({ "a.Objects",
                           JOB("HasSensitiveVariables=no") VARIABLE("u", "Type=object\nModel=racks\nRequired=no") });
        _cleanup_(job_freep) Job *job = job_for("a.Objects");
        _cleanup_(object_set_unrefp) ObjectSet *set = object_set_new();
        g_autoptr(GHashTable) wants = NULL;
        RunContext c = context;
        const RunRequest with = { .data = "{\"u\":{\"n\":1}}", .data_size = 13, .requester = "alice" };
        const RunRequest without = { .data = "{}", .data_size = 2, .requester = "alice" };
        _cleanup_(prepared_run_done) PreparedRun p = {}, none = {}, formal = {};
        _cleanup_(refusal_done) Refusal f = {};
        g_autoptr(JsonNode) node = json_from_string("[{\"id\":\"r1\",\"n\":1}]", NULL);

        c.ret_wants = &wants;
        g_assert_cmpint(run_request_prepare(&c, job, &with, &p, &f), ==, -EAGAIN);
        g_assert_true(!f.message && !p.result);
        g_assert_true(g_hash_table_contains(wants, "racks"));
        g_clear_pointer(&wants, g_hash_table_unref);

        g_assert_no_errno(run_request_prepare(&c, job, &without, &none, &f));
        g_assert_null(wants);
        /* Who has nobody to wait for gets what was given. */
        g_assert_no_errno(run_request_prepare(&context, job, &with, &formal, &f));
        g_assert_cmpstr(formal.result->data, ==, "{\"u\":{\"n\":1}}");

        c.objects = set;
        object_set_add_problem(set, "racks", -EIO, BUS_ERROR_OBJECTS_UNAVAILABLE, "no racks");
        g_assert_cmpint(run_request_prepare(&c, job, &with, &p, &f), ==, -EIO);
        g_assert_cmpstr(f.name, ==, BUS_ERROR_OBJECTS_UNAVAILABLE);
        refusal_done(&f);
        object_set_add(set, "racks", object_list_new(json_node_dup_array(node), "id"));
        g_assert_no_errno(run_request_prepare(&c, job, &with, &p, &f));
        g_assert_cmpstr(p.result->data, ==, "{\"u\":\"r1\"}");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/run-request/order", test_order);
        g_test_add_func("/run-request/broken-class", test_broken_class);
        g_test_add_func("/run-request/data", test_data);
        g_test_add_func("/run-request/queues", test_queues);
        g_test_add_func("/run-request/limits", test_limits);
        g_test_add_func("/run-request/sensitive-variable", test_sensitive_variable);
        g_test_add_func("/run-request/sensitive-job", test_sensitive_job);
        g_test_add_func("/run-request/sensitive-despite-override", test_sensitive_despite_override);
        g_test_add_func("/run-request/sensitive-refused", test_sensitive_refused);
        g_test_add_func("/run-request/dry-run", test_dry_run);
        g_test_add_func("/run-request/objects", test_objects);
        g_test_add_func("/run-request/result", test_result);

        return g_test_run();
}
