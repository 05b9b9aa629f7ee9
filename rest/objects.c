/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "bus.h"
#include "encode.h"
#include "json.h"
#include "page.h"
#include "resources.h"
#include "write-all.h"

/* /api/extras/object-models/: what variables of objects are chosen from */

/* ---- models ---- */

static JsonObject *model_new(Request *r, const char *name, const char *source, uint32_t count) {
        g_autofree char *model = encode_url(r, "object-models", name), *url = g_strconcat(model, "objects/", NULL);
        JsonObject *o = json_object_new();

        json_object_set_string_member(o, "name", name);
        json_object_set_string_member(o, "source", source);
        if (count == UINT32_MAX)
                json_object_set_null_member(o, "count");
        else
                json_object_set_int_member(o, "count", count);
        json_object_set_string_member(o, "url", url);
        return o;
}

static void on_models(Request *r, sd_bus_message *reply) {
        g_autoptr(JsonArray) results = json_array_new();
        const Page page = page_read(r);
        const char *name, *source;
        unsigned n_models = 0;
        uint32_t count;
        int n;

        n = sd_bus_message_enter_container(reply, 'a', "(ssu)");
        while (n >= 0 && (n = sd_bus_message_read(reply, "(ssu)", &name, &source, &count)) > 0)
                if (n_models++ >= page.offset && json_array_get_length(results) < page.limit)
                        json_array_add_object_element(results, model_new(r, name, source, count));
        if (!bus_failed(r, n))
                page_reply(r, &page, n_models, n_models > (uint64_t) page.offset + page.limit, TAKE_PTR(results));
}

void object_models_list(Request *r) {
        bus_call(r, on_models, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, "ListObjectModels", NULL);
}

/* ---- objects ---- */

/* They are not counted: what fits a query is looked for up to the end of the page. */
static void on_objects(Request *r, sd_bus_message *reply) {
        g_autoptr(JsonNode) node = NULL;
        const Page page = page_read(r);
        const char *text;
        int more, n;

        n = sd_bus_message_read(reply, "sb", &text, &more);
        if (n >= 0)
                n = json_parse(text, strlen(text), SIZE_MAX, &node, NULL);
        if (n >= 0 && !JSON_NODE_HOLDS_ARRAY(node))
                n = -EBADMSG;
        if (!bus_failed(r, n))
                page_reply_short(r, &page, more, json_node_dup_array(node));
}

void objects_list(Request *r) {
        const Page page = page_read(r);

        bus_call(r, on_objects, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, "ListObjects", "ssa{sv}", r->captures[0],
                 request_parameter(r, "query") ?: "", 2, "limit", "u", page.limit, "offset", "u", page.offset);
}

/* ---- import ---- */

static int seal_body(Request *r, int *ret) {
        _cleanup_close_ int fd = memfd_create("jobd-rest-objects", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        int n = 0;

        if (fd < 0)
                return -errno;
        if (r->body)
                n = write_all(fd, r->body->str, r->body->len);
        if (n >= 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
                n = -errno;
        if (n < 0)
                return n;
        *ret = TAKE_FD(fd);
        return 0;
}

static void on_imported(Request *r, sd_bus_message *reply) {
        g_autoptr(JsonObject) counts = json_object_new();
        const char *name;
        uint32_t count;
        int n;

        n = sd_bus_message_enter_container(reply, 'a', "{su}");
        while (n >= 0 && (n = sd_bus_message_read(reply, "{su}", &name, &count)) > 0)
                json_object_set_int_member(counts, name, count);
        if (!bus_failed(r, n))
                request_reply_object(r, MHD_HTTP_OK, TAKE_PTR(counts));
}

void objects_import(Request *r) {
        _cleanup_close_ int fd = -EBADF;
        sd_bus_message *m;
        int n;

        if (bus_failed(r, seal_body(r, &fd)))
                return;
        m = bus_message_new(r, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, "ImportObjects");
        if (!m)
                return;
        n = sd_bus_message_append(m, "sh", r->captures[0], fd);
        if (n >= 0)
                n = bus_append_filter(r, m);
        bus_send_filled(r, m, n, on_imported);
}
