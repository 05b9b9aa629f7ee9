/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <utime.h>

#include "request-digest.h"
#include "test-directory.h"
#include "test-loader.h"
#include "test-records.h"
#include "unit-property-text.h"

/* What an approval covers, and how a change is told. */

typedef struct Digest {
        char *directory;
        char *program; /* in it */
        Job *job;
        ScheduledJob *sj;
} Digest;

static void write_program(const char *path, const char *text) {
        test_write(path, text, strlen(text));
        g_assert_cmpint(chmod(path, 0755), ==, 0);
}

static void setup(Digest *d, const void *unused) {
        d->directory = test_directory_new();
        d->program = g_build_filename(d->directory, "program", NULL);
        write_program(d->program, "#!/bin/sh\necho 1\n");
        d->job = job_new("a", "B");
        d->sj = test_scheduled_job_new("", "a.B", "upgrade");
}

static void teardown(Digest *d, const void *unused) {
        test_directory_remove(d->directory);
        g_free(d->program);
        (void) job_free(d->job);
        (void) scheduled_job_free(d->sj);
}

/* service: lines of [Service], with %s where the directory is. */
static JobClass *class_of(const Digest *d, const char *service) {
        g_auto(GStrv) parts = g_strsplit(service, "%s", -1);
        g_autofree char *lines = g_strjoinv(d->directory, parts);
        g_autofree char *text = g_strconcat("[Service]\n", lines, "\n", NULL);

        return test_class_new("a.B", text, false);
}

static void make(const Digest *d, const char *service, RequestDigest *ret) {
        _cleanup_(job_class_freep) JobClass *c = class_of(d, service);

        request_digest_make(NULL, d->sj, d->job, c, ret);
}

#define PROGRAM "ExecStart=%s/program"

/* What compare() says when what is done between two digests of the same request is done. */
static void assert_change(Digest *d, const char *before, const char *now, void (*change)(Digest *d),
                          const char *expected) {
        _cleanup_(request_digest_done) RequestDigest a = {}, b = {};
        g_autofree char *text = NULL, *stored = NULL;
        g_autoptr(GPtrArray) facts = NULL;

        make(d, before, &a);
        if (change)
                change(d);
        make(d, now, &b);
        stored = request_facts_format(a.facts);
        g_assert_cmpint(request_facts_parse(stored, &facts), ==, 0);
        text = request_facts_compare(facts, b.facts);
        g_assert_cmpint(strlen(a.digest), ==, 64);
        if (!expected)
                g_assert_cmpstr(a.digest, ==, b.digest);
        else
                g_assert_cmpstr(a.digest, !=, b.digest);
        if (expected && g_str_has_prefix(expected, "*"))
                g_assert_nonnull(strstr(text, expected + 1));
        else
                g_assert_cmpstr(text, ==, expected);
}

static void touch(Digest *d) {
        g_assert_cmpint(utime(d->program, NULL), ==, 0);
}

static void change_program(Digest *d) {
        write_program(d->program, "#!/bin/sh\necho 2\n");
}

static void remove_program(Digest *d) {
        g_assert_cmpint(unlink(d->program), ==, 0);
}

static void change_input(Digest *d) {
        scheduled_job_set_text(&d->sj->data, "{\"device\":\"r2\",\"more\":1}");
}

static void change_sealed(Digest *d) {
        scheduled_job_set_text(&d->sj->sealed, "AAAA");
}

static void change_requester(Digest *d) {
        scheduled_job_set_text(&d->sj->requester, "mallory");
        d->sj->requester_uid = 1234;
}

static void change_queue(Digest *d) {
        scheduled_job_set_text(&d->sj->task_queue, "bulk");
}

static void change_override(Digest *d) {
        test_job_override(d->job, JOB_FIELD_TIME_LIMIT, "1h");
}

static void test_changes(Digest *d, const void *unused) {
        g_autofree char *program = NULL, *gone = NULL;

        assert_change(d, PROGRAM, PROGRAM, NULL, NULL);
        assert_change(d, PROGRAM, PROGRAM, touch, NULL);
        program = g_strdup_printf("the program of ExecStart=%s is another", d->program);
        assert_change(d, PROGRAM, PROGRAM, change_program, program);
        assert_change(d, PROGRAM, PROGRAM, change_input, "the input 'device' is another; the input 'more' was added");
        assert_change(d, PROGRAM, PROGRAM, change_sealed, "the input '(sealed)' is another");
        assert_change(d, PROGRAM, PROGRAM, change_requester,
                      "requester was \"alice\" and is \"mallory\"; requester_uid was \"1000\" and is \"1234\"");
        assert_change(d, PROGRAM, PROGRAM, change_queue, "queue was \"default\" and is \"bulk\"");
        assert_change(d, PROGRAM, PROGRAM, change_override, "time_limit was \"0\" and is \"1h\"");
        assert_change(d, PROGRAM "\nMemoryMax=1M", PROGRAM "\nMemoryMax=2M", NULL,
                      "the job class /jobs/a.B.job was edited; MemoryMax= was \"1048576\" and is \"2097152\"");
        assert_change(d, PROGRAM "\nNice=5", PROGRAM, NULL,
                      "the job class /jobs/a.B.job was edited; Nice= was removed");
        assert_change(d, PROGRAM, "# a comment\n" PROGRAM, NULL, "the job class /jobs/a.B.job was edited");
        gone = g_strdup_printf("the program of ExecStart=%s is not readable: No such file or directory", d->program);
        assert_change(d, PROGRAM, PROGRAM, remove_program, gone);
}

static const Program *find_program(const RequestDigest *r, const char *setting, const char *path) {
        for (guint i = 0; i < r->programs->len; i++) {
                const Program *p = r->programs->pdata[i];

                if (strcmp(p->setting, setting) == 0 && (!path || g_str_has_suffix(p->path, path)))
                        return p;
        }
        return NULL;
}

/* The digest is that of sha256sum(1). */
static void test_known_digest(Digest *d, const void *unused) {
        _cleanup_(request_digest_done) RequestDigest r = {};
        const Program *p;

        write_program(d->program, "abc");
        make(d, PROGRAM, &r);
        p = find_program(&r, "ExecStart", NULL);
        g_assert_cmpstr(p->digest, ==, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        g_assert_cmpstr(p->file, ==, d->program);
        g_assert_cmpuint(p->size, ==, 3);
        g_assert_null(request_digest_find_problem(&r));
}

static void test_which_programs(Digest *d, const void *unused) {
        g_autofree char *script = g_build_filename(d->directory, "script", NULL);
        g_autofree char *data = g_build_filename(d->directory, "data", NULL);
        _cleanup_(request_digest_done) RequestDigest r = {}, searched = {}, missing = {}, optional = {};

        write_program(script, "echo");
        test_write(data, "x", 1);
        make(d, "ExecStartPre=-/usr/bin/env\nExecStartPre=+%s/program\n"
                "ExecStart=/bin/sh %s/script %s/data ${JOB_VAR_x} %s", &r);
        g_assert_nonnull(find_program(&r, "ExecStartPre", "/usr/bin/env"));
        g_assert_nonnull(find_program(&r, "ExecStartPre", "/program"));
        g_assert_cmpstr(find_program(&r, "ExecStart", "/bin/sh")->file, ==, "/bin/sh");
        g_assert_nonnull(find_program(&r, "ExecStart", "/script"));
        g_assert_null(find_program(&r, "ExecStart", "/data"));
        g_assert_cmpuint(r.programs->len, ==, 4);

        make(d, "ExecSearchPath=/nowhere:%s\nExecStart=program", &searched);
        g_assert_cmpstr(find_program(&searched, "ExecStart", NULL)->file, ==, d->program);
        make(d, "ExecStart=%s/none", &missing);
        g_assert_nonnull(request_digest_find_problem(&missing));
        make(d, "ExecStartPre=-%s/none\n" PROGRAM, &optional);
        g_assert_null(request_digest_find_problem(&optional));
}

/* The number of a device is another one after a reboot. */
static void assert_no_device(const char *digest, const char *path) {
        g_autofree char *start = NULL;
        struct stat st;

        g_assert_cmpint(stat(path, &st), ==, 0);
        start = g_strdup_printf("stat:%" PRIu64 ":%" PRIu64 ":", (uint64_t) st.st_ino, (uint64_t) st.st_size);
        g_assert_true(g_str_has_prefix(digest, start));
}

/* What the unit sees is not what is at that path on the host. */
static void test_other_roots(Digest *d, const void *unused) {
        g_autofree char *inside = g_build_filename(d->directory, "root/usr/bin/tool", NULL);
        g_autofree char *link = g_build_filename(d->directory, "root/usr/bin/link", NULL);
        _cleanup_(request_digest_done) RequestDigest in_root = {}, linked = {}, bound = {}, image = {}, outside = {};

        write_program(inside, "inside");
        g_assert_cmpint(symlink("/usr/bin/tool", link), ==, 0);
        make(d, "RootDirectory=%s/root\nExecStart=/usr/bin/tool", &in_root);
        g_assert_cmpstr(find_program(&in_root, "ExecStart", NULL)->file, ==, inside);
        make(d, "RootDirectory=%s/root\nExecStart=/usr/bin/link", &linked);
        g_assert_cmpstr(find_program(&linked, "ExecStart", NULL)->digest, ==,
                        find_program(&in_root, "ExecStart", NULL)->digest);
        make(d, "RootDirectory=%s/root\nExecStart=/../../program", &outside);
        g_assert_null(find_program(&outside, "ExecStart", NULL)->digest);
        make(d, "BindReadOnlyPaths=%s/root/usr:/opt/tools\nBindPaths=%s:/opt\nExecStart=/opt/tools/bin/tool", &bound);
        g_assert_cmpstr(find_program(&bound, "ExecStart", NULL)->file, ==, inside);
        make(d, "RootImage=%s/program\nExecStart=/usr/bin/tool", &image);
        g_assert_cmpuint(image.programs->len, ==, 1);
        g_assert_true(g_str_has_prefix(find_program(&image, "RootImage", NULL)->digest, "stat:"));
        assert_no_device(find_program(&image, "RootImage", NULL)->digest, d->program);
}

/* Neither an old file nor one that was changed a moment ago is told from its new contents by the cache's age only. */
static void test_cache(Digest *d, const void *unused) {
        _cleanup_(program_cache_freep) ProgramCache *cache = program_cache_new();
        _cleanup_(job_class_freep) JobClass *c = class_of(d, PROGRAM);
        struct timespec times[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };
        g_autofree char *first = NULL;

        for (unsigned i = 0; i < 5; i++) {
                g_autofree char *text = g_strdup_printf("version %u", i);
                g_autoptr(GPtrArray) programs = NULL;
                const Program *p;

                write_program(d->program, text);
                g_assert_cmpint(utimensat(AT_FDCWD, d->program, times, 0), ==, 0);
                programs = programs_read(cache, c->properties);
                p = programs->pdata[0];
                g_assert_cmpstr(p->digest, !=, first);
                g_free(first);
                first = g_strdup(p->digest);
        }
}

static void test_property_text(void) {
        static const char *const rows[][3] = {
                { "MemoryMax", "512M", "536870912" },
                { "MemoryMax", "infinity", "infinity" },
                { "PrivateTmp", "yes", "yes" },
                { "User", "netbackup", "netbackup" },
                { "KillMode", "mixed", "mixed" },
                { "SupplementaryGroups", "a b", "a b" },
                { "Environment", "A=1 \"B=x y\"", "A=1 \"B=x y\"" },
                { "ExecStartPre", "-/bin/echo \"a b\" c", "(ignore-failure) /bin/echo \"a b\" c" },
                { "ExecStart", "@/bin/sh mysh -c 'x;y'", "@/bin/sh mysh -c x;y" },
                { "Nice", "5", "5" },
                { "UMask", "077", "0077" },
                { "StateDirectoryMode", "0750", "0750" },
                { "CapabilityBoundingSet", "CAP_CHOWN cap_bpf", "CAP_CHOWN CAP_BPF" },
                { "CapabilityBoundingSet", "", "" },
                { "AmbientCapabilities", "63", "9223372036854775808" },
                { "RestrictNamespaces", "yes", "yes" },
                { "RestrictAddressFamilies", "AF_UNIX AF_INET", "AF_UNIX AF_INET" },
                { "RestrictAddressFamilies", "none", "none" },
                { "SystemCallFilter", "~@mount @clock", "~@mount @clock" },
                { "SystemCallErrorNumber", "EPERM", "EPERM" },
                { "KillSignal", "SIGINT", "SIGINT" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                g_autoptr(GPtrArray) properties = unit_property_array_new();
                g_autofree char *error = NULL, *text = NULL;

                g_assert_cmpint(unit_property_add(properties, rows[i][0], rows[i][1], &error), ==, 0);
                text = unit_property_to_text(properties->pdata[properties->len - 1]);
                g_assert_cmpstr(text, ==, rows[i][2]);
        }
}

static void test_stored(void) {
        static const char *const wrong[] = { "", "{}", "[1]", "[[]]", "[[\"a\",\"b\"]]", "[[\"a\",\"b\",1]]" };
        GPtrArray *facts = NULL;

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                g_assert_cmpint(request_facts_parse(wrong[i], &facts), ==, -EINVAL);
        g_assert_null(facts);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add("/request-digest/changes", Digest, NULL, setup, test_changes, teardown);
        g_test_add("/request-digest/known", Digest, NULL, setup, test_known_digest, teardown);
        g_test_add("/request-digest/programs", Digest, NULL, setup, test_which_programs, teardown);
        g_test_add("/request-digest/other-roots", Digest, NULL, setup, test_other_roots, teardown);
        g_test_add("/request-digest/cache", Digest, NULL, setup, test_cache, teardown);
        g_test_add_func("/request-digest/property-text", test_property_text);
        g_test_add_func("/request-digest/stored", test_stored);
        return g_test_run();
}
