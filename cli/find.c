/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <pwd.h>
#include <string.h>

#include "bus-error.h"
#include "bus-object.h"
#include "bus-report.h"
#include "find.h"
#include "job-json.h"
#include "names.h"
#include "output.h"
#include "uuid.h"

int get_job(Connection *c, const char *path, const char *subject, JsonObject **ret) {
        return object_properties(c, path, JOBD_JOB_INTERFACE, subject, job_json_read, ret);
}

int get_result(Connection *c, const char *path, const char *subject, JsonObject **ret) {
        return object_properties(c, path, JOBD_RESULT_INTERFACE, subject, job_result_json_read, ret);
}

int find_job(Connection *c, const char *job, char **ret_path, JsonObject **ret_job) {
        g_autofree char *path = NULL;
        int r;

        r = object_path_of(c, "GetJob", job, &path);
        if (r < 0)
                return r;
        if (ret_job) {
                r = get_job(c, path, job, ret_job);
                if (r < 0)
                        return r;
        }
        *ret_path = TAKE_PTR(path);
        return 0;
}

/* no_such: the error by which jobd says so. */
static int check_exists(Connection *c, const char *member, const char *no_such, const char *name) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        if (!name)
                return 0;
        r = sd_bus_call_method(connection_bus(c), connection_destination(c), JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE,
                               member, &error, NULL, "s", name);
        if (r >= 0 || !sd_bus_error_has_name(&error, no_such))
                return 0;
        return report_bus_error(name, JOBD_MANAGER_PATH, &error, r);
}

static int check_user_exists(const char *user) {
        if (!user || g_ascii_string_to_unsigned(user, 10, 0, UINT32_MAX, NULL, NULL) || getpwnam(user))
                return 0;
        return report_error(-ESRCH, "there is no user '%s' on this host.", user);
}

int check_filter_exists(Connection *c, const char *job, const char *queue, const char *user) {
        int r;

        r = check_exists(c, "GetJob", BUS_ERROR_NO_SUCH_JOB, job);
        if (r >= 0)
                r = check_exists(c, "GetJobQueue", BUS_ERROR_NO_SUCH_JOB_QUEUE, queue);
        return r < 0 ? r : check_user_exists(user);
}

static int append_job_filter(sd_bus_message *m, const void *filter, JsonArray *so_far) {
        const JobFilter *f = filter;
        int r;

        r = object_append_string(m, "module_name", f->module_name);
        if (r >= 0)
                r = object_append_string(m, "grouping", f->grouping);
        if (r >= 0 && f->enabled >= 0)
                r = sd_bus_message_append(m, "{sv}", "enabled", "b", f->enabled);
        if (r >= 0 && f->latest_result)
                r = sd_bus_message_append(m, "{sv}", "latest_result", "b", true);
        if (r >= 0 && f->not_installed)
                r = sd_bus_message_append(m, "{sv}", "installed", "b", false);
        else if (r >= 0 && !f->all)
                r = sd_bus_message_append(m, "{sv}{sv}", "hidden", "b", false, "installed", "b", true);
        return r < 0 ? r : sd_bus_message_append(m, "{sv}", "offset", "u", json_array_get_length(so_far));
}

int list_jobs(Connection *c, const JobFilter *filter, JsonArray **ret) {
        static const ObjectList jobs = { "ListJobs", "jobs", append_job_filter, job_json_read };

        return object_list(c, &jobs, filter, UINT_MAX, ret);
}

static int append_result_filter(sd_bus_message *m, const void *filter, JsonArray *so_far) {
        const ResultFilter *f = filter;
        int r;

        r = object_append_string(m, "job", f->job);
        if (r >= 0)
                r = object_append_string(m, "status", f->status);
        if (r >= 0)
                r = object_append_string(m, "requester", f->requester);
        if (r >= 0)
                r = object_append_string(m, "queue", f->queue);
        if (r >= 0)
                r = object_append_string(m, "scheduled_job", f->schedule);
        if (r >= 0 && f->since_usec > 0)
                r = sd_bus_message_append(m, "{sv}", "since", "t", f->since_usec);
        if (r >= 0 && f->until_usec > 0)
                r = sd_bus_message_append(m, "{sv}", "until", "t", f->until_usec);
        return r < 0 ? r : object_append_before(m, so_far);
}

int list_results(Connection *c, const ResultFilter *filter, JsonArray **ret) {
        static const ObjectList results = { "ListJobResults", "job results", append_result_filter, job_result_json_read };

        return object_list(c, &results, filter, filter->limit, ret);
}

int add_latest_result(Connection *c, JsonObject *job) {
        static const struct {
                const char *member, *of_result;
        } members[] = { { "latest_result", "id" }, { "latest_status", "status" }, { "latest_date", "date_created" } };
        g_autoptr(JsonArray) results = NULL;
        JsonObject *latest = NULL;
        int r;

        r = list_results(c, &(ResultFilter) { .job = json_string(job, "id"), .limit = 1 }, &results);
        if (r < 0)
                return r;
        if (json_array_get_length(results) > 0)
                latest = json_array_get_object_element(results, 0);
        for (size_t i = 0; i < ELEMENTSOF(members); i++)
                if (latest)
                        json_object_set_string_member(job, members[i].member,
                                                      json_string(latest, members[i].of_result));
                else
                        json_object_set_null_member(job, members[i].member);
        return 0;
}

/* The digits of what may be the beginning of a UUID, in lower case; NULL when it cannot be one. */
static char *prefix_digits(const char *id) {
        g_autoptr(GString) digits = g_string_new(NULL);

        for (const char *p = id; *p; p++) {
                if (!g_ascii_isxdigit(*p) && *p != '-')
                        return NULL;
                if (*p != '-')
                        g_string_append_c(digits, g_ascii_tolower(*p));
        }
        return digits->len >= RESULT_PREFIX_MIN && digits->len < 32 ? g_strdup(digits->str) : NULL;
}

static int find_result_by_prefix(Connection *c, const char *id, const char *digits, char **ret_id) {
        g_autoptr(JsonArray) results = NULL;
        const char *found = NULL;
        int r;

        r = list_results(c, &(ResultFilter) { .limit = RESULT_PREFIX_SEARCH }, &results);
        if (r < 0)
                return r;
        for (unsigned i = 0; i < json_array_get_length(results); i++) {
                const char *uuid = json_string(json_array_get_object_element(results, i), "id");
                char other[33] = "";

                if (uuid)
                        uuid_to_digits(uuid, other);
                if (!g_str_has_prefix(other, digits))
                        continue;
                if (found)
                        return report_error(-ENOTUNIQ, "%s: several job results begin so, %s and %s among them. "
                                            "Give more of the UUID.", id, found, uuid);
                found = uuid;
        }
        if (!found)
                return report_error(-ENOENT, "%s: none of the newest %i job results begins so. "
                                    "Give the whole UUID of an older one.", id, RESULT_PREFIX_SEARCH);
        *ret_id = g_strdup(found);
        return 0;
}

static int newest_result(Connection *c, char **ret_id) {
        g_autoptr(JsonArray) results = NULL;
        int r;

        r = list_results(c, &(ResultFilter) { .limit = 1 }, &results);
        if (r < 0)
                return r;
        if (json_array_get_length(results) == 0)
                return report_error(-ENOENT, "there is no job result yet, or none that you may see.");
        *ret_id = g_strdup(json_string(json_array_get_object_element(results, 0), "id"));
        return 0;
}

int find_result(Connection *c, const char *id, char **ret_path, JsonObject **ret_result) {
        g_autofree char *digits = id ? prefix_digits(id) : NULL, *full = NULL, *path = NULL;
        int r;

        if (!id)
                r = newest_result(c, &full);
        else if (digits)
                r = find_result_by_prefix(c, id, digits, &full);
        else
                r = (full = g_strdup(id), 0);
        if (r < 0)
                return r;

        r = object_path_of(c, "GetJobResult", full, &path);
        if (r < 0)
                return r;
        if (ret_result) {
                r = get_result(c, path, full, ret_result);
                if (r < 0)
                        return r;
        }
        *ret_path = TAKE_PTR(path);
        return 0;
}
