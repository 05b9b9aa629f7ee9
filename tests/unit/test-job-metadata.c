/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "job-metadata.h"

static void metadata_done(JobMetadata *m) {
        job_metadata_done(m);
}

#define _cleanup_metadata_ _cleanup_(metadata_done)

static void assert_parsed(JobMetadata *m, JobField field, const char *text, const char *formatted) {
        g_autofree char *error = NULL, *shown = NULL;

        g_assert_cmpint(job_field_parse(m, field, text, &error), ==, 0);
        g_assert_null(error);
        shown = job_field_format(m, field);
        g_assert_cmpstr(shown, ==, formatted);
}

static void assert_refused(JobField field, const char *text, const char *message) {
        _cleanup_metadata_ JobMetadata m = {}, before = {};
        g_autofree char *error = NULL;

        g_assert_cmpint(job_field_parse(&m, field, text, &error), ==, -EINVAL);
        g_assert_cmpstr(error, ==, message);
        g_assert_true(job_field_equal(&m, &before, field));

        /* The sentence is not asked for */
        g_assert_cmpint(job_field_parse(&m, field, text, NULL), ==, -EINVAL);
}

static void test_names(void) {
        static const struct {
                JobField field;
                const char *name;
                const char *key;
                JobFieldType type;
        } table[] = {
#define ROW(field, name, key, type) { JOB_FIELD_##field, name, key, JOB_FIELD_TYPE_##type }
                ROW(NAME, "name", "Name", STRING),
                ROW(GROUPING, "grouping", "Grouping", STRING),
                ROW(DESCRIPTION, "description", "Description", STRING),
                ROW(APPROVAL_REQUIRED, "approval_required", "ApprovalRequired", BOOLEAN),
                ROW(DRYRUN_DEFAULT, "dryrun_default", "DryRunDefault", BOOLEAN),
                ROW(HAS_SENSITIVE_VARIABLES, "has_sensitive_variables", "HasSensitiveVariables", BOOLEAN),
                ROW(HIDDEN, "hidden", "Hidden", BOOLEAN),
                ROW(SINGLETON, "singleton", "Singleton", SINGLETON),
                ROW(SOFT_TIME_LIMIT, "soft_time_limit", "SoftTimeLimit", TIME_SPAN),
                ROW(TIME_LIMIT, "time_limit", "TimeLimit", TIME_SPAN),
                ROW(TASK_QUEUES, "task_queues", "TaskQueues", STRING_LIST),
#undef ROW
        };

        g_assert_cmpint(ELEMENTSOF(table), ==, _JOB_FIELD_MAX);
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                g_assert_cmpstr(job_field_to_string(table[i].field), ==, table[i].name);
                g_assert_cmpstr(job_field_to_key(table[i].field), ==, table[i].key);
                g_assert_cmpint(job_field_type(table[i].field), ==, table[i].type);
                g_assert_cmpint(job_field_from_string(table[i].name), ==, table[i].field);
                g_assert_cmpint(job_field_from_string(table[i].key), ==, table[i].field);
        }

        g_assert_cmpint(job_field_from_string("timelimit"), ==, _JOB_FIELD_INVALID);
        g_assert_cmpint(job_field_from_string("field_order"), ==, _JOB_FIELD_INVALID);
        g_assert_cmpint(job_field_from_string(""), ==, _JOB_FIELD_INVALID);
        g_assert_cmpint(job_field_from_string(NULL), ==, _JOB_FIELD_INVALID);
        g_assert_null(job_field_to_string(_JOB_FIELD_MAX));
        g_assert_null(job_field_to_string(_JOB_FIELD_INVALID));
        g_assert_null(job_field_to_key(_JOB_FIELD_INVALID));
}

/* The spellings of systemd.syntax(7) and of parse_boolean() in systemd 252 */
static void test_booleans(void) {
        static const char *const yes[] = { "1", "yes", "y", "true", "t", "on", "YES", "True", "oN", " yes " };
        static const char *const no[] = { "0", "no", "n", "false", "f", "off", "NO", "False", "oFF", " no ", "",
                                          "  " };
        static const char *const bad[] = { "2", "yess", "ja", "enabled", "y es", "01", "-1" };

        for (size_t i = 0; i < ELEMENTSOF(yes); i++) {
                _cleanup_metadata_ JobMetadata m = {};

                assert_parsed(&m, JOB_FIELD_HIDDEN, yes[i], "yes");
                g_assert_true(m.hidden);
        }

        for (size_t i = 0; i < ELEMENTSOF(no); i++) {
                _cleanup_metadata_ JobMetadata m = { .singleton = JOB_SINGLETON_REPLACE };

                assert_parsed(&m, JOB_FIELD_SINGLETON, no[i], "no");
                g_assert_false(m.singleton);
        }

        for (JobSingleton policy = 0; policy < _JOB_SINGLETON_MAX; policy++) {
                _cleanup_metadata_ JobMetadata m = {};
                g_autofree char *text = g_strdup_printf(" %s ", job_singleton_to_string(policy));

                assert_parsed(&m, JOB_FIELD_SINGLETON, text,
                              policy == JOB_SINGLETON_FAIL ? "yes" : job_singleton_to_string(policy));
                g_assert_cmpint(m.singleton, ==, policy);
        }
        assert_refused(JOB_FIELD_SINGLETON, "maybe",
                       "\"maybe\" is no policy for a singleton; write no, yes (or fail), queue or replace");

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                g_autofree char *message = g_strdup_printf("\"%s\" is not a boolean; write yes or no", bad[i]);

                assert_refused(JOB_FIELD_APPROVAL_REQUIRED, bad[i], message);
        }
}

static void test_time_limits(void) {
        _cleanup_metadata_ JobMetadata m = {};
        static const char *const out_of_range[] = { "-5", "300000y", "9223372036854775808us", "99999999999999999999" };
        static const char *const bad[] = { "x", "5 parsecs", "5min x", "5;", "min" };

        assert_parsed(&m, JOB_FIELD_TIME_LIMIT, "90", "1min 30s");
        g_assert_cmpuint(m.time_limit_usec, ==, 90000000);
        assert_parsed(&m, JOB_FIELD_TIME_LIMIT, "2min 30s", "2min 30s");
        g_assert_cmpuint(m.time_limit_usec, ==, 150000000);
        assert_parsed(&m, JOB_FIELD_SOFT_TIME_LIMIT, "500ms", "500ms");
        g_assert_cmpuint(m.soft_time_limit_usec, ==, 500000);
        assert_parsed(&m, JOB_FIELD_TIME_LIMIT, "0", "0");
        g_assert_cmpuint(m.time_limit_usec, ==, 0);
        assert_parsed(&m, JOB_FIELD_TIME_LIMIT, " 1h ", "1h");
        assert_parsed(&m, JOB_FIELD_TIME_LIMIT, "", "0");
        g_assert_cmpuint(m.time_limit_usec, ==, 0);
        /* The text is that of "systemd-analyze timespan" */
        assert_parsed(&m, JOB_FIELD_TIME_LIMIT, "9223372036854775807us", "292271y 1w 1d 10h 54.775807s");

        assert_refused(JOB_FIELD_TIME_LIMIT, "infinity",
                       "every run has a time limit, so \"infinity\" is not one; write a time such as \"12h\", or 0 "
                       "for the default of jobd.conf");
        assert_refused(JOB_FIELD_SOFT_TIME_LIMIT, "infinity",
                       "every run has a time limit, so \"infinity\" is not one; write a time such as \"12h\", or 0 "
                       "for the default of jobd.conf");

        for (size_t i = 0; i < ELEMENTSOF(out_of_range); i++) {
                g_autofree char *message = g_strdup_printf("\"%s\" is out of range; a time limit is 0 or more, and "
                                                           "less than 292,000 years",
                                                           out_of_range[i]);

                assert_refused(JOB_FIELD_TIME_LIMIT, out_of_range[i], message);
        }

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                g_autofree char *message = g_strdup_printf("\"%s\" is not a time; write seconds, or a number with a "
                                                           "unit as in \"5min\" or \"1h 30min\"",
                                                           bad[i]);

                assert_refused(JOB_FIELD_TIME_LIMIT, bad[i], message);
        }
}

static void test_strings(void) {
        _cleanup_metadata_ JobMetadata m = {};
        g_autofree char *name = g_strnfill(JOB_NAME_MAX, 'n'), *longer = g_strnfill(JOB_NAME_MAX + 1, 'n');
        g_autofree char *grouping = g_strnfill(JOB_GROUPING_MAX, 'g');
        g_autofree char *longer_grouping = g_strnfill(JOB_GROUPING_MAX + 1, 'g');
        g_autofree char *description = g_strnfill(JOB_DESCRIPTION_MAX, 'd');
        g_autofree char *longer_description = g_strnfill(JOB_DESCRIPTION_MAX + 1, 'd');
        g_autoptr(GString) umlauts = g_string_new(NULL);

        assert_parsed(&m, JOB_FIELD_NAME, "  Back up a device ", "Back up a device");
        assert_parsed(&m, JOB_FIELD_NAME, "", "");
        g_assert_null(m.name);
        assert_parsed(&m, JOB_FIELD_DESCRIPTION, "First line\n\n\tmore\n", "First line\n\n\tmore");

        /* Characters count, not bytes */
        for (unsigned i = 0; i < JOB_NAME_MAX; i++)
                g_string_append(umlauts, "\303\244");
        assert_parsed(&m, JOB_FIELD_NAME, umlauts->str, umlauts->str);
        assert_parsed(&m, JOB_FIELD_NAME, name, name);
        assert_parsed(&m, JOB_FIELD_GROUPING, grouping, grouping);
        assert_parsed(&m, JOB_FIELD_DESCRIPTION, description, description);

        assert_refused(JOB_FIELD_NAME, longer, "Name may not exceed 100 characters in length");
        assert_refused(JOB_FIELD_GROUPING, longer_grouping, "Grouping may not exceed 255 characters in length");
        assert_refused(JOB_FIELD_DESCRIPTION, longer_description, "Description may not exceed 16384 bytes in length");
        assert_refused(JOB_FIELD_NAME, "a\nb", "Name may not contain control characters");
        assert_refused(JOB_FIELD_NAME, "a\342\200\256b", "Name may not contain characters that are not seen, or that "
                       "change the direction of text: it must not look like another one");
        assert_refused(JOB_FIELD_GROUPING, "a\342\200\213b", "Grouping may not contain characters that are not seen, or "
                       "that change the direction of text: it must not look like another one");
        assert_refused(JOB_FIELD_GROUPING, "a\tb", "Grouping may not contain control characters");
        assert_refused(JOB_FIELD_DESCRIPTION, "a\033[2Jb", "Description may not contain control characters");
        assert_refused(JOB_FIELD_DESCRIPTION, "a\302\233b", "Description may not contain control characters");
        assert_refused(JOB_FIELD_NAME, "a\344b", "Name must be UTF-8");
}

static void test_queues(void) {
        _cleanup_metadata_ JobMetadata m = {};
        g_autoptr(GString) many = g_string_new(NULL);

        assert_parsed(&m, JOB_FIELD_TASK_QUEUES, " default\t bulk  default ", "default bulk");
        g_assert_cmpuint(g_strv_length(m.task_queues), ==, 2);
        assert_parsed(&m, JOB_FIELD_TASK_QUEUES, "  ", "");
        g_assert_null(m.task_queues);

        for (unsigned i = 0; i < JOB_TASK_QUEUES_MAX; i++)
                g_string_append_printf(many, "q%u ", i);
        g_assert_cmpint(job_field_parse(&m, JOB_FIELD_TASK_QUEUES, many->str, NULL), ==, 0);
        g_assert_cmpuint(g_strv_length(m.task_queues), ==, JOB_TASK_QUEUES_MAX);
        g_string_append(many, "q0");
        g_assert_cmpint(job_field_parse(&m, JOB_FIELD_TASK_QUEUES, many->str, NULL), ==, 0);
        g_string_append(many, " one-more");
        assert_refused(JOB_FIELD_TASK_QUEUES, many->str, "more than 32 job queues, which is the most");

        assert_refused(JOB_FIELD_TASK_QUEUES, "default,bulk",
                       "\"default,bulk\" is not the name of a job queue; names are separated by blanks and have "
                       "letters, digits, \"_\", \"-\" and \".\", up to 100");
        assert_refused(JOB_FIELD_TASK_QUEUES, "default ../x",
                       "\"../x\" is not the name of a job queue; names are separated by blanks and have letters, "
                       "digits, \"_\", \"-\" and \".\", up to 100");
}

static void test_queue_names(void) {
        g_autofree char *longest = g_strnfill(JOB_QUEUE_NAME_MAX, 'q');
        g_autofree char *longer = g_strnfill(JOB_QUEUE_NAME_MAX + 1, 'q');
        static const char *const good[] = { "default", "a", "A.b-c_1", "1", "_", "a.b", "a-" };
        static const char *const bad[] = { "", ".", "..", ".a", "-a", "a..b", "a/b", "a b", "a@b", "\303\244", "a%n" };

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                g_assert_true(job_queue_name_is_valid(good[i]));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                g_assert_false(job_queue_name_is_valid(bad[i]));

        g_assert_true(job_queue_name_is_valid(longest));
        g_assert_false(job_queue_name_is_valid(longer));
}

static void test_copy_equal(void) {
        static const char *const texts[_JOB_FIELD_MAX] = {
                [JOB_FIELD_NAME] = "n",
                [JOB_FIELD_GROUPING] = "g",
                [JOB_FIELD_DESCRIPTION] = "d",
                [JOB_FIELD_APPROVAL_REQUIRED] = "yes",
                [JOB_FIELD_DRYRUN_DEFAULT] = "yes",
                [JOB_FIELD_HAS_SENSITIVE_VARIABLES] = "yes",
                [JOB_FIELD_HIDDEN] = "yes",
                [JOB_FIELD_SINGLETON] = "yes",
                [JOB_FIELD_SOFT_TIME_LIMIT] = "5min",
                [JOB_FIELD_TIME_LIMIT] = "10min",
                [JOB_FIELD_TASK_QUEUES] = "one two",
        };
        _cleanup_metadata_ JobMetadata a = {}, b = {}, none = {};

        for (JobField f = 0; f < _JOB_FIELD_MAX; f++) {
                assert_parsed(&a, f, texts[f], texts[f]);
                g_assert_false(job_field_equal(&a, &b, f));

                /* Each field is its own place: the others are as they were */
                for (JobField other = f + 1; other < _JOB_FIELD_MAX; other++)
                        g_assert_true(job_field_equal(&a, &none, other));

                job_field_copy(&b, &a, f);
                job_field_copy(&b, &b, f);
                g_assert_true(job_field_equal(&a, &b, f));
        }

        for (JobField f = 0; f < _JOB_FIELD_MAX; f++) {
                job_field_copy(&b, &none, f);
                g_assert_true(job_field_equal(&b, &none, f));
        }

        job_metadata_done(&a);
        job_metadata_done(&a);
        for (JobField f = 0; f < _JOB_FIELD_MAX; f++)
                g_assert_true(job_field_equal(&a, &none, f));
}

static void test_order_counts(void) {
        _cleanup_metadata_ JobMetadata a = {}, b = {};

        /* The first queue is the default one */
        assert_parsed(&a, JOB_FIELD_TASK_QUEUES, "one two", "one two");
        assert_parsed(&b, JOB_FIELD_TASK_QUEUES, "two one", "two one");
        g_assert_false(job_field_equal(&a, &b, JOB_FIELD_TASK_QUEUES));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/job-metadata/names", test_names);
        g_test_add_func("/job-metadata/booleans", test_booleans);
        g_test_add_func("/job-metadata/time-limits", test_time_limits);
        g_test_add_func("/job-metadata/strings", test_strings);
        g_test_add_func("/job-metadata/queues", test_queues);
        g_test_add_func("/job-metadata/queue-names", test_queue_names);
        g_test_add_func("/job-metadata/copy-equal", test_copy_equal);
        g_test_add_func("/job-metadata/order-counts", test_order_counts);

        return g_test_run();
}
