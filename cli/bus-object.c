/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus-object.h"
#include "bus-report.h"
#include "names.h"
#include "output.h"

int object_properties(Connection *c, const char *path, const char *interface, const char *subject,
                      PropertiesReader reader, JsonObject **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = connection_method(c, path, "org.freedesktop.DBus.Properties", "GetAll", subject, &reply, "s", interface);
        if (r < 0)
                return r;
        r = reader(reply, ret);
        return r < 0 ? report_errno(r, "cannot understand what jobd says of %s", path) : 0;
}

int object_path_of(Connection *c, const char *member, const char *name, char **ret_path) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *path;
        int r;

        r = connection_method(c, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, member, name, &reply, "s", name);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "o", &path);
        if (r < 0)
                return report_errno(r, "cannot understand the reply of jobd");
        *ret_path = g_strdup(path);
        return 0;
}

/* Adds the entries of the reply to the array. 1: there are more, 0: there are not, negative errno silently. */
static int read_page(sd_bus_message *reply, PropertiesReader reader, JsonArray *array) {
        int r, more;

        r = sd_bus_message_enter_container(reply, 'a', "(oa{sv})");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(reply, 'r', "oa{sv}")) > 0) {
                JsonObject *o;

                r = sd_bus_message_skip(reply, "o");
                if (r < 0)
                        return r;
                r = reader(reply, &o);
                if (r < 0)
                        return r;
                json_array_add_object_element(array, o);
                r = sd_bus_message_exit_container(reply);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        r = sd_bus_message_exit_container(reply);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "b", &more);
        return r < 0 ? r : more != 0;
}

static int list_page(Connection *c, const ObjectList *list, const void *filter, unsigned limit, JsonArray *array) {
        unsigned wanted = MIN(limit - json_array_get_length(array), (unsigned) OBJECT_PAGE_SIZE);
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        int r;

        r = connection_message_new(c, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, list->member, &call);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(call, 'a', "{sv}");
        if (r >= 0)
                r = list->append(call, filter, array);
        if (r >= 0)
                r = sd_bus_message_append(call, "{sv}", "limit", "u", wanted);
        if (r >= 0)
                r = sd_bus_message_close_container(call);
        if (r < 0)
                return report_errno(r, "cannot make a message");
        r = connection_call(c, call, NULL, &reply);
        if (r < 0)
                return r;
        r = read_page(reply, list->reader, array);
        return r < 0 ? report_errno(r, "cannot understand the list of %s", list->what) : r;
}

int object_list(Connection *c, const ObjectList *list, const void *filter, unsigned limit, JsonArray **ret) {
        g_autoptr(JsonArray) array = json_array_new();
        int r;

        do {
                r = list_page(c, list, filter, limit, array);
                if (r < 0)
                        return r;
        } while (r > 0 && json_array_get_length(array) < limit);
        *ret = TAKE_PTR(array);
        return 0;
}

int object_append_before(sd_bus_message *m, JsonArray *so_far) {
        unsigned n = json_array_get_length(so_far);

        return n == 0 ? 0
                      : object_append_string(m, "before",
                                             json_string(json_array_get_object_element(so_far, n - 1), "id"));
}

int object_append_string(sd_bus_message *m, const char *key, const char *value) {
        return value ? sd_bus_message_append(m, "{sv}", key, "s", value) : 0;
}

static int append_options(sd_bus_message *call, const ObjectOption *options, size_t n_options) {
        int r;

        r = sd_bus_message_open_container(call, 'a', "{sv}");
        for (size_t i = 0; r >= 0 && i < n_options; i++)
                if (options[i].text)
                        r = sd_bus_message_append(call, "{sv}", options[i].name, "s", options[i].text);
                else if (options[i].set)
                        r = sd_bus_message_append(call, "{sv}", options[i].name, "b", 1);
        return r < 0 ? r : sd_bus_message_close_container(call);
}

int object_call(Connection *c, const char *path, const char *interface, const char *member, const char *subject,
                const ObjectOption *options, size_t n_options, sd_bus_message **ret_reply) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = connection_message_new(c, path, interface, member, &call);
        if (r < 0)
                return r;
        r = append_options(call, options, n_options);
        if (r < 0)
                return report_errno(r, "cannot make a message");
        return connection_call(c, call, subject, ret_reply);
}
