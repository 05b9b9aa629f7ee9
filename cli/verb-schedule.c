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
#include "run-schedule.h"
#include "run-wait.h"
#include "schedule-input.h"
#include "schedule-text.h"
#include "stage-text.h"
#include "table.h"

/* The verb that shows and changes scheduled jobs: schedule ACTION NAME, and schedule NAME to show one. */

typedef struct ActionOptions {
        ScheduleOptions schedule;
        char *queue, *data, **vars;
        gboolean yes, quiet, no_wait;
} ActionOptions;

/* The scheduled job that an action is about. */
typedef struct Target {
        char *path;
        const char *name; /* as typed; borrowed */
        JsonObject *schedule;
} Target;

typedef struct Action {
        const char *name;
        const char *done; /* what is said when it is; NULL: the action says it itself */
        int (*run)(Jobctl *j, const Verb *verb, Connection *c, const Target *t, const ActionOptions *o);
} Action;

static void target_done(Target *t) {
        g_clear_pointer(&t->path, g_free);
        g_clear_pointer(&t->schedule, json_object_unref);
}

static void action_options_done(ActionOptions *o) {
        schedule_options_done(&o->schedule);
        g_free(o->queue);
        g_free(o->data);
        g_strfreev(o->vars);
}

/* ---- show ---- */

static void add_time(Fields *f, JsonObject *schedule, const char *label, const char *member) {
        g_autofree char *text = format_time(json_time(schedule, member));

        fields_add(f, label, text);
}

/* What waits for an approval has no time yet, whatever it would be without. */
static void add_next(Fields *f, JsonObject *schedule) {
        bool pending = g_strcmp0(json_string(schedule, "state"), "pending") == 0;
        uint64_t next = pending ? 0 : json_time(schedule, "next_run_at");
        g_autofree char *time = format_time(next), *until = format_until(next, now_usec());
        g_autofree char *text = until ? g_strdup_printf("%s (%s)", time, until) : NULL;

        fields_add(f, "Next run", text);
}

static void print_schedule(JsonObject *s) {
        const char *state = json_string(s, "state") ?: "?";
        _cleanup_(fields_freep) Fields *f = fields_new();
        g_autofree char *state_text = schedule_state_text(s), *interval = schedule_interval_text(s);
        g_autofree char *lack = request_lack_text(s);
        g_autofree char *input = json_format(json_object_get_member(s, "kwargs"));
        g_autofree char *runs = g_strdup_printf("%" PRIi64, json_object_get_int_member(s, "total_run_count"));

        fields_add_colored(f, "Scheduled job", json_string(s, "name"), COLOR_BOLD);
        fields_add(f, "ID", json_string(s, "id"));
        fields_add(f, "Job", json_string(s, "task"));
        fields_add_colored(f, "State", state_text, schedule_state_color(state));
        if (lack)
                fields_add_colored(f, "Problem", lack, COLOR_YELLOW);
        fields_add(f, "Requester", json_string(s, "user"));
        if (json_string(s, "requested_by"))
                fields_add(f, "Requested by", json_string(s, "requested_by"));
        fields_add(f, "Interval", interval);
        fields_add(f, "Time zone", json_string(s, "time_zone"));
        add_time(f, s, "Start", "start_time");
        add_next(f, s);
        add_time(f, s, "Last run", "last_run_at");
        fields_add(f, "Last result", json_string(s, "last_result"));
        fields_add(f, "Runs", runs);
        fields_add(f, "Missed runs", json_string(s, "missed"));
        fields_add(f, "Task queue", json_string(s, "task_queue"));
        fields_add(f, "Input", input);
        fields_add_boolean(f, "Sealed input", json_boolean(s, "sealed"));
        fields_add_boolean(f, "Needs approval", json_boolean(s, "approval_required"));
        fields_add_answers(f, s, "approvals");
        if (json_time(s, "expires_at") > 0 && strcmp(state, "pending") == 0)
                add_time(f, s, "Expires", "expires_at");
        add_time(f, s, "Created", "date_created");
        add_time(f, s, "Changed", "date_changed");
        fields_print(f);
}

static int action_show(Jobctl *j, const Verb *verb, Connection *c, const Target *t, const ActionOptions *o) {
        if (!j->json)
                print_schedule(t->schedule);
        return EXIT_SUCCESS;
}

/* ---- what changes it ---- */

static int status_of(int r) {
        return r < 0 ? STATUS_ERROR : EXIT_SUCCESS;
}

static int set_enabled(Connection *c, const Target *t, bool enabled) {
        return status_of(connection_method(c, t->path, JOBD_SCHEDULE_INTERFACE, "SetEnabled", t->name, NULL, "b",
                                           (int) enabled));
}

static int action_pause(Jobctl *j, const Verb *verb, Connection *c, const Target *t, const ActionOptions *o) {
        return set_enabled(c, t, false);
}

static int action_resume(Jobctl *j, const Verb *verb, Connection *c, const Target *t, const ActionOptions *o) {
        return set_enabled(c, t, true);
}

static int action_take_over(Jobctl *j, const Verb *verb, Connection *c, const Target *t, const ActionOptions *o) {
        return status_of(connection_method(c, t->path, JOBD_SCHEDULE_INTERFACE, "TakeOver", t->name, NULL, NULL));
}

static int action_cancel(Jobctl *j, const Verb *verb, Connection *c, const Target *t, const ActionOptions *o) {
        return status_of(object_call(c, t->path, JOBD_SCHEDULE_INTERFACE, "Cancel", t->name, NULL, 0, NULL));
}

static int action_delete(Jobctl *j, const Verb *verb, Connection *c, const Target *t, const ActionOptions *o) {
        g_autofree char *name = output_escape(json_string(t->schedule, "name") ?: t->name);

        if (!o->yes && ask_possible() && !ask_yes("Delete the scheduled job %s? Its job results stay. [y/N] ", name)) {
                (void) report_error(-ECANCELED, "%s was not deleted.", name);
                return STATUS_ERROR;
        }
        return status_of(connection_method(c, t->path, JOBD_SCHEDULE_INTERFACE, "Delete", t->name, NULL, NULL));
}

static int action_run(Jobctl *j, const Verb *verb, Connection *c, const Target *t, const ActionOptions *o) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        g_autofree char *line = NULL;
        const char *id, *path;
        int r;

        if (object_call(c, t->path, JOBD_SCHEDULE_INTERFACE, "RunNow", t->name, NULL, 0, &reply) < 0)
                return STATUS_ERROR;
        r = sd_bus_message_read(reply, "so", &id, &path);
        if (r < 0)
                return (void) report_errno(r, "cannot understand the reply of jobd"), STATUS_ERROR;
        if (o->no_wait)
                return run_print_acknowledged(j, c, id, path);
        if (!o->quiet && !j->json) {
                line = g_strdup_printf("%s: job result %s", json_string(t->schedule, "name"), id);
                run_print_line(line, NULL);
        }
        return run_wait(j, c, id, path, o->quiet);
}

static int append_update(const ActionOptions *o, const char *data, sd_bus_message *call) {
        int r;

        r = sd_bus_message_open_container(call, 'a', "{sv}");
        if (r >= 0)
                r = schedule_options_append(&o->schedule, call);
        if (r >= 0)
                r = object_append_string(call, "task_queue", o->queue);
        if (r >= 0)
                r = object_append_string(call, "data", data);
        if (r >= 0)
                r = sd_bus_message_close_container(call);
        return r < 0 || !data ? r : sd_bus_message_sensitive(call);
}

static int action_update(Jobctl *j, const Verb *verb, Connection *c, const Target *t, const ActionOptions *given) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        g_autoptr(JsonObject) input = NULL;
        g_autofree char *data = NULL;
        ActionOptions o = *given; /* borrows its strings */
        int r;

        if (!schedule_options_given(&o.schedule) && !o.queue && !o.data && !o.vars)
                return usage_error(verb, "schedule update: say what is to be changed, as by --at, --name or --var.");
        r = schedule_options_check(verb, &o.schedule, t->schedule);
        if (r >= 0)
                return r;
        r = o.data || o.vars ? schedule_input_make(j, verb, c, t->schedule, o.data, o.vars, &input) : -1;
        if (r >= 0)
                return r;
        data = input ? json_format_object(input) : NULL;

        r = connection_message_new(c, t->path, JOBD_SCHEDULE_INTERFACE, "Update", &call);
        if (r < 0)
                return STATUS_ERROR;
        r = append_update(&o, data, call);
        if (data)
                explicit_bzero(data, strlen(data));
        if (r < 0)
                return (void) report_errno(r, "cannot make a message"), STATUS_ERROR;
        return status_of(connection_call(c, call, t->name, NULL));
}

static const Action actions[] = {
        { "show", NULL, action_show },
        { "pause", "paused", action_pause },
        { "resume", "resumed", action_resume },
        { "run", NULL, action_run },
        { "update", "updated", action_update },
        { "take-over", "taken over", action_take_over },
        { "cancel", "canceled", action_cancel },
        { "delete", "deleted", action_delete },
};

/* ---- the verb ---- */

static const Action *find_action(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(actions); i++)
                if (strcmp(actions[i].name, name) == 0)
                        return actions + i;
        return NULL;
}

/* What there is after it, which is what --json shows; what was deleted as it was before. */
static int read_after(Connection *c, const Action *a, Target *t) {
        JsonObject *now = NULL;

        if (a->run == action_delete || a->run == action_show)
                return 0;
        if (get_schedule(c, t->path, t->name, &now) < 0)
                return -EIO;
        json_object_unref(t->schedule);
        t->schedule = now;
        return 0;
}

static void print_done(const Action *a, JsonObject *schedule) {
        g_autofree char *name = output_escape(json_string(schedule, "name") ?: "?");
        g_autofree char *done = schedule_done_text(schedule, a->done, now_usec()), *safe = output_escape(done);

        printf("%s: %s.\n", name, a->run == action_delete ? a->done : safe);
}

static int act_on(Jobctl *j, const Verb *verb, Connection *c, const Action *a, const char *name,
                  const ActionOptions *o, JsonArray *after) {
        _cleanup_(target_done) Target t = { .name = name };
        int status;

        if (find_schedule(c, name, &t.path, &t.schedule) < 0)
                return STATUS_ERROR;
        status = a->run(j, verb, c, &t, o);
        if (status != EXIT_SUCCESS || a->run == action_run)
                return status;
        if (a->done && o->quiet && !j->json)
                return status;
        if (read_after(c, a, &t) < 0)
                return STATUS_ERROR;
        if (a->done && !j->json)
                print_done(a, t.schedule);
        json_array_add_object_element(after, TAKE_PTR(t.schedule));
        return status;
}

static int unknown_action(const Verb *verb, const char *name) {
        g_autoptr(GString) names = g_string_new(NULL);

        for (size_t i = 0; i < ELEMENTSOF(actions); i++)
                g_string_append_printf(names, "%s%s", i == 0 ? "" : i + 1 < ELEMENTSOF(actions) ? ", " : " or ",
                                       actions[i].name);
        return usage_error(verb, "schedule: there is no action \"%s\": it is %s.", name, names->str);
}

int verb_schedule(Jobctl *j, const Verb *verb, int argc, char **argv) {
        _cleanup_(action_options_done) ActionOptions o = {};
        _cleanup_(connection_freep) Connection *c = NULL;
        g_autoptr(JsonArray) after = json_array_new();
        const GOptionEntry entries[] = {
                SCHEDULE_OPTION_ENTRIES(&o.schedule),
                { "queue", 0, 0, G_OPTION_ARG_FILENAME, &o.queue, "update: one of the job's task queues", "QUEUE" },
                { "data", 'd', 0, G_OPTION_ARG_FILENAME, &o.data, "update: the whole input, as with run", "JSON" },
                { "var", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o.vars, "update: the value of one variable", "NAME=VALUE" },
                { "no-wait", 0, 0, G_OPTION_ARG_NONE, &o.no_wait, "run: print the ID and do not wait", NULL },
                { "yes", 'y', 0, G_OPTION_ARG_NONE, &o.yes, "delete: do not ask", NULL },
                { "quiet", 'q', 0, G_OPTION_ARG_NONE, &o.quiet, "Print nothing but errors", NULL },
                {}
        };
        int r, status = EXIT_SUCCESS;
        const Action *a;
        char **arguments, **names;

        r = verb_parse(j, verb, entries, argc, argv, 1, UINT_MAX, &arguments);
        if (r >= 0)
                return r;
        names = arguments + 1;
        a = find_action(arguments[0]);
        if (!a && !names[0]) {
                a = find_action("show");
                names = arguments;
        }
        if (!a)
                return unknown_action(verb, arguments[0]);
        if (!names[0])
                return usage_error(verb, "schedule %s: say which: jobctl schedule %s NAME", a->name, a->name);
        if (a->run != action_update && (schedule_options_given(&o.schedule) || o.queue || o.data || o.vars))
                return usage_error(verb, "schedule: when, where and with what it runs is changed by \"schedule "
                                   "update\".");
        if (names[1] && (a->run == action_run || a->run == action_update))
                return usage_error(verb, "schedule %s: one argument too many: %s", a->name, names[1]);
        if (connection_open(&j->connection, &c) < 0)
                return STATUS_ERROR;

        for (char **name = names; *name; name++) {
                r = act_on(j, verb, c, a, *name, &o, after);
                status = r != EXIT_SUCCESS ? r : status;
        }
        if (j->json && a->run != action_run)
                print_json_array(TAKE_PTR(after));
        return status;
}
