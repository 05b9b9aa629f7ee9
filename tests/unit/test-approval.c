/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "approval.h"
#include "group-members.h"
#include "notify-unit.h"
#include "store-approval.h"
#include "store-schedule.h"
#include "test-records.h"
#include "test-store.h"
#include "user-group.h"

/* Who may approve what, and how the answers are kept. */

#define ALICE 1000 /* asks */
#define BOB 1001   /* in dba and review */
#define CAROL 1002 /* in dba */
#define DAVE 1003  /* in no group */
#define ERIN 1004  /* in review */

static int is_member(uint32_t uid, const char *user, const char *group, void *userdata) {
        if (strcmp(group, "dba") == 0)
                return uid == BOB || uid == CAROL || uid == ALICE;
        if (strcmp(group, "review") == 0)
                return uid == BOB || uid == ERIN;
        return strcmp(group, "ldap") == 0 ? -EIO : -ENOENT;
}

static GPtrArray *stages_new(const char *line) {
        GPtrArray *stages = approval_stages_new();
        g_autofree char *error = NULL;

        g_assert_cmpint(approval_stages_add(stages, line, &error), ==, 0);
        g_assert_cmpstr(error, ==, NULL);
        return stages;
}

/* ---- ApprovalStages= ---- */

static void test_stages(void) {
        static const struct {
                const char *line, *expected;
        } rows[] = {
                { "", "[]" },
                { "review:dba", "[{\"name\":\"review\",\"group\":\"dba\",\"min_approvers\":1}]" },
                { "  a:g:2\tb:h ", "[{\"name\":\"a\",\"group\":\"g\",\"min_approvers\":2},"
                                   "{\"name\":\"b\",\"group\":\"h\",\"min_approvers\":1}]" },
                { "\"four eyes\":'domain users':20",
                  "[{\"name\":\"four eyes\",\"group\":\"domain users\",\"min_approvers\":20}]" },
                { "a\\:b:g", "[{\"name\":\"a:b\",\"group\":\"g\",\"min_approvers\":1}]" },
                { "ü\\\"x:g", "[{\"name\":\"ü\\\"x\",\"group\":\"g\",\"min_approvers\":1}]" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                g_autoptr(GPtrArray) stages = stages_new(rows[i].line), again = NULL;
                g_autofree char *text = approval_stages_format(stages), *text_again = NULL;

                g_assert_cmpstr(text, ==, rows[i].expected);
                g_assert_cmpint(approval_stages_parse(text, &again), ==, 0);
                text_again = approval_stages_format(again);
                g_assert_cmpstr(text_again, ==, text);
        }
}

static void test_bad_stages(void) {
        g_autofree char *long_name = g_strnfill(APPROVAL_STAGE_NAME_MAX + 1, 'x');
        g_autofree char *long_line = g_strconcat(long_name, ":g", NULL), *many = NULL;
        GString *lines = g_string_new(NULL);
        const char *rows[][2] = {
                { "review", "names no group" },
                { "review:", "names no group" },
                { ":dba", "a stage has a name of 1 to 100 characters" },
                { "a:g:0", "\"0\" is not a number of approvers of the stage \"a\"; write 1 to 20" },
                { "a:g:21", "\"21\" is not a number" },
                { "a:g:", "\"\" is not a number" },
                { "a:g:-1", "\"-1\" is not a number" },
                { "a:g:2:3", "has more than three parts" },
                { "a:g a:h", "the stage \"a\" is there twice" },
                { "a:g/h", "names no group" },
                { "\"a:g", "a quote that does not end" },
                { "a\\x:g", "a backslash that is not before" },
                { "a:g\x1b[2J", "a control character" },
                { "a\xff:g", "not UTF-8" },
                { long_line, "a stage has a name of 1 to 100 characters" },
                { NULL, "more than 16 stages" },
        };

        for (unsigned i = 0; i <= APPROVAL_STAGES_MAX; i++)
                g_string_append_printf(lines, "s%u:g ", i);
        many = g_string_free(lines, false);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                g_autoptr(GPtrArray) stages = approval_stages_new();
                g_autofree char *error = NULL;

                g_assert_cmpint(approval_stages_add(stages, rows[i][0] ?: many, &error), ==, -EINVAL);
                g_assert_nonnull(strstr(error, rows[i][1]));
        }
}

static void test_bad_stored_stages(void) {
        static const char *const rows[] = {
                "{", "{}", "[1]", "[{}]", "[{\"name\":\"a\",\"group\":\"g\",\"min_approvers\":0}]",
                "[{\"name\":\"a\",\"group\":\"g\",\"min_approvers\":1,\"more\":1}]",
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                GPtrArray *stages = NULL;

                g_assert_cmpint(approval_stages_parse(rows[i], &stages), ==, -EINVAL);
                g_assert_null(stages);
        }
}

static void test_notify_units(void) {
        static const char *const wrong[] = { "", "@.service", "mail.service", "mail@x.service", "mail@.timer",
                                             "a b@.service", "../mail@.service", "mail@.service\n" };
        g_autofree char *instance = notify_unit_instance("jobd-mail@.service", "4a05e64e-b1a5-4b0f-8b8e-65a7c2dbb0e5");
        g_autofree char *long_name = g_strnfill(220, 'x'), *long_unit = g_strconcat(long_name, "@.service", NULL);
        g_autofree char *error = NULL;

        g_assert_cmpstr(instance, ==, "jobd-mail@4a05e64e-b1a5-4b0f-8b8e-65a7c2dbb0e5.service");
        g_assert_cmpint(notify_unit_check("jobd-mail@.service", NULL), ==, 0);
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                g_assert_cmpint(notify_unit_check(wrong[i], NULL), ==, -EINVAL);
        g_assert_cmpint(notify_unit_check(long_unit, &error), ==, -EINVAL);
        g_assert_nonnull(strstr(error, "is too long"));
}

/* ---- the rules ---- */

static void free_approval(void *p) {
        (void) approval_free(p);
}

typedef struct Request {
        ScheduledJob *sj;
        GPtrArray *stages, *approvals;
        ApprovalRules rules;
} Request;

static Request *request_new(const char *stages) {
        Request *q = g_new0(Request, 1);

        q->sj = test_scheduled_job_new("", "a.B", "upgrade");
        q->sj->state = SCHEDULED_JOB_PENDING;
        q->sj->interval = SCHEDULE_INTERVAL_IMMEDIATELY;
        q->stages = stages_new(stages);
        q->approvals = g_ptr_array_new_with_free_func(free_approval);
        q->rules = (ApprovalRules){ q->stages, q->approvals, is_member, NULL };
        return q;
}

static void request_free(Request *q) {
        (void) scheduled_job_free(q->sj);
        g_ptr_array_unref(q->stages);
        g_ptr_array_unref(q->approvals);
        g_free(q);
}
DEFINE_CLEANUP(Request *, request_free);

static void record(Request *q, uint32_t uid, bool approved) {
        Approval *a = g_new0(Approval, 1);

        a->stage = approval_current_stage(&q->rules);
        a->approver_uid = uid;
        a->approved = approved;
        g_ptr_array_add(q->approvals, a);
}

static ApprovalAnswer answer_of(uint32_t uid) {
        static char user[32];

        (void) g_snprintf(user, sizeof(user), "user%u", uid);
        return (ApprovalAnswer){ .approve = true, .comment = "", .uid = uid, .user = user,
                                .login_uid = UINT32_MAX, .now_usec = TEST_TIME + 1 };
}

/* message NULL: it may be given. One that ends in "*" is the beginning of it. */
static void assert_answer(Request *q, ApprovalAnswer answer, const char *name, const char *message) {
        _cleanup_(refusal_done) Refusal f = {};
        int r = approval_check(q->sj, &q->rules, &answer, &f);

        g_assert_cmpstr(f.name, ==, name);
        g_assert_true((r < 0) == (name != NULL));
        if (message && g_str_has_suffix(message, "*"))
                g_assert_true(strncmp(f.message, message, strlen(message) - 1) == 0);
        else
                g_assert_cmpstr(f.message, ==, message);
}

static void test_own_request(void) {
        _cleanup_(request_freep) Request *q = request_new(""), *roots = request_new("");
        ApprovalAnswer a = answer_of(ALICE), root = answer_of(0);

        /* A3; root too, and who has asked in another's name */
        assert_answer(q, a, BUS_ERROR_OWN_REQUEST, "You cannot approve your own job request!");
        a.approve = false;
        assert_answer(q, a, BUS_ERROR_OWN_REQUEST, "You cannot deny your own job request! *");
        root.user = "root"; /* requested_by of the record */
        assert_answer(q, root, BUS_ERROR_OWN_REQUEST, "You cannot approve your own job request!");
        roots->sj->requester_uid = 0;
        scheduled_job_set_text(&roots->sj->requested_by, "");
        assert_answer(roots, root, BUS_ERROR_OWN_REQUEST, "You cannot approve your own job request!");
        assert_answer(q, answer_of(DAVE), NULL, NULL);

        /* sudo */
        a = answer_of(BOB);
        a.login_uid = ALICE;
        assert_answer(q, a, BUS_ERROR_OWN_REQUEST, "You cannot approve your own job request!");
        a.login_uid = CAROL;
        assert_answer(q, a, NULL, NULL);
        a.login_user = "root"; /* requested_by of the record */
        assert_answer(q, a, BUS_ERROR_OWN_REQUEST, "You cannot approve your own job request!");
}

/* Whoever sits behind a sudo is who has answered, and does so once. */
static void test_person(void) {
        _cleanup_(request_freep) Request *q = request_new("tech:dba:2"), *as_who_they_are = request_new("tech:dba:2");
        ApprovalAnswer a = answer_of(CAROL);
        const char *user;

        a.user = "carol";
        a.login_uid = BOB;
        a.login_user = "bob";
        g_assert_cmpuint(approval_person(&a, &user), ==, BOB);
        g_assert_cmpstr(user, ==, "bob");
        a.login_uid = CAROL;
        g_assert_cmpuint(approval_person(&a, &user), ==, CAROL);
        g_assert_cmpstr(user, ==, "carol");
        a.login_uid = UINT32_MAX;
        g_assert_cmpuint(approval_person(&a, &user), ==, CAROL);

        record(as_who_they_are, BOB, true);
        a.login_uid = BOB;
        assert_answer(as_who_they_are, a, BUS_ERROR_ALREADY_ANSWERED, "You have already approved to this stage.");
        record(q, BOB, true); /* by the same sudo */
        assert_answer(q, answer_of(BOB), BUS_ERROR_ALREADY_ANSWERED, "You have already approved to this stage.");
        assert_answer(q, answer_of(CAROL), NULL, NULL);
}

static void test_complete(void) {
        _cleanup_(request_freep) Request *q = request_new("tech:dba:2 final:review");
        char digest[] = "0123abcd", other[] = "0123abce";
        const uint32_t approvers[] = { BOB, CAROL, ERIN };

        for (size_t i = 0; i < ELEMENTSOF(approvers); i++) {
                g_assert_false(approval_is_complete(&q->rules, digest));
                record(q, approvers[i], true);
                ((Approval *) q->approvals->pdata[i])->digest = g_strdup(digest);
        }
        g_assert_true(approval_is_complete(&q->rules, digest));
        g_assert_false(approval_is_complete(&q->rules, other));
        ((Approval *) q->approvals->pdata[1])->digest[0] = 'x';
        g_assert_false(approval_is_complete(&q->rules, digest));
        ((Approval *) q->approvals->pdata[1])->digest[0] = '0';
        ((Approval *) q->approvals->pdata[1])->voided = true;
        g_assert_false(approval_is_complete(&q->rules, digest));
}

static void test_state(void) {
        _cleanup_(request_freep) Request *q = request_new("");

        for (ScheduledJobState s = 0; s < _SCHEDULED_JOB_STATE_MAX; s++) {
                q->sj->state = s;
                if (s == SCHEDULED_JOB_PENDING)
                        assert_answer(q, answer_of(BOB), NULL, NULL);
                else
                        assert_answer(q, answer_of(BOB), BUS_ERROR_NOT_PENDING,
                                      "scheduled job 'upgrade' does not wait for an approval: it is *");
        }

        /* It has expired, and that is not stored yet. */
        q->sj->state = SCHEDULED_JOB_PENDING;
        q->sj->expires_at = answer_of(BOB).now_usec + 1;
        assert_answer(q, answer_of(BOB), NULL, NULL);
        q->sj->expires_at--;
        assert_answer(q, answer_of(BOB), BUS_ERROR_NOT_PENDING,
                      "scheduled job 'upgrade' does not wait for an approval: it is expired, nobody has answered in "
                      "time");
}

static void test_start_time(void) {
        _cleanup_(request_freep) Request *q = request_new("");
        ApprovalAnswer a = answer_of(BOB);

        /* A4, and what the reference gets wrong: one to be run immediately needs no force */
        q->sj->start_time = a.now_usec - 1;
        assert_answer(q, a, NULL, NULL);
        q->sj->interval = SCHEDULE_INTERVAL_DAILY;
        assert_answer(q, a, NULL, NULL);
        q->sj->interval = SCHEDULE_INTERVAL_FUTURE;
        assert_answer(q, a, BUS_ERROR_START_TIME_PAST,
                      "The job's start time is in the past. If you want to force a run anyway, add the `force` "
                      "option.");
        a.force = true;
        assert_answer(q, a, NULL, NULL);
        a.force = a.approve = false;
        assert_answer(q, a, NULL, NULL);
        q->sj->start_time = a.now_usec;
        a.approve = true;
        assert_answer(q, a, NULL, NULL);
}

static void test_digest_and_comment(void) {
        _cleanup_(request_freep) Request *q = request_new("");
        ApprovalAnswer a = answer_of(BOB);
        g_autofree char *long_comment = g_strnfill(APPROVAL_COMMENT_MAX + 1, 'x');

        a.digest = "0123abcd";
        assert_answer(q, a, NULL, NULL);
        a.digest = "0123abce";
        assert_answer(q, a, BUS_ERROR_REQUEST_CHANGED, "the request is not the one that you have looked at*");
        a.digest = NULL;

        /* What has changed is approved by its digest only. */
        scheduled_job_set_text(&q->sj->state_reason, "it was changed by alice");
        assert_answer(q, a, BUS_ERROR_REQUEST_CHANGED,
                      "the request is not the one that was made: it was changed by alice. Look at it again, by *");
        a.approve = false;
        assert_answer(q, a, NULL, NULL);
        a.approve = true;
        a.digest = "0123abcd";
        assert_answer(q, a, NULL, NULL);
        a.comment = "fine\n\tso far, ü";
        assert_answer(q, a, NULL, NULL);
        a.comment = "\x1b[2J";
        assert_answer(q, a, BUS_ERROR_INVALID_VALUE, "the comment has control characters: leave them out");
        a.comment = "\xc2\x9b";
        assert_answer(q, a, BUS_ERROR_INVALID_VALUE, "the comment has control characters: leave them out");
        a.comment = long_comment;
        assert_answer(q, a, BUS_ERROR_DATA_TOO_LARGE, "the comment is too long: it may have 4096 bytes");
}

static void test_several_stages(void) {
        _cleanup_(request_freep) Request *q = request_new("tech:dba:2 final:review");

        g_assert_cmpuint(approval_n_stages(&q->rules), ==, 2);
        assert_answer(q, answer_of(DAVE), BUS_ERROR_NOT_APPROVER,
                      "You do not have permission to approve this stage: stage 'tech' is answered by the members of "
                      "group 'dba'");
        assert_answer(q, answer_of(0), BUS_ERROR_NOT_APPROVER, "You do not have permission to approve this stage*");
        assert_answer(q, answer_of(ERIN), BUS_ERROR_NOT_APPROVER, "You do not have permission to approve this stage*");
        assert_answer(q, answer_of(BOB), NULL, NULL);
        record(q, BOB, true);

        g_assert_cmpuint(approval_current_stage(&q->rules), ==, 0);
        assert_answer(q, answer_of(BOB), BUS_ERROR_ALREADY_ANSWERED, "You have already approved to this stage.");
        record(q, CAROL, true);

        /* Bob is in that group as well, and counts no second time. */
        g_assert_cmpuint(approval_current_stage(&q->rules), ==, 1);
        assert_answer(q, answer_of(BOB), BUS_ERROR_ALREADY_ANSWERED, "You have already approved to another stage*");
        assert_answer(q, answer_of(CAROL), BUS_ERROR_ALREADY_ANSWERED, "You have already approved to another stage*");
        assert_answer(q, answer_of(ERIN), NULL, NULL);
        record(q, ERIN, true);
        g_assert_cmpuint(approval_current_stage(&q->rules), ==, approval_n_stages(&q->rules));

        /* Voided ones do not count, and who gave them may answer again. */
        for (guint i = 0; i < q->approvals->len; i++)
                ((Approval *) q->approvals->pdata[i])->voided = true;
        g_assert_cmpuint(approval_current_stage(&q->rules), ==, 0);
        assert_answer(q, answer_of(BOB), NULL, NULL);
}

static void test_missing_groups(void) {
        _cleanup_(request_freep) Request *q = request_new("one:nogroup"), *slow = request_new("one:ldap"),
                                         *fine = request_new("one:dba two:review");
        _cleanup_(refusal_done) Refusal f = {};

        assert_answer(q, answer_of(BOB), BUS_ERROR_NOT_APPROVER,
                      "nobody can answer stage 'one': its group 'nogroup' does not exist on this host: make that "
                      "group, or have the request taken back");
        assert_answer(slow, answer_of(BOB), BUS_ERROR_NOT_APPROVER, "cannot find out whether user1001 is in group*");
        g_assert_cmpint(approval_check_stages("a.B", &fine->rules, &f), ==, 0);
        g_assert_cmpint(approval_check_stages("a.B", &slow->rules, &f), ==, 0);
        g_assert_cmpint(approval_check_stages("a.B", &q->rules, &f), ==, -ENOENT);
        g_assert_cmpstr(f.message, ==,
                        "job 'a.B' has the approval stage 'one', which nobody can answer: its group 'nogroup' does "
                        "not exist on this host: make that group, or change ApprovalStages= of the job class");
}

/* The host's own database; root is in the group root everywhere. */
static void test_user_groups(void) {
        g_assert_cmpint(user_is_in_group(0, "root"), ==, 1);
        g_assert_cmpint(user_is_in_group(65534, "root"), ==, 0);
        g_assert_cmpint(user_is_in_group(UINT32_MAX, "root"), ==, 0);
        g_assert_cmpint(user_is_in_group(0, "there-is-no-such-group"), ==, -ENOENT);
        g_assert_cmpint(group_count_members("root", NULL, 1), ==, 1);
        g_assert_cmpint(group_count_members("root", "root", 0), ==, 0);
        g_assert_cmpint(group_count_members("there-is-no-such-group", NULL, 1), ==, -ENOENT);
}

static void assert_lack(const char *line, unsigned stage, const char *expected) {
        g_autoptr(GPtrArray) stages = stages_new(line);
        g_autofree char *lack = approval_stage_describe_lack(stages, stage);

        g_assert_cmpstr(lack, ==, expected);
}

static void test_lack(void) {
        assert_lack("a:root", 0, NULL);
        assert_lack("a:none-such", 0, "its group 'none-such' does not exist on this host");
        assert_lack("a:root:20 b:root:20 c:root:20", 0, "its group 'root' has 1 member, and 20 must approve");
        assert_lack("a:root:20 b:root:20 c:root:20", 2, "its group 'root' has 1 member, and 60 must approve");
        assert_lack("a:root:20 b:none-such", 1, "its group 'none-such' does not exist on this host");
        assert_lack("a:none-such b:root", 1, NULL);
}

/* ---- the store ---- */

static void insert(StoreTest *t, const char *id, uint32_t uid, bool approved, int expected) {
        char approver[] = "bob", comment[] = "ok; '; DROP TABLE approval; --", digest[] = "0123abcd";
        const Approval a = { 1, uid, approver, approved, comment, digest, TEST_TIME, false };

        g_assert_cmpint(store_approval_insert(t->store, id, &a), ==, expected);
}

static void test_store(StoreTest *t, const void *unused) {
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = test_scheduled_job_new("", "a.B", "one"),
                                                    *other = test_scheduled_job_new("", "a.B", "two");
        g_autoptr(GPtrArray) approvals = NULL;
        g_autofree char *facts = NULL;
        const Approval *a;

        g_assert_cmpint(store_schedule_insert(t->store, sj), ==, 0);
        g_assert_cmpint(store_schedule_insert(t->store, other), ==, 0);
        insert(t, sj->id, BOB, true, 0);
        insert(t, sj->id, BOB, true, -EEXIST);
        insert(t, sj->id, CAROL, false, 0);
        insert(t, other->id, BOB, true, 0);
        g_assert_cmpint(store_approval_void(t->store, sj->id), ==, 0);
        insert(t, sj->id, BOB, false, 0);
        g_assert_cmpint(store_approval_get_facts(t->store, sj->id, &facts), ==, 0);
        g_assert_cmpint(store_approval_put_facts(t->store, sj->id, "[]"), ==, 0);
        g_assert_cmpint(store_approval_put_facts(t->store, sj->id, "[[\"a\",\"b\",\"c\"]]"), ==, 0);
        store_test_reopen(t);

        g_assert_cmpint(store_approval_list(t->store, sj->id, &approvals), ==, 0);
        g_assert_cmpuint(approvals->len, ==, 3);
        a = approvals->pdata[0];
        g_assert_true(a->voided && a->approved);
        g_assert_cmpuint(a->stage, ==, 1);
        g_assert_cmpuint(a->approver_uid, ==, BOB);
        g_assert_cmpstr(a->approver, ==, "bob");
        g_assert_cmpstr(a->comment, ==, "ok; '; DROP TABLE approval; --");
        g_assert_cmpstr(a->digest, ==, "0123abcd");
        g_assert_cmpuint(a->date, ==, TEST_TIME);
        a = approvals->pdata[2];
        g_assert_true(!a->voided && !a->approved);
        g_assert_cmpint(store_approval_get_facts(t->store, sj->id, &facts), ==, 1);
        g_assert_cmpstr(facts, ==, "[[\"a\",\"b\",\"c\"]]");

        /* They go with the scheduled job. */
        g_assert_cmpint(store_schedule_delete(t->store, sj->id), ==, 0);
        g_assert_cmpint(store_commit(t->store), ==, 0);
        assert_sql(t->path, "SELECT (SELECT count(*) FROM approval), (SELECT count(*) FROM approval_request)", "1|0");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/approval/stages", test_stages);
        g_test_add_func("/approval/stages/bad", test_bad_stages);
        g_test_add_func("/approval/stages/stored", test_bad_stored_stages);
        g_test_add_func("/approval/notify-units", test_notify_units);
        g_test_add_func("/approval/own-request", test_own_request);
        g_test_add_func("/approval/person", test_person);
        g_test_add_func("/approval/complete", test_complete);
        g_test_add_func("/approval/state", test_state);
        g_test_add_func("/approval/start-time", test_start_time);
        g_test_add_func("/approval/digest-and-comment", test_digest_and_comment);
        g_test_add_func("/approval/several-stages", test_several_stages);
        g_test_add_func("/approval/missing-groups", test_missing_groups);
        g_test_add_func("/approval/user-groups", test_user_groups);
        g_test_add_func("/approval/lack", test_lack);
        g_test_add("/approval/store", StoreTest, NULL, store_test_setup, test_store, store_test_teardown);
        return g_test_run();
}
