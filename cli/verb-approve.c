/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>

#include "ask.h"
#include "bus-object.h"
#include "bus-report.h"
#include "find-schedule.h"
#include "jobctl.h"
#include "json.h"
#include "names.h"
#include "now.h"
#include "output.h"
#include "request-text.h"
#include "run-wait.h"
#include "schedule-text.h"

/* Verbs that answer requests: approve, deny. */

typedef struct AnswerOptions {
        char *comment;
        gboolean force, dry_run, yes, quiet, no_wait;
} AnswerOptions;

static void answer_options_done(AnswerOptions *o) {
        g_free(o->comment);
}

/* Shows everything that will run, as GetRequest() has it. The digest stands for all of that. */
static int show_request(Connection *c, const char *path, const char *name, char **ret_digest) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        g_autoptr(JsonObject) request = NULL;
        const char *json;
        int r;

        r = connection_method(c, path, JOBD_SCHEDULE_INTERFACE, "GetRequest", name, &reply, NULL);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "s", &json);
        if (r >= 0)
                r = json_parse_object(json, strlen(json), SIZE_MAX, &request, NULL);
        if (r < 0)
                return report_errno(r, "cannot understand the request");
        request_print(request);
        *ret_digest = g_strdup(json_string(request, "digest"));
        return 0;
}

static int print_answered(Jobctl *j, Connection *c, const char *path, const char *name, const char *done,
                          const AnswerOptions *o) {
        g_autofree char *text = NULL, *safe = NULL, *safe_name = NULL;
        g_autoptr(JsonObject) schedule = NULL;

        if (o->quiet && !j->json)
                return EXIT_SUCCESS;
        if (get_schedule(c, path, name, &schedule) < 0)
                return STATUS_ERROR;
        if (j->json) {
                print_json_object(TAKE_PTR(schedule));
                return EXIT_SUCCESS;
        }
        text = schedule_done_text(schedule, done, now_usec());
        safe = output_escape(text);
        safe_name = output_escape(json_string(schedule, "name") ?: name);
        printf("%s: %s.\n", safe_name, safe);
        return EXIT_SUCCESS;
}

static int dry_run(Jobctl *j, Connection *c, const char *path, const char *name, const AnswerOptions *o) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        g_autofree char *line = NULL;
        const char *id, *result;
        int r;

        if (object_call(c, path, JOBD_SCHEDULE_INTERFACE, "DryRun", name, NULL, 0, &reply) < 0)
                return STATUS_ERROR;
        r = sd_bus_message_read(reply, "so", &id, &result);
        if (r < 0)
                return (void) report_errno(r, "cannot understand the reply of jobd"), STATUS_ERROR;
        if (o->no_wait)
                return run_print_acknowledged(j, c, id, result);
        if (!o->quiet && !j->json) {
                line = g_strdup_printf("dry run of %s: job result %s", name, id);
                run_print_line(line, NULL);
        }
        return run_wait(j, c, id, result, o->quiet);
}

static int approve(Jobctl *j, Connection *c, const char *path, const char *name, const AnswerOptions *o) {
        g_autofree char *digest = NULL;
        int r;

        if (!o->quiet && !j->json && show_request(c, path, name, &digest) < 0)
                return STATUS_ERROR;
        if (!o->yes && ask_possible() && !ask_yes("Approve this request? [y/N] ")) {
                (void) report_error(-ECANCELED, "nothing was approved.");
                return STATUS_ERROR;
        }

        r = object_call(c, path, JOBD_SCHEDULE_INTERFACE, "Approve", name,
                        (const ObjectOption[]) {
                                { "comment", o->comment },
                                { "force", .set = o->force },
                                { "digest", digest }, /* what was shown, and nothing else */
                        },
                        3, NULL);
        if (r < 0)
                return STATUS_ERROR;
        return print_answered(j, c, path, name, "approved", o);
}

int verb_approve(Jobctl *j, const Verb *verb, int argc, char **argv) {
        _cleanup_(answer_options_done) AnswerOptions o = {};
        _cleanup_(connection_freep) Connection *c = NULL;
        g_autofree char *path = NULL;
        char **arguments;
        int r;
        const GOptionEntry entries[] = {
                { "comment", 'c', 0, G_OPTION_ARG_FILENAME, &o.comment, "What is kept with the approval", "TEXT" },
                { "force", 'f', 0, G_OPTION_ARG_NONE, &o.force, "Also when the start is over: run at once", NULL },
                { "dry-run", 0, 0, G_OPTION_ARG_NONE, &o.dry_run, "Do not approve, but try it with dryrun=yes", NULL },
                { "no-wait", 0, 0, G_OPTION_ARG_NONE, &o.no_wait, "With --dry-run: print the ID, do not wait", NULL },
                { "yes", 'y', 0, G_OPTION_ARG_NONE, &o.yes, "Do not ask", NULL },
                { "quiet", 'q', 0, G_OPTION_ARG_NONE, &o.quiet, "Do not show what will run", NULL },
                {}
        };

        r = verb_parse(j, verb, entries, argc, argv, 1, 1, &arguments);
        if (r >= 0)
                return r;
        if (o.dry_run && (o.comment || o.force))
                return usage_error(verb, "approve: --dry-run approves nothing: there is no --comment and no --force.");
        if (connection_open(&j->connection, &c) < 0 || find_schedule(c, arguments[0], &path, NULL) < 0)
                return STATUS_ERROR;
        return (o.dry_run ? dry_run : approve)(j, c, path, arguments[0], &o);
}

int verb_deny(Jobctl *j, const Verb *verb, int argc, char **argv) {
        _cleanup_(answer_options_done) AnswerOptions o = {};
        _cleanup_(connection_freep) Connection *c = NULL;
        g_autofree char *path = NULL;
        char **arguments;
        int r;
        const GOptionEntry entries[] = {
                { "comment", 'c', 0, G_OPTION_ARG_FILENAME, &o.comment, "Why, for the requester to read", "TEXT" },
                { "quiet", 'q', 0, G_OPTION_ARG_NONE, &o.quiet, "Print nothing but errors", NULL },
                {}
        };

        r = verb_parse(j, verb, entries, argc, argv, 1, 1, &arguments);
        if (r >= 0)
                return r;
        if (connection_open(&j->connection, &c) < 0 || find_schedule(c, arguments[0], &path, NULL) < 0 ||
            object_call(c, path, JOBD_SCHEDULE_INTERFACE, "Deny", arguments[0],
                        &(ObjectOption) { "comment", o.comment }, 1, NULL) < 0)
                return STATUS_ERROR;
        return print_answered(j, c, path, arguments[0], "denied", &o);
}
