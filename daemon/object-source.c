/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "log.h"
#include "object-model.h"
#include "object-source.h"

enum {
        BATCHES_MAX = 4,          /* at a time: each is a process */
        BATCH_REQUESTS_MAX = 128, /* that share one */
};

typedef struct Batch Batch;

struct ObjectSource {
        sd_event *event;
        char *socket;
        Inventory *inventory; /* weak ref */
        GQueue waiting;       /* of ObjectRequest, weak refs */
        GHashTable *batches;  /* set of Batch, owned */
        unsigned n_requests;
        sd_event_source *start_source;
};

struct ObjectRequest {
        ObjectSource *source; /* weak ref */
        Batch *batch;         /* weak ref; NULL: it waits, or was answered */
        bool waits;
        GHashTable *wants;
        ObjectsRead callback;
        void *userdata;
};

/* One question for all requests that were waiting. */
struct Batch {
        ObjectSource *source; /* weak ref */
        GPtrArray *requests;  /* weak refs */
        GHashTable *host;     /* what of the host is wanted: model -> set of keys, borrowed */
        GHashTable *wants;
        ObjectSet *set;
        int fd;
        char *question;
        size_t question_size, n_sent;
        GString *answer;
        sd_event_source *io_source, *time_source;
};

static void batch_free_func(void *p) {
        Batch *b = p;

        for (guint i = 0; i < b->requests->len; i++)
                ((ObjectRequest *) b->requests->pdata[i])->batch = NULL;
        (void) sd_event_source_disable_unref(b->io_source);
        (void) sd_event_source_disable_unref(b->time_source);
        closep(&b->fd);
        g_ptr_array_unref(b->requests);
        g_hash_table_unref(b->host);
        g_hash_table_unref(b->wants);
        (void) object_set_unref(b->set);
        g_free(b->question);
        g_string_free(b->answer, true);
        g_free(b);
}

static void start_soon(ObjectSource *s) {
        if (s->waiting.length > 0)
                (void) sd_event_source_set_enabled(s->start_source, SD_EVENT_ONESHOT);
}

/* Everybody is told, whoever goes away meanwhile. */
static void batch_finish(Batch *b) {
        _cleanup_(object_set_unrefp) ObjectSet *set = object_set_ref(b->set);
        g_autoptr(GPtrArray) requests = g_ptr_array_ref(b->requests);
        ObjectSource *s = b->source;

        while (requests->len > 0) {
                ObjectRequest *r = g_ptr_array_steal_index(requests, 0);

                r->batch = NULL;
                r->callback(set, r->userdata);
        }
        (void) g_hash_table_remove(s->batches, b);
        start_soon(s);
}

/* ---- what goes wrong ---- */

static void batch_fail(Batch *b, const char *message) {
        GHashTableIter i;
        void *model;

        log_warning("Cannot read the objects of the host: %s", message);
        g_hash_table_iter_init(&i, b->host);
        while (g_hash_table_iter_next(&i, &model, NULL)) {
                g_autofree char *text = g_strdup_printf("the objects of model '%s' cannot be read: %s", (char *) model,
                                                        message);

                object_set_add_problem(b->set, model, -EIO, BUS_ERROR_OBJECTS_UNAVAILABLE, text);
        }
        batch_finish(b);
}

static void batch_fail_errno(Batch *b, int error, const char *what) {
        g_autofree char *message = g_strdup_printf("%s: %s; see \"systemctl status jobd-objects.socket\"", what,
                                                   g_strerror(-error));

        batch_fail(b, message);
}

/* ---- the answer ---- */

static void add_model(Batch *b, const char *model, JsonObject *objects, JsonObject *errors) {
        JsonNode *list = json_object_get_member(objects, model);
        const char *error = json_object_get_string_member_with_default(errors, model, "jobd-objects does not say why");
        g_autofree char *text = NULL;

        if (list && JSON_NODE_HOLDS_ARRAY(list)) {
                object_set_add(b->set, model, object_list_new(json_node_dup_array(list), host_model_key(model)));
                return;
        }
        text = g_strdup_printf("the objects of model '%s' cannot be read: %s", model, error);
        object_set_add_problem(b->set, model, -EIO, BUS_ERROR_OBJECTS_UNAVAILABLE, text);
}

typedef struct Answer {
        JsonNode *objects, *errors;
} Answer;

static void answer_done(Answer *a) {
        g_clear_pointer(&a->objects, json_node_unref);
        g_clear_pointer(&a->errors, json_node_unref);
}

static void batch_answered(Batch *b) {
        static const JsonMember members[] = {
                { "objects", JSON_OBJECT, offsetof(Answer, objects), true },
                { "errors", JSON_OBJECT, offsetof(Answer, errors), true },
        };
        g_autoptr(JsonObject) object = NULL;
        _cleanup_(answer_done) Answer a = {};
        g_autofree char *error = NULL;
        GHashTableIter i;
        void *model;

        if (b->answer->len == 0) {
                batch_fail(b, "jobd-objects has ended without an answer; see \"journalctl -u 'jobd-objects@*'\"");
                return;
        }
        if (json_parse_object(b->answer->str, b->answer->len, OBJECTS_ANSWER_MAX, &object, &error) < 0 ||
            json_read_members(object, members, ELEMENTSOF(members), &a, &error) < 0) {
                g_autofree char *message = g_strdup_printf("the answer of jobd-objects cannot be understood: %s; see "
                                                           "\"journalctl -u 'jobd-objects@*'\"", error);

                batch_fail(b, message);
                return;
        }
        g_hash_table_iter_init(&i, b->host);
        while (g_hash_table_iter_next(&i, &model, NULL))
                add_model(b, model, json_node_get_object(a.objects), json_node_get_object(a.errors));
        batch_finish(b);
}

/* ---- the socket ---- */

static void batch_read(Batch *b) {
        char chunk[64 * 1024];
        ssize_t n;

        n = recv(b->fd, chunk, sizeof(chunk), MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n < 0)
                batch_fail_errno(b, -errno, "cannot read from its socket");
        else if (n == 0)
                batch_answered(b);
        else if (b->answer->len + (size_t) n > OBJECTS_ANSWER_MAX)
                batch_fail(b, "there are too many: jobd-objects has answered with more than 16 MiB");
        else
                g_string_append_len(b->answer, chunk, n);
}

static void batch_write(Batch *b) {
        ssize_t n;

        n = send(b->fd, b->question + b->n_sent, b->question_size - b->n_sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n < 0) {
                batch_fail_errno(b, -errno, "cannot write to its socket");
                return;
        }
        b->n_sent += (size_t) n;
        if (b->n_sent < b->question_size)
                return;
        (void) shutdown(b->fd, SHUT_WR);
        (void) sd_event_source_set_io_events(b->io_source, EPOLLIN);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Batch *b = userdata;

        if (b->n_sent < b->question_size)
                batch_write(b);
        else
                batch_read(b);
        return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        batch_fail(userdata,
                   "jobd-objects has not answered for 5 seconds; see \"journalctl -u 'jobd-objects@*'\", and "
                   "whether a directory service of nsswitch.conf(5) answers");
        return 0;
}

static char *make_question(GHashTable *host) {
        g_autoptr(JsonObject) question = json_object_new();
        g_autofree char *text = NULL;
        GHashTableIter i, k;
        void *model, *keys, *key;

        g_hash_table_iter_init(&i, host);
        while (g_hash_table_iter_next(&i, &model, &keys)) {
                JsonArray *array = json_array_new();

                g_hash_table_iter_init(&k, keys);
                while (g_hash_table_iter_next(&k, &key, NULL))
                        json_array_add_string_element(array, key);
                json_object_set_array_member(question, model, array);
        }
        text = json_format_object(question);
        return g_strconcat(text, "\n", NULL);
}

static int batch_connect(Batch *b) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        ObjectSource *s = b->source;
        int r;

        b->question = make_question(b->host);
        b->question_size = strlen(b->question);
        if (g_strlcpy(address.sun_path, s->socket, sizeof(address.sun_path)) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        b->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (b->fd < 0 || connect(b->fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        r = sd_event_add_io(s->event, &b->io_source, b->fd, EPOLLOUT, on_io, b);
        if (r < 0)
                return r;
        return sd_event_add_time_relative(s->event, &b->time_source, CLOCK_MONOTONIC, OBJECTS_TIMEOUT_USEC, 0,
                                          on_timeout, b);
}

/* ---- batches ---- */

static void start_batch(ObjectSource *s) {
        Batch *b = g_new(Batch, 1);
        ObjectRequest *request;
        GHashTableIter i;
        void *model, *keys;
        int r;

        *b = (Batch){ .source = s,
                      .requests = g_ptr_array_new(),
                      .host = g_hash_table_new(g_str_hash, g_str_equal),
                      .wants = object_wants_new(),
                      .set = object_set_new(),
                      .fd = -EBADF,
                      .answer = g_string_new(NULL) };
        (void) g_hash_table_add(s->batches, b);
        while (b->requests->len < BATCH_REQUESTS_MAX && (request = g_queue_pop_head(&s->waiting))) {
                request->waits = false;
                request->batch = b;
                g_ptr_array_add(b->requests, request);
                object_wants_add_all(b->wants, request->wants);
        }
        g_hash_table_iter_init(&i, b->wants);
        while (g_hash_table_iter_next(&i, &model, &keys))
                if (host_model_key(model))
                        (void) g_hash_table_insert(b->host, model, keys);
                else
                        inventory_add_to_set(s->inventory, model, b->set);

        if (g_hash_table_size(b->host) == 0) {
                batch_finish(b);
                return;
        }
        r = batch_connect(b);
        if (r < 0)
                batch_fail_errno(b, r, "jobd-objects cannot be reached on its socket");
}

static int on_start(sd_event_source *source, void *userdata) {
        ObjectSource *s = userdata;

        if (s->waiting.length > 0 && g_hash_table_size(s->batches) < BATCHES_MAX)
                start_batch(s);
        if (g_hash_table_size(s->batches) < BATCHES_MAX)
                start_soon(s);
        return 0;
}

/* ---- requests ---- */

int object_source_ask(ObjectSource *s, GHashTable *wants, ObjectsRead callback, void *userdata, ObjectRequest **ret) {
        ObjectRequest *r;

        if (s->n_requests >= OBJECT_REQUESTS_MAX)
                return -ENOBUFS;
        r = g_new(ObjectRequest, 1);
        *r = (ObjectRequest){ .source = s, .waits = true, .wants = g_hash_table_ref(wants), .callback = callback,
                              .userdata = userdata };
        s->n_requests++;
        g_queue_push_tail(&s->waiting, r);
        start_soon(s);
        *ret = r;
        return 0;
}

ObjectRequest *object_request_free(ObjectRequest *r) {
        if (!r)
                return NULL;
        if (r->waits)
                (void) g_queue_remove(&r->source->waiting, r);
        if (r->batch) /* which goes on: it ends soon in any case */
                (void) g_ptr_array_remove(r->batch->requests, r);
        r->source->n_requests--;
        g_hash_table_unref(r->wants);
        g_free(r);
        return NULL;
}

int object_source_new(sd_event *event, const char *socket, Inventory *inventory, ObjectSource **ret) {
        _cleanup_(object_source_freep) ObjectSource *s = g_new0(ObjectSource, 1);
        int r;

        s->event = event;
        s->socket = g_strdup(socket);
        s->inventory = inventory;
        g_queue_init(&s->waiting);
        s->batches = g_hash_table_new_full(NULL, NULL, batch_free_func, NULL);
        r = sd_event_add_defer(event, &s->start_source, on_start, s);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->start_source, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

ObjectSource *object_source_free(ObjectSource *s) {
        if (!s)
                return NULL;
        g_queue_clear(&s->waiting);
        g_hash_table_unref(s->batches);
        (void) sd_event_source_disable_unref(s->start_source);
        g_free(s->socket);
        g_free(s);
        return NULL;
}
