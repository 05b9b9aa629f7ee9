/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "job-class-parse.h"
#include "settings.h"
#include "variable.h"

/* What the texts of a job class's files mean; how they are found on disk is in test-job-class-file.c. */

#define COMMAND "[Service]\nExecStart=/bin/true\n"

typedef struct File {
        JobClassFileKind kind;
        const char *path;
        const char *text;
} File;

static int parse_files(const File *files, size_t n, JobClass **ret, char **ret_error) {
        _cleanup_(job_class_parser_freep) JobClassParser *p = NULL;
        int r;

        p = job_class_parser_new("network.backup", "NightlyBackup", false);
        for (size_t i = 0; i < n; i++) {
                r = job_class_parser_add(p, files[i].kind, files[i].path, files[i].path, files[i].text,
                                         strlen(files[i].text), ret_error);
                if (r < 0)
                        return r;
        }

        return job_class_parser_finish(p, ret, ret_error);
}

static JobClass *parse(const char *text) {
        const File file = { JOB_CLASS_FILE_MAIN, "f.job", text };
        g_autofree char *error = NULL;
        JobClass *c = NULL;
        int r;

        r = parse_files(&file, 1, &c, &error);
        g_assert_cmpstr(error, ==, NULL);
        g_assert_cmpint(r, ==, 0);

        return c;
}

static char *parse_error(const char *text) {
        const File file = { JOB_CLASS_FILE_MAIN, "f.job", text };
        char *error = NULL;
        JobClass *c = NULL;

        g_assert_cmpint(parse_files(&file, 1, &c, &error), ==, -EINVAL);
        g_assert_null(c);
        g_assert_nonnull(error);

        return error;
}

static void assert_refused(const char *text, const char *message) {
        g_autofree char *error = parse_error(text);

        g_assert_cmpstr(error, ==, message);
}

/* The rest of the sentence is another module's */
static void assert_refused_at(const char *text, const char *prefix) {
        g_autofree char *error = parse_error(text);

        if (!g_str_has_prefix(error, prefix))
                g_error("\"%s\" does not begin with \"%s\"", error, prefix);
        g_assert_cmpuint(strlen(error), >, strlen(prefix) + 5);
}

static char *property_text(const JobClass *c, const char *name) {
        const UnitProperty *p = unit_property_find(c->properties, name);

        return p ? g_variant_print(p->value, FALSE) : NULL;
}

static void assert_property(const JobClass *c, const char *name, const char *expected) {
        g_autofree char *text = property_text(c, name);

        g_assert_cmpstr(text, ==, expected);
}

static void assert_property_has(const JobClass *c, const char *name, const char *part) {
        g_autofree char *text = property_text(c, name);

        g_assert_nonnull(text);
        g_assert_nonnull(strstr(text, part));
}

static void test_names(void) {
        g_autofree char *longest = g_strnfill(100, 'x'), *longer = g_strnfill(101, 'x');
        static const char *const good[] = { "A", "_", "a1", "_1", "NightlyBackup" };
        static const char *const bad[] = { "", "1a", "a-b", "a b", "a.b", "\303\244", "a\n", "a/b", ".", "..", "@" };
        static const char *const good_modules[] = { "a", "a.b", "_._", "network.backup", "a1.b2.c3", "jobd",
                                                    "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p" };
        static const char *const bad_modules[] = { "",  ".",   ".a",   "a.",  "a..b", "a.1",      "a/b",
                                                   "a b", "..", "../x", "a.b ", "a-b",
                                                   "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q" };

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                g_assert_true(job_class_name_is_valid(good[i]));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                g_assert_false(job_class_name_is_valid(bad[i]));
        g_assert_true(job_class_name_is_valid(longest));
        g_assert_false(job_class_name_is_valid(longer));

        for (size_t i = 0; i < ELEMENTSOF(good_modules); i++)
                g_assert_true(job_module_name_is_valid(good_modules[i]));
        for (size_t i = 0; i < ELEMENTSOF(bad_modules); i++)
                g_assert_false(job_module_name_is_valid(bad_modules[i]));
        g_assert_true(job_module_name_is_valid(longest));
        g_assert_false(job_module_name_is_valid(longer));
}

static void test_default_roots(void) {
        static const char *const roots[] = {
                "/etc/jobd/jobs",           "/run/jobd/jobs",     "/var/lib/jobd/repositories",
                "/usr/local/lib/jobd/jobs", "/usr/lib/jobd/jobs", NULL,
        };

        g_assert_cmpuint(g_strv_length((char **) job_class_default_roots), ==, 5);
        g_assert_true(g_strv_equal(job_class_default_roots, roots));
}

/* Only a command is needed; all else has the reference's defaults, but for has_sensitive_variables */
static void test_minimal(void) {
        _cleanup_(job_class_freep) JobClass *c = parse(COMMAND);

        g_assert_cmpstr(c->module_name, ==, "network.backup");
        g_assert_cmpstr(c->job_class_name, ==, "NightlyBackup");
        g_assert_cmpstr(c->class_path, ==, "network.backup.NightlyBackup");
        g_assert_cmpstr(c->path, ==, "f.job");
        g_assert_cmpstr(c->values.name, ==, "NightlyBackup");
        g_assert_cmpstr(c->values.grouping, ==, "network.backup");
        g_assert_null(c->values.description);
        g_assert_false(c->values.approval_required);
        g_assert_false(c->values.dryrun_default);
        g_assert_false(c->values.has_sensitive_variables);
        g_assert_false(c->values.hidden);
        g_assert_false(c->values.singleton);
        g_assert_cmpuint(c->values.soft_time_limit_usec, ==, 0);
        g_assert_cmpuint(c->values.time_limit_usec, ==, 0);
        g_assert_null(c->values.task_queues);
        g_assert_false(c->system);
        g_assert_false(c->read_only);
        g_assert_null(c->field_order);
        g_assert_cmpuint(c->retry, ==, 0);
        g_assert_cmpuint(c->retry_delay_usec, ==, 0);
        g_assert_cmpuint(c->variables->len, ==, 0);
        g_assert_cmpuint(c->warnings->len, ==, 0);
        g_assert_nonnull(unit_property_find(c->properties, "ExecStart"));
}

static void test_all_keys(void) {
        _cleanup_(job_class_freep) JobClass *c =
                parse("[Job]\n"
                      "Name=Back up a device\n"
                      "Grouping=Network\n"
                      "Description=Fetches the running configuration.\n"
                      "ApprovalRequired=yes\n"
                      "DryRunDefault=on\n"
                      "FieldOrder=retries device\n"
                      "HasSensitiveVariables=no\n"
                      "Hidden=true\n"
                      "ReadOnly=1\n"
                      "SoftTimeLimit=2min\n"
                      "TimeLimit=300\n"
                      "TaskQueues=default bulk\n"
                      "Singleton=y\n"
                      "Retry=3\n"
                      "RetryDelay=1min 30s\n"
                      "ResultMaxAge=30d\n"
                      "ResultMaxCount=infinity\n"
                      "[Variable device]\n"
                      "Type=string\n"
                      "Regex=[a-z0-9-]+\n"
                      "[Variable retries]\n"
                      "Type=integer\n"
                      "MinValue=0\n"
                      "MaxValue=5\n"
                      "Default=1\n"
                      "[Service]\n"
                      "ExecStart=/usr/lib/netbackup/backup\n"
                      "User=netbackup\n"
                      "MemoryMax=512M\n");

        g_assert_cmpstr(c->values.name, ==, "Back up a device");
        g_assert_cmpstr(c->values.grouping, ==, "Network");
        g_assert_cmpstr(c->values.description, ==, "Fetches the running configuration.");
        g_assert_true(c->values.approval_required);
        g_assert_true(c->values.dryrun_default);
        g_assert_false(c->values.has_sensitive_variables);
        g_assert_true(c->values.hidden);
        g_assert_true(c->values.singleton);
        g_assert_cmpuint(c->values.soft_time_limit_usec, ==, 120 * USEC_PER_SEC);
        g_assert_cmpuint(c->values.time_limit_usec, ==, 300 * USEC_PER_SEC);
        g_assert_cmpuint(g_strv_length(c->values.task_queues), ==, 2);
        g_assert_cmpstr(c->values.task_queues[1], ==, "bulk");
        g_assert_true(c->read_only);
        g_assert_cmpuint(g_strv_length(c->field_order), ==, 2);
        g_assert_cmpstr(c->field_order[0], ==, "retries");
        g_assert_cmpuint(c->retry, ==, 3);
        g_assert_cmpuint(c->retry_delay_usec, ==, 90 * USEC_PER_SEC);
        g_assert_cmpuint(c->result_max_age_usec, ==, 30 * 86400 * USEC_PER_SEC);
        g_assert_cmpuint(c->result_max_count, ==, 0);

        g_assert_cmpuint(c->variables->len, ==, 2);
        g_assert_cmpstr(variable_name(c->variables->pdata[0]), ==, "device");
        g_assert_cmpstr(variable_name(c->variables->pdata[1]), ==, "retries");
        g_assert_cmpuint(c->warnings->len, ==, 0);
        assert_property_has(c, "ExecStart", "/usr/lib/netbackup/backup");
        assert_property_has(c, "User", "netbackup");
        assert_property(c, "MemoryMax", "536870912");
}

/* As in a unit file: a later line wins, lists append, an empty value clears */
static void test_later_lines(void) {
        _cleanup_(job_class_freep) JobClass *c =
                parse("[Job]\nName=One\nName=Two\nGrouping=G\nGrouping=\nDescription=D\nDescription=\n"
                      "Hidden=yes\nHidden=\nTimeLimit=5\nTimeLimit=\nTaskQueues=gone\nTaskQueues=\nTaskQueues=a b\n"
                      "TaskQueues=b c\n"
                      "FieldOrder=gone\nFieldOrder=\nFieldOrder=x\nFieldOrder=y\nRetry=3\nRetry=\nRetryDelay=5\n"
                      "RetryDelay=\nReadOnly=yes\nReadOnly=\nResultMaxAge=5d\nResultMaxAge=\nResultMaxCount=4\nResultMaxCount=\n"
                      "[Variable x]\nType=string\nType=integer\n[Variable y]\nType=string\n" COMMAND
                      "[Job]\nName=Three\n[Service]\nExecStart=\nExecStart=/bin/false\nEnvironment=A=1\n"
                      "Environment=B=2\n");

        g_assert_cmpstr(c->values.name, ==, "Three");
        g_assert_cmpstr(c->values.grouping, ==, "network.backup");
        g_assert_null(c->values.description);
        g_assert_false(c->values.hidden);
        g_assert_cmpuint(c->values.time_limit_usec, ==, 0);
        g_assert_cmpuint(g_strv_length(c->values.task_queues), ==, 3);
        g_assert_cmpstr(c->values.task_queues[2], ==, "c");
        g_assert_cmpuint(g_strv_length(c->field_order), ==, 2);
        g_assert_cmpstr(c->field_order[1], ==, "y");
        g_assert_cmpuint(c->retry, ==, 0);
        g_assert_true(c->result_max_age_usec == RESULT_MAX_UNSET && c->result_max_count == RESULT_MAX_UNSET);
        g_assert_cmpuint(c->retry_delay_usec, ==, 0);
        g_assert_false(c->read_only);
        g_assert_cmpstr(variable_type_string(c->variables->pdata[0]), ==, "integer");
        assert_property_has(c, "ExecStart", "/bin/false");
        assert_property(c, "Environment", "['A=1', 'B=2']");
}

static void test_sections(void) {
        assert_refused("[Jobs]\n" COMMAND, "f.job:1: [Jobs]: unknown section; did you mean [Job]?");
        assert_refused("[service]\n" COMMAND, "f.job:1: [service]: unknown section; did you mean [Service]?");
        assert_refused("[variable x]\n" COMMAND,
                       "f.job:1: [variable x]: unknown section; did you mean [Variable NAME]?");
        assert_refused("\n[Unit]\n" COMMAND,
                       "f.job:2: [Unit]: unknown section; the sections are [Job], [Variable NAME] and [Service]");
        assert_refused(COMMAND "[Install]\n",
                       "f.job:3: [Install]: unknown section; the sections are [Job], [Variable NAME] and [Service]");
        assert_refused("[Job x]\n" COMMAND, "f.job:1: [Job x]: unknown section; did you mean [Job]?");
        assert_refused("[Variables]\n" COMMAND,
                       "f.job:1: [Variables]: unknown section; did you mean [Variable NAME]?");
        assert_refused("[Variable]\n" COMMAND,
                       "f.job:1: [Variable]: the variable's name is missing; write [Variable NAME]");
        assert_refused("[Variable x]\nType=string\n" COMMAND "[Variable x]\nType=string\n",
                       "f.job:5: [Variable x]: is in line 1 already; a variable has one section in a file");
        assert_refused_at("[Variable 1x]\nType=string\n" COMMAND, "f.job:1: [Variable 1x]: ");
        assert_refused_at("[Variable a b]\nType=string\n" COMMAND, "f.job:1: [Variable a b]: ");
        assert_refused_at("[Variable name]\nType=string\n" COMMAND, "f.job:1: [Variable name]: ");
        assert_refused("Name=x\n" COMMAND, "f.job:1: Name=: stands before the first [SECTION]; move it into one");
}

static void test_unknown_keys(void) {
        assert_refused("[Job]\nTimeLmit=5\n" COMMAND,
                       "f.job:2: TimeLmit=: is no key of [Job]; did you mean TimeLimit=?");
        assert_refused("[Job]\ntimelimit=5\n" COMMAND,
                       "f.job:2: timelimit=: is no key of [Job]; did you mean TimeLimit=?");
        /* The spelling of the record is none of a file */
        assert_refused("[Job]\nname=x\n" COMMAND, "f.job:2: name=: is no key of [Job]; did you mean Name=?");
        assert_refused("[Job]\nNaem=x\n" COMMAND, "f.job:2: Naem=: is no key of [Job]; did you mean Name=?");
        assert_refused("[Job]\nReadonly=x\n" COMMAND,
                       "f.job:2: Readonly=: is no key of [Job]; did you mean ReadOnly=?");
        assert_refused("[Job]\ntime_limit=5\n" COMMAND, "f.job:2: \"time_limit=5\" does not begin with a key; a key "
                                                        "is letters, digits and \"-\", up to 64");
        assert_refused("[Job]\nColour=blue\n" COMMAND,
                       "f.job:2: Colour=: is no key of [Job]; its keys are in jobd.job(5)");
        assert_refused("[Job]\nX-Mine=1\n" COMMAND,
                       "f.job:2: X-Mine=: is no key of [Job]; its keys are in jobd.job(5)");
        assert_refused("[Service]\nMemroyMax=1G\n",
                       "f.job:2: MemroyMax=: is no setting of [Service]; did you mean MemoryMax=?");
        assert_refused("[Service]\nexecstart=/bin/true\n",
                       "f.job:2: execstart=: is no setting of [Service]; did you mean ExecStart=?");
        assert_refused_at("[Service]\nCompletelyUnheardOf=1\n", "f.job:2: CompletelyUnheardOf=: ");
        assert_refused_at("[Variable x]\nCompletelyUnheardOf=1\n", "f.job:2: CompletelyUnheardOf=: ");
}

static void test_wrong_section(void) {
        assert_refused("[Job]\nMemoryMax=1G\n" COMMAND,
                       "f.job:2: MemoryMax=: is no key of [Job]; it belongs to [Service]");
        assert_refused("[Job]\nRegex=x\n" COMMAND,
                       "f.job:2: Regex=: is no key of [Job]; it belongs to a [Variable NAME] section");
        assert_refused("[Service]\nTimeLimit=5\n",
                       "f.job:2: TimeLimit=: is no setting of [Service]; it belongs to [Job]");
        assert_refused("[Service]\nRetry=5\n", "f.job:2: Retry=: is no setting of [Service]; it belongs to [Job]");
        assert_refused("[Service]\nDefault=5\n",
                       "f.job:2: Default=: is no setting of [Service]; it belongs to a [Variable NAME] section");
        assert_refused("[Variable x]\nType=string\nTaskQueues=a\n" COMMAND,
                       "f.job:3: TaskQueues=: is no key of [Variable NAME]; it belongs to [Job]");
        assert_refused("[Variable x]\nType=string\nExecStart=/bin/true\n",
                       "f.job:3: ExecStart=: is no key of [Variable NAME]; it belongs to [Service]");
}

static void test_wrong_values(void) {
        g_autofree char *names = g_strnfill(JOB_CLASS_VARIABLES_MAX * 2 + 2, ' ');
        g_autofree char *order = NULL;

        assert_refused("[Job]\nHidden=perhaps\n" COMMAND,
                       "f.job:2: Hidden=: \"perhaps\" is not a boolean; write yes or no");
        assert_refused("[Job]\nReadOnly=perhaps\n" COMMAND,
                       "f.job:2: ReadOnly=: \"perhaps\" is not a boolean; write yes or no");
        assert_refused("[Job]\nTimeLimit=soon\n" COMMAND,
                       "f.job:2: TimeLimit=: \"soon\" is not a time; write seconds, or a number with a unit as in "
                       "\"5min\" or \"1h 30min\"");
        assert_refused("[Job]\nTimeLimit=infinity\n" COMMAND,
                       "f.job:2: TimeLimit=: every run has a time limit, so \"infinity\" is not one; write a time "
                       "such as \"12h\", or 0 for the default of jobd.conf");
        assert_refused("[Job]\nTaskQueues=a,b\n" COMMAND,
                       "f.job:2: TaskQueues=: \"a,b\" is not the name of a job queue; names are separated by blanks "
                       "and have letters, digits, \"_\", \"-\" and \".\", up to 100");
        assert_refused("[Job]\nRetry=-1\n" COMMAND,
                       "f.job:2: Retry=: \"-1\" is not a number of further tries; write 0 to 100");
        assert_refused("[Job]\nRetry=101\n" COMMAND,
                       "f.job:2: Retry=: \"101\" is not a number of further tries; write 0 to 100");
        assert_refused("[Job]\nRetry=yes\n" COMMAND,
                       "f.job:2: Retry=: \"yes\" is not a number of further tries; write 0 to 100");
        assert_refused("[Job]\nRetryDelay=infinity\n" COMMAND,
                       "f.job:2: RetryDelay=: \"infinity\" is not a time to wait; write seconds, or a number with a "
                       "unit as in \"30s\" or \"5min\"");
        assert_refused_at("[Job]\nResultMaxAge=old\n" COMMAND, "f.job:2: ResultMaxAge=: not a time span");
        assert_refused_at("[Job]\nResultMaxCount=1.5\n" COMMAND, "f.job:2: ResultMaxCount=: not a number");
        assert_refused_at("[Service]\nMemoryMax=lots\n", "f.job:2: MemoryMax=");
        assert_refused_at("[Variable x]\nType=integer\nMinValue=x\n" COMMAND, "f.job:3: MinValue=: ");
        assert_refused_at("[Job]\nFieldOrder=nobody\n[Variable x]\nType=string\n" COMMAND, "f.job:2: FieldOrder=: ");

        for (unsigned i = 0; i <= JOB_CLASS_VARIABLES_MAX; i++)
                names[2 * i] = 'a';
        order = g_strdup_printf("[Job]\nFieldOrder=%s\n" COMMAND, names);
        assert_refused(order, "f.job:2: FieldOrder=: more than 256 names, which is the most");
}

/* What only the last line decides is told at the line of the key, or of the section where the key is missing */
static void test_variable_finish(void) {
        assert_refused_at("[Variable x]\nType=integer\nMinValue=9\nMaxValue=1\n" COMMAND, "f.job:");
        assert_refused_at("\n[Variable x]\nType=integer\n\nDefault=abc\n" COMMAND, "f.job:5: Default=: ");
        assert_refused_at("[Variable x]\nType=integer\nRegex=x\n" COMMAND, "f.job:3: Regex=: ");
}

static void test_service(void) {
        g_autofree char *error = NULL;

        /* The setting is named once, whoever names it */
        error = parse_error("[Service]\nMemoryMax=lots\n");
        g_assert_true(g_str_has_prefix(error, "f.job:2: MemoryMax="));
        g_assert_null(strstr(error + strlen("f.job:2: MemoryMax="), "MemoryMax="));

        assert_refused("", "f.job: [Service] has no ExecStart=; it says which program the job runs");
        assert_refused("[Job]\nName=x\n", "f.job: [Service] has no ExecStart=; it says which program the job runs");
        assert_refused("[Service]\nUser=root\n",
                       "f.job: [Service] has no ExecStart=; it says which program the job runs");
        assert_refused(COMMAND "DynamicUser=no\n",
                       "f.job: [Service] has DynamicUser=no and no User=, so a run would be root; write User=root if that "
                       "is meant, or leave DynamicUser=no out");
        assert_refused(COMMAND "ExecStart=\n",
                       "f.job: [Service] has no ExecStart=; it says which program the job runs");
        assert_refused_at(COMMAND "ExecStart=/bin/false\n", "f.job:3: ExecStart=");
        assert_refused_at(COMMAND "Slice=x.slice\n", "f.job:3: Slice=");
        assert_refused_at(COMMAND "RuntimeMaxSec=5\n", "f.job:3: RuntimeMaxSec=");
        assert_refused_at(COMMAND "LogExtraFields=A=b\n", "f.job:3: LogExtraFields=");
}

static void test_truncation(void) {
        g_autofree char *umlauts = g_malloc0(401), *grouping = g_strnfill(256, 'g'), *text = NULL, *again = NULL;
        g_autofree char *name_warning = NULL, *grouping_warning = NULL;
        _cleanup_(job_class_freep) JobClass *c = NULL, *d = NULL;

        for (unsigned i = 0; i < 101; i++)
                strcat(umlauts, "\303\244");
        text = g_strdup_printf("[Job]\nName=%s\nGrouping=%s\n" COMMAND, umlauts, grouping);
        c = parse(text);

        g_assert_cmpint(g_utf8_strlen(c->values.name, -1), ==, 100);
        g_assert_cmpuint(strlen(c->values.name), ==, 200);
        g_assert_cmpuint(strlen(c->values.grouping), ==, 255);

        name_warning = g_strdup_printf("f.job:2: Name=: Job class \"NightlyBackup\" name \"%s\" exceeds 100 "
                                       "characters in length, it will be truncated in the database.",
                                       umlauts);
        grouping_warning = g_strdup_printf("f.job:3: Grouping=: Job class \"NightlyBackup\" grouping \"%s\" exceeds "
                                           "255 characters in length, it will be truncated in the database.",
                                           grouping);
        g_assert_cmpuint(c->warnings->len, ==, 2);
        g_assert_cmpstr(c->warnings->pdata[0], ==, name_warning);
        g_assert_cmpstr(c->warnings->pdata[1], ==, grouping_warning);

        /* No warning for what is not in force */
        again = g_strdup_printf("[Job]\nName=%s\nName=short\n" COMMAND, umlauts);
        d = parse(again);
        g_assert_cmpstr(d->values.name, ==, "short");
        g_assert_cmpuint(d->warnings->len, ==, 0);
}

static void test_approval_and_secrets(void) {
        _cleanup_(job_class_freep) JobClass *a = NULL, *b = NULL, *c = NULL;

        a = parse("[Job]\nHasSensitiveVariables=yes\nApprovalRequired=yes\n" COMMAND);
        g_assert_cmpuint(a->warnings->len, ==, 1);
        g_assert_cmpstr(a->warnings->pdata[0], ==,
                        "f.job:3: ApprovalRequired=: A job that may have sensitive variables cannot be marked as "
                        "requiring approval");
        g_assert_true(a->values.approval_required);

        /* Single variables are sealed for as long as the request waits. */
        b = parse("[Job]\nApprovalRequired=yes\n[Variable p]\nType=string\nSensitive=yes\n" COMMAND);
        g_assert_cmpuint(b->warnings->len, ==, 0);
        g_assert_false(b->values.has_sensitive_variables);

        c = parse("[Variable p]\nType=string\nSensitive=yes\n" COMMAND);
        g_assert_cmpuint(c->warnings->len, ==, 0);
}

/* What a command takes from the environment and will not find there. */
static void test_environment(void) {
        static const struct {
                const char *service, *expected; /* the warnings, a line each */
        } rows[] = {
                { "ExecStart=true ${JOB_VAR_host} $JOB_VAR_host JOB_VAR_none $OTHER ${JOB_VAR_}", "" },
                { "ExecStart=true --host=${JOB_VAR_hots}\nExecStartPre=sh -c 'echo $JOB_VAR_hots'",
                  "f.job: $JOB_VAR_hots: there is no variable 'hots', so it is empty\n" },
                { "ExecStart=sh -c 'echo $$JOB_VAR_password; echo $${JOB_VAR_x:-y}'",
                  "f.job: $JOB_VAR_password: the variable 'password' is sensitive, so it is not in the environment and "
                  "this is empty: have the program ask for it by \"jobd-job var password\"\n"
                  "f.job: $JOB_VAR_x: there is no variable 'x', so it is empty\n" },
                { "ExecStart=:true ${JOB_VAR_x}\nEnvironment=A=$JOB_VAR_y",
                  "f.job: $JOB_VAR_x: there is no variable 'x', so it is empty\n" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                g_autofree char *text = g_strdup_printf("[Variable host]\n[Variable password]\nSensitive=yes\n[Service]\n%s\n",
                                                        rows[i].service);
                _cleanup_(job_class_freep) JobClass *c = parse(text);
                g_autoptr(GString) warnings = g_string_new(NULL);

                for (guint w = 0; w < c->warnings->len; w++)
                        g_string_append_printf(warnings, "%s\n", (const char *) c->warnings->pdata[w]);
                g_assert_cmpstr(warnings->str, ==, rows[i].expected);
        }
}

static void test_several_files(void) {
        static const File files[] = {
                { JOB_CLASS_FILE_MODULE, "m.conf",
                  "[Job]\nGrouping=Network\nTaskQueues=bulk\nTimeLimit=1h\n"
                  "[Service]\nMemoryMax=1G\nEnvironment=A=1\n" },
                { JOB_CLASS_FILE_MAIN, "f.job",
                  "[Job]\nTimeLimit=5\nTaskQueues=fast\n[Variable x]\nType=string\n[Service]\nExecStart=/bin/true\n"
                  "Environment=B=2\n" },
                { JOB_CLASS_FILE_DROPIN, "10.conf",
                  "[Job]\nTimeLimit=7\n[Variable y]\nType=integer\n"
                  "[Variable x]\nType=integer\n[Service]\nEnvironment=C=3\n" },
                { JOB_CLASS_FILE_DROPIN, "20.conf", "[Service]\nMemoryMax=2G\nExecStart=\nExecStart=/bin/false\n" },
        };
        _cleanup_(job_class_freep) JobClass *c = NULL;
        g_autofree char *error = NULL;

        g_assert_cmpint(parse_files(files, ELEMENTSOF(files), &c, &error), ==, 0);
        g_assert_cmpstr(c->path, ==, "f.job");
        g_assert_cmpstr(c->values.grouping, ==, "Network");
        g_assert_cmpuint(c->values.time_limit_usec, ==, 7 * USEC_PER_SEC);
        g_assert_cmpuint(g_strv_length(c->values.task_queues), ==, 2);
        g_assert_cmpstr(c->values.task_queues[0], ==, "bulk");
        assert_property(c, "MemoryMax", "2147483648");
        assert_property(c, "Environment", "['A=1', 'B=2', 'C=3']");
        assert_property_has(c, "ExecStart", "/bin/false");

        /* A variable keeps its place when a drop-in changes it */
        g_assert_cmpuint(c->variables->len, ==, 2);
        g_assert_cmpstr(variable_name(c->variables->pdata[0]), ==, "x");
        g_assert_cmpstr(variable_type_string(c->variables->pdata[0]), ==, "integer");
        g_assert_cmpstr(variable_name(c->variables->pdata[1]), ==, "y");
}

static void assert_file_refused(JobClassFileKind kind, const char *path, const char *text, const char *message) {
        const File files[] = {
                { JOB_CLASS_FILE_MAIN, "f.job", "[Variable v]\nType=integer\n" COMMAND },
                { kind, path, text },
        };
        _cleanup_(job_class_freep) JobClass *c = NULL;
        g_autofree char *error = NULL;

        g_assert_cmpint(parse_files(files, ELEMENTSOF(files), &c, &error), ==, -EINVAL);
        if (!g_str_has_prefix(error, message))
                g_error("\"%s\" does not begin with \"%s\"", error, message);
}

/* The message names the file that is wrong */
static void test_error_in_other_file(void) {
        assert_file_refused(JOB_CLASS_FILE_DROPIN, "d.conf", "\n[Job]\nHidden=x\n",
                            "d.conf:3: Hidden=: \"x\" is not a boolean; write yes or no");
        assert_file_refused(JOB_CLASS_FILE_DROPIN, "d.conf", "[Service]\nExecStart=/bin/false\n",
                            "d.conf:2: ExecStart=");
        assert_file_refused(JOB_CLASS_FILE_DROPIN, "d.conf", "[Variable v]\nDefault=abc\n", "d.conf:2: Default=: ");
        assert_file_refused(JOB_CLASS_FILE_DROPIN, "d.conf", "[Job]\nFieldOrder=w\n", "d.conf:2: FieldOrder=: ");
        assert_file_refused(JOB_CLASS_FILE_DROPIN, "d.conf", "[Service]\nExecStart=\n",
                            "f.job: [Service] has no ExecStart=; it says which program the job runs");
        assert_file_refused(JOB_CLASS_FILE_MODULE, "module.conf", "[Variable w]\nType=string\n",
                            "module.conf:1: [Variable w]: a module.conf has [Job] and [Service] only; variables "
                            "belong to the job class");
}

/* The value is Python's: hashlib.sha256(b"f.job\0" b"30\0" + text + b"d.conf\0" b"6\0" b"[Job]\n").hexdigest() */
static void test_digest(void) {
        static const File files[] = {
                { JOB_CLASS_FILE_MAIN, "f.job", COMMAND },
                { JOB_CLASS_FILE_DROPIN, "d.conf", "[Job]\n" },
        };
        static const File others[] = {
                { JOB_CLASS_FILE_MAIN, "f.job", COMMAND },
                { JOB_CLASS_FILE_DROPIN, "e.conf", "[Job]\n" },
        };
        _cleanup_(job_class_freep) JobClass *both = NULL, *main_only = NULL, *renamed = NULL;

        g_assert_cmpint(parse_files(files, 2, &both, NULL), ==, 0);
        g_assert_cmpint(parse_files(files, 1, &main_only, NULL), ==, 0);
        g_assert_cmpint(parse_files(others, 2, &renamed, NULL), ==, 0);

        g_assert_cmpstr(both->digest, ==, "562421b066f870787ca4ada53fb44bf0189e20997325a804c10e86f67ed81f14");
        g_assert_cmpstr(main_only->digest, ==, "c5607d91fa6a52901563d6f7195ef5da3246da498875c0514ce56a3ec2e0ae48");
        g_assert_cmpstr(both->digest, !=, renamed->digest);
}

static void test_many_variables(void) {
        g_autoptr(GString) text = g_string_new(COMMAND);
        _cleanup_(job_class_freep) JobClass *c = NULL;

        for (unsigned i = 0; i < JOB_CLASS_VARIABLES_MAX; i++)
                g_string_append_printf(text, "[Variable v%u]\nType=string\n", i);
        c = parse(text->str);
        g_assert_cmpuint(c->variables->len, ==, JOB_CLASS_VARIABLES_MAX);

        g_string_append(text, "[Variable one_more]\nType=string\n");
        assert_refused(text->str, "f.job:515: [Variable one_more]: more than 256 variables, which is the most");
}

static void test_hostile(void) {
        static const struct {
                const char *text;
                size_t size;
        } texts[] = {
#define TEXT(literal) { literal, sizeof(literal) - 1 }
                TEXT("\0"),
                TEXT("[Service]\nExecStart=/bin/true\0\n"),
                TEXT("\357\273\277" COMMAND),
                TEXT("[Service]\nExecStart=/bin/\377\n"),
                TEXT("[Service\n"),
                TEXT("[]\n"),
                TEXT("]\n"),
                TEXT("=\n"),
                TEXT("[Service]\n=\n"),
                TEXT("[Service]\n====\n"),
                TEXT("[Variable \033]0;x\007]\n"),
                TEXT("[Variable ../../etc/passwd]\n"),
                TEXT("[Variable %n%n%n]\n"),
                TEXT("[%s%n]\n"),
                TEXT("[Job]\n%s%n=%s%n\n"),
                TEXT("[Job]\nName=\033[2J\n" COMMAND),
                TEXT("[Job]\nTimeLimit=1e400\n" COMMAND),
                TEXT("[Job]\nTimeLimit=-9223372036854775808\n" COMMAND),
                TEXT("[Job]\nRetry=18446744073709551616\n" COMMAND),
                TEXT("[Job]\nRetry=0x10\n" COMMAND),
                TEXT("{\"json\": true}\n"),
                TEXT("<?xml version=\"1.0\"?>\n"),
                TEXT("#!/bin/sh\nrm -rf /\n"),
#undef TEXT
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_(job_class_parser_freep) JobClassParser *p = job_class_parser_new("m", "C", false);
                g_autofree char *error = NULL;
                g_autofree char *copy = g_memdup2(texts[i].text, texts[i].size);
                JobClass *c = NULL;
                int r;

                r = job_class_parser_add(p, JOB_CLASS_FILE_MAIN, "f.job", "f.job", copy, texts[i].size, &error);
                if (r >= 0)
                        r = job_class_parser_finish(p, &c, &error);

                g_assert_cmpint(r, ==, -EINVAL);
                g_assert_null(c);
                g_assert_true(g_str_has_prefix(error, "f.job:"));
                g_assert_true(g_utf8_validate(error, -1, NULL));
                for (const char *q = error; *q; q++)
                        g_assert_false(g_ascii_iscntrl(*q));
        }
}

/* Sizes that would take minutes if anything in the reading went with the square of the input */
static void test_large(void) {
        g_autofree char *digits = g_strnfill(200 * 1024, '9'), *letters = g_strnfill(200 * 1024, 'x');
        g_autofree char *retry = g_strdup_printf("[Job]\nRetry=%s\n" COMMAND, digits);
        g_autofree char *limit = g_strdup_printf("[Job]\nTimeLimit=%s\n" COMMAND, digits);
        g_autofree char *hidden = g_strdup_printf("[Job]\nHidden=%s\n" COMMAND, letters);
        g_autofree char *queues = g_strdup_printf("[Job]\nTaskQueues=%s\n" COMMAND, letters);
        g_autofree char *name = g_strdup_printf("[Job]\nName=%s\n" COMMAND, letters);
        g_autofree char *section = g_strdup_printf("[%s]\n" COMMAND, letters);
        g_autofree char *key = g_strdup_printf("[Job]\n%s=1\n" COMMAND, letters);
        g_autoptr(GString) lines = g_string_new("[Job]\n");
        const char *const refused[] = { retry, limit, hidden, queues, section, key };
        _cleanup_(job_class_freep) JobClass *c = NULL, *d = NULL;

        for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
                g_autofree char *error = parse_error(refused[i]);

                g_assert_cmpuint(strlen(error), <, 500);
        }

        c = parse(name);
        g_assert_cmpuint(strlen(c->values.name), ==, 100);
        g_assert_cmpuint(strlen(c->warnings->pdata[0]), <, 1500);

        for (unsigned i = 0; i < 9000; i++)
                g_string_append(lines, i == 0 ? "Description=x\\\n" : "\\\n");
        g_string_append(lines, "\n" COMMAND);
        d = parse(lines->str);
        g_assert_cmpstr(d->values.description, ==, "x");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/job-class/names", test_names);
        g_test_add_func("/job-class/default-roots", test_default_roots);
        g_test_add_func("/job-class/minimal", test_minimal);
        g_test_add_func("/job-class/all-keys", test_all_keys);
        g_test_add_func("/job-class/later-lines", test_later_lines);
        g_test_add_func("/job-class/sections", test_sections);
        g_test_add_func("/job-class/unknown-keys", test_unknown_keys);
        g_test_add_func("/job-class/wrong-section", test_wrong_section);
        g_test_add_func("/job-class/wrong-values", test_wrong_values);
        g_test_add_func("/job-class/variable-finish", test_variable_finish);
        g_test_add_func("/job-class/service", test_service);
        g_test_add_func("/job-class/truncation", test_truncation);
        g_test_add_func("/job-class/approval-and-secrets", test_approval_and_secrets);
        g_test_add_func("/job-class/environment", test_environment);
        g_test_add_func("/job-class/several-files", test_several_files);
        g_test_add_func("/job-class/error-in-other-file", test_error_in_other_file);
        g_test_add_func("/job-class/digest", test_digest);
        g_test_add_func("/job-class/many-variables", test_many_variables);
        g_test_add_func("/job-class/hostile", test_hostile);
        g_test_add_func("/job-class/large", test_large);

        return g_test_run();
}
