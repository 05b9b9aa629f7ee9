/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <string.h>

#include "job-class-parse.h"
#include "job-class-scan.h"

/*
 * A loader of job classes whose files are in memory: what stands below the roots, for whoever is behind the seam. The
 * texts are read as job files are.
 */
typedef struct TestClass {
        const char *class_path;
        const char *text;
        bool system;
} TestClass;

/* The text of a job file with these lines in [Job]. */
#define JOB(lines) "[Job]\n" lines "\n[Service]\nExecStart=/bin/true\n"
#define VARIABLE(name, lines) "[Variable " name "]\n" lines "\n"

static const TestClass *test_classes;
static size_t test_n_classes;
static int test_loader_error; /* what load_all() fails with; 0: it works */

#define test_classes_set(...)                                                                  \
        do {                                                                                   \
                static const TestClass _classes[] = { __VA_ARGS__ };                           \
                test_classes = _classes;                                                       \
                test_n_classes = ELEMENTSOF(_classes);                                         \
        } while (false)

static inline void test_classes_clear(void) {
        test_n_classes = 0;
}

static inline int test_class_parse(const TestClass *c, JobClass **ret, char **ret_error) {
        const char *dot = strrchr(c->class_path, '.');
        g_autofree char *module_name = g_strndup(c->class_path, (size_t) (dot - c->class_path));
        g_autofree char *path = g_strconcat("/jobs/", c->class_path, ".job", NULL);
        _cleanup_(job_class_parser_freep) JobClassParser *p = NULL;
        int r;

        p = job_class_parser_new(module_name, dot + 1, c->system);
        r = job_class_parser_add(p, JOB_CLASS_FILE_MAIN, path, path, c->text, strlen(c->text), ret_error);
        return r < 0 ? r : job_class_parser_finish(p, ret, ret_error);
}

static inline int test_load_all(const char *const *roots, GPtrArray *classes, GPtrArray *errors) {
        if (test_loader_error < 0)
                return test_loader_error;

        for (size_t i = 0; i < test_n_classes; i++) {
                char *error = NULL;
                JobClass *c;

                if (test_class_parse(&test_classes[i], &c, &error) >= 0)
                        g_ptr_array_add(classes, c);
                else
                        job_class_errors_add(errors, test_classes[i].class_path, error);
        }
        return 0;
}

static inline int test_load(const char *const *roots, const char *class_path, JobClass **ret, char **ret_error) {
        for (size_t i = 0; i < test_n_classes; i++)
                if (strcmp(test_classes[i].class_path, class_path) == 0)
                        return test_class_parse(&test_classes[i], ret, ret_error);
        return -ENOENT;
}

static const JobClassLoader test_loader = { "test", test_load_all, test_load };

static inline JobClass *test_class_new(const char *class_path, const char *text, bool system) {
        const TestClass c = { class_path, text, system };
        g_autofree char *error = NULL;
        JobClass *class = NULL;

        g_assert_cmpint(test_class_parse(&c, &class, &error), ==, 0);
        g_assert_cmpstr(error, ==, NULL);
        return class;
}
