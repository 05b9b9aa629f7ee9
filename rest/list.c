/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus.h"
#include "encode.h"
#include "object.h"
#include "page.h"

/* So many are counted, and no further ones. */
enum { COUNT_MAX = 10000 };

/*
 * jobd does not count what a caller may see of these, since polkit is asked about each. So the list is read on, and
 * what is not on the page is counted.
 */
typedef struct List {
        const ObjectKind *kind;
        Page page;
        JsonArray *results;
        uint32_t seen;   /* so many there are, from the first */
        char *before;    /* where it goes on by cursor: the last one that was seen */
} List;

static void list_free(void *p) {
        List *l = p;

        json_array_unref(l->results);
        g_free(l->before);
        g_free(l);
}

int object_read_list(Request *r, sd_bus_message *m, ObjectRead read, ObjectAdd add, int *ret_more) {
        int n;

        n = sd_bus_message_enter_container(m, 'a', "(oa{sv})");
        if (n < 0)
                return n;
        while ((n = sd_bus_message_enter_container(m, 'r', "oa{sv}")) > 0) {
                g_autoptr(JsonObject) object = NULL;

                n = sd_bus_message_skip(m, "o");
                if (n >= 0)
                        n = read(m, &object);
                if (n >= 0)
                        n = sd_bus_message_exit_container(m);
                if (n < 0)
                        return n;
                add(r, TAKE_PTR(object));
        }
        if (n >= 0)
                n = sd_bus_message_exit_container(m);
        return n < 0 ? n : sd_bus_message_read(m, "b", ret_more);
}

static void add_object(Request *r, JsonObject *object) {
        List *l = r->state;

        g_free(l->before);
        l->before = g_strdup(json_object_get_string_member_with_default(object, "id", NULL));
        if (l->seen++ < l->page.offset || json_array_get_length(l->results) == l->page.limit) {
                json_object_unref(object);
                return;
        }
        encode_add_links(r, object, l->kind->collection);
        json_array_add_object_element(l->results, object);
}

static void list_next(Request *r);

static void on_objects(Request *r, sd_bus_message *reply) {
        List *l = r->state;
        int more, n;

        n = object_read_list(r, reply, l->kind->read, add_object, &more);
        if (bus_failed(r, n))
                return;
        if (more && l->seen >= COUNT_MAX && json_array_get_length(l->results) == l->page.limit)
                page_reply(r, &l->page, -1, true, json_array_ref(l->results));
        else if (more)
                list_next(r);
        else
                page_reply(r, &l->page, l->seen, l->seen > l->page.offset + json_array_get_length(l->results),
                           json_array_ref(l->results));
}

/* As many as the page still wants at first, so that a short list costs one call; then as many as there may be. */
static uint32_t next_limit(const List *l) {
        uint64_t wanted = (uint64_t) l->page.offset + l->page.limit;

        return l->seen < wanted ? (uint32_t) MIN(wanted - l->seen, PAGE_LIMIT_MAX) : PAGE_LIMIT_MAX;
}

static void list_next(Request *r) {
        List *l = r->state;
        sd_bus_message *m;
        int n;

        m = bus_message_new(r, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, l->kind->list);
        if (!m)
                return;
        n = bus_open_filter(r, m);
        if (n >= 0)
                n = bus_append_option(m, "limit", "u", next_limit(l));
        if (n >= 0 && !l->kind->by_cursor)
                n = bus_append_option(m, "offset", "u", l->seen);
        if (n >= 0 && l->kind->by_cursor && l->before)
                n = bus_append_option(m, "before", "s", l->before);
        if (n >= 0)
                n = sd_bus_message_close_container(m);
        bus_send_filled(r, m, n, on_objects);
}

void object_list(Request *r, const ObjectKind *kind) {
        List *l = g_new0(List, 1);

        l->kind = kind;
        l->page = page_read(r);
        l->results = json_array_new();
        request_set_state(r, l, list_free);
        list_next(r);
}
