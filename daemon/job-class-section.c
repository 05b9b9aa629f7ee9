/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "approval-stage.h"
#include "chain.h"
#include "error-text.h"
#include "job-class-section.h"
#include "job-class-suggest.h"
#include "settings.h"
#include "time-span.h"

#define EXCERPT_MAX 64
#define VARIABLE_SECTION "Variable"

VariableSource *variable_source_free(VariableSource *s) {
        if (!s)
                return NULL;

        (void) variable_free(s->variable);
        g_free(s->position);
        g_clear_pointer(&s->positions, g_hash_table_unref);
        g_free(s);

        return NULL;
}

void job_class_sections_done(JobClassSections *s) {
        (void) job_class_free(s->class);
        g_clear_pointer(&s->variables_by_name, g_hash_table_unref);
        g_clear_pointer(&s->variables, g_ptr_array_unref);
        for (JobField field = 0; field < _JOB_FIELD_MAX; field++)
                g_free(s->truncated[field]);
        g_free(s->approval_position);
        g_free(s->field_order_position);

        *s = (JobClassSections) {};
}

static char *position_of(const JobClassSections *s, const KeyFileLine *line) {
        return g_strdup_printf("%s:%u", s->path, line->line);
}

/* [Job]: what belongs to the class alone and cannot be overridden, beside the fields of JobMetadata */

static int set_field_order(JobClassSections *s, const KeyFileLine *line, char **ret_error) {
        JobClass *c = s->class;
        g_auto(GStrv) words = g_strsplit_set(line->value, " \t", -1);
        g_autoptr(GStrvBuilder) order = g_strv_builder_new();
        size_t n = 0;

        if (*line->value && c->field_order) {
                g_strv_builder_addv(order, (const char **) c->field_order);
                n = g_strv_length(c->field_order);
        }

        for (char **word = words; *word; word++) {
                if (**word == '\0')
                        continue;
                if (n++ == JOB_CLASS_VARIABLES_MAX)
                        return error_text(ret_error, "more than %d names, which is the most", JOB_CLASS_VARIABLES_MAX);

                g_strv_builder_add(order, *word);
        }

        g_strfreev(c->field_order);
        c->field_order = n > 0 ? g_strv_builder_end(order) : NULL;
        g_free(s->field_order_position);
        s->field_order_position = position_of(s, line);

        return 0;
}

static int set_read_only(JobClassSections *s, const KeyFileLine *line, char **ret_error) {
        JobMetadata scratch = {};
        int r;

        /* Any boolean field will do: they all take the same spellings */
        r = job_field_parse(&scratch, JOB_FIELD_HIDDEN, line->value, ret_error);
        if (r < 0)
                return r;

        s->class->read_only = scratch.hidden;
        return 0;
}

static int set_retry(JobClassSections *s, const KeyFileLine *line, char **ret_error) {
        guint64 retry = 0;

        if (*line->value &&
            !g_ascii_string_to_unsigned(line->value, 10, 0, JOB_CLASS_RETRY_MAX, &retry, NULL)) {
                g_autofree char *excerpt = text_excerpt(line->value, EXCERPT_MAX);

                return error_text(ret_error, "\"%s\" is not a number of further tries; write 0 to %d", excerpt,
                                  JOB_CLASS_RETRY_MAX);
        }

        s->class->retry = (unsigned) retry;
        return 0;
}

static int set_retry_delay(JobClassSections *s, const KeyFileLine *line, char **ret_error) {
        g_autofree char *excerpt = text_excerpt(line->value, EXCERPT_MAX);
        uint64_t usec = 0;
        int r = 0;

        if (*line->value)
                r = time_span_parse(line->value, USEC_PER_SEC, &usec);
        if (r < 0 || usec > (uint64_t) INT64_MAX)
                return error_text(ret_error, "\"%s\" is not a time to wait; write seconds, or a number with a unit as "
                                  "in \"30s\" or \"5min\"", excerpt);

        s->class->retry_delay_usec = usec;
        return 0;
}

static int set_approval_stages(JobClassSections *s, const KeyFileLine *line, char **ret_error) {
        JobClass *c = s->class;

        if (*line->value == '\0') {
                g_clear_pointer(&c->approval_stages, g_ptr_array_unref);
                return 0;
        }
        if (!c->approval_stages)
                c->approval_stages = approval_stages_new();
        return approval_stages_add(c->approval_stages, line->value, ret_error);
}

static int set_notify_unit(JobClassSections *s, const KeyFileLine *line, char **ret_error) {
        char **unit = &s->class->notify_units[notify_event_from_key(line->key)];
        int r;

        r = *line->value ? notify_unit_check(line->value, ret_error) : 0;
        if (r < 0)
                return r;
        g_free(*unit);
        *unit = *line->value ? g_strdup(line->value) : NULL;
        return 0;
}

static int set_on_success(JobClassSections *s, const KeyFileLine *line, char **ret_error) {
        return chain_add(s->class->chain, CHAIN_ON_SUCCESS, line->value, ret_error);
}

static int set_on_failure(JobClassSections *s, const KeyFileLine *line, char **ret_error) {
        return chain_add(s->class->chain, CHAIN_ON_FAILURE, line->value, ret_error);
}

static int set_result_max_age(JobClassSections *s, const KeyFileLine *line, char **ret_error) {
        if (*line->value)
                return result_max_age_parse(line->value, &s->class->result_max_age_usec, ret_error);
        s->class->result_max_age_usec = RESULT_MAX_UNSET;
        return 0;
}

static int set_result_max_count(JobClassSections *s, const KeyFileLine *line, char **ret_error) {
        if (*line->value)
                return result_max_count_parse(line->value, &s->class->result_max_count, ret_error);
        s->class->result_max_count = RESULT_MAX_UNSET;
        return 0;
}

typedef struct ClassKey {
        const char *key;
        int (*set)(JobClassSections *s, const KeyFileLine *line, char **ret_error);
} ClassKey;

static const ClassKey class_keys[] = {
        { "ApprovalStages",  set_approval_stages  },
        { "FieldOrder",      set_field_order      },
        { "NotifyOnFailure", set_notify_unit      },
        { "NotifyOnRequest", set_notify_unit      },
        { "NotifyOnSuccess", set_notify_unit      },
        { "OnFailure",       set_on_failure       },
        { "OnSuccess",       set_on_success       },
        { "ReadOnly",        set_read_only        },
        { "ResultMaxAge",    set_result_max_age   },
        { "ResultMaxCount",  set_result_max_count },
        { "Retry",           set_retry            },
        { "RetryDelay",      set_retry_delay      },
};

static const ClassKey *class_key_find(const char *key) {
        for (size_t i = 0; i < ELEMENTSOF(class_keys); i++)
                if (g_str_equal(class_keys[i].key, key))
                        return class_keys + i;

        return NULL;
}

/* job_field_from_string() also takes the record's spelling, "time_limit", which is none of a job file */
static JobField field_from_key(const char *key) {
        JobField field = job_field_from_string(key);

        return field >= 0 && g_str_equal(job_field_to_key(field), key) ? field : _JOB_FIELD_INVALID;
}

static bool is_job_key(const char *key) {
        return field_from_key(key) >= 0 || class_key_find(key);
}

/* A key of a [Variable NAME] of whatever type */
static bool is_variable_key(const char *key) {
        _cleanup_(variable_freep) Variable *scratch = variable_new("scratch");
        g_autofree char *error = NULL;

        return variable_set(scratch, key, "", &error) != -ENOENT;
}

static void compare_key(const char *key, void *userdata) {
        const char **wanted = userdata;

        if (*wanted && g_str_equal(key, *wanted))
                *wanted = NULL;
}

static bool is_service_key(const char *key) {
        unit_property_foreach_supported(compare_key, &key);

        return !key;
}

static void consider_key(const char *key, void *userdata) {
        suggestion_consider(userdata, key);
}

static void consider_job_keys(Suggestion *s) {
        for (JobField field = 0; field < _JOB_FIELD_MAX; field++)
                suggestion_consider(s, job_field_to_key(field));
        for (size_t i = 0; i < ELEMENTSOF(class_keys); i++)
                suggestion_consider(s, class_keys[i].key);
}

static int unknown_job_key(const char *key, char **ret_error) {
        Suggestion suggestion = { .word = key };

        if (is_variable_key(key))
                return error_text(ret_error, "is no key of [Job]; it belongs to a [Variable NAME] section");
        if (is_service_key(key))
                return error_text(ret_error, "is no key of [Job]; it belongs to [Service]");

        consider_job_keys(&suggestion);
        if (suggestion.best)
                return error_text(ret_error, "is no key of [Job]; did you mean %s=?", suggestion.best);

        return error_text(ret_error, "is no key of [Job]; its keys are in jobd.job(5)");
}

static int unknown_service_key(const char *key, const char *why, char **ret_error) {
        Suggestion suggestion = { .word = key };

        if (is_job_key(key))
                return error_text(ret_error, "is no setting of [Service]; it belongs to [Job]");
        if (is_variable_key(key))
                return error_text(ret_error, "is no setting of [Service]; it belongs to a [Variable NAME] section");

        unit_property_foreach_supported(consider_key, &suggestion);
        if (suggestion.best)
                return error_text(ret_error, "is no setting of [Service]; did you mean %s=?", suggestion.best);

        return error_text(ret_error, "%s", why ?: "is no setting of [Service]; they are in jobd.job(5)");
}

static int unknown_variable_key(const char *key, const char *why, char **ret_error) {
        if (is_job_key(key))
                return error_text(ret_error, "is no key of [Variable NAME]; it belongs to [Job]");
        if (is_service_key(key))
                return error_text(ret_error, "is no key of [Variable NAME]; it belongs to [Service]");

        return error_text(ret_error, "%s", why ?: "is no key of [Variable NAME]; its keys are in jobd.job(5)");
}

/*
 * What is too long for its column is cut and the author is told so, in the reference's words: a name is no reason to
 * do without the job. The warning goes when a later line gives a shorter value.
 */
static char *truncate_value(JobClassSections *s, const KeyFileLine *line, JobField field) {
        const size_t max = field == JOB_FIELD_NAME ? JOB_NAME_MAX : JOB_GROUPING_MAX;

        g_clear_pointer(&s->truncated[field], g_free);
        if (g_utf8_strlen(line->value, -1) <= (glong) max)
                return g_strdup(line->value);

        g_autofree char *excerpt = text_excerpt(line->value, 1024);
        s->truncated[field] = g_strdup_printf("%s:%u: %s=: Job class \"%s\" %s \"%s\" exceeds %zu characters in "
                                              "length, it will be truncated in the database.",
                                              s->path, line->line, line->key, s->class->job_class_name,
                                              job_field_to_string(field), excerpt, max);

        return g_utf8_substring(line->value, 0, max);
}

static int set_field(JobClassSections *s, const KeyFileLine *line, JobField field, char **ret_error) {
        JobMetadata *values = &s->class->values;
        g_autofree char *text = NULL;

        if (field == JOB_FIELD_NAME || field == JOB_FIELD_GROUPING)
                text = truncate_value(s, line, field);
        else if (job_field_type(field) == JOB_FIELD_TYPE_STRING_LIST && *line->value) {
                g_autofree char *before = job_field_format(values, field);

                text = g_strjoin(" ", before, line->value, NULL);
        } else
                text = g_strdup(line->value);

        if (field == JOB_FIELD_APPROVAL_REQUIRED) {
                g_free(s->approval_position);
                s->approval_position = position_of(s, line);
        }

        return job_field_parse(values, field, text, ret_error);
}

static int take_job_key(JobClassSections *s, const KeyFileLine *line, char **ret_error) {
        JobField field = field_from_key(line->key);
        const ClassKey *class_key = class_key_find(line->key);

        if (field >= 0)
                return set_field(s, line, field, ret_error);
        if (class_key)
                return class_key->set(s, line, ret_error);

        return unknown_job_key(line->key, ret_error);
}

static int take_service_key(JobClassSections *s, const KeyFileLine *line, char **ret_error) {
        g_autofree char *error = NULL;
        int r;

        r = unit_property_add(s->class->properties, line->key, line->value, &error);
        if (r == -ENOENT)
                return unknown_service_key(line->key, error, ret_error);
        if (r < 0)
                return error_text(ret_error, "%s", error ?: g_strerror(-r));

        return 0;
}

static int take_variable_key(JobClassSections *s, const KeyFileLine *line, char **ret_error) {
        g_autofree char *error = NULL;
        int r;

        r = variable_set(s->current->variable, line->key, line->value, &error);
        if (r == -ENOENT)
                return unknown_variable_key(line->key, error, ret_error);
        if (r < 0)
                return error_text(ret_error, "%s", error ?: g_strerror(-r));

        g_hash_table_replace(s->current->positions, g_strdup(line->key), position_of(s, line));
        return 0;
}

static int add_variable(JobClassSections *s, const KeyFileLine *line, const char *name, char **ret_error) {
        _cleanup_(variable_source_freep) VariableSource *source = NULL;
        int r;

        r = variable_name_check(name, ret_error);
        if (r < 0)
                return r;

        if (s->variables->len == JOB_CLASS_VARIABLES_MAX)
                return error_text(ret_error, "more than %d variables, which is the most", JOB_CLASS_VARIABLES_MAX);

        source = g_new0(VariableSource, 1);
        source->variable = variable_new(name);
        source->position = position_of(s, line);
        source->positions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

        s->current = source;
        g_hash_table_insert(s->variables_by_name, (char *) variable_name(source->variable), source);
        g_ptr_array_add(s->variables, TAKE_PTR(source));

        return 0;
}

static int take_variable_header(JobClassSections *s, const KeyFileLine *line, const char *name, char **ret_error) {
        g_autofree char *error = NULL;
        int r;

        if (s->is_module)
                return error_text(ret_error, "[%s]: a module.conf has [Job] and [Service] only; variables belong to "
                                  "the job class", line->section);
        if (*name == '\0')
                return error_text(ret_error, "[%s]: the variable's name is missing; write [Variable NAME]",
                                  line->section);

        s->current = g_hash_table_lookup(s->variables_by_name, name);
        if (!s->current) {
                r = add_variable(s, line, name, &error);
                if (r < 0)
                        return error_text(ret_error, "[%s]: %s", line->section, error ?: g_strerror(-r));

        } else if (s->current->file == s->file)
                /* In one file twice it is a copy whose name was forgotten; a drop-in may change it all the same */
                return error_text(ret_error, "[%s]: is in line %u already; a variable has one section in a file",
                                  line->section, s->current->line);

        s->current->file = s->file;
        s->current->line = line->line;
        return 0;
}

static int unknown_section(const char *section, char **ret_error) {
        g_auto(GStrv) words = g_strsplit(section, " ", 2);
        Suggestion suggestion = { .word = words[0] };

        suggestion_consider(&suggestion, "Job");
        suggestion_consider(&suggestion, VARIABLE_SECTION);
        suggestion_consider(&suggestion, "Service");

        if (suggestion.best)
                return error_text(ret_error, "[%s]: unknown section; did you mean [%s%s]?", section, suggestion.best,
                                  g_str_equal(suggestion.best, VARIABLE_SECTION) ? " NAME" : "");

        return error_text(ret_error, "[%s]: unknown section; the sections are [Job], [Variable NAME] and [Service]",
                          section);
}

static int take_header(JobClassSections *s, const KeyFileLine *line, char **ret_error) {
        const char *rest = line->section + strlen(VARIABLE_SECTION);

        s->current = NULL;
        if (g_str_equal(line->section, "Job") || g_str_equal(line->section, "Service"))
                return 0;

        if (g_str_has_prefix(line->section, VARIABLE_SECTION) && (*rest == '\0' || g_ascii_isspace(*rest)))
                return take_variable_header(s, line, rest + strspn(rest, " \t"), ret_error);

        return unknown_section(line->section, ret_error);
}

int job_class_sections_take(const KeyFileLine *line, void *userdata, char **ret_error) {
        JobClassSections *s = userdata;
        g_autofree char *error = NULL;
        int r;

        if (!line->key)
                return take_header(s, line, ret_error);

        if (s->current)
                r = take_variable_key(s, line, &error);
        else if (g_str_equal(line->section, "Job"))
                r = take_job_key(s, line, &error);
        else
                r = take_service_key(s, line, &error);

        if (r >= 0)
                return 0;

        /* unit_property_add() begins with the setting itself */
        if (error && g_str_has_prefix(error, line->key) && error[strlen(line->key)] == '=')
                return error_text(ret_error, "%s", error);

        return error_text(ret_error, "%s=: %s", line->key, error ?: g_strerror(-r));
}
