/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "body.h"
#include "bus.h"
#include "resources.h"

/* What is done to many job results at once. */

/* Seconds that are as good as for ever, and in microseconds a number. */
#define SECONDS_MAX 1e12

/* What D-Bus calls a field, and of which type it is there. */
typedef struct Option {
        const char *field, *name;
        char type; /* 's', 'b', 'u', 't': microseconds */
} Option;

static int append_field(sd_bus_message *m, const Option *o, JsonNode *node) {
        switch (o->type) {
        case 'b':
                return bus_append_option(m, o->name, "b", (int) json_node_get_boolean(node));
        case 'u':
                return bus_append_option(m, o->name, "u", (uint32_t) json_node_get_int(node));
        case 't':
                return bus_append_option(m, o->name, "t",
                                         (uint64_t) (MIN(json_node_get_double(node), SECONDS_MAX) * USEC_PER_SEC + 0.5));
        default:
                return bus_append_option(m, o->name, "s", json_node_get_string(node));
        }
}

static int append_fields(sd_bus_message *m, JsonObject *body, const Option *options, size_t n_options) {
        int n;

        n = sd_bus_message_open_container(m, 'a', "{sv}");
        for (size_t i = 0; n >= 0 && i < n_options; i++)
                if (json_object_has_member(body, options[i].field))
                        n = append_field(m, options + i, json_object_get_member(body, options[i].field));
        return n < 0 ? n : sd_bus_message_close_container(m);
}

/* ---- cancel ---- */

typedef struct CancelMany {
        JsonObject *body;
        int64_t cancelled;
} CancelMany;

static void cancel_many_free(void *p) {
        CancelMany *c = p;

        json_object_unref(c->body);
        g_free(c);
}

static void cancel_next(Request *r);

static void on_cancelled(Request *r, sd_bus_message *reply) {
        CancelMany *c = r->state;
        JsonObject *answer;
        uint32_t n;
        int more;

        if (bus_failed(r, sd_bus_message_read(reply, "ub", &n, &more)))
                return;
        c->cancelled += n;
        if (more) {
                cancel_next(r);
                return;
        }
        answer = json_object_new();
        json_object_set_int_member(answer, "cancelled", c->cancelled);
        request_reply_object(r, MHD_HTTP_OK, answer);
}

static void cancel_next(Request *r) {
        static const Option options[] = {
                { "job_model", "job", 's' },
                { "task_queue", "queue", 's' },
                { "user", "requester", 's' },
                { "kill", "kill", 'b' },
        };
        CancelMany *c = r->state;
        sd_bus_message *m = bus_message_new(r, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, "CancelJobResults");

        if (m)
                bus_send_filled(r, m, append_fields(m, c->body, options, ELEMENTSOF(options)), on_cancelled);
}

/* An empty body, sent by mistake, must not be the end of everything that runs. */
static bool says_which(JsonObject *body) {
        return json_object_has_member(body, "job_model") || json_object_has_member(body, "task_queue") ||
               json_object_has_member(body, "user") ||
               json_object_get_boolean_member_with_default(body, "all", false);
}

void job_results_cancel_many(Request *r) {
        JsonObject *body = body_read(r);
        CancelMany *c;

        if (!body)
                return;
        if (!says_which(body)) {
                json_object_unref(body);
                request_fail_field(r, "all", "Give job_model, task_queue or user, or \"all\": true for all of them.");
                return;
        }
        c = g_new0(CancelMany, 1);
        c->body = body;
        request_set_state(r, c, cancel_many_free);
        cancel_next(r);
}

/* ---- clean-up ---- */

static void on_cleaned(Request *r, sd_bus_message *reply) {
        g_autoptr(JsonObject) counts = json_object_new();
        const char *name;
        uint64_t count;
        int n;

        n = sd_bus_message_enter_container(reply, 'a', "{st}");
        while (n >= 0 && (n = sd_bus_message_read(reply, "{st}", &name, &count)) > 0)
                json_object_set_int_member(counts, name, (int64_t) count);
        if (!bus_failed(r, n))
                request_reply_object(r, MHD_HTTP_OK, TAKE_PTR(counts));
}

void job_results_clean(Request *r) {
        static const Option options[] = {
                { "job_model", "job", 's' },     { "max_age", "max_age", 't' },   { "max_count", "max_count", 'u' },
                { "dry_run", "dry_run", 'b' },   { "username", "username", 's' },
        };
        g_autoptr(JsonObject) body = body_read(r);
        sd_bus_message *m;

        if (!body)
                return;
        m = bus_message_new(r, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, "CleanJobResults");
        if (m)
                bus_send_filled_patiently(r, m, append_fields(m, body, options, ELEMENTSOF(options)), on_cleaned);
}
