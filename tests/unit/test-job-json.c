/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/socket.h>

#include "job-json.h"
#include "json.h"

static sd_bus *bus;

/* Messages need a bus to be made for; this one leads nowhere. */
static void open_bus(void) {
        int fds[2];

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
        g_assert_cmpint(sd_bus_new(&bus), ==, 0);
        g_assert_cmpint(sd_bus_set_fd(bus, fds[0], fds[0]), ==, 0);
        g_assert_cmpint(sd_bus_start(bus), >=, 0);
}

static sd_bus_message *message(const char *types, ...) {
        sd_bus_message *m;
        va_list arguments;

        g_assert_cmpint(sd_bus_message_new_method_call(bus, &m, NULL, "/x", NULL, "X"), ==, 0);
        va_start(arguments, types);
        g_assert_cmpint(sd_bus_message_appendv(m, types, arguments), >=, 0);
        va_end(arguments);
        g_assert_cmpint(sd_bus_message_seal(m, 1, 0), >=, 0);
        return m;
}

static char *format(JsonObject *o) {
        g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);

        json_node_set_object(node, o);
        return json_format(node);
}

static void test_job(void) {
        g_autoptr(JsonObject) job = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = message(
                "a{sv}s", 17,
                "LastUpdated", "t", UINT64_C(1706785140000001),
                "Id", "s", "1b4e28ba-2fa1-11d2-883f-0016d3cca427",
                "ClassPath", "s", "net.Backup",
                "Name", "s", "Back up",
                "Enabled", "b", true,
                "Hidden", "b", false,
                "Singleton", "b", true,
                "SingletonPolicy", "s", "queue",
                "SoftTimeLimitUSec", "t", UINT64_C(120000000),
                "TimeLimitUSec", "t", UINT64_C(1500000),
                "TaskQueues", "as", 2, "default", "bulk",
                "Overrides", "as", 2, "singleton", "time_limit",
                "ClassValues", "a{ss}", 1, "time_limit", "5min",
                "File", "s", "",
                "DateCreated", "t", UINT64_C(0),
                "NotKnownYet", "a(sv)", 1, "x", "u", 5,
                "Description", "s", "two\nlines",
                "after");
        g_autofree char *text = NULL;
        const char *after;

        g_assert_cmpint(job_json_read(m, &job), ==, 0);
        text = format(job);
        g_assert_cmpstr(text, ==,
                        "{\"id\":\"1b4e28ba-2fa1-11d2-883f-0016d3cca427\",\"name\":\"Back up\","
                        "\"class_path\":\"net.Backup\",\"module_name\":null,\"job_class_name\":null,\"grouping\":null,"
                        "\"description\":\"two\\nlines\",\"enabled\":true,\"installed\":null,\"runnable\":null,"
                        "\"hidden\":false,\"system\":null,\"approval_required\":null,\"dryrun_default\":null,"
                        "\"supports_dryrun\":null,\"has_sensitive_variables\":null,\"read_only\":null,"
                        "\"is_singleton\":true,\"singleton_policy\":\"queue\",\"soft_time_limit\":120,\"time_limit\":1.5,"
                        "\"task_queues\":[\"default\",\"bulk\"],\"name_override\":false,\"grouping_override\":false,"
                        "\"description_override\":false,\"approval_required_override\":false,"
                        "\"dryrun_default_override\":false,\"has_sensitive_variables_override\":false,"
                        "\"hidden_override\":false,\"is_singleton_override\":true,\"soft_time_limit_override\":false,"
                        "\"time_limit_override\":true,\"task_queues_override\":false,"
                        "\"class_values\":{\"time_limit\":\"5min\"},\"file\":null,\"created\":null,"
                        "\"last_updated\":\"2024-02-01T10:59:00.000001Z\"}");
        /* the message is where the next argument begins */
        g_assert_cmpint(sd_bus_message_read(m, "s", &after), >, 0);
        g_assert_cmpstr(after, ==, "after");
}

static void test_result(void) {
        g_autoptr(JsonObject) result = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = message(
                "a{sv}", 12,
                "Job", "o", "/org/jobd1/job/1b4e28ba2fa111d2883f0016d3cca427",
                "JobName", "s", "Back up",
                "ClassPath", "s", "net.Backup",
                "Status", "s", "FAILURE",
                "Requester", "s", "alice",
                "RequesterUID", "u", UINT32_C(4294967294),
                "Data", "s", "{\"retries\": 5}",
                "ExitCode", "i", -1,
                "Signal", "i", 9,
                "CPUUsageNSec", "t", UINT64_MAX,
                "TimeLimitUSec", "t", UINT64_MAX,
                "Warnings", "as", 1, "watch out");

        g_assert_cmpint(job_result_json_read(m, &result), ==, 0);
        g_assert_cmpstr(json_object_get_string_member(result, "job_model"), ==, "1b4e28ba-2fa1-11d2-883f-0016d3cca427");
        g_assert_cmpstr(json_object_get_string_member(result, "name"), ==, "Back up");
        g_assert_cmpstr(json_object_get_string_member(result, "task_name"), ==, "net.Backup");
        g_assert_cmpstr(json_object_get_string_member(result, "user"), ==, "alice");
        g_assert_cmpint(json_object_get_int_member(result, "user_uid"), ==, INT64_C(4294967294));
        g_assert_cmpint(json_object_get_int_member(json_object_get_object_member(result, "task_kwargs"), "retries"), ==,
                        5);
        g_assert_true(json_object_get_null_member(result, "exit_code"));
        g_assert_cmpint(json_object_get_int_member(result, "signal"), ==, 9);
        g_assert_true(json_object_get_null_member(result, "cpu_usage_nsec"));
        g_assert_true(json_object_get_null_member(result, "time_limit"));
        g_assert_true(json_object_get_null_member(result, "date_done"));
        g_assert_cmpuint(json_array_get_length(json_object_get_array_member(result, "warnings")), ==, 1);
}

static void test_result_without_job(void) {
        g_autoptr(JsonObject) result = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m =
                message("a{sv}", 4, "Job", "o", "/", "Data", "s", "", "ExitCode", "i", 0, "Signal", "i", 0);

        g_assert_cmpint(job_result_json_read(m, &result), ==, 0);
        g_assert_true(json_object_get_null_member(result, "job_model"));
        g_assert_cmpuint(json_object_get_size(json_object_get_object_member(result, "task_kwargs")), ==, 0);
        g_assert_cmpint(json_object_get_int_member(result, "exit_code"), ==, 0);
        g_assert_true(json_object_get_null_member(result, "signal"));
}

static void test_wrong_types(void) {
        sd_bus_message *messages[] = {
                message("s", "x"),
                message("a{ss}", 1, "Id", "x"),
                message("a{sv}", 1, "Enabled", "s", "yes"),
                message("a{sv}", 1, "TaskQueues", "s", "default"),
                message("a{sv}", 1, "ClassValues", "a{sv}", 0),
        };

        for (size_t i = 0; i < ELEMENTSOF(messages); i++) {
                JsonObject *job = NULL;

                g_assert_cmpint(job_json_read(messages[i], &job), ==, -EBADMSG);
                g_assert_null(job);
                sd_bus_message_unref(messages[i]);
        }
}

static void test_time(void) {
        g_autofree char *text = job_json_format_time(UINT64_C(1706785140000001)), *zero = job_json_format_time(0);
        g_autofree char *far = job_json_format_time(UINT64_MAX - 1);

        g_assert_cmpstr(text, ==, "2024-02-01T10:59:00.000001Z");
        g_assert_null(zero);
        g_assert_null(far);
        g_assert_cmpuint(job_json_parse_time(text), ==, UINT64_C(1706785140000001));
        g_assert_cmpuint(job_json_parse_time("2024-02-01T11:59:00+01:00"), ==, UINT64_C(1706785140000000));
        g_assert_cmpuint(job_json_parse_time("yesterday"), ==, 0);
        g_assert_cmpuint(job_json_parse_time("1969-12-31T23:59:00Z"), ==, 0);
        g_assert_cmpuint(job_json_parse_time(NULL), ==, 0);
}

int main(int argc, char **argv) {
        int r;

        g_test_init(&argc, &argv, NULL);
        open_bus();
        g_test_add_func("/job-json/job", test_job);
        g_test_add_func("/job-json/result", test_result);
        g_test_add_func("/job-json/result-without-job", test_result_without_job);
        g_test_add_func("/job-json/wrong-types", test_wrong_types);
        g_test_add_func("/job-json/time", test_time);
        r = g_test_run();
        sd_bus_close_unref(bus);
        return r;
}
