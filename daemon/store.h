/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sqlite3.h>

#include "macro.h"

/*
 * The database. store*.c are the only files that know SQLite: store.c opens, migrates and batches, the others hold the SQL
 * of their tables.
 *
 * Writes of one turn of the event loop share a transaction, the batch. A write returns when the database has taken it;
 * it lasts only when the batch is committed. Whoever acknowledges something, or acts on it, does so in a callback of
 * store_after_commit(), which is run in the log context (log.h) of whoever asked for it. If the batch cannot be committed nothing of it is kept, and the callbacks are told so.
 */
typedef struct Store Store;

/* Called once a batch is open: the owner of the loop arranges for store_commit() soon. */
typedef void (*StoreBatchOpened)(Store *s, void *userdata);

/* r: 0 when the batch is on the disk, or the negative errno for which it, or what belonged together, was undone. */
typedef void (*StoreCommitted)(int r, void *userdata);

enum { STORE_SCHEMA_VERSION = 5 };

/*
 * Opens the database, creates or migrates it (in one transaction). Returns 0, or negative errno and a sentence:
 * -EPROTO: written by a newer jobd; -EBADMSG: not a database or damaged; -ENOSPC; -EROFS; -EACCES; -EIO; -ENOENT: the
 * directory is missing. *ret_migrated: the schema was created or changed, so the registry needs a refresh.
 */
int store_open(const char *path, Store **ret, bool *ret_migrated, char **ret_error) _must_check_;

/* Commits what is open and what callbacks write then, and closes. Accepts NULL, returns NULL. */
Store *store_close(Store *s);
DEFINE_CLEANUP(Store *, store_close);

void store_set_batch_opened(Store *s, StoreBatchOpened callback, void *userdata);

/*
 * Called when a batch was given up, before the callbacks of store_after_commit(): what was read from the database and
 * changed in memory must be read again.
 */
void store_set_batch_lost(Store *s, StoreCommitted callback, void *userdata);

/* Commits the batch, if one is open, and runs its callbacks. Returns 0 or the errno that they were told. */
int store_commit(Store *s);

/*
 * The same for a store that is about to be closed: commits until no batch is open, since callbacks may write. To be
 * called while those whom the callbacks belong to still live. Returns the first error.
 */
int store_flush(Store *s);

/* Runs the callback when the open batch is committed or given up; at once, with 0, when no batch is open. */
void store_after_commit(Store *s, StoreCommitted callback, void *userdata);

/* Whether callbacks of store_after_commit() wait. */
bool store_has_batch(const Store *s);

/* The last failure in words ("no room on the disk"), for messages; borrowed, never NULL. */
const char *store_error_text(const Store *s);

/* ---- for store-*.c only ---- */

/* A statement, prepared once and kept; cleared of its bindings. NULL and errno-style *ret_error on failure. */
typedef enum StoreStatement {
        STORE_JOB_LIST,
        STORE_JOB_OVERRIDES,
        STORE_JOB_PUT,
        STORE_JOB_OVERRIDE_PUT,
        STORE_JOB_OVERRIDES_CLEAR,
        STORE_JOB_DELETE,
        STORE_JOB_HIDE,
        STORE_JOB_DELETED,
        STORE_JOB_DETACH,
        STORE_JOB_DETACH_SCHEDULES,
        STORE_RESULT_INSERT,
        STORE_RESULT_UPDATE,
        STORE_RESULT_DELETE,
        STORE_RESULT_GET,
        STORE_RESULT_FOLLOWERS,
        STORE_RESULT_LATEST,
        STORE_RESULT_COUNT,
        STORE_RESULT_REQUESTERS,
        STORE_RESULT_NEWEST_SEQ,
        STORE_RESULT_TIME,
        STORE_RESULT_ACTIVE,
        STORE_RESULT_SET_RESULT,
        STORE_SCHEDULE_INSERT,
        STORE_SCHEDULE_UPDATE,
        STORE_SCHEDULE_DELETE,
        STORE_SCHEDULE_GET,
        STORE_SCHEDULE_GET_BY_NAME,
        STORE_SCHEDULE_OF_JOB,
        STORE_SCHEDULE_DUE,
        STORE_SCHEDULE_EXPIRING,
        STORE_SCHEDULE_NEXT_DUE,
        STORE_SCHEDULE_NEXT_EXPIRY,
        STORE_SCHEDULE_COUNT,
        STORE_CHAIN_PUT,
        STORE_CHAIN_DELETE,
        STORE_CHAIN_LIST,
        STORE_CHAIN_LIST_ALL,
        STORE_CLEAN_LIST,
        STORE_CLEAN_THRESHOLD,
        STORE_CLEAN_SCHEDULES,
        STORE_CLOCK_OCCURRENCE,
        STORE_CLOCK_DELAYS,
        STORE_WAITING_LINES,
        STORE_WAITING_ASIDE,
        STORE_WAITING_SINGLETONS,
        STORE_WAITING_NEXT,
        STORE_WAITING_NUMBER,
        STORE_WAITING_NEXT_DUE,
        STORE_WAITING_DUE,
        STORE_WAITING_OLDEST_SINGLETON,
        STORE_WAITING_NEWEST_SINGLETON,
        STORE_WAITING_SET,
        STORE_QUEUE_LIST,
        STORE_QUEUE_PUT,
        STORE_QUEUE_DELETE,
        STORE_OUTPUT_PUT,
        STORE_OUTPUT_GET,
        STORE_OUTPUT_LIST,
        STORE_OUTPUT_REMOVALS,
        STORE_OUTPUT_REMOVED,
        STORE_APPROVAL_LIST,
        STORE_APPROVAL_INSERT,
        STORE_APPROVAL_VOID,
        STORE_APPROVAL_PUT_FACTS,
        STORE_APPROVAL_GET_FACTS,
        STORE_OBJECT_LIST,
        STORE_OBJECT_PUT,
        STORE_OBJECT_DELETE,
        STORE_OBJECT_MODELS,
        _STORE_STATEMENT_MAX,
} StoreStatement;

int store_statement(Store *s, StoreStatement which, const char *sql, sqlite3_stmt **ret) _must_check_;

/* For a statement whose text varies: the caller finalizes it. */
int store_prepare(Store *s, const char *sql, sqlite3_stmt **ret) _must_check_;

static inline void store_statement_finalizep(sqlite3_stmt **statement) {
        (void) sqlite3_finalize(*statement);
}

/* The same, and opens the batch: for statements that write. */
int store_write_statement(Store *s, StoreStatement which, const char *sql, sqlite3_stmt **ret) _must_check_;

/* Executes one that writes and has one value, the key of what it is about. */
int store_write_key(Store *s, StoreStatement which, const char *sql, const char *key) _must_check_;

/*
 * Several writes that belong together: begin, the writes up to the first that fails, end with the result so far, which
 * undoes all of them when it is negative and returns it; who waits for their commit is told so.
 */
int store_nested_begin(Store *s) _must_check_;
int store_nested_end(Store *s, int r) _must_check_;

/* Steps: 1 for a row, 0 when done, negative errno. The statement is reset unless there was a row. */
int store_step(Store *s, sqlite3_stmt *statement) _must_check_;

void store_statement_reset(sqlite3_stmt *statement);
DEFINE_CLEANUP(sqlite3_stmt *, store_statement_reset);

int store_bind_text(Store *s, sqlite3_stmt *statement, int index, const char *text) _must_check_; /* NULL: SQL NULL */
int store_bind_int64(Store *s, sqlite3_stmt *statement, int index, int64_t value) _must_check_;

/* For a record that makes no sense: sets what store_error_text() says, returns -EBADMSG. */
int store_bad_record(Store *s, const char *format, ...) _printf_(2, 3);
const char *store_column_text(sqlite3_stmt *statement, int column); /* "" for NULL; valid until the next step */
