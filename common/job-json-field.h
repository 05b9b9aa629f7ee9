/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job-json.h"

/*
 * The tables behind job-json.c and job-json-describe.c: which property becomes which member, in the order of the
 * members.
 */

/* What a property becomes. Each stands for one D-Bus type and one way to write it as JSON. */
typedef enum FieldType {
        FIELD_STRING,         /* s */
        FIELD_STRING_OR_NULL, /* s, "" is null */
        FIELD_BOOLEAN,        /* b */
        FIELD_STRINGS,        /* as */
        FIELD_STRING_MAP,     /* a{ss} */
        FIELD_TIME,           /* t, 0 is null */
        FIELD_TIME_SPAN,      /* t, infinity is null */
        FIELD_UINT64,         /* t, all bits set is null */
        FIELD_UINT32,         /* u */
        FIELD_EXIT_CODE,      /* i, -1 is null */
        FIELD_SIGNAL,         /* i, 0 is null */
        FIELD_OBJECT_ID,      /* o, "/" is null */
        FIELD_DATA,           /* s, a JSON object in text form, "" is {} */
        FIELD_JSON,           /* s, any JSON value in text form, "" is null */
        FIELD_PERCENT,        /* u, all bits set is null */
        FIELD_COUNTS,         /* a{su} */
        FIELD_INT32,          /* i */
        FIELD_APPROVALS,      /* a(ussssbt), becomes an array of objects */
        FIELD_STAGES,         /* a(ssuu), the same */
        FIELD_OVERRIDES,      /* as, becomes one boolean for each field that can be overridden */
} FieldType;

typedef struct Field {
        const char *property;
        const char *member;
        FieldType type;
        bool optional; /* the member is only there where the property is */
} Field;

typedef struct FieldTable {
        const Field *fields;
        size_t n;
} FieldTable;

/* By JobJsonKind. */
extern const FieldTable job_json_tables[];

/* The fields that can be overridden, and the flag that says so: the reference calls singleton "is_singleton". */
typedef struct OverrideFlag {
        const char *field, *flag;
} OverrideFlag;

enum { OVERRIDE_FLAGS = 11 };
extern const OverrideFlag job_json_override_flags[OVERRIDE_FLAGS];
