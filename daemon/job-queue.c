/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>

#include "error-text.h"
#include "escape.h"
#include "job-queue.h"
#include "unit-property.h"

#define DESCRIPTION "Description"

static const char *const when_unavailable_names[] = {
        [JOB_QUEUE_WAIT] = "wait",
        [JOB_QUEUE_REFUSE] = "refuse",
};
G_STATIC_ASSERT(ELEMENTSOF(when_unavailable_names) == _JOB_QUEUE_WHEN_UNAVAILABLE_MAX);

typedef struct Resource {
        const char *name;
        const char *property; /* where it is another one: the one that is unset by its neutral value */
        bool is_list;         /* the neutral value is an empty list, otherwise "no limit" or "no weight": all bits set */
} Resource;

static const Resource resources[] = {
        [JOB_QUEUE_CPU_WEIGHT] = { "CPUWeight" },
        [JOB_QUEUE_CPU_QUOTA] = { "CPUQuota", "CPUQuotaPerSecUSec" },
        [JOB_QUEUE_MEMORY_MAX] = { "MemoryMax" },
        [JOB_QUEUE_MEMORY_HIGH] = { "MemoryHigh" },
        [JOB_QUEUE_TASKS_MAX] = { "TasksMax" },
        [JOB_QUEUE_IO_WEIGHT] = { "IOWeight" },
        [JOB_QUEUE_ALLOWED_CPUS] = { "AllowedCPUs", .is_list = true },
};
G_STATIC_ASSERT(ELEMENTSOF(resources) == _JOB_QUEUE_RESOURCE_MAX);

const char *job_queue_when_unavailable_to_string(JobQueueWhenUnavailable w) {
        return w >= 0 && w < _JOB_QUEUE_WHEN_UNAVAILABLE_MAX ? when_unavailable_names[w] : NULL;
}

JobQueueWhenUnavailable job_queue_when_unavailable_from_string(const char *text) {
        for (JobQueueWhenUnavailable w = 0; w < _JOB_QUEUE_WHEN_UNAVAILABLE_MAX; w++)
                if (strcmp(when_unavailable_names[w], text) == 0)
                        return w;
        return _JOB_QUEUE_WHEN_UNAVAILABLE_INVALID;
}

const char *job_queue_resource_to_string(JobQueueResource resource) {
        return resource >= 0 && resource < _JOB_QUEUE_RESOURCE_MAX ? resources[resource].name : NULL;
}

JobQueueResource job_queue_resource_from_string(const char *text) {
        for (JobQueueResource i = 0; i < _JOB_QUEUE_RESOURCE_MAX; i++)
                if (strcmp(resources[i].name, text) == 0)
                        return i;
        return _JOB_QUEUE_RESOURCE_INVALID;
}

JobQueue *job_queue_new(const char *name, uint64_t now_usec) {
        JobQueue *q;

        q = g_new0(JobQueue, 1);
        uuid_new(q->id);
        q->name = g_strdup(name);
        q->description = g_strdup("");
        q->enabled = true;
        q->weight = JOB_QUEUE_WEIGHT_DEFAULT;
        q->slice_boot_id = g_strdup("");
        q->slice_set = g_strdup("");
        q->date_created = q->last_updated = now_usec;
        return q;
}

JobQueue *job_queue_copy(const JobQueue *q) {
        JobQueue *copy;

        copy = g_new(JobQueue, 1);
        *copy = *q;
        copy->name = g_strdup(q->name);
        copy->description = g_strdup(q->description);
        copy->slice_boot_id = g_strdup(q->slice_boot_id);
        copy->slice_set = g_strdup(q->slice_set);
        for (JobQueueResource i = 0; i < _JOB_QUEUE_RESOURCE_MAX; i++)
                copy->resources[i] = g_strdup(q->resources[i]);
        return copy;
}

JobQueue *job_queue_free(JobQueue *q) {
        if (!q)
                return NULL;
        g_free(q->name);
        g_free(q->description);
        g_free(q->slice_boot_id);
        g_free(q->slice_set);
        for (JobQueueResource i = 0; i < _JOB_QUEUE_RESOURCE_MAX; i++)
                g_free(q->resources[i]);
        g_free(q);
        return NULL;
}

/* ---- what makes sense ---- */

int job_queue_check_name(const char *name, char **ret_error) {
        if (strstr(name, ".."))
                return error_text(ret_error, "Job queue name cannot contain '..', please use a different name.");
        if (strchr(name, '/'))
                return error_text(ret_error, "Job queue name cannot contain path separators (e.g. '/'), please use a "
                                             "different name.");
        if (!job_queue_name_is_valid(name)) {
                g_autofree char *excerpt = text_excerpt(name, 64);

                return error_text(ret_error,
                                  "\"%s\" is not the name of a job queue: use letters, digits, \"_\", \"-\" and \".\", "
                                  "not \"-\" or \".\" first, up to %d",
                                  excerpt, JOB_QUEUE_NAME_MAX);
        }
        return 0;
}

int job_queue_check(const JobQueue *q, char **ret_error) {
        if (strlen(q->description) > JOB_QUEUE_DESCRIPTION_MAX)
                return error_text(ret_error, "description may not exceed %d bytes in length",
                                  JOB_QUEUE_DESCRIPTION_MAX);
        for (const char *p = q->description; *p; p = g_utf8_next_char(p))
                if (g_unichar_iscntrl(g_utf8_get_char(p)))
                        return error_text(ret_error, "description is one line without control characters");
        if (escape_is_needed(q->description))
                return error_text(ret_error, "description may not contain characters that are not seen, or that change the "
                                             "direction of text");
        if (q->weight < 1 || q->weight > JOB_QUEUE_WEIGHT_MAX)
                return error_text(ret_error, "weight is a number from 1 to %d, not %" PRIu32, JOB_QUEUE_WEIGHT_MAX,
                                  q->weight);
        return 0;
}

int job_queue_set_resource(JobQueue *q, const char *name, const char *value, char **ret_error) {
        JobQueueResource resource = job_queue_resource_from_string(name);
        g_autoptr(GPtrArray) scratch = unit_property_array_new();
        g_autofree char *stripped = g_strstrip(g_strdup(value));
        int r;

        if (resource < 0) {
                g_autofree char *excerpt = text_excerpt(name, 64);

                return error_text(ret_error,
                                  "a job queue has no resource \"%s\": use CPUWeight, CPUQuota, MemoryMax, MemoryHigh, "
                                  "TasksMax, IOWeight or AllowedCPUs",
                                  excerpt);
        }
        if (*stripped) {
                r = unit_property_add(scratch, name, stripped, ret_error);
                if (r < 0)
                        return -EINVAL;
        }
        g_free(q->resources[resource]);
        q->resources[resource] = *stripped ? TAKE_PTR(stripped) : NULL;
        return 0;
}

/* ---- the slice ---- */

/* "-" in a slice's name means "below", so the queue's own are escaped as systemd-escape does. */
char *job_queue_slice(const char *name) {
        GString *slice = g_string_new("jobd-");

        for (const char *p = name; *p; p++)
                if (*p == '-')
                        g_string_append(slice, "\\x2d");
                else
                        g_string_append_c(slice, *p);
        g_string_append(slice, ".slice");
        return g_string_free(slice, false);
}

static GVariant *neutral_value(const Resource *resource) {
        if (resource->is_list)
                return g_variant_new_array(G_VARIANT_TYPE_BYTE, NULL, 0);
        return g_variant_new_uint64(UINT64_MAX);
}

/* As jobd-queue.slice.conf has it for a queue without a description. */
static UnitProperty *description_property(const JobQueue *q) {
        g_autofree char *text = g_strdup_printf("Runs of Job Queue %s%s%s", q->name, *q->description ? ": " : "",
                                                q->description);

        return unit_property_new(DESCRIPTION, g_variant_new_string(text));
}

static void add_name(GString *names, const char *name) {
        g_string_append_printf(names, "%s%s", names->len > 0 ? " " : "", name);
}

int job_queue_slice_properties(JobQueue *q, const char *boot_id, GPtrArray **ret, char **ret_error) {
        bool same_boot = strcmp(q->slice_boot_id, boot_id) == 0, changed;
        g_auto(GStrv) earlier = g_strsplit(same_boot ? q->slice_set : "", " ", -1);
        g_autoptr(GPtrArray) properties = unit_property_array_new();
        g_autoptr(GString) names = g_string_new(NULL);
        int r;

        for (JobQueueResource i = 0; i < _JOB_QUEUE_RESOURCE_MAX; i++) {
                const Resource *resource = &resources[i];

                if (q->resources[i]) {
                        r = unit_property_add(properties, resource->name, q->resources[i], ret_error);
                        if (r < 0)
                                return -EINVAL;
                } else if (g_strv_contains((const char *const *) earlier, resource->name))
                        g_ptr_array_add(properties, unit_property_new(resource->property ?: resource->name,
                                                                      neutral_value(resource)));
                else
                        continue;
                add_name(names, resource->name);
        }
        if (*q->description || g_strv_contains((const char *const *) earlier, DESCRIPTION)) {
                g_ptr_array_add(properties, description_property(q));
                add_name(names, DESCRIPTION);
        }

        changed = !same_boot ? names->len > 0 : strcmp(names->str, q->slice_set) != 0;
        if (changed) {
                g_free(q->slice_boot_id);
                q->slice_boot_id = g_strdup(boot_id);
                g_free(q->slice_set);
                q->slice_set = g_strdup(names->str);
        }
        *ret = TAKE_PTR(properties);
        return changed;
}
