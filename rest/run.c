/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "body.h"
#include "bus-error.h"
#include "bus.h"
#include "encode.h"
#include "job-json.h"
#include "json.h"
#include "multipart.h"
#include "resources.h"
#include "route.h"
#include "schedule-options.h"
#include "variable-text.h"

/*
 * POST /api/extras/jobs/<id>/run/
 *
 * Who may not run the job, and whose job cannot be run, is told so before anything is said about the body (the
 * reference's row X2). Hence a body that is wrong is still sent to jobd, as data that is no JSON: when that is what jobd
 * minds, the body's own problem is the answer.
 */
#define NO_JSON "!"

typedef struct RunState {
        char *data;            /* JSON text */
        const char *queue_key; /* static; NULL: no queue was asked for */
        char *queue;
        char *username;        /* NULL: as the caller */
        JsonObject *schedule;  /* NULL: none */
        bool ignore_singleton;
        JsonNode *problem;     /* of the body, the answer; NULL: none */
        bool is_scheduled;     /* what came of it is a scheduled job */
        char id[64];           /* and this is its UUID */
} RunState;

typedef int (*ObjectReader)(sd_bus_message *m, JsonObject **ret);

static void run_state_free(void *p) {
        RunState *s = p;

        if (s->data) {
                explicit_bzero(s->data, strlen(s->data));
                g_free(s->data);
        }
        g_free(s->queue);
        g_free(s->username);
        g_clear_pointer(&s->schedule, json_object_unref);
        g_clear_pointer(&s->problem, json_node_unref);
        g_free(s);
}

const char *run_queue_key(Request *r) {
        RunState *s = r->state;

        return s && s->queue_key ? s->queue_key : "task_queue";
}

/* The first problem counts. */
static void set_problem(RunState *s, const char *member, bool in_list, const char *text) {
        JsonObject *object;

        if (s->problem)
                return;
        object = json_object_new();
        if (in_list) {
                JsonArray *texts = json_array_new();

                json_array_add_string_element(texts, text);
                json_object_set_array_member(object, member, texts);
        } else
                json_object_set_string_member(object, member, text);
        s->problem = json_node_new(JSON_NODE_OBJECT);
        json_node_take_object(s->problem, object);
}

/* ---- the request ---- */

static void on_created(Request *r, sd_bus_message *reply) {
        RunState *s = r->state;
        const ObjectReader read = s->is_scheduled ? scheduled_job_json_read : job_result_json_read;
        JsonObject *answer = json_object_new();
        g_autoptr(JsonObject) created = NULL;

        /* It is stored: whatever goes wrong now, the client must not be told to try again. */
        if (sd_bus_message_is_method_error(reply, NULL) || read(reply, &created) < 0) {
                created = json_object_new();
                json_object_set_string_member(created, "id", s->id);
        }
        encode_add_links(r, created, s->is_scheduled ? "scheduled-jobs" : "job-results");
        json_object_set_null_member(answer, "scheduled_job");
        json_object_set_null_member(answer, "job_result");
        json_object_set_object_member(answer, s->is_scheduled ? "scheduled_job" : "job_result", TAKE_PTR(created));
        request_reply_object(r, MHD_HTTP_CREATED, answer);
}

static void on_run(Request *r, sd_bus_message *reply) {
        RunState *s = r->state;
        const char *id, *path;

        if (sd_bus_message_is_method_error(reply, NULL)) {
                const sd_bus_error *error = sd_bus_message_get_error(reply);

                if (s->problem && sd_bus_error_has_name(error, BUS_ERROR_INVALID_JSON))
                        request_reply_json(r, MHD_HTTP_BAD_REQUEST, TAKE_PTR(s->problem));
                else
                        error_reply(r, error);
                return;
        }
        if (bus_failed(r, sd_bus_message_read(reply, "so", &id, &path)))
                return;
        (void) g_strlcpy(s->id, id, sizeof(s->id));
        s->is_scheduled = g_str_has_prefix(path, JOBD_SCHEDULE_PATH "/");
        bus_call_any(r, on_created, path, "org.freedesktop.DBus.Properties", "GetAll", "s",
                     s->is_scheduled ? JOBD_SCHEDULE_INTERFACE : JOBD_RESULT_INTERFACE);
}

/* An entry of the options: by variable, a file or its name. */
static int append_map(sd_bus_message *m, const char *option, const GPtrArray *parts, char type) {
        const char *contents = type == 'h' ? "a{sh}" : "a{ss}", *entry = type == 'h' ? "{sh}" : "{ss}";
        int n;

        n = sd_bus_message_open_container(m, 'e', "sv");
        if (n >= 0)
                n = sd_bus_message_append(m, "s", option);
        if (n >= 0)
                n = sd_bus_message_open_container(m, 'v', contents);
        if (n >= 0)
                n = sd_bus_message_open_container(m, 'a', entry);
        for (unsigned i = 0; i < parts->len && n >= 0; i++) {
                const Part *part = parts->pdata[i];

                if (part->fd >= 0 && type == 'h')
                        n = sd_bus_message_append(m, "{sh}", part->name, part->fd);
                else if (part->fd >= 0 && part->file_name[0] != '\0')
                        n = sd_bus_message_append(m, "{ss}", part->name, part->file_name);
        }
        for (unsigned i = 0; i < 3 && n >= 0; i++)
                n = sd_bus_message_close_container(m);
        return n;
}

static int append_files(Request *r, sd_bus_message *m) {
        const GPtrArray *parts = r->multipart ? multipart_parts(r->multipart) : NULL;
        bool any = false;
        int n;

        for (unsigned i = 0; parts && i < parts->len; i++)
                any = any || ((Part *) parts->pdata[i])->fd >= 0;
        if (!any)
                return 0;
        n = append_map(m, "files", parts, 'h');
        return n < 0 ? n : append_map(m, "file_names", parts, 's');
}

static int append_options(Request *r, RunState *s, sd_bus_message *m) {
        int n;

        n = sd_bus_message_open_container(m, 'a', "{sv}");
        if (n >= 0 && s->username)
                n = bus_append_option(m, "username", "s", s->username);
        if (n >= 0 && s->queue && !s->problem)
                n = bus_append_option(m, "task_queue", "s", s->queue);
        if (n >= 0 && s->ignore_singleton)
                n = bus_append_option(m, "ignore_singleton", "b", 1);
        if (n >= 0 && s->schedule && !s->problem && !schedule_options_are_immediate(s->schedule))
                n = schedule_options_append(m, s->schedule);
        if (n >= 0 && !s->problem)
                n = append_files(r, m);
        return n < 0 ? n : sd_bus_message_close_container(m);
}

/* The reference's row S4; what else may be wrong with it jobd says. */
static void check_schedule(Request *r, RunState *s) {
        g_autoptr(JsonObject) problems = s->schedule ? schedule_options_check(s->schedule) : NULL;
        JsonObjectIter iter;
        JsonObject *flat;
        const char *name;
        JsonNode *node;

        if (s->schedule && !problems && !json_object_has_member(s->schedule, "interval")) {
                JsonArray *texts = json_array_new();

                problems = json_object_new();
                json_array_add_string_element(texts, "This field is required.");
                json_object_set_array_member(problems, "interval", texts);
        }
        if (!problems || s->problem)
                return;
        flat = json_object_new();
        json_object_iter_init_ordered(&iter, problems);
        while (r->multipart && json_object_iter_next_ordered(&iter, &name, &node)) {
                g_autofree char *key = g_strconcat("_schedule_", name, NULL);

                json_object_set_member(flat, key, json_node_copy(node));
        }
        if (!r->multipart)
                json_object_set_object_member(flat, "schedule", TAKE_PTR(problems));
        s->problem = json_node_new(JSON_NODE_OBJECT);
        json_node_take_object(s->problem, flat);
}

static void send_run(Request *r) {
        RunState *s = r->state;
        sd_bus_message *m;
        int n;

        check_schedule(r, s);
        m = bus_message_new(r, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, "RunJob");
        if (!m)
                return;
        n = sd_bus_message_sensitive(m);
        if (n >= 0)
                n = sd_bus_message_append(m, "ss", r->captures[0], s->problem ? NO_JSON : s->data ?: "");
        if (n >= 0)
                n = append_options(r, s, m);
        if (n < 0) {
                sd_bus_message_unref(m);
                error_reply_errno(r, n);
                return;
        }
        bus_send_any(r, m, on_run);
}

/* ---- a JSON body ---- */

/* The reference's rows X2 (10) and X4. */
#define BOTH_QUEUES(prefix) \
        "task_queue and " prefix "job_queue are both specified. Please specify only one or another."

static void read_queue(RunState *s, const char *key, JsonNode *node) {
        if (!node || JSON_NODE_HOLDS_NULL(node))
                return;
        if (json_node_get_value_type(node) != G_TYPE_STRING) {
                set_problem(s, key, true, "Not a valid string.");
                return;
        }
        if (s->queue) {
                bool form = key[0] == '_';

                set_problem(s, form ? "_task_queue" : "task_queue", true, form ? "_" BOTH_QUEUES("_") : BOTH_QUEUES(""));
                return;
        }
        s->queue_key = key;
        s->queue = g_strdup(json_node_get_string(node));
}

static void read_username(RunState *s, JsonNode *node) {
        if (!node || JSON_NODE_HOLDS_NULL(node))
                return;
        if (json_node_get_value_type(node) == G_TYPE_STRING)
                s->username = g_strdup(json_node_get_string(node));
        else
                set_problem(s, "username", true, "Not a valid string.");
}

static void read_schedule(RunState *s, JsonNode *node) {
        if (!node || JSON_NODE_HOLDS_NULL(node))
                return;
        if (JSON_NODE_HOLDS_OBJECT(node))
                s->schedule = json_node_dup_object(node);
        else
                set_problem(s, "schedule", true, "Invalid data. Expected a dictionary.");
}

static void read_json(Request *r, RunState *s) {
        g_autoptr(JsonObject) body = NULL;
        g_autofree char *problem = NULL;
        JsonNode *data;

        if (body_parse(r, &body, &problem) < 0) {
                set_problem(s, "detail", false, problem);
                return;
        }
        read_username(s, json_object_get_member(body, "username"));
        read_schedule(s, json_object_get_member(body, "schedule"));
        read_queue(s, "task_queue", json_object_get_member(body, "task_queue"));
        read_queue(s, "job_queue", json_object_get_member(body, "job_queue"));
        s->ignore_singleton = json_object_get_boolean_member_with_default(body, "ignore_singleton_lock", false);
        data = json_object_get_member(body, "data");
        if (data && !JSON_NODE_HOLDS_OBJECT(data) && !JSON_NODE_HOLDS_NULL(data))
                set_problem(s, "errors", true, "Job data needs to be a dict");
        else if (data && JSON_NODE_HOLDS_OBJECT(data))
                s->data = json_format(data);
}

/* ---- a body with files ---- */

static const char *type_of(JsonArray *variables, const char *name) {
        for (unsigned i = 0; variables && i < json_array_get_length(variables); i++) {
                JsonNode *node = json_array_get_element(variables, i);
                JsonObject *o = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;

                if (o && g_strcmp0(json_object_get_string_member_with_default(o, "name", NULL), name) == 0)
                        return json_object_get_string_member_with_default(o, "type", NULL);
        }
        return NULL;
}

/* A form has text only; what type it is to be of the job says. What cannot be turned into it jobd shall refuse. */
static void add_value(JsonObject *data, const Part *part, JsonArray *variables) {
        const char *type = type_of(variables, part->name);
        JsonNode *node;

        if (variable_text_to_json(type ?: "string", part->text->str, &node, NULL) < 0)
                node = json_node_init_string(json_node_alloc(), part->text->str);
        json_object_set_member(data, part->name, node);
}

static void add_schedule_member(RunState *s, const char *name, const char *value) {
        if (!s->schedule)
                s->schedule = json_object_new();
        json_object_set_string_member(s->schedule, name, value);
}

static void add_part(RunState *s, JsonObject *data, const Part *part, JsonArray *variables) {
        g_autoptr(JsonNode) node = NULL;

        if (part->fd >= 0)
                return;
        if (g_str_has_prefix(part->name, "_schedule_")) {
                if (part->text->len > 0)
                        add_schedule_member(s, part->name + strlen("_schedule_"), part->text->str);
        } else if (strcmp(part->name, "_username") == 0) {
                if (part->text->len > 0 && !s->username)
                        s->username = g_strdup(part->text->str);
        } else if (strcmp(part->name, "_task_queue") == 0 || strcmp(part->name, "_job_queue") == 0) {
                node = json_node_init_string(json_node_alloc(), part->text->str);
                if (part->text->len > 0)
                        read_queue(s, part->name[1] == 't' ? "_task_queue" : "_job_queue", node);
        } else
                add_value(data, part, variables);
}

static void read_multipart(Request *r, RunState *s, JsonArray *variables) {
        const GPtrArray *parts = multipart_parts(r->multipart);
        g_autoptr(JsonObject) data = json_object_new();

        if (multipart_problem(r->multipart))
                set_problem(s, "detail", false, multipart_problem(r->multipart));
        for (unsigned i = 0; i < parts->len && !s->problem; i++)
                add_part(s, data, parts->pdata[i], variables);
        if (!s->problem)
                s->data = json_format_object(data);
}

static void on_types(Request *r, sd_bus_message *reply) {
        g_autoptr(JsonNode) node = NULL;
        const char *text;

        /* Without them all is text. Whether the job can be run at all is what RunJob says. */
        if (sd_bus_message_is_method_error(reply, NULL) || sd_bus_message_read(reply, "s", &text) < 0 ||
            json_parse(text, strlen(text), SIZE_MAX, &node, NULL) < 0 || !JSON_NODE_HOLDS_ARRAY(node))
                read_multipart(r, r->state, NULL);
        else
                read_multipart(r, r->state, json_node_get_array(node));
        send_run(r);
}

static void on_path(Request *r, sd_bus_message *reply) {
        const char *path;

        if (sd_bus_message_is_method_error(reply, NULL) || sd_bus_message_read(reply, "o", &path) < 0) {
                read_multipart(r, r->state, NULL);
                send_run(r);
                return;
        }
        bus_call_any(r, on_types, path, JOBD_JOB_INTERFACE, "GetVariables", NULL);
}

void run_job(Request *r) {
        RunState *s = g_new0(RunState, 1);

        request_set_state(r, s, run_state_free);
        if (r->multipart) {
                bus_call_any(r, on_path, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, "GetJob", "s", r->captures[0]);
                return;
        }
        read_json(r, s);
        send_run(r);
}
