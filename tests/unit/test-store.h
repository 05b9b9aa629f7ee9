/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store-waiting.h"
#include "store.h"
#include "test-directory.h"

/* A database in a directory of its own, and a second connection to look at it with. */
typedef struct StoreTest {
        char *directory;
        char *path;
        Store *store;
} StoreTest;

static inline Store *test_store_open(const char *path, bool *ret_migrated) {
        g_autofree char *error = NULL;
        Store *s = NULL;
        int r;

        r = store_open(path, &s, ret_migrated, &error);
        g_assert_cmpstr(error, ==, NULL);
        g_assert_cmpint(r, ==, 0);
        return s;
}

static inline void store_test_setup(StoreTest *t, const void *unused) {
        bool migrated = false;

        t->directory = test_directory_new();
        t->path = g_build_filename(t->directory, "jobd.db", NULL);
        t->store = test_store_open(t->path, &migrated);
        g_assert_true(migrated);
}

static inline void store_test_teardown(StoreTest *t, const void *unused) {
        t->store = store_close(t->store);
        test_directory_remove(t->directory);
        g_free(t->path);
}

static inline void store_test_reopen(StoreTest *t) {
        bool migrated = true;

        t->store = store_close(t->store);
        t->store = test_store_open(t->path, &migrated);
        g_assert_false(migrated);
}

static inline void test_add_waiting(const char *key, uint32_t uid, uint64_t n, void *userdata) {
        *(uint64_t *) userdata += n;
}

/* How many job results wait in a line. */
static inline uint64_t test_count_waiting(Store *s) {
        uint64_t n = 0;

        g_assert_cmpint(store_waiting_count_lines(s, test_add_waiting, &n), ==, 0);
        return n;
}

/* Runs SQL as somebody else would, with sqlite3(1). */
static inline void test_sql(const char *path, const char *sql) {
        char *error = NULL;
        sqlite3 *db = NULL;

        g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
        (void) sqlite3_exec(db, sql, NULL, NULL, &error);
        g_assert_cmpstr(error, ==, NULL);
        g_assert_cmpint(sqlite3_close(db), ==, SQLITE_OK);
}

static inline int test_sql_row(void *userdata, int n, char **values, char **names) {
        GString *text = userdata;

        for (int i = 0; i < n; i++)
                g_string_append_printf(text, "%s%s", i > 0 ? "|" : text->len > 0 ? "\n" : "", values[i] ?: "NULL");
        return 0;
}

/* What sqlite3(1) would print: "a|b" a row. Free with g_free(). */
static inline char *test_sql_text(const char *path, const char *sql) {
        g_autoptr(GString) text = g_string_new(NULL);
        char *error = NULL;
        sqlite3 *db = NULL;

        g_assert_cmpint(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), ==, SQLITE_OK);
        (void) sqlite3_exec(db, sql, test_sql_row, text, &error);
        g_assert_cmpstr(error, ==, NULL);
        g_assert_cmpint(sqlite3_close(db), ==, SQLITE_OK);
        return g_strdup(text->str);
}

static inline void assert_sql(const char *path, const char *sql, const char *expected) {
        g_autofree char *text = test_sql_text(path, sql);

        g_assert_cmpstr(text, ==, expected);
}

typedef ssize_t (*TestWrite)(int fd, const void *bytes, size_t size, off_t offset);

/* What SQLite calls instead of pwrite(), by its own interface for such tests; NULL: pwrite() again. */
static inline void test_set_write(TestWrite function) {
        static const char *const calls[] = { "write", "pwrite", "pwrite64" };
        sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

        for (size_t i = 0; i < ELEMENTSOF(calls); i++)
                (void) vfs->xSetSystemCall(vfs, calls[i], (sqlite3_syscall_ptr) function);
}

/* A full disk, in the kernel's words. A small tmpfs would say the same, and need a mount. */
static inline ssize_t test_write_no_room(int fd, const void *bytes, size_t size, off_t offset) {
        errno = ENOSPC;
        return -1;
}
