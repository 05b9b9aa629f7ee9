/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>

#include "bus-report.h"
#include "json.h"
#include "names.h"
#include "objects.h"

enum { PAGE = 1000 };

typedef struct Request {
        const char *model, *query;
        unsigned limit, offset;
        bool quietly;
} Request;

static int call(Connection *c, const Request *q, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = connection_message_new(c, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, "ListObjects", &call);
        if (r < 0)
                return r;
        r = sd_bus_message_append(call, "ssa{sv}", q->model, q->query, 2, "limit", "u", (uint32_t) q->limit, "offset",
                                  "u", (uint32_t) q->offset);
        if (r < 0)
                return q->quietly ? r : report_errno(r, "cannot make a message");
        if (q->quietly)
                return sd_bus_call(connection_bus(c), call, 0, NULL, ret);
        return connection_call(c, call, q->model, ret);
}

/* Appends a page. 1: there is more, 0: there is not. */
static int read_page(sd_bus_message *reply, JsonArray *objects) {
        g_autoptr(JsonNode) node = NULL;
        const char *text;
        int more, r;

        r = sd_bus_message_read(reply, "sb", &text, &more);
        if (r >= 0)
                r = json_parse(text, strlen(text), SIZE_MAX, &node, NULL);
        if (r < 0 || !JSON_NODE_HOLDS_ARRAY(node))
                return -EBADMSG;
        for (unsigned i = 0; i < json_array_get_length(json_node_get_array(node)); i++)
                json_array_add_element(objects, json_node_copy(json_array_get_element(json_node_get_array(node), i)));
        return more && json_array_get_length(json_node_get_array(node)) > 0;
}

static int list(Connection *c, Request *q, unsigned max, JsonArray **ret, bool *ret_more) {
        g_autoptr(JsonArray) objects = json_array_new();
        int r;

        do {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

                q->offset = json_array_get_length(objects);
                q->limit = max > 0 ? MIN(max - q->offset, (unsigned) PAGE) : PAGE;
                r = call(c, q, &reply);
                if (r < 0)
                        return r;
                r = read_page(reply, objects);
                if (r < 0)
                        return q->quietly ? r : report_errno(r, "cannot understand the reply of jobd");
        } while (r > 0 && (max == 0 || json_array_get_length(objects) < max));
        if (ret_more)
                *ret_more = r > 0;
        *ret = TAKE_PTR(objects);
        return 0;
}

int objects_list(Connection *c, const char *model, const char *query, unsigned max, JsonArray **ret, bool *ret_more) {
        return list(c, &(Request){ .model = model, .query = query }, max, ret, ret_more);
}

int objects_try(Connection *c, const char *model, const char *query, unsigned max, JsonArray **ret, bool *ret_more) {
        return list(c, &(Request){ .model = model, .query = query, .quietly = true }, max, ret, ret_more);
}
