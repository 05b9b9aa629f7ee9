/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "config.h"
#include "encode.h"
#include "job-json.h"
#include "json.h"
#include "resources.h"
#include "route.h"

/* OpenAPI 3.0, made of the table of routes and, for what is shown of an object, of the tables of job-json.h. */

static JsonObject *type_new(const char *type) {
        JsonObject *o = json_object_new();

        json_object_set_string_member(o, "type", type);
        return o;
}

static JsonObject *reference_new(const char *schema) {
        g_autofree char *text = g_strconcat("#/components/schemas/", schema, NULL);
        JsonObject *o = json_object_new();

        json_object_set_string_member(o, "$ref", text);
        return o;
}

static JsonObject *value_schema(ValueType type) {
        JsonObject *o;

        switch (type) {
        case VALUE_BOOLEAN:
                return type_new("boolean");
        case VALUE_INTEGER:
        case VALUE_NUMBER:
                o = type_new(type == VALUE_INTEGER ? "integer" : "number");
                json_object_set_int_member(o, "minimum", 0);
                return o;
        case VALUE_SIGNED:
                return type_new("integer");
        case VALUE_STRINGS:
                o = type_new("array");
                json_object_set_object_member(o, "items", type_new("string"));
                return o;
        case VALUE_OBJECT:
                return type_new("object");
        case VALUE_ANY:
                return json_object_new();
        case VALUE_TIME:
                o = type_new("string");
                json_object_set_string_member(o, "format", "date-time");
                return o;
        case VALUE_STRING:
                break;
        }
        return type_new("string");
}

/* ---- parameters and bodies ---- */

static JsonObject *parameter_new(const char *name, const char *in, JsonObject *schema, const char *text) {
        JsonObject *o = json_object_new();

        json_object_set_string_member(o, "name", name);
        json_object_set_string_member(o, "in", in);
        if (strcmp(in, "path") == 0)
                json_object_set_boolean_member(o, "required", true);
        if (text)
                json_object_set_string_member(o, "description", text);
        json_object_set_object_member(o, "schema", schema);
        return o;
}

static JsonArray *describe_parameters(const Route *route) {
        JsonArray *list = json_array_new();

        for (const char *p = strchr(route->path, '{'); p; p = strchr(p + 1, '{')) {
                g_autofree char *name = g_strndup(p + 1, strcspn(p + 1, "}"));

                json_array_add_object_element(list, parameter_new(name, "path", type_new("string"), NULL));
        }
        for (const Parameter *p = route->parameters; p && p->name; p++)
                json_array_add_object_element(list, parameter_new(p->name, "query", value_schema(p->type), p->text));
        return list;
}

static JsonObject *content_new(const char *type, JsonObject *schema) {
        JsonObject *content = json_object_new(), *media = json_object_new();

        json_object_set_object_member(media, "schema", schema);
        json_object_set_object_member(content, type, media);
        return content;
}

static JsonObject *describe_fields(const Route *route) {
        JsonObject *schema = type_new("object"), *properties = json_object_new();

        for (const Field *f = route->fields; f->name; f++) {
                JsonObject *o = value_schema(f->type);

                json_object_set_string_member(o, "description", f->text);
                if (f->nullable)
                        json_object_set_boolean_member(o, "nullable", true);
                json_object_set_object_member(properties, f->name, o);
        }
        json_object_set_object_member(schema, "properties", properties);
        return schema;
}

static JsonObject *describe_list(void) {
        JsonObject *list = type_new("array");

        json_object_set_object_member(list, "items", type_new("object"));
        return list;
}

static JsonObject *describe_body(const Route *route) {
        JsonObject *body = json_object_new();
        JsonObject *content = content_new("application/json", route->fields ? describe_fields(route) : describe_list());

        if (route->is_multipart) {
                JsonObject *form = content_new("multipart/form-data", type_new("object"));

                json_object_set_object_member(content, "multipart/form-data",
                                              json_object_ref(json_object_get_object_member(form, "multipart/form-data")));
                json_object_unref(form);
        }
        json_object_set_object_member(body, "content", content);
        return body;
}

static JsonObject *describe_replies(const Route *route) {
        JsonObject *replies = json_object_new(), *good = json_object_new(), *bad = json_object_new();
        g_autofree char *status = g_strdup_printf("%u", route->status);

        json_object_set_string_member(good, "description", route->summary);
        if (g_strcmp0(route->reply, "File") == 0) {
                JsonObject *file = type_new("string");

                json_object_set_string_member(file, "format", "binary");
                json_object_set_object_member(good, "content", content_new("application/octet-stream", file));
        } else if (route->reply)
                json_object_set_object_member(good, "content",
                                              content_new("application/json", reference_new(route->reply)));
        json_object_set_object_member(replies, status, good);
        json_object_set_string_member(bad, "description", "It is refused, and why");
        json_object_set_object_member(bad, "content", content_new("application/json", reference_new("Error")));
        json_object_set_object_member(replies, "default", bad);
        return replies;
}

/* ---- operations ---- */

static JsonObject *describe_operation(const Route *route) {
        JsonObject *o = json_object_new();

        json_object_set_string_member(o, "operationId", route->id);
        json_object_set_string_member(o, "summary", route->summary);
        json_object_set_array_member(o, "parameters", describe_parameters(route));
        if (route->fields || route->list_size_max > 0)
                json_object_set_object_member(o, "requestBody", describe_body(route));
        json_object_set_object_member(o, "responses", describe_replies(route));
        return o;
}

static JsonObject *describe_paths(void) {
        JsonObject *paths = json_object_new();

        for (size_t i = 0; i < routes_size; i++) {
                g_autofree char *method = g_ascii_strdown(routes[i].method, -1);

                if (!json_object_has_member(paths, routes[i].path))
                        json_object_set_object_member(paths, routes[i].path, json_object_new());
                json_object_set_object_member(json_object_get_object_member(paths, routes[i].path), method,
                                              describe_operation(routes + i));
        }
        return paths;
}

/* ---- schemas ---- */

static JsonObject *nullable(JsonObject *schema) {
        json_object_set_boolean_member(schema, "nullable", true);
        return schema;
}

static void add_schema(JsonObject *schemas, const char *name, JsonObject *properties) {
        JsonObject *schema = type_new("object");

        if (properties)
                json_object_set_object_member(schema, "properties", properties);
        json_object_set_object_member(schemas, name, schema);
}

/* An object as the tables of job-json.h have it, and a page of them. */
static void add_kind(JsonObject *schemas, const char *name, JsonObject *properties) {
        g_autofree char *list_name = g_strconcat(name, "List", NULL);
        JsonObject *list = json_object_new(), *results = type_new("array"), *link;

        if (properties) {
                json_object_set_object_member(properties, "display", type_new("string"));
                json_object_set_object_member(properties, "url", type_new("string"));
        }
        add_schema(schemas, name, properties);

        json_object_set_object_member(list, "count", nullable(type_new("integer")));
        for (unsigned i = 0; i < 2; i++) {
                link = nullable(type_new("string"));
                json_object_set_object_member(list, i == 0 ? "next" : "previous", link);
        }
        json_object_set_object_member(results, "items", reference_new(name));
        json_object_set_object_member(list, "results", results);
        add_schema(schemas, list_name, list);
}

static JsonObject *describe_schemas(void) {
        JsonObject *schemas = json_object_new(), *run = json_object_new();

        add_kind(schemas, "Job", job_json_describe(JOB_JSON_JOB));
        add_kind(schemas, "JobResult", job_json_describe(JOB_JSON_RESULT));
        add_kind(schemas, "ScheduledJob", job_json_describe(JOB_JSON_SCHEDULED_JOB));
        add_kind(schemas, "JobQueue", job_json_describe(JOB_JSON_QUEUE));
        add_kind(schemas, "JobLogEntry", NULL);
        add_kind(schemas, "Output", NULL);
        add_kind(schemas, "ObjectModel", NULL);
        add_kind(schemas, "InventoryObject", NULL);
        add_schema(schemas, "Object", NULL);
        add_schema(schemas, "Error", NULL);
        json_object_set_object_member(schemas, "Nothing", nullable(type_new("object")));
        json_object_set_object_member(schemas, "List", describe_list());
        json_object_set_object_member(run, "scheduled_job", nullable(type_new("object")));
        json_object_set_object_member(run, "job_result", nullable(type_new("object")));
        add_schema(schemas, "Run", run);
        return schemas;
}

void schema_show(Request *r) {
        JsonObject *schema = json_object_new(), *info = json_object_new(), *components = json_object_new();

        json_object_set_string_member(schema, "openapi", "3.0.3");
        json_object_set_string_member(info, "title", "jobd");
        json_object_set_string_member(info, "version", PROJECT_VERSION);
        json_object_set_object_member(schema, "info", info);
        json_object_set_object_member(schema, "paths", describe_paths());
        json_object_set_object_member(components, "schemas", describe_schemas());
        json_object_set_object_member(schema, "components", components);
        request_reply_object(r, MHD_HTTP_OK, schema);
}

/* The collections, as the table has them. */
void root_show(Request *r) {
        JsonObject *root = json_object_new();
        g_autofree char *origin = encode_origin(r);

        for (size_t i = 0; i < routes_size; i++) {
                g_autofree char *name = g_path_get_basename(routes[i].path), *url = NULL;

                if (strcmp(routes[i].method, "GET") != 0 || strchr(routes[i].path, '{') ||
                    routes[i].handle == root_show)
                        continue;
                url = g_strconcat(origin, routes[i].path, NULL);
                json_object_set_string_member(root, name, url);
        }
        request_reply_object(r, MHD_HTTP_OK, root);
}
