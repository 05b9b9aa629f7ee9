/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fnmatch.h>
#include <string.h>

#include "find.h"
#include "jobctl.h"
#include "output.h"
#include "result-text.h"
#include "table.h"

typedef struct ListOptions {
        gboolean all, enabled, disabled, not_installed, no_legend;
        char *module, *grouping;
} ListOptions;

static void list_options_done(ListOptions *o) {
        g_free(o->module);
        g_free(o->grouping);
}

static bool matches(JsonObject *job, char **patterns) {
        const char *class_path = json_string(job, "class_path"), *name = json_string(job, "name");

        if (!patterns[0])
                return true;
        for (; *patterns; patterns++)
                if ((class_path && fnmatch(*patterns, class_path, 0) == 0) ||
                    (name && fnmatch(*patterns, name, 0) == 0))
                        return true;
        return false;
}

static JsonArray *select_matching(JsonArray *jobs, char **patterns) {
        JsonArray *selected = json_array_new();

        for (unsigned i = 0; i < json_array_get_length(jobs); i++) {
                JsonObject *job = json_array_get_object_element(jobs, i);

                if (matches(job, patterns))
                        json_array_add_object_element(selected, json_object_ref(job));
        }
        return selected;
}

static const char *yes_no(JsonObject *job, const char *member) {
        return json_boolean(job, member) ? "yes" : "no";
}

static void add_job(Table *t, JsonObject *job, bool all) {
        const char *description = json_string(job, "description") ?: "";
        g_autofree char *first_line = g_strndup(description, strcspn(description, "\n"));
        bool runnable = json_boolean(job, "runnable");
        g_autofree char *latest = result_latest_text(job);
        const char *cells[9];
        size_t n = 0;

        cells[n++] = json_string(job, "class_path");
        cells[n++] = json_string(job, "name");
        cells[n++] = json_string(job, "grouping");
        cells[n++] = yes_no(job, "enabled");
        if (all) {
                cells[n++] = yes_no(job, "installed");
                cells[n++] = yes_no(job, "hidden");
        }
        cells[n++] = latest;
        cells[n++] = first_line[0] ? first_line : NULL;
        table_add(t, cells, 3, runnable ? COLOR_GREEN : json_boolean(job, "enabled") ? COLOR_YELLOW : NULL);
}

static void print_table(JsonArray *jobs, const ListOptions *o) {
        static const char *const columns[] = { "JOB", "NAME", "GROUPING", "ENABLED", "LATEST RESULT", "DESCRIPTION",
                                               NULL };
        static const char *const all_columns[] = { "JOB",    "NAME",          "GROUPING",    "ENABLED", "INSTALLED",
                                                   "HIDDEN", "LATEST RESULT", "DESCRIPTION", NULL };
        _cleanup_(table_freep) Table *t = table_new(o->all ? all_columns : columns,
                                                    TABLE_CUT_LAST | (o->no_legend ? 0 : TABLE_HEADINGS));
        unsigned n = json_array_get_length(jobs);

        for (unsigned i = 0; i < n; i++)
                add_job(t, json_array_get_object_element(jobs, i), o->all);
        if (n > 0)
                table_print(t);
        if (!o->no_legend)
                printf("%s%u job%s listed.%s\n", n > 0 ? "\n" : "", n, n == 1 ? "" : "s",
                       o->all ? "" : " Use --all to see those that are hidden or not installed, too.");
}

int verb_list(Jobctl *j, const Verb *verb, int argc, char **argv) {
        _cleanup_(connection_freep) Connection *c = NULL;
        g_autoptr(JsonArray) jobs = NULL, selected = NULL;
        _cleanup_(list_options_done) ListOptions o = {};
        const GOptionEntry entries[] = {
                { "all", 'a', 0, G_OPTION_ARG_NONE, &o.all, "Also hidden jobs and those not installed", NULL },
                { "enabled", 0, 0, G_OPTION_ARG_NONE, &o.enabled, "Only jobs that are enabled", NULL },
                { "disabled", 0, 0, G_OPTION_ARG_NONE, &o.disabled, "Only jobs that are not enabled", NULL },
                { "not-installed", 0, 0, G_OPTION_ARG_NONE, &o.not_installed, "Only jobs whose job class is gone", NULL },
                { "module", 'm', 0, G_OPTION_ARG_FILENAME, &o.module, "Only jobs of this module", "MODULE" },
                { "grouping", 'g', 0, G_OPTION_ARG_FILENAME, &o.grouping, "Only jobs of this grouping", "GROUPING" },
                { "no-legend", 0, 0, G_OPTION_ARG_NONE, &o.no_legend, "No headings, no count", NULL },
                {}
        };
        char **patterns;
        JobFilter filter;
        int r;

        r = verb_parse(j, verb, entries, argc, argv, 0, UINT_MAX, &patterns);
        if (r >= 0)
                return r;
        if (o.enabled && o.disabled)
                return usage_error(verb, "list: --enabled and --disabled exclude each other.");

        o.all = o.all || o.not_installed; /* what is shown of each */
        filter = (JobFilter) {
                .module_name = o.module,
                .grouping = o.grouping,
                .enabled = o.enabled ? true : o.disabled ? false : -1,
                .all = o.all,
                .not_installed = o.not_installed,
                .latest_result = true,
        };
        if (connection_open(&j->connection, &c) < 0 || list_jobs(c, &filter, &jobs) < 0)
                return STATUS_ERROR;
        selected = select_matching(jobs, patterns);
        if (j->json)
                print_json_array(TAKE_PTR(selected));
        else
                print_table(selected, &o);
        return EXIT_SUCCESS;
}
