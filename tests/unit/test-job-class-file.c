/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "job-class.h"
#include "variable.h"

/* The loader over real directories. Runs as root: whose files they are is part of what is tested. */

#define COMMAND "[Service]\nExecStart=/bin/true\n"
#define OTHER_UID 65534

enum { ETC, RUN, REPOSITORIES, LOCAL, VENDOR, _ROOTS };

typedef struct Tree {
        char *top;
        char *paths[_ROOTS + 1];
        const char *roots[_ROOTS + 1];
        GPtrArray *classes;
        GPtrArray *errors;
} Tree;

static void class_destroy(gpointer p) {
        (void) job_class_free(p);
}

static void class_error_destroy(gpointer p) {
        (void) job_class_error_free(p);
}

static void tree_setup(Tree *t, gconstpointer unused) {
        static const char *const names[_ROOTS] = { "etc", "run", "repositories", "local", "vendor" };

        t->top = g_dir_make_tmp("test-job-class-XXXXXX", NULL);
        g_assert_nonnull(t->top);
        for (int i = 0; i < _ROOTS; i++) {
                t->paths[i] = g_build_filename(t->top, names[i], NULL);
                t->roots[i] = t->paths[i];
                g_assert_cmpint(mkdir(t->paths[i], 0755), ==, 0);
        }
        t->classes = g_ptr_array_new_with_free_func(class_destroy);
        t->errors = g_ptr_array_new_with_free_func(class_error_destroy);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        return remove(path);
}

static void tree_teardown(Tree *t, gconstpointer unused) {
        g_assert_cmpint(nftw(t->top, remove_one, 32, FTW_DEPTH | FTW_PHYS), ==, 0);
        for (int i = 0; i < _ROOTS; i++)
                g_free(t->paths[i]);
        g_free(t->top);
        g_ptr_array_unref(t->classes);
        g_ptr_array_unref(t->errors);
}

static char *path_of(Tree *t, int root, const char *name) {
        return *name ? g_build_filename(t->paths[root], name, NULL) : g_strdup(t->paths[root]);
}

static void make_parents(const char *path) {
        g_autofree char *directory = g_path_get_dirname(path);

        g_assert_cmpint(g_mkdir_with_parents(directory, 0755), ==, 0);
}

static void write_file(const char *path, const char *text) {
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(write(fd, text, strlen(text)), ==, (ssize_t) strlen(text));
        (void) close(fd);
}

static void put(Tree *t, int root, const char *name, const char *text) {
        g_autofree char *path = path_of(t, root, name);

        make_parents(path);
        write_file(path, text);
}

static void make_directory(Tree *t, int root, const char *name) {
        g_autofree char *path = path_of(t, root, name);

        g_assert_cmpint(g_mkdir_with_parents(path, 0755), ==, 0);
}

static void make_link(Tree *t, int root, const char *name, const char *target) {
        g_autofree char *path = path_of(t, root, name);

        make_parents(path);
        g_assert_cmpint(symlink(target, path), ==, 0);
}

static void set_mode(Tree *t, int root, const char *name, mode_t mode) {
        g_autofree char *path = path_of(t, root, name);

        g_assert_cmpint(chmod(path, mode), ==, 0);
}

static void set_owner(Tree *t, int root, const char *name, uid_t uid) {
        g_autofree char *path = path_of(t, root, name);

        g_assert_cmpint(lchown(path, uid, 0), ==, 0);
}

static JobClass *load(Tree *t, const char *class_path) {
        g_autofree char *error = NULL;
        JobClass *c = NULL;
        int r;

        r = job_file_loader.load(t->roots, class_path, &c, &error);
        g_assert_cmpstr(error, ==, NULL);
        g_assert_cmpint(r, ==, 0);

        return c;
}

static void assert_description(Tree *t, const char *class_path, const char *description) {
        _cleanup_(job_class_freep) JobClass *c = load(t, class_path);

        g_assert_cmpstr(c->values.description, ==, description);
}

static void assert_none(Tree *t, const char *class_path) {
        g_autofree char *error = NULL;
        JobClass *c = NULL;

        g_assert_cmpint(job_file_loader.load(t->roots, class_path, &c, &error), ==, -ENOENT);
        g_assert_null(c);
        g_assert_null(error);
}

/* The message begins with a path below the root, or the root's own where name is empty */
static char *message_of(Tree *t, int root, const char *name, const char *message) {
        g_autofree char *path = path_of(t, root, name);

        return g_strconcat(path, message, NULL);
}

static void assert_broken(Tree *t, const char *class_path, int root, const char *name, const char *message) {
        g_autofree char *error = NULL, *expected = message_of(t, root, name, message);
        JobClass *c = NULL;

        g_assert_cmpint(job_file_loader.load(t->roots, class_path, &c, &error), ==, -EINVAL);
        g_assert_null(c);
        g_assert_cmpstr(error, ==, expected);
}

static void load_all(Tree *t) {
        g_ptr_array_set_size(t->classes, 0);
        g_ptr_array_set_size(t->errors, 0);
        g_assert_cmpint(job_file_loader.load_all(t->roots, t->classes, t->errors), ==, 0);
}

/* All classes that load_all() finds, as "a.B c.D" */
static void assert_classes(Tree *t, const char *expected) {
        g_autoptr(GString) paths = g_string_new(NULL);

        for (guint i = 0; i < t->classes->len; i++) {
                const JobClass *c = t->classes->pdata[i];

                g_string_append_printf(paths, "%s%s", i > 0 ? " " : "", c->class_path);
        }

        g_assert_cmpstr(paths->str, ==, expected);
}

static void assert_error(Tree *t, guint i, const char *class_path, int root, const char *name, const char *message) {
        g_autofree char *expected = message_of(t, root, name, message);
        const JobClassError *e;

        g_assert_cmpuint(i, <, t->errors->len);
        e = t->errors->pdata[i];
        g_assert_cmpstr(e->message, ==, expected);
        g_assert_cmpstr(e->class_path, ==, class_path);
}

/* load() and load_all() say the same */
static void assert_refused(Tree *t, const char *class_path, int root, const char *name, const char *message) {
        assert_broken(t, class_path, root, name, message);
        load_all(t);
        g_assert_cmpuint(t->errors->len, ==, 1);
        assert_error(t, 0, class_path, root, name, message);
        g_assert_cmpuint(t->classes->len, ==, 0);
}

static void test_paths(Tree *t, gconstpointer unused) {
        _cleanup_(job_class_freep) JobClass *c = NULL;
        g_autofree char *path = path_of(t, ETC, "network/backup/NightlyBackup.job");

        put(t, ETC, "network/backup/NightlyBackup.job", COMMAND);
        put(t, ETC, "network/backup.job", COMMAND);
        put(t, LOCAL, "a/B.job", COMMAND);

        c = load(t, "network.backup.NightlyBackup");
        g_assert_cmpstr(c->module_name, ==, "network.backup");
        g_assert_cmpstr(c->job_class_name, ==, "NightlyBackup");
        g_assert_cmpstr(c->class_path, ==, "network.backup.NightlyBackup");
        g_assert_cmpstr(c->path, ==, path);
        g_assert_cmpstr(c->values.name, ==, "NightlyBackup");
        g_assert_cmpstr(c->values.grouping, ==, "network.backup");
        g_assert_false(c->system);

        load_all(t);
        assert_classes(t, "a.B network.backup network.backup.NightlyBackup");
        g_assert_cmpuint(t->errors->len, ==, 0);
}

static void test_repository(Tree *t, gconstpointer unused) {
        put(t, REPOSITORIES, "my_repository/jobs/site/Check.job", COMMAND);
        put(t, REPOSITORIES, "my_repository/.git/hooks/Bad name.job", "x");
        put(t, REPOSITORIES, "my_repository/README", "x");

        load_all(t);
        assert_classes(t, "my_repository.jobs.site.Check");
        g_assert_cmpuint(t->errors->len, ==, 0);
}

static void test_priority(Tree *t, gconstpointer unused) {
        for (int root = VENDOR; root >= ETC; root--) {
                g_autofree char *text = g_strdup_printf("[Job]\nDescription=%d\n" COMMAND, root);
                g_autofree char *description = g_strdup_printf("%d", root);

                put(t, root, "m/C.job", text);
                assert_description(t, "m.C", description);
                load_all(t);
                assert_classes(t, "m.C");
        }
}

static void test_broken_hides(Tree *t, gconstpointer unused) {
        put(t, VENDOR, "m/C.job", COMMAND);
        put(t, VENDOR, "m/D.job", COMMAND);
        put(t, ETC, "m/C.job", "[Job]\nHidden=perhaps\n");

        assert_broken(t, "m.C", ETC, "m/C.job", ":2: Hidden=: \"perhaps\" is not a boolean; write yes or no");
        load_all(t);
        assert_classes(t, "m.D");
        g_assert_cmpuint(t->errors->len, ==, 1);
        assert_error(t, 0, "m.C", ETC, "m/C.job", ":2: Hidden=: \"perhaps\" is not a boolean; write yes or no");
}

static void test_mask(Tree *t, gconstpointer unused) {
        static const char *const names[] = { "m/C.job", "m/D.job" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                put(t, VENDOR, names[i], COMMAND);
        put(t, ETC, "m/C.job", "");
        make_link(t, ETC, "m/D.job", "/dev/null");
        put(t, VENDOR, "jobd/Cleanup.job", COMMAND);
        make_link(t, ETC, "jobd/Cleanup.job", "/dev/null");
        /* What is masked is masked with all its files, broken ones too */
        put(t, ETC, "m/C.job.d/x.conf", "nonsense");

        assert_none(t, "m.C");
        assert_none(t, "m.D");
        assert_none(t, "jobd.Cleanup");
        load_all(t);
        assert_classes(t, "");
        g_assert_cmpuint(t->errors->len, ==, 0);
}

static void test_dropins(Tree *t, gconstpointer unused) {
        put(t, VENDOR, "m/C.job", "[Job]\nDescription=main\nTaskQueues=main\n" COMMAND);
        put(t, VENDOR, "m/C.job.d/50-vendor.conf", "[Job]\nDescription=vendor\nTaskQueues=fifty\n");
        assert_description(t, "m.C", "vendor");

        /* Sorted by file name over all roots, not by root */
        put(t, ETC, "m/C.job.d/10-etc.conf", "[Job]\nDescription=etc\nTaskQueues=ten\n");
        assert_description(t, "m.C", "vendor");
        put(t, RUN, "m/C.job.d/90-run.conf", "[Job]\nDescription=run\n");
        assert_description(t, "m.C", "run");

        _cleanup_(job_class_freep) JobClass *c = load(t, "m.C");
        g_assert_cmpuint(g_strv_length(c->values.task_queues), ==, 3);
        g_assert_cmpstr(c->values.task_queues[0], ==, "main");
        g_assert_cmpstr(c->values.task_queues[1], ==, "ten");
        g_assert_cmpstr(c->values.task_queues[2], ==, "fifty");

        /* The same name in a higher root wins, and masks */
        put(t, ETC, "m/C.job.d/90-run.conf", "[Job]\nDescription=etc90\n");
        assert_description(t, "m.C", "etc90");
        put(t, ETC, "m/C.job.d/90-run.conf", "");
        assert_description(t, "m.C", "vendor");
        make_link(t, RUN, "m/C.job.d/50-vendor.conf", "/dev/null");
        assert_description(t, "m.C", "etc");

        /* Other names and other classes do not count */
        put(t, ETC, "m/C.job.d/99.txt", "nonsense");
        put(t, ETC, "m/C.job.d/99.conf~", "nonsense");
        put(t, ETC, "m/C.job.d/.99.conf", "nonsense");
        put(t, ETC, "m/D.job.d/99.conf", "nonsense");
        assert_description(t, "m.C", "etc");
        load_all(t);
        assert_classes(t, "m.C");
        g_assert_cmpuint(t->errors->len, ==, 0);
}

static void test_dropin_errors(Tree *t, gconstpointer unused) {
        put(t, VENDOR, "m/C.job", COMMAND);
        put(t, ETC, "m/C.job.d/a.conf", "[Job]\n\nHidden=x\n");
        assert_refused(t, "m.C", ETC, "m/C.job.d/a.conf", ":3: Hidden=: \"x\" is not a boolean; write yes or no");

        put(t, ETC, "m/C.job.d/a.conf", "[Job]\nHidden=yes\n");
        for (unsigned i = 0; i < JOB_CLASS_DROPINS_MAX; i++) {
                g_autofree char *name = g_strdup_printf("m/C.job.d/%u.conf", i);

                put(t, RUN, name, "[Job]\n");
        }
        assert_refused(t, "m.C", RUN, "m/C.job.d", ": the class has more than 64 drop-ins, which is the most");
        put(t, RUN, "m/C.job.d/one-more.conf", "[Job]\n");
        assert_refused(t, "m.C", RUN, "m/C.job.d", ": has more than 64 entries, which is the most");
}

static void test_dropin_directory_kinds(Tree *t, gconstpointer unused) {
        put(t, VENDOR, "m/C.job", COMMAND);
        put(t, VENDOR, "m/D.job", COMMAND);
        put(t, ETC, "elsewhere.d/x.conf", "[Job]\nHidden=yes\n");
        make_link(t, ETC, "m/C.job.d", "../elsewhere.d");
        put(t, ETC, "m/D.job.d", "a file, not a directory");

        assert_broken(t, "m.C", ETC, "m/C.job.d", ": is a symbolic link to a directory, which is not followed; put "
                                                  "the directory itself here, or link its files");
        assert_description(t, "m.D", NULL);
}

static void test_module_file(Tree *t, gconstpointer unused) {
        put(t, VENDOR, "a/b/C.job", COMMAND);
        put(t, VENDOR, "a/D.job", COMMAND);
        put(t, VENDOR, "x/E.job", "[Job]\nDescription=own\n" COMMAND);

        /* Outer before inner, in each of them low roots before high ones */
        put(t, VENDOR, "a/module.conf", "[Job]\nDescription=vendor a\nTaskQueues=one\n");
        assert_description(t, "a.b.C", "vendor a");
        assert_description(t, "a.D", "vendor a");
        put(t, ETC, "a/module.conf", "[Job]\nDescription=etc a\nTaskQueues=two\n");
        assert_description(t, "a.b.C", "etc a");
        put(t, VENDOR, "a/b/module.conf", "[Job]\nDescription=vendor b\nTaskQueues=three\n");
        assert_description(t, "a.b.C", "vendor b");
        assert_description(t, "a.D", "etc a");
        put(t, ETC, "a/b/module.conf", "[Job]\nDescription=etc b\nTaskQueues=four\n");
        assert_description(t, "a.b.C", "etc b");

        _cleanup_(job_class_freep) JobClass *c = load(t, "a.b.C");
        g_autofree char *queues = g_strjoinv(" ", c->values.task_queues);
        g_assert_cmpstr(queues, ==, "one two three four");

        /* They are defaults */
        put(t, ETC, "x/module.conf", "[Job]\nDescription=etc x\n");
        assert_description(t, "x.E", "own");

        /* And of that module only */
        put(t, ETC, "a/b/module.conf", "[Job]\nHidden=x\n");
        assert_broken(t, "a.b.C", ETC, "a/b/module.conf", ":2: Hidden=: \"x\" is not a boolean; write yes or no");
        assert_description(t, "a.D", "etc a");

        make_link(t, RUN, "a/b/module.conf", "/dev/null");
        put(t, ETC, "a/b/module.conf", "");
        assert_description(t, "a.b.C", "vendor b");
}

/* The value is Python's: hashlib.sha256() over name + "\0" + len(text) + "\0" + text of each file in order */
static void test_digest(Tree *t, gconstpointer unused) {
        g_autofree char *first = NULL;

        put(t, VENDOR, "a/b/C.job", COMMAND);
        put(t, VENDOR, "a/module.conf", "[Job]\nHidden=yes\n");
        put(t, VENDOR, "a/b/C.job.d/x.conf", "[Job]\nHidden=no\n");
        {
                _cleanup_(job_class_freep) JobClass *c = load(t, "a.b.C");

                g_assert_cmpstr(c->digest, ==, "d6b26cf3bfee0c366d661074b8a14d4cd351f2c61afca062dd97435ce0817c15");
                first = g_strdup(c->digest);
        }

        /* The same files under another root are the same class */
        {
                g_autofree char *from = path_of(t, VENDOR, "a"), *to = path_of(t, LOCAL, "a");

                g_assert_cmpint(rename(from, to), ==, 0);
                _cleanup_(job_class_freep) JobClass *c = load(t, "a.b.C");
                g_assert_cmpstr(c->digest, ==, first);
        }

        /* Any file more, or a byte in one, and it is another */
        put(t, ETC, "a/b/module.conf", "# empty but for this\n");
        _cleanup_(job_class_freep) JobClass *more = load(t, "a.b.C");
        g_assert_cmpstr(more->digest, !=, first);
        put(t, ETC, "a/b/module.conf", "# empty but for that\n");
        _cleanup_(job_class_freep) JobClass *other = load(t, "a.b.C");
        g_assert_cmpstr(other->digest, !=, more->digest);
}

static void test_system(Tree *t, gconstpointer unused) {
        put(t, VENDOR, "jobd/Cleanup.job", COMMAND);
        put(t, VENDOR, "jobd/inner/Deep.job", COMMAND);
        put(t, VENDOR, "jobdx/Other.job", COMMAND);
        put(t, ETC, "jobd/Cleanup.job.d/x.conf", "[Job]\nDescription=changed\n");

        {
                _cleanup_(job_class_freep) JobClass *cleanup = load(t, "jobd.Cleanup");
                _cleanup_(job_class_freep) JobClass *deep = load(t, "jobd.inner.Deep");
                _cleanup_(job_class_freep) JobClass *other = load(t, "jobdx.Other");

                g_assert_true(cleanup->system);
                g_assert_cmpstr(cleanup->values.description, ==, "changed");
                g_assert_true(deep->system);
                g_assert_false(other->system);
        }

        for (int root = ETC; root < VENDOR; root++) {
                g_autofree char *message = NULL, *path = path_of(t, root, "jobd/Cleanup.job");

                message = g_strdup_printf(": module \"jobd\" is for the jobs that come with jobd in %s; choose "
                                          "another module, or change a job of jobd by a drop-in "
                                          "Cleanup.job.d/NAME.conf",
                                          t->paths[VENDOR]);
                put(t, root, "jobd/Cleanup.job", COMMAND);
                assert_broken(t, "jobd.Cleanup", root, "jobd/Cleanup.job", message);
                load_all(t);
                assert_classes(t, "jobd.inner.Deep jobdx.Other");
                assert_error(t, 0, "jobd.Cleanup", root, "jobd/Cleanup.job", message);
                g_assert_cmpint(unlink(path), ==, 0);
        }
}

static void test_file_owner(Tree *t, gconstpointer unused) {
        put(t, ETC, "m/C.job", COMMAND);

        set_owner(t, ETC, "m/C.job", OTHER_UID);
        assert_refused(t, "m.C", ETC, "m/C.job",
                       ": belongs to uid 65534 instead of root, so it is not loaded; chown it to root");
        set_owner(t, ETC, "m/C.job", 0);
        set_mode(t, ETC, "m/C.job", 0664);
        assert_refused(t, "m.C", ETC, "m/C.job",
                       ": can be written by group or others (mode 0664), so it is not loaded; chmod go-w it");
        set_mode(t, ETC, "m/C.job", 0602);
        assert_refused(t, "m.C", ETC, "m/C.job",
                       ": can be written by group or others (mode 0602), so it is not loaded; chmod go-w it");
        set_mode(t, ETC, "m/C.job", 0400);
        assert_description(t, "m.C", NULL);
        set_mode(t, ETC, "m/C.job", 0755);
        assert_description(t, "m.C", NULL);
}

static void test_other_files_owner(Tree *t, gconstpointer unused) {
        static const char *const names[] = { "m/module.conf", "m/C.job.d/x.conf" };

        put(t, VENDOR, "m/C.job", COMMAND);
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                put(t, ETC, names[i], "[Job]\nDescription=etc\n");
                set_owner(t, ETC, names[i], OTHER_UID);
                assert_refused(t, "m.C", ETC, names[i],
                               ": belongs to uid 65534 instead of root, so it is not loaded; chown it to root");
                set_owner(t, ETC, names[i], 0);
                set_mode(t, ETC, names[i], 0646);
                assert_refused(t, "m.C", ETC, names[i],
                               ": can be written by group or others (mode 0646), so it is not loaded; chmod go-w it");
                set_mode(t, ETC, names[i], 0644);
                assert_description(t, "m.C", "etc");
        }
}

/* Whoever can write a directory can plant files: what is in it is refused, also what lies in directories below */
static void test_directory_owner(Tree *t, gconstpointer unused) {
        static const char *const names[] = { "", "m", "m/inner" };

        put(t, ETC, "m/inner/C.job", COMMAND);
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                set_owner(t, ETC, names[i], OTHER_UID);
                assert_broken(t, "m.inner.C", ETC, names[i],
                              ": belongs to uid 65534 instead of root, so nothing in it is loaded; chown it to root");
                set_owner(t, ETC, names[i], 0);
        }
        assert_description(t, "m.inner.C", NULL);
}

static void test_file_kinds(Tree *t, gconstpointer unused) {
        g_autofree char *fifo = path_of(t, ETC, "m/Fifo.job"), *socket_path = path_of(t, ETC, "m/Socket.job");
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd;

        make_directory(t, ETC, "m/Directory.job");
        g_assert_cmpint(mkfifo(fifo, 0644), ==, 0);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        g_assert_cmpuint(strlen(socket_path), <, sizeof(address.sun_path));
        strcpy(address.sun_path, socket_path);
        g_assert_cmpint(bind(fd, (struct sockaddr *) &address, sizeof(address)), ==, 0);
        (void) close(fd);
        make_link(t, ETC, "m/Device.job", "/dev/zero");
        make_link(t, ETC, "m/Dangling.job", "/nonexistent/C.job");
        make_link(t, ETC, "m/Loop.job", "Loop.job");
        make_link(t, ETC, "m/LinkedFifo.job", "Fifo.job");
        make_link(t, ETC, "m/LinkedDirectory.job", "Directory.job");
        put(t, ETC, "m/module.conf", "[Job]\n");
        put(t, ETC, "m/Good.job", COMMAND);

        load_all(t);
        assert_classes(t, "m.Good");
        g_assert_cmpuint(t->errors->len, ==, 8);
        assert_error(t, 0, "m.Dangling", ETC, "m/Dangling.job",
                     ": is a symbolic link to /nonexistent/C.job, which does not exist; remove the link, or link to "
                     "/dev/null to mask what lower roots have");
        assert_error(t, 1, "m.Device", ETC, "m/Device.job", ": is a character device; it must be a regular file");
        assert_error(t, 2, "m.Directory", ETC, "m/Directory.job", ": is a directory; it must be a regular file");
        assert_error(t, 3, "m.Fifo", ETC, "m/Fifo.job", ": is a FIFO; it must be a regular file");
        assert_error(t, 4, "m.LinkedDirectory", ETC, "m/LinkedDirectory.job",
                     ": is a directory; it must be a regular file");
        assert_error(t, 5, "m.LinkedFifo", ETC, "m/LinkedFifo.job", ": is a FIFO; it must be a regular file");
        assert_error(t, 6, "m.Loop", ETC, "m/Loop.job", ": cannot be followed: Too many levels of symbolic links");
        assert_error(t, 7, "m.Socket", ETC, "m/Socket.job", ": is a socket; it must be a regular file");
}

/* A link is followed, and what it leads to is judged */
static void test_links(Tree *t, gconstpointer unused) {
        g_autofree char *target = g_build_filename(t->top, "target", NULL);

        write_file(target, COMMAND);
        make_link(t, ETC, "m/C.job", target);
        set_owner(t, ETC, "m/C.job", OTHER_UID);
        assert_description(t, "m.C", NULL);

        g_assert_cmpint(chown(target, OTHER_UID, 0), ==, 0);
        assert_refused(t, "m.C", ETC, "m/C.job",
                       ": belongs to uid 65534 instead of root, so it is not loaded; chown it to root");
}

static void test_linked_directories(Tree *t, gconstpointer unused) {
        put(t, VENDOR, "real/C.job", COMMAND);
        make_link(t, VENDOR, "linked", "real");
        make_link(t, VENDOR, "real/again", "..");
        make_link(t, VENDOR, "no-module-name", "real");
        make_link(t, VENDOR, "file", "real/C.job");

        load_all(t);
        assert_classes(t, "real.C");
        g_assert_cmpuint(t->errors->len, ==, 2);
        assert_error(t, 0, NULL, VENDOR, "linked", ": is a symbolic link to a directory, which is not followed; put "
                                                   "the directory itself here, or link its files");
        assert_error(t, 1, NULL, VENDOR, "real/again", ": is a symbolic link to a directory, which is not followed; "
                                                       "put the directory itself here, or link its files");
        assert_broken(t, "linked.C", VENDOR, "linked", ": is a symbolic link to a directory, which is not followed; "
                                                       "put the directory itself here, or link its files");
        /* Nobody can say whether the link hides the class */
        make_link(t, ETC, "real", "/nonexistent");
        assert_description(t, "real.C", NULL);
        make_link(t, RUN, "real", "/etc");
        assert_broken(t, "real.C", RUN, "real", ": is a symbolic link to a directory, which is not followed; put the "
                                                "directory itself here, or link its files");
}

static void test_linked_root(Tree *t, gconstpointer unused) {
        g_autofree char *link = g_build_filename(t->top, "link", NULL);

        put(t, ETC, "m/C.job", COMMAND);
        g_assert_cmpint(symlink("etc", link), ==, 0);
        t->roots[ETC] = link;
        load_all(t);
        assert_classes(t, "m.C");
        g_assert_cmpuint(t->errors->len, ==, 0);
}

static void test_size(Tree *t, gconstpointer unused) {
        g_autofree char *path = path_of(t, ETC, "m/C.job");
        g_autoptr(GString) text = g_string_new(COMMAND);

        while (text->len < JOB_CLASS_FILE_SIZE_MAX)
                g_string_append(text, text->len % 80 ? "#" : "\n");
        put(t, ETC, "m/C.job", text->str);
        assert_description(t, "m.C", NULL);

        g_string_append_c(text, '\n');
        put(t, ETC, "m/C.job", text->str);
        assert_refused(t, "m.C", ETC, "m/C.job", ": has 262145 bytes, 262144 is the most");

        g_assert_cmpint(truncate(path, 1 << 30), ==, 0);
        assert_refused(t, "m.C", ETC, "m/C.job", ": has 1073741824 bytes, 262144 is the most");
}

/* A file that is longer than fstat() said: it says 0 for those in /proc, and this one grows with each mapping */
static void test_growing(Tree *t, gconstpointer unused) {
        const size_t page = (size_t) sysconf(_SC_PAGESIZE), n = 20000;
        uint8_t *area = mmap(NULL, n * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        g_assert_true(area != MAP_FAILED);
        for (size_t i = 0; i < n; i += 2)
                g_assert_cmpint(mprotect(area + i * page, page, PROT_READ), ==, 0);

        make_link(t, ETC, "m/C.job", "/proc/self/maps");
        assert_refused(t, "m.C", ETC, "m/C.job", ": has more than 262144 bytes, which is the most");
        g_assert_cmpint(munmap(area, n * page), ==, 0);
}

static void test_lines(Tree *t, gconstpointer unused) {
        g_autofree char *newlines = g_strnfill(JOB_CLASS_LINES_MAX, '\n');
        g_autofree char *text = g_strconcat(newlines, COMMAND, NULL);

        put(t, ETC, "m/C.job", text);
        assert_refused(t, "m.C", ETC, "m/C.job", ":10001: has more than 10000 lines, which is the most");
}

/* What no editor, package manager or reader of the directory means as a job class */
static void test_ignored_names(Tree *t, gconstpointer unused) {
        static const char *const names[] = {
                "m/.C.job",         "m/C.job~",           "m/C.job.dpkg-new", "m/C.job.dpkg-dist", "m/C.job.rpmsave",
                "m/README",         "m/C.job.swp",        "m/#C.job#",        "m/.#C.job",         "m/notes.txt",
                "m/C.conf",         ".git/C.job",         "m/.d/C.job",       "m/C.job.d/C.job",   "README",
                "foo-bar/README",   "foo-bar/sub/README", "m/C.JOB",          "m/C.job ",          "m/C.job.d.bak",
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                put(t, ETC, names[i], "nonsense");

        load_all(t);
        assert_classes(t, "");
        g_assert_cmpuint(t->errors->len, ==, 0);
}

static void test_wrong_names(Tree *t, gconstpointer unused) {
        static const struct {
                const char *name;  /* of the file */
                const char *shown; /* in the message */
                const char *message;
        } cases[] = {
#define NO_CLASS                                                                                                   \
        ": is no name for a job class; it must be letters, digits and \"_\", not first a digit, and end in .job"
#define NO_MODULE                                                                                                  \
        ": is no name for a module, so its job classes are not loaded; it must be letters, digits and \"_\", not " \
        "first a digit"
#define NO_MODULE_FOR_CLASS ": has no module; move it into a directory, whose name is the module's"
#define NO_MODULE_FOR_CONF ": has no module, so it applies to nothing; move it into a module's directory"
                { "m/1x.job",                "m/1x.job",            NO_CLASS            },
                { "m/with space.job",        "m/with space.job",    NO_CLASS            },
                { "m/foo-bar.job",           "m/foo-bar.job",       NO_CLASS            },
                { "m/a.b.job",               "m/a.b.job",           NO_CLASS            },
                { "m/\303\244.job",          "m/\303\244.job",      NO_CLASS            },
                { "m/x\nERROR.job",          "m/x\\nERROR.job",     NO_CLASS            },
                { "m/x\033[2J.job",          "m/x\\033[2J.job",     NO_CLASS            },
                { "m/\377.job",              "m/\\377.job",         NO_CLASS            },
                { "foo-bar/C.job",           "foo-bar",             NO_MODULE           },
                { "foo-bar/sub/deep/C.job",  "foo-bar",             NO_MODULE           },
                { "m/1/C.job",               "m/1",                 NO_MODULE           },
                { "m/a b/C.job",             "m/a b",               NO_MODULE           },
                { "m/a.b/C.job",             "m/a.b",               NO_MODULE           },
                { "m/\377/C.job",            "m/\\377",             NO_MODULE           },
                { "C.job",                   "C.job",               NO_MODULE_FOR_CLASS },
                { "module.conf",             "module.conf",         NO_MODULE_FOR_CONF  },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                g_autofree char *path = path_of(t, ETC, cases[i].name);

                put(t, ETC, cases[i].name, COMMAND);
                put(t, ETC, "good/C.job", COMMAND);
                load_all(t);
                assert_classes(t, "good.C");
                g_assert_cmpuint(t->errors->len, ==, 1);
                assert_error(t, 0, NULL, ETC, cases[i].shown, cases[i].message);
                g_assert_cmpint(unlink(path), ==, 0);
        }
}

static void test_long_names(Tree *t, gconstpointer unused) {
        g_autofree char *hundred = g_strnfill(100, 'x'), *more = g_strnfill(101, 'x'), *fifty = g_strnfill(50, 'y');
        g_autofree char *good = g_strdup_printf("%s/%s.job", hundred, hundred);
        g_autofree char *good_path = g_strdup_printf("%s.%s", hundred, hundred);
        g_autofree char *class_long = g_strdup_printf("m/%s.job", more);
        g_autofree char *class_long_path = g_strdup_printf("m.%s", more);
        g_autofree char *module_long = g_strdup_printf("%s/%s/C.job", fifty, fifty);
        g_autofree char *module_long_path = g_strdup_printf("%s.%s.C", fifty, fifty);

        put(t, ETC, good, COMMAND);
        put(t, ETC, class_long, COMMAND);
        put(t, ETC, module_long, COMMAND);

        load_all(t);
        assert_classes(t, good_path);
        g_assert_cmpuint(t->errors->len, ==, 2);
        assert_error(t, 0, class_long_path, ETC, class_long,
                     ": Job class name may not exceed 100 characters in length");
        assert_error(t, 1, module_long_path, ETC, module_long,
                     ": Module name may not exceed 100 characters in length");
        assert_none(t, class_long_path);
        assert_none(t, module_long_path);
}

static void test_depth(Tree *t, gconstpointer unused) {
        put(t, ETC, "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/C.job", COMMAND);
        put(t, ETC, "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/C.job", COMMAND);
        put(t, ETC, "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/r/README", "x");

        load_all(t);
        assert_classes(t, "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.C");
        g_assert_cmpuint(t->errors->len, ==, 1);
        assert_error(t, 0, NULL, ETC, "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q",
                     ": lies more than 16 directories below the root, so its job classes are not loaded");
        assert_none(t, "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.C");
}

/* What a caller may ask for: never a path out of the roots */
static void test_hostile_class_paths(Tree *t, gconstpointer unused) {
        g_autofree char *many_parts = g_strnfill(200001, '.'), *huge = g_strnfill(1 << 20, 'a');
        const char *const paths[] = {
                "",         ".",       "..",        "...",          "m",        "m.",    ".C",      "m..C", "m.C.",
                "/m.C",     "m/C",     "../etc.C",  "..etc.C",      "m.../C",   "m.C/",  "m.C\n",   " m.C", "m.C.job",
                "m.C%00",   "m.\303\244", "m.\377", "m.C.job.d.x",  "m.-C",     "1.C",   "m.1",     "~.C",  "m.*",
                "etc.passwd", many_parts, huge,
        };

        put(t, ETC, "m/C.job", COMMAND);
        for (size_t i = 0; i < ELEMENTSOF(paths); i++)
                assert_none(t, paths[i]);
        for (size_t i = 0; i < 200001; i += 2)
                many_parts[i] = 'a';
        assert_none(t, many_parts);
        assert_description(t, "m.C", NULL);
}

static void test_no_roots(Tree *t, gconstpointer unused) {
        static const char *const none[] = { NULL };

        for (int i = 0; i < _ROOTS; i++)
                g_assert_cmpint(rmdir(t->paths[i]), ==, 0);
        load_all(t);
        g_assert_cmpuint(t->classes->len, ==, 0);
        g_assert_cmpuint(t->errors->len, ==, 0);
        assert_none(t, "m.C");

        g_assert_cmpint(job_file_loader.load_all(none, t->classes, t->errors), ==, 0);
        g_assert_cmpuint(t->classes->len, ==, 0);
}

static void test_root_unreadable(Tree *t, gconstpointer unused) {
        put(t, VENDOR, "m/C.job", COMMAND);
        g_assert_cmpint(rmdir(t->paths[RUN]), ==, 0);
        write_file(t->paths[RUN], "x");

        g_assert_cmpint(job_file_loader.load_all(t->roots, t->classes, t->errors), ==, -ENOTDIR);
        g_assert_cmpuint(t->classes->len, ==, 0);
        g_assert_cmpuint(t->errors->len, ==, 0);
        assert_broken(t, "m.C", RUN, "", ": cannot be opened: Not a directory");
}

/* Running out of descriptors must not look as if the classes were gone */
static void test_exhausted(Tree *t, gconstpointer unused) {
        struct rlimit before, low;
        g_autofree char *error = NULL;
        JobClass *c = NULL;
        int next, r;

        put(t, ETC, "m/inner/C.job", COMMAND);
        g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
        next = dup(0);
        (void) close(next);
        low = before;

        for (rlim_t more = 0;; more++) {
                low.rlim_cur = (rlim_t) next + more;
                g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &low), ==, 0);
                r = job_file_loader.load_all(t->roots, t->classes, t->errors);
                g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
                if (r >= 0)
                        break;

                g_assert_cmpint(r, ==, -EMFILE);
                g_assert_cmpuint(t->classes->len, ==, 0);
                g_assert_cmpuint(t->errors->len, ==, 0);
                g_assert_cmpuint(more, <, 20);
        }
        assert_classes(t, "m.inner.C");

        low.rlim_cur = (rlim_t) next;
        g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &low), ==, 0);
        r = job_file_loader.load(t->roots, "m.inner.C", &c, &error);
        g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
        g_assert_cmpint(r, ==, -EMFILE);
        g_assert_true(g_str_has_suffix(error, ": cannot be opened: Too many open files"));
}

static void test_untrusted_directories(Tree *t, gconstpointer unused) {
        static const char message[] =
                ": can be written by group or others (mode 0777), so nothing in it is loaded; chmod go-w it";

        put(t, VENDOR, "m/C.job", COMMAND);
        put(t, VENDOR, "m/D.job", COMMAND);
        put(t, VENDOR, "n/E.job", COMMAND);
        put(t, ETC, "m/C.job", COMMAND);
        set_mode(t, ETC, "m", 0777);

        /* The planted file hides the vendor's, but is not taken; others go on */
        assert_broken(t, "m.C", ETC, "m", message);
        load_all(t);
        assert_classes(t, "m.D n.E");
        g_assert_cmpuint(t->errors->len, ==, 2);
        assert_error(t, 0, NULL, ETC, "m", message);
        assert_error(t, 1, "m.C", ETC, "m", message);

        /* Nor are a module.conf or a drop-in taken, or passed over */
        put(t, ETC, "m/module.conf", "[Job]\nHidden=yes\n");
        assert_broken(t, "m.D", ETC, "m", message);
        put(t, LOCAL, "n/E.job.d/x.conf", "[Job]\nHidden=yes\n");
        set_mode(t, LOCAL, "n/E.job.d", 0777);
        assert_broken(t, "n.E", LOCAL, "n/E.job.d", message);

        /* Nothing for jobd in it: no one's business */
        make_directory(t, RUN, "scratch/x");
        set_mode(t, RUN, "scratch", 0777);
        set_mode(t, ETC, "m", 0755);
        set_mode(t, LOCAL, "n/E.job.d", 0755);
        load_all(t);
        assert_classes(t, "m.C m.D n.E");
        g_assert_cmpuint(t->errors->len, ==, 0);
}

static void test_untrusted_root(Tree *t, gconstpointer unused) {
        static const char message[] =
                ": can be written by group or others (mode 0777), so nothing in it is loaded; chmod go-w it";

        put(t, VENDOR, "m/C.job", COMMAND);
        put(t, VENDOR, "m/D.job", COMMAND);
        put(t, RUN, "m/C.job", COMMAND);
        g_assert_cmpint(chmod(t->paths[RUN], 0777), ==, 0);

        load_all(t);
        assert_classes(t, "m.D");
        g_assert_cmpuint(t->errors->len, ==, 2);
        assert_error(t, 0, NULL, RUN, "", message);
        assert_error(t, 1, "m.C", RUN, "", message);
}

static void add(const char *name, void (*function)(Tree *t, gconstpointer unused)) {
        g_autofree char *path = g_strconcat("/job-class-file/", name, NULL);

        g_test_add(path, Tree, NULL, tree_setup, function, tree_teardown);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_assert_cmpuint(geteuid(), ==, 0);
        (void) umask(022);

        add("paths", test_paths);
        add("repository", test_repository);
        add("priority", test_priority);
        add("broken-hides", test_broken_hides);
        add("mask", test_mask);
        add("dropins", test_dropins);
        add("dropin-errors", test_dropin_errors);
        add("dropin-directory-kinds", test_dropin_directory_kinds);
        add("module-file", test_module_file);
        add("digest", test_digest);
        add("system", test_system);
        add("file-owner", test_file_owner);
        add("other-files-owner", test_other_files_owner);
        add("directory-owner", test_directory_owner);
        add("untrusted-directories", test_untrusted_directories);
        add("untrusted-root", test_untrusted_root);
        add("file-kinds", test_file_kinds);
        add("links", test_links);
        add("linked-directories", test_linked_directories);
        add("linked-root", test_linked_root);
        add("size", test_size);
        add("growing", test_growing);
        add("lines", test_lines);
        add("ignored-names", test_ignored_names);
        add("wrong-names", test_wrong_names);
        add("long-names", test_long_names);
        add("depth", test_depth);
        add("hostile-class-paths", test_hostile_class_paths);
        add("no-roots", test_no_roots);
        add("root-unreadable", test_root_unreadable);
        add("exhausted", test_exhausted);

        return g_test_run();
}
