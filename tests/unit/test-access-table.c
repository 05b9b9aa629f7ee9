/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "access-table.h"
#include "names.h"

/* The table of rules against the interfaces as they are documented and against the actions that polkit knows. */

#define ID "/f81d4fae7dec11d0a76500a0c91e6bf6"

typedef struct Documented {
        char *interface;
        GHashTable *members; /* set of "interface.Member" */
} Documented;

static const char *attribute(const char *wanted, const char **names, const char **values) {
        for (size_t i = 0; names[i]; i++)
                if (strcmp(names[i], wanted) == 0)
                        return values[i];
        g_error("there is no attribute %s", wanted);
}

static void on_element(GMarkupParseContext *context, const char *element, const char **names, const char **values,
                       void *userdata, GError **error) {
        Documented *d = userdata;

        if (strcmp(element, "interface") == 0) {
                g_free(d->interface);
                d->interface = g_strdup(attribute("name", names, values));
        } else if (strcmp(element, "method") == 0)
                (void) g_hash_table_add(d->members,
                                        g_strdup_printf("%s.%s", d->interface, attribute("name", names, values)));
}

static void read_interfaces(Documented *d, const char *path) {
        static const GMarkupParser parser = { .start_element = on_element };
        g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(&parser, 0, d, NULL);
        g_autofree char *text = NULL;
        g_autoptr(GError) e = NULL;

        g_assert_true(g_file_get_contents(path, &text, NULL, &e));
        g_assert_true(g_markup_parse_context_parse(context, text, -1, &e));
        g_assert_true(g_markup_parse_context_end_parse(context, &e));
}

/* A method without a rule cannot be called, and a rule without a method is a typing error. */
static void test_interfaces(void) {
        g_autofree char *directory = g_test_build_filename(G_TEST_DIST, "..", "dbus", NULL);
        g_autoptr(GHashTable) members = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
        Documented d = { NULL, members };
        const char *name;

        g_assert_nonnull(dir);
        while ((name = g_dir_read_name(dir)))
                if (g_str_has_suffix(name, ".xml")) {
                        g_autofree char *path = g_build_filename(directory, name, NULL);

                        read_interfaces(&d, path);
                }
        g_free(d.interface);

        for (size_t i = 0; i < access_rules_size; i++) {
                g_autofree char *member = g_strdup_printf("%s.%s", access_rules[i].interface, access_rules[i].member);

                if (!g_hash_table_remove(members, member))
                        g_error("%s has a rule, and is not documented or has another rule", member);
        }
        if (g_hash_table_size(members) > 0) {
                GHashTableIter i;
                void *member;

                g_hash_table_iter_init(&i, members);
                (void) g_hash_table_iter_next(&i, &member, NULL);
                g_error("%s is documented and has no rule", (const char *) member);
        }
}

static bool is_about_a_job(const AccessRule *rule) {
        return rule->target == ACCESS_TARGET_JOB_ARG || rule->target == ACCESS_TARGET_JOB_PATH ||
               rule->target == ACCESS_TARGET_RESULT_ARG || rule->target == ACCESS_TARGET_RESULT_PATH ||
               rule->target == ACCESS_TARGET_QUEUE_ARG || rule->target == ACCESS_TARGET_QUEUE_PATH ||
               rule->target == ACCESS_TARGET_MODEL_ARG ||
               rule->target == ACCESS_TARGET_SCHEDULE_ARG || rule->target == ACCESS_TARGET_SCHEDULE_PATH;
}

static void assert_action(const char *id, const char *policy) {
        g_autofree char *action = g_strdup_printf("<action id=\"%s\">", id);

        g_assert_nonnull(strstr(policy, action));
}

/* The three that go together: what polkit is asked, what it asks the user, and what the user is told. */
static void assert_rule(const AccessRule *rule, const char *policy) {
        if (!rule->action) {
                /* Nobody is asked: then it may not be about any one job */
                g_assert_true(!rule->message && !rule->verb && !rule->requester_may);
                g_assert_false(is_about_a_job(rule));
                return;
        }

        assert_action(rule->action, policy);
        if (rule->and_action)
                assert_action(rule->and_action, policy);
        if (rule->one_action)
                assert_action(rule->one_action, policy);
        g_assert_true(rule->and_action || !rule->and_refusal);
        g_assert_true(rule->and_action || !rule->one_action);
        g_assert_nonnull(rule->verb);
        g_assert_cmpstr(rule->verb, !=, "");
        g_assert_true(g_str_has_prefix(rule->message, "Authentication is required to "));
        g_assert_true(g_str_has_suffix(rule->message, "."));
        /* polkit puts what it is about there */
        g_assert_true(is_about_a_job(rule) == (strstr(rule->message, "$(what)") != NULL));
        if (rule->requester_may)
                g_assert_true(rule->target == ACCESS_TARGET_RESULT_ARG || rule->target == ACCESS_TARGET_RESULT_PATH ||
                              rule->target == ACCESS_TARGET_SCHEDULE_ARG ||
                              rule->target == ACCESS_TARGET_SCHEDULE_PATH);
}

static char *read_policy(void) {
        g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "polkit", "org.jobd1.policy", NULL);
        char *policy = NULL;

        g_assert_true(g_file_get_contents(path, &policy, NULL, NULL));
        return policy;
}

static void test_rules(void) {
        g_autofree char *policy = read_policy();

        for (size_t i = 0; i < access_rules_size; i++) {
                const AccessRule *rule = &access_rules[i];

                g_test_message("%s.%s", rule->interface, rule->member);
                assert_rule(rule, policy);
                g_assert_true(access_rule_find("/anywhere", rule->interface, rule->member) == rule);
        }
}

/* Who may do it, as the design has it. */
static void test_actions(void) {
        static const struct {
                const char *interface, *member, *action;
                bool requester_may;
                const char *and_action;
        } table[] = {
                { JOBD_MANAGER_INTERFACE, "RunJob", "org.jobd1.run-job", false },
                { JOBD_MANAGER_INTERFACE, "Refresh", "org.jobd1.change-job", false },
                { JOBD_MANAGER_INTERFACE, "GetJob", "org.jobd1.view-job", false },
                { JOBD_MANAGER_INTERFACE, "GetJobResult", "org.jobd1.view-jobresult", true },
                { JOBD_MANAGER_INTERFACE, "GetScheduledJob", "org.jobd1.view-scheduledjob", true },
                { JOBD_MANAGER_INTERFACE, "ListScheduledJobs", NULL, false },
                { JOBD_SCHEDULE_INTERFACE, "Approve", "org.jobd1.approve-job", false,
                  "org.jobd1.change-scheduledjob" },
                { JOBD_SCHEDULE_INTERFACE, "Deny", "org.jobd1.approve-job", false,
                  "org.jobd1.delete-scheduledjob" },
                { JOBD_SCHEDULE_INTERFACE, "DryRun", "org.jobd1.view-scheduledjob", true,
                  "org.jobd1.run-job" },
                { JOBD_SCHEDULE_INTERFACE, "GetRequest", "org.jobd1.view-scheduledjob", true },
                { JOBD_SCHEDULE_INTERFACE, "SetEnabled", "org.jobd1.change-scheduledjob", true },
                { JOBD_SCHEDULE_INTERFACE, "Update", "org.jobd1.change-scheduledjob", true },
                { JOBD_SCHEDULE_INTERFACE, "TakeOver", "org.jobd1.change-scheduledjob", false,
                  "org.jobd1.run-job" },
                { JOBD_SCHEDULE_INTERFACE, "RunNow", "org.jobd1.view-scheduledjob", true,
                  "org.jobd1.run-job" },
                { JOBD_SCHEDULE_INTERFACE, "Cancel", "org.jobd1.delete-scheduledjob", true },
                { JOBD_SCHEDULE_INTERFACE, "Delete", "org.jobd1.delete-scheduledjob", true },
                { JOBD_MANAGER_INTERFACE, "ListJobs", NULL, false },
                { JOBD_MANAGER_INTERFACE, "ListJobResults", NULL, false },
                { JOBD_MANAGER_INTERFACE, "ListObjectModels", "org.jobd1.view-object", false },
                { JOBD_MANAGER_INTERFACE, "ListObjects", "org.jobd1.view-object", false },
                { JOBD_MANAGER_INTERFACE, "ImportObjects", "org.jobd1.change-object", false },
                { JOBD_MANAGER_INTERFACE, "CountJobResults", NULL, false },
                { JOBD_JOB_INTERFACE, "Run", "org.jobd1.run-job", false },
                { JOBD_JOB_INTERFACE, "Enable", "org.jobd1.change-job", false },
                { JOBD_JOB_INTERFACE, "Disable", "org.jobd1.change-job", false },
                { JOBD_JOB_INTERFACE, "SetOverride", "org.jobd1.change-job", false },
                { JOBD_JOB_INTERFACE, "ClearOverride", "org.jobd1.change-job", false },
                { JOBD_JOB_INTERFACE, "Update", "org.jobd1.change-job", false },
                { JOBD_JOB_INTERFACE, "GetVariables", "org.jobd1.view-job", false },
                { JOBD_JOB_INTERFACE, "GetClass", "org.jobd1.view-job", false },
                { JOBD_JOB_INTERFACE, "Delete", "org.jobd1.delete-job", false },
                { JOBD_RESULT_INTERFACE, "Cancel", "org.jobd1.cancel-job", true },
                { JOBD_RESULT_INTERFACE, "OpenLog", "org.jobd1.view-joblog", true },
                { JOBD_RESULT_INTERFACE, "Delete", "org.jobd1.delete-jobresult", false },
                { JOBD_RESULT_INTERFACE, "ListOutputs", "org.jobd1.view-jobresult", true },
                { JOBD_RESULT_INTERFACE, "OpenOutput", "org.jobd1.view-jobresult", true },
                { JOBD_MANAGER_INTERFACE, "CleanJobResults", "org.jobd1.delete-jobresult", false },
                { JOBD_MANAGER_INTERFACE, "CancelJobResults", NULL, false },
                { JOBD_MANAGER_INTERFACE, "GetJobQueue", "org.jobd1.view-jobqueue", false },
                { JOBD_MANAGER_INTERFACE, "ListJobQueues", NULL, false },
                { JOBD_MANAGER_INTERFACE, "CreateJobQueue", "org.jobd1.change-jobqueue", false },
                { JOBD_QUEUE_INTERFACE, "Set", "org.jobd1.change-jobqueue", false },
                { JOBD_QUEUE_INTERFACE, "Delete", "org.jobd1.change-jobqueue", false },
                { JOBD_RUN_INTERFACE, "Open", NULL, false },
                { JOBD_RUN_INTERFACE, "Log", NULL, false },
                { JOBD_RUN_INTERFACE, "SetProgress", NULL, false },
                { JOBD_RUN_INTERFACE, "SetResult", NULL, false },
                { JOBD_RUN_INTERFACE, "AddOutput", NULL, false },
                { JOBD_RUN_INTERFACE, "Fail", NULL, false },
        };

        g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                const AccessRule *rule = access_rule_find("/anywhere", table[i].interface, table[i].member);

                g_test_message("%s.%s", table[i].interface, table[i].member);
                g_assert_nonnull(rule);
                g_assert_cmpstr(rule->action, ==, table[i].action);
                g_assert_cmpstr(rule->and_action, ==, table[i].and_action);
                g_assert_true(rule->requester_may == table[i].requester_may);
                (void) g_hash_table_add(seen, (void *) rule);
        }
        g_assert_cmpuint(g_hash_table_size(seen), ==, access_rules_size); /* what is new has to be said here, too */
}

static void assert_reading(const char *path, const char *action, AccessTarget target, bool requester_may) {
        static const char *const calls[][2] = {
                { "org.freedesktop.DBus.Properties", "Get" },
                { "org.freedesktop.DBus.Properties", "GetAll" },
                { "org.freedesktop.DBus.Introspectable", "Introspect" },
                { "org.freedesktop.DBus.ObjectManager", "GetManagedObjects" },
        };
        g_autofree char *policy = read_policy();

        for (size_t i = 0; i < ELEMENTSOF(calls); i++) {
                const AccessRule *rule = access_rule_find(path, calls[i][0], calls[i][1]);

                g_assert_nonnull(rule);
                g_assert_cmpstr(rule->action, ==, action);
                g_assert_cmpint(rule->target, ==, target);
                g_assert_true(rule->requester_may == requester_may);
                assert_rule(rule, policy);
        }
        /* No property can be set by this call */
        g_assert_null(access_rule_find(path, "org.freedesktop.DBus.Properties", "Set"));
}

/* Reading an object is viewing it; the others show nothing of any job. */
static void test_reading(void) {
        assert_reading(JOBD_JOB_PATH ID, "org.jobd1.view-job", ACCESS_TARGET_JOB_PATH, false);
        assert_reading(JOBD_JOB_PATH "/nonsense", "org.jobd1.view-job", ACCESS_TARGET_JOB_PATH, false);
        assert_reading(JOBD_RESULT_PATH ID, "org.jobd1.view-jobresult", ACCESS_TARGET_RESULT_PATH, true);
        assert_reading(JOBD_QUEUE_PATH ID, "org.jobd1.view-jobqueue", ACCESS_TARGET_QUEUE_PATH, false);
        assert_reading(JOBD_SCHEDULE_PATH ID, "org.jobd1.view-scheduledjob", ACCESS_TARGET_SCHEDULE_PATH, true);
        assert_reading(JOBD_SCHEDULE_PATH, NULL, ACCESS_TARGET_NONE, false);
        assert_reading(JOBD_MANAGER_PATH, NULL, ACCESS_TARGET_NONE, false);
        assert_reading(JOBD_JOB_PATH, NULL, ACCESS_TARGET_NONE, false);
        assert_reading(JOBD_RESULT_PATH, NULL, ACCESS_TARGET_NONE, false);
        assert_reading(JOBD_JOB_PATH "s" ID, NULL, ACCESS_TARGET_NONE, false);
        assert_reading("/", NULL, ACCESS_TARGET_NONE, false);
}

static void test_nothing_else(void) {
        g_assert_null(access_rule_find(JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, "NoSuchMethod"));
        g_assert_null(access_rule_find(JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, "runjob"));
        g_assert_null(access_rule_find(JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, ""));
        g_assert_null(access_rule_find(JOBD_JOB_PATH ID, JOBD_JOB_INTERFACE, "RunJob"));
        g_assert_null(access_rule_find(JOBD_MANAGER_PATH, "org.jobd1", "RunJob"));
        g_assert_null(access_rule_find(JOBD_MANAGER_PATH, "org.freedesktop.DBus", "Hello"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/access-table/interfaces", test_interfaces);
        g_test_add_func("/access-table/rules", test_rules);
        g_test_add_func("/access-table/actions", test_actions);
        g_test_add_func("/access-table/reading", test_reading);
        g_test_add_func("/access-table/nothing-else", test_nothing_else);

        return g_test_run();
}
