/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "run-token.h"
#include "test-directory.h"

#define ID "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"

/* printf %s ID | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102...1f */
#define KNOWN ID ".0654ddfa3491e18eb7016acd220b9184e08e17c40adffd117d0008ac718150f1"

static char *key_path(const char *directory) {
        return g_build_filename(directory, "run.key", NULL);
}

static void write_key(const char *directory, size_t size, mode_t mode) {
        g_autofree char *path = key_path(directory);
        uint8_t bytes[64];

        for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] = (uint8_t) i;
        (void) unlink(path);
        g_assert_true(g_file_set_contents(path, (const char *) bytes, (gssize) size, NULL));
        g_assert_cmpint(chmod(path, mode), ==, 0);
}

static RunKey *load(const char *directory, int expected) {
        RunKey *k = NULL;

        g_assert_cmpint(run_key_load(directory, &k), ==, expected);
        return k;
}

static void test_known(void) {
        char *directory = test_directory_new();
        _cleanup_(run_key_freep) RunKey *k = NULL;
        g_autofree char *token = NULL;
        char id[UUID_STRING_SIZE];

        write_key(directory, 32, 0600);
        k = load(directory, 0);
        token = run_key_token(k, ID);
        g_assert_cmpstr(token, ==, KNOWN);
        g_assert_cmpint(run_key_check(k, KNOWN, id), ==, 0);
        g_assert_cmpstr(id, ==, ID);
        test_directory_remove(directory);
}

static void test_refused(void) {
        char *directory = test_directory_new();
        _cleanup_(run_key_freep) RunKey *k = NULL;
        g_autofree char *token = NULL, *upper = NULL;
        char id[UUID_STRING_SIZE] = "as it was";

        k = load(directory, 1);
        token = run_key_token(k, ID);
        for (size_t i = 0; token[i]; i++) {
                g_autofree char *changed = g_strdup(token), *cut = g_strndup(token, i);

                changed[i] = changed[i] == '0' ? '1' : '0';
                g_assert_cmpint(run_key_check(k, changed, id), ==, -EPERM);
                g_assert_cmpint(run_key_check(k, cut, id), ==, -EPERM);
        }
        upper = g_ascii_strup(token, -1);
        g_assert_cmpint(run_key_check(k, upper, id), ==, -EPERM);
        g_assert_cmpint(run_key_check(k, KNOWN, id), ==, -EPERM); /* of another key */
        g_assert_cmpstr(id, ==, "as it was");
        test_directory_remove(directory);
}

static void test_stays(void) {
        char *directory = test_directory_new();
        _cleanup_(run_key_freep) RunKey *first = NULL, *second = NULL;
        g_autofree char *path = key_path(directory), *token = NULL;
        char id[UUID_STRING_SIZE];
        struct stat st;

        first = load(directory, 1);
        second = load(directory, 0);
        token = run_key_token(first, ID);
        g_assert_cmpint(run_key_check(second, token, id), ==, 0);
        g_assert_cmpint(stat(path, &st), ==, 0);
        g_assert_cmpuint(st.st_mode, ==, S_IFREG | 0600);
        g_assert_cmpint(st.st_size, ==, 32);
        test_directory_remove(directory);
}

/* One that others may have read, or that was cut off, is none. */
static void test_unusable(void) {
        static const struct {
                size_t size;
                mode_t mode;
        } keys[] = { { 31, 0600 }, { 33, 0600 }, { 0, 0600 }, { 32, 0640 }, { 32, 0604 }, { 32, 0660 } };
        char *directory = test_directory_new();

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                _cleanup_(run_key_freep) RunKey *k = NULL, *again = NULL;

                write_key(directory, keys[i].size, keys[i].mode);
                k = load(directory, 1);
                again = load(directory, 0);
        }
        test_directory_remove(directory);
}

static void test_link(void) {
        char *directory = test_directory_new();
        g_autofree char *path = key_path(directory), *target = g_build_filename(directory, "target", NULL);
        _cleanup_(run_key_freep) RunKey *k = NULL;
        struct stat st;

        g_assert_cmpint(symlink(target, path), ==, 0);
        k = load(directory, 1);
        g_assert_cmpint(lstat(path, &st), ==, 0);
        g_assert_true(S_ISREG(st.st_mode));
        g_assert_cmpint(lstat(target, &st), <, 0);
        test_directory_remove(directory);
}

static void test_no_directory(void) {
        RunKey *k = NULL;

        g_assert_cmpint(run_key_load("/no/such/directory", &k), ==, -ENOENT);
        g_assert_null(k);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/run-token/known", test_known);
        g_test_add_func("/run-token/refused", test_refused);
        g_test_add_func("/run-token/stays", test_stays);
        g_test_add_func("/run-token/unusable", test_unusable);
        g_test_add_func("/run-token/link", test_link);
        g_test_add_func("/run-token/no-directory", test_no_directory);

        return g_test_run();
}
