/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/* The parts of a URL, decoded: percent-escapes, UTF-8, no NUL. They are names to be looked up and compared, never paths. */

/* Up to size bytes. NULL: not decodable. In a query "+" is a blank. Free with g_free(). */
char *uri_decode(const char *text, size_t size, bool is_query);

/* The parts between the slashes; empty ones at both ends are left out. NULL: one is not decodable. */
GPtrArray *uri_split_path(const char *path);

/* A GArray of QueryParameter. NULL: not decodable, or too many. */
GArray *uri_split_query(const char *query);

/* Appends "name=value" with the escapes that are needed, after "&" if need be. */
void uri_append_parameter(GString *query, const char *name, const char *value);
