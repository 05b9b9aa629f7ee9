/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "file-bundle.h"
#include "input-files.h"
#include "input-share.h"
#include "store-schedule.h"
#include "test-records.h"

/* Files are copied, kept for an id, given to another one, and removed. */

#define A "00000000-0000-4000-8000-00000000000a"
#define B "00000000-0000-4000-8000-00000000000b"

typedef struct Bed {
        char *directory;
        sd_event *event;
        Store *store;
        Settings settings;
        InputFiles *files;
        bool copied;
        char *refusal;
} Bed;

static void make_files(Bed *b) {
        int r;

        r = input_files_new(b->event, b->directory, b->store, &b->settings, &b->files);
        g_assert_cmpint(r, ==, 0);
}

static Bed *bed_new(void) {
        g_autofree char *path = NULL, *error = NULL;
        Bed *b = g_new0(Bed, 1);
        sigset_t signals;
        bool migrated;

        (void) sigemptyset(&signals);
        (void) sigaddset(&signals, SIGCHLD);
        (void) sigprocmask(SIG_BLOCK, &signals, NULL);
        b->directory = g_dir_make_tmp("input-files-XXXXXX", NULL);
        path = g_build_filename(b->directory, "db", NULL);
        g_assert_cmpint(sd_event_new(&b->event), >=, 0);
        g_assert_cmpint(store_open(path, &b->store, &migrated, &error), ==, 0);
        b->settings = (Settings){ .input_file_size_max = 100, .input_files_size_max = 150, .input_files_kept_max = 10 };
        make_files(b);
        return b;
}

static void bed_free(Bed *b) {
        const char *arguments[] = { "rm", "-rf", b->directory, NULL };

        (void) input_files_free(b->files);
        (void) store_close(b->store);
        (void) sd_event_unref(b->event);
        g_assert_true(g_spawn_sync(NULL, (char **) arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                                   NULL));
        g_free(b->directory);
        g_free(b->refusal);
        g_free(b);
}

static void free_file(void *p) {
        InputFile *f = p;

        (void) close(f->fd);
        (void) input_file_free(f);
}

static InputFile *file_new(const char *variable, size_t size, bool sensitive) {
        g_autofree char *contents = g_strnfill(size, 'x');
        int fd = memfd_create("test", MFD_CLOEXEC);
        InputFile *f;

        g_assert_cmpint(write(fd, contents, size), ==, size);
        f = input_file_new(variable, fd);
        f->max = 100;
        f->sensitive = sensitive;
        return f;
}

static GPtrArray *two_files(size_t one, size_t two, bool sensitive) {
        GPtrArray *files = g_ptr_array_new_with_free_func(free_file);

        g_ptr_array_add(files, file_new("one", one, false));
        g_ptr_array_add(files, file_new("two", two, sensitive));
        return files;
}

static void on_copied(Refusal *refusal, void *userdata) {
        Bed *b = userdata;

        g_assert_false(b->copied);
        b->copied = true;
        b->refusal = refusal ? g_strdup(refusal->message) : NULL;
}

static void copy_of(Bed *b, uint32_t uid, const char *id, const GPtrArray *files, bool look_only) {
        const InputFilesRequest request = {
                .id = id, .files = files, .uid = uid, .look_only = look_only, .copied = on_copied, .userdata = b,
        };
        Refusal f = {};

        b->copied = false;
        g_assert_cmpint(input_files_copy(b->files, &request, &f), ==, 0);
        g_assert_false(input_files_is_idle(b->files));
        while (!b->copied)
                g_assert_cmpint(sd_event_run(b->event, UINT64_MAX), >=, 0);
        g_assert_true(input_files_is_idle(b->files));
        g_assert_cmpstr(b->refusal, ==, NULL);
}

static void copy(Bed *b, const char *id, const GPtrArray *files, bool look_only) {
        copy_of(b, 0, id, files, look_only);
}

static void assert_has(const Bed *b, const char *id, bool one, bool two) {
        g_assert_cmpint(input_files_has(b->files, id, "one"), ==, one);
        g_assert_cmpint(input_files_has(b->files, id, "two"), ==, two);
}

static const char *message(const GPtrArray *files, guint i) {
        const InputFile *f = files->pdata[i];

        return json_array_get_length(f->messages) > 0 ? json_array_get_string_element(f->messages, 0) : NULL;
}

static void test_copied(void) {
        g_autoptr(GPtrArray) files = two_files(100, 50, false);
        const InputFile *one = files->pdata[0];
        g_autofree char *path = NULL, *contents = NULL;
        Bed *b = bed_new();
        struct stat st;

        copy(b, A, files, false);
        assert_has(b, A, true, true);
        g_assert_cmpuint(one->size, ==, 100);
        /* head -c 100 /dev/zero | tr '\0' x | sha256sum */
        g_assert_cmpstr(one->sha256, ==, "09ecb6ebc8bcefc733f6f2ec44f791abeed6a99edf0cc31519637898aebd52d8");
        path = g_build_filename(b->directory, "files", A, "one", NULL);
        g_assert_cmpint(stat(path, &st), ==, 0);
        g_assert_cmpuint(st.st_mode & 07777, ==, 0444);
        g_assert_true(g_file_get_contents(path, &contents, NULL, NULL));
        g_assert_cmpuint(strspn(contents, "x"), ==, 100);

        input_files_remove(b->files, A);
        assert_has(b, A, false, false);
        input_files_remove(b->files, A);
        bed_free(b);
}

static void test_refused(void) {
        static const struct {
                size_t one, two;
                bool look_only;
                const char *messages[2];
        } cases[] = {
                { 101, 10, false, { "Ensure this file has at most 100 bytes.", NULL } },
                { 101, 1000, false,
                  { "Ensure this file has at most 100 bytes.", "Ensure this file has at most 100 bytes." } },
                { 100, 51, false, { NULL, "Ensure the files of a run have at most 150 bytes in all." } },
                { 100, 50, true, { NULL, NULL } },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                g_autoptr(GPtrArray) files = two_files(cases[i].one, cases[i].two, i % 2);
                Bed *b = bed_new();

                copy(b, A, files, cases[i].look_only);
                g_assert_cmpstr(message(files, 0), ==, cases[i].messages[0]);
                g_assert_cmpstr(message(files, 1), ==, cases[i].messages[1]);
                assert_has(b, A, false, false);
                bed_free(b);
        }
}

static void test_secret(void) {
        g_autoptr(GPtrArray) files = two_files(3, 4, true);
        g_autofree char *path = NULL;
        g_auto(GStrv) names = NULL;
        Bed *b = bed_new();

        copy(b, A, files, false);
        assert_has(b, A, true, true);
        path = g_build_filename(b->directory, "files", A, "two", NULL);
        g_assert_cmpint(access(path, F_OK), <, 0);
        names = input_files_list_secrets(b->files, A);
        g_assert_cmpuint(g_strv_length(names), ==, 1);
        g_assert_cmpstr(secret_bytes(input_files_find_secret(b->files, A, names[0])), ==, "xxxx");

        input_files_put_secret(b->files, A, "two", secret_new_bytes("a\0b", 3));
        g_assert_cmpuint(secret_size(input_files_find_secret(b->files, A, "two")), ==, 3);
        input_files_remove(b->files, A);
        assert_has(b, A, false, false);
        bed_free(b);
}

static void test_sealed(void) {
        g_autoptr(GPtrArray) files = two_files(3, 4, true);
        g_autoptr(GHashTable) unsealed = NULL;
        _cleanup_(secret_freep) Secret *bundle = NULL;
        g_autofree char *ciphertext = NULL;
        Bed *b = bed_new();

        copy(b, A, files, false);
        g_assert_cmpint(input_files_bundle(b->files, B, &bundle), ==, 0);
        g_assert_cmpint(input_files_read_sealed(b->files, A, &ciphertext), ==, 0);
        g_assert_cmpint(input_files_bundle(b->files, A, &bundle), ==, 1);
        g_assert_cmpstr(secret_bytes(bundle), ==, "two 4\nxxxx");
        g_assert_cmpint(input_files_put_sealed(b->files, A, "ciphertext"), ==, 0);
        assert_has(b, A, true, false); /* no longer in memory */
        g_assert_cmpint(input_files_put_sealed(b->files, A, "another"), ==, -EEXIST);

        /* A run of it has both, and its share of the ciphertext when that is gone with the scheduled job. */
        g_assert_cmpint(input_files_link(b->files, A, B), ==, 0);
        assert_has(b, B, true, false);
        input_files_remove(b->files, A);
        g_assert_cmpint(input_files_read_sealed(b->files, A, &ciphertext), ==, 0);
        g_assert_cmpint(input_files_read_sealed(b->files, B, &ciphertext), ==, 1);
        g_assert_cmpstr(ciphertext, ==, "ciphertext");
        g_assert_cmpint(file_bundle_parse(bundle, &unsealed), ==, 0);
        g_assert_cmpint(input_files_put_secrets(b->files, B, unsealed), ==, 0);
        assert_has(b, B, true, true);
        input_files_remove(b->files, B);
        assert_has(b, B, false, false);
        g_clear_pointer(&ciphertext, g_free);
        g_assert_cmpint(input_files_read_sealed(b->files, B, &ciphertext), ==, 0);
        bed_free(b);
}

/* All runs together have so much of them in memory. */
static void test_secrets_max(void) {
        static char contents[8 * 1024 * 1024];
        g_autoptr(GHashTable) files = file_bundle_new();
        char id[] = A;
        Bed *b = bed_new();

        (void) g_hash_table_insert(files, g_strdup("one"), secret_new_bytes(contents, sizeof(contents)));
        for (char last = '0'; last < '8'; last++) {
                id[sizeof(id) - 2] = last;
                g_assert_cmpint(input_files_put_secrets(b->files, id, files), ==, 0);
        }
        g_assert_cmpint(input_files_put_secrets(b->files, B, files), ==, -E2BIG);
        input_files_remove(b->files, id);
        g_assert_cmpint(input_files_put_secrets(b->files, B, files), ==, 0);
        bed_free(b);
}

static void test_linked_and_moved(void) {
        g_autoptr(GPtrArray) files = two_files(3, 4, true);
        Bed *b = bed_new();

        copy(b, A, files, false);
        g_assert_cmpint(input_files_link(b->files, A, B), ==, 0);
        g_assert_cmpint(input_files_link(b->files, A, B), ==, 0);
        input_files_remove(b->files, A);
        assert_has(b, A, false, false);
        assert_has(b, B, true, true);
        g_assert_cmpint(input_files_move(b->files, B, A), ==, 0);
        assert_has(b, A, true, true);
        assert_has(b, B, false, false);
        g_assert_cmpint(input_files_move(b->files, B, A), ==, 0); /* nothing there: nothing done */
        assert_has(b, A, true, true);
        bed_free(b);
}

/* A limit of all that is kept, however often it is linked, and that knows what was removed. */
static void test_kept_max(void) {
        g_autoptr(GPtrArray) files = two_files(6, 4, false);
        const InputFilesRequest request = { .id = B, .files = files, .copied = on_copied };
        _cleanup_(refusal_done) Refusal f = {};
        Bed *b = bed_new();

        copy(b, A, files, false);
        g_assert_cmpint(input_files_copy(b->files, &request, &f), ==, -E2BIG);
        g_assert_cmpstr(f.name, ==, BUS_ERROR_TOO_MANY);
        g_assert_nonnull(strstr(f.message, "10 bytes already"));
        g_assert_cmpint(input_files_link(b->files, A, B), ==, 0);
        input_files_remove(b->files, A);
        g_assert_cmpint(input_files_copy(b->files, &request, &f), ==, -E2BIG);
        input_files_remove(b->files, B);
        g_assert_cmpint(input_files_put_sealed(b->files, A, "0123456789"), ==, 0);
        g_assert_cmpint(input_files_copy(b->files, &request, &f), ==, -E2BIG);
        input_files_remove(b->files, A);
        copy(b, B, files, false);
        bed_free(b);
}

/* What was sealed is its requester's share of the disk, as what was not: after a restart as well, until it is gone. */
static void test_sealed_share(void) {
        g_autoptr(GPtrArray) files = two_files(0, 4, true);
        g_autofree char *ciphertext = g_strnfill(1000, 'x');
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = test_scheduled_job_new("", "a.B", "x");
        const InputFilesRequest request = { .id = B, .files = files, .uid = 1000, .copied = on_copied };
        Bed *b = bed_new();

        b->settings.input_files_kept_max = 1600;
        (void) g_strlcpy(sj->id, A, sizeof(sj->id));
        sj->requester_uid = 1000;
        g_assert_cmpint(store_schedule_insert(b->store, sj), ==, 0);
        g_assert_cmpint(store_commit(b->store), ==, 0);
        copy_of(b, 1000, A, files, false);
        g_assert_cmpint(input_files_put_sealed(b->files, A, ciphertext), ==, 0);
        for (int i = 0; i < 2; i++) {
                _cleanup_(refusal_done) Refusal f = {};

                g_assert_cmpint(input_files_copy(b->files, &request, &f), ==, -E2BIG);
                g_assert_cmpstr(f.name, ==, BUS_ERROR_TOO_MANY);
                copy_of(b, 1001, B, files, false);
                input_files_remove(b->files, B);
                b->files = input_files_free(b->files);
                make_files(b);
        }
        input_files_remove(b->files, A);
        copy_of(b, 1000, B, files, false);
        bed_free(b);
}

/* The same alone: what is sealed is in memory no longer, and that of its runs is while they have it there. */
static void test_share(void) {
        InputShare *s = input_share_new();

        g_assert_false(input_share_change(s, A, 1, 1));
        input_share_add(s, A, 1000, 0, 100);
        g_assert_false(input_share_allows_in_memory(s, 1000, 800, 1, 1600));
        g_assert_true(input_share_change(s, A, 100, 0));
        g_assert_true(input_share_allows_in_memory(s, 1000, 800, 100, 1600));
        g_assert_false(input_share_allows_on_disk(s, 1000, 800, 1, 1600));
        input_share_copy(s, A, B);
        g_assert_true(input_share_change(s, B, 0, 100));
        g_assert_false(input_share_allows_in_memory(s, 1000, 800, 1, 1600));
        input_share_remove(s, B);
        g_assert_true(input_share_allows_in_memory(s, 1000, 800, 100, 1600));
        input_share_remove(s, A);
        g_assert_true(input_share_allows_on_disk(s, 1000, 800, 100, 1600));
        (void) input_share_free(s);
}

/* As after a kill: what no job result needs. */
static void test_swept(void) {
        g_autoptr(GPtrArray) files = two_files(3, 4, false);
        Bed *b = bed_new();

        copy(b, A, files, false);
        b->files = input_files_free(b->files);
        make_files(b);
        assert_has(b, A, false, false);
        bed_free(b);
}

static void test_paths(void) {
        g_autoptr(GPtrArray) files = two_files(3, 4, true);
        g_autoptr(JsonObject) values = NULL;
        static const char stored[] = "{\"one\":{},\"two\":{},\"three\":{},\"x\":1}";
        g_autofree char *text = NULL;
        Bed *b = bed_new();

        copy(b, A, files, false);
        g_assert_cmpint(json_parse_object(stored, strlen(stored), SIZE_MAX, &values, NULL), ==, 0);
        input_files_add_paths(b->files, A, "u.service", values);
        text = json_format_object(values);
        g_assert_cmpstr(text, ==,
                        "{\"one\":{\"path\":\"/run/jobd/files/one\"},\"two\":{\"path\":\"/run/credentials/u.service/two\"},"
                        "\"three\":{},\"x\":1}");
        bed_free(b);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/input-files/copied", test_copied);
        g_test_add_func("/input-files/refused", test_refused);
        g_test_add_func("/input-files/secret", test_secret);
        g_test_add_func("/input-files/sealed", test_sealed);
        g_test_add_func("/input-files/secrets-max", test_secrets_max);
        g_test_add_func("/input-files/linked-and-moved", test_linked_and_moved);
        g_test_add_func("/input-files/kept-max", test_kept_max);
        g_test_add_func("/input-files/sealed-share", test_sealed_share);
        g_test_add_func("/input-files/share", test_share);
        g_test_add_func("/input-files/swept", test_swept);
        g_test_add_func("/input-files/paths", test_paths);
        return g_test_run();
}
