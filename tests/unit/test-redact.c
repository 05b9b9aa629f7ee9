/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "macro.h"
#include "redact.h"

typedef struct Example {
        const char *dirty, *clean;
} Example;

/* The reference's own examples: those of its tests and of the description of its setting. */
static const Example reference[] = {
        { "http://user:password@localhost", "http://(redacted)@localhost" },
        { "HTTPS://:password@EXAMPLE.COM", "HTTPS://(redacted)@EXAMPLE.COM" },
        { "username myusername, password mypassword", "username (redacted) password (redacted)" },
        { "Username: me Password: you", "Username: (redacted) Password: (redacted)" },
        { "My username is someuser", "My username is (redacted)" },
        { "My password is: supersecret!123", "My password is: (redacted)" },
        { "I use username FOO and password BAR to log in as https://FOO:BAR@example.com",
          "I use username (redacted) and password (redacted) to log in as https://(redacted)@example.com" },
        { "Password is1234", "Password (redacted)" },
        { "Password: is1234", "Password: (redacted)" },
        { "Password is: is1234", "Password is: (redacted)" },
        { "Password is is1234", "Password is (redacted)" },
        { "secret is: is1234", "secret is: (redacted)" },
        { "secret is is1234", "secret is (redacted)" },
        { "secrets is: is1234", "secrets is: (redacted)" },
        { "secrets is is1234", "secrets is (redacted)" },
        { "{\"username\": \"is1234\"}", "{\"username\": (redacted)" },
        { "{\"password\": \"is1234\"}", "{\"password\": (redacted)" },
        { "{\"secret\": \"is1234\"}", "{\"secret\": (redacted)" },
        { "{\"secrets\": \"is1234\"}", "{\"secrets\": (redacted)" },
        { "password: is1234", "password: (redacted)" },
        { "username: myusername", "username: (redacted)" },
};

static const Example urls[] = {
        { "git+ssh://git@example.com/x", "git+ssh://(redacted)@example.com/x" }, /* a token is a user's name, too */
        { "https://u:p@ss@h/", "https://(redacted)@h/" },
        { "https://u:p/a?s#s@h/", "https://(redacted)@h/" },
        { "(https://u:p@h), https://v:q@i", "(https://(redacted)@h), https://(redacted)@i" },
        { "\"postgres://u:p@h:5432/db\"", "\"postgres://(redacted)@h:5432/db\"" },
        { "https://u:@h", "https://(redacted)@h" },
        { "https://h/?to=me@example.com", "https://h/?to=me@example.com" },
        { "https://h:8080/@scope/x", "https://h:8080/@scope/x" },
        { "https://[::1]:80/@x", "https://[::1]:80/@x" },
        { "{\"url\":\"https://h\",\"mail\":\"a@b\"}", "{\"url\":\"https://h\",\"mail\":\"a@b\"}" },
        { "https://example.com", "https://example.com" },
        { "://a@b", "://a@b" },
        { "user@1000.service", "user@1000.service" },
        { "a@b.example", "a@b.example" },
};

static const Example words[] = {
        { "DB_PASSWORD=hunter2 x", "DB_PASSWORD=(redacted) x" },
        { "--password=hunter2 -v", "--password=(redacted) -v" },
        { "--password hunter2 -v", "--password (redacted) -v" },
        { "password:hunter2", "password:(redacted)" },
        { "Job 'vault.RotateSecret' has failed", "Job 'vault.RotateSecret' has failed" },
        { "job 'vault.Secrets': it has failed", "job 'vault.Secrets': it has failed" },
        { "job 'x.Secret' is not enabled: run \"jobctl enable x.Secret\" after reviewing it",
          "job 'x.Secret' is not enabled: run \"jobctl enable x.Secret\" after reviewing it" },
        { "\"jobctl schedule x.Secret\" is", "\"jobctl schedule x.Secret\" is" },
        { "job 'a' 'my.password' hunter2", "job 'a' 'my.password' (redacted)" },
        { "job 'secret hunter2", "job 'secret (redacted)" },
        { "secret job 'x.Secret' y", "secret (redacted) 'x.Secret' (redacted)" },
        { "\"jobctl x\" \"db.password\" hunter2", "\"jobctl x\" \"db.password\" (redacted)" },
        { "\"db.password\" hunter2", "\"db.password\" (redacted)" },
        { "password := hunter2", "password := (redacted)" },
        { "'password' => 'hunter2'", "'password' => (redacted)" },
        { "password \"correct horse\" x", "password (redacted) x" },
        { "password='a \\' b' x", "password=(redacted) x" },
        { "password: 'no end\nx", "password: (redacted) end\nx" },
        { "{\\\"password\\\": \\\"x\\\"}", "{\\\"password\\\": (redacted)" },
        { "https://h/?secret=x", "https://h/?secret=(redacted)" },
        { "password\n\tx y", "password\n\t(redacted) y" },
        { "password is wr\xc3\xb6ng", "password is (redacted)" },
        { "username password x y", "username (redacted) (redacted) y" },
        { "username: password: x y", "username: (redacted) (redacted) y" },
        { "username myusername password x", "username (redacted) password (redacted)" },
        { "pwd is", "pwd (redacted)" },
        { "passwd", "passwd" },
        { "password:", "password:" },
        { "password: ", "password: " },
        { "passwords differ", "passwords differ" },
        { "password-file x", "password-file x" },
        { "secretary x", "secretary x" },
        { "/etc/passwd: Permission denied", "/etc/passwd: Permission denied" },
        { "(\"/etc/passwd\" is missing)", "(\"/etc/passwd\" is missing)" },
        { "/etc/passwd=x", "/etc/passwd=(redacted)" },
        { "etc/passwd x", "etc/passwd (redacted)" },
        { "/password x", "/password (redacted)" },
        { "password (redacted)", "password (redacted)" },
        { "password \xff\xfe", "password (redacted)" },
        { "", "" },
};

static void check(const Example *e, size_t n) {
        for (; n > 0; n--, e++) {
                g_autofree char *once = redact(e->dirty), *twice = redact(once);

                g_assert_cmpstr(once, ==, e->clean);
                g_assert_cmpstr(twice, ==, once);
        }
}

static void test_reference(void) {
        check(reference, ELEMENTSOF(reference));
}

static void test_urls(void) {
        check(urls, ELEMENTSOF(urls));
}

static void test_words(void) {
        check(words, ELEMENTSOF(words));
}

/* AddressSanitizer looks at the whole string with each call of a string function (strict_string_checks=1): what is linear
 * becomes quadratic under it. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(IS_SANITIZED)
#define LONG_SIZE (16 * 1024)
#else
#define LONG_SIZE (4 * 1024 * 1024)
#endif

/* Each has work at every step: in time quadratic in their length these would not end within the test's limit. */
static void test_long(void) {
        static const char *const parts[] = {
                "a", "a://", "a://b:x/", "a://b:x@", "@", "password", "password=", "password \"", "password '\\\"",
                "password \"a ", "password: ", "password is ", "/", "/password", "\\\"", "is ", "password:\n",
        };

        for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
                g_autoptr(GString) text = g_string_new(NULL);
                g_autofree char *once = NULL, *twice = NULL;

                while (text->len < LONG_SIZE)
                        g_string_append(text, parts[i]);
                once = redact(text->str);
                twice = redact(once);
                g_assert_cmpint(strcmp(once, twice), ==, 0);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/redact/reference", test_reference);
        g_test_add_func("/redact/urls", test_urls);
        g_test_add_func("/redact/words", test_words);
        g_test_add_func("/redact/long", test_long);
        return g_test_run();
}
