/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "error.h"
#include "request.h"

/*
 * The table of all there is to be asked for: it routes, it validates queries and bodies, and it is what /api/schema/
 * shows. What is not in it does not exist.
 */
typedef enum ValueType {
        VALUE_STRING,
        VALUE_BOOLEAN,
        VALUE_INTEGER, /* from 0 */
        VALUE_NUMBER,  /* from 0, seconds */
        VALUE_SIGNED,
        VALUE_TIME,    /* of a query only */
        VALUE_STRINGS, /* of a body only, as the following */
        VALUE_OBJECT,
        VALUE_ANY,
} ValueType;

/* A parameter of a query. */
typedef struct Parameter {
        const char *name;
        ValueType type;
        const char *option; /* what the filter of D-Bus calls it; NULL: it is none of the filter */
        const char *text;
        int offset_usec;    /* of a time: what the option's is later than the parameter's */
} Parameter;

/* A member of a JSON body. */
typedef struct Field {
        const char *name;
        ValueType type;
        bool nullable;
        const char *text;
} Field;

typedef struct Route {
        const char *method;
        const char *path;    /* with {id} for what is given */
        const char *id;      /* of the operation */
        const char *summary;
        const Parameter *parameters; /* up to the one without a name; NULL: none */
        const Field *fields;         /* the same; NULL: there is no body, or it is a list */
        uint64_t list_size_max;      /* the body is a JSON list that jobd reads, of so many bytes; 0: it is none */
        bool is_multipart;           /* the body may be, too */
        unsigned status;             /* when it went well */
        const char *reply;           /* the schema of the answer: schema.c; NULL: no content */
        ErrorContext context;
        void (*handle)(Request *r);
} Route;

extern const Route routes[];
extern const size_t routes_size;

/* Finds the route and the path's captures. Returns 0, -ENOENT: no such path, -EOPNOTSUPP: not by this method. */
int route_find(const char *method, const char *path, const Route **ret, char *ret_captures[static 2]) _must_check_;

/* "GET, HEAD, OPTIONS, POST": what the path can do; NULL: there is no such path. Free with g_free(). */
char *route_methods(const char *path);

const Parameter *route_find_parameter(const Route *route, const char *name);
const Field *route_find_field(const Route *route, const char *name);
