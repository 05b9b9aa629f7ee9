/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>

#include "bus.h"
#include "encode.h"
#include "job-json.h"
#include "object.h"
#include "page.h"
#include "resources.h"
#include "route.h"
#include "server.h"

/* /api/extras/job-results/ */

/* ---- the list ---- */

typedef struct ResultList {
        Page page;
        JsonArray *results;
        int more;
        bool is_scan; /* it goes on by "before" alone, and is not counted: see ListJobResults */
} ResultList;

static void result_list_free(void *p) {
        ResultList *l = p;

        json_array_unref(l->results);
        g_free(l);
}

static void add_result(Request *r, JsonObject *result) {
        ResultList *l = r->state;

        encode_add_links(r, result, "job-results");
        json_array_add_object_element(l->results, result);
}

/* The last one so far. */
static const char *list_last(const ResultList *l) {
        unsigned n = json_array_get_length(l->results);

        return n > 0 ? json_object_get_string_member(json_array_get_object_element(l->results, n - 1), "id") : NULL;
}

/* Further back than an offset reaches it goes on from the last one of the page. */
static void list_finish(Request *r, ResultList *l, int64_t count) {
        if (!l->is_scan && !request_parameter(r, "before") && l->page.offset + l->page.limit <= OFFSET_MAX)
                page_reply(r, &l->page, count, l->more, json_array_ref(l->results));
        else
                page_reply_at(r, count, "before", l->more ? list_last(l) : NULL, json_array_ref(l->results));
}

static void on_count(Request *r, sd_bus_message *reply) {
        ResultList *l = r->state;
        uint64_t count;

        if (bus_failed(r, sd_bus_message_read(reply, "t", &count)))
                return;
        list_finish(r, l, (int64_t) MIN(count, INT64_MAX));
}

static void list_next(Request *r);

static void on_results(Request *r, sd_bus_message *reply) {
        ResultList *l = r->state;
        sd_bus_message *m;
        int n;

        n = object_read_list(r, reply, job_result_json_read, add_result, &l->more);
        if (bus_failed(r, n))
                return;
        /* A page that would show none could not say where it goes on. */
        if (l->more && l->page.offset == 0 && json_array_get_length(l->results) < l->page.limit &&
            (l->is_scan || request_parameter(r, "before"))) {
                list_next(r);
                return;
        }
        if (l->is_scan) {
                list_finish(r, l, -1);
                return;
        }
        m = bus_message_new(r, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, "CountJobResults");
        if (!m)
                return;
        n = bus_append_filter(r, m);
        bus_send_filled(r, m, n, on_count);
}

static void list_next(Request *r) {
        ResultList *l = r->state;
        const char *first = request_parameter(r, "before"), *before = list_last(l) ?: first;
        sd_bus_message *m;
        int n;

        m = bus_message_new(r, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, "ListJobResults");
        if (!m)
                return;
        n = bus_open_filter(r, m);
        if (n >= 0)
                n = bus_append_option(m, "limit", "u", l->page.limit - json_array_get_length(l->results));
        if (n >= 0 && !l->is_scan && (request_parameter(r, "offset") || !first))
                n = bus_append_option(m, "offset", "u", l->page.offset);
        if (n >= 0 && before)
                n = bus_append_option(m, "before", "s", before);
        if (n >= 0)
                n = sd_bus_message_close_container(m);
        bus_send_filled(r, m, n, on_results);
}

void job_results_list(Request *r) {
        ResultList *l = g_new0(ResultList, 1);

        l->page = page_read(r);
        l->results = json_array_new();
        l->is_scan = request_parameter(r, "name") || request_parameter(r, "q");
        request_set_state(r, l, result_list_free);
        if (l->is_scan && l->page.offset > 0)
                request_fail_field(r, "offset", "This cannot be given with name or q: go on by \"next\".");
        else
                list_next(r);
}

/* ---- one result ---- */

/* A long poll: answers when the run has ended, or the time is over. */
typedef struct Wait {
        char path[BUS_PATH_SIZE];
        sd_bus_slot *match;
        sd_event_source *timer;
        bool is_over;  /* the time is */
        bool is_stale; /* it has changed while it was read */
} Wait;

static void wait_free(void *p) {
        Wait *w = p;

        sd_bus_slot_unref(w->match);
        sd_event_source_disable_unref(w->timer);
        g_free(w);
}

/* The path of the result that is asked for; false: the request is answered. */
static bool result_path(Request *r, char ret[static BUS_PATH_SIZE]) {
        if (bus_path_of_uuid(JOBD_RESULT_PATH, r->captures[0], ret) >= 0)
                return true;
        request_fail(r, MHD_HTTP_NOT_FOUND, "Not found.");
        return false;
}

static void read_result(Request *r);

static bool has_ended(JsonObject *result) {
        const char *status = json_object_get_string_member(result, "status");

        return strcmp(status, "PENDING") != 0 && strcmp(status, "STARTED") != 0;
}

static void on_result(Request *r, sd_bus_message *reply) {
        g_autoptr(JsonObject) result = NULL;
        Wait *w = r->state;

        if (bus_failed(r, job_result_json_read(reply, &result)))
                return;
        if (w->timer && !w->is_over && !has_ended(result)) {
                if (w->is_stale)
                        read_result(r);
                return;
        }
        encode_add_links(r, result, "job-results");
        request_reply_object(r, MHD_HTTP_OK, TAKE_PTR(result));
}

static void read_result(Request *r) {
        Wait *w = r->state;

        w->is_stale = false;
        bus_get_all(r, w->path, JOBD_RESULT_INTERFACE, on_result);
}

static int on_change(sd_bus_message *signal, void *userdata, sd_bus_error *ret_error) {
        Request *r = userdata;
        Wait *w = r->state;

        w->is_stale = true;
        if (!r->slot && !r->response)
                read_result(r);
        return 0;
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        Request *r = userdata;
        Wait *w = r->state;

        w->is_over = true;
        if (!r->slot && !r->response)
                read_result(r);
        return 0;
}

static int wait_begin(Request *r, Wait *w, uint64_t seconds) {
        sd_bus *bus;
        int n;

        n = server_get_bus(r->server, &bus);
        if (n >= 0)
                n = sd_bus_match_signal_async(bus, &w->match, JOBD_BUS_NAME, w->path, "org.freedesktop.DBus.Properties",
                                              "PropertiesChanged", on_change, NULL, r);
        if (n >= 0)
                n = sd_event_add_time_relative(server_event(r->server), &w->timer, CLOCK_MONOTONIC,
                                               seconds * USEC_PER_SEC, 0, on_time, r);
        return n;
}

void job_results_retrieve(Request *r) {
        const char *text = request_parameter(r, "wait");
        uint64_t seconds = text ? g_ascii_strtoull(text, NULL, 10) : 0;
        Wait *w;

        if (seconds > WAIT_SECONDS_MAX) {
                request_fail_field(r, "wait", "Ensure this value is less than or equal to %i.", WAIT_SECONDS_MAX);
                return;
        }
        w = g_new0(Wait, 1);
        request_set_state(r, w, wait_free);
        if (!result_path(r, w->path))
                return;
        if (seconds > 0 && bus_failed(r, wait_begin(r, w, seconds)))
                return;
        read_result(r);
}

static void on_deleted(Request *r, sd_bus_message *reply) {
        request_reply_json(r, MHD_HTTP_NO_CONTENT, NULL);
}

void job_results_delete(Request *r) {
        char path[BUS_PATH_SIZE];

        if (result_path(r, path))
                bus_call(r, on_deleted, path, JOBD_RESULT_INTERFACE, "Delete", NULL);
}

static void on_cancelled(Request *r, sd_bus_message *reply) {
        char path[BUS_PATH_SIZE];

        if (result_path(r, path))
                bus_get_all(r, path, JOBD_RESULT_INTERFACE, object_show_result);
}

void job_results_cancel(Request *r) {
        char path[BUS_PATH_SIZE];

        if (!result_path(r, path))
                return;
        if (request_flag(r, "kill"))
                bus_call(r, on_cancelled, path, JOBD_RESULT_INTERFACE, "Cancel", "a{sv}", 1, "kill", "b", 1);
        else
                bus_call(r, on_cancelled, path, JOBD_RESULT_INTERFACE, "Cancel", "a{sv}", 0);
}
