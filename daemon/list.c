/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus-error.h"
#include "list.h"
#include "object-path.h"

enum { LIMIT_MAX = 1000 };

int list_check_limit(uint32_t limit, sd_bus_error *error) {
        if (limit >= 1 && limit <= LIMIT_MAX)
                return 0;
        return sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION, "option 'limit' must be from 1 to %i", LIMIT_MAX);
}

static int append_object(sd_bus_message *reply, const char *parent, const char *id, const void *object,
                         ListAppend append) {
        char path[OBJECT_PATH_SIZE];
        int r;

        object_path_format(parent, id, path);
        r = sd_bus_message_open_container(reply, 'r', "oa{sv}");
        if (r >= 0)
                r = sd_bus_message_append(reply, "o", path);
        if (r >= 0)
                r = append(reply, object);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

int list_send(sd_bus_message *call, const GPtrArray *list, const char *parent, ListAppend append, size_t id_offset,
              bool more) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(oa{sv})");
        for (guint i = 0; i < list->len && r >= 0; i++)
                r = append_object(reply, parent, (const char *) list->pdata[i] + id_offset, list->pdata[i], append);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_message_append(reply, "b", (int) more);
        return r < 0 ? r : sd_bus_send(sd_bus_message_get_bus(call), reply, NULL);
}

char *list_key(const char *text) {
        return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}
