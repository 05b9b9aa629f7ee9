/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "refresh.h"
#include "test-loader.h"
#include "test-records.h"
#include "test-store.h"

/* From the classes on disk to the records, by the rules of the reference. */

typedef struct RefreshTest {
        StoreTest store;
        Registry *registry;
        uint64_t now_usec;
} RefreshTest;

#define NOT_ENABLED(class_path) \
        "created " class_path ": not enabled: run \"jobctl enable " class_path "\" after reviewing it\n"
#define X10 "xxxxxxxxxx"
#define X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10
#define O10 "öööööööööö"
#define O60 O10 O10 O10 O10 O10 O10
#define O100 O60 O10 O10 O10 O10
#define GONE "no longer installed: kept, but cannot be run"
#define BROKEN "its class was refused: kept, but cannot be run until it is repaired"

static void on_lost(int r, void *userdata) {
        g_assert_cmpint(registry_reload(userdata), ==, 0);
}

static void setup(RefreshTest *t, const void *unused) {
        store_test_setup(&t->store, NULL);
        g_assert_cmpint(registry_new(t->store.store, &t->registry), ==, 0);
        store_set_batch_lost(t->store.store, on_lost, t->registry);
        t->now_usec = TEST_TIME;
        test_classes_clear();
        test_loader_error = 0;
}

static void teardown(RefreshTest *t, const void *unused) {
        t->registry = registry_free(t->registry);
        store_test_teardown(&t->store, NULL);
}

/* jobd is started again: what is known is what is stored. */
static void restart(RefreshTest *t) {
        t->registry = registry_free(t->registry);
        store_test_reopen(&t->store);
        g_assert_cmpint(registry_new(t->store.store, &t->registry), ==, 0);
        store_set_batch_lost(t->store.store, on_lost, t->registry);
}

static int refresh(RefreshTest *t, GPtrArray **ret_report) {
        static const char *const roots[] = { "/nowhere", NULL };

        return refresh_registry(t->registry, &test_loader, roots, ++t->now_usec, ret_report);
}

/* Refreshes and compares the report: "action class_path: message" a line. */
static void assert_refresh(RefreshTest *t, const char *expected) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_autoptr(GPtrArray) report = NULL;

        g_assert_cmpint(refresh(t, &report), ==, 0);
        for (guint i = 0; i < report->len; i++) {
                const RefreshEntry *e = report->pdata[i];

                g_string_append_printf(text, "%s %s: %s\n", e->action, e->class_path, e->message);
        }
        g_assert_cmpstr(text->str, ==, expected);
}

static void refresh_quietly(RefreshTest *t) {
        g_autoptr(GPtrArray) report = NULL;

        g_assert_cmpint(refresh(t, &report), ==, 0);
}

static const Job *find(RefreshTest *t, const char *class_path) {
        const Job *j = registry_find_by_class_path(t->registry, class_path);

        g_assert_nonnull(j);
        return j;
}

static void assert_effective(RefreshTest *t, const char *class_path, JobField field, const char *value) {
        g_autofree char *text = job_field_format(&find(t, class_path)->effective, field);

        g_assert_cmpstr(text, ==, value);
}

static void assert_state(RefreshTest *t, const char *class_path, bool installed, bool enabled) {
        const Job *j = find(t, class_path);

        g_assert_true(j->installed == installed);
        g_assert_true(j->enabled == enabled);
}

static void put(RefreshTest *t, Job *j) {
        g_assert_cmpint(registry_put(t->registry, j), ==, 0);
}

static void set_enabled(RefreshTest *t, const char *class_path, bool enabled) {
        Job *j = job_copy(find(t, class_path));

        j->enabled = enabled;
        put(t, j);
}

static void set_override(RefreshTest *t, const char *class_path, JobField field, const char *text) {
        Job *j = job_copy(find(t, class_path));

        test_job_override(j, field, text);
        put(t, j);
}

/* A stage that nobody can answer is told of at every refresh, while the job requires an approval. */
static void test_stages(RefreshTest *t, const void *unused) {
        test_classes_set({ "a.A", JOB("ApprovalRequired=yes\nApprovalStages=one:root two:none-such"), false },
                         { "a.B", JOB("ApprovalStages=two:none-such"), false });
        assert_refresh(t, "warning a.A: ApprovalStages=: the stage 'two' cannot be completed: its group 'none-such' does "
                          "not exist on this host\n" NOT_ENABLED("a.A") NOT_ENABLED("a.B"));
        set_override(t, "a.B", JOB_FIELD_APPROVAL_REQUIRED, "yes");
        set_override(t, "a.A", JOB_FIELD_APPROVAL_REQUIRED, "no");
        assert_refresh(t, "warning a.B: ApprovalStages=: the stage 'two' cannot be completed: its group 'none-such' does "
                          "not exist on this host\n");
}

/* R10: a new job is installed and not enabled. */
static void test_new(RefreshTest *t, const void *unused) {
        const Job *j;

        test_classes_set({ "b.B", JOB("Name=Second"), false }, { "a.A", JOB("ReadOnly=yes"), false });
        assert_refresh(t, NOT_ENABLED("a.A") NOT_ENABLED("b.B"));
        restart(t);
        assert_state(t, "a.A", true, false);
        assert_state(t, "b.B", true, false);
        j = find(t, "a.A");
        g_assert_true(j->read_only && !j->system && j->overridden == 0);
        g_assert_cmpuint(j->date_created, ==, t->now_usec);
        g_assert_cmpuint(j->last_updated, ==, t->now_usec);
        assert_effective(t, "b.B", JOB_FIELD_NAME, "Second");

        /* Nothing changes when nothing has changed */
        assert_refresh(t, "");
        g_assert_cmpuint(find(t, "a.A")->last_updated, ==, t->now_usec - 1);
}

/* R10: a system job is enabled, at its first creation only. */
static void test_system(RefreshTest *t, const void *unused) {
        test_classes_set({ "jobd.Clean", JOB(""), true });
        assert_refresh(t, "created jobd.Clean: enabled (a system job)\n");
        assert_state(t, "jobd.Clean", true, true);
        g_assert_true(find(t, "jobd.Clean")->system);

        set_enabled(t, "jobd.Clean", false);
        test_classes_set({ "jobd.Clean", JOB("Hidden=yes"), true });
        assert_refresh(t, "updated jobd.Clean: hidden\n");
        assert_state(t, "jobd.Clean", true, false);
        test_classes_clear();
        refresh_quietly(t);
        test_classes_set({ "jobd.Clean", JOB(""), true });
        assert_refresh(t, "updated jobd.Clean: installed again\n");
        assert_state(t, "jobd.Clean", true, false);

        /* A job that was there before is not enabled by becoming one */
        test_classes_set({ "jobd.Clean", JOB(""), true }, { "jobd.Other", JOB(""), false });
        refresh_quietly(t);
        test_classes_set({ "jobd.Clean", JOB(""), true }, { "jobd.Other", JOB(""), true });
        assert_refresh(t, "updated jobd.Other: the class has changed\n");
        assert_state(t, "jobd.Other", true, false);
        g_assert_true(find(t, "jobd.Other")->system);
}

/* R11, M19: what is not overridden is read again, what is overridden stays, and so does enabled. */
static void test_existing(RefreshTest *t, const void *unused) {
        uint64_t created;

        test_classes_set({ "a.A", JOB("Name=one\nTimeLimit=5min\nTaskQueues=x"), false });
        refresh_quietly(t);
        created = find(t, "a.A")->date_created;
        set_enabled(t, "a.A", true);
        set_override(t, "a.A", JOB_FIELD_TIME_LIMIT, "1h");
        set_override(t, "a.A", JOB_FIELD_DESCRIPTION, "ours");

        test_classes_set({ "a.A", JOB("Name=two\nTimeLimit=6min\nDescription=theirs\nReadOnly=yes\n"
                                      VARIABLE("dryrun", "Type=dryrun")), false });
        assert_refresh(t, "updated a.A: name, description, time_limit, task_queues\n");
        restart(t);
        assert_state(t, "a.A", true, true);
        assert_effective(t, "a.A", JOB_FIELD_NAME, "two");
        assert_effective(t, "a.A", JOB_FIELD_TIME_LIMIT, "1h");
        assert_effective(t, "a.A", JOB_FIELD_DESCRIPTION, "ours");
        assert_effective(t, "a.A", JOB_FIELD_TASK_QUEUES, "");
        g_assert_true(find(t, "a.A")->read_only && find(t, "a.A")->supports_dryrun);
        g_assert_cmpuint(find(t, "a.A")->date_created, ==, created);
        g_assert_cmpuint(find(t, "a.A")->last_updated, ==, t->now_usec);
        assert_refresh(t, "");

        /* What belongs to the class alone counts as a change */
        test_classes_set({ "a.A", JOB("Name=two\nTimeLimit=6min\nDescription=theirs\n"), false });
        assert_refresh(t, "updated a.A: the class has changed\n");
        g_assert_false(find(t, "a.A")->read_only || find(t, "a.A")->supports_dryrun);
}

/* R11, R12: a job whose class vanishes is kept, and is as it was when the class comes back. */
static void test_vanished(RefreshTest *t, const void *unused) {
        g_autofree char *id = NULL;

        test_classes_set({ "a.A", JOB(""), false }, { "a.B", JOB(""), false });
        refresh_quietly(t);
        id = g_strdup(find(t, "a.A")->id);
        set_enabled(t, "a.A", true);
        set_override(t, "a.A", JOB_FIELD_GROUPING, "ours");

        test_classes_clear();
        assert_refresh(t, "uninstalled a.B: " GONE "\nuninstalled a.A: " GONE "\n");
        restart(t);
        assert_state(t, "a.A", false, true);
        assert_state(t, "a.B", false, false);
        g_assert_false(job_is_runnable(find(t, "a.A")));
        assert_refresh(t, "");

        test_classes_set({ "a.A", JOB(""), false }, { "a.B", JOB(""), false });
        assert_refresh(t, "updated a.A: installed again, still enabled\nupdated a.B: installed again\n");
        restart(t);
        assert_state(t, "a.A", true, true);
        assert_state(t, "a.B", true, false);
        assert_effective(t, "a.A", JOB_FIELD_GROUPING, "ours");
        g_assert_cmpstr(find(t, "a.A")->id, ==, id);
}

#define REFUSED \
        "refused a.A: /jobs/a.A.job:2: Colour=: is no key of [Job]; its keys are in jobd.job(5)\n" \
        "refused a.New: /jobs/a.New.job:2: Hidden=: \"perhaps\" is not a boolean; write yes or no\n"

/* A class that is broken is not run and not lost: the report says what is wrong and what becomes of the job. */
static void test_broken(RefreshTest *t, const void *unused) {
        test_classes_set({ "a.A", JOB(""), false }, { "a.B", JOB(""), false }, { "a.C", JOB(""), false });
        refresh_quietly(t);
        set_enabled(t, "a.A", true);
        test_classes_set({ "a.A", "[Job]\nColour=red\n[Service]\nExecStart=/bin/true\n", false },
                         { "a.New", JOB("Hidden=perhaps"), false }, { "a.C", JOB("Hidden=yes"), false });
        assert_refresh(t, "updated a.C: hidden\n" REFUSED
                          "uninstalled a.A: " BROKEN "\n"
                          "uninstalled a.B: " GONE "\n");
        assert_state(t, "a.A", false, true);
        g_assert_null(registry_find_by_class_path(t->registry, "a.New"));

        /* It is said once, that it is refused each time */
        assert_refresh(t, REFUSED);
        test_classes_set({ "a.A", JOB(""), false }, { "a.C", JOB("Hidden=yes"), false });
        assert_refresh(t, "updated a.A: installed again, still enabled\n");
}

/* R14: a deleted job is created anew by the next refresh, and is reviewed anew. */
static void test_deleted(RefreshTest *t, const void *unused) {
        g_autofree char *id = NULL;

        test_classes_set({ "a.A", JOB(""), false });
        refresh_quietly(t);
        id = g_strdup(find(t, "a.A")->id);
        set_enabled(t, "a.A", true);
        g_assert_cmpint(registry_delete(t->registry, id), ==, 0);
        assert_refresh(t, NOT_ENABLED("a.A"));
        assert_state(t, "a.A", true, false);
        g_assert_cmpstr(find(t, "a.A")->id, !=, id);
}

/* ---- R3: names are unique ---- */

static void assert_name(RefreshTest *t, const char *class_path, const char *name, bool overridden) {
        assert_effective(t, class_path, JOB_FIELD_NAME, name);
        g_assert_true(job_is_overridden(find(t, class_path), JOB_FIELD_NAME) == overridden);
}

#define NOT_UNIQUE(module_name, job_class_name, n) \
        "warning " module_name "." job_class_name ": Job class \"" job_class_name "\" name \"Clean up\" is not " \
        "unique, changing to \"Clean up (" n ")\".\n"

static void test_name_clash(RefreshTest *t, const void *unused) {
        test_classes_set({ "c.C", JOB("Name=Clean up"), false }, { "b.B", JOB("Name=Clean up"), false },
                         { "a.A", JOB("Name=Clean up"), false });
        assert_refresh(t, NOT_ENABLED("a.A")
                          NOT_UNIQUE("b", "B", "2")
                          NOT_ENABLED("b.B")
                          NOT_UNIQUE("c", "C", "3")
                          NOT_ENABLED("c.C"));
        restart(t);
        assert_name(t, "a.A", "Clean up", false);
        assert_name(t, "b.B", "Clean up (2)", true);
        assert_name(t, "c.C", "Clean up (3)", true);
        assert_refresh(t, "");

        /* The names stay as people know them, whoever goes */
        test_classes_set({ "c.C", JOB("Name=Clean up"), false }, { "b.B", JOB("Name=Clean up"), false });
        assert_refresh(t, "uninstalled a.A: " GONE "\n");
        assert_name(t, "b.B", "Clean up (2)", true);

        /* A job that is not installed keeps its name, one that was deleted does not */
        test_classes_set({ "c.C", JOB("Name=Clean up"), false }, { "b.B", JOB("Name=Clean up"), false },
                         { "d.D", JOB("Name=Clean up"), false });
        assert_refresh(t, NOT_UNIQUE("d", "D", "4")
                          NOT_ENABLED("d.D"));
        g_assert_cmpint(registry_delete(t->registry, find(t, "a.A")->id), ==, 0);
        g_assert_cmpint(registry_delete(t->registry, find(t, "d.D")->id), ==, 0);
        assert_refresh(t, NOT_ENABLED("d.D"));
        assert_name(t, "d.D", "Clean up", false);
}

/* A name that a class takes on later, and one that another job has by an override */
static void test_name_clash_later(RefreshTest *t, const void *unused) {
        test_classes_set({ "a.A", JOB("Name=one"), false }, { "b.B", JOB("Name=two"), false });
        refresh_quietly(t);
        set_override(t, "b.B", JOB_FIELD_NAME, "three");
        test_classes_set({ "a.A", JOB("Name=three"), false }, { "b.B", JOB("Name=two"), false });
        assert_refresh(t, "warning a.A: Job class \"A\" name \"three\" is not unique, changing to \"three (2)\".\n"
                          "updated a.A: name\n");
        assert_name(t, "a.A", "three (2)", true);
        assert_name(t, "b.B", "three", true);

        /* "two" is nobody's name now */
        test_classes_set({ "a.A", JOB("Name=three"), false }, { "b.B", JOB("Name=two"), false },
                         { "c.C", JOB("Name=two"), false });
        assert_refresh(t, NOT_ENABLED("c.C"));
        assert_name(t, "c.C", "two", false);
}

/* A name moves from one class to another within one refresh, in either order of their class_paths. */
static void test_name_moves(RefreshTest *t, const void *unused) {
        test_classes_set({ "a.A", JOB("Name=one"), false }, { "b.B", JOB("Name=two"), false });
        refresh_quietly(t);
        test_classes_set({ "a.A", JOB("Name=other"), false }, { "b.B", JOB("Name=one"), false });
        assert_refresh(t, "updated a.A: name\nupdated b.B: name\n");
        assert_name(t, "a.A", "other", false);
        assert_name(t, "b.B", "one", false);

        test_classes_set({ "a.A", JOB("Name=one"), false }, { "b.B", JOB("Name=other"), false });
        refresh_quietly(t);
        restart(t);
        assert_name(t, "a.A", "one (2)", true); /* "one" was still b.B's when it was its turn */
        assert_name(t, "b.B", "other", false);
        assert_refresh(t, "");
}

/* The suffix is taken off the name's 100 characters, not bytes. */
static void test_long_names(RefreshTest *t, const void *unused) {
        static const char x96[] = X10 X10 X10 X10 X10 X10 X10 X10 X10 "xxxxxx (2)";
        static const char o96[] = O10 O10 O10 O10 O10 O10 O10 O10 O10 "öööööö (2)";

        test_classes_set({ "a.A", JOB("Name=" X100), false }, { "a.B", JOB("Name=" X100), false },
                         { "b.A", JOB("Name=" O100), false }, { "b.B", JOB("Name=" O100), false },
                         { "c.A", JOB("Name=" O60), false }, { "c.B", JOB("Name=" O60), false });
        refresh_quietly(t);
        restart(t);
        assert_effective(t, "a.A", JOB_FIELD_NAME, X100);
        assert_effective(t, "a.B", JOB_FIELD_NAME, x96);
        assert_effective(t, "b.A", JOB_FIELD_NAME, O100);
        assert_effective(t, "b.B", JOB_FIELD_NAME, o96);
        assert_effective(t, "c.B", JOB_FIELD_NAME, O60 " (2)");
        assert_refresh(t, "");
}

/* ---- R4, M4: what is taken although it is not as it should be ---- */

static void test_warnings(RefreshTest *t, const void *unused) {
        g_autoptr(GPtrArray) report = NULL;
        const RefreshEntry *e;

        test_classes_set({ "a.A", JOB("HasSensitiveVariables=yes\nApprovalRequired=yes"), false });
        assert_refresh(t, "warning a.A: /jobs/a.A.job:3: ApprovalRequired=: A job that may have sensitive variables "
                          "cannot be marked as requiring approval\n"
                          "warning a.A: the job has sensitive variables and requires approval: it cannot be run until "
                          "one of the two is overridden\n" NOT_ENABLED("a.A"));
        set_enabled(t, "a.A", true);
        g_assert_false(job_is_runnable(find(t, "a.A")));
        set_override(t, "a.A", JOB_FIELD_APPROVAL_REQUIRED, "no");
        g_assert_true(job_is_runnable(find(t, "a.A")));

        test_classes_set({ "a.A", JOB("Name=" X100 "x"), false });
        g_assert_cmpint(refresh(t, &report), ==, 0);
        g_assert_cmpuint(report->len, ==, 2);
        e = report->pdata[0];
        g_assert_cmpstr(e->action, ==, "warning");
        g_assert_true(g_str_has_suffix(e->message, "exceeds 100 characters in length, it will be truncated in the "
                                                   "database."));
        g_assert_cmpint(g_utf8_strlen(find(t, "a.A")->effective.name, -1), ==, 100);
}

/* ---- all or nothing ---- */

static void test_loader_fails(RefreshTest *t, const void *unused) {
        GPtrArray *report = NULL;

        test_classes_set({ "a.A", JOB(""), false });
        refresh_quietly(t);
        test_loader_error = -EMFILE;
        g_assert_cmpint(refresh(t, &report), ==, -EMFILE);
        g_assert_null(report);
        assert_state(t, "a.A", true, false);
}

/* Another hand has put a job of that name into the database: one of the new records cannot be stored. */
static void test_one_cannot_be_stored(RefreshTest *t, const void *unused) {
        GPtrArray *report = NULL;

        test_classes_set({ "a.A", JOB(""), false });
        refresh_quietly(t);
        g_assert_cmpint(store_commit(t->store.store), ==, 0);
        test_sql(t->store.path, "CREATE TEMP TABLE x AS SELECT * FROM job; UPDATE x SET id ="
                                " 'b5a7c5b8-78b9-45d0-9a9b-f2ab8be12a2b', module_name = 'x', effective_name = 'taken';"
                                " INSERT INTO job SELECT * FROM x");
        test_classes_set({ "b.B", JOB("Name=b"), false }, { "c.C", JOB("Name=taken"), false },
                         { "d.D", JOB("Name=d"), false });
        g_assert_cmpint(refresh(t, &report), ==, -EEXIST);
        g_assert_null(report);
        g_assert_cmpuint(registry_size(t->registry), ==, 1);
        assert_state(t, "a.A", true, false);
        restart(t);
        assert_sql(t->store.path, "SELECT class FROM (SELECT module_name || '.' || job_class_name AS class, installed"
                                  " FROM job) WHERE installed = 1 ORDER BY 1", "a.A\nx.A");
}

static void test_no_room(RefreshTest *t, const void *unused) {
        test_classes_set({ "a.A", JOB(""), false }, { "a.B", JOB(""), false });
        refresh_quietly(t);
        g_assert_cmpint(store_commit(t->store.store), ==, 0);

        test_classes_set({ "a.A", JOB("Hidden=yes"), false }, { "a.C", JOB(""), false });
        refresh_quietly(t);
        test_set_write(test_write_no_room);
        g_assert_cmpint(store_commit(t->store.store), ==, -ENOSPC);
        test_set_write(NULL);
        g_assert_cmpuint(registry_size(t->registry), ==, 2);
        assert_effective(t, "a.A", JOB_FIELD_HIDDEN, "no");
        assert_state(t, "a.B", true, false);

        /* The next one does it */
        assert_refresh(t, "updated a.A: hidden\n" NOT_ENABLED("a.C") "uninstalled a.B: " GONE "\n");
}

static void add(const char *name, void (*test)(RefreshTest *t, const void *unused)) {
        g_autofree char *path = g_strconcat("/refresh/", name, NULL);

        g_test_add_vtable(path, sizeof(RefreshTest), NULL, (GTestFixtureFunc) setup, (GTestFixtureFunc) test,
                          (GTestFixtureFunc) teardown);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        add("new", test_new);
        add("system", test_system);
        add("existing", test_existing);
        add("vanished", test_vanished);
        add("broken", test_broken);
        add("deleted", test_deleted);
        add("name-clash", test_name_clash);
        add("name-clash-later", test_name_clash_later);
        add("name-moves", test_name_moves);
        add("long-names", test_long_names);
        add("stages", test_stages);
        add("warnings", test_warnings);
        add("loader-fails", test_loader_fails);
        add("one-cannot-be-stored", test_one_cannot_be_stored);
        add("no-room", test_no_room);

        return g_test_run();
}
