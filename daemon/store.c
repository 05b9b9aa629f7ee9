/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "schema.h"
#include "log.h"
#include "store.h"

/*
 * How long to wait for sqlite3(1), say, to let go of the database. While jobd runs nobody is served meanwhile, and
 * nobody but jobd has a reason to write to it: what cannot be written soon is refused, or tried again.
 */
enum {
        OPEN_TIMEOUT_MSEC = 5000,
        WRITE_TIMEOUT_MSEC = 1000,
};

typedef struct Waiting {
        StoreCommitted callback;
        void *userdata;
        char **log_context; /* of who asked for the change; NULL: nobody */
        int error;          /* what it waits for was undone within the batch */
} Waiting;

struct Store {
        sqlite3 *db;
        sqlite3_stmt *statements[_STORE_STATEMENT_MAX];
        bool in_batch;
        int batch_error; /* a write of the batch has failed in a way that SQLite undid the transaction for */
        GArray *waiting; /* of Waiting */
        GArray *nested;  /* of guint: how many waited when each of those that are open began */
        char *error_text;
        StoreBatchOpened batch_opened;
        void *batch_opened_userdata;
        StoreCommitted batch_lost;
        void *batch_lost_userdata;
};

static int errno_from_sqlite(int code) {
        switch (code & 0xff) {
        case SQLITE_OK:
        case SQLITE_ROW:
        case SQLITE_DONE:
                return 0;
        case SQLITE_FULL:
                return -ENOSPC;
        case SQLITE_NOMEM:
                return -ENOMEM;
        case SQLITE_CONSTRAINT:
                return -EEXIST;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
                return -EBADMSG;
        case SQLITE_READONLY:
                return -EROFS;
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_AUTH:
                return -EACCES;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                return -EBUSY;
        case SQLITE_TOOBIG:
                return -E2BIG;
        default:
                return -EIO;
        }
}

static int store_failed(Store *s, int code) {
        int r = errno_from_sqlite(code);

        /* No room for the -shm file, which opening needs, is no SQLITE_FULL. */
        if (r == -EIO && sqlite3_system_errno(s->db) == ENOSPC)
                r = -ENOSPC;
        g_free(s->error_text);
        if (r == -ENOSPC)
                s->error_text = g_strdup("there is no room on the disk");
        else if (r == -EROFS)
                s->error_text = g_strdup("the database cannot be written to: the file, its directory or its file system "
                                         "is read-only");
        else if (r == -EBUSY)
                s->error_text = g_strdup("another program, such as sqlite3(1), keeps the database locked");
        else
                s->error_text = g_strdup(sqlite3_errmsg(s->db));
        return r;
}

int store_bad_record(Store *s, const char *format, ...) {
        va_list ap;

        g_free(s->error_text);
        va_start(ap, format);
        s->error_text = g_strdup_vprintf(format, ap);
        va_end(ap);
        return -EBADMSG;
}

const char *store_error_text(const Store *s) {
        return s->error_text ?: "no error";
}

static int store_exec(Store *s, const char *sql) {
        int code;

        code = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
        return code == SQLITE_OK ? 0 : store_failed(s, code);
}

/* ---- batches ---- */

void store_set_batch_opened(Store *s, StoreBatchOpened callback, void *userdata) {
        s->batch_opened = callback;
        s->batch_opened_userdata = userdata;
}

void store_set_batch_lost(Store *s, StoreCommitted callback, void *userdata) {
        s->batch_lost = callback;
        s->batch_lost_userdata = userdata;
}

bool store_has_batch(const Store *s) {
        return s->in_batch;
}

static int store_begin(Store *s) {
        int r;

        if (s->in_batch)
                return s->batch_error;

        r = store_exec(s, "BEGIN IMMEDIATE");
        if (r < 0)
                return r;
        s->in_batch = true;
        s->batch_error = 0;
        if (s->batch_opened)
                s->batch_opened(s, s->batch_opened_userdata);
        return 0;
}

int store_commit(Store *s) {
        g_autoptr(GArray) waiting = NULL;
        int r;

        if (!s->in_batch)
                return 0;

        r = s->batch_error < 0 ? s->batch_error : store_exec(s, "COMMIT");
        if (r < 0 && sqlite3_get_autocommit(s->db) == 0)
                (void) sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        s->in_batch = false;
        s->batch_error = 0;

        waiting = TAKE_PTR(s->waiting);
        s->waiting = g_array_new(false, false, sizeof(Waiting));
        g_array_set_size(s->nested, 0);
        if (r < 0 && s->batch_lost)
                s->batch_lost(r, s->batch_lost_userdata);
        for (guint i = 0; i < waiting->len; i++) {
                Waiting *w = &g_array_index(waiting, Waiting, i);

                log_context_enter(w->log_context);
                w->callback(r < 0 ? r : w->error, w->userdata);
                log_context_enter(NULL);
                g_strfreev(w->log_context);
        }
        return r;
}

int store_flush(Store *s) {
        int r = 0;

        while (s->in_batch && r >= 0)
                r = store_commit(s);
        if (s->in_batch) /* written by a callback that was told of a failure: it will not be kept either */
                (void) store_commit(s);
        return r;
}

void store_after_commit(Store *s, StoreCommitted callback, void *userdata) {
        Waiting w = { .callback = callback, .userdata = userdata };

        if (!s->in_batch) {
                callback(0, userdata);
                return;
        }
        w.log_context = log_context_capture();
        g_array_append_val(s->waiting, w);
}

int store_nested_begin(Store *s) {
        int r;

        r = store_begin(s);
        if (r >= 0)
                r = store_exec(s, "SAVEPOINT nested");
        if (r >= 0)
                g_array_append_val(s->nested, s->waiting->len);
        return r;
}

/* Whoever waits for what was written since. */
static void fail_waiting(Store *s, guint first, int error) {
        for (guint i = first; i < s->waiting->len; i++)
                g_array_index(s->waiting, Waiting, i).error = error;
}

int store_nested_end(Store *s, int r) {
        guint first = g_array_index(s->nested, guint, s->nested->len - 1);
        int q;

        g_array_set_size(s->nested, s->nested->len - 1);
        if (s->batch_error < 0)
                return s->batch_error;
        if (r < 0) {
                (void) store_exec(s, "ROLLBACK TO nested");
                fail_waiting(s, first, r);
        }
        q = store_exec(s, "RELEASE nested");
        return r < 0 ? r : q;
}

/* ---- statements ---- */

int store_statement(Store *s, StoreStatement which, const char *sql, sqlite3_stmt **ret) {
        int code;

        if (!s->statements[which]) {
                code = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->statements[which], NULL);
                if (code != SQLITE_OK)
                        return store_failed(s, code);
        }
        *ret = s->statements[which];
        return 0;
}

int store_prepare(Store *s, const char *sql, sqlite3_stmt **ret) {
        int code;

        code = sqlite3_prepare_v2(s->db, sql, -1, ret, NULL);
        return code == SQLITE_OK ? 0 : store_failed(s, code);
}

int store_write_statement(Store *s, StoreStatement which, const char *sql, sqlite3_stmt **ret) {
        int r;

        r = store_begin(s);
        if (r < 0)
                return r;
        return store_statement(s, which, sql, ret);
}

void store_statement_reset(sqlite3_stmt *statement) {
        (void) sqlite3_reset(statement);
        (void) sqlite3_clear_bindings(statement);
}

int store_step(Store *s, sqlite3_stmt *statement) {
        int code, r;

        code = sqlite3_step(statement);
        if (code == SQLITE_ROW)
                return 1;
        r = code == SQLITE_DONE ? 0 : store_failed(s, code);
        store_statement_reset(statement);

        /* Some failures undo the whole transaction (lang_transaction.html, 3.1): the batch is lost then, and no later
         * write may slip out of it as a transaction of its own. */
        if (r < 0 && s->in_batch && sqlite3_get_autocommit(s->db) != 0)
                s->batch_error = r;
        return r;
}

int store_bind_text(Store *s, sqlite3_stmt *statement, int index, const char *text) {
        int code;

        code = text ? sqlite3_bind_text(statement, index, text, -1, SQLITE_TRANSIENT)
                    : sqlite3_bind_null(statement, index);
        return code == SQLITE_OK ? 0 : store_failed(s, code);
}

int store_bind_int64(Store *s, sqlite3_stmt *statement, int index, int64_t value) {
        int code;

        code = sqlite3_bind_int64(statement, index, value);
        return code == SQLITE_OK ? 0 : store_failed(s, code);
}

int store_write_key(Store *s, StoreStatement which, const char *sql, const char *key) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_write_statement(s, which, sql, &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, key);
        return r < 0 ? r : store_step(s, statement);
}

const char *store_column_text(sqlite3_stmt *statement, int column) {
        return (const char *) sqlite3_column_text(statement, column) ?: "";
}

/* ---- opening ---- */

static int schema_version(Store *s, int *ret) {
        sqlite3_stmt *statement = NULL;
        int code;

        code = sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &statement, NULL);
        if (code == SQLITE_OK)
                code = sqlite3_step(statement);
        if (code == SQLITE_ROW)
                *ret = sqlite3_column_int(statement, 0);
        (void) sqlite3_finalize(statement);
        return code == SQLITE_ROW ? 0 : store_failed(s, code);
}

static int migrate_from(Store *s, int version) {
        int r;

        for (int v = version; v < STORE_SCHEMA_VERSION; v++) {
                g_autofree char *set_version = g_strdup_printf("PRAGMA user_version = %i", v + 1);

                r = store_exec(s, schema_migrations[v]);
                if (r < 0)
                        return r;
                r = store_exec(s, set_version);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int store_migrate(Store *s, bool *ret_migrated, char **ret_error) {
        int version = 0, r;

        r = schema_version(s, &version);
        if (r < 0)
                return r;
        if (version < 0) {
                *ret_error = g_strdup_printf("it says that its schema is %i, which no jobd has written", version);
                return -EBADMSG;
        }
        if (version > STORE_SCHEMA_VERSION) {
                *ret_error = g_strdup_printf("it was written by a newer jobd (schema %i, this one knows %i): install "
                                             "that version again, or restore a backup",
                                             version, STORE_SCHEMA_VERSION);
                return -EPROTO;
        }

        *ret_migrated = version < STORE_SCHEMA_VERSION;
        if (!*ret_migrated)
                return 0;

        r = store_exec(s, "BEGIN EXCLUSIVE");
        if (r < 0)
                return r;
        r = migrate_from(s, version);
        if (r >= 0)
                r = store_exec(s, "COMMIT");
        if (r < 0)
                (void) sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        return r;
}

/*
 * WAL: readers never wait, one fsync a commit; FULL: that fsync is done, so that what was acknowledged outlives a
 * power cut. Views and triggers of a database that somebody else put there are not trusted (security.html of SQLite).
 */
static int store_configure(Store *s) {
        int r;

        (void) sqlite3_extended_result_codes(s->db, 1);
        (void) sqlite3_busy_timeout(s->db, OPEN_TIMEOUT_MSEC);
        (void) sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        (void) sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);

        r = store_exec(s, "PRAGMA journal_mode = WAL");
        if (r < 0)
                return r;
        return store_exec(s, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;"
                             "PRAGMA temp_store = MEMORY");
}

/*
 * A file cut short is told at once, by name, not when some query first meets the hole. The header says how many pages
 * there are (fileformat2.html, 1.3.8); PRAGMA quick_check would say more, but reads the whole file at each activation.
 * It says nothing while there is a WAL: a checkpoint writes the header first, and the file grows after it, so that a
 * jobd killed in between leaves a file that is short and a WAL that has the rest.
 */
static int check_size(const char *path) {
        g_autofree char *wal = g_strconcat(path, "-wal", NULL);
        _cleanup_close_ int fd = -EBADF;
        unsigned char header[100];
        uint64_t page_size, n_pages;
        struct stat st;

        if (stat(wal, &st) >= 0 && st.st_size > 0)
                return 0;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (pread(fd, header, sizeof(header), 0) != (ssize_t) sizeof(header))
                return -EBADMSG;

        page_size = (uint64_t) header[16] << 8 | header[17];
        if (page_size == 1)
                page_size = 65536;
        n_pages = (uint64_t) header[28] << 24 | (uint64_t) header[29] << 16 | (uint64_t) header[30] << 8 | header[31];
        return (uint64_t) st.st_size < page_size * n_pages ? -EBADMSG : 0;
}

static int open_error(Store *s, const char *path, int r, char *detail, char **ret_error) {
        const char *advice = "";

        if (r == -EBADMSG)
                advice = ": it is damaged; move it away (jobd starts with an empty registry then) or restore a backup";
        if (!detail)
                detail = g_strdup(r == -EBADMSG ? "it is not a database, or not a whole one" : store_error_text(s));
        *ret_error = g_strdup_printf("cannot use the database %s: %s%s", path, detail, advice);
        g_free(detail);
        return r;
}

/* Made by us, so that its mode is 0600 whatever the umask, before SQLite writes a byte. */
static int create_file(const char *path, bool *ret_new, char **ret_error) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        int r;

        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
        if (fd < 0 || fstat(fd, &st) < 0) {
                r = -errno;
                *ret_error = g_strdup_printf("cannot open the database %s: %s%s", path, g_strerror(-r),
                                             r == -ENOENT  ? ": create its directory (mode 0700, owner root)"
                                             : r == -ELOOP ? ": it must be the file itself, not a link"
                                                           : "");
                return r;
        }
        if (!S_ISREG(st.st_mode)) {
                *ret_error = g_strdup_printf("cannot use the database %s: it is not a regular file", path);
                return -EINVAL;
        }
        *ret_new = st.st_size == 0;
        return 0;
}

int store_open(const char *path, Store **ret, bool *ret_migrated, char **ret_error) {
        _cleanup_(store_closep) Store *s = NULL;
        bool is_new = false, migrated = false;
        char *detail = NULL;
        int code, r;

        r = create_file(path, &is_new, ret_error);
        if (r < 0)
                return r;

        s = g_new0(Store, 1);
        s->waiting = g_array_new(false, false, sizeof(Waiting));
        s->nested = g_array_new(false, false, sizeof(guint));
        r = is_new ? 0 : check_size(path);
        if (r < 0)
                return open_error(s, path, r, NULL, ret_error);

        code = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
        r = code == SQLITE_OK ? 0 : store_failed(s, code);
        if (r >= 0)
                r = store_configure(s);
        if (r >= 0)
                r = store_migrate(s, &migrated, &detail);
        if (r < 0)
                return open_error(s, path, r, detail, ret_error);
        (void) sqlite3_busy_timeout(s->db, WRITE_TIMEOUT_MSEC);

        *ret = TAKE_PTR(s);
        *ret_migrated = migrated;
        return 0;
}

Store *store_close(Store *s) {
        if (!s)
                return NULL;

        (void) store_flush(s);
        for (size_t i = 0; i < ELEMENTSOF(s->statements); i++)
                (void) sqlite3_finalize(s->statements[i]);
        (void) sqlite3_close(s->db); /* also when opening it has failed */
        g_array_free(s->waiting, true);
        g_array_free(s->nested, true);
        g_free(s->error_text);
        g_free(s);
        return NULL;
}
