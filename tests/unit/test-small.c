/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>
#include <sys/prctl.h>

#include "credential.h"
#include "job-result.h"
#include "names.h"
#include "object-path.h"
#include "process.h"
#include "refusal.h"
#include "secret.h"
#include "uuid.h"

/* Modules of a function or two. */

#define UUID "f81d4fae-7dec-11d0-a765-00a0c91e6bf6" /* the example of RFC 4122 */
#define DIGITS "f81d4fae7dec11d0a76500a0c91e6bf6"

/* ---- refusals ---- */

static void test_refusal_is_text(void) {
        _cleanup_(refusal_done) Refusal f = {};

        g_assert_cmpint(refuse(&f, -EINVAL, BUS_ERROR_INVALID_VALUE, "'%.2s' is wrong, \xff too", "\341\265\252"), ==, -EINVAL);
        g_assert_cmpstr(f.message, ==, "'\357\277\275\357\277\275' is wrong, \357\277\275 too");
        g_assert_cmpstr(f.name, ==, BUS_ERROR_INVALID_VALUE);
}

/* ---- uuid ---- */

static void test_uuid_parse(void) {
        static const char *const good[] = { UUID, DIGITS, "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6",
                                            "F81d4fae7DEC11d0a76500a0c91e6bF6" };
        static const char *const bad[] = {
                "", "f", UUID "0", UUID "\n", " " UUID, DIGITS "0", "{" UUID "}", "urn:uuid:" UUID,
                "f81d4fae-7dec-11d0-a765-00a0c91e6bf", "f81d4fae-7dec-11d0-a76500a0c91e6bf6",
                "f81d4fae7-dec-11d0-a765-00a0c91e6bf6", "g81d4fae-7dec-11d0-a765-00a0c91e6bf6",
                "f81d4fae-7dec-11d0-a765-00a0c91e6bf6/..", "--------------------------------",
        };

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                char id[UUID_STRING_SIZE] = "";

                g_assert_cmpint(uuid_parse(good[i], id), ==, 0);
                g_assert_cmpstr(id, ==, UUID);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                char id[UUID_STRING_SIZE] = "untouched";

                g_assert_cmpint(uuid_parse(bad[i], id), ==, -EINVAL);
                g_assert_cmpstr(id, ==, "untouched");
        }
}

static void test_uuid_new(void) {
        char a[UUID_STRING_SIZE], b[UUID_STRING_SIZE], again[UUID_STRING_SIZE], digits[33];

        uuid_new(a);
        uuid_new(b);
        g_assert_cmpstr(a, !=, b);
        g_assert_cmpint(uuid_parse(a, again), ==, 0);
        g_assert_cmpstr(again, ==, a);
        /* random, of the variant of RFC 4122 */
        g_assert_true(g_uuid_string_is_valid(a));
        g_assert_cmpint(a[14], ==, '4');
        g_assert_nonnull(strchr("89ab", a[19]));

        uuid_to_digits(UUID, digits);
        g_assert_cmpstr(digits, ==, DIGITS);
}

/* ---- object-path ---- */

static void test_object_path(void) {
        static const char *const bad[] = {
                "", "/", "/" DIGITS, "/org/jobd1/job", "/org/jobd1/job/", "/org/jobd1/job/" UUID,
                "/org/jobd1/job/" DIGITS "/", "/org/jobd1/job/" DIGITS "0", "/org/jobd1/jobx/" DIGITS,
                "/org/jobd1/job_" DIGITS, "/org/jobd1/result/" DIGITS,
                "/org/jobd1/job/F81D4FAE7DEC11D0A76500A0C91E6BF6",
        };
        char path[OBJECT_PATH_SIZE], id[UUID_STRING_SIZE] = "untouched";

        object_path_format(JOBD_JOB_PATH, UUID, path);
        g_assert_cmpstr(path, ==, "/org/jobd1/job/" DIGITS);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                g_assert_cmpint(object_path_parse(bad[i], JOBD_JOB_PATH, id), ==, -EINVAL);
                g_assert_cmpstr(id, ==, "untouched");
        }
        g_assert_cmpint(object_path_parse(path, JOBD_JOB_PATH, id), ==, 0);
        g_assert_cmpstr(id, ==, UUID);

        object_path_format(JOBD_RESULT_PATH, UUID, path);
        g_assert_cmpstr(path, ==, "/org/jobd1/result/" DIGITS);
        g_assert_cmpint(object_path_parse(path, JOBD_RESULT_PATH, id), ==, 0);
}

/* ---- secret ---- */

/* The line "VmFlags:" of /proc/self/smaps for the pages that an address is in; see proc(5). */
static char *flags_of(const void *address) {
        g_autofree char *smaps = NULL;
        g_auto(GStrv) lines = NULL;
        bool found = false;

        g_assert_true(g_file_get_contents("/proc/self/smaps", &smaps, NULL, NULL));
        lines = g_strsplit(smaps, "\n", -1);
        for (char **line = lines; *line; line++) {
                uintptr_t start, end;

                if (sscanf(*line, "%" SCNxPTR "-%" SCNxPTR " ", &start, &end) == 2)
                        found = (uintptr_t) address >= start && (uintptr_t) address < end;
                else if (found && g_str_has_prefix(*line, "VmFlags:"))
                        return g_strconcat(*line, " ", NULL);
        }
        return NULL;
}

static void test_secret(void) {
        static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 512 * 1024 };

        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                g_autofree char *text = g_strnfill(sizes[i], 's'), *flags = NULL;
                _cleanup_(secret_freep) Secret *s = secret_new(text);

                g_assert_nonnull(s);
                g_assert_cmpuint(secret_size(s), ==, sizes[i]);
                g_assert_cmpstr(secret_bytes(s), ==, text);
                g_assert_true(secret_bytes(s) != text);
                /* "dd": not in core dumps. "lo", locked, is not looked for: sanitizers make mlock() do nothing. */
                flags = flags_of(secret_bytes(s));
                g_assert_nonnull(flags);
                g_assert_nonnull(strstr(flags, " dd "));
        }
        g_assert_null(secret_free(NULL));
}

static void test_secret_is_given_back(void) {
        Secret *s = secret_new("tr0ub4dor");
        const void *address = secret_bytes(s);
        g_autofree char *flags = NULL;

        g_assert_null(secret_free(s));
        flags = flags_of(address); /* of nothing, or of whatever is there now */
        g_assert_true(!flags || !strstr(flags, " dd "));
}

/* ---- credential ---- */

typedef struct PeerName {
        const char *name; /* after the NUL of an abstract socket */
        const char *unit, *credential;
} PeerName;

static const PeerName peers[] = {
        /* as systemd 252 names its socket */
        { "6f3f0a4ac2d4c1f2/unit/jobd-run-" UUID ".service/job-data", "jobd-run-" UUID ".service", "job-data" },
        { "/unit/a.service/b", "a.service", "b" },
        { "x/unit/a.service/b/c", "a.service", "b/c" },
        { "x/unit/a.service/unit/b", "a.service", "unit/b" },
        { "", NULL, NULL },
        { "x", NULL, NULL },
        { "x/unit/", NULL, NULL },
        { "x/unit/a.service", NULL, NULL },
        { "x/unit/a.service/", NULL, NULL },
        { "x/unit//job-data", NULL, NULL },
        { "x/user/a.service/job-data", NULL, NULL },
        { "unit/a.service/job-data", NULL, NULL },
};

static void test_peer_names(void) {
        for (size_t i = 0; i < ELEMENTSOF(peers); i++) {
                size_t size = strlen(peers[i].name) + 1;
                g_autofree char *name = g_malloc0(size), *unit = NULL, *credential = NULL;

                /* A socket's name has no NUL at its end */
                memcpy(name + 1, peers[i].name, size - 1);
                g_assert_cmpint(credential_parse_peer_name(name, size, &unit, &credential), ==,
                                peers[i].unit ? 0 : -EINVAL);
                g_assert_cmpstr(unit, ==, peers[i].unit);
                g_assert_cmpstr(credential, ==, peers[i].credential);
        }
}

/* A socket in the file system, one without a name, and one with a NUL in it are not systemd's. */
static void test_peer_names_of_others(void) {
        static const char path[] = "/tmp/unit/a.service/job-data", cut[] = "\0x/unit/a.ser\0vice/job-data";
        char *unit = NULL, *credential = NULL;

        g_assert_cmpint(credential_parse_peer_name(path, sizeof(path), &unit, &credential), ==, -EINVAL);
        g_assert_cmpint(credential_parse_peer_name("", 0, &unit, &credential), ==, -EINVAL);
        g_assert_cmpint(credential_parse_peer_name("", 1, &unit, &credential), ==, -EINVAL);
        g_assert_cmpint(credential_parse_peer_name(cut, sizeof(cut) - 1, &unit, &credential), ==, -EINVAL);
        g_assert_true(!unit && !credential);
}

/* ---- job-result ---- */

static void test_states(void) {
        static const bool allowed[_JOB_RESULT_STATUS_MAX][_JOB_RESULT_STATUS_MAX] = {
                [JOB_RESULT_PENDING] = { false, true, true, true, true },
                [JOB_RESULT_STARTED] = { false, false, true, true, true },
        };

        for (JobResultStatus from = 0; from < _JOB_RESULT_STATUS_MAX; from++)
                for (JobResultStatus to = 0; to < _JOB_RESULT_STATUS_MAX; to++) {
                        _cleanup_(job_result_freep) JobResult *jr = job_result_new();
                        int r;

                        jr->status = from;
                        r = job_result_set_state(jr, to, JOB_RESULT_REASON_LOST, "why", 7);
                        g_assert_cmpint(r, ==, allowed[from][to] ? 0 : -EINVAL);
                        g_assert_cmpint(jr->status, ==, r == 0 ? to : from);
                        g_assert_cmpint(jr->reason, ==, r == 0 ? JOB_RESULT_REASON_LOST : JOB_RESULT_REASON_NONE);
                        g_assert_cmpstr(jr->message, ==, r == 0 ? "why" : "");
                        g_assert_cmpuint(jr->date_started, ==, r == 0 && to == JOB_RESULT_STARTED ? 7 : 0);
                        g_assert_cmpuint(jr->date_done, ==, r == 0 && to != JOB_RESULT_STARTED ? 7 : 0);
                }
}

static void test_result_texts(void) {
        _cleanup_(job_result_freep) JobResult *jr = job_result_new();
        g_autofree char *unit = NULL;

        memcpy(jr->id, UUID, sizeof(UUID));
        unit = job_result_unit(jr);
        g_assert_cmpstr(unit, ==, "jobd-run-" UUID ".service");

        job_result_add_warning(jr, "one");
        g_assert_cmpstr(jr->warnings, ==, "one");
        job_result_add_warning(jr, "two");
        g_assert_cmpstr(jr->warnings, ==, "one\ntwo");
        g_assert_cmpint(job_result_set_state(jr, JOB_RESULT_SUCCESS, JOB_RESULT_REASON_SUCCESS, NULL, 1), ==, 0);
        g_assert_cmpstr(jr->message, ==, "");
        g_assert_null(job_result_free(NULL));
}

/* ---- process ---- */

static uint64_t start_time_of_shell(void) {
        const char *arguments[] = { "sh", "-c", "cut -d' ' -f22 /proc/$PPID/stat", NULL };
        g_autofree char *output = NULL;

        g_assert_true(g_spawn_sync(NULL, (char **) arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL, NULL,
                                   NULL));
        return g_ascii_strtoull(output, NULL, 10);
}

static void test_start_time(void) {
        uint64_t before, after, expected;
        char name[16];

        (void) prctl(PR_GET_NAME, name);
        (void) prctl(PR_SET_NAME, "test");
        expected = start_time_of_shell();
        (void) prctl(PR_SET_NAME, ") 1 (2\n) R 3");
        g_assert_cmpint(process_start_time(getpid(), &before), ==, 0);
        (void) prctl(PR_SET_NAME, name);
        g_assert_cmpuint(before, ==, expected);
        g_assert_cmpint(process_start_time(1, &after), ==, 0);
        g_assert_cmpuint(after, <=, before);
        g_assert_cmpint(process_start_time(0x7fffffff, &after), ==, -ENOENT);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/refusal/text", test_refusal_is_text);
        g_test_add_func("/uuid/parse", test_uuid_parse);
        g_test_add_func("/uuid/new", test_uuid_new);
        g_test_add_func("/object-path", test_object_path);
        g_test_add_func("/secret", test_secret);
        g_test_add_func("/secret-is-given-back", test_secret_is_given_back);
        g_test_add_func("/credential/peer-names", test_peer_names);
        g_test_add_func("/credential/peer-names-of-others", test_peer_names_of_others);
        g_test_add_func("/process/start-time", test_start_time);
        g_test_add_func("/job-result/states", test_states);
        g_test_add_func("/job-result/texts", test_result_texts);

        return g_test_run();
}
