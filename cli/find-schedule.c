/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "bus-object.h"
#include "bus-report.h"
#include "find-schedule.h"
#include "job-json.h"
#include "names.h"
#include "output.h"
#include "uuid.h"

int get_schedule(Connection *c, const char *path, const char *subject, JsonObject **ret) {
        return object_properties(c, path, JOBD_SCHEDULE_INTERFACE, subject, scheduled_job_json_read, ret);
}

int get_queue(Connection *c, const char *path, const char *subject, JsonObject **ret) {
        return object_properties(c, path, JOBD_QUEUE_INTERFACE, subject, job_queue_json_read, ret);
}

/* before: those older than the last one of the array */
static int append_schedule_filter(sd_bus_message *m, const ScheduleFilter *f, JsonArray *array) {
        unsigned n = json_array_get_length(array);
        const char *before = n > 0 ? json_string(json_array_get_object_element(array, n - 1), "id") : NULL;
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = object_append_string(m, "job", f->job);
        if (r >= 0)
                r = object_append_string(m, "requester", f->requester);
        if (r >= 0)
                r = object_append_string(m, "before", before);
        if (r >= 0 && f->states) {
                r = sd_bus_message_open_container(m, 'e', "sv");
                if (r >= 0)
                        r = sd_bus_message_append(m, "s", "states");
                if (r >= 0)
                        r = sd_bus_message_open_container(m, 'v', "as");
                if (r >= 0)
                        r = sd_bus_message_append_strv(m, (char **) f->states);
                if (r >= 0)
                        r = sd_bus_message_close_container(m);
                if (r >= 0)
                        r = sd_bus_message_close_container(m);
        }
        if (r >= 0 && f->approval)
                r = sd_bus_message_append(m, "{sv}", "approval", "b", 1);
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}", "limit", "u", MIN(f->limit - n, (unsigned) OBJECT_PAGE_SIZE));
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int list_schedules_page(Connection *c, const ScheduleFilter *filter, JsonArray *array) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        int r;

        r = connection_message_new(c, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, "ListScheduledJobs", &call);
        if (r < 0)
                return r;
        r = append_schedule_filter(call, filter, array);
        if (r < 0)
                return report_errno(r, "cannot make a message");
        r = connection_call(c, call, NULL, &reply);
        if (r < 0)
                return r;
        r = object_read_page(reply, scheduled_job_json_read, array);
        return r < 0 ? report_errno(r, "cannot understand the list of scheduled jobs") : r;
}

int list_schedules(Connection *c, const ScheduleFilter *filter, JsonArray **ret) {
        g_autoptr(JsonArray) array = json_array_new();
        int r;

        do {
                r = list_schedules_page(c, filter, array);
                if (r < 0)
                        return r;
        } while (r > 0 && json_array_get_length(array) < filter->limit);
        *ret = TAKE_PTR(array);
        return 0;
}

/* The digits of what may be the beginning of a UUID, in lower case; NULL when it cannot be one. */
static char *prefix_digits(const char *name) {
        size_t n = strlen(name);

        if (n < SCHEDULE_PREFIX_MIN || n >= UUID_STRING_SIZE - 1 || name[strspn(name, "0123456789abcdefABCDEF-")])
                return NULL;
        return g_ascii_strdown(name, -1);
}

/* The UUID that begins so; NULL: there is none, so it is a name. */
static int find_prefix(Connection *c, const char *name, char **ret_id) {
        g_autofree char *digits = prefix_digits(name);
        g_autoptr(JsonArray) schedules = NULL;
        const char *found = NULL;
        int r;

        *ret_id = NULL;
        if (!digits)
                return 0;
        r = list_schedules(c, &(ScheduleFilter) { .limit = SCHEDULE_PREFIX_SEARCH }, &schedules);
        if (r < 0)
                return r;
        for (unsigned i = 0; i < json_array_get_length(schedules); i++) {
                JsonObject *schedule = json_array_get_object_element(schedules, i);
                const char *id = json_string(schedule, "id") ?: "";

                if (g_strcmp0(json_string(schedule, "name"), name) == 0)
                        return 0;
                if (!g_str_has_prefix(id, digits))
                        continue;
                if (found)
                        return report_error(-ENOTUNIQ, "%s: several scheduled jobs begin so, %s and %s among them. "
                                            "Give more of the UUID.", name, found, id);
                found = id;
        }
        *ret_id = g_strdup(found);
        return 0;
}

int find_schedule(Connection *c, const char *name, char **ret_path, JsonObject **ret_schedule) {
        g_autofree char *id = NULL, *path = NULL;
        int r;

        r = find_prefix(c, name, &id);
        if (r >= 0)
                r = object_path_of(c, "GetScheduledJob", id ?: name, &path);
        if (r >= 0 && ret_schedule)
                r = get_schedule(c, path, name, ret_schedule);
        if (r < 0)
                return r;
        *ret_path = TAKE_PTR(path);
        return 0;
}

int find_queue(Connection *c, const char *name, char **ret_path, JsonObject **ret_queue) {
        g_autofree char *path = NULL;
        int r;

        r = object_path_of(c, "GetJobQueue", name, &path);
        if (r >= 0 && ret_queue)
                r = get_queue(c, path, name, ret_queue);
        if (r < 0)
                return r;
        *ret_path = TAKE_PTR(path);
        return 0;
}

int list_queues(Connection *c, JsonArray **ret) {
        g_autoptr(JsonArray) array = json_array_new();
        int r;

        do {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

                r = connection_method(c, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, "ListJobQueues", NULL, &reply,
                                      "a{sv}", 2, "limit", "u", OBJECT_PAGE_SIZE, "offset", "u",
                                      json_array_get_length(array));
                if (r < 0)
                        return r;
                r = object_read_page(reply, job_queue_json_read, array);
                if (r < 0)
                        return report_errno(r, "cannot understand the list of job queues");
        } while (r > 0);
        *ret = TAKE_PTR(array);
        return 0;
}
