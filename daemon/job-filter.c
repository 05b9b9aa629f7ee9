/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>

#include "bus-option.h"
#include "job-filter.h"
#include "list.h"
#include "run-request.h"

#define OVERRIDE(text, field) { text "_override", 'b', offsetof(JobFilter, overridden) + (field) * sizeof(int), NULL, NULL }

static const BusOption table[] = {
        { "enabled", 'b', offsetof(JobFilter, enabled), NULL, NULL },
        { "installed", 'b', offsetof(JobFilter, installed), NULL, NULL },
        { "hidden", 'b', offsetof(JobFilter, hidden), NULL, NULL },
        { "approval_required", 'b', offsetof(JobFilter, approval_required), NULL, NULL },
        { "dryrun_default", 'b', offsetof(JobFilter, dryrun_default), NULL, NULL },
        { "has_sensitive_variables", 'b', offsetof(JobFilter, has_sensitive_variables), NULL, NULL },
        { "singleton", 'b', offsetof(JobFilter, singleton), NULL, NULL },
        { "read_only", 'b', offsetof(JobFilter, read_only), NULL, NULL },
        OVERRIDE("name", JOB_FIELD_NAME),
        OVERRIDE("grouping", JOB_FIELD_GROUPING),
        OVERRIDE("description", JOB_FIELD_DESCRIPTION),
        OVERRIDE("approval_required", JOB_FIELD_APPROVAL_REQUIRED),
        OVERRIDE("dryrun_default", JOB_FIELD_DRYRUN_DEFAULT),
        OVERRIDE("has_sensitive_variables", JOB_FIELD_HAS_SENSITIVE_VARIABLES),
        OVERRIDE("hidden", JOB_FIELD_HIDDEN),
        OVERRIDE("singleton", JOB_FIELD_SINGLETON),
        OVERRIDE("soft_time_limit", JOB_FIELD_SOFT_TIME_LIMIT),
        OVERRIDE("time_limit", JOB_FIELD_TIME_LIMIT),
        OVERRIDE("task_queues", JOB_FIELD_TASK_QUEUES),
        { "soft_time_limit", 't', offsetof(JobFilter, soft_time_limit_usec), NULL, NULL },
        { "time_limit", 't', offsetof(JobFilter, time_limit_usec), NULL, NULL },
        { "module_name", 's', offsetof(JobFilter, module_name), NULL, NULL },
        { "job_class_name", 's', offsetof(JobFilter, job_class_name), NULL, NULL },
        { "grouping", 's', offsetof(JobFilter, grouping), NULL, NULL },
        { "name", 's', offsetof(JobFilter, name), NULL, NULL },
        { "queue", 's', offsetof(JobFilter, queue), NULL, NULL },
        { "q", 's', offsetof(JobFilter, q), NULL, NULL },
        { "latest_result", 'b', offsetof(JobFilter, latest_result), NULL, NULL },
        { "limit", 'u', offsetof(JobFilter, limit), NULL, NULL },
        { "offset", 'u', offsetof(JobFilter, offset), NULL, NULL },
};

int job_filter_read(sd_bus_message *m, JobFilter *ret, sd_bus_error *error) {
        JobFilter f = { .enabled = -1, .installed = -1, .hidden = -1, .approval_required = -1, .dryrun_default = -1,
                        .has_sensitive_variables = -1, .singleton = -1, .read_only = -1,
                        .soft_time_limit_usec = USEC_INFINITY, .time_limit_usec = USEC_INFINITY,
                        .limit = LIST_LIMIT_DEFAULT };
        int r;

        for (JobField field = 0; field < _JOB_FIELD_MAX; field++)
                f.overridden[field] = -1;
        r = bus_options_read(m, table, ELEMENTSOF(table), &f, error);
        if (r >= 0)
                r = list_check_limit(f.limit, error);
        if (r < 0)
                return r;
        *ret = f;
        return 0;
}

static bool contains_any_case(const char *text, const char *part) {
        g_autofree char *a = g_utf8_casefold(text, -1), *b = g_utf8_casefold(part, -1);

        return strstr(a, b);
}

static bool flag_matches(int wanted, bool flag) {
        return wanted < 0 || (wanted != 0) == flag;
}

static bool flags_match(const JobFilter *f, const Job *j) {
        const JobMetadata *e = &j->effective;

        for (JobField field = 0; field < _JOB_FIELD_MAX; field++)
                if (!flag_matches(f->overridden[field], job_is_overridden(j, field)))
                        return false;
        return flag_matches(f->enabled, j->enabled) && flag_matches(f->installed, j->installed) &&
               flag_matches(f->hidden, e->hidden) && flag_matches(f->approval_required, e->approval_required) &&
               flag_matches(f->dryrun_default, e->dryrun_default) &&
               flag_matches(f->has_sensitive_variables, e->has_sensitive_variables) &&
               flag_matches(f->singleton, e->singleton) && flag_matches(f->read_only, j->read_only);
}

static bool limit_matches(uint64_t wanted, uint64_t limit) {
        return wanted == USEC_INFINITY || wanted == limit;
}

static bool text_matches(const char *wanted, const char *text) {
        return !wanted || strcmp(wanted, text) == 0;
}

static bool queue_matches(const char *wanted, const Job *j, const Settings *settings) {
        char **queues = j->effective.task_queues;

        if (!wanted)
                return true;
        if (!queues || !queues[0])
                return strcmp(wanted, run_request_default_queue(j, settings)) == 0;
        return g_strv_contains((const char *const *) queues, wanted);
}

bool job_filter_matches(const JobFilter *f, const Job *j, const Settings *settings) {
        const JobMetadata *e = &j->effective;

        if (!flags_match(f, j) || !limit_matches(f->soft_time_limit_usec, e->soft_time_limit_usec) ||
            !limit_matches(f->time_limit_usec, e->time_limit_usec) || !text_matches(f->module_name, j->module_name) ||
            !text_matches(f->job_class_name, j->job_class_name) || !text_matches(f->grouping, e->grouping) ||
            !text_matches(f->name, e->name) || !queue_matches(f->queue, j, settings))
                return false;
        return !f->q || contains_any_case(e->name, f->q) || contains_any_case(e->grouping, f->q) ||
               contains_any_case(j->class_path, f->q) || (e->description && contains_any_case(e->description, f->q));
}

char *job_filter_to_string(const JobFilter *f) {
        const int flags[] = { f->enabled, f->installed, f->hidden, f->approval_required, f->dryrun_default,
                              f->has_sensitive_variables, f->singleton, f->read_only };
        const char *const texts[] = { f->module_name, f->job_class_name, f->grouping, f->name, f->queue, f->q };
        GString *s = g_string_new(NULL);

        for (size_t i = 0; i < ELEMENTSOF(flags); i++)
                g_string_append_printf(s, "%i ", flags[i]);
        for (JobField field = 0; field < _JOB_FIELD_MAX; field++)
                g_string_append_printf(s, "%i ", f->overridden[field]);
        g_string_append_printf(s, "%" PRIu64 " %" PRIu64, f->soft_time_limit_usec, f->time_limit_usec);
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                g_string_append_printf(s, "\x1f%s", texts[i] ?: "\x1e");
        return g_string_free(s, false);
}
