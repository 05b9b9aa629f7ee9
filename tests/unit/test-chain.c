/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chain.h"
#include "job-class.h"
#include "variable.h"

/* OnSuccess= and OnFailure=: what is accepted, what the run that follows gets, and that no chain leads back. */

typedef struct Refused {
        const char *line;
        const char *error;
} Refused;

static const Refused refused[] = {
        { "Verify", "\"Verify\" is no class_path of a job; write MODULE.CLASS, as in \"network.Verify\"" },
        { "net/x.Y", "\"net/x.Y\" is no class_path of a job; write MODULE.CLASS, as in \"network.Verify\"" },
        { "..", "\"..\" is no class_path of a job; write MODULE.CLASS, as in \"network.Verify\"" },
        { "a.B device", "\"device\" is no NAME=VALUE" },
        { "a.B =x", "\"=x\" is no NAME=VALUE" },
        { "a.B x=1 x=2", "\"x\" is given twice" },
        { "a.B x=$nothing",
          "\"$nothing\" is nothing that a run has; write $input.NAME, $result.KEY, $id, $status, $reason, $message, "
          "$class_path or $requester, and \"$$\" for a \"$\"" },
        { "a.B x=$input.",
          "\"$input.\" is nothing that a run has; write $input.NAME, $result.KEY, $id, $status, $reason, $message, "
          "$class_path or $requester, and \"$$\" for a \"$\"" },
        { "a.B x=$result..y", "\"$result..y\" has an empty key; write $result.KEY" },
        { "a.B x=$result.", "\"$result.\" has an empty key; write $result.KEY" },
        { "a.B 'x=1", "quotes that do not close, or an escape that there is not" },
};

static void test_refused(void) {
        for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
                g_autoptr(GPtrArray) links = chain_new();
                g_autofree char *error = NULL;

                g_assert_cmpint(chain_add(links, CHAIN_ON_SUCCESS, refused[i].line, &error), ==, -EINVAL);
                g_assert_cmpstr(error, ==, refused[i].error);
                g_assert_cmpuint(links->len, ==, 0);
        }
}

static GPtrArray *links_of(const char *line) {
        GPtrArray *links = chain_new();
        g_autofree char *error = NULL;
        int r;

        r = chain_add(links, CHAIN_ON_SUCCESS, line, &error);
        g_assert_cmpstr(error, ==, NULL);
        g_assert_cmpint(r, ==, 0);
        return links;
}

static JobResult *ended(void) {
        JobResult *jr = job_result_new();

        (void) g_strlcpy(jr->id, "6ba7b810-9dad-11d1-80b4-00c04fd430c8", sizeof(jr->id));
        jr->class_path = g_strdup("network.Backup");
        jr->requester = g_strdup("alice");
        jr->status = JOB_RESULT_FAILURE;
        jr->reason = JOB_RESULT_REASON_EXIT_CODE;
        g_free(jr->message);
        jr->message = g_strdup("the job exited with status 3");
        jr->data = g_strdup("{\"device\":\"r1\",\"tries\":3,\"tags\":[\"a\",\"b\"],\"nothing\":null}");
        jr->result = g_strdup("{\"report\":{\"path\":\"/x y\",\"sizes\":[1,2]},\"$id\":\"no\"}");
        return jr;
}

typedef struct Given {
        const char *line;
        const char *data;
} Given;

static const Given given[] = {
        { "a.B", "{}" },
        { "a.B x=text y='two words' z=", "{\"x\":\"text\",\"y\":\"two words\",\"z\":\"\"}" },
        { "a.B d=$input.device n=$input.tries t=$input.tags",
          "{\"d\":\"r1\",\"n\":3,\"t\":[\"a\",\"b\"]}" },
        { "a.B x=$input.nothing", "{\"x\":null}" },
        { "a.B x=$input.missing y=1", "{\"y\":\"1\"}" },
        { "a.B x=$result.report.path y=$result.report.sizes", "{\"x\":\"/x y\",\"y\":[1,2]}" },
        { "a.B x=$result.report.path.deeper y=$result.report.sizes.0 z=$result.none", "{}" },
        { "a.B id=$id s=$status r=$reason m=$message c=$class_path u=$requester",
          "{\"id\":\"6ba7b810-9dad-11d1-80b4-00c04fd430c8\",\"s\":\"FAILURE\",\"r\":\"exit-code\","
          "\"m\":\"the job exited with status 3\",\"c\":\"network.Backup\",\"u\":\"alice\"}" },
        { "a.B x=$$id y=a$id w=$$$", "{\"x\":\"$id\",\"y\":\"a$id\",\"w\":\"$$\"}" },
        /* by the type of the variable: count is an integer, tags a multichoice */
        { "a.B count=5 tags=a,b flag=yes", "{\"count\":5,\"tags\":[\"a\",\"b\"],\"flag\":true}" },
        { "a.B count=many", "{\"count\":\"many\"}" },
};

static void test_data(void) {
        g_autoptr(GHashTable) types = g_hash_table_new(g_str_hash, g_str_equal);
        _cleanup_(job_result_freep) JobResult *jr = ended();

        (void) g_hash_table_insert(types, (char *) "count", (char *) "integer");
        (void) g_hash_table_insert(types, (char *) "tags", (char *) "multichoice");
        (void) g_hash_table_insert(types, (char *) "flag", (char *) "boolean");
        for (size_t i = 0; i < ELEMENTSOF(given); i++) {
                g_autoptr(GPtrArray) links = links_of(given[i].line);
                g_autofree char *data = NULL;

                data = chain_link_data(links->pdata[0], jr, types);
                g_assert_cmpstr(data, ==, given[i].data);
        }
}

static void test_events(void) {
        g_autoptr(GPtrArray) links = links_of("a.B");

        g_assert_cmpint(chain_add(links, CHAIN_ON_FAILURE, "a.C x=$result.y", NULL), ==, 0);
        g_assert_cmpint(chain_add(links, CHAIN_ON_FAILURE, "a.D", NULL), ==, 0);
        g_assert_cmpuint(links->len, ==, 3);
        g_assert_true(chain_needs_result(links, CHAIN_ON_FAILURE));
        g_assert_false(chain_needs_result(links, CHAIN_ON_SUCCESS));
        g_assert_cmpint(chain_add(links, CHAIN_ON_FAILURE, "", NULL), ==, 0);
        g_assert_cmpuint(links->len, ==, 1);
        g_assert_cmpstr(((const ChainLink *) links->pdata[0])->class_path, ==, "a.B");
}

static void test_limits(void) {
        g_autoptr(GPtrArray) links = chain_new();
        g_autoptr(GString) line = g_string_new("a.B");
        g_autofree char *error = NULL, *values_error = NULL;

        for (int i = 0; i < CHAIN_LINKS_MAX; i++)
                g_assert_cmpint(chain_add(links, CHAIN_ON_SUCCESS, "a.B", NULL), ==, 0);
        g_assert_cmpint(chain_add(links, CHAIN_ON_FAILURE, "a.B", &error), ==, -EINVAL);
        g_assert_cmpstr(error, ==, "more than 32 jobs that follow, which is the most");

        for (int i = 0; i <= CHAIN_VALUES_MAX; i++)
                g_string_append_printf(line, " v%i=x", i);
        (void) g_ptr_array_set_size(links, 0);
        g_assert_cmpint(chain_add(links, CHAIN_ON_SUCCESS, line->str, &values_error), ==, -EINVAL);
        g_assert_cmpstr(values_error, ==, "more than 64 values, which is the most");
}

static void variable_free_func(void *v) {
        (void) variable_free(v);
}

static void assert_check(const char *line, const GPtrArray *variables, bool sensitive, const char *expected) {
        g_autoptr(GPtrArray) links = links_of(line);
        g_autofree char *error = NULL;
        int r;

        r = chain_check(links, "a.B", variables, sensitive, &error);
        g_assert_cmpstr(error, ==, expected);
        g_assert_cmpint(r, ==, expected ? -EINVAL : 0);
}

static void test_check(void) {
        g_autoptr(GPtrArray) variables = g_ptr_array_new_with_free_func(variable_free_func);
        Variable *device = variable_new("device"), *password = variable_new("password"), *report = variable_new("report");

        g_assert_cmpint(variable_set(password, "Sensitive", "yes", NULL), ==, 0);
        g_ptr_array_add(variables, device);
        g_ptr_array_add(variables, password);
        g_assert_cmpint(variable_set(report, "Type", "file", NULL), ==, 0);
        g_ptr_array_add(variables, report);
        for (guint i = 0; i < variables->len; i++) {
                const char *key;

                g_assert_cmpint(variable_finish(variables->pdata[i], &key, NULL), ==, 0);
        }
        assert_check("a.C x=$input.device", variables, false, NULL);
        assert_check("a.B", variables, false,
                     "OnSuccess=a.B: a job does not follow itself; Retry= tries a run again");
        assert_check("a.C x=$input.password", variables, false,
                     "OnSuccess=a.C: $input.password is sensitive, and is in memory for its own run only");
        assert_check("a.C x=$input.device", variables, true,
                     "OnSuccess=a.C: $input.device is sensitive, and is in memory for its own run only");
        assert_check("a.C x=$input.report", variables, false,
                     "OnSuccess=a.C: $input.report is a file, and is kept for its own run only");
        assert_check("a.C x=$input.devise", variables, false,
                     "OnSuccess=a.C: $input.devise: the class has no variable \"devise\"");
}

/* "a.B>a.C a.D, a.C>a.B" */
static GHashTable *classes_of(const char *text) {
        g_auto(GStrv) entries = g_strsplit(text, ", ", -1);
        GHashTable *classes = g_hash_table_new(g_str_hash, g_str_equal);

        for (char **entry = entries; *entry; entry++) {
                g_auto(GStrv) sides = g_strsplit(*entry, ">", 2), targets = g_strsplit(sides[1], " ", -1);
                JobClass *c = g_new0(JobClass, 1);

                c->class_path = g_strdup(sides[0]);
                c->chain = chain_new();
                for (char **target = targets; *target; target++)
                        if (**target)
                                g_assert_cmpint(chain_add(c->chain, CHAIN_ON_SUCCESS, *target, NULL), ==, 0);
                (void) g_hash_table_insert(classes, c->class_path, c);
        }
        return classes;
}

static void assert_loop(const char *text, const char *class_path, const char *expected) {
        GHashTable *classes = classes_of(text);
        g_autofree char *loop = chain_find_loop(classes, g_hash_table_lookup(classes, class_path));
        GHashTableIter i;
        void *c;

        g_assert_cmpstr(loop, ==, expected);
        g_hash_table_iter_init(&i, classes);
        while (g_hash_table_iter_next(&i, NULL, &c)) {
                g_hash_table_iter_remove(&i);
                (void) job_class_free(c);
        }
        g_hash_table_unref(classes);
}

static void test_loops(void) {
        static const char net[] = "a.A>a.B, a.B>a.C a.D, a.C>, a.D>a.E a.F, a.E>a.B, a.F>a.F2, a.G>a.A";

        assert_loop("a.B>a.C, a.C>", "a.B", NULL);
        assert_loop("a.B>a.C, a.C>a.B", "a.B", "a.B, a.C, a.B");
        assert_loop("a.B>a.C, a.C>a.B", "a.C", "a.C, a.B, a.C");
        assert_loop("a.B>a.Missing", "a.B", NULL);
        assert_loop(net, "a.B", "a.B, a.D, a.E, a.B");
        assert_loop(net, "a.E", "a.E, a.B, a.D, a.E");
        /* they lead into the loop, but are not in it */
        assert_loop(net, "a.A", NULL);
        assert_loop(net, "a.G", NULL);
        assert_loop(net, "a.F", NULL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/chain/refused", test_refused);
        g_test_add_func("/chain/data", test_data);
        g_test_add_func("/chain/events", test_events);
        g_test_add_func("/chain/limits", test_limits);
        g_test_add_func("/chain/check", test_check);
        g_test_add_func("/chain/loops", test_loops);

        return g_test_run();
}
