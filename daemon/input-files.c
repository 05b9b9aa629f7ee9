/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "file-bundle.h"
#include "file-copy.h"
#include "input-directory.h"
#include "input-files.h"
#include "input-share.h"
#include "log.h"
#include "names.h"
#include "sealed-file.h"
#include "store-result.h"
#include "store-schedule.h"
#include "variable.h"

enum {
        COPYING_MAX = 8,            /* requests at a time, of as many users */
        REQUESTS_MAX = 64,          /* that wait or are being copied */
        REQUESTS_OF_USER_MAX = 16,
        SECRETS_SIZE_MAX = 64 * 1024 * 1024, /* of all sensitive files that are kept in memory */
};

#define COPY_TIMEOUT_USEC (60 * USEC_PER_SEC)

struct InputFiles {
        sd_event *event;
        const Settings *settings;
        char *directory;
        char *sealed_directory;
        GQueue requests; /* of Request, owned; in their order */
        unsigned n_copying;
        GHashTable *secrets; /* id -> table of variable -> Secret */
        uint64_t secrets_size;
        uint64_t kept_size; /* of those on the disk */
        InputShare *share;  /* whose they are */
};

typedef struct Request {
        InputFiles *owner; /* weak ref */
        InputFilesRequest request;
        char id[UUID_STRING_SIZE];
        GPtrArray *files; /* of InputFile, weak refs: those that are copied */
        FileCopySource *sources;
        char **paths;
        FileCopy *copy; /* NULL: it waits */
} Request;

static bool is_copied(const InputFile *file) {
        return file->fd >= 0;
}

static void request_free_func(void *p) {
        Request *q = p;

        (void) file_copy_free(q->copy);
        for (guint i = 0; q->sources && i < q->files->len; i++)
                if (q->sources[i].memory) {
                        explicit_bzero(q->sources[i].memory, q->sources[i].max);
                        (void) munmap(q->sources[i].memory, q->sources[i].max);
                }
        g_free(q->sources);
        g_strfreev(q->paths);
        g_ptr_array_unref(q->files);
        g_free(q);
}

/* ---- sensitive ones ---- */

static GHashTable *find_secrets(const InputFiles *f, const char *id) {
        return g_hash_table_lookup(f->secrets, id);
}

const Secret *input_files_find_secret(const InputFiles *f, const char *id, const char *variable) {
        GHashTable *of_id = find_secrets(f, id);

        return of_id ? g_hash_table_lookup(of_id, variable) : NULL;
}

char **input_files_list_secrets(const InputFiles *f, const char *id) {
        GHashTable *of_id = find_secrets(f, id);
        GPtrArray *names = g_ptr_array_new();
        GHashTableIter i;
        const char *name;

        if (of_id) {
                g_hash_table_iter_init(&i, of_id);
                while (g_hash_table_iter_next(&i, (void **) &name, NULL))
                        g_ptr_array_add(names, g_strdup(name));
        }
        g_ptr_array_add(names, NULL);
        return (char **) g_ptr_array_free(names, false);
}

void input_files_put_secret(InputFiles *f, const char *id, const char *variable, Secret *contents) {
        GHashTable *of_id = find_secrets(f, id);
        const Secret *old;

        if (!of_id) {
                of_id = file_bundle_new();
                (void) g_hash_table_insert(f->secrets, g_strdup(id), of_id);
        }
        old = g_hash_table_lookup(of_id, variable);
        if (old)
                f->secrets_size -= secret_size(old);
        f->secrets_size += secret_size(contents);
        (void) g_hash_table_insert(of_id, g_strdup(variable), contents);
}

static void remove_secrets(InputFiles *f, const char *id) {
        GHashTable *of_id = find_secrets(f, id);
        GHashTableIter i;
        const Secret *s;

        if (!of_id)
                return;
        g_hash_table_iter_init(&i, of_id);
        while (g_hash_table_iter_next(&i, NULL, (void **) &s))
                f->secrets_size -= secret_size(s);
        (void) g_hash_table_remove(f->secrets, id);
}

/* ---- copying ---- */

static void start_requests(InputFiles *f);

static void request_end(Request *q, Refusal *refusal) {
        InputFiles *f = q->owner;

        if (q->copy)
                f->n_copying--;
        (void) g_queue_remove(&f->requests, q);
        q->request.copied(refusal, q->request.userdata);
        if (refusal)
                refusal_done(refusal);
        request_free_func(q);
}

static void add_message(InputFiles *f, InputFile *file, const FileCopied *c) {
        switch (c->error) {
        case 0:
        case -ECANCELED: /* another one is to blame */
                break;
        case -EISDIR:
                input_file_message(file, "This is not a regular file.");
                break;
        case -EFBIG:
                input_file_message(file, VARIABLE_MESSAGE_FILE_TOO_LARGE, file->max);
                break;
        case -EOVERFLOW:
                input_file_message(file, "Ensure the files of a run have at most %" PRIu64 " bytes in all.",
                                   f->settings->input_files_size_max);
                break;
        case -EBADF:
                input_file_message(file, "This file is not open for reading.");
                break;
        case -ETIMEDOUT:
                input_file_message(file, "It took too long to read this file.");
                break;
        default:
                input_file_message(file, "This file cannot be copied: %s.", g_strerror(-c->error));
        }
}

static bool is_disk_full(int error) {
        return error == -ENOSPC || error == -EDQUOT;
}

static int keep_secret(Request *q, guint i, uint64_t size, Refusal *refusal) {
        const InputFile *file = q->files->pdata[i];
        InputFiles *f = q->owner;
        Secret *contents;

        if (!input_share_allows_in_memory(f->share, q->request.uid, f->secrets_size, size, SECRETS_SIZE_MAX) ||
            f->secrets_size + size > SECRETS_SIZE_MAX)
                return refuse(refusal, -E2BIG, BUS_ERROR_TOO_MANY,
                              "the sensitive files of all runs that wait may have %i bytes in all: request it later",
                              SECRETS_SIZE_MAX);
        contents = secret_new_bytes(q->sources[i].memory, size);
        if (!contents)
                return refuse(refusal, -ENOMEM, BUS_ERROR_TOO_MANY, "there is no memory to hold the files of the run");
        input_files_put_secret(f, q->id, file->variable, contents);
        return 0;
}

/* Systemd takes so much of credentials only. */
static bool check_secrets(Request *q, const FileCopied *copied) {
        uint64_t size = 0;

        for (guint i = 0; i < q->files->len; i++) {
                InputFile *file = q->files->pdata[i];

                size += file->sensitive ? copied[i].size : 0;
                if (file->sensitive && size > INPUT_FILES_SECRET_SIZE_MAX) {
                        input_file_message(file, "Ensure the sensitive files of a run have at most %i bytes in all.",
                                           INPUT_FILES_SECRET_SIZE_MAX);
                        return false;
                }
        }
        return true;
}

/* 1 when all were copied. */
static int take_copied(Request *q, const FileCopied *copied, Refusal *refusal) {
        uint64_t sizes[2] = {}; /* on the disk, in memory */
        bool good = true;
        int r = 0;

        for (guint i = 0; i < q->files->len; i++) {
                if (is_disk_full(copied[i].error))
                        return refuse_store(refusal, -ENOSPC, "there is no room on the disk");
                add_message(q->owner, q->files->pdata[i], copied + i);
                good = good && copied[i].error == 0;
        }
        if (!good || q->request.look_only || !check_secrets(q, copied))
                return 0;
        for (guint i = 0; r >= 0 && i < q->files->len; i++) {
                InputFile *file = q->files->pdata[i];

                file->size = copied[i].size;
                (void) g_strlcpy(file->sha256, copied[i].sha256, sizeof(file->sha256));
                if (file->sensitive)
                        r = keep_secret(q, i, copied[i].size, refusal);
        }
        for (guint i = 0; r >= 0 && i < q->files->len; i++)
                sizes[((const InputFile *) q->files->pdata[i])->sensitive ? 1 : 0] += copied[i].size;
        if (r < 0)
                return r;
        q->owner->kept_size += sizes[0];
        input_share_add(q->owner->share, q->id, q->request.uid, sizes[0], sizes[1]);
        return 1;
}

/* What was copied of a request that failed; it was not counted as kept. */
static void discard(Request *q) {
        remove_secrets(q->owner, q->id);
        (void) input_directory_remove(q->owner->directory, q->id, NULL);
}

static void on_copied(const FileCopied *copied, size_t n, void *userdata) {
        Request *q = userdata;
        InputFiles *f = q->owner;
        Refusal refusal = {};
        int r;

        r = take_copied(q, copied, &refusal);
        if (r <= 0)
                discard(q);
        request_end(q, r < 0 ? &refusal : NULL);
        start_requests(f);
}

/* Shared with the process that copies, and with no other that is forked meanwhile. */
static void *map_memory(uint64_t size) {
        void *p;

        p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p == MAP_FAILED)
                return NULL;
        (void) madvise(p, size, MADV_DONTDUMP);
        return p;
}

static void keep_from_children(const Request *q) {
        for (guint i = 0; i < q->files->len; i++)
                if (q->sources[i].memory)
                        (void) madvise(q->sources[i].memory, q->sources[i].max, MADV_DONTFORK);
}

static int make_sources(Request *q, bool *ret_on_disk) {
        q->sources = g_new0(FileCopySource, q->files->len);
        q->paths = g_new0(char *, q->files->len + 1);
        *ret_on_disk = false;
        for (guint i = 0; i < q->files->len; i++) {
                const InputFile *file = q->files->pdata[i];
                FileCopySource *s = q->sources + i;

                q->paths[i] = g_build_filename(q->owner->directory, q->id, file->variable, NULL);
                *s = (FileCopySource){ .fd = file->fd, .max = file->max, .path = q->paths[i], .mode = 0444 };
                if (!file->sensitive) {
                        *ret_on_disk = true;
                        continue;
                }
                s->path = NULL;
                s->memory = map_memory(s->max);
                if (!s->memory)
                        return -ENOMEM;
        }
        return 0;
}

static int request_start(Request *q, Refusal *refusal) {
        InputFiles *f = q->owner;
        const FileCopyLimits limits = {
                .all = f->settings->input_files_size_max,
                .timeout_usec = COPY_TIMEOUT_USEC,
                .look_only = q->request.look_only,
        };
        bool on_disk;
        int r;

        r = make_sources(q, &on_disk);
        if (r >= 0 && on_disk && !q->request.look_only)
                r = input_directory_make(f->directory, q->id);
        if (r >= 0)
                r = file_copy_start(f->event, q->sources, q->files->len, &limits, on_copied, q, &q->copy);
        if (r < 0) {
                discard(q);
                return is_disk_full(r) ? refuse_store(refusal, -ENOSPC, "there is no room on the disk")
                                       : refuse(refusal, r, SD_BUS_ERROR_FAILED, "the files cannot be copied: %s",
                                                file_copy_error_text(r));
        }
        keep_from_children(q);
        f->n_copying++;
        return 0;
}

static bool user_is_copying(const InputFiles *f, uint32_t uid) {
        for (const GList *l = f->requests.head; l; l = l->next) {
                const Request *q = l->data;

                if (q->copy && q->request.uid == uid)
                        return true;
        }
        return false;
}

/* One of each user: whose file is on a disk that does not answer keeps nobody else waiting. */
static Request *next_request(const InputFiles *f) {
        for (const GList *l = f->requests.head; l; l = l->next) {
                Request *q = l->data;

                if (!q->copy && !user_is_copying(f, q->request.uid))
                        return q;
        }
        return NULL;
}

static void start_requests(InputFiles *f) {
        while (f->n_copying < COPYING_MAX) {
                Request *q = next_request(f);
                Refusal refusal = {};

                if (!q)
                        break;
                if (request_start(q, &refusal) < 0)
                        request_end(q, &refusal);
        }
}

static unsigned count_requests(const InputFiles *f, uint32_t uid) {
        unsigned n = 0;

        for (const GList *l = f->requests.head; l; l = l->next)
                if (((const Request *) l->data)->request.uid == uid)
                        n++;
        return n;
}

int input_files_copy(InputFiles *f, const InputFilesRequest *request, Refusal *refusal) {
        Request *q;

        if (g_queue_get_length(&f->requests) >= REQUESTS_MAX ||
            count_requests(f, request->uid) >= REQUESTS_OF_USER_MAX)
                return refuse(refusal, -E2BIG, BUS_ERROR_TOO_MANY,
                              "the files of too many requests are being copied already: wait for one of them");

        if (f->kept_size >= f->settings->input_files_kept_max)
                return refuse(refusal, -E2BIG, BUS_ERROR_TOO_MANY,
                              "the files of runs that have not ended have %" PRIu64 " bytes already, no more are taken: "
                              "see InputFilesKeptMax= in jobd.conf(5)",
                              f->kept_size);

        if (!input_share_allows_on_disk(f->share, request->uid, f->kept_size, 1, f->settings->input_files_kept_max))
                return refuse(refusal, -E2BIG, BUS_ERROR_TOO_MANY,
                              "the files of runs that have not ended have %" PRIu64 " bytes already, and too many of them "
                              "are those of one user: no more of theirs are taken, see InputFilesKeptMax= in jobd.conf(5)",
                              f->kept_size);

        q = g_new0(Request, 1);
        q->owner = f;
        q->request = *request;
        (void) g_strlcpy(q->id, request->id, sizeof(q->id));
        q->files = g_ptr_array_new();
        for (guint i = 0; i < request->files->len; i++)
                if (is_copied(request->files->pdata[i]))
                        g_ptr_array_add(q->files, request->files->pdata[i]);
        g_queue_push_tail(&f->requests, q);
        start_requests(f);
        return 0;
}

bool input_files_is_idle(const InputFiles *f) {
        return g_queue_is_empty((GQueue *) &f->requests);
}

/* ---- having them ---- */

/* NULL: there is no memory for them. files may be NULL. */
static GHashTable *copy_secrets(GHashTable *files) {
        g_autoptr(GHashTable) copies = file_bundle_new();
        GHashTableIter i;
        const char *name;
        const Secret *s;

        if (!files)
                return TAKE_PTR(copies);
        g_hash_table_iter_init(&i, files);
        while (g_hash_table_iter_next(&i, (void **) &name, (void **) &s)) {
                Secret *copy = secret_new_bytes(secret_bytes(s), secret_size(s));

                if (!copy)
                        return NULL;
                (void) g_hash_table_insert(copies, g_strdup(name), copy);
        }
        return TAKE_PTR(copies);
}

static void put_secrets(InputFiles *f, const char *id, GHashTable *secrets) {
        GHashTableIter i;
        char *name;
        Secret *s;

        g_hash_table_iter_init(&i, secrets);
        while (g_hash_table_iter_next(&i, (void **) &name, (void **) &s)) {
                g_hash_table_iter_steal(&i);
                input_files_put_secret(f, id, name, s);
                g_free(name);
        }
}

int input_files_link(InputFiles *f, const char *from, const char *to) {
        g_autoptr(GHashTable) secrets = copy_secrets(find_secrets(f, from));
        int r;

        if (!secrets)
                return -ENOMEM;
        r = input_directory_link(f->directory, from, to);
        if (r < 0)
                return r;
        r = input_directory_link(f->sealed_directory, from, to);
        if (r < 0) {
                (void) input_directory_remove(f->directory, to, NULL);
                return r;
        }
        input_share_copy(f->share, from, to);
        put_secrets(f, to, secrets);
        return 0;
}

int input_files_move(InputFiles *f, const char *from, const char *to) {
        int r;

        r = input_files_link(f, from, to);
        if (r >= 0)
                input_files_remove(f, from);
        return r;
}

void input_files_remove(InputFiles *f, const char *id) {
        uint64_t freed = 0;
        int r, q;

        remove_secrets(f, id);
        r = input_directory_remove(f->directory, id, &freed);
        q = input_directory_remove(f->sealed_directory, id, &freed);
        input_share_remove(f->share, id);
        f->kept_size -= MIN(freed, f->kept_size);
        r = r < 0 ? r : q;
        if (r < 0)
                (void) log_warning_errno(r, "Cannot remove the input files of %s, trying again at the next start: %m",
                                         id);
}

/* ---- sealed ---- */

int input_files_bundle(const InputFiles *f, const char *id, Secret **ret) {
        GHashTable *of_id = find_secrets(f, id);

        if (!of_id)
                return 0;
        *ret = file_bundle_format(of_id);
        return *ret ? 1 : -ENOMEM;
}

int input_files_put_sealed(InputFiles *f, const char *id, const char *ciphertext) {
        int r;

        r = sealed_file_write(f->sealed_directory, id, ciphertext);
        if (r < 0)
                return r;
        f->kept_size += strlen(ciphertext);
        (void) input_share_change(f->share, id, strlen(ciphertext), 0);
        remove_secrets(f, id);
        return 0;
}

int input_files_read_sealed(const InputFiles *f, const char *id, char **ret) {
        return sealed_file_read(f->sealed_directory, id, ret);
}

static uint64_t size_of_all(GHashTable *files) {
        GHashTableIter i;
        uint64_t size = 0;
        const Secret *s;

        g_hash_table_iter_init(&i, files);
        while (g_hash_table_iter_next(&i, NULL, (void **) &s))
                size += secret_size(s);
        return size;
}

int input_files_put_secrets(InputFiles *f, const char *id, GHashTable *files) {
        g_autoptr(GHashTable) copies = NULL;
        uint64_t size = size_of_all(files);

        if (f->secrets_size + size > SECRETS_SIZE_MAX)
                return -E2BIG;
        copies = copy_secrets(files);
        if (!copies)
                return -ENOMEM;
        (void) input_share_change(f->share, id, 0, size);
        put_secrets(f, id, copies);
        return 0;
}

/* ---- where they are ---- */

bool input_files_has(const InputFiles *f, const char *id, const char *variable) {
        g_autofree char *path = g_build_filename(f->directory, id, variable, NULL);

        return input_files_find_secret(f, id, variable) || access(path, F_OK) >= 0;
}

char *input_files_directory(const InputFiles *f, const char *id) {
        g_autofree char *path = g_build_filename(f->directory, id, NULL);

        return access(path, F_OK) < 0 ? NULL : TAKE_PTR(path);
}

void input_files_add_paths(const InputFiles *f, const char *id, const char *unit, JsonObject *values) {
        g_autofree char *directory = input_files_directory(f, id);
        g_autoptr(GList) names = NULL;

        if (!directory && !find_secrets(f, id))
                return;
        names = json_object_get_members(values);
        for (GList *l = names; l; l = l->next) {
                JsonNode *value = json_object_get_member(values, l->data);
                bool sensitive = input_files_find_secret(f, id, l->data);

                if (JSON_NODE_HOLDS_OBJECT(value) && input_files_has(f, id, l->data)) {
                        g_autofree char *path = input_file_path(unit, l->data, sensitive);

                        json_object_set_string_member(json_node_get_object(value), "path", path);
                }
        }
}

/* ---- making it ---- */

/* Of a job result that has not ended, or of a scheduled job that may still run; of anything if the store fails. */
static bool is_needed(Store *store, const char *id, uint32_t *ret_uid) {
        _cleanup_(scheduled_job_freep) ScheduledJob *sj = NULL;
        _cleanup_(job_result_freep) JobResult *jr = NULL;
        int r;

        r = store_result_get(store, id, &jr);
        if (r == 0)
                r = store_schedule_get(store, id, &sj);
        *ret_uid = jr ? jr->requester_uid : sj ? sj->requester_uid : 0;
        return r < 0 || (jr && !job_result_status_is_final(jr->status)) ||
               (sj && !scheduled_job_state_is_final(sj->state));
}

typedef struct Preparation {
        Store *store;
        InputShare *share;
} Preparation;

static bool files_are_needed(const char *id, uint64_t size, void *userdata) {
        const Preparation *p = userdata;
        uint32_t uid;

        if (!is_needed(p->store, id, &uid))
                return false;
        input_share_add(p->share, id, uid, size, 0);
        return true;
}

static bool sealed_is_needed(const char *id, uint64_t size, void *userdata) {
        const Preparation *p = userdata;
        uint32_t uid;

        if (!is_needed(p->store, id, &uid))
                return false;
        if (!input_share_change(p->share, id, size, 0))
                input_share_add(p->share, id, uid, size, 0);
        return true;
}

int input_files_new(sd_event *event, const char *state_directory, Store *store, const Settings *settings,
                    InputFiles **ret) {
        _cleanup_(input_files_freep) InputFiles *f = g_new0(InputFiles, 1);
        Preparation preparation = { .store = store };
        uint64_t sealed_size = 0;
        int r;

        f->event = event;
        f->settings = settings;
        f->directory = g_build_filename(state_directory, "files", NULL);
        f->sealed_directory = g_build_filename(state_directory, "sealed", NULL);
        f->secrets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_hash_table_unref);
        f->share = preparation.share = input_share_new();
        g_queue_init(&f->requests);
        r = input_directory_prepare(f->directory, files_are_needed, &preparation, &f->kept_size);
        if (r < 0)
                return log_error_errno(r, "Cannot prepare %s: %m", f->directory);
        r = input_directory_prepare(f->sealed_directory, sealed_is_needed, &preparation, &sealed_size);
        if (r < 0)
                return log_error_errno(r, "Cannot prepare %s: %m", f->sealed_directory);
        f->kept_size += sealed_size;
        *ret = TAKE_PTR(f);
        return 0;
}

InputFiles *input_files_free(InputFiles *f) {
        if (!f)
                return NULL;
        g_queue_clear_full(&f->requests, request_free_func);
        g_hash_table_unref(f->secrets);
        (void) input_share_free(f->share);
        g_free(f->directory);
        g_free(f->sealed_directory);
        g_free(f);
        return NULL;
}
