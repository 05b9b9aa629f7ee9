/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "bus-report.h"
#include "find.h"
#include "jobctl.h"
#include "names.h"
#include "output.h"

/* Verbs that change records of jobs: enable, disable, set, revert. */

static GOptionEntry quiet_entry(gboolean *quiet) {
        return (GOptionEntry) { "quiet", 'q', 0, G_OPTION_ARG_NONE, quiet, "Print nothing but errors", NULL };
}

/* The job as it is after the change: one line, or an element of the JSON array. */
static int show_changed(Jobctl *j, Connection *c, const char *path, const char *what, JsonArray *changed) {
        JsonObject *job;
        int r;

        r = get_job(c, path, NULL, &job);
        if (r < 0)
                return r;
        if (!j->json) {
                g_autofree char *class_path = output_escape(json_string(job, "class_path") ?: "?");

                printf("%s: %s.\n", class_path, what);
        }
        json_array_add_object_element(changed, job);
        return 0;
}

static int switch_job(Jobctl *j, Connection *c, const char *name, bool enable, bool quiet, JsonArray *changed) {
        g_autofree char *path = NULL;
        int r;

        r = find_job(c, name, &path, NULL);
        if (r < 0)
                return r;
        r = connection_method(c, path, JOBD_JOB_INTERFACE, enable ? "Enable" : "Disable", name, NULL, NULL);
        if (r < 0 || (quiet && !j->json))
                return r;
        return show_changed(j, c, path, enable ? "enabled" : "disabled", changed);
}

static int switch_jobs(Jobctl *j, const Verb *verb, int argc, char **argv, bool enable) {
        _cleanup_(connection_freep) Connection *c = NULL;
        g_autoptr(JsonArray) changed = json_array_new();
        gboolean quiet = false;
        const GOptionEntry entries[] = { quiet_entry(&quiet), {} };
        int r, status = EXIT_SUCCESS;
        char **names;

        r = verb_parse(j, verb, entries, argc, argv, 1, UINT_MAX, &names);
        if (r >= 0)
                return r;
        if (connection_open(&j->connection, &c) < 0)
                return STATUS_ERROR;
        /* One that cannot be changed does not keep the others from it. */
        for (; *names; names++)
                if (switch_job(j, c, *names, enable, quiet, changed) < 0)
                        status = STATUS_ERROR;
        if (j->json)
                print_json_array(TAKE_PTR(changed));
        return status;
}

int verb_enable(Jobctl *j, const Verb *verb, int argc, char **argv) {
        return switch_jobs(j, verb, argc, argv, true);
}

int verb_disable(Jobctl *j, const Verb *verb, int argc, char **argv) {
        return switch_jobs(j, verb, argc, argv, false);
}

/* --json names this field as the reference does; what one reads there must be good here. */
static const char *field_name(const char *field) {
        return strcmp(field, "is_singleton") == 0 ? "singleton" : field;
}

/* After fields were set or cleared, all or some of them. */
static int finish_fields(Jobctl *j, Connection *c, const char *path, bool quiet, const char *what, int r) {
        g_autoptr(JsonArray) changed = json_array_new();
        int status = r < 0 ? STATUS_ERROR : EXIT_SUCCESS;

        if (r < 0 || (quiet && !j->json))
                return status;
        if (show_changed(j, c, path, what, changed) < 0)
                return STATUS_ERROR;
        if (j->json)
                print_json_object(json_object_ref(json_array_get_object_element(changed, 0)));
        return status;
}

static int set_field(Connection *c, const char *path, const char *job, const char *assignment) {
        const char *equals = strchr(assignment, '=');
        g_autofree char *field = g_strndup(assignment, (size_t) (equals - assignment));

        return connection_method(c, path, JOBD_JOB_INTERFACE, "SetOverride", job, NULL, "ss", field_name(field),
                                 equals + 1);
}

int verb_set(Jobctl *j, const Verb *verb, int argc, char **argv) {
        _cleanup_(connection_freep) Connection *c = NULL;
        g_autofree char *path = NULL;
        gboolean quiet = false;
        const GOptionEntry entries[] = { quiet_entry(&quiet), {} };
        char **arguments;
        int r;

        r = verb_parse(j, verb, entries, argc, argv, 2, UINT_MAX, &arguments);
        if (r >= 0)
                return r;
        /* Seen before anything is changed: only a value that jobd refuses can leave the fields before it set. */
        for (char **a = arguments + 1; *a; a++)
                if (!strchr(*a, '=') || (*a)[0] == '=')
                        return usage_error(verb, "set: %s is not FIELD=VALUE.", *a);
        if (connection_open(&j->connection, &c) < 0 || find_job(c, arguments[0], &path, NULL) < 0)
                return STATUS_ERROR;
        r = 0;
        for (char **a = arguments + 1; r >= 0 && *a; a++) {
                r = set_field(c, path, arguments[0], *a);
                if (r < 0 && a > arguments + 1)
                        (void) report_error(r, "fields before it are set, it and those after it are not.");
        }
        return finish_fields(j, c, path, quiet, "overridden", r);
}

static int clear_field(Connection *c, const char *path, const char *job, const char *field) {
        return connection_method(c, path, JOBD_JOB_INTERFACE, "ClearOverride", job, NULL, "s", field_name(field));
}

/* Returns how many there were. */
static int clear_all(Connection *c, const char *path, const char *job) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *field;
        int r, n = 0;

        r = connection_method(c, path, "org.freedesktop.DBus.Properties", "Get", job, &reply, "ss",
                              JOBD_JOB_INTERFACE, "Overrides");
        if (r < 0)
                return r;
        r = sd_bus_message_enter_container(reply, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'a', "s");
        if (r < 0)
                return report_errno(r, "cannot understand what jobd says of the overrides");
        for (; (r = sd_bus_message_read_basic(reply, 's', &field)) > 0; n++) {
                r = clear_field(c, path, job, field);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : n;
}

int verb_revert(Jobctl *j, const Verb *verb, int argc, char **argv) {
        _cleanup_(connection_freep) Connection *c = NULL;
        g_autofree char *path = NULL;
        gboolean quiet = false, all = false;
        const GOptionEntry entries[] = {
                { "all", 'a', 0, G_OPTION_ARG_NONE, &all, "All fields that are overridden", NULL },
                quiet_entry(&quiet),
                {}
        };
        char **arguments;
        int r;

        r = verb_parse(j, verb, entries, argc, argv, 1, UINT_MAX, &arguments);
        if (r >= 0)
                return r;
        if (all == (arguments[1] != NULL))
                return usage_error(verb, "revert: name the fields, or say --all.");
        if (connection_open(&j->connection, &c) < 0 || find_job(c, arguments[0], &path, NULL) < 0)
                return STATUS_ERROR;
        r = all ? clear_all(c, path, arguments[0]) : 0;
        for (char **a = arguments + 1; r >= 0 && *a; a++)
                r = clear_field(c, path, arguments[0], *a);
        return finish_fields(j, c, path, quiet, all && r == 0 ? "nothing is overridden" : "reverted to the class", r);
}
