/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdarg.h>
#include <string.h>

#include "bus.h"
#include "error.h"
#include "json.h"
#include "route.h"
#include "server.h"
#include "uuid.h"
#include "variable-text.h"

bool bus_failed(Request *r, int error) {
        if (error >= 0)
                return false;
        error_reply_errno(r, error);
        return true;
}

sd_bus_message *bus_message_new(Request *r, const char *path, const char *interface, const char *member) {
        sd_bus_message *m = NULL;
        sd_bus *bus;
        int n;

        n = server_get_bus(r->server, &bus);
        if (n >= 0)
                n = sd_bus_message_new_method_call(bus, &m, JOBD_BUS_NAME, path, interface, member);
        return bus_failed(r, n) ? NULL : m;
}

typedef struct Call {
        Request *request; /* weak ref: the slot is gone before it */
        BusCallback callback;
        bool with_errors;
} Call;

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        Call call = *(Call *) userdata;
        Request *r = call.request;

        r->slot = sd_bus_slot_unref(r->slot); /* may free what userdata points to */
        if (sd_bus_message_is_method_error(reply, NULL) && !call.with_errors)
                error_reply(r, sd_bus_message_get_error(reply));
        else
                call.callback(r, reply);
        return 1;
}

/* usec: 0: as the bus has it set (CALL_USEC). */
static void send_call(Request *r, sd_bus_message *m, BusCallback callback, bool with_errors, uint64_t usec) {
        Call *call;
        int n;

        call = g_new(Call, 1);
        *call = (Call){ r, callback, with_errors };
        r->slot = sd_bus_slot_unref(r->slot);
        n = sd_bus_call_async(sd_bus_message_get_bus(m), &r->slot, m, on_reply, call, usec);
        (void) sd_bus_message_unref(m);
        if (n < 0) {
                g_free(call);
                error_reply_errno(r, n);
                return;
        }
        (void) sd_bus_slot_set_destroy_callback(r->slot, g_free);
}

void bus_send(Request *r, sd_bus_message *m, BusCallback callback) {
        send_call(r, m, callback, false, 0);
}

void bus_send_filled_patiently(Request *r, sd_bus_message *m, int error, BusCallback callback) {
        if (bus_failed(r, error))
                (void) sd_bus_message_unref(m);
        else
                send_call(r, m, callback, false, UINT64_MAX);
}

void bus_send_filled(Request *r, sd_bus_message *m, int error, BusCallback callback) {
        if (bus_failed(r, error))
                (void) sd_bus_message_unref(m);
        else
                bus_send(r, m, callback);
}

void bus_send_any(Request *r, sd_bus_message *m, BusCallback callback) {
        send_call(r, m, callback, true, 0);
}

typedef struct Member {
        const char *path, *interface, *name;
} Member;

/* NULL: the request is answered. */
static sd_bus_message *make_call(Request *r, const Member *member, const char *types, va_list arguments) {
        sd_bus_message *m = bus_message_new(r, member->path, member->interface, member->name);
        int n = 0;

        if (m && types)
                n = sd_bus_message_appendv(m, types, arguments);
        if (n >= 0)
                return m;
        error_reply_errno(r, n);
        return sd_bus_message_unref(m);
}

void bus_call(Request *r, BusCallback callback, const char *path, const char *interface, const char *member,
              const char *types, ...) {
        sd_bus_message *m;
        va_list arguments;

        va_start(arguments, types);
        m = make_call(r, &(Member){ path, interface, member }, types, arguments);
        va_end(arguments);
        if (m)
                bus_send(r, m, callback);
}

void bus_call_any(Request *r, BusCallback callback, const char *path, const char *interface, const char *member,
                  const char *types, ...) {
        sd_bus_message *m;
        va_list arguments;

        va_start(arguments, types);
        m = make_call(r, &(Member){ path, interface, member }, types, arguments);
        va_end(arguments);
        if (m)
                bus_send_any(r, m, callback);
}

void bus_get_all(Request *r, const char *path, const char *interface, BusCallback callback) {
        bus_call(r, callback, path, "org.freedesktop.DBus.Properties", "GetAll", "s", interface);
}

void bus_show_json(Request *r, sd_bus_message *reply) {
        JsonNode *node = NULL;
        const char *text;
        int n;

        n = sd_bus_message_read(reply, "s", &text);
        if (n >= 0)
                n = json_parse(text, strlen(text), SIZE_MAX, &node, NULL);
        if (!bus_failed(r, n))
                request_reply_json(r, MHD_HTTP_OK, node);
}

int bus_path_of_uuid(const char *parent, const char *text, char ret[static BUS_PATH_SIZE]) {
        char uuid[UUID_STRING_SIZE], digits[33];
        int n;

        n = uuid_parse(text, uuid);
        if (n < 0)
                return n;
        uuid_to_digits(uuid, digits);
        (void) snprintf(ret, BUS_PATH_SIZE, "%s/%s", parent, digits);
        return 0;
}

/* ---- filters ---- */

int bus_append_option(sd_bus_message *m, const char *name, const char *type, ...) {
        va_list value;
        int r;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', type);
        if (r < 0)
                return r;
        va_start(value, type);
        r = sd_bus_message_appendv(m, type, value);
        va_end(value);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_parameter(sd_bus_message *m, const Parameter *p, const char *value) {
        bool flag;
        int r;

        switch (p->type) {
        case VALUE_BOOLEAN:
                r = variable_text_to_boolean(value, &flag);
                return r < 0 ? r : bus_append_option(m, p->option, "b", (int) flag);
        case VALUE_INTEGER:
                return bus_append_option(m, p->option, "u", (unsigned) g_ascii_strtoull(value, NULL, 10));
        case VALUE_NUMBER:
                return bus_append_option(m, p->option, "t",
                                         (uint64_t) (g_ascii_strtod(value, NULL) * USEC_PER_SEC + 0.5));
        case VALUE_TIME:
                return bus_append_option(m, p->option, "t", request_time(value) + (uint64_t) (int64_t) p->offset_usec);
        default:
                return bus_append_option(m, p->option, "s", value);
        }
}

int bus_open_filter(Request *r, sd_bus_message *m) {
        int n;

        n = sd_bus_message_open_container(m, 'a', "{sv}");
        for (unsigned i = 0; i < r->query->len && n >= 0; i++) {
                const QueryParameter *q = &g_array_index(r->query, QueryParameter, i);
                const Parameter *p = route_find_parameter(r->route, q->name);

                if (p && p->option)
                        n = append_parameter(m, p, q->value);
        }
        return n;
}

int bus_append_filter(Request *r, sd_bus_message *m) {
        int n;

        n = bus_open_filter(r, m);
        return n < 0 ? n : sd_bus_message_close_container(m);
}
