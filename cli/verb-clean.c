/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>

#include "bus-report.h"
#include "jobctl.h"
#include "names.h"
#include "output.h"
#include "time-span.h"

typedef struct CleanOptions {
        char *max_age_text, *max_count_text, *job, *username;
        gboolean dry_run;
        uint64_t max_age, max_count; /* UINT64_MAX: as jobd has it set */
} CleanOptions;

static void clean_options_done(CleanOptions *o) {
        g_free(o->max_age_text);
        g_free(o->max_count_text);
        g_free(o->job);
        g_free(o->username);
}

/* Returns -1, or the status to exit with. */
static int read_limits(const Verb *verb, CleanOptions *o) {
        guint64 n;

        o->max_age = o->max_count = UINT64_MAX;
        if (o->max_age_text && (time_span_parse(o->max_age_text, USEC_PER_SEC, &o->max_age) < 0 ||
                                o->max_age == USEC_INFINITY))
                return usage_error(verb, "clean: --max-age=%s is not a time span: use one like \"90d\".",
                                   o->max_age_text);
        if (o->max_count_text) {
                if (!g_ascii_string_to_unsigned(o->max_count_text, 10, 1, UINT32_MAX - 1, &n, NULL))
                        return usage_error(verb, "clean: --max-count=%s is not a number from 1.", o->max_count_text);
                o->max_count = n;
        }
        return -1;
}

static int append_options(sd_bus_message *m, const CleanOptions *o) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0 && o->max_age != UINT64_MAX)
                r = sd_bus_message_append(m, "{sv}", "max_age", "t", o->max_age);
        if (r >= 0 && o->max_count != UINT64_MAX)
                r = sd_bus_message_append(m, "{sv}", "max_count", "u", (uint32_t) o->max_count);
        if (r >= 0 && o->job)
                r = sd_bus_message_append(m, "{sv}", "job", "s", o->job);
        if (r >= 0 && o->username)
                r = sd_bus_message_append(m, "{sv}", "username", "s", o->username);
        if (r >= 0 && o->dry_run)
                r = sd_bus_message_append(m, "{sv}", "dry_run", "b", true);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int read_counts(sd_bus_message *reply, JsonObject **ret) {
        g_autoptr(JsonObject) counts = json_object_new();
        const char *name;
        uint64_t n;
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "{st}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(reply, "{st}", &name, &n)) > 0)
                json_object_set_int_member(counts, name, (int64_t) n);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(counts);
        return 0;
}

static int call_clean(Connection *c, const CleanOptions *o, JsonObject **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        int r;

        r = connection_message_new(c, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, "CleanJobResults", &call);
        if (r < 0)
                return r;
        r = append_options(call, o);
        if (r >= 0) /* a million of them take minutes */
                r = sd_bus_set_method_call_timeout(connection_bus(c), UINT64_MAX);
        if (r < 0)
                return report_errno(r, "cannot make a message");
        r = connection_call(c, call, o->job, &reply);
        if (r < 0)
                return r;
        r = read_counts(reply, ret);
        return r < 0 ? report_errno(r, "cannot understand the reply of jobd") : 0;
}

static void print_counts(JsonObject *counts, bool dry_run) {
        int64_t results = json_object_get_int_member_with_default(counts, "job_results", 0);
        int64_t files = json_object_get_int_member_with_default(counts, "output_files", 0);
        int64_t schedules = json_object_get_int_member_with_default(counts, "scheduled_jobs", 0);

        printf("%s %" PRIi64 " job result%s with %" PRIi64 " output file%s, and %" PRIi64 " scheduled job%s.\n",
               dry_run ? "Would delete" : "Deleted", results, results == 1 ? "" : "s", files, files == 1 ? "" : "s",
               schedules, schedules == 1 ? "" : "s");
}

int verb_clean(Jobctl *j, const Verb *verb, int argc, char **argv) {
        _cleanup_(connection_freep) Connection *c = NULL;
        _cleanup_(clean_options_done) CleanOptions o = {};
        g_autoptr(JsonObject) counts = NULL;
        const GOptionEntry entries[] = {
                { "max-age", 0, 0, G_OPTION_ARG_FILENAME, &o.max_age_text, "Those that ended longer ago", "SPAN" },
                { "max-count", 0, 0, G_OPTION_ARG_FILENAME, &o.max_count_text, "All but the newest N of a job", "N" },
                { "job", 'j', 0, G_OPTION_ARG_FILENAME, &o.job, "Only those of this job", "JOB" },
                { "dry-run", 0, 0, G_OPTION_ARG_NONE, &o.dry_run, "Only count them", NULL },
                { "username", 0, 0, G_OPTION_ARG_FILENAME, &o.username, "On behalf of this user (for root)", "USER" },
                {}
        };
        char **arguments;
        int r;

        r = verb_parse(j, verb, entries, argc, argv, 0, 0, &arguments);
        if (r < 0)
                r = read_limits(verb, &o);
        if (r >= 0)
                return r;
        if (connection_open(&j->connection, &c) < 0 || call_clean(c, &o, &counts) < 0)
                return STATUS_ERROR;
        if (j->json)
                print_json_object(TAKE_PTR(counts));
        else
                print_counts(counts, o.dry_run);
        return EXIT_SUCCESS;
}
