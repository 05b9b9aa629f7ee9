/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "error-text.h"
#include "job-class-dir.h"
#include "job-class-parse.h"
#include "job-class-scan.h"

/*
 * The loader for .job files. The files of a class, in the order in which they apply, later ones winning:
 *
 *   1. module.conf of each directory from the outermost module to the innermost, of every root, those of the lowest
 *      root first: /usr/lib/jobd/jobs/network/module.conf, /etc/jobd/jobs/network/module.conf, then those in
 *      network/backup. So an administrator gives vendor classes other defaults without touching vendor files, and the
 *      inner module, being more specific, wins over the outer one. They are defaults: the class may say otherwise.
 *   2. The .job file, from the first root that has one. Whatever it is, it hides those of lower roots: an empty file
 *      or a link to /dev/null masks the class.
 *   3. The drop-ins of every root, <JobClassName>.job.d/<any>.conf, sorted by file name; of equal names the first
 *      root's counts, and an empty file or a link to /dev/null masks. Here an administrator has the last word.
 *
 * A file among these that cannot be used refuses the class as a whole: it may have been a restriction.
 */

#define MODULE_FILE "module.conf"
#define SYSTEM_MODULE "jobd"

typedef struct Source {
        char *path; /* for messages */
        char *name; /* relative to the root */
        char *key;  /* sorts: for a drop-in its file name */
        unsigned level; /* of a module.conf: 0 is the outermost module */
        unsigned root;
        char *text;
        size_t size;
} Source;

static Source *source_free(Source *s) {
        if (!s)
                return NULL;

        g_free(s->path);
        g_free(s->name);
        g_free(s->key);
        g_free(s->text);
        g_free(s);

        return NULL;
}

DEFINE_CLEANUP(Source *, source_free);

static void source_destroy(gpointer p) {
        (void) source_free(p);
}

/* The files of one class, as they are found from the first root to the last. */
typedef struct Collection {
        const char *module_name;
        const char *job_class_name;
        char **parts; /* of module_name */
        char *directory; /* module_name as a path */
        const char *const *roots;
        unsigned root; /* being looked at */

        GPtrArray *modules;       /* of Source */
        Source *main;
        GPtrArray *dropins;       /* of Source */
        GHashTable *dropin_names; /* a set: also those that are masked */

        bool found;    /* there is a .job file, good or bad */
        bool masked;
        bool obscured; /* there is a directory that nobody can look into */
        char *problem; /* the first one */
} Collection;

static void collection_done(Collection *c) {
        g_strfreev(c->parts);
        g_free(c->directory);
        g_clear_pointer(&c->modules, g_ptr_array_unref);
        (void) source_free(c->main);
        g_clear_pointer(&c->dropins, g_ptr_array_unref);
        g_clear_pointer(&c->dropin_names, g_hash_table_unref);
        g_free(c->problem);
}

/* Keeps the first problem: that a class does not exist or is masked is only known after the last root. */
static int note_problem(Collection *c, int r, char *problem) {
        if (job_class_dir_is_exhausted(r) || !c->problem) {
                g_free(c->problem);
                c->problem = problem;
        } else
                g_free(problem);

        return job_class_dir_is_exhausted(r) ? r : 0;
}

/* Returns a JobClassFileState, or negative errno and a sentence. */
static int read_source(
                const JobClassDir *dir,
                const char *file_name,
                const char *relative,
                Source **ret,
                char **ret_error) {

        _cleanup_(source_freep) Source *s = g_new0(Source, 1);
        int r;

        r = job_class_dir_read_file(dir, file_name, &s->text, &s->size, ret_error);
        if (r != JOB_CLASS_FILE_READ)
                return r;

        s->path = job_class_dir_path_of(dir, file_name);
        s->name = g_strdup_printf("%s/%s", relative, file_name);
        s->key = g_strdup(file_name);

        *ret = TAKE_PTR(s);
        return JOB_CLASS_FILE_READ;
}

static int collect_module_file(Collection *c, const JobClassDir *dir, const char *relative, unsigned level) {
        _cleanup_(source_freep) Source *s = NULL;
        g_autofree char *error = NULL;
        int r;

        r = read_source(dir, MODULE_FILE, relative, &s, &error);
        if (r < 0)
                return note_problem(c, r, TAKE_PTR(error));
        if (r != JOB_CLASS_FILE_READ)
                return 0;

        s->level = level;
        s->root = c->root;
        g_ptr_array_add(c->modules, TAKE_PTR(s));

        return 0;
}

static bool is_system_module(const char *module_name) {
        return g_str_equal(module_name, SYSTEM_MODULE) || g_str_has_prefix(module_name, SYSTEM_MODULE ".");
}

static bool is_vendor_root(const Collection *c) {
        return !c->roots[c->root + 1];
}

static int collect_main(Collection *c, const JobClassDir *dir) {
        g_autofree char *file_name = g_strconcat(c->job_class_name, ".job", NULL), *error = NULL;
        int r;

        r = read_source(dir, file_name, c->directory, &c->main, &error);
        if (r == JOB_CLASS_FILE_ABSENT)
                return 0;

        c->found = true;
        if (r < 0)
                return note_problem(c, r, TAKE_PTR(error));
        if (r == JOB_CLASS_FILE_MASKED) {
                c->masked = true;
                return 0;
        }

        c->main->root = c->root;
        if (is_system_module(c->module_name) && !is_vendor_root(c))
                return note_problem(c, -EINVAL,
                                    g_strdup_printf("%s: module \"" SYSTEM_MODULE "\" is for the jobs that come with "
                                                    "jobd in %s; choose another module, or change a job of jobd by "
                                                    "a drop-in %s.d/NAME.conf",
                                                    c->main->path, c->roots[g_strv_length((char **) c->roots) - 1],
                                                    file_name));

        return 0;
}

static bool is_dropin(const char *name, bool maybe_directory) {
        return g_str_has_suffix(name, ".conf");
}

static int collect_dropin(Collection *c, const JobClassDir *dir, const char *file_name) {
        _cleanup_(source_freep) Source *s = NULL;
        g_autofree char *relative = NULL, *error = NULL;
        int r;

        if (g_hash_table_contains(c->dropin_names, file_name))
                return 0;

        relative = g_strdup_printf("%s/%s.job.d", c->directory, c->job_class_name);
        r = read_source(dir, file_name, relative, &s, &error);
        if (r < 0)
                return note_problem(c, r, TAKE_PTR(error));
        if (r == JOB_CLASS_FILE_ABSENT)
                return 0;

        if (g_hash_table_size(c->dropin_names) == JOB_CLASS_DROPINS_MAX)
                return note_problem(c, -E2BIG,
                                    g_strdup_printf("%s: the class has more than %d drop-ins, which is the most",
                                                    dir->path, JOB_CLASS_DROPINS_MAX));

        (void) g_hash_table_add(c->dropin_names, g_strdup(file_name));
        if (r == JOB_CLASS_FILE_READ)
                g_ptr_array_add(c->dropins, TAKE_PTR(s));

        return 0;
}

static int collect_dropins(Collection *c, const JobClassDir *dir) {
        _cleanup_(job_class_dir_freep) JobClassDir *dropin_dir = NULL;
        g_autofree char *name = g_strconcat(c->job_class_name, ".job.d", NULL), *error = NULL;
        g_autoptr(GPtrArray) entries = NULL;
        int r;

        r = job_class_dir_open(dir, name, &dropin_dir, &error);
        if (r < 0)
                return note_problem(c, r, TAKE_PTR(error));
        if (r == 0)
                return 0;

        r = job_class_dir_list(dropin_dir, is_dropin, JOB_CLASS_DROPINS_MAX, &entries, &error);
        if (r < 0)
                return note_problem(c, r, TAKE_PTR(error));

        for (guint i = 0; i < entries->len; i++) {
                const JobClassDirEntry *e = entries->pdata[i];

                r = collect_dropin(c, dropin_dir, e->name);
                if (r < 0)
                        return r;
        }

        return 0;
}

/*
 * Goes one module further down: replaces *dir by its directory of that name. Returns 1, 0 when there is none, or
 * negative errno and a sentence.
 */
static int enter_module(JobClassDir **dir, const char *name, GString *relative, char **ret_error) {
        JobClassDir *child;
        int r;

        r = job_class_dir_open(*dir, name, &child, ret_error);
        if (r <= 0)
                return r;

        (void) job_class_dir_free(*dir);
        *dir = child;
        g_string_append_printf(relative, "%s%s", relative->len > 0 ? "/" : "", name);

        return 1;
}

/* Goes down to the module's directory in one root. Returns 1 with it, 0 when the root has none, or negative errno. */
static int collect_modules(Collection *c, JobClassDir **ret) {
        _cleanup_(job_class_dir_freep) JobClassDir *dir = NULL;
        g_autoptr(GString) relative = g_string_new(NULL);
        g_autofree char *error = NULL;
        int r, k;

        r = job_class_dir_open_root(c->roots[c->root], &dir, &error);

        for (unsigned level = 0; r > 0 && c->parts[level]; level++) {
                r = enter_module(&dir, c->parts[level], relative, &error);
                if (r <= 0)
                        break;

                k = collect_module_file(c, dir, relative->str, level);
                if (k < 0)
                        return k;
        }

        if (r < 0) {
                c->obscured = true;
                return note_problem(c, r, TAKE_PTR(error));
        }
        if (r > 0)
                *ret = TAKE_PTR(dir);

        return r;
}

static int collect_root(Collection *c) {
        _cleanup_(job_class_dir_freep) JobClassDir *dir = NULL;
        int r;

        r = collect_modules(c, &dir);
        if (r <= 0)
                return r;

        if (!c->found) {
                r = collect_main(c, dir);
                if (r < 0 || c->masked)
                        return r;
        }

        return collect_dropins(c, dir);
}

static int collect(Collection *c) {
        int r;

        c->parts = g_strsplit(c->module_name, ".", -1);
        c->directory = g_strjoinv("/", c->parts);
        c->modules = g_ptr_array_new_with_free_func(source_destroy);
        c->dropins = g_ptr_array_new_with_free_func(source_destroy);
        c->dropin_names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

        for (c->root = 0; c->roots[c->root]; c->root++) {
                r = collect_root(c);
                if (r < 0)
                        return r;
                if (c->masked)
                        return -ENOENT;
        }

        if (!c->found && !c->obscured)
                return -ENOENT;

        return c->problem ? -EINVAL : 0;
}

static gint compare_modules(gconstpointer a, gconstpointer b) {
        const Source *const *x = a, *const *y = b;

        if ((*x)->level != (*y)->level)
                return (*x)->level < (*y)->level ? -1 : 1;

        return (*x)->root > (*y)->root ? -1 : 1;
}

static gint compare_dropins(gconstpointer a, gconstpointer b) {
        const Source *const *x = a, *const *y = b;

        return strcmp((*x)->key, (*y)->key);
}

static int add_source(JobClassParser *p, JobClassFileKind kind, const Source *s, char **ret_error) {
        return job_class_parser_add(p, kind, s->path, s->name, s->text, s->size, ret_error);
}

static int parse_collection(Collection *c, JobClass **ret, char **ret_error) {
        _cleanup_(job_class_parser_freep) JobClassParser *p = NULL;
        int r;

        p = job_class_parser_new(c->module_name, c->job_class_name, is_system_module(c->module_name));

        g_ptr_array_sort(c->modules, compare_modules);
        for (guint i = 0; i < c->modules->len; i++) {
                r = add_source(p, JOB_CLASS_FILE_MODULE, c->modules->pdata[i], ret_error);
                if (r < 0)
                        return r;
        }

        r = add_source(p, JOB_CLASS_FILE_MAIN, c->main, ret_error);
        if (r < 0)
                return r;

        g_ptr_array_sort(c->dropins, compare_dropins);
        for (guint i = 0; i < c->dropins->len; i++) {
                r = add_source(p, JOB_CLASS_FILE_DROPIN, c->dropins->pdata[i], ret_error);
                if (r < 0)
                        return r;
        }

        return job_class_parser_finish(p, ret, ret_error);
}

static int job_file_load(const char *const *roots, const char *class_path, JobClass **ret, char **ret_error) {
        _cleanup_(collection_done) Collection c = { .roots = roots };
        g_autofree char *module_name = NULL;
        const char *dot = strrchr(class_path, '.');
        int r;

        if (!dot)
                return -ENOENT;

        module_name = g_strndup(class_path, dot - class_path);
        if (!job_module_name_is_valid(module_name) || !job_class_name_is_valid(dot + 1))
                return -ENOENT;

        c.module_name = module_name;
        c.job_class_name = dot + 1;
        r = collect(&c);
        if (r == -ENOENT)
                return r;
        if (r < 0) {
                (void) error_text(ret_error, "%s", c.problem);
                return r;
        }

        return parse_collection(&c, ret, ret_error);
}

static void class_destroy(gpointer p) {
        (void) job_class_free(p);
}

static void class_error_destroy(gpointer p) {
        (void) job_class_error_free(p);
}

static int job_file_load_all(const char *const *roots, GPtrArray *classes, GPtrArray *errors) {
        g_autoptr(GPtrArray) paths = NULL, loaded = NULL, failed = NULL;
        int r;

        loaded = g_ptr_array_new_with_free_func(class_destroy);
        failed = g_ptr_array_new_with_free_func(class_error_destroy);

        r = job_class_scan(roots, &paths, failed);
        if (r < 0)
                return r;

        for (guint i = 0; i < paths->len; i++) {
                JobClass *class = NULL;
                char *error = NULL;

                r = job_file_load(roots, paths->pdata[i], &class, &error);
                if (job_class_dir_is_exhausted(r)) {
                        g_free(error);
                        return r;
                }

                if (r >= 0)
                        g_ptr_array_add(loaded, class);
                else if (r != -ENOENT)
                        job_class_errors_add(failed, paths->pdata[i], error);
        }

        g_ptr_array_extend_and_steal(classes, TAKE_PTR(loaded));
        g_ptr_array_extend_and_steal(errors, TAKE_PTR(failed));
        return 0;
}

const JobClassLoader job_file_loader = {
        .name = "job-file",
        .load_all = job_file_load_all,
        .load = job_file_load,
};
