/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <microhttpd.h>

#include "macro.h"

/*
 * A body of multipart/form-data. Fields are text; files go to memory (memfd_create(2)), never to a disk. What is wrong
 * is remembered and told when all has arrived.
 */
typedef struct Multipart Multipart;

typedef struct Part {
        char *name;
        char *file_name; /* NULL: a field */
        GString *text;   /* of a field */
        int fd;          /* of a file, -EBADF for a field */
} Part;

/* NULL: the connection's body is none, or has no boundary. */
Multipart *multipart_new(struct MHD_Connection *connection);
Multipart *multipart_free(Multipart *m);

void multipart_add(Multipart *m, const char *data, size_t size);
void multipart_finish(Multipart *m);

/* What is wrong with it, a sentence; NULL: nothing. */
const char *multipart_problem(const Multipart *m);
/* Of Part*, borrowed, names are different. */
const GPtrArray *multipart_parts(const Multipart *m);
