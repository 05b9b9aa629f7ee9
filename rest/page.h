/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/* A part of a list: {"count", "next", "previous", "results"}. */
typedef struct Page {
        uint32_t limit, offset;
} Page;

/* From the query; limit 0 is the most there is. */
Page page_read(const Request *r);

/*
 * Answers with a page. Takes over results. count: of all there are, -1: not known; more: there is a next page.
 */
void page_reply(Request *r, const Page *page, int64_t count, bool more, JsonArray *results);

/* The same for a page that can be shorter than its limit although there is more: the next one begins where it ends. */
void page_reply_short(Request *r, const Page *page, bool more, JsonArray *results);

/* The same for a list that goes on at a cursor: next is the URL with parameter=cursor, NULL: there is no more. */
void page_reply_at(Request *r, int64_t count, const char *parameter, const char *cursor, JsonArray *results);
