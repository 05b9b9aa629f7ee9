/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "json.h"
#include "request-json.h"
#include "test-loader.h"
#include "test-records.h"

/* What an approver is shown. */

static const Settings settings = {
        .default_soft_time_limit_usec = 300 * USEC_PER_SEC,
        .default_time_limit_usec = 600 * USEC_PER_SEC,
};

static void free_approval(void *p) {
        (void) approval_free(p);
}

typedef struct View {
        ScheduledJob *sj;
        Job *job;
        JobClass *class;
        RequestDigest digest;
        GPtrArray *stages, *approvals;
        ApprovalRules rules;
        RequestView view;
} View;

static void setup(View *v, const void *unused) {
        Approval *a = g_new0(Approval, 1);
        g_autofree char *error = NULL;

        v->sj = test_scheduled_job_new("", "a.B", "upgrade \x1b[31m");
        v->sj->interval = SCHEDULE_INTERVAL_IMMEDIATELY;
        v->sj->state = SCHEDULED_JOB_PENDING;
        v->job = job_new("a", "B");
        v->job->effective.time_limit_usec = 1500 * USEC_PER_MSEC;
        v->class = test_class_new("a.B",
                                  VARIABLE("device", "Label=Host name") VARIABLE("password", "Sensitive=yes")
                                  "[Service]\nExecStart=/bin/sh -c \"exit 0\"\nUser=net\nMemoryMax=1M\n"
                                  "SystemCallFilter=@file-system\nSystemCallFilter=~mount\n",
                                  false);
        v->stages = approval_stages_new();
        g_assert_cmpint(approval_stages_add(v->stages, "tech:dba:2", &error), ==, 0);
        v->approvals = g_ptr_array_new_with_free_func(free_approval);
        *a = (Approval){ .approver_uid = 1001, .approver = g_strdup("bob"), .approved = true,
                         .comment = g_strdup("fine\xe2\x80\xae"), .digest = g_strdup("00"), .date = TEST_TIME };
        g_ptr_array_add(v->approvals, a);
        v->rules = (ApprovalRules){ v->stages, v->approvals, NULL, NULL };
        request_digest_make(NULL, v->sj, v->job, v->class, &v->digest);
        v->view = (RequestView){ v->sj, v->job, v->class, NULL, &v->digest, "MemoryMax= was added", &v->rules,
                                 &settings };
}

static void teardown(View *v, const void *unused) {
        (void) scheduled_job_free(v->sj);
        (void) job_free(v->job);
        (void) job_class_free(v->class);
        request_digest_done(&v->digest);
        g_ptr_array_unref(v->stages);
        g_ptr_array_unref(v->approvals);
}

static JsonObject *parse(const char *text) {
        g_autofree char *error = NULL;
        JsonObject *o = NULL;

        g_assert_cmpint(json_parse_object(text, strlen(text), SIZE_MAX, &o, &error), ==, 0);
        g_assert_cmpstr(error, ==, NULL);
        return o;
}

/* The member as compact JSON. */
static void assert_member(JsonObject *o, const char *member, const char *expected) {
        g_autofree char *text = json_format(json_object_get_member(o, member));

        g_assert_cmpstr(text, ==, expected);
}

/* Whatever User= says. */
static void test_root_command(View *v, const void *unused) {
        static const struct {
                const char *flag, *user;
        } cases[] = { { "privileged", "\"root\"" }, { "no-setuid", "\"root\"" }, { "no-env-expand", "\"net\"" } };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *const argv[] = { "id", NULL }, *const flags[] = { "ignore-failure", cases[i].flag, NULL };
                UnitProperty *p = (UnitProperty *) unit_property_find(v->view.class->properties, i == 0 ? "ExecStart" : "ExecStartEx");
                g_autofree char *text = NULL;
                g_autoptr(JsonObject) o = NULL;
                GVariant *command = g_variant_new("(s^as^as)", "/bin/id", argv, flags);

                g_free(p->name);
                p->name = g_strdup("ExecStartEx");
                g_variant_unref(p->value);
                p->value = g_variant_ref_sink(g_variant_new_array(NULL, &command, 1));
                text = request_to_json(&v->view);
                o = parse(text);
                assert_member(o, "user", cases[i].user);
        }
}

static void test_all(View *v, const void *unused) {
        g_autofree char *text = NULL;
        g_autoptr(JsonObject) o = NULL;

        text = request_to_json(&v->view);
        o = parse(text);
        assert_member(o, "class_path", "\"a.B\"");
        assert_member(o, "file", "\"/jobs/a.B.job\"");
        assert_member(o, "requester", "\"alice\"");
        assert_member(o, "requested_by", "\"root\"");
        assert_member(o, "interval", "\"immediately\"");
        assert_member(o, "command", "\"/bin/sh -c \\\"exit 0\\\"\"");
        assert_member(o, "user", "\"net\"");
        assert_member(o, "soft_time_limit", "300");
        assert_member(o, "time_limit", "1.5");
        assert_member(o, "changed", "\"MemoryMax= was added\"");
        assert_member(o, "inputs",
                      "[{\"name\":\"device\",\"label\":\"Host name\",\"type\":\"string\",\"sealed\":false,"
                      "\"value\":\"r1\",\"text\":\"r1\"},"
                      "{\"name\":\"password\",\"label\":\"password\",\"type\":\"string\",\"sealed\":true,"
                      "\"value\":null,\"text\":\"(sealed)\"}]");
        assert_member(o, "stages", "[{\"name\":\"tech\",\"group\":\"dba\",\"min_approvers\":2,\"approved\":1,"
                                   "\"current\":true}]");
        g_assert_cmpstr(json_object_get_string_member(json_object_get_object_member(o, "properties"), "MemoryMax"), ==,
                        "1048576");
        g_assert_nonnull(strstr(json_object_get_string_member(json_object_get_object_member(o, "properties"),
                                                              "SystemCallFilter"), " ; "));
        g_assert_cmpstr(json_object_get_string_member(
                                        json_array_get_object_element(json_object_get_array_member(o, "programs"), 0),
                                        "path"), ==, "/bin/sh");
}

/* Neither the text nor what it means drives a terminal; the exact value is there all the same. */
static void test_safe(View *v, const void *unused) {
        static const char data[] = "{\"device\":\"a\\u001b[2J\xc2\x9b\xe2\x80\xae\\u007f\",\"gone\":[1,{\"x\":null}]}";
        g_autofree char *text = NULL;
        g_autoptr(JsonObject) o = NULL;
        JsonObject *input;

        scheduled_job_set_text(&v->sj->data, data);
        text = request_to_json(&v->view);
        for (const char *p = text; *p; p = g_utf8_next_char(p))
                g_assert_false(g_unichar_iscntrl(g_utf8_get_char(p)) || g_utf8_get_char(p) == 0x202e);
        o = parse(text);
        assert_member(o, "name", "\"upgrade \\\\x1b[31m\"");
        input = json_array_get_object_element(json_object_get_array_member(o, "inputs"), 0);
        assert_member(input, "text", "\"a\\\\x1b[2J\\\\u009b\\\\u202e\\\\x7f\"");
        g_assert_cmpstr(json_object_get_string_member(input, "value"), ==, "a\x1b[2J\xc2\x9b\xe2\x80\xae\x7f");
        input = json_array_get_object_element(json_object_get_array_member(o, "inputs"), 2);
        assert_member(input, "name", "\"gone\"");
        assert_member(input, "text", "\"[1,{\\\"x\\\":null}]\"");
        g_assert_cmpstr(json_object_get_string_member(
                                        json_array_get_object_element(json_object_get_array_member(o, "answers"), 0),
                                        "comment"), ==, "fine\\u202e");
}

/* Of a class that is gone there is still to be seen what was asked for. */
static void test_without_class(View *v, const void *unused) {
        g_autofree char *text = NULL;
        g_autoptr(JsonObject) o = NULL;

        v->view.class = NULL;
        v->view.job = NULL;
        v->view.digest = NULL;
        v->view.class_error = "the class of job 'a.B' is no longer on disk";
        text = request_to_json(&v->view);
        o = parse(text);
        assert_member(o, "problem", "\"the class of job 'a.B' is no longer on disk\"");
        assert_member(o, "programs", "[]");
        assert_member(o, "inputs", "[{\"name\":\"device\",\"label\":\"device\",\"type\":null,\"sealed\":false,"
                                   "\"value\":\"r1\",\"text\":\"r1\"}]");
}

static void test_file(View *v, const void *unused) {
        g_autofree char *text = NULL;
        g_autoptr(JsonObject) o = NULL;

        scheduled_job_set_text(&v->sj->data, "{\"device\":{\"name\":\"x.txt\",\"size\":3,\"sha256\":\"ba78\"}}");
        text = request_to_json(&v->view);
        o = parse(text);
        assert_member(o, "files", "[{\"name\":\"x.txt\",\"size\":3,\"sha256\":\"ba78\",\"variable\":\"device\"}]");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add("/request-json/all", View, NULL, setup, test_all, teardown);
        g_test_add("/request-json/root-command", View, NULL, setup, test_root_command, teardown);
        g_test_add("/request-json/safe", View, NULL, setup, test_safe, teardown);
        g_test_add("/request-json/without-class", View, NULL, setup, test_without_class, teardown);
        g_test_add("/request-json/file", View, NULL, setup, test_file, teardown);
        return g_test_run();
}
