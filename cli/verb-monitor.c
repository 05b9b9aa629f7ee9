/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "bus-report.h"
#include "job-json.h"
#include "jobctl.h"
#include "json.h"
#include "names.h"
#include "now.h"
#include "output.h"
#include "result-text.h"
#include "schedule-text.h"

/*
 * Signals carry object paths only: of each object that is new or has changed its properties are asked for, and a line
 * is printed when they arrive. An object that may not be seen, or is gone by then, is left out.
 */
typedef struct Monitor {
        Connection *connection;
        bool json;
} Monitor;

/* One line of JSON for each event, so that a reader can take them as they come. */
static void print_event_json(const char *event, const char *member, JsonObject *object, const char *path) {
        g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
        g_autofree char *time = job_json_format_time(now_usec()), *text = NULL, *safe = NULL;
        JsonObject *o = json_object_new();

        json_object_set_string_member(o, "time", time);
        json_object_set_string_member(o, "event", event);
        if (object)
                json_object_set_object_member(o, member, json_object_ref(object));
        else if (path)
                json_object_set_string_member(o, "object", path);
        json_node_take_object(node, o);
        text = json_format(node);
        safe = escape_json(text);
        puts(safe);
}

static void print_event(const char *event, const char *text) {
        g_autofree char *time = format_time_short(now_usec()), *safe = output_escape(text);

        printf("%s  %-14s %s\n", time, event, safe);
}

static char *job_text(JsonObject *job) {
        return g_strdup_printf("%s  %s%s%s", json_string(job, "class_path") ?: "?",
                               json_boolean(job, "enabled") ? "enabled" : "disabled",
                               json_boolean(job, "installed") ? "" : ", not installed",
                               json_boolean(job, "hidden") ? ", hidden" : "");
}

static char *result_text(JsonObject *result) {
        g_autofree char *closing = result_closing_line(result);

        return g_strdup_printf("%s  %s  %s  %s", json_string(result, "id") ?: "?",
                               json_string(result, "task_name") ?: "?", json_string(result, "user") ?: "?", closing);
}

static char *schedule_text(JsonObject *schedule) {
        g_autofree char *next = schedule_next_text(schedule, now_usec());

        return g_strdup_printf("%s  %s  %s  %s", json_string(schedule, "name") ?: "?",
                               json_string(schedule, "task") ?: "?", json_string(schedule, "user") ?: "?", next);
}

static char *queue_text(JsonObject *queue) {
        return g_strdup_printf("%s  %s  %" PRIi64 " running, %" PRIi64 " waiting", json_string(queue, "name") ?: "?",
                               json_boolean(queue, "enabled") ? "enabled" : "disabled",
                               json_object_get_int_member(queue, "running"),
                               json_object_get_int_member(queue, "waiting"));
}

/* Of each kind of object: where it is, how it is read, and what it is called in JSON and for people. */
static const struct Kind {
        const char *path, *interface, *member, *words;
        int (*read)(sd_bus_message *m, JsonObject **ret);
        char *(*text)(JsonObject *object);
} kinds[] = {
        { JOBD_JOB_PATH "/", JOBD_JOB_INTERFACE, "job", "job", job_json_read, job_text },
        { JOBD_RESULT_PATH "/", JOBD_RESULT_INTERFACE, "job_result", "job result", job_result_json_read, result_text },
        { JOBD_SCHEDULE_PATH "/", JOBD_SCHEDULE_INTERFACE, "scheduled_job", "scheduled job", scheduled_job_json_read,
          schedule_text },
        { JOBD_QUEUE_PATH "/", JOBD_QUEUE_INTERFACE, "job_queue", "job queue", job_queue_json_read, queue_text },
};

static const struct Kind *kind_of(const char *path) {
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
                if (g_str_has_prefix(path, kinds[i].path))
                        return kinds + i;
        return NULL;
}

/* What was asked for, until the answer comes. */
typedef struct Question {
        const Monitor *monitor;
        const struct Kind *kind;
} Question;

static int on_properties(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        const Question *q = userdata;
        g_autoptr(JsonObject) object = NULL;
        g_autofree char *text = NULL;

        if (sd_bus_message_is_method_error(reply, NULL) || q->kind->read(reply, &object) < 0)
                return 0;
        if (q->monitor->json)
                print_event_json(q->kind->member, q->kind->member, object, NULL);
        else {
                text = q->kind->text(object);
                print_event(q->kind->words, text);
        }
        return 0;
}

static int ask(const Monitor *m, const char *path) {
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        const struct Kind *kind = kind_of(path);
        Question *q;

        if (!kind)
                return 0;
        q = g_new(Question, 1);
        *q = (Question) { m, kind };
        if (sd_bus_call_method_async(connection_bus(m->connection), &slot, connection_destination(m->connection), path,
                                     "org.freedesktop.DBus.Properties", "GetAll", on_properties, q, "s",
                                     kind->interface) < 0) {
                g_free(q);
                return 0;
        }
        (void) sd_bus_slot_set_destroy_callback(slot, g_free);
        (void) sd_bus_slot_set_floating(slot, true);
        return 0;
}

static int on_changed(sd_bus_message *signal, void *userdata, sd_bus_error *ret_error) {
        return ask(userdata, sd_bus_message_get_path(signal));
}

static void on_removed(Monitor *m, const char *event, const char *path) {
        if (m->json)
                print_event_json(event, NULL, NULL, path);
        else
                print_event("removed", path);
}

static const struct {
        const char *signal, *event;
} removals[] = {
        { "JobRemoved", "job_removed" },
        { "JobResultRemoved", "job_result_removed" },
        { "ScheduledJobRemoved", "scheduled_job_removed" },
        { "JobQueueRemoved", "job_queue_removed" },
};

static int on_manager_signal(sd_bus_message *signal, void *userdata, sd_bus_error *ret_error) {
        Monitor *m = userdata;
        const char *path = NULL;

        if (sd_bus_message_is_signal(signal, JOBD_MANAGER_INTERFACE, "Refreshed")) {
                if (m->json)
                        print_event_json("refreshed", NULL, NULL, NULL);
                else
                        print_event("refreshed", "");
                return 0;
        }
        if (sd_bus_message_read(signal, "o", &path) < 0)
                return 0;
        for (size_t i = 0; i < ELEMENTSOF(removals); i++)
                if (sd_bus_message_is_signal(signal, JOBD_MANAGER_INTERFACE, removals[i].signal)) {
                        on_removed(m, removals[i].event, path);
                        return 0;
                }
        return ask(m, path);
}

static int on_lost(sd_bus_message *signal, void *userdata, sd_bus_error *ret_error) {
        sd_event *event = sd_bus_get_event(sd_bus_message_get_bus(signal));

        return sd_event_exit(event, report_error(-ECONNRESET, "the connection was lost."));
}

static int add_matches(Monitor *m) {
        sd_bus *bus = connection_bus(m->connection);
        int r;

        if (connection_has_broker(m->connection))
                r = sd_bus_add_match(bus, NULL, "type='signal',sender='" JOBD_BUS_NAME "',"
                                                "path_namespace='" JOBD_MANAGER_PATH "',"
                                                "interface='org.freedesktop.DBus.Properties',"
                                                "member='PropertiesChanged'",
                                     on_changed, m);
        else
                r = sd_bus_match_signal(bus, NULL, NULL, NULL, "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                        on_changed, m);
        if (r >= 0)
                r = sd_bus_match_signal(bus, NULL, connection_destination(m->connection), JOBD_MANAGER_PATH,
                                        JOBD_MANAGER_INTERFACE, NULL, on_manager_signal, m);
        if (r >= 0)
                r = sd_bus_match_signal(bus, NULL, NULL, "/org/freedesktop/DBus/Local",
                                        "org.freedesktop.DBus.Local", "Disconnected", on_lost, m);
        return r;
}

int verb_monitor(Jobctl *j, const Verb *verb, int argc, char **argv) {
        _cleanup_(connection_freep) Connection *c = NULL;
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        Monitor m = {};
        char **arguments;
        int r;

        r = verb_parse(j, verb, NULL, argc, argv, 0, 0, &arguments);
        if (r >= 0)
                return r;
        if (connection_open(&j->connection, &c) < 0)
                return STATUS_ERROR;
        m = (Monitor) { .connection = c, .json = j->json };
        (void) setvbuf(stdout, NULL, _IOLBF, 0);
        r = sd_event_new(&event);
        if (r >= 0)
                r = add_matches(&m);
        if (r >= 0)
                r = sd_bus_attach_event(connection_bus(c), event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return (void) report_errno(r, "cannot wait for signals"), STATUS_ERROR;
        (void) sd_event_loop(event);
        return STATUS_ERROR; /* it only ends when the connection does */
}
