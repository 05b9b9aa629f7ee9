/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "job-class-dir.h"
#include "job-class-scan.h"

#define JOB_SUFFIX ".job"
#define MODULE_FILE "module.conf"

/* How much further than classes may lie to look for .job files that lie too deep or below an impossible name */
#define SEARCH_DEPTH_MAX (2 * JOB_CLASS_MODULE_DEPTH_MAX)

typedef struct Scan {
        GHashTable *class_paths; /* a set; owns them */
        GPtrArray *errors;
        unsigned errors_before;
} Scan;

void job_class_errors_add(GPtrArray *errors, const char *class_path, char *message) {
        JobClassError *e = g_new(JobClassError, 1);

        *e = (JobClassError) {
                .class_path = g_strdup(class_path),
                .message = message,
        };
        g_ptr_array_add(errors, e);
}

static bool wanted(const char *name, bool maybe_directory) {
        /* Drop-in directories are read with their class */
        if (g_str_has_suffix(name, JOB_SUFFIX ".d"))
                return false;

        return maybe_directory || g_str_has_suffix(name, JOB_SUFFIX) || g_str_equal(name, MODULE_FILE);
}

static bool is_identifier(const char *name, size_t size) {
        return size > 0 && !g_ascii_isdigit(*name) &&
               strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_") >= size;
}

/*
 * Whether anything for jobd lies in a directory or below, by the names alone. What cannot be read counts as nothing:
 * this only decides whether a directory is worth a message.
 */
static bool has_job_files(const JobClassDir *dir, unsigned depth) {
        g_autoptr(GPtrArray) entries = NULL;

        if (depth > SEARCH_DEPTH_MAX || job_class_dir_list(dir, wanted, JOB_CLASSES_MAX, &entries, NULL) < 0)
                return false;

        for (guint i = 0; i < entries->len; i++) {
                const JobClassDirEntry *e = entries->pdata[i];
                _cleanup_(job_class_dir_freep) JobClassDir *child = NULL;

                if (g_str_has_suffix(e->name, JOB_SUFFIX) || g_str_equal(e->name, MODULE_FILE))
                        return true;
                if (e->is_directory && job_class_dir_open(dir, e->name, &child, NULL) > 0 &&
                    has_job_files(child, depth + 1))
                        return true;
        }

        return false;
}

static bool is_full(const Scan *s) {
        return g_hash_table_size(s->class_paths) + s->errors->len - s->errors_before >= JOB_CLASSES_MAX;
}

static void take_class(Scan *s, const JobClassDir *dir, const char *module_name, const char *file_name) {
        g_autofree char *path = job_class_dir_path_of(dir, file_name);
        size_t size = strlen(file_name) - strlen(JOB_SUFFIX);
        g_autofree char *class_path = NULL;
        const char *too_long = NULL;

        if (!is_identifier(file_name, size)) {
                job_class_errors_add(s->errors, NULL,
                                     g_strdup_printf("%s: is no name for a job class; it must be letters, digits and "
                                                     "\"_\", not first a digit, and end in .job",
                                                     path));
                return;
        }

        if (!module_name) {
                job_class_errors_add(s->errors, NULL,
                                     g_strdup_printf("%s: has no module; move it into a directory, whose name is the "
                                                     "module's",
                                                     path));
                return;
        }

        /* The reference's sentences, and its limit, which is the same for both */
        G_STATIC_ASSERT(JOB_MODULE_NAME_MAX == JOB_CLASS_NAME_MAX);
        if (strlen(module_name) > JOB_MODULE_NAME_MAX)
                too_long = "Module name";
        else if (size > JOB_CLASS_NAME_MAX)
                too_long = "Job class name";

        class_path = g_strdup_printf("%s.%.*s", module_name, (int) size, file_name);
        if (too_long)
                job_class_errors_add(s->errors, class_path,
                                     g_strdup_printf("%s: %s may not exceed %d characters in length", path, too_long,
                                                     JOB_CLASS_NAME_MAX));
        else
                (void) g_hash_table_add(s->class_paths, TAKE_PTR(class_path));
}

static int scan_directory(Scan *s, const JobClassDir *dir, const char *module_name, unsigned depth);

/* A directory that cannot be a module, or lies too deep, matters only if someone put a job into it. */
static bool is_in_place(Scan *s, const JobClassDir *dir, const char *name, unsigned depth) {
        if (dir->refusal) {
                if (has_job_files(dir, depth))
                        job_class_errors_add(s->errors, NULL, g_strdup(dir->refusal));
                return false;
        }

        if (is_identifier(name, strlen(name)) && depth <= JOB_CLASS_MODULE_DEPTH_MAX)
                return true;

        if (!has_job_files(dir, depth))
                return false;

        if (depth > JOB_CLASS_MODULE_DEPTH_MAX)
                job_class_errors_add(s->errors, NULL,
                                     g_strdup_printf("%s: lies more than %d directories below the root, so its job "
                                                     "classes are not loaded",
                                                     dir->path, JOB_CLASS_MODULE_DEPTH_MAX));
        else
                job_class_errors_add(s->errors, NULL,
                                     g_strdup_printf("%s: is no name for a module, so its job classes are not loaded; "
                                                     "it must be letters, digits and \"_\", not first a digit",
                                                     dir->path));
        return false;
}

static int take_directory(
                Scan *s,
                const JobClassDir *parent,
                const char *module_name,
                const JobClassDirEntry *entry,
                unsigned depth) {

        _cleanup_(job_class_dir_freep) JobClassDir *dir = NULL;
        g_autofree char *name = NULL, *error = NULL;
        int r;

        /* A link that could not be a module in any case is no one's mistake */
        if (entry->is_link_to_directory && !is_identifier(entry->name, strlen(entry->name)))
                return 0;

        r = job_class_dir_open(parent, entry->name, &dir, &error);
        if (r < 0) {
                if (job_class_dir_is_exhausted(r))
                        return r;

                job_class_errors_add(s->errors, NULL, TAKE_PTR(error));
                return 0;
        }
        if (r == 0 || !is_in_place(s, dir, entry->name, depth))
                return 0;

        name = module_name ? g_strjoin(".", module_name, entry->name, NULL) : g_strdup(entry->name);
        return scan_directory(s, dir, name, depth);
}

static int take_entry(
                Scan *s,
                const JobClassDir *dir,
                const char *module_name,
                const JobClassDirEntry *entry,
                unsigned depth) {

        if (g_str_has_suffix(entry->name, JOB_SUFFIX)) {
                take_class(s, dir, module_name, entry->name);
                return 0;
        }

        if (entry->is_directory || entry->is_link_to_directory)
                return take_directory(s, dir, module_name, entry, depth + 1);

        if (!module_name && g_str_equal(entry->name, MODULE_FILE))
                job_class_errors_add(s->errors, NULL,
                                     g_strdup_printf("%s/" MODULE_FILE ": has no module, so it applies to nothing; "
                                                     "move it into a module's directory",
                                                     dir->path));
        return 0;
}

/* depth: of dir below the root, whose own is 0 and which is no module. */
static int scan_directory(Scan *s, const JobClassDir *dir, const char *module_name, unsigned depth) {
        g_autoptr(GPtrArray) entries = NULL;
        g_autofree char *error = NULL;
        int r;

        r = job_class_dir_list(dir, wanted, JOB_CLASSES_MAX, &entries, &error);
        if (r < 0) {
                if (depth == 0 || job_class_dir_is_exhausted(r))
                        return r;

                job_class_errors_add(s->errors, NULL, TAKE_PTR(error));
                return 0;
        }

        for (guint i = 0; i < entries->len && !is_full(s); i++) {
                r = take_entry(s, dir, module_name, entries->pdata[i], depth);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int scan_root(Scan *s, const char *root) {
        _cleanup_(job_class_dir_freep) JobClassDir *dir = NULL;
        int r;

        r = job_class_dir_open_root(root, &dir, NULL);
        if (r <= 0)
                return r;

        if (dir->refusal) {
                job_class_errors_add(s->errors, NULL, g_strdup(dir->refusal));
                return 0;
        }

        return scan_directory(s, dir, NULL, 0);
}

static gint compare_paths(gconstpointer a, gconstpointer b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

int job_class_scan(const char *const *roots, GPtrArray **ret_class_paths, GPtrArray *errors) {
        g_autoptr(GHashTable) class_paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_autoptr(GPtrArray) sorted = g_ptr_array_new_with_free_func(g_free);
        Scan scan = {
                .class_paths = class_paths,
                .errors = errors,
                .errors_before = errors->len,
        };
        GHashTableIter i;
        gpointer path;
        int r;

        for (const char *const *root = roots; *root; root++) {
                r = scan_root(&scan, *root);
                if (r < 0)
                        return r;
        }

        if (is_full(&scan))
                job_class_errors_add(errors, NULL,
                                     g_strdup_printf("%d job classes and errors found, which is the most; the "
                                                     "others are not loaded: remove some",
                                                     JOB_CLASSES_MAX));

        g_hash_table_iter_init(&i, class_paths);
        while (g_hash_table_iter_next(&i, &path, NULL)) {
                g_hash_table_iter_steal(&i);
                g_ptr_array_add(sorted, path);
        }
        g_ptr_array_sort(sorted, compare_paths);

        *ret_class_paths = TAKE_PTR(sorted);
        return 0;
}
