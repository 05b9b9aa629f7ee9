/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "settings.h"
#include "test-directory.h"

/* jobd.conf and its drop-ins, below a root of the test's own. */

#define MAIN "/etc/jobd/jobd.conf"
#define ETC "/etc/jobd/jobd.conf.d/"
#define RUN "/run/jobd/jobd.conf.d/"
#define LOCAL "/usr/local/lib/jobd/jobd.conf.d/"
#define VENDOR "/usr/lib/jobd/jobd.conf.d/"

typedef struct SettingsTest {
        char *root;
        Settings *settings;
} SettingsTest;

static void setup(SettingsTest *t, const void *unused) {
        t->root = test_directory_new();
}

static void teardown(SettingsTest *t, const void *unused) {
        (void) settings_free(t->settings);
        test_directory_remove(t->root);
}

static void put(SettingsTest *t, const char *path, const char *text) {
        g_autofree char *full = g_strconcat(t->root, path, NULL);

        test_write(full, text, strlen(text));
}

/* Loads and compares the problems, "PATH: what" a line, without the root. */
static void load(SettingsTest *t, const char *expected) {
        g_autoptr(GPtrArray) problems = NULL;
        g_autoptr(GString) text = g_string_new(NULL);

        (void) settings_free(t->settings);
        t->settings = settings_load(t->root, &problems);
        g_assert_nonnull(t->settings);
        for (guint i = 0; i < problems->len; i++) {
                const char *problem = problems->pdata[i];

                g_assert_true(g_str_has_prefix(problem, t->root));
                g_string_append_printf(text, "%s\n", problem + strlen(t->root));
        }
        g_assert_cmpstr(text->str, ==, expected);
}

static void assert_defaults(const Settings *s) {
        g_assert_cmpuint(s->default_soft_time_limit_usec, ==, 300 * USEC_PER_SEC);
        g_assert_cmpuint(s->default_time_limit_usec, ==, 600 * USEC_PER_SEC);
        g_assert_cmpuint(s->max_running, ==, 64);
        g_assert_cmpuint(s->max_pending, ==, 100000);
        g_assert_cmpstr(s->default_queue, ==, "default");
        g_assert_cmpuint(s->approval_timeout_usec, ==, UINT64_C(604800) * USEC_PER_SEC);
        for (NotifyEvent e = 0; e < _NOTIFY_EVENT_MAX; e++)
                g_assert_null(s->notify_units[e]);
        g_assert_cmpuint(s->result_max_age_usec, ==, 0);
        g_assert_cmpuint(s->result_max_count, ==, 0);
}

static void test_defaults(SettingsTest *t, const void *unused) {
        load(t, "");
        assert_defaults(t->settings);
        g_assert_null(settings_free(NULL));

        put(t, MAIN, "");
        put(t, ETC "empty.conf", "# nothing\n\n[Jobd]\n");
        load(t, "");
        assert_defaults(t->settings);
}

static void test_all(SettingsTest *t, const void *unused) {
        put(t, MAIN, "[Jobd]\nDefaultSoftTimeLimit = 1min 30s\nDefaultTimeLimit=90\nMaxRunning=1\n"
                     "MaxPending=10000000\nDefaultQueue=bulk.1_a-b\nResultMaxAge=90d\nResultMaxCount=1000000\n");
        load(t, "");
        g_assert_cmpuint(t->settings->default_soft_time_limit_usec, ==, 90 * USEC_PER_SEC);
        g_assert_cmpuint(t->settings->default_time_limit_usec, ==, 90 * USEC_PER_SEC);
        g_assert_cmpuint(t->settings->max_running, ==, 1);
        g_assert_cmpuint(t->settings->max_pending, ==, 10000000);
        g_assert_cmpstr(t->settings->default_queue, ==, "bulk.1_a-b");
        g_assert_cmpuint(t->settings->result_max_age_usec, ==, 90 * 86400 * USEC_PER_SEC);
        g_assert_cmpuint(t->settings->result_max_count, ==, 1000000);
}

/* Whoever has set a limit elsewhere takes it back by each of these. */
static void test_keep_all(SettingsTest *t, const void *unused) {
        static const char *const values[] = { "0", "infinity", "" };

        for (size_t i = 0; i < ELEMENTSOF(values); i++) {
                g_autofree char *text = g_strdup_printf("[Jobd]\nResultMaxAge=%s\nResultMaxCount=%s\n", values[i],
                                                        values[i]);

                put(t, MAIN, "[Jobd]\nResultMaxAge=1d\nResultMaxCount=2\n");
                put(t, ETC "x.conf", text);
                load(t, "");
                assert_defaults(t->settings);
        }
}

/* By file name over all directories, whichever they are in; the main file comes before them. */
static void test_order(SettingsTest *t, const void *unused) {
        put(t, MAIN, "[Jobd]\nMaxRunning=1\nMaxPending=1\nDefaultTimeLimit=1\n");
        put(t, VENDOR "90-last.conf", "[Jobd]\nMaxRunning=4\n");
        put(t, LOCAL "50-middle.conf", "[Jobd]\nMaxRunning=3\nMaxPending=3\n");
        put(t, ETC "10-first.conf", "[Jobd]\nMaxRunning=2\nMaxPending=2\nDefaultQueue=first\n");
        load(t, "");
        g_assert_cmpuint(t->settings->max_running, ==, 4);
        g_assert_cmpuint(t->settings->max_pending, ==, 3);
        g_assert_cmpstr(t->settings->default_queue, ==, "first");
        g_assert_cmpuint(t->settings->default_time_limit_usec, ==, USEC_PER_SEC);
}

/* A name in an earlier directory hides those in later ones, with all that they say. */
static void test_hiding(SettingsTest *t, const void *unused) {
        put(t, VENDOR "x.conf", "[Jobd]\nMaxRunning=1\nDefaultQueue=vendor\n");
        load(t, "");
        g_assert_cmpuint(t->settings->max_running, ==, 1);
        put(t, LOCAL "x.conf", "[Jobd]\nMaxRunning=2\n");
        load(t, "");
        g_assert_cmpuint(t->settings->max_running, ==, 2);
        g_assert_cmpstr(t->settings->default_queue, ==, "default");
        put(t, RUN "x.conf", "[Jobd]\nMaxRunning=3\n");
        load(t, "");
        g_assert_cmpuint(t->settings->max_running, ==, 3);
        put(t, ETC "x.conf", "[Jobd]\nMaxRunning=4\n");
        load(t, "");
        g_assert_cmpuint(t->settings->max_running, ==, 4);

        /* an empty one, too, as with systemd's own */
        put(t, ETC "x.conf", "");
        load(t, "");
        assert_defaults(t->settings);
}

static void test_masking(SettingsTest *t, const void *unused) {
        g_autofree char *link = g_strconcat(t->root, ETC "x.conf", NULL);

        put(t, VENDOR "x.conf", "[Jobd]\nMaxRunning=1\n");
        put(t, ETC "other.conf", "");
        g_assert_cmpint(symlink("/dev/null", link), ==, 0);
        load(t, "");
        assert_defaults(t->settings);
}

static void test_other_names(SettingsTest *t, const void *unused) {
        put(t, ETC "x.conf.bak", "[Jobd]\nMaxRunning=1\n");
        put(t, ETC "README", "nonsense");
        put(t, ETC "x.conf~", "nonsense");
        put(t, ETC "d/x.conf", "[Jobd]\nMaxRunning=1\n");
        load(t, "");
        assert_defaults(t->settings);
}

/* ---- what is wrong is told and has no effect; the rest has ---- */

static void test_unknown(SettingsTest *t, const void *unused) {
        put(t, MAIN, "[Job]\nMaxRunning=1\n[Jobd]\nMaxRuning=2\nmaxpending=3\nMaxPending=4\n");
        load(t, MAIN ": unknown section [Job]: settings go into [Jobd]\n"
                MAIN ": MaxRuning=: no such setting: see jobd.conf(5)\n"
                MAIN ": maxpending=: no such setting: see jobd.conf(5)\n");
        g_assert_cmpuint(t->settings->max_running, ==, 64);
        g_assert_cmpuint(t->settings->max_pending, ==, 4);
}

typedef struct Wrong {
        const char *line;
        const char *problem;
} Wrong;

#define TIME "not a time span above zero: use one like \"5min\" or \"90s\""
#define QUEUE "not a queue name: use letters, digits, \"_\", \"-\" and \".\""

#define AGE "not a time span: use one like \"90d\" or \"1y\", \"0\" or \"infinity\" to keep all"
#define COUNT "not a number up to 1000000: \"0\" or \"infinity\" to keep all"

static const Wrong wrong[] = {
        { "DefaultSoftTimeLimit=soon", "DefaultSoftTimeLimit=: " TIME },
        { "DefaultSoftTimeLimit=0", "DefaultSoftTimeLimit=: " TIME },
        { "DefaultTimeLimit=infinity", "DefaultTimeLimit=: " TIME },
        { "DefaultTimeLimit=-1", "DefaultTimeLimit=: " TIME },
        { "DefaultTimeLimit=", "DefaultTimeLimit=: " TIME },
        { "MaxRunning=0", "MaxRunning=: not a number from 1 to 1000" },
        { "MaxRunning=1001", "MaxRunning=: not a number from 1 to 1000" },
        { "MaxRunning=ten", "MaxRunning=: not a number from 1 to 1000" },
        { "MaxRunning=0x10", "MaxRunning=: not a number from 1 to 1000" },
        { "MaxRunning=", "MaxRunning=: not a number from 1 to 1000" },
        { "MaxPending=-1", "MaxPending=: not a number from 1 to 10000000" },
        { "MaxPending=99999999999999999999", "MaxPending=: not a number from 1 to 10000000" },
        { "DefaultQueue=", "DefaultQueue=: " QUEUE },
        { "DefaultQueue=a b", "DefaultQueue=: " QUEUE },
        { "DefaultQueue=../x", "DefaultQueue=: " QUEUE },
        { "ApprovalTimeout=0", "ApprovalTimeout=: not a time span above zero: use one like \"7d\" or \"infinity\"" },
        { "ApprovalTimeout=", "ApprovalTimeout=: not a time span above zero: use one like \"7d\" or \"infinity\"" },
        { "NotifyOnFailure=mail.service",
          "NotifyOnFailure=: \"mail.service\" is not a template unit; write NAME@.service, which is started as "
          "NAME@<UUID>.service" },
        { "ResultMaxAge=soon", "ResultMaxAge=: " AGE },
        { "ResultMaxAge=-1", "ResultMaxAge=: " AGE },
        { "ResultMaxCount=-1", "ResultMaxCount=: " COUNT },
        { "ResultMaxCount=1000001", "ResultMaxCount=: " COUNT },
        { "ResultMaxCount=all", "ResultMaxCount=: " COUNT },
};

static void test_approvals(SettingsTest *t, const void *unused) {
        put(t, MAIN, "[Jobd]\nApprovalTimeout=infinity\nNotifyOnRequest=a@.service\nNotifyOnSuccess=b@.service\n"
                     "NotifyOnFailure=c@.service\n");
        put(t, ETC "x.conf", "[Jobd]\nNotifyOnSuccess=\n");
        load(t, "");
        g_assert_cmpuint(t->settings->approval_timeout_usec, ==, USEC_INFINITY);
        g_assert_cmpstr(t->settings->notify_units[NOTIFY_ON_REQUEST], ==, "a@.service");
        g_assert_cmpstr(t->settings->notify_units[NOTIFY_ON_SUCCESS], ==, NULL);
        g_assert_cmpstr(t->settings->notify_units[NOTIFY_ON_FAILURE], ==, "c@.service");
}

static void test_wrong(SettingsTest *t, const void *unused) {
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
                g_autofree char *text = g_strdup_printf("[Jobd]\n%s\n", wrong[i].line);
                g_autofree char *expected = g_strdup_printf(ETC "x.conf: %s\n", wrong[i].problem);

                put(t, ETC "x.conf", text);
                load(t, expected);
                assert_defaults(t->settings);
        }

        /* What an earlier file says stays, as do other lines of the same */
        put(t, MAIN, "[Jobd]\nMaxRunning=5\nDefaultQueue=ours\n");
        put(t, ETC "x.conf", "[Jobd]\nMaxRunning=many\nMaxPending=6\nDefaultQueue=a b\n");
        load(t, ETC "x.conf: MaxRunning=: not a number from 1 to 1000\n" ETC "x.conf: DefaultQueue=: " QUEUE "\n");
        g_assert_cmpuint(t->settings->max_running, ==, 5);
        g_assert_cmpuint(t->settings->max_pending, ==, 6);
        g_assert_cmpstr(t->settings->default_queue, ==, "ours");
}

#define NO_FILE "not a regular file of at most 65536 bytes"

/* What is no file is not waited for, either. */
static void test_no_file(SettingsTest *t, const void *unused) {
        g_autofree char *directory = g_strconcat(t->root, ETC "directory.conf", NULL);
        g_autofree char *dangling = g_strconcat(t->root, ETC "dangling.conf", NULL);
        g_autofree char *fifo = g_strconcat(t->root, ETC "fifo.conf", NULL);
        g_autofree char *large = g_strnfill(70000, '\n');

        put(t, ETC "good.conf", "[Jobd]\nMaxRunning=7\n");
        put(t, ETC "large.conf", large);
        g_assert_cmpint(mkdir(directory, 0755), ==, 0);
        g_assert_cmpint(mkfifo(fifo, 0644), ==, 0);
        g_assert_cmpint(symlink("nowhere", dangling), ==, 0);
        load(t, ETC "directory.conf: " NO_FILE "\n" ETC "fifo.conf: " NO_FILE "\n" ETC "large.conf: " NO_FILE "\n");
        g_assert_cmpuint(t->settings->max_running, ==, 7);
}

/* A file that is no key file at all has no effect, the others have. */
static void test_no_key_file(SettingsTest *t, const void *unused) {
        g_autofree char *expected = g_strconcat(t->root, ETC "broken.conf: ", NULL);
        g_autoptr(GPtrArray) problems = NULL;

        put(t, ETC "broken.conf", "MaxRunning=1\n[Jobd]\nMaxRunning=2\n");
        put(t, ETC "good.conf", "[Jobd]\nMaxPending=7\n");
        t->settings = settings_load(t->root, &problems);
        g_assert_cmpuint(problems->len, ==, 1);
        g_assert_true(g_str_has_prefix(problems->pdata[0], expected));
        g_assert_cmpuint(t->settings->max_running, ==, 64);
        g_assert_cmpuint(t->settings->max_pending, ==, 7);
}

static void add(const char *name, void (*test)(SettingsTest *t, const void *unused)) {
        g_autofree char *path = g_strconcat("/settings/", name, NULL);

        g_test_add_vtable(path, sizeof(SettingsTest), NULL, (GTestFixtureFunc) setup, (GTestFixtureFunc) test,
                          (GTestFixtureFunc) teardown);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        add("defaults", test_defaults);
        add("all", test_all);
        add("keep-all", test_keep_all);
        add("order", test_order);
        add("hiding", test_hiding);
        add("masking", test_masking);
        add("other-names", test_other_names);
        add("unknown", test_unknown);
        add("wrong", test_wrong);
        add("approvals", test_approvals);
        add("no-file", test_no_file);
        add("no-key-file", test_no_key_file);

        return g_test_run();
}
