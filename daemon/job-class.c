/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "job-class.h"

const char *const job_class_default_roots[] = {
        "/etc/jobd/jobs",
        "/run/jobd/jobs",
        "/var/lib/jobd/repositories",
        "/usr/local/lib/jobd/jobs",
        "/usr/lib/jobd/jobs",
        NULL,
};

JobClass *job_class_free(JobClass *c) {
        if (!c)
                return NULL;

        g_free(c->module_name);
        g_free(c->job_class_name);
        g_free(c->class_path);
        g_free(c->path);
        job_metadata_done(&c->values);
        g_strfreev(c->field_order);
        g_clear_pointer(&c->approval_stages, g_ptr_array_unref);
        for (NotifyEvent e = 0; e < _NOTIFY_EVENT_MAX; e++)
                g_free(c->notify_units[e]);
        g_clear_pointer(&c->chain, g_ptr_array_unref);
        g_clear_pointer(&c->variables, g_ptr_array_unref);
        g_clear_pointer(&c->properties, g_ptr_array_unref);
        g_free(c->digest);
        g_clear_pointer(&c->warnings, g_ptr_array_unref);
        g_free(c);

        return NULL;
}

JobClassError *job_class_error_free(JobClassError *e) {
        if (!e)
                return NULL;

        g_free(e->class_path);
        g_free(e->message);
        g_free(e);

        return NULL;
}

/* The length of the [A-Za-z_][A-Za-z0-9_]* at the start of a text, 0 if there is none. */
static size_t identifier_length(const char *text) {
        if (g_ascii_isdigit(*text))
                return 0;

        return strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_");
}

bool job_class_name_is_valid(const char *name) {
        size_t n = identifier_length(name);

        return n > 0 && n <= JOB_CLASS_NAME_MAX && name[n] == '\0';
}

bool job_module_name_is_valid(const char *name) {
        const char *part = name;

        for (unsigned depth = 1; depth <= JOB_CLASS_MODULE_DEPTH_MAX; depth++) {
                size_t n = identifier_length(part);

                if (n == 0)
                        return false;

                part += n;
                if (*part == '\0')
                        return part - name <= JOB_MODULE_NAME_MAX;
                if (*part++ != '.')
                        return false;
        }

        return false;
}
