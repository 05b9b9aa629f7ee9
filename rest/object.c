/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus.h"
#include "encode.h"
#include "job-json.h"
#include "object.h"

const ObjectKind object_job = {
        "jobs", JOBD_JOB_PATH, JOBD_JOB_INTERFACE, "ListJobs", "GetJob", job_json_read, false,
};
const ObjectKind object_schedule = {
        "scheduled-jobs", JOBD_SCHEDULE_PATH, JOBD_SCHEDULE_INTERFACE, "ListScheduledJobs", "GetScheduledJob",
        scheduled_job_json_read, true,
};
const ObjectKind object_queue = {
        "job-queues",        JOBD_QUEUE_PATH, JOBD_QUEUE_INTERFACE, "ListJobQueues", "GetJobQueue",
        job_queue_json_read, false,
};

/* The state of the request. */
typedef struct ObjectCall {
        const ObjectKind *kind;
        ObjectNext next;
        JsonObject *body;
        char *path;
        unsigned status;
} ObjectCall;

static void object_call_free(void *p) {
        ObjectCall *c = p;

        g_clear_pointer(&c->body, json_object_unref);
        g_free(c->path);
        g_free(c);
}

static void found(Request *r, const char *path) {
        ObjectCall *c = r->state;

        c->path = g_strdup(path);
        c->next(r, c->path);
}

static void on_path(Request *r, sd_bus_message *reply) {
        const char *path;

        if (!bus_failed(r, sd_bus_message_read(reply, "o", &path)))
                found(r, path);
}

void object_find(Request *r, const ObjectKind *kind, ObjectNext next, JsonObject *body) {
        ObjectCall *c = g_new0(ObjectCall, 1);
        char path[BUS_PATH_SIZE];

        c->kind = kind;
        c->next = next;
        c->body = body;
        request_set_state(r, c, object_call_free);
        /* A UUID gives the object's path by itself, a name has to be looked up. */
        if (bus_path_of_uuid(kind->parent, r->captures[0], path) >= 0)
                found(r, path);
        else
                bus_call(r, on_path, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, kind->get, "s", r->captures[0]);
}

void object_begin(Request *r) {
        request_set_state(r, g_new0(ObjectCall, 1), object_call_free);
}

JsonObject *object_body(Request *r) {
        return ((ObjectCall *) r->state)->body;
}

const char *object_path(Request *r) {
        return ((ObjectCall *) r->state)->path;
}

static void on_object(Request *r, sd_bus_message *reply) {
        g_autoptr(JsonObject) object = NULL;
        ObjectCall *c = r->state;

        if (bus_failed(r, c->kind->read(reply, &object)))
                return;
        encode_add_links(r, object, c->kind->collection);
        request_reply_object(r, c->status, TAKE_PTR(object));
}

void object_show(Request *r, const ObjectKind *kind, unsigned status, const char *path) {
        ObjectCall *c = r->state;

        c->kind = kind;
        c->status = status;
        bus_get_all(r, path, kind->interface, on_object);
}

void object_show_changed(Request *r, sd_bus_message *reply) {
        ObjectCall *c = r->state;

        object_show(r, c->kind, MHD_HTTP_OK, c->path);
}

static void show_found(Request *r, const char *path) {
        ObjectCall *c = r->state;

        object_show(r, c->kind, MHD_HTTP_OK, path);
}

void object_retrieve(Request *r, const ObjectKind *kind) {
        object_find(r, kind, show_found, NULL);
}

static void on_deleted(Request *r, sd_bus_message *reply) {
        request_reply_json(r, MHD_HTTP_NO_CONTENT, NULL);
}

static void delete_found(Request *r, const char *path) {
        ObjectCall *c = r->state;

        bus_call(r, on_deleted, path, c->kind->interface, "Delete", NULL);
}

void object_delete(Request *r, const ObjectKind *kind) {
        object_find(r, kind, delete_found, NULL);
}

void object_show_result(Request *r, sd_bus_message *reply) {
        g_autoptr(JsonObject) result = NULL;

        if (bus_failed(r, job_result_json_read(reply, &result)))
                return;
        encode_add_links(r, result, "job-results");
        request_reply_object(r, MHD_HTTP_OK, TAKE_PTR(result));
}
