/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "body.h"
#include "bus.h"
#include "error.h"
#include "object.h"
#include "resources.h"

/* /api/extras/job-queues/ */

void job_queues_list(Request *r) {
        object_list(r, &object_queue);
}

void job_queues_retrieve(Request *r) {
        object_retrieve(r, &object_queue);
}

void job_queues_delete(Request *r) {
        object_delete(r, &object_queue);
}

static int append_resources(sd_bus_message *m, JsonObject *resources) {
        JsonObjectIter iter;
        const char *name;
        JsonNode *node;
        int n;

        n = sd_bus_message_open_container(m, 'e', "sv");
        if (n >= 0)
                n = sd_bus_message_append(m, "s", "resources");
        if (n >= 0)
                n = sd_bus_message_open_container(m, 'v', "a{ss}");
        if (n >= 0)
                n = sd_bus_message_open_container(m, 'a', "{ss}");
        json_object_iter_init_ordered(&iter, resources);
        while (n >= 0 && json_object_iter_next_ordered(&iter, &name, &node))
                n = sd_bus_message_append(m, "{ss}", name,
                                          JSON_NODE_HOLDS_NULL(node) ? "" : json_node_get_string(node));
        for (unsigned i = 0; i < 3 && n >= 0; i++)
                n = sd_bus_message_close_container(m);
        return n;
}

static int append_property(sd_bus_message *m, const char *name, JsonNode *node) {
        if (strcmp(name, "resources") == 0)
                return append_resources(m, json_node_get_object(node));
        if (strcmp(name, "enabled") == 0)
                return bus_append_option(m, name, "b", (int) json_node_get_boolean(node));
        if (strcmp(name, "priority") == 0)
                return bus_append_option(m, name, "i", (int) json_node_get_int(node));
        if (json_node_get_value_type(node) == G_TYPE_INT64)
                return bus_append_option(m, name, "u", (unsigned) json_node_get_int(node));
        return bus_append_option(m, name, "s", json_node_get_string(node));
}

static int append_properties(sd_bus_message *m, JsonObject *body) {
        JsonObjectIter iter;
        const char *name;
        JsonNode *node;
        int n;

        n = sd_bus_message_open_container(m, 'a', "{sv}");
        json_object_iter_init_ordered(&iter, body);
        while (n >= 0 && json_object_iter_next_ordered(&iter, &name, &node))
                if (strcmp(name, "name") != 0)
                        n = append_property(m, name, node);
        return n < 0 ? n : sd_bus_message_close_container(m);
}

/* What body_read() does not look into. NULL: the request is answered. */
static JsonObject *read_queue(Request *r) {
        g_autoptr(JsonObject) body = body_read(r);
        JsonObjectIter iter;
        const char *name;
        JsonNode *node;

        if (!body || !json_object_has_member(body, "resources"))
                return TAKE_PTR(body);
        json_object_iter_init_ordered(&iter, json_object_get_object_member(body, "resources"));
        while (json_object_iter_next_ordered(&iter, &name, &node))
                if (!JSON_NODE_HOLDS_NULL(node) && json_node_get_value_type(node) != G_TYPE_STRING) {
                        request_fail_field(r, "resources", "Expected a dictionary of strings.");
                        return NULL;
                }
        return TAKE_PTR(body);
}

static void set_queue(Request *r, const char *path) {
        sd_bus_message *m = bus_message_new(r, path, JOBD_QUEUE_INTERFACE, "Set");
        int n;

        if (!m)
                return;
        n = append_properties(m, object_body(r));
        bus_send_filled(r, m, n, object_show_changed);
}

void job_queues_change(Request *r) {
        JsonObject *body = read_queue(r);

        if (body && json_object_has_member(body, "name")) {
                json_object_unref(body);
                request_fail_field(r, "name", "This field cannot be changed.");
        } else if (body)
                object_find(r, &object_queue, set_queue, body);
}

static void on_created(Request *r, sd_bus_message *reply) {
        const char *path;

        if (!bus_failed(r, sd_bus_message_read(reply, "o", &path)))
                object_show(r, &object_queue, MHD_HTTP_CREATED, path);
}

void job_queues_create(Request *r) {
        g_autoptr(JsonObject) body = read_queue(r);
        const char *name;
        sd_bus_message *m;
        int n;

        if (!body)
                return;
        name = json_object_get_string_member_with_default(body, "name", NULL);
        if (!name) {
                request_fail_field(r, "name", "This field is required.");
                return;
        }
        m = bus_message_new(r, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, "CreateJobQueue");
        if (!m)
                return;
        n = sd_bus_message_append(m, "s", name);
        if (n >= 0)
                n = append_properties(m, body);
        if (n < 0) {
                sd_bus_message_unref(m);
                error_reply_errno(r, n);
                return;
        }
        object_begin(r);
        bus_send(r, m, on_created);
}
