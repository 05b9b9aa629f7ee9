/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/* Everything that a client can make the gateway hold or wait for. jobd-rest(8) names them. */
enum {
        HEADER_SIZE_MAX = 16 * 1024,               /* bytes of the request line and all headers */
        CONNECTION_MEMORY = 64 * 1024,             /* bytes that libmicrohttpd may use for a connection, both ways */
        BODY_SIZE_MAX = 128 * 1024,                /* bytes of a JSON body: of JSON_SIZE_MAX and room for blanks */
        UPLOAD_SIZE_MAX = 65 * 1024 * 1024,        /* bytes of a body with files: 64 MiB and its other parts */
        OBJECTS_SIZE_MAX = 16 * 1024 * 1024,       /* bytes of a JSON list of objects, as jobd takes it */
        PARTS_MAX = 256,                           /* of such a body */
        FILES_MAX = 32,                            /* of those: each is an open file in memory */
        PARAMETERS_MAX = 64,                       /* of a query */
        SECONDS_DIGITS_MAX = 9,                    /* before the point of a time span in a query */
        LINGER_SIZE_MAX = 1024 * 1024,             /* bytes that are still read from a client that was refused */
        CONNECTIONS_PER_USER_MAX = 64,
        PAGE_LIMIT_DEFAULT = 50,
        PAGE_LIMIT_MAX = 1000,
        OFFSET_MAX = 10000,                        /* that jobd takes for job results; what is further is had by "before" */
        WAIT_SECONDS_MAX = 300,                    /* of a long poll */
        LOG_LINE_SIZE_MAX = 1024 * 1024,           /* bytes of one line of a log */
        FOLLOW_TRIES_MAX = 20,                     /* to go on with a log whose jobd has ended */
        LOG_LINES_MAX = 10000,                     /* that are counted and skipped; what is further is had by "after" */
};

#define FIRST_BYTE_USEC (10 * USEC_PER_SEC) /* from the connection to the end of the first request's headers */
#define IDLE_USEC (60 * USEC_PER_SEC)       /* from a response to the end of the next request's headers */
#define BODY_USEC (60 * USEC_PER_SEC)       /* from the end of the headers to the end of the body */
#define SEND_SECONDS 60                     /* without a client that reads, or a byte that arrives */
#define CALL_USEC (60 * USEC_PER_SEC)       /* for jobd to answer */
#define LINGER_MSEC 1000
#define FOLLOW_RETRY_USEC (500 * USEC_PER_MSEC) /* between two of those tries */
