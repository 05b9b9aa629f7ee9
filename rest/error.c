/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "bus-error.h"
#include "error.h"
#include "json.h"
#include "resources.h"
#include "route.h"

/* How the reference puts it. */
typedef enum Shape {
        SHAPE_DETAIL, /* {"detail": "..."} */
        SHAPE_ERRORS, /* {"errors": ...}: the text is JSON, or else the one entry of a list */
        SHAPE_FIELD,  /* {"field": ["problem"]}: the text is "field: problem" */
        SHAPE_NAME,   /* {"name": ["..."]}; of a run's schedule it is where that was given */
        SHAPE_QUEUE,  /* {"task_queue": ["..."]} */
        SHAPE_SCHEDULE, /* {"schedule": {...}}, as jobd says it; by the keys of a form where there was one */
        SHAPE_SENSITIVE, /* ["..."], or {"schedule": {"interval": ["...", "what to do"]}} when it was for later */
        SHAPE_NO_ANSWER, /* {"detail": "..."}, by whether it could have changed something */
        SHAPE_CONFLICT, /* {"approval_required": ["..."], ...}: for those that were sent */
} Shape;

typedef struct ErrorRow {
        const char *name;
        ErrorContext context;
        unsigned status;
        Shape shape;
        const char *text; /* the reference's; NULL: what jobd says */
} ErrorRow;

#define DBUS_ERROR(name) "org.freedesktop.DBus.Error." name

#define NO_APPROVAL "You do not have permission to approve this request."
#define NO_DENIAL "You do not have permission to deny this request."
#define NO_DRY_RUN "You do not have permission to run this job."

#define NOT_RUNNING \
        "jobd cannot be reached: it is not running and does not start: \"systemctl status jobd.service\" says why."

/* The reference's row X2, (6) and (7). */
#define NO_SENSITIVE_SCHEDULE "Unable to schedule job: Job may have sensitive input variables"
#define NO_SENSITIVE_APPROVAL                                                                                             \
        "Unable to run or schedule job: This job is flagged as possibly having sensitive variables but is also flagged "  \
        "as requiring approval.One of these two flags must be removed before this job can be scheduled or run."

/* The first that fits counts. */
static const ErrorRow rows[] = {
        { BUS_ERROR_NO_SUCH_JOB_RESULT, ERROR_IN_RESULT_LIST, 400, SHAPE_FIELD,
          "before: There is no such job result, or no longer: begin again without it." },
        { BUS_ERROR_NO_SUCH_SCHEDULED_JOB, ERROR_IN_RESULT_LIST, 400, SHAPE_FIELD,
          "scheduled_job: Select a valid choice. That choice is not one of the available choices." },
        { BUS_ERROR_NO_SUCH_JOB, ERROR_ANYWHERE, 404, SHAPE_DETAIL, "Not found." },
        { BUS_ERROR_NO_SUCH_JOB_RESULT, ERROR_ANYWHERE, 404, SHAPE_DETAIL, "Not found." },
        { BUS_ERROR_NO_SUCH_OUTPUT, ERROR_ANYWHERE, 404, SHAPE_DETAIL, "Not found." },
        { BUS_ERROR_NO_SUCH_SCHEDULED_JOB, ERROR_ANYWHERE, 404, SHAPE_DETAIL, "Not found." },
        { BUS_ERROR_NO_SUCH_JOB_QUEUE, ERROR_ANYWHERE, 404, SHAPE_DETAIL, "Not found." },
        { BUS_ERROR_NO_SUCH_MODEL, ERROR_ANYWHERE, 404, SHAPE_DETAIL, "Not found." },
        { SD_BUS_ERROR_UNKNOWN_OBJECT, ERROR_ANYWHERE, 404, SHAPE_DETAIL, "Not found." },

        { SD_BUS_ERROR_ACCESS_DENIED, ERROR_IN_APPROVAL, 403, SHAPE_DETAIL, NO_APPROVAL },
        { SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, ERROR_IN_APPROVAL, 403, SHAPE_DETAIL, NO_APPROVAL },
        { SD_BUS_ERROR_ACCESS_DENIED, ERROR_IN_DENIAL, 403, SHAPE_DETAIL, NO_DENIAL },
        { SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, ERROR_IN_DENIAL, 403, SHAPE_DETAIL, NO_DENIAL },
        { SD_BUS_ERROR_ACCESS_DENIED, ERROR_IN_DRY_RUN, 403, SHAPE_DETAIL, NO_DRY_RUN },
        { SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, ERROR_IN_DRY_RUN, 403, SHAPE_DETAIL, NO_DRY_RUN },
        { SD_BUS_ERROR_ACCESS_DENIED, ERROR_ANYWHERE, 403, SHAPE_DETAIL, NULL },
        { SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, ERROR_ANYWHERE, 403, SHAPE_DETAIL, NULL },

        { BUS_ERROR_JOB_NOT_ENABLED, ERROR_IN_RUN, 403, SHAPE_DETAIL, "This job is not enabled to be run." },
        { BUS_ERROR_JOB_NOT_ENABLED, ERROR_ANYWHERE, 403, SHAPE_DETAIL, NULL },
        { BUS_ERROR_JOB_NOT_INSTALLED, ERROR_IN_RUN, 405, SHAPE_DETAIL,
          "This job is not presently installed and cannot be run" },
        { BUS_ERROR_JOB_NOT_INSTALLED, ERROR_ANYWHERE, 409, SHAPE_DETAIL, NULL },
        { BUS_ERROR_JOB_CLASS_NOT_LOADABLE, ERROR_IN_VARIABLES, 404, SHAPE_DETAIL, "Not found." },
        { BUS_ERROR_JOB_CLASS_NOT_LOADABLE, ERROR_ANYWHERE, 405, SHAPE_DETAIL,
          "This job's source code could not be located and cannot be run" },
        { BUS_ERROR_SENSITIVE_CONFLICT, ERROR_IN_RUN, 400, SHAPE_SENSITIVE, NULL },
        { BUS_ERROR_SENSITIVE_CONFLICT, ERROR_IN_CHANGE, 400, SHAPE_CONFLICT,
          "A job with sensitive variables cannot also be marked as requiring approval" },
        { BUS_ERROR_SENSITIVE_CONFLICT, ERROR_ANYWHERE, 400, SHAPE_DETAIL, NULL },
        { BUS_ERROR_APPROVAL_REQUIRED, ERROR_ANYWHERE, 409, SHAPE_DETAIL, NULL },

        { BUS_ERROR_INVALID_JSON, ERROR_IN_RUN, 400, SHAPE_ERRORS, "Job data needs to be a dict" },
        { BUS_ERROR_INVALID_JSON, ERROR_ANYWHERE, 400, SHAPE_DETAIL, NULL },
        { BUS_ERROR_OWN_REQUEST, ERROR_IN_APPROVAL, 403, SHAPE_DETAIL, "You cannot approve your own job request!" },
        { BUS_ERROR_OWN_REQUEST, ERROR_ANYWHERE, 403, SHAPE_DETAIL, NULL },
        { BUS_ERROR_NOT_APPROVER, ERROR_ANYWHERE, 403, SHAPE_DETAIL,
          "You do not have permission to approve this stage." },
        { BUS_ERROR_ALREADY_ANSWERED, ERROR_ANYWHERE, 400, SHAPE_DETAIL, "You have already approved to this stage." },
        { BUS_ERROR_NOT_PENDING, ERROR_ANYWHERE, 400, SHAPE_DETAIL, NULL },
        { BUS_ERROR_START_TIME_PAST, ERROR_ANYWHERE, 400, SHAPE_DETAIL,
          "The job's start time is in the past. If you want to force a run anyway, add the `force` query parameter." },
        { BUS_ERROR_REQUEST_CHANGED, ERROR_ANYWHERE, 409, SHAPE_DETAIL, NULL },
        { BUS_ERROR_NO_DRY_RUN, ERROR_ANYWHERE, 405, SHAPE_DETAIL, NULL },
        { BUS_ERROR_WRONG_STATE, ERROR_ANYWHERE, 409, SHAPE_DETAIL, NULL },
        { BUS_ERROR_INVALID_SCHEDULE, ERROR_ANYWHERE, 400, SHAPE_SCHEDULE, NULL },

        { BUS_ERROR_INVALID_DATA, ERROR_ANYWHERE, 400, SHAPE_ERRORS, NULL },
        { BUS_ERROR_INVALID_QUEUE, ERROR_IN_RUN, 400, SHAPE_QUEUE, NULL },
        { BUS_ERROR_INVALID_QUEUE, ERROR_IN_SCHEDULE_CHANGE, 400, SHAPE_QUEUE, NULL },
        { BUS_ERROR_INVALID_QUEUE, ERROR_ANYWHERE, 400, SHAPE_DETAIL, NULL },
        { BUS_ERROR_NO_SUCH_USER, ERROR_ANYWHERE, 400, SHAPE_DETAIL, NULL },
        { BUS_ERROR_INVALID_QUERY, ERROR_ANYWHERE, 400, SHAPE_DETAIL, NULL },
        { BUS_ERROR_INVALID_OPTION, ERROR_ANYWHERE, 400, SHAPE_DETAIL, NULL },
        { BUS_ERROR_INVALID_FIELD, ERROR_ANYWHERE, 400, SHAPE_DETAIL, NULL },
        { BUS_ERROR_INVALID_VALUE, ERROR_IN_CHANGE, 400, SHAPE_FIELD, NULL },
        { BUS_ERROR_INVALID_VALUE, ERROR_ANYWHERE, 400, SHAPE_DETAIL, NULL },
        { BUS_ERROR_INVALID_FILE, ERROR_ANYWHERE, 400, SHAPE_DETAIL, NULL },
        { BUS_ERROR_INVALID_OBJECTS, ERROR_ANYWHERE, 400, SHAPE_DETAIL, NULL },
        { BUS_ERROR_NAME_TAKEN, ERROR_ANYWHERE, 400, SHAPE_NAME, NULL },
        { BUS_ERROR_DATA_TOO_LARGE, ERROR_ANYWHERE, 413, SHAPE_DETAIL, NULL },

        { BUS_ERROR_SYSTEM_JOB, ERROR_ANYWHERE, 409, SHAPE_DETAIL, NULL },
        { BUS_ERROR_MODEL_READ_ONLY, ERROR_ANYWHERE, 409, SHAPE_DETAIL, NULL },
        { BUS_ERROR_JOB_QUEUE_IN_USE, ERROR_ANYWHERE, 409, SHAPE_DETAIL, NULL },
        { BUS_ERROR_QUEUE_UNAVAILABLE, ERROR_ANYWHERE, 503, SHAPE_DETAIL, NULL },
        { BUS_ERROR_OBJECTS_UNAVAILABLE, ERROR_ANYWHERE, 503, SHAPE_DETAIL, NULL },
        { BUS_ERROR_JOB_IN_USE, ERROR_ANYWHERE, 409, SHAPE_DETAIL, NULL },
        { BUS_ERROR_ALREADY_FINISHED, ERROR_IN_CANCEL, 409, SHAPE_DETAIL, "Job is already finished. Nothing to do." },
        { BUS_ERROR_ALREADY_FINISHED, ERROR_ANYWHERE, 409, SHAPE_DETAIL, NULL },
        { BUS_ERROR_NOT_FINISHED, ERROR_ANYWHERE, 409, SHAPE_DETAIL, NULL },

        { BUS_ERROR_TOO_MANY, ERROR_ANYWHERE, 503, SHAPE_DETAIL, NULL },
        { BUS_ERROR_REFRESH_IN_PROGRESS, ERROR_ANYWHERE, 503, SHAPE_DETAIL, NULL },
        { BUS_ERROR_STORE_FULL, ERROR_ANYWHERE, 507, SHAPE_DETAIL, NULL },
        { BUS_ERROR_STORE_FAILED, ERROR_ANYWHERE, 500, SHAPE_DETAIL, NULL },
        { SD_BUS_ERROR_LIMITS_EXCEEDED, ERROR_ANYWHERE, 503, SHAPE_DETAIL, NULL },
        { SD_BUS_ERROR_NO_REPLY, ERROR_ANYWHERE, 504, SHAPE_NO_ANSWER, NULL },
        { SD_BUS_ERROR_TIMEOUT, ERROR_ANYWHERE, 504, SHAPE_NO_ANSWER, NULL },
        { SD_BUS_ERROR_SERVICE_UNKNOWN, ERROR_ANYWHERE, 503, SHAPE_DETAIL, NOT_RUNNING },
        { SD_BUS_ERROR_NAME_HAS_NO_OWNER, ERROR_ANYWHERE, 503, SHAPE_DETAIL, NOT_RUNNING },
        { SD_BUS_ERROR_DISCONNECTED, ERROR_ANYWHERE, 503, SHAPE_DETAIL, "jobd cannot be reached: the bus has gone." },
};

static const ErrorRow *find_row(const char *name, ErrorContext context) {
        static const ErrorRow unknown = { NULL, ERROR_ANYWHERE, 500, SHAPE_DETAIL, NULL };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                if (strcmp(rows[i].name, name) == 0 &&
                    (rows[i].context == ERROR_ANYWHERE || rows[i].context == context))
                        return rows + i;
        /* Systemd's activation has a family of names for a service that does not start. */
        if (g_str_has_prefix(name, DBUS_ERROR("Spawn.")) || g_str_has_prefix(name, "org.freedesktop.systemd1."))
                return find_row(SD_BUS_ERROR_SERVICE_UNKNOWN, context);
        return &unknown;
}

static JsonNode *list_of(const char *text) {
        JsonArray *list = json_array_new();
        JsonNode *node = json_node_new(JSON_NODE_ARRAY);

        json_array_add_string_element(list, text);
        json_node_take_array(node, list);
        return node;
}

static void reply_member(Request *r, unsigned status, const char *name, JsonNode *node) {
        JsonObject *object = json_object_new();

        json_object_set_member(object, name, node);
        request_reply_object(r, status, object);
}

static void reply_errors(Request *r, unsigned status, const char *text) {
        JsonNode *node = NULL;

        if (json_parse(text, strlen(text), SIZE_MAX, &node, NULL) < 0)
                node = list_of(text);
        reply_member(r, status, "errors", node);
}

static void reply_field(Request *r, unsigned status, const char *text) {
        const char *colon = strstr(text, ": ");
        g_autofree char *name = colon ? g_strndup(text, (size_t) (colon - text)) : NULL;

        if (!name || (!route_find_field(r->route, name) && !route_find_parameter(r->route, name)))
                request_fail(r, status, "%s", text);
        else
                reply_member(r, status, name, list_of(colon + 2));
}

/* The key that the client has used for the queue, and what it asked for, are in the request's state. */
static void reply_queue(Request *r, unsigned status, const char *text) {
        const char *end = strstr(text, " is not a valid choice");
        g_autofree char *choice = end ? g_strndup(text, (size_t) (end - text)) : NULL;
        g_autofree char *sentence = choice ? g_strconcat(choice, " is not a valid choice.", NULL) : g_strdup(text);

        reply_member(r, status, r->route->context == ERROR_IN_RUN ? run_queue_key(r) : "task_queue", list_of(sentence));
}

static void reply_name(Request *r, unsigned status, const char *text) {
        JsonObject *object;

        if (r->route->context != ERROR_IN_RUN || r->multipart) {
                reply_member(r, status, r->multipart ? "_schedule_name" : "name", list_of(text));
                return;
        }
        object = json_object_new();
        json_object_set_member(object, "name", list_of(text));
        reply_member(r, status, "schedule", json_node_init_object(json_node_alloc(), object));
        json_object_unref(object);
}

static void reply_conflict(Request *r, unsigned status, const char *text) {
        static const char *const names[] = { "has_sensitive_variables", "approval_required" };
        JsonObject *object = json_object_new();

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (jobs_change_has(r, names[i]))
                        json_object_set_member(object, names[i], list_of(text));
        if (json_object_get_size(object) == 0) /* by a flag that was taken away */
                json_object_set_member(object, names[1], list_of(text));
        request_reply_object(r, status, object);
}

/* Of what jobd says about a request for later, the reference's sentence comes first, by itself. */
static void reply_sensitive(Request *r, unsigned status, const char *text) {
        const char *advice = text + strlen(NO_SENSITIVE_SCHEDULE ". ");
        JsonObject *schedule;
        JsonNode *problems;

        if (!g_str_has_prefix(text, NO_SENSITIVE_SCHEDULE ". ")) {
                request_reply_json(r, status, list_of(NO_SENSITIVE_APPROVAL));
                return;
        }
        problems = list_of(NO_SENSITIVE_SCHEDULE);
        json_array_add_string_element(json_node_get_array(problems), advice);
        if (r->multipart) {
                reply_member(r, status, "_schedule_interval", problems);
                return;
        }
        schedule = json_object_new();
        json_object_set_member(schedule, "interval", problems);
        reply_member(r, status, "schedule", json_node_init_object(json_node_alloc(), schedule));
        json_object_unref(schedule);
}

/* {"schedule": {"name": [...]}} becomes {"_schedule_name": [...]} for a form, {"name": [...]} for a change. */
static void reply_schedule(Request *r, unsigned status, const char *text) {
        g_autoptr(JsonObject) problems = NULL, flat = NULL;
        JsonObjectIter iter;
        JsonObject *inner;
        const char *name;
        JsonNode *node;

        if (json_parse_object(text, strlen(text), SIZE_MAX, &problems, NULL) < 0) {
                request_fail(r, status, "%s", text);
                return;
        }
        node = json_object_get_member(problems, "schedule");
        if ((r->route->context == ERROR_IN_RUN && !r->multipart) || !node || !JSON_NODE_HOLDS_OBJECT(node)) {
                request_reply_object(r, status, TAKE_PTR(problems));
                return;
        }
        inner = json_node_get_object(node);
        flat = json_object_new();
        json_object_iter_init_ordered(&iter, inner);
        while (json_object_iter_next_ordered(&iter, &name, &node)) {
                g_autofree char *key = g_strconcat(r->multipart ? "_schedule_" : "", name, NULL);

                json_object_set_member(flat, key, json_node_copy(node));
        }
        request_reply_object(r, status, TAKE_PTR(flat));
}

void error_reply(Request *r, const sd_bus_error *error) {
        const ErrorRow *row = find_row(error->name ?: "", r->route->context);
        const char *text = row->text ?: error->message ?: error->name ?: "";

        switch (row->shape) {
        case SHAPE_DETAIL:
                request_fail(r, row->status, "%s", text);
                break;
        case SHAPE_NO_ANSWER:
                request_fail(r, row->status, "%s",
                             strcmp(r->route->method, MHD_HTTP_METHOD_GET) == 0
                                             ? "jobd has not answered: ask again."
                                             : "jobd has not answered: whether this took place is not known, so look before "
                                               "you ask again.");
                break;
        case SHAPE_ERRORS:
                reply_errors(r, row->status, text);
                break;
        case SHAPE_FIELD:
                reply_field(r, row->status, text);
                break;
        case SHAPE_NAME:
                reply_name(r, row->status, text);
                break;
        case SHAPE_QUEUE:
                reply_queue(r, row->status, text);
                break;
        case SHAPE_SCHEDULE:
                reply_schedule(r, row->status, text);
                break;
        case SHAPE_SENSITIVE:
                reply_sensitive(r, row->status, text);
                break;
        case SHAPE_CONFLICT:
                reply_conflict(r, row->status, text);
                break;
        }
}

void error_reply_errno(Request *r, int error) {
        if (error == -EBADMSG || error == -EINVAL || error == -ENXIO)
                request_fail(r, MHD_HTTP_INTERNAL_SERVER_ERROR, "What jobd has answered cannot be understood.");
        else if (error == -ENOBUFS || error == -EXFULL)
                request_fail(r, MHD_HTTP_SERVICE_UNAVAILABLE, "jobd cannot be reached: too much waits for it already.");
        else
                request_fail(r, MHD_HTTP_SERVICE_UNAVAILABLE, "jobd cannot be reached: %s", g_strerror(-error));
}
