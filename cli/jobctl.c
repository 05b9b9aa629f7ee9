/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <locale.h>
#include <string.h>

#include "bus-error.h"
#include "bus-report.h"
#include "config.h"
#include "jobctl.h"
#include "options.h"
#include "suggest.h"

#define FIELDS                                                                                                     \
        "Fields:\n"                                                                                                \
        "  name, grouping, description, approval_required, dryrun_default,\n"                                      \
        "  has_sensitive_variables, hidden, singleton, soft_time_limit, time_limit,\n"                             \
        "  task_queues"
#define OBJECTS_COMMANDS                                                                                           \
        "Commands:\n"                                                                                              \
        "  models                List the models, and where their objects come from\n"                             \
        "  list MODEL [QUERY]    List the objects of a model\n"                                                    \
        "  import MODEL FILE     Take objects from a file (-: standard input)"
#define SCHEDULE_ACTIONS                                                                                           \
        "Actions:\n"                                                                                               \
        "  show NAME...          Show all of it; may be left out with one NAME\n"                                                                 \
        "  pause NAME...         Let it not run until it is resumed\n"                                             \
        "  resume NAME...        Let it run again, also when it is errored\n"                                      \
        "  run NAME              Run it once now, for yourself\n"                                                  \
        "  update NAME           Change it, by the options above\n"                                                \
        "  take-over NAME...     Become its requester\n"                                                           \
        "  cancel NAME...        Let it never run again, or take a request back\n"                                 \
        "  delete NAME...        Delete its record\n\n"                                                            \
        "A scheduled job is made by \"jobctl run\" with --at, --interval or --crontab."
#define QUEUE_ACTIONS                                                                                              \
        "Actions:\n"                                                                                               \
        "  show NAME                         Show all of it; may be left out\n"                                                     \
        "  create NAME [PROPERTY=VALUE...]   Make one\n"                                                           \
        "  set NAME PROPERTY=VALUE...        Change it\n"                                                          \
        "  delete NAME                       Delete it, when nothing uses it\n\n"                                  \
        "Properties:\n"                                                                                            \
        "  description, enabled, max_running, max_pending, weight, priority,\n"                                    \
        "  when_unavailable (wait or refuse), and of its slice CPUWeight, CPUQuota,\n"                             \
        "  MemoryMax, MemoryHigh, TasksMax, IOWeight, AllowedCPUs"

static const Verb verbs[] = {
        { "Jobs", "list", "[PATTERN...]", "List the jobs", verb_list },
        { "Jobs", "show", "JOB", "Show all of a job", verb_show },
        { "Jobs", "refresh", "", "Read the job classes from disk into the registry", verb_refresh },
        { "Jobs", "enable", "JOB...", "Let jobs be run", verb_enable },
        { "Jobs", "disable", "JOB...", "Let jobs not be run", verb_disable },
        { "Jobs", "set", "JOB FIELD=VALUE...", "Override what the job class says", verb_set, FIELDS },
        { "Jobs", "revert", "JOB FIELD...|--all", "Go back to what the job class says", verb_revert,
          FIELDS },
        { "Jobs", "delete", "JOB...", "Delete records of jobs", verb_delete },
        { "Jobs", "objects", "COMMAND...", "Objects for variables: models, list, import", verb_objects,
          OBJECTS_COMMANDS },
        { "Runs", "run", "JOB|--from=ID", "Run a job, follow its log, wait for its end", verb_run },
        { "Runs", "results", "", "List job results, the newest first", verb_results },
        { "Runs", "result", "[ID]", "Show a job result, or the newest", verb_result },
        { "Runs", "logs", "[ID]", "Show the log of a run, or of the newest", verb_logs },
        { "Runs", "outputs", "ID [NAME...]", "List or fetch the output files of a run", verb_outputs },
        { "Runs", "cancel", "ID...|--all", "Cancel runs", verb_cancel },
        { "Runs", "clean", "", "Delete old job results and scheduled jobs", verb_clean },
        { "Runs", "monitor", "", "Show what changes, as it happens", verb_monitor },
        { "Schedules and approvals", "schedules", "", "List scheduled jobs, the next first", verb_schedules },
        { "Schedules and approvals", "schedule", "[ACTION] NAME...", "Show or change one: pause, resume, update, ...",
          verb_schedule, SCHEDULE_ACTIONS },
        { "Schedules and approvals", "approvals", "", "List requests that wait for an approval", verb_approvals },
        { "Schedules and approvals", "approve", "REQUEST", "Show what will run, and approve it", verb_approve },
        { "Schedules and approvals", "deny", "REQUEST", "Deny a request", verb_deny },
        { "Queues", "queues", "", "List the job queues", verb_queues },
        { "Queues", "queue", "[ACTION] NAME", "Show, create, set or delete one", verb_queue, QUEUE_ACTIONS },
};

static void print_help(void) {
        const char *subject = NULL;

        puts("Usage: jobctl [OPTIONS...] VERB [ARGUMENTS...]\n\n"
             "Manage the jobs of this host: review, run, follow and cancel them.");
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
                const Verb *v = verbs + i;
                g_autofree char *usage = g_strdup_printf("%s %s", v->name, v->arguments);

                if (!subject || strcmp(subject, v->subject) != 0)
                        printf("\n%s:\n", v->subject);
                subject = v->subject;
                printf("  %-26s %s\n", usage, v->summary);
        }
        puts("\nOptions:\n"
             "  --json                     Print JSON\n"
             "  --no-ask-password          Do not ask for a password\n"
             "  --socket[=PATH]            Not by the bus, by jobd's socket (for root)\n"
             "  -h, --help                 Show this help\n"
             "  --version                  Show the version\n\n"
             "JOB is a class_path, a name or a UUID; ID a UUID or the beginning of one.\n"
             "\"jobctl VERB --help\" shows the options of a verb; see also jobctl(1).");
}

static int unknown_verb(const char *name) {
        const char *names[ELEMENTSOF(verbs) + 1] = {}, *nearest;

        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                names[i] = verbs[i].name;
        nearest = suggest_nearest(name, names);
        if (nearest)
                return usage_error(NULL, "there is no verb \"%s\". Did you mean \"%s\"?", name, nearest);
        return usage_error(NULL, "there is no verb \"%s\".", name);
}

static int dispatch(Jobctl *j, int argc, char **argv) {
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                if (strcmp(verbs[i].name, argv[0]) == 0)
                        return verbs[i].run(j, verbs + i, argc, argv);
        return unknown_verb(argv[0]);
}

/* GOption takes the next argument as the value of an option whose value is optional: it shall stand after "=" only. */
static void separate_socket(int argc, char **argv) {
        static char with_equals[] = "--socket=";

        for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
                if (strcmp(argv[i], "--socket") == 0)
                        argv[i] = with_equals;
}

static int jobctl(int argc, char **argv) {
        gboolean help = false, version = false;
        const GOptionEntry entries[] = {
                { "help", 'h', 0, G_OPTION_ARG_NONE, &help, NULL, NULL },
                { "version", 0, 0, G_OPTION_ARG_NONE, &version, NULL, NULL },
                {}
        };
        Jobctl j = { .connection.ask_password = true };
        g_autoptr(GOptionContext) context = option_context_new(&j, NULL, entries);
        g_autoptr(GError) error = NULL;
        int r = EXIT_SUCCESS;

        g_option_context_set_strict_posix(context, true); /* what follows the verb is the verb's */
        if (!g_option_context_parse(context, &argc, &argv, &error))
                return usage_error(NULL, "%s", error->message);
        if (help)
                print_help();
        else if (version)
                puts("jobctl " PROJECT_VERSION);
        else if (argc < 2)
                r = usage_error(NULL, "say what to do: jobctl VERB.");
        else
                r = dispatch(&j, argc - 1, argv + 1);
        g_free(j.socket);
        return r;
}

int main(int argc, char **argv) {
        int status;

        (void) setlocale(LC_ALL, "");
        if (bus_error_register() < 0)
                abort();
        for (int i = 1; i < argc; i++)
                if (!g_utf8_validate(argv[i], -1, NULL))
                        return usage_error(NULL, "argument %i is not UTF-8.", i);

        separate_socket(argc, argv);
        status = jobctl(argc, argv);
        /* What could not be printed was not done, as far as whoever reads it can tell. */
        if ((fflush(stdout) != 0 || ferror(stdout)) && status == EXIT_SUCCESS) {
                (void) report_errno(-errno, "cannot write to standard output");
                status = STATUS_ERROR;
        }
        return status;
}
