/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <string.h>

#include "seal.h"

/* With the host's own systemd-creds, and a key of the test's. */

#define NAME "jobd-00000000-0000-4000-8000-00000000000a"

typedef struct Bed {
        char *directory;
        sd_event *event;
        Sealer *sealer;
        unsigned n_back;
        int error;
        char *ciphertext;
        Secret *text;
} Bed;

static void run(const char *const *arguments) {
        int status;

        g_assert_true(g_spawn_sync(NULL, (char **) arguments, NULL, G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                                   NULL, NULL, NULL, NULL, &status, NULL));
        g_assert_cmpint(status, ==, 0);
}

static Bed *bed_new(bool with_key) {
        static const char *const setup[] = { "/usr/bin/systemd-creds", "setup", NULL };
        g_autofree char *key = NULL;
        Bed *b = g_new0(Bed, 1);
        sigset_t signals;

        (void) sigemptyset(&signals);
        (void) sigaddset(&signals, SIGCHLD);
        (void) sigprocmask(SIG_BLOCK, &signals, NULL);
        b->directory = g_dir_make_tmp("seal-XXXXXX", NULL);
        key = g_build_filename(b->directory, "credential.secret", NULL);
        g_assert_true(g_setenv("SYSTEMD_CREDENTIAL_SECRET", key, true));
        if (with_key)
                run(setup);
        g_assert_cmpint(sd_event_new(&b->event), >=, 0);
        g_assert_cmpint(sealer_new(b->event, &b->sealer), ==, 0);
        return b;
}

static void bed_free(Bed *b) {
        const char *const arguments[] = { "/bin/rm", "-rf", b->directory, NULL };

        g_assert_true(sealer_is_idle(b->sealer));
        (void) sealer_free(b->sealer);
        (void) sd_event_unref(b->event);
        run(arguments);
        (void) secret_free(b->text);
        g_free(b->ciphertext);
        g_free(b->directory);
        g_free(b);
}

static void wait_for(Bed *b, unsigned n) {
        while (b->n_back < n)
                g_assert_cmpint(sd_event_run(b->event, UINT64_MAX), >=, 0);
}

static void on_sealed(int error, const char *ciphertext, void *userdata) {
        Bed *b = userdata;

        g_assert_cmpint(error < 0, ==, !ciphertext);
        b->n_back++;
        b->error = error;
        g_free(b->ciphertext);
        b->ciphertext = g_strdup(ciphertext);
}

static void on_unsealed(int error, Secret *text, void *userdata) {
        Bed *b = userdata;

        g_assert_cmpint(error < 0, ==, !text);
        b->n_back++;
        b->error = error;
        (void) secret_free(b->text);
        b->text = text;
}

static int seal_and_wait(Bed *b, const void *bytes, size_t size) {
        _cleanup_(secret_freep) Secret *text = secret_new_bytes(bytes, size);
        int r;

        r = seal(b->sealer, text, NAME, on_sealed, b, NULL);
        if (r < 0)
                return r;
        g_assert_false(sealer_is_idle(b->sealer));
        wait_for(b, b->n_back + 1);
        return b->error;
}

static int unseal_and_wait(Bed *b, const char *ciphertext, const char *name) {
        int r;

        r = unseal(b->sealer, ciphertext, name, on_unsealed, b, NULL);
        if (r < 0)
                return r;
        wait_for(b, b->n_back + 1);
        return b->error;
}

static void test_there_and_back(void) {
        static const char text[] = "{\"password\":\"hunter2\"}";
        Bed *b = bed_new(true);

        g_assert_true(sealer_has_key(b->sealer));
        g_assert_cmpint(seal_and_wait(b, text, strlen(text)), ==, 0);
        g_assert_cmpuint(strlen(b->ciphertext), >, 100);
        g_assert_cmpuint(strspn(b->ciphertext, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "+/="), ==,
                         strlen(b->ciphertext));
        g_assert_cmpint(unseal_and_wait(b, b->ciphertext, NAME), ==, 0);
        g_assert_cmpstr(secret_bytes(b->text), ==, text);
        bed_free(b);
}

static void test_sizes(void) {
        static const size_t sizes[] = { 0, 1, 4096, 65536, SEAL_TEXT_MAX };
        g_autofree uint8_t *bytes = g_malloc(SEAL_TEXT_MAX + 1);
        Bed *b = bed_new(true);

        for (size_t i = 0; i < SEAL_TEXT_MAX + 1; i++)
                bytes[i] = (uint8_t) g_test_rand_int();
        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                g_test_message("%zu", sizes[i]);
                g_assert_cmpint(seal_and_wait(b, bytes, sizes[i]), ==, 0);
                g_assert_cmpint(unseal_and_wait(b, b->ciphertext, NAME), ==, 0);
                g_assert_cmpmem(secret_bytes(b->text), secret_size(b->text), bytes, sizes[i]);
        }
        g_assert_cmpint(seal_and_wait(b, bytes, SEAL_TEXT_MAX + 1), ==, -E2BIG);
        bed_free(b);
}

/* For one name, on one host, unchanged. */
static void test_bound(void) {
        g_autofree char *ciphertext = NULL, *changed = NULL;
        Bed *b = bed_new(true), *other;
        const char *const not_sealed[] = { "x", "not Base64!", "aGVsbG8=", "--help" };

        g_assert_cmpint(seal_and_wait(b, "secret", 6), ==, 0);
        ciphertext = g_strdup(b->ciphertext);
        g_assert_cmpint(unseal_and_wait(b, ciphertext, "jobd-00000000-0000-4000-8000-00000000000b"), ==,
                        -EKEYREJECTED);
        g_assert_cmpstr(sealer_error_text(b->sealer), !=, "");
        changed = g_strdup(ciphertext);
        changed[strlen(changed) / 2] ^= 1;
        g_assert_cmpint(unseal_and_wait(b, changed, NAME), ==, -EKEYREJECTED);
        for (size_t i = 0; i < ELEMENTSOF(not_sealed); i++)
                g_assert_cmpint(unseal_and_wait(b, not_sealed[i], NAME), ==, -EKEYREJECTED);
        g_assert_cmpint(unseal_and_wait(b, "", NAME), ==, -EINVAL);
        g_assert_cmpint(unseal_and_wait(b, ciphertext, NAME), ==, 0);
        g_assert_cmpstr(secret_bytes(b->text), ==, "secret");
        bed_free(b);

        other = bed_new(true);
        g_assert_cmpint(unseal_and_wait(other, ciphertext, NAME), ==, -EKEYREJECTED);
        bed_free(other);
}

static void test_names(void) {
        static const char *const bad[] = { "", ".x", "a/b", "a b", "a=b", "a\n", "ä" };
        _cleanup_(secret_freep) Secret *text = secret_new("x");
        g_autofree char *longest = g_strnfill(200, 'a'), *longer = g_strnfill(201, 'a');
        Bed *b = bed_new(true);

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                g_assert_cmpint(seal(b->sealer, text, bad[i], on_sealed, b, NULL), ==, -EINVAL);
        g_assert_cmpint(seal(b->sealer, text, longer, on_sealed, b, NULL), ==, -EINVAL);
        g_assert_cmpint(seal(b->sealer, text, longest, on_sealed, b, NULL), ==, 0);
        wait_for(b, 1);
        g_assert_cmpint(b->error, ==, 0);
        bed_free(b);
}

static void test_no_key(void) {
        _cleanup_(refusal_done) Refusal f = {};
        Bed *b = bed_new(false);

        g_assert_false(sealer_has_key(b->sealer));
        g_assert_cmpint(seal_and_wait(b, "secret", 6), ==, -ENOKEY);
        g_assert_cmpint(unseal_and_wait(b, "aGVsbG8=", NAME), ==, -ENOKEY);
        g_assert_cmpint(seal_refuse(&f, -ENOKEY, "x.Y"), ==, -ENOKEY);
        g_assert_cmpstr(f.name, ==, BUS_ERROR_SENSITIVE_CONFLICT);
        g_assert_cmpstr(f.message, ==,
                        "job 'x.Y' has sensitive input, which can be kept for later only when it can be sealed: run "
                        "\"systemd-creds setup\" as root");
        bed_free(b);
}

/* More than run at a time, some of them taken back, in any state. */
static void test_many(void) {
        _cleanup_(secret_freep) Secret *text = secret_new("secret");
        SealCall *calls[20];
        Bed *b = bed_new(true);

        for (size_t i = 0; i < ELEMENTSOF(calls); i++)
                g_assert_cmpint(seal(b->sealer, text, NAME, on_sealed, b, &calls[i]), ==, 0);
        (void) seal_call_free(calls[19]);
        g_assert_cmpint(sd_event_run(b->event, UINT64_MAX), >=, 0);
        (void) seal_call_free(calls[0]);
        wait_for(b, 18);
        g_assert_cmpint(b->error, ==, 0);
        g_assert_true(sealer_is_idle(b->sealer));

        /* and of those that are left none calls back */
        for (size_t i = 0; i < 6; i++)
                g_assert_cmpint(seal(b->sealer, text, NAME, on_sealed, b, NULL), ==, 0);
        (void) sd_event_run(b->event, 0);
        b->sealer = sealer_free(b->sealer);
        (void) sd_event_run(b->event, 0);
        g_assert_cmpuint(b->n_back, ==, 18);
        g_assert_cmpint(sealer_new(b->event, &b->sealer), ==, 0);
        bed_free(b);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/seal/there-and-back", test_there_and_back);
        g_test_add_func("/seal/sizes", test_sizes);
        g_test_add_func("/seal/bound", test_bound);
        g_test_add_func("/seal/names", test_names);
        g_test_add_func("/seal/no-key", test_no_key);
        g_test_add_func("/seal/many", test_many);
        return g_test_run();
}
