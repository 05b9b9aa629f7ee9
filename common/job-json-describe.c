/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "job-json-field.h"

/* The members as a JSON schema. */

static const char *schema_type(FieldType type) {
        switch (type) {
        case FIELD_BOOLEAN:
                return "boolean";
        case FIELD_STRINGS:
        case FIELD_APPROVALS:
        case FIELD_STAGES:
                return "array";
        case FIELD_STRING_MAP:
        case FIELD_DATA:
        case FIELD_COUNTS:
                return "object";
        case FIELD_TIME_SPAN:
                return "number";
        case FIELD_UINT64:
        case FIELD_UINT32:
        case FIELD_INT32:
        case FIELD_EXIT_CODE:
        case FIELD_SIGNAL:
        case FIELD_PERCENT:
                return "integer";
        default:
                return "string";
        }
}

static JsonObject *describe_field(FieldType type) {
        JsonObject *o = json_object_new();

        if (type != FIELD_JSON) /* any value */
                json_object_set_string_member(o, "type", schema_type(type));
        if (type == FIELD_TIME)
                json_object_set_string_member(o, "format", "date-time");
        if (strcmp(schema_type(type), "array") == 0) {
                JsonObject *items = json_object_new();

                json_object_set_string_member(items, "type", type == FIELD_STRINGS ? "string" : "object");
                json_object_set_object_member(o, "items", items);
        }
        json_object_set_boolean_member(o, "nullable", true);
        return o;
}

JsonObject *job_json_describe(JobJsonKind kind) {
        const FieldTable *table = &job_json_tables[kind];
        JsonObject *o = json_object_new();

        for (size_t i = 0; i < table->n; i++) {
                const Field *f = &table->fields[i];

                if (f->type != FIELD_OVERRIDES) {
                        json_object_set_object_member(o, f->member, describe_field(f->type));
                        continue;
                }
                for (size_t k = 0; k < OVERRIDE_FLAGS; k++)
                        json_object_set_object_member(o, job_json_override_flags[k].flag, describe_field(FIELD_BOOLEAN));
        }
        return o;
}
