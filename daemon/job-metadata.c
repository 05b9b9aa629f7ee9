/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "error-text.h"
#include "escape.h"
#include "job-metadata.h"
#include "time-span.h"

#define EXCERPT_MAX 64

enum { UNIT_NAME_MAX = 255 }; /* bytes, without the NUL: systemd's */

/* The record keeps microseconds in a signed 64-bit column, and the dispatcher subtracts one limit from the other. */
#define TIME_LIMIT_MAX_USEC ((uint64_t) INT64_MAX)

typedef struct Field {
        const char *name;
        const char *key;
        JobFieldType type;
        size_t offset;
} Field;

#define FIELD(name, key, type, member) { name, key, JOB_FIELD_TYPE_##type, offsetof(JobMetadata, member) }

static const Field fields[_JOB_FIELD_MAX] = {
        [JOB_FIELD_NAME]                    = FIELD("name", "Name", STRING, name),
        [JOB_FIELD_GROUPING]                = FIELD("grouping", "Grouping", STRING, grouping),
        [JOB_FIELD_DESCRIPTION]             = FIELD("description", "Description", STRING, description),
        [JOB_FIELD_APPROVAL_REQUIRED]       = FIELD("approval_required", "ApprovalRequired",
                                                    BOOLEAN, approval_required),
        [JOB_FIELD_DRYRUN_DEFAULT]          = FIELD("dryrun_default", "DryRunDefault", BOOLEAN, dryrun_default),
        [JOB_FIELD_HAS_SENSITIVE_VARIABLES] = FIELD("has_sensitive_variables", "HasSensitiveVariables", BOOLEAN,
                                                    has_sensitive_variables),
        [JOB_FIELD_HIDDEN]                  = FIELD("hidden", "Hidden", BOOLEAN, hidden),
        [JOB_FIELD_SINGLETON]               = FIELD("singleton", "Singleton", SINGLETON, singleton),
        [JOB_FIELD_SOFT_TIME_LIMIT]         = FIELD("soft_time_limit", "SoftTimeLimit",
                                                    TIME_SPAN, soft_time_limit_usec),
        [JOB_FIELD_TIME_LIMIT]              = FIELD("time_limit", "TimeLimit", TIME_SPAN, time_limit_usec),
        [JOB_FIELD_TASK_QUEUES]             = FIELD("task_queues", "TaskQueues", STRING_LIST, task_queues),
};

static void *member(JobMetadata *m, JobField field) {
        return (uint8_t *) m + fields[field].offset;
}

static const void *const_member(const JobMetadata *m, JobField field) {
        return (const uint8_t *) m + fields[field].offset;
}

static bool field_is_valid(JobField field) {
        return field >= 0 && field < _JOB_FIELD_MAX;
}

const char *job_field_to_string(JobField field) {
        return field_is_valid(field) ? fields[field].name : NULL;
}

const char *job_field_to_key(JobField field) {
        return field_is_valid(field) ? fields[field].key : NULL;
}

JobFieldType job_field_type(JobField field) {
        g_assert(field_is_valid(field));

        return fields[field].type;
}

JobField job_field_from_string(const char *text) {
        for (JobField field = 0; text && field < _JOB_FIELD_MAX; field++)
                if (g_str_equal(fields[field].name, text) || g_str_equal(fields[field].key, text))
                        return field;

        return _JOB_FIELD_INVALID;
}

bool job_queue_name_is_valid(const char *name) {
        size_t size = strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-."), slice_size;

        /* Its slice is jobd-<name>.slice, each "-" of the name written as "\\x2d". */
        slice_size = strlen("jobd-.slice") + size;
        for (const char *p = name; *p; p++)
                if (*p == '-')
                        slice_size += 3;

        return size > 0 && slice_size <= UNIT_NAME_MAX && name[size] == '\0' && size <= JOB_QUEUE_NAME_MAX && !strchr(".-", name[0]) &&
               !strstr(name, "..");
}

static bool has_control_characters(const char *text, const char *allowed) {
        for (const char *p = text; *p; p = g_utf8_next_char(p))
                if (g_unichar_iscntrl(g_utf8_get_char(p)) && !strchr(allowed, *p))
                        return true;

        return false;
}

static int check_string(JobField field, const char *text, char **ret_error) {
        const char *key = fields[field].key;

        if (!g_utf8_validate(text, -1, NULL))
                return error_text(ret_error, "%s must be UTF-8", key);

        if (has_control_characters(text, field == JOB_FIELD_DESCRIPTION ? "\n\t" : ""))
                return error_text(ret_error, "%s may not contain control characters", key);

        if (field != JOB_FIELD_DESCRIPTION && escape_is_needed(text))
                return error_text(ret_error, "%s may not contain characters that are not seen, or that change the "
                                             "direction of text: it must not look like another one", key);

        /* The reference's sentences */
        if (field == JOB_FIELD_NAME && g_utf8_strlen(text, -1) > JOB_NAME_MAX)
                return error_text(ret_error, "%s may not exceed %d characters in length", key, JOB_NAME_MAX);

        if (field == JOB_FIELD_GROUPING && g_utf8_strlen(text, -1) > JOB_GROUPING_MAX)
                return error_text(ret_error, "%s may not exceed %d characters in length", key, JOB_GROUPING_MAX);

        if (strlen(text) > JOB_DESCRIPTION_MAX)
                return error_text(ret_error, "%s may not exceed %d bytes in length", key, JOB_DESCRIPTION_MAX);

        return 0;
}

static int parse_string(JobField field, const char *text, char **target, char **ret_error) {
        g_autofree char *stripped = g_strstrip(g_strdup(text));
        int r;

        r = check_string(field, stripped, ret_error);
        if (r < 0)
                return r;

        g_free(*target);
        *target = *stripped ? TAKE_PTR(stripped) : NULL;

        return 0;
}

/* All spellings that a unit file may use. */
static int parse_boolean(const char *text, bool *target, char **ret_error) {
        static const char *const yes[] = { "1", "yes", "y", "true", "t", "on" };
        static const char *const no[] = { "0", "no", "n", "false", "f", "off" };
        g_autofree char *stripped = g_strstrip(g_strdup(text)), *excerpt = NULL;

        for (size_t i = 0; i < ELEMENTSOF(yes); i++)
                if (g_ascii_strcasecmp(stripped, yes[i]) == 0) {
                        *target = true;
                        return 0;
                }

        for (size_t i = 0; i < ELEMENTSOF(no); i++)
                if (*stripped == '\0' || g_ascii_strcasecmp(stripped, no[i]) == 0) {
                        *target = false;
                        return 0;
                }

        excerpt = text_excerpt(stripped, EXCERPT_MAX);
        return error_text(ret_error, "\"%s\" is not a boolean; write yes or no", excerpt);
}

static const char *const singleton_names[] = {
        [JOB_SINGLETON_NO] = "no",
        [JOB_SINGLETON_FAIL] = "fail",
        [JOB_SINGLETON_QUEUE] = "queue",
        [JOB_SINGLETON_REPLACE] = "replace",
};
G_STATIC_ASSERT(ELEMENTSOF(singleton_names) == _JOB_SINGLETON_MAX);

const char *job_singleton_to_string(JobSingleton singleton) {
        return singleton_names[singleton];
}

static int parse_singleton(const char *text, JobSingleton *target, char **ret_error) {
        g_autofree char *stripped = g_strstrip(g_strdup(text)), *excerpt = NULL;
        bool yes;

        for (JobSingleton s = 0; s < _JOB_SINGLETON_MAX; s++)
                if (g_ascii_strcasecmp(stripped, singleton_names[s]) == 0) {
                        *target = s;
                        return 0;
                }
        if (parse_boolean(text, &yes, NULL) >= 0) {
                *target = yes ? JOB_SINGLETON_FAIL : JOB_SINGLETON_NO;
                return 0;
        }
        excerpt = text_excerpt(stripped, EXCERPT_MAX);
        return error_text(ret_error, "\"%s\" is no policy for a singleton; write no, yes (or fail), queue or replace",
                          excerpt);
}

static int parse_time_limit(const char *text, uint64_t *target, char **ret_error) {
        g_autofree char *stripped = g_strstrip(g_strdup(text)), *excerpt = text_excerpt(stripped, EXCERPT_MAX);
        uint64_t usec = 0;
        int r = 0;

        if (*stripped)
                r = time_span_parse(stripped, USEC_PER_SEC, &usec);

        if (r == 0 && usec == USEC_INFINITY)
                return error_text(ret_error,
                                  "every run has a time limit, so \"infinity\" is not one; write a time such as "
                                  "\"12h\", or 0 for the default of jobd.conf");

        if (r == -ERANGE || (r == 0 && usec > TIME_LIMIT_MAX_USEC))
                return error_text(ret_error, "\"%s\" is out of range; a time limit is 0 or more, and less than "
                                             "292,000 years", excerpt);

        if (r < 0)
                return error_text(ret_error,
                                  "\"%s\" is not a time; write seconds, or a number with a unit as in \"5min\" or "
                                  "\"1h 30min\"",
                                  excerpt);

        *target = usec;
        return 0;
}

static int parse_queues(const char *text, char ***target, char **ret_error) {
        g_auto(GStrv) words = g_strsplit_set(text, " \t\n", -1);
        g_autoptr(GPtrArray) queues = g_ptr_array_new_with_free_func(g_free);

        for (char **word = words; *word; word++) {
                if (**word == '\0')
                        continue;

                if (!job_queue_name_is_valid(*word)) {
                        g_autofree char *excerpt = text_excerpt(*word, EXCERPT_MAX);

                        return error_text(ret_error,
                                          "\"%s\" is not the name of a job queue; names are separated by blanks and "
                                          "have letters, digits, \"_\", \"-\" and \".\", up to %d",
                                          excerpt, JOB_QUEUE_NAME_MAX);
                }

                if (g_ptr_array_find_with_equal_func(queues, *word, g_str_equal, NULL))
                        continue;

                if (queues->len == JOB_TASK_QUEUES_MAX)
                        return error_text(ret_error, "more than %d job queues, which is the most",
                                          JOB_TASK_QUEUES_MAX);

                g_ptr_array_add(queues, g_strdup(*word));
        }

        g_strfreev(*target);
        *target = NULL;
        if (queues->len > 0) {
                g_ptr_array_add(queues, NULL);
                *target = (char **) g_ptr_array_steal(queues, NULL);
        }

        return 0;
}

int job_field_parse(JobMetadata *m, JobField field, const char *text, char **ret_error) {
        switch (job_field_type(field)) {

        case JOB_FIELD_TYPE_STRING:
                return parse_string(field, text, member(m, field), ret_error);

        case JOB_FIELD_TYPE_BOOLEAN:
                return parse_boolean(text, member(m, field), ret_error);

        case JOB_FIELD_TYPE_SINGLETON:
                return parse_singleton(text, member(m, field), ret_error);

        case JOB_FIELD_TYPE_TIME_SPAN:
                return parse_time_limit(text, member(m, field), ret_error);

        case JOB_FIELD_TYPE_STRING_LIST:
                return parse_queues(text, member(m, field), ret_error);
        }

        g_assert_not_reached();
}

char *job_field_format(const JobMetadata *m, JobField field) {
        const void *p = const_member(m, field);

        switch (job_field_type(field)) {

        case JOB_FIELD_TYPE_STRING:
                return g_strdup(*(char *const *) p ?: "");

        case JOB_FIELD_TYPE_BOOLEAN:
                return g_strdup(*(const bool *) p ? "yes" : "no");

        case JOB_FIELD_TYPE_SINGLETON: {
                JobSingleton s = *(const JobSingleton *) p;

                /* The reference's flag keeps its spelling */
                return g_strdup(s == JOB_SINGLETON_FAIL ? "yes" : singleton_names[s]);
        }

        case JOB_FIELD_TYPE_TIME_SPAN:
                return time_span_format(*(const uint64_t *) p);

        case JOB_FIELD_TYPE_STRING_LIST: {
                char **list = *(char **const *) p;

                return list ? g_strjoinv(" ", list) : g_strdup("");
        }
        }

        g_assert_not_reached();
}

void job_field_copy(JobMetadata *to, const JobMetadata *from, JobField field) {
        void *t = member(to, field);
        const void *f = const_member(from, field);

        if (to == from)
                return;

        switch (job_field_type(field)) {

        case JOB_FIELD_TYPE_STRING:
                g_free(*(char **) t);
                *(char **) t = g_strdup(*(char *const *) f);
                return;

        case JOB_FIELD_TYPE_BOOLEAN:
                *(bool *) t = *(const bool *) f;
                return;

        case JOB_FIELD_TYPE_SINGLETON:
                *(JobSingleton *) t = *(const JobSingleton *) f;
                return;

        case JOB_FIELD_TYPE_TIME_SPAN:
                *(uint64_t *) t = *(const uint64_t *) f;
                return;

        case JOB_FIELD_TYPE_STRING_LIST:
                g_strfreev(*(char ***) t);
                *(char ***) t = g_strdupv(*(char **const *) f);
                return;
        }
}

bool job_field_equal(const JobMetadata *a, const JobMetadata *b, JobField field) {
        const void *p = const_member(a, field), *q = const_member(b, field);

        switch (job_field_type(field)) {

        case JOB_FIELD_TYPE_STRING:
                return g_str_equal(*(char *const *) p ?: "", *(char *const *) q ?: "");

        case JOB_FIELD_TYPE_BOOLEAN:
                return *(const bool *) p == *(const bool *) q;

        case JOB_FIELD_TYPE_SINGLETON:
                return *(const JobSingleton *) p == *(const JobSingleton *) q;

        case JOB_FIELD_TYPE_TIME_SPAN:
                return *(const uint64_t *) p == *(const uint64_t *) q;

        case JOB_FIELD_TYPE_STRING_LIST: {
                static const char *const none[] = { NULL };

                return g_strv_equal(*(const char *const *const *) p ?: none, *(const char *const *const *) q ?: none);
        }
        }

        g_assert_not_reached();
}

void job_metadata_done(JobMetadata *m) {
        g_free(m->name);
        g_free(m->grouping);
        g_free(m->description);
        g_strfreev(m->task_queues);

        *m = (JobMetadata) {};
}
