/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "names.h"
#include "run-request-files.h"
#include "unit-property.h"
#include "variables-objects.h"

static bool is_sensitive(const Job *job, const Variable *v) {
        return job->effective.has_sensitive_variables || variable_is_sensitive(v);
}

static void plan_file(const RunContext *c, const Job *job, const JobClass *class, InputFile *file) {
        const Variable *v = variables_find(class->variables, file->variable);

        if (!v || !variable_is_file(v)) {
                file->fd = -1;
                return;
        }
        file->sensitive = is_sensitive(job, v);
        file->max = MIN(variable_max_size(v), c->settings->input_file_size_max);
        if (file->sensitive)
                file->max = MIN(file->max, (uint64_t) INPUT_FILES_SECRET_SIZE_MAX);
}

int run_request_prepare_files(const RunContext *c, const Job *job, const RunRequest *request, bool *ret_valid,
                              Refusal *f) {
        g_autoptr(JsonObject) data = NULL, files = NULL, values = NULL, errors = NULL;
        _cleanup_(job_class_freep) JobClass *class = NULL;
        int r;

        r = run_request_check(c, job, request, &class, &data, f);
        if (r < 0)
                return r;
        for (guint i = 0; i < request->files->len; i++)
                plan_file(c, job, class, request->files->pdata[i]);
        files = input_files_to_json(request->files);
        *ret_valid = variables_validate_all(class->variables, data, files, c->objects, &values, &errors) >= 0;
        return 0;
}

/* An administrator may have changed the job while they were copied. */
int run_files_check(const Job *job, const JobClass *class, const RunRequest *request, Refusal *f) {
        for (guint i = 0; request->files && i < request->files->len; i++) {
                const InputFile *file = request->files->pdata[i];
                const Variable *v = variables_find(class->variables, file->variable);

                if (file->fd >= 0 && v && file->sensitive != is_sensitive(job, v))
                        return refuse(f, -EBUSY, SD_BUS_ERROR_FAILED,
                                      "job '%s' was changed while its files were copied: request it again",
                                      job->class_path);
        }
        return 0;
}

JsonObject *run_files_to_json(const RunRequest *request, const JobClass *class, JsonObject *data) {
        return request->was_accepted ? variables_take_files(class->variables, data)
                                     : input_files_to_json(request->files);
}

void run_files_add_paths(const Job *job, const JobClass *class, const char *id, JsonObject *values) {
        g_autofree char *unit = g_strdup_printf(JOBD_RUN_UNIT_PREFIX "%s.service", id);

        for (guint i = 0; class->variables && i < class->variables->len; i++) {
                const Variable *v = class->variables->pdata[i];
                JsonNode *value = json_object_get_member(values, variable_name(v));
                g_autofree char *path = NULL;

                if (!variable_is_file(v) || !value || !JSON_NODE_HOLDS_OBJECT(value))
                        continue;
                path = input_file_path(unit, variable_name(v), is_sensitive(job, v));
                json_object_set_string_member(json_node_get_object(value), "path", path);
        }
}

/* ---- what fits ---- */

static uint64_t size_of_json(JsonObject *values) {
        g_autofree char *text = json_format_object(values);
        size_t size = strlen(text);

        explicit_bzero(text, size);
        return size;
}

/* Those that the class gives itself. What it has loaded from elsewhere is known to systemd only. */
static uint64_t size_of_class(const JobClass *class) {
        static const char *const names[] = { "SetCredential", "SetCredentialEncrypted" };
        uint64_t size = 0;

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                const UnitProperty *p = unit_property_find(class->properties, names[i]);

                size += p ? g_variant_get_size(p->value) : 0;
        }
        return size;
}

static void add_size_error(JsonObject *errors, const char *name, uint64_t files, uint64_t input, uint64_t of_class) {
        JsonArray *messages = json_array_new();
        g_autofree char *text = g_strdup_printf(
                        "A run gets at most %d bytes of input and sensitive files: these sensitive files have %" PRIu64
                        ", the input %" PRIu64 " as JSON with its objects, and SetCredential= of the job class %" PRIu64 ".",
                        RUN_CREDENTIALS_SIZE_MAX, files, input, of_class);

        json_array_add_string_element(messages, text);
        json_object_set_array_member(errors, name, messages);
}

int run_files_check_size(const Job *job, const JobClass *class, JsonObject *values, JsonObject **ret_errors) {
        uint64_t files = 0, largest_size = 0, input, of_class;
        const char *largest = NULL;

        for (guint i = 0; class->variables && i < class->variables->len; i++) {
                const Variable *v = class->variables->pdata[i];
                JsonNode *value = variable_is_file(v) ? json_object_get_member(values, variable_name(v)) : NULL;
                uint64_t size;

                if (!value || !JSON_NODE_HOLDS_OBJECT(value) || !is_sensitive(job, v))
                        continue;
                size = (uint64_t) json_object_get_int_member_with_default(json_node_get_object(value), "size", 0);
                files += size;
                if (!largest || size > largest_size) {
                        largest = variable_name(v);
                        largest_size = size;
                }
        }
        if (!largest)
                return 0;
        input = size_of_json(values);
        of_class = size_of_class(class);
        if (files + input + of_class <= RUN_CREDENTIALS_SIZE_MAX)
                return 0;
        *ret_errors = json_object_new();
        add_size_error(*ret_errors, largest, files, input, of_class);
        return -E2BIG;
}
