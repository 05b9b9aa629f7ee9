/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>

#include "encode.h"
#include "page.h"
#include "uri.h"

static uint32_t read_number(const Request *r, const char *name, uint32_t otherwise) {
        const char *text = request_parameter(r, name);

        return text ? (uint32_t) g_ascii_strtoull(text, NULL, 10) : otherwise; /* request.c has checked it */
}

Page page_read(const Request *r) {
        Page p = {
                .limit = read_number(r, "limit", PAGE_LIMIT_DEFAULT),
                .offset = read_number(r, "offset", 0),
        };

        if (p.limit == 0 || p.limit > PAGE_LIMIT_MAX)
                p.limit = PAGE_LIMIT_MAX;
        return p;
}

static bool is_position(const char *name) {
        return strcmp(name, "limit") == 0 || strcmp(name, "offset") == 0 || strcmp(name, "after") == 0 ||
               strcmp(name, "before") == 0;
}

/* The URL of this request with another position. */
static char *format_url(Request *r, uint32_t limit, const char *name, const char *value) {
        g_autoptr(GString) query = g_string_new(NULL);
        g_autofree char *origin = encode_origin(r), *number = g_strdup_printf("%" PRIu32, limit);

        for (unsigned i = 0; i < r->query->len; i++) {
                const QueryParameter *q = &g_array_index(r->query, QueryParameter, i);

                if (!is_position(q->name))
                        uri_append_parameter(query, q->name, q->value);
        }
        uri_append_parameter(query, "limit", number);
        if (name)
                uri_append_parameter(query, name, value);
        return g_strconcat(origin, r->path, "?", query->str, NULL);
}

static void set_link(JsonObject *object, const char *name, const char *url) {
        if (url)
                json_object_set_string_member(object, name, url);
        else
                json_object_set_null_member(object, name);
}

static char *page_url(Request *r, const Page *page, uint32_t offset) {
        g_autofree char *number = g_strdup_printf("%" PRIu32, offset);

        return format_url(r, page->limit, offset > 0 ? "offset" : NULL, number);
}

static void reply(Request *r, int64_t count, const char *next, const char *previous, JsonArray *results) {
        JsonObject *object = json_object_new();

        if (count >= 0)
                json_object_set_int_member(object, "count", count);
        else
                json_object_set_null_member(object, "count");
        set_link(object, "next", next);
        set_link(object, "previous", previous);
        json_object_set_array_member(object, "results", results);
        request_reply_object(r, MHD_HTTP_OK, object);
}

void page_reply(Request *r, const Page *page, int64_t count, bool more, JsonArray *results) {
        g_autofree char *next = NULL, *previous = NULL;

        if (more && page->offset <= UINT32_MAX - page->limit)
                next = page_url(r, page, page->offset + page->limit);
        if (page->offset > 0)
                previous = page_url(r, page, page->offset > page->limit ? page->offset - page->limit : 0);
        reply(r, count, next, previous, results);
}

void page_reply_short(Request *r, const Page *page, bool more, JsonArray *results) {
        uint64_t end = (uint64_t) page->offset + json_array_get_length(results);
        bool is_counted = !more && (page->offset == 0 || end > page->offset);
        g_autofree char *next = NULL, *previous = NULL;

        if (more && end <= UINT32_MAX)
                next = page_url(r, page, (uint32_t) end);
        if (page->offset > 0)
                previous = page_url(r, page, page->offset > page->limit ? page->offset - page->limit : 0);
        reply(r, is_counted ? (int64_t) end : -1, next, previous, results);
}

void page_reply_at(Request *r, int64_t count, const char *parameter, const char *cursor, JsonArray *results) {
        g_autofree char *next = cursor ? format_url(r, page_read(r).limit, parameter, cursor) : NULL;

        reply(r, count, next, NULL, results);
}
