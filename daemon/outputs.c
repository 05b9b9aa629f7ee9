/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "file-copy.h"
#include "json.h"
#include "log.h"
#include "now.h"
#include "output-files.h"
#include "outputs.h"

enum {
        COPIES_MAX = 8,            /* at a time */
        REQUESTS_OF_RUN_MAX = 16,  /* that wait, of one run */
        REMOVALS_PER_TURN = 4,
};

#define COPY_TIMEOUT_USEC (30 * USEC_PER_SEC)

struct Outputs {
        sd_event *event;
        Store *store;
        Dispatcher *dispatcher;
        char *directory;
        GQueue requests; /* of Request, owned; in their order */
        unsigned n_copying;
        uint64_t n_copies;
        sd_event_source *removal_source;
};

typedef struct Request {
        Outputs *outputs; /* weak ref */
        char result_id[UUID_STRING_SIZE];
        char *name;
        int fd; /* borrowed */
        uint64_t max;
        FileCopy *copy; /* NULL: it waits */
        OutputAdded added;
        void *userdata;
} Request;

static void request_free_func(void *p) {
        Request *q = p;

        (void) file_copy_free(q->copy);
        g_free(q->name);
        g_free(q);
}

/* ---- files ---- */

static bool is_referenced(Outputs *o, const char *result_id, const char *sha256) {
        g_autoptr(GPtrArray) outputs = NULL;

        if (store_output_list(o->store, result_id, &outputs) < 0)
                return true; /* better one too many than one too few */
        for (guint i = 0; i < outputs->len; i++)
                if (strcmp(((const Output *) outputs->pdata[i])->sha256, sha256) == 0)
                        return true;
        return false;
}

static void unlink_unreferenced(Outputs *o, const char *result_id, const char *sha256) {
        g_autofree char *directory = g_build_filename(o->directory, result_id, NULL);
        g_autofree char *path = g_build_filename(directory, sha256, NULL);

        if (sha256[0] && !is_referenced(o, result_id, sha256))
                (void) unlink(path);
        (void) rmdir(directory); /* if that was the last one */
}

typedef struct Replacement {
        Outputs *outputs;
        char result_id[UUID_STRING_SIZE];
        char old[SHA256_STRING_SIZE], new[SHA256_STRING_SIZE];
} Replacement;

/* Whichever of the two files the store does not know, now that it is settled, has to go. */
static void on_put_committed(int r, void *userdata) {
        g_autofree Replacement *p = userdata;

        unlink_unreferenced(p->outputs, p->result_id, p->old);
        unlink_unreferenced(p->outputs, p->result_id, p->new);
}

/* ---- adding ---- */

static void start_requests(Outputs *o);

static void request_end(Request *q, Refusal *refusal) {
        Outputs *o = q->outputs;

        if (q->copy)
                o->n_copying--;
        (void) g_queue_remove(&o->requests, q);
        q->added(refusal, q->userdata);
        if (refusal)
                refusal_done(refusal);
        request_free_func(q);
}

static int refuse_too_large(const Request *q, uint64_t size, Refusal *f) {
        if (size > OUTPUT_SIZE_MAX)
                return refuse(f, -EFBIG, BUS_ERROR_DATA_TOO_LARGE,
                              "Provided %" PRIu64 " bytes of content, but an output file may have %i", size,
                              OUTPUT_SIZE_MAX);
        return refuse(f, -EFBIG, BUS_ERROR_DATA_TOO_LARGE,
                      "the output files of a run may have %i bytes in all: there is room for %" PRIu64 " more",
                      OUTPUTS_SIZE_MAX, q->max);
}

static int check_copied(const Request *q, const FileCopied *c, Refusal *f) {
        switch (c->error) {
        case 0:
                break;
        case -EISDIR:
                return refuse(f, -EINVAL, BUS_ERROR_INVALID_FILE, "it is not a regular file");
        case -EFBIG:
                return refuse_too_large(q, c->size, f);
        case -EBADF:
                return refuse(f, -EINVAL, BUS_ERROR_INVALID_FILE, "it is not open for reading");
        case -ETIMEDOUT:
                return refuse(f, -ETIMEDOUT, BUS_ERROR_INVALID_FILE, "it took too long to read it");
        case -ENOSPC:
        case -EDQUOT:
                return refuse_store(f, -ENOSPC, "there is no room on the disk");
        default:
                return refuse(f, c->error, BUS_ERROR_INVALID_FILE, "it cannot be copied: %s", g_strerror(-c->error));
        }
        if (!dispatcher_find_speaker(q->outputs->dispatcher, q->result_id))
                return refuse(f, -ESHUTDOWN, BUS_ERROR_RUN_ENDED,
                              "run %s has ended: nothing can be added to it any more", q->result_id);
        return 0;
}

static int put(Request *q, const FileCopied *c, Refusal *f) {
        Output new = { .name = q->name, .size = c->size, .date_created = now_usec() };
        _cleanup_(output_freep) Output *old = NULL;
        Outputs *o = q->outputs;
        Replacement *p;
        int r;

        (void) g_strlcpy(new.sha256, c->sha256, sizeof(new.sha256));
        r = store_output_get(o->store, q->result_id, q->name, &old);
        if (r >= 0)
                r = store_output_put(o->store, q->result_id, &new);
        if (r < 0)
                return refuse_store(f, r, store_error_text(o->store));

        p = g_new0(Replacement, 1);
        p->outputs = o;
        memcpy(p->result_id, q->result_id, sizeof(p->result_id));
        memcpy(p->new, new.sha256, sizeof(p->new));
        if (old)
                memcpy(p->old, old->sha256, sizeof(p->old));
        store_after_commit(o->store, on_put_committed, p);
        return 0;
}

static void on_copied(const FileCopied *c, size_t n, void *userdata) {
        Request *q = userdata;
        Outputs *o = q->outputs;
        Refusal f = {};
        int r;

        r = check_copied(q, c, &f);
        if (r >= 0)
                r = put(q, c, &f);
        if (r < 0)
                unlink_unreferenced(o, q->result_id, c->sha256);
        request_end(q, r < 0 ? &f : NULL);
        start_requests(o);
}

/* How large it may be, beside what the run has already. */
static int check_room(Request *q, Refusal *f) {
        g_autoptr(GPtrArray) outputs = NULL;
        uint64_t size = 0;
        unsigned n = 0;
        int r;

        r = store_output_list(q->outputs->store, q->result_id, &outputs);
        if (r < 0)
                return refuse_store(f, r, store_error_text(q->outputs->store));
        for (guint i = 0; i < outputs->len; i++) {
                const Output *other = outputs->pdata[i];

                if (strcmp(other->name, q->name) == 0)
                        continue;
                size += other->size;
                n++;
        }
        if (n >= OUTPUTS_MAX)
                return refuse(f, -E2BIG, BUS_ERROR_TOO_MANY,
                              "a run may have %i output files: put them into an archive", OUTPUTS_MAX);
        q->max = MIN((uint64_t) OUTPUT_SIZE_MAX, OUTPUTS_SIZE_MAX - MIN(size, (uint64_t) OUTPUTS_SIZE_MAX));
        return 0;
}

static int request_start(Request *q, Refusal *f) {
        Outputs *o = q->outputs;
        g_autofree char *directory = g_build_filename(o->directory, q->result_id, NULL);
        g_autofree char *new_path = output_files_new_path(o->directory, o->n_copies++);
        const FileCopyLimits limits = { .all = UINT64_MAX, .timeout_usec = COPY_TIMEOUT_USEC };
        FileCopySource source = { .fd = q->fd, .path = new_path, .move = directory, .mode = 0600 };
        int r;

        r = check_room(q, f);
        source.max = q->max;
        if (r < 0)
                return r;
        r = output_files_make_directory(o->directory, q->result_id);
        if (r >= 0)
                r = file_copy_start(o->event, &source, 1, &limits, on_copied, q, &q->copy);
        if (r < 0)
                return refuse(f, r, SD_BUS_ERROR_FAILED, "it cannot be copied: %s", file_copy_error_text(r));
        o->n_copying++;
        return 0;
}

static bool run_is_copying(const Outputs *o, const char *result_id) {
        for (const GList *l = o->requests.head; l; l = l->next) {
                const Request *q = l->data;

                if (q->copy && strcmp(q->result_id, result_id) == 0)
                        return true;
        }
        return false;
}

/* One at a time of each run: what the next one may be depends on it. */
static Request *next_request(const Outputs *o) {
        for (const GList *l = o->requests.head; l; l = l->next) {
                Request *q = l->data;

                if (!q->copy && !run_is_copying(o, q->result_id))
                        return q;
        }
        return NULL;
}

static void start_requests(Outputs *o) {
        while (o->n_copying < COPIES_MAX) {
                Request *q = next_request(o);
                Refusal f = {};

                if (!q)
                        break;
                if (request_start(q, &f) < 0)
                        request_end(q, &f);
        }
}

static unsigned count_requests(const Outputs *o, const char *result_id) {
        unsigned n = 0;

        for (const GList *l = o->requests.head; l; l = l->next)
                if (strcmp(((const Request *) l->data)->result_id, result_id) == 0)
                        n++;
        return n;
}

int outputs_add(Outputs *o, const char *result_id, const char *name, int fd, OutputAdded added, void *userdata,
                Refusal *refusal) {
        const char *problem = output_name_problem(name);
        Request *q;

        if (problem) {
                g_autofree char *shown = json_show_text(name);

                return refuse(refusal, -EINVAL, BUS_ERROR_INVALID_VALUE,
                              "\"%s\" cannot be the name of an output file: %s", shown, problem);
        }
        if (count_requests(o, result_id) >= REQUESTS_OF_RUN_MAX)
                return refuse(refusal, -E2BIG, BUS_ERROR_TOO_MANY,
                              "%i output files are being copied already: wait for one of them", REQUESTS_OF_RUN_MAX);
        q = g_new0(Request, 1);
        q->outputs = o;
        (void) g_strlcpy(q->result_id, result_id, sizeof(q->result_id));
        q->name = g_strdup(name);
        q->fd = fd;
        q->added = added;
        q->userdata = userdata;
        g_queue_push_tail(&o->requests, q);
        start_requests(o);
        return 0;
}

int outputs_open(Outputs *o, const char *result_id, const char *name, Refusal *refusal) {
        _cleanup_(output_freep) Output *output = NULL;
        g_autofree char *path = NULL;
        int fd, r;

        r = store_output_get(o->store, result_id, name, &output);
        if (r < 0)
                return refuse_store(refusal, r, store_error_text(o->store));
        if (r == 0) {
                g_autofree char *shown = json_show_text(name);

                return refuse(refusal, -ENOENT, BUS_ERROR_NO_SUCH_OUTPUT, "job result %s has no output file \"%s\"",
                              result_id, shown);
        }
        path = g_build_filename(o->directory, result_id, output->sha256, NULL);
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return refuse(refusal, -errno, BUS_ERROR_NO_SUCH_OUTPUT, "the output file cannot be read: %s: %s",
                              path, g_strerror(errno));
        return fd;
}

/* ---- removing ---- */

static int remove_some(Outputs *o) {
        g_autoptr(GPtrArray) ids = NULL;
        char id[UUID_STRING_SIZE];
        int r;

        r = store_output_removals(o->store, REMOVALS_PER_TURN, &ids);
        for (guint i = 0; r >= 0 && i < ids->len; i++) {
                int q = 0;

                /* What is removed as a whole is a directory of ours, whatever the store says. */
                if (uuid_parse(ids->pdata[i], id) >= 0)
                        q = output_files_remove_directory(o->directory, id);
                if (q < 0)
                        (void) log_warning_errno(q, "Cannot remove the output files of job result %s, leaving it: %m",
                                                 (const char *) ids->pdata[i]);
                r = store_output_removed(o->store, ids->pdata[i]);
        }
        return r < 0 ? r : (int) ids->len;
}

static int on_removal(sd_event_source *source, void *userdata) {
        Outputs *o = userdata;
        int r;

        r = remove_some(o);
        if (r < 0)
                log_error("Cannot remove output files: %s", store_error_text(o->store));
        if (r > 0)
                outputs_removal_is_due(o);
        return 0;
}

void outputs_removal_is_due(Outputs *o) {
        (void) sd_event_source_set_enabled(o->removal_source, SD_EVENT_ONESHOT);
}

bool outputs_is_idle(const Outputs *o) {
        int enabled;

        return g_queue_is_empty((GQueue *) &o->requests) &&
               (sd_event_source_get_enabled(o->removal_source, &enabled) < 0 || enabled == SD_EVENT_OFF);
}

/* ---- making it ---- */

int outputs_new(sd_event *event, const char *state_directory, Store *store, Dispatcher *dispatcher, Outputs **ret) {
        _cleanup_(outputs_freep) Outputs *o = g_new0(Outputs, 1);
        sigset_t signals;
        int r;

        /* What sd_event_add_child() asks for. */
        (void) sigemptyset(&signals);
        (void) sigaddset(&signals, SIGCHLD);
        (void) sigprocmask(SIG_BLOCK, &signals, NULL);

        o->event = event;
        o->store = store;
        o->dispatcher = dispatcher;
        o->directory = g_build_filename(state_directory, "outputs", NULL);
        g_queue_init(&o->requests);

        r = output_files_prepare(o->directory, store);
        if (r < 0)
                return log_error_errno(r, "Cannot prepare %s: %m", o->directory);
        r = sd_event_add_defer(event, &o->removal_source, on_removal, o);
        if (r >= 0) /* what is gone for everybody can wait */
                r = sd_event_source_set_priority(o->removal_source, SD_EVENT_PRIORITY_NORMAL + 20);
        if (r < 0)
                return log_error_errno(r, "Cannot set up the event loop: %m");
        *ret = TAKE_PTR(o);
        return 0;
}

Outputs *outputs_free(Outputs *o) {
        if (!o)
                return NULL;
        g_queue_clear_full(&o->requests, request_free_func);
        (void) sd_event_source_disable_unref(o->removal_source);
        g_free(o->directory);
        g_free(o);
        return NULL;
}
