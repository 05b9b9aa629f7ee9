/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>

#include "bus-report.h"
#include "find.h"
#include "find-schedule.h"
#include "jobctl.h"
#include "now.h"
#include "output.h"
#include "schedule-text.h"
#include "table.h"

/* Verbs that list scheduled jobs: schedules, approvals. */

/* Those that can still run, which is what one looks for. */
static const char *const states_alive[] = { "pending", "active", "paused", "errored", NULL };

static void add_schedule(Table *t, JsonObject *schedule) {
        const char *state = json_string(schedule, "state") ?: "?";
        g_autofree char *interval = schedule_interval_zone_text(schedule);
        /* One that waits for an approval has a time, but does not run then as it is. */
        g_autofree char *next = format_time_short(json_boolean(schedule, "enabled") ? json_time(schedule, "next_run_at")
                                                                                    : 0);
        g_autofree char *last = format_age(json_time(schedule, "last_run_at"), now_usec());
        g_autofree char *runs = g_strdup_printf("%" PRIi64, json_object_get_int_member(schedule, "total_run_count"));
        const char *cells[] = {
                json_string(schedule, "name"), state, next, interval,
                last, runs, json_string(schedule, "user"), json_string(schedule, "task"),
        };

        table_add(t, cells, 1, schedule_state_color(state));
}

static void print_schedules(JsonArray *schedules, bool legend) {
        static const char *const columns[] = { "NAME", "STATE", "NEXT", "INTERVAL", "LAST",
                                               "RUNS", "USER",  "JOB",  NULL };
        _cleanup_(table_freep) Table *t = table_new(columns, legend ? TABLE_HEADINGS : 0);

        for (unsigned i = 0; i < json_array_get_length(schedules); i++)
                add_schedule(t, json_array_get_object_element(schedules, i));
        if (table_rows(t) > 0)
                table_print(t);
        else if (legend)
                puts("No scheduled jobs.");
}

/* Next first; what has no next time after that, the newest first. */
static int compare_next(const void *a, const void *b) {
        JsonObject *const *x = a, *const *y = b;
        uint64_t next_x = json_time(*x, "next_run_at") - 1, next_y = json_time(*y, "next_run_at") - 1;

        return (next_x > next_y) - (next_x < next_y);
}

/* The reference's row A1. */
static int compare_start(const void *a, const void *b) {
        JsonObject *const *x = a, *const *y = b;
        uint64_t start_x = json_time(*x, "start_time"), start_y = json_time(*y, "start_time");

        return (start_x > start_y) - (start_x < start_y);
}

static JsonArray *sort_schedules(JsonArray *schedules, GCompareFunc compare) {
        g_autoptr(GPtrArray) sorted = g_ptr_array_new();
        JsonArray *result = json_array_new();

        for (unsigned i = 0; i < json_array_get_length(schedules); i++)
                g_ptr_array_add(sorted, json_array_get_object_element(schedules, i));
        g_ptr_array_sort(sorted, compare);
        for (unsigned i = 0; i < sorted->len; i++)
                json_array_add_object_element(result, json_object_ref(sorted->pdata[i]));
        return result;
}

int verb_schedules(Jobctl *j, const Verb *verb, int argc, char **argv) {
        g_autofree char *job = NULL, *typed_state = NULL, *state = NULL, *user = NULL;
        _cleanup_(connection_freep) Connection *c = NULL;
        g_autoptr(JsonArray) schedules = NULL, sorted = NULL;
        gboolean all = false, no_legend = false;
        int lines = 1000, r;
        char **arguments;
        const GOptionEntry entries[] = {
                { "all", 'a', 0, G_OPTION_ARG_NONE, &all, "Also those that will never run again", NULL },
                { "job", 'j', 0, G_OPTION_ARG_FILENAME, &job, "Only those of this job", "JOB" },
                { "state", 's', 0, G_OPTION_ARG_FILENAME, &typed_state, "Only those in this state", "STATE" },
                { "user", 'u', 0, G_OPTION_ARG_FILENAME, &user, "Only what this user has requested", "USER" },
                { "lines", 'n', 0, G_OPTION_ARG_INT, &lines, "At most N, instead of 1000", "N" },
                { "no-legend", 0, 0, G_OPTION_ARG_NONE, &no_legend, "No headings", NULL },
                {}
        };
        const char *one_state[2] = {};

        r = verb_parse(j, verb, entries, argc, argv, 0, 0, &arguments);
        if (r >= 0)
                return r;
        if (lines < 1)
                return usage_error(verb, "schedules: --lines=%i is not a number from 1.", lines);
        state = typed_state ? g_ascii_strdown(typed_state, -1) : NULL;
        one_state[0] = state;

        if (connection_open(&j->connection, &c) < 0 ||
            list_schedules(c,
                           &(ScheduleFilter) {
                                   .job = job,
                                   .requester = user,
                                   .states = state ? one_state : all ? NULL : states_alive,
                                   .limit = (unsigned) lines,
                           },
                           &schedules) < 0)
                return STATUS_ERROR;
        if (json_array_get_length(schedules) == 0 && check_filter_exists(c, job, NULL, user) < 0)
                return STATUS_ERROR;

        sorted = sort_schedules(schedules, compare_next);
        if (j->json)
                print_json_array(TAKE_PTR(sorted));
        else
                print_schedules(sorted, !no_legend);
        return EXIT_SUCCESS;
}

static void add_request(Table *t, JsonObject *request) {
        g_autofree char *asked = format_age(json_time(request, "date_created"), now_usec());
        g_autofree char *expires = format_until(json_time(request, "expires_at"), now_usec());
        g_autofree char *start = format_time_short(json_time(request, "start_time"));
        g_autofree char *interval = schedule_interval_zone_text(request), *awaits = schedule_awaits_text(request);
        const bool at_once = g_strcmp0(json_string(request, "interval"), "immediately") == 0;
        const char *cells[] = {
                json_string(request, "id"), json_string(request, "name"), json_string(request, "task"),
                json_string(request, "user"), asked, at_once ? "when approved" : start, interval, awaits, expires,
        };

        table_add(t, cells, 0, NULL);
}

int verb_approvals(Jobctl *j, const Verb *verb, int argc, char **argv) {
        static const char *const columns[] = { "ID",     "NAME",     "JOB",       "USER",    "ASKED",
                                               "STARTS", "INTERVAL", "WAITS FOR", "EXPIRES", NULL };
        _cleanup_(connection_freep) Connection *c = NULL;
        _cleanup_(table_freep) Table *t = NULL;
        g_autoptr(JsonArray) requests = NULL, sorted = NULL;
        gboolean no_legend = false;
        g_autofree char *job = NULL, *user = NULL;
        char **arguments;
        int r;
        const GOptionEntry entries[] = {
                { "job", 'j', 0, G_OPTION_ARG_FILENAME, &job, "Only those of this job", "JOB" },
                { "user", 'u', 0, G_OPTION_ARG_FILENAME, &user, "Only what this user has requested", "USER" },
                { "no-legend", 0, 0, G_OPTION_ARG_NONE, &no_legend, "No headings", NULL },
                {}
        };

        r = verb_parse(j, verb, entries, argc, argv, 0, 0, &arguments);
        if (r >= 0)
                return r;
        if (connection_open(&j->connection, &c) < 0 ||
            list_schedules(c,
                           &(ScheduleFilter) {
                                   .job = job,
                                   .requester = user,
                                   .approval = true,
                                   .limit = UINT_MAX,
                           },
                           &requests) < 0)
                return STATUS_ERROR;
        if (json_array_get_length(requests) == 0 && check_filter_exists(c, job, NULL, user) < 0)
                return STATUS_ERROR;
        for (unsigned i = 0; i < json_array_get_length(requests); i++)
                schedule_add_stages(c, json_array_get_object_element(requests, i));
        sorted = sort_schedules(requests, compare_start);
        if (j->json) {
                print_json_array(TAKE_PTR(sorted));
                return EXIT_SUCCESS;
        }

        t = table_new(columns, no_legend ? 0 : TABLE_HEADINGS);
        for (unsigned i = 0; i < json_array_get_length(sorted); i++)
                add_request(t, json_array_get_object_element(sorted, i));
        if (table_rows(t) > 0)
                table_print(t);
        else if (!no_legend)
                puts("No requests wait for an approval.");
        return EXIT_SUCCESS;
}
