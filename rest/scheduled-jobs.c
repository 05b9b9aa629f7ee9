/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "body.h"
#include "bus.h"
#include "encode.h"
#include "job-json.h"
#include "json.h"
#include "object.h"
#include "resources.h"
#include "schedule-options.h"

/* /api/extras/scheduled-jobs/ */

void scheduled_jobs_list(Request *r) {
        object_list(r, &object_schedule);
}

void scheduled_jobs_retrieve(Request *r) {
        object_retrieve(r, &object_schedule);
}

void scheduled_jobs_delete(Request *r) {
        object_delete(r, &object_schedule);
}

/* ---- calls that answer with the scheduled job ---- */

static void take_over(Request *r, const char *path) {
        bus_call(r, object_show_changed, path, JOBD_SCHEDULE_INTERFACE, "TakeOver", NULL);
}

void scheduled_jobs_take_over(Request *r) {
        object_find(r, &object_schedule, take_over, NULL);
}

static void cancel(Request *r, const char *path) {
        bus_call(r, object_show_changed, path, JOBD_SCHEDULE_INTERFACE, "Cancel", "a{sv}", 0);
}

void scheduled_jobs_cancel(Request *r) {
        object_find(r, &object_schedule, cancel, NULL);
}

/* ---- the request as it is shown to who decides ---- */

static void get_request(Request *r, const char *path) {
        bus_call(r, bus_show_json, path, JOBD_SCHEDULE_INTERFACE, "GetRequest", NULL);
}

void scheduled_jobs_request(Request *r) {
        object_find(r, &object_schedule, get_request, NULL);
}

/* ---- approvals ---- */

static int append_member(sd_bus_message *m, JsonObject *body, const char *name) {
        const char *text = json_object_get_string_member_with_default(body, name, NULL);

        return text ? bus_append_option(m, name, "s", text) : 0;
}

static void answer(Request *r, const char *path, const char *member, BusCallback callback) {
        JsonObject *body = object_body(r);
        sd_bus_message *m;
        int n;

        m = bus_message_new(r, path, JOBD_SCHEDULE_INTERFACE, member);
        if (!m)
                return;
        n = sd_bus_message_open_container(m, 'a', "{sv}");
        if (n >= 0 && request_flag(r, "force"))
                n = bus_append_option(m, "force", "b", 1);
        if (n >= 0)
                n = append_member(m, body, "comment");
        if (n >= 0)
                n = append_member(m, body, "digest");
        if (n >= 0)
                n = sd_bus_message_close_container(m);
        bus_send_filled(r, m, n, callback);
}

static void approve(Request *r, const char *path) {
        answer(r, path, "Approve", object_show_changed);
}

void scheduled_jobs_approve(Request *r) {
        JsonObject *body = body_read(r);

        if (body)
                object_find(r, &object_schedule, approve, body);
}

static void on_denied(Request *r, sd_bus_message *reply) {
        request_reply_json(r, MHD_HTTP_OK, json_node_init_null(json_node_alloc()));
}

static void deny(Request *r, const char *path) {
        answer(r, path, "Deny", on_denied);
}

void scheduled_jobs_deny(Request *r) {
        JsonObject *body = body_read(r);

        if (body)
                object_find(r, &object_schedule, deny, body);
}

/* ---- runs beside its times ---- */

static void on_run(Request *r, sd_bus_message *reply) {
        const char *id, *path;

        if (!bus_failed(r, sd_bus_message_read(reply, "so", &id, &path)))
                bus_get_all(r, path, JOBD_RESULT_INTERFACE, object_show_result);
}

static void dry_run(Request *r, const char *path) {
        bus_call(r, on_run, path, JOBD_SCHEDULE_INTERFACE, "DryRun", "a{sv}", 0);
}

void scheduled_jobs_dry_run(Request *r) {
        object_find(r, &object_schedule, dry_run, NULL);
}

static void run_now(Request *r, const char *path) {
        bus_call(r, on_run, path, JOBD_SCHEDULE_INTERFACE, "RunNow", "a{sv}", 0);
}

void scheduled_jobs_run_now(Request *r) {
        object_find(r, &object_schedule, run_now, NULL);
}

/* ---- changes ---- */

static int append_changes(sd_bus_message *m, JsonObject *body) {
        g_autofree char *data = NULL;
        int n;

        n = schedule_options_append(m, body);
        if (n >= 0)
                n = append_member(m, body, "task_queue");
        if (n >= 0 && json_object_has_member(body, "kwargs")) {
                data = json_format_object(json_object_get_object_member(body, "kwargs"));
                n = bus_append_option(m, "data", "s", data);
        }
        return n;
}

static void update(Request *r, const char *path) {
        JsonObject *body = object_body(r);
        sd_bus_message *m;
        int n;

        if (json_object_has_member(body, "enabled")) {
                bus_call(r, object_show_changed, path, JOBD_SCHEDULE_INTERFACE, "SetEnabled", "b",
                         (int) json_object_get_boolean_member(body, "enabled"));
                return;
        }
        m = bus_message_new(r, path, JOBD_SCHEDULE_INTERFACE, "Update");
        if (!m)
                return;
        n = sd_bus_message_sensitive(m);
        if (n >= 0)
                n = sd_bus_message_open_container(m, 'a', "{sv}");
        if (n >= 0)
                n = append_changes(m, body);
        if (n >= 0)
                n = sd_bus_message_close_container(m);
        bus_send_filled(r, m, n, object_show_changed);
}

void scheduled_jobs_change(Request *r) {
        g_autoptr(JsonObject) body = body_read(r), problems = NULL;

        if (!body)
                return;
        /* Two calls, of which the second could fail: all or nothing could not be promised. */
        if (json_object_has_member(body, "enabled") && json_object_get_size(body) > 1) {
                request_fail_field(r, "enabled", "This field can be changed by itself only.");
                return;
        }
        problems = schedule_options_check(body);
        if (problems)
                request_reply_object(r, MHD_HTTP_BAD_REQUEST, TAKE_PTR(problems));
        else
                object_find(r, &object_schedule, update, TAKE_PTR(body));
}
