/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "variable-type.h"

/* What a variable must not be called in the reference, so that a job class can be moved over in either direction. */
static const char *const reserved_names[] = {
        "after_return",
        "as_form",
        "as_form_class",
        "before_start",
        "celery_kwargs",
        "class_path",
        "class_path_dotted",
        "class_path_js_escaped",
        "create_file",
        "description",
        "description_first_line",
        "deserialize_data",
        "dryrun_default",
        "fail",
        "field_order",
        "file_path",
        "grouping",
        "has_sensitive_variables",
        "hidden",
        "is_singleton",
        "job_model",
        "job_result",
        "load_json",
        "load_yaml",
        "name",
        "on_failure",
        "on_retry",
        "on_success",
        "prepare_job_kwargs",
        "properties_dict",
        "read_only",
        "registered_name",
        "run",
        "serialize_data",
        "soft_time_limit",
        "supports_dryrun",
        "task_queues",
        "template_name",
        "time_limit",
        "user",
        "validate_data",
};

int variable_name_check(const char *name, char **ret_error) {
        size_t n = strlen(name);

        if (n == 0)
                return variable_fail(ret_error, "a variable needs a name, as in [Variable device]");
        if (n > VARIABLE_NAME_MAX)
                return variable_fail(ret_error, "the name of a variable has at most %d characters", VARIABLE_NAME_MAX);

        for (const char *p = name; *p; p++)
                if (!g_ascii_isalpha(*p) && *p != '_' && (p == name || !g_ascii_isdigit(*p)))
                        return variable_fail(ret_error,
                                             "the name of a variable consists of letters, digits and \"_\", "
                                             "and does not start with a digit");

        for (size_t i = 0; i < ELEMENTSOF(reserved_names); i++)
                if (strcmp(reserved_names[i], name) == 0)
                        return variable_fail(ret_error, "\"%s\" is reserved; call the variable something else", name);
        return 0;
}
