/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "job.h"
#include "variable.h"

Job *job_new(const char *module_name, const char *job_class_name) {
        Job *j;

        j = g_new0(Job, 1);
        uuid_new(j->id);
        j->module_name = g_strdup(module_name);
        j->job_class_name = g_strdup(job_class_name);
        j->class_path = g_strdup_printf("%s.%s", module_name, job_class_name);
        j->file = g_strdup("");
        j->digest = g_strdup("");
        return j;
}

static void copy_fields(JobMetadata *to, const JobMetadata *from) {
        for (JobField f = 0; f < _JOB_FIELD_MAX; f++)
                job_field_copy(to, from, f);
}

Job *job_copy(const Job *j) {
        Job *copy;

        copy = g_new(Job, 1);
        *copy = *j;
        copy->module_name = g_strdup(j->module_name);
        copy->job_class_name = g_strdup(j->job_class_name);
        copy->class_path = g_strdup(j->class_path);
        copy->file = g_strdup(j->file);
        copy->digest = g_strdup(j->digest);
        copy->class_values = (JobMetadata){};
        copy->effective = (JobMetadata){};
        copy_fields(&copy->class_values, &j->class_values);
        copy_fields(&copy->effective, &j->effective);
        return copy;
}

Job *job_free(Job *j) {
        if (!j)
                return NULL;

        g_free(j->module_name);
        g_free(j->job_class_name);
        g_free(j->class_path);
        g_free(j->file);
        g_free(j->digest);
        job_metadata_done(&j->class_values);
        job_metadata_done(&j->effective);
        g_free(j);
        return NULL;
}

void job_apply_class(Job *j, const JobClass *c) {
        for (JobField f = 0; f < _JOB_FIELD_MAX; f++) {
                job_field_copy(&j->class_values, &c->values, f);
                if (!job_is_overridden(j, f))
                        job_field_copy(&j->effective, &c->values, f);
        }

        j->installed = true;
        j->system = c->system;
        j->read_only = c->read_only;
        j->supports_dryrun = variables_support_dryrun(c->variables);
        g_free(j->file);
        j->file = g_strdup(c->path);
        g_free(j->digest);
        j->digest = g_strdup(c->digest);
}

/* What a job is found and listed by: it always has one. */
static bool field_is_required(JobField field) {
        return field == JOB_FIELD_NAME || field == JOB_FIELD_GROUPING;
}

int job_set_override(Job *j, JobField field, const char *text, char **ret_error) {
        int r;

        if (field_is_required(field) && text[strspn(text, " \t\n\v\f\r")] == '\0') {
                *ret_error = g_strdup("may not be empty; to have the class's value again, clear the override");
                return -EINVAL;
        }
        r = job_field_parse(&j->effective, field, text, ret_error);
        if (r < 0)
                return r;
        j->overridden |= UINT32_C(1) << field;
        return 0;
}

void job_clear_override(Job *j, JobField field) {
        job_field_copy(&j->effective, &j->class_values, field);
        j->overridden &= ~(UINT32_C(1) << field);
}

bool job_has_sensitive_conflict(const Job *j) {
        return j->effective.has_sensitive_variables && j->effective.approval_required;
}

bool job_is_runnable(const Job *j) {
        return j->enabled && j->installed && !job_has_sensitive_conflict(j);
}

bool job_equal(const Job *a, const Job *b) {
        for (JobField f = 0; f < _JOB_FIELD_MAX; f++)
                if (!job_field_equal(&a->class_values, &b->class_values, f) ||
                    !job_field_equal(&a->effective, &b->effective, f))
                        return false;
        return a->installed == b->installed && a->enabled == b->enabled && a->system == b->system &&
               a->read_only == b->read_only && a->supports_dryrun == b->supports_dryrun &&
               a->overridden == b->overridden && strcmp(a->file, b->file) == 0 && strcmp(a->digest, b->digest) == 0;
}
