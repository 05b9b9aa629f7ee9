/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "json.h"
#include "request.h"

/* JSON text, on one line or indented by so many blanks. Free with g_free(). */
char *encode_json(JsonNode *node, unsigned indent);

/* "http://host/api/extras/jobs/<id>/": where the client finds an object, by the names that it uses. Free with g_free(). */
char *encode_url(Request *r, const char *collection, const char *id);
/* "http://host", or "" when the client has not said what it calls us. Free with g_free(). */
char *encode_origin(Request *r);

/* An object of job-json.h with the members that only this face has: display, url. */
void encode_add_links(Request *r, JsonObject *object, const char *collection);
