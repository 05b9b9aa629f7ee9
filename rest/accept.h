/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/* What the client wants to be answered with, by its header "Accept" (NULL: anything). */
typedef struct AcceptHeader {
        Accept accept;
        unsigned indent;     /* of the JSON; 0: on one line */
        const char *version; /* of the API, static; NULL: one that there is not */
} AcceptHeader;

void accept_parse(const char *header, AcceptHeader *ret);
