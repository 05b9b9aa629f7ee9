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

static int append_states(sd_bus_message *m, const char *const *states) {
        int r;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", "states");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_append_strv(m, (char **) states);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_schedule_filter(sd_bus_message *m, const void *filter, JsonArray *so_far) {
        const ScheduleFilter *f = filter;
        int r;

        r = object_append_string(m, "job", f->job);
        if (r >= 0)
                r = object_append_string(m, "requester", f->requester);
        if (r >= 0 && f->states)
                r = append_states(m, f->states);
        if (r >= 0 && f->approval)
                r = sd_bus_message_append(m, "{sv}", "approval", "b", 1);
        return r < 0 ? r : object_append_before(m, so_far);
}

int list_schedules(Connection *c, const ScheduleFilter *filter, JsonArray **ret) {
        static const ObjectList schedules = { "ListScheduledJobs", "scheduled jobs", append_schedule_filter,
                                              scheduled_job_json_read };

        return object_list(c, &schedules, filter, filter->limit, ret);
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

void schedule_add_stages(Connection *c, JsonObject *schedule) {
        static const char *const members[] = { "approvals", "stages" };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        g_autofree char *path = NULL;
        g_autoptr(JsonObject) all = NULL;
        char digits[33] = "";

        uuid_to_digits(json_string(schedule, "id") ?: "", digits);
        path = g_strconcat(JOBD_SCHEDULE_PATH "/", digits, NULL);
        if (sd_bus_call_method(connection_bus(c), connection_destination(c), path, "org.freedesktop.DBus.Properties",
                               "GetAll", NULL, &reply, "s", JOBD_SCHEDULE_INTERFACE) < 0 ||
            scheduled_job_json_read(reply, &all) < 0)
                return;
        for (size_t i = 0; i < ELEMENTSOF(members); i++)
                if (json_object_has_member(all, members[i]))
                        json_object_set_member(schedule, members[i], json_object_dup_member(all, members[i]));
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

static int append_offset(sd_bus_message *m, const void *unused, JsonArray *so_far) {
        return sd_bus_message_append(m, "{sv}", "offset", "u", json_array_get_length(so_far));
}

int list_queues(Connection *c, JsonArray **ret) {
        static const ObjectList queues = { "ListJobQueues", "job queues", append_offset, job_queue_json_read };

        return object_list(c, &queues, NULL, UINT_MAX, ret);
}
