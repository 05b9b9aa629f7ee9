/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "chain.h"
#include "error-text.h"
#include "job-class-environment.h"
#include "job-class-parse.h"
#include "job-class-section.h"
#include "settings.h"

struct JobClassParser {
        JobClassSections sections;
        GChecksum *checksum;
        char *main_path; /* for what is missing: it has no line */
};

static void variable_source_destroy(gpointer p) {
        (void) variable_source_free(p);
}

static void variable_destroy(gpointer p) {
        (void) variable_free(p);
}

JobClassParser *job_class_parser_new(const char *module_name, const char *job_class_name, bool system) {
        JobClassParser *p = g_new0(JobClassParser, 1);
        JobClass *c = g_new0(JobClass, 1);

        c->module_name = g_strdup(module_name);
        c->job_class_name = g_strdup(job_class_name);
        c->class_path = g_strdup_printf("%s.%s", module_name, job_class_name);
        c->system = system;
        c->chain = chain_new();
        c->result_max_age_usec = c->result_max_count = RESULT_MAX_UNSET;
        c->variables = g_ptr_array_new_with_free_func(variable_destroy);
        c->properties = unit_property_array_new();
        c->warnings = g_ptr_array_new_with_free_func(g_free);

        p->sections.class = c;
        p->sections.variables = g_ptr_array_new_with_free_func(variable_source_destroy);
        p->sections.variables_by_name = g_hash_table_new(g_str_hash, g_str_equal);
        p->checksum = g_checksum_new(G_CHECKSUM_SHA256);

        return p;
}

JobClassParser *job_class_parser_free(JobClassParser *p) {
        if (!p)
                return NULL;

        job_class_sections_done(&p->sections);
        g_checksum_free(p->checksum);
        g_free(p->main_path);
        g_free(p);

        return NULL;
}

/* Name, NUL, size in decimal, NUL, contents: no two sets of files give the same bytes. */
static void add_to_digest(GChecksum *checksum, const char *name, const char *text, size_t size) {
        g_autofree char *size_text = g_strdup_printf("%zu", size);

        g_checksum_update(checksum, (const guchar *) name, strlen(name) + 1);
        g_checksum_update(checksum, (const guchar *) size_text, strlen(size_text) + 1);
        g_checksum_update(checksum, (const guchar *) text, size);
}

int job_class_parser_add(
                JobClassParser *p,
                JobClassFileKind kind,
                const char *path,
                const char *name,
                const char *text,
                size_t size,
                char **ret_error) {

        JobClassSections *s = &p->sections;

        if (kind == JOB_CLASS_FILE_MAIN) {
                g_free(p->main_path);
                p->main_path = g_strdup(path);
        }

        s->path = path;
        s->is_module = kind == JOB_CLASS_FILE_MODULE;
        s->file++;
        s->current = NULL;
        add_to_digest(p->checksum, name, text, size);

        return key_file_parse(path, text, size, JOB_CLASS_LINES_MAX, job_class_sections_take, s, ret_error);
}

static int finish_variable(JobClass *c, VariableSource *source, char **ret_error) {
        g_autofree char *error = NULL;
        const char *key = NULL, *position;
        int r;

        r = variable_finish(source->variable, &key, &error);
        if (r < 0) {
                if (!key)
                        return error_text(ret_error, "%s: [Variable %s]: %s", source->position,
                                          variable_name(source->variable), error ?: g_strerror(-r));

                position = g_hash_table_lookup(source->positions, key);
                return error_text(ret_error, "%s: %s=: %s",
                                  position ?: source->position, key, error ?: g_strerror(-r));
        }

        g_ptr_array_add(c->variables, TAKE_PTR(source->variable));
        return 0;
}

static int finish_variables(JobClassParser *p, char **ret_error) {
        JobClassSections *s = &p->sections;
        g_autofree char *error = NULL;
        int r;

        for (guint i = 0; i < s->variables->len; i++) {
                r = finish_variable(s->class, s->variables->pdata[i], ret_error);
                if (r < 0)
                        return r;
        }

        /* First without FieldOrder=: what is wrong only with it is wrong with that line */
        r = variables_check(s->class->variables, NULL, &error);
        if (r < 0)
                return error_text(ret_error, "%s: %s", p->main_path, error ?: g_strerror(-r));

        if (!s->class->field_order)
                return 0;

        r = variables_check(s->class->variables, (const char *const *) s->class->field_order, &error);
        if (r < 0)
                return error_text(ret_error, "%s: FieldOrder=: %s", s->field_order_position, error ?: g_strerror(-r));

        return 0;
}

static int finish_chain(const JobClassParser *p, char **ret_error) {
        const JobClass *c = p->sections.class;
        g_autofree char *error = NULL;
        int r;

        r = chain_check(c->chain, c->class_path, c->variables, c->values.has_sensitive_variables, &error);
        return r < 0 ? error_text(ret_error, "%s: %s", p->main_path, error) : 0;
}

static bool has_command(const JobClass *c) {
        return unit_property_find(c->properties, "ExecStart") || unit_property_find(c->properties, "ExecStartEx");
}

/* root has to be asked for: "DynamicUser=no" alone would be root without a word of it. */
static bool is_root_unasked(const JobClass *c) {
        const UnitProperty *dynamic = unit_property_find(c->properties, "DynamicUser");

        return dynamic && !g_variant_get_boolean(dynamic->value) && !unit_property_find(c->properties, "User");
}

static void finish_warnings(JobClassParser *p) {
        JobClassSections *s = &p->sections;
        JobClass *c = s->class;

        for (JobField field = 0; field < _JOB_FIELD_MAX; field++)
                if (s->truncated[field])
                        g_ptr_array_add(c->warnings, TAKE_PTR(s->truncated[field]));

        /* No error, as in the reference: the record may override either, and decides whether the job can be run */
        if (c->values.approval_required && c->values.has_sensitive_variables)
                g_ptr_array_add(c->warnings,
                                g_strdup_printf("%s: ApprovalRequired=: A job that may have sensitive variables "
                                                "cannot be marked as requiring approval",
                                                s->approval_position));
        job_class_check_environment(c, p->main_path, c->warnings);
}

int job_class_parser_finish(JobClassParser *p, JobClass **ret, char **ret_error) {
        JobClass *c = p->sections.class;
        int r;

        r = finish_variables(p, ret_error);
        if (r < 0)
                return r;

        r = finish_chain(p, ret_error);
        if (r < 0)
                return r;

        if (!has_command(c))
                return error_text(ret_error, "%s: [Service] has no ExecStart=; it says which program the job runs",
                                  p->main_path);

        if (is_root_unasked(c))
                return error_text(ret_error, "%s: [Service] has DynamicUser=no and no User=, so a run would be root; write "
                                  "User=root if that is meant, or leave DynamicUser=no out",
                                  p->main_path);

        if (!c->values.name)
                c->values.name = g_strdup(c->job_class_name);
        if (!c->values.grouping)
                c->values.grouping = g_strdup(c->module_name);

        finish_warnings(p);
        c->path = g_strdup(p->main_path);
        c->digest = g_strdup(g_checksum_get_string(p->checksum));

        *ret = TAKE_PTR(p->sections.class);
        return 0;
}
