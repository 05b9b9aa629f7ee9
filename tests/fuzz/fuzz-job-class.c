/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "job-class-parse.h"
#include "variable.h"

/*
 * Any bytes as the files of a job class: up to the first NUL the .job file, up to the next one a drop-in, then a
 * module.conf (a text with a NUL in it is refused before anything else, which the unit tests cover).
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Input {
        const char *text[3];
        size_t size[3];
} Input;

static const struct {
        JobClassFileKind kind;
        const char *path;
} files[] = {
        /* In the order in which they apply */
        { JOB_CLASS_FILE_MODULE, "m/module.conf"       },
        { JOB_CLASS_FILE_MAIN,   "m/Class.job"         },
        { JOB_CLASS_FILE_DROPIN, "m/Class.job.d/x.conf" },
};
static const size_t input_of_file[] = { 2, 0, 1 };

static void split(const char *data, size_t size, Input *ret) {
        *ret = (Input) {};
        if (size == 0)
                return;

        const char *end = data + size;
        for (size_t i = 0; i < ELEMENTSOF(ret->text) && data < end; i++) {
                const char *nul = i + 1 < ELEMENTSOF(ret->text) ? memchr(data, 0, end - data) : NULL;

                ret->text[i] = data;
                ret->size[i] = (nul ?: end) - data;
                data = nul ? nul + 1 : end;
        }
}

static int parse(const Input *input, JobClass **ret, char **ret_error) {
        _cleanup_(job_class_parser_freep) JobClassParser *p = job_class_parser_new("m", "Class", false);
        int r;

        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                size_t n = input_of_file[i];

                if (!input->text[n] && files[i].kind != JOB_CLASS_FILE_MAIN)
                        continue;

                r = job_class_parser_add(p, files[i].kind, files[i].path, files[i].path, input->text[n] ?: "",
                                         input->size[n], ret_error);
                if (r < 0)
                        return r;
        }

        return job_class_parser_finish(p, ret, ret_error);
}

/* What was accepted is within all limits, and each of its values is one that can be written down and read again. */
static void check_class(const JobClass *c) {
        JobMetadata again = {};

        g_assert_cmpint(g_utf8_strlen(c->values.name, -1), <=, JOB_NAME_MAX);
        g_assert_cmpint(g_utf8_strlen(c->values.grouping, -1), <=, JOB_GROUPING_MAX);
        g_assert_cmpuint(c->variables->len, <=, JOB_CLASS_VARIABLES_MAX);
        g_assert_cmpuint(c->retry, <=, JOB_CLASS_RETRY_MAX);
        g_assert_cmpuint(strlen(c->digest), ==, 64);
        g_assert_true(unit_property_find(c->properties, "ExecStart") ||
                      unit_property_find(c->properties, "ExecStartEx"));

        for (JobField field = 0; field < _JOB_FIELD_MAX; field++) {
                g_autofree char *text = job_field_format(&c->values, field);

                g_assert_true(g_utf8_validate(text, -1, NULL));
                g_assert_cmpint(job_field_parse(&again, field, text, NULL), ==, 0);
                g_assert_true(job_field_equal(&c->values, &again, field));
        }
        job_metadata_done(&again);

        for (guint i = 0; i < c->properties->len; i++) {
                const UnitProperty *p = c->properties->pdata[i];

                g_assert_true(g_variant_is_normal_form(p->value));
                g_assert_false(g_variant_is_floating(p->value));
        }

        for (guint i = 0; i < c->warnings->len; i++)
                g_assert_true(g_utf8_validate(c->warnings->pdata[i], -1, NULL));
}

static void check_same(const JobClass *a, const JobClass *b) {
        g_assert_cmpstr(a->digest, ==, b->digest);
        g_assert_cmpuint(a->variables->len, ==, b->variables->len);
        g_assert_cmpuint(a->properties->len, ==, b->properties->len);

        for (JobField field = 0; field < _JOB_FIELD_MAX; field++)
                g_assert_true(job_field_equal(&a->values, &b->values, field));

        for (guint i = 0; i < a->properties->len; i++) {
                const UnitProperty *p = a->properties->pdata[i], *q = b->properties->pdata[i];

                g_assert_cmpstr(p->name, ==, q->name);
                g_assert_true(g_variant_equal(p->value, q->value));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(job_class_freep) JobClass *first = NULL, *second = NULL;
        g_autofree char *error = NULL, *second_error = NULL;
        Input input;
        int r;

        if (size > 3 * JOB_CLASS_FILE_SIZE_MAX)
                return 0;

        split((const char *) data, size, &input);
        r = parse(&input, &first, &error);
        if (r < 0) {
                g_assert_cmpint(r, ==, -EINVAL);
                g_assert_null(first);
                g_assert_true(g_str_has_prefix(error, "m/"));
                g_assert_true(g_utf8_validate(error, -1, NULL));
                return 0;
        }

        g_assert_null(error);
        check_class(first);
        g_assert_cmpint(parse(&input, &second, &second_error), ==, 0);
        check_same(first, second);

        return 0;
}
