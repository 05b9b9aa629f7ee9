/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "body.h"
#include "bus.h"
#include "json.h"
#include "object.h"
#include "resources.h"

/* /api/extras/jobs/ */

void jobs_list(Request *r) {
        object_list(r, &object_job);
}

void jobs_retrieve(Request *r) {
        object_retrieve(r, &object_job);
}

void jobs_delete(Request *r) {
        object_delete(r, &object_job);
}

static void get_variables(Request *r, const char *path) {
        bus_call(r, bus_show_json, path, JOBD_JOB_INTERFACE, "GetVariables", NULL);
}

void jobs_variables(Request *r) {
        object_find(r, &object_job, get_variables, NULL);
}

static void get_class(Request *r, const char *path) {
        bus_call(r, bus_show_json, path, JOBD_JOB_INTERFACE, "GetClass", NULL);
}

void jobs_class(Request *r) {
        object_find(r, &object_job, get_class, NULL);
}

/* ---- refresh ---- */

static int read_report(sd_bus_message *m, JsonArray *report) {
        const char *action, *class_path, *message;
        int n;

        n = sd_bus_message_enter_container(m, 'a', "(sss)");
        while (n >= 0 && (n = sd_bus_message_read(m, "(sss)", &action, &class_path, &message)) > 0) {
                JsonObject *entry = json_object_new();

                json_object_set_string_member(entry, "action", action);
                json_object_set_string_member(entry, "class_path", class_path);
                json_object_set_string_member(entry, "message", message);
                json_array_add_object_element(report, entry);
        }
        return n;
}

static void on_refreshed(Request *r, sd_bus_message *reply) {
        g_autoptr(JsonArray) report = json_array_new();
        JsonNode *node;

        if (bus_failed(r, read_report(reply, report)))
                return;
        node = json_node_new(JSON_NODE_ARRAY);
        json_node_take_array(node, TAKE_PTR(report));
        request_reply_json(r, MHD_HTTP_OK, node);
}

void jobs_refresh(Request *r) {
        bus_call(r, on_refreshed, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, "Refresh", "a{sv}", 0);
}

/* ---- changes ---- */

static const char *const override_suffix = "_override";

/* "is_singleton" and "is_singleton_override" are the reference's names for the field singleton. */
static const char *field_of_member(const char *member) {
        return g_str_has_prefix(member, "is_") ? member + strlen("is_") : member;
}

/* A value as a job file spells it. */
static char *value_format(JsonNode *node) {
        g_autoptr(GString) words = NULL;
        JsonArray *array;

        if (json_node_get_value_type(node) == G_TYPE_STRING)
                return g_strdup(json_node_get_string(node));
        if (json_node_get_value_type(node) == G_TYPE_BOOLEAN)
                return g_strdup(json_node_get_boolean(node) ? "yes" : "no");
        if (!JSON_NODE_HOLDS_ARRAY(node))
                return json_format(node);
        words = g_string_new(NULL);
        array = json_node_get_array(node);
        for (unsigned i = 0; i < json_array_get_length(array); i++)
                g_string_append_printf(words, "%s%s", i > 0 ? " " : "", json_array_get_string_element(array, i));
        return g_string_free(TAKE_PTR(words), false);
}

static int append_value(sd_bus_message *m, const char *member, JsonNode *node) {
        g_autofree char *text = value_format(node);

        return bus_append_option(m, field_of_member(member), "s", text);
}

/*
 * The reference's rule M19: a value counts with its flag only, and a flag that is taken away gives the class's value
 * back. Which flags are set already is for jobd to look at: it is told which are set and which are cleared here.
 */
static int append_changes(sd_bus_message *m, JsonObject *body) {
        g_autoptr(GString) set = g_string_new(NULL), clear = g_string_new(NULL);
        JsonObjectIter iter;
        const char *name;
        JsonNode *node;
        int n = 0;

        json_object_iter_init_ordered(&iter, body);
        while (n >= 0 && json_object_iter_next_ordered(&iter, &name, &node)) {
                if (strcmp(name, "enabled") == 0)
                        n = bus_append_option(m, name, "b", (int) json_node_get_boolean(node));
                else if (g_str_has_suffix(name, override_suffix)) {
                        GString *list = json_node_get_boolean(node) ? set : clear;
                        g_autofree char *member = g_strndup(name, strlen(name) - strlen(override_suffix));

                        g_string_append_printf(list, "%s%s", list->len > 0 ? " " : "", field_of_member(member));
                } else
                        n = append_value(m, name, node);
        }
        if (n >= 0 && set->len > 0)
                n = bus_append_option(m, "set", "s", set->str);
        if (n >= 0 && clear->len > 0)
                n = bus_append_option(m, "clear", "s", clear->str);
        return n;
}

static void change_job(Request *r, const char *path) {
        sd_bus_message *m;
        int n;

        m = bus_message_new(r, path, JOBD_JOB_INTERFACE, "Update");
        if (!m)
                return;
        n = sd_bus_message_open_container(m, 'a', "{sv}");
        if (n >= 0)
                n = append_changes(m, object_body(r));
        if (n >= 0)
                n = sd_bus_message_close_container(m);
        bus_send_filled(r, m, n, object_show_changed);
}

void jobs_change(Request *r) {
        JsonObject *body = body_read(r);

        if (body)
                object_find(r, &object_job, change_job, body);
}

bool jobs_change_has(Request *r, const char *field) {
        return json_object_has_member(object_body(r), field);
}
