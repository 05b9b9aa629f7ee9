/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "error-text.h"
#include "job-update.h"

/* One bit for each field. */
static int read_fields(const char *text, uint32_t *ret, Refusal *f) {
        g_auto(GStrv) words = g_strsplit(text ?: "", " ", -1);
        uint32_t fields = 0;

        for (size_t i = 0; words[i]; i++) {
                JobField field = job_field_from_string(words[i]);

                if (words[i][0] == '\0')
                        continue;
                if (field < 0) {
                        g_autofree char *shown = text_excerpt(words[i], 64);

                        return refuse(f, -EINVAL, BUS_ERROR_INVALID_FIELD,
                                      "'%s' cannot be overridden: see SetOverride for what can", shown);
                }
                fields |= UINT32_C(1) << field;
        }
        *ret = fields;
        return 0;
}

static int set_field(Job *j, JobField field, const char *value, Refusal *f) {
        g_autofree char *current = job_field_format(&j->effective, field), *problem = NULL;
        int r;

        r = job_set_override(j, field, value ?: current, &problem);
        if (r < 0)
                return refuse(f, r, BUS_ERROR_INVALID_VALUE, "%s: %s", job_field_to_string(field), problem);
        return 0;
}

static int check_job(const Job *before, const Job *after, Refusal *f) {
        if (after->enabled && !before->enabled && !after->installed)
                return refuse(f, -ENXIO, BUS_ERROR_JOB_NOT_INSTALLED,
                              "job '%s' is not presently installed: install its class again and run \"jobctl refresh\" "
                              "before enabling it",
                              after->class_path);
        if (job_has_sensitive_conflict(after) && !job_has_sensitive_conflict(before))
                return refuse(f, -EINVAL, BUS_ERROR_SENSITIVE_CONFLICT,
                              "A job with sensitive variables cannot also be marked as requiring approval");
        return 0;
}

int job_update_apply(Job *j, const JobUpdate *u, JobFieldChange ret_changes[static _JOB_FIELD_MAX], Refusal *f) {
        _cleanup_(job_freep) Job *before = job_copy(j);
        uint32_t set, clear;
        int r;

        r = read_fields(u->set, &set, f);
        if (r >= 0)
                r = read_fields(u->clear, &clear, f);
        if (r < 0)
                return r;
        if (set & clear)
                return refuse(f, -EINVAL, BUS_ERROR_INVALID_FIELD, "an override cannot be both set and cleared");

        for (JobField field = 0; field < _JOB_FIELD_MAX && r >= 0; field++) {
                uint32_t bit = UINT32_C(1) << field;
                bool was_overridden = job_is_overridden(before, field);

                ret_changes[field] = JOB_FIELD_UNCHANGED;
                if (clear & bit)
                        job_clear_override(j, field);
                else if (set & bit || (was_overridden && u->values[field]))
                        r = set_field(j, field, u->values[field], f);
                if (was_overridden && !job_is_overridden(j, field))
                        ret_changes[field] = JOB_FIELD_CLEARED;
                else if (job_is_overridden(j, field) &&
                         (!was_overridden || !job_field_equal(&j->effective, &before->effective, field)))
                        ret_changes[field] = JOB_FIELD_OVERRIDDEN;
        }
        if (r < 0)
                return r;
        if (u->enabled >= 0)
                j->enabled = u->enabled;
        return check_job(before, j, f);
}
