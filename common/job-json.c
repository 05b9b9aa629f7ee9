/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "job-json.h"
#include "json.h"
#include "uuid.h"

/* What a property becomes. Each stands for one D-Bus type and one way to write it as JSON. */
typedef enum FieldType {
        FIELD_STRING,         /* s */
        FIELD_STRING_OR_NULL, /* s, "" is null */
        FIELD_BOOLEAN,        /* b */
        FIELD_STRINGS,        /* as */
        FIELD_STRING_MAP,     /* a{ss} */
        FIELD_TIME,           /* t, 0 is null */
        FIELD_TIME_SPAN,      /* t, infinity is null */
        FIELD_UINT64,         /* t, all bits set is null */
        FIELD_UINT32,         /* u */
        FIELD_EXIT_CODE,      /* i, -1 is null */
        FIELD_SIGNAL,         /* i, 0 is null */
        FIELD_OBJECT_ID,      /* o, "/" is null */
        FIELD_DATA,           /* s, a JSON object in text form, "" is {} */
        FIELD_JSON,           /* s, any JSON value in text form, "" is null */
        FIELD_PERCENT,        /* u, all bits set is null */
        FIELD_COUNTS,         /* a{su} */
        FIELD_INT32,          /* i */
        FIELD_APPROVALS,      /* a(ussssbt), becomes an array of objects */
        FIELD_STAGES,         /* a(ssuu), the same */
        FIELD_OVERRIDES,      /* as, becomes one boolean for each field that can be overridden */
} FieldType;

typedef struct Field {
        const char *property;
        const char *member;
        FieldType type;
        bool optional; /* the member is only there where the property is */
} Field;

static const Field job_fields[] = {
        { "Id", "id", FIELD_STRING },
        { "Name", "name", FIELD_STRING },
        { "ClassPath", "class_path", FIELD_STRING },
        { "ModuleName", "module_name", FIELD_STRING },
        { "JobClassName", "job_class_name", FIELD_STRING },
        { "Grouping", "grouping", FIELD_STRING },
        { "Description", "description", FIELD_STRING },
        { "Enabled", "enabled", FIELD_BOOLEAN },
        { "Installed", "installed", FIELD_BOOLEAN },
        { "Runnable", "runnable", FIELD_BOOLEAN },
        { "Hidden", "hidden", FIELD_BOOLEAN },
        { "System", "system", FIELD_BOOLEAN },
        { "ApprovalRequired", "approval_required", FIELD_BOOLEAN },
        { "DryRunDefault", "dryrun_default", FIELD_BOOLEAN },
        { "SupportsDryRun", "supports_dryrun", FIELD_BOOLEAN },
        { "HasSensitiveVariables", "has_sensitive_variables", FIELD_BOOLEAN },
        { "ReadOnly", "read_only", FIELD_BOOLEAN },
        { "Singleton", "is_singleton", FIELD_BOOLEAN },
        { "SingletonPolicy", "singleton_policy", FIELD_STRING },
        { "SoftTimeLimitUSec", "soft_time_limit", FIELD_TIME_SPAN },
        { "TimeLimitUSec", "time_limit", FIELD_TIME_SPAN },
        { "TaskQueues", "task_queues", FIELD_STRINGS },
        { "Overrides", NULL, FIELD_OVERRIDES },
        { "ClassValues", "class_values", FIELD_STRING_MAP },
        { "File", "file", FIELD_STRING_OR_NULL },
        { "DateCreated", "created", FIELD_TIME },
        { "LastUpdated", "last_updated", FIELD_TIME },
        { "LatestResult", "latest_result", FIELD_OBJECT_ID, .optional = true },
        { "LatestStatus", "latest_status", FIELD_STRING_OR_NULL, .optional = true },
        { "LatestDate", "latest_date", FIELD_TIME, .optional = true },
};

static const Field result_fields[] = {
        { "Id", "id", FIELD_STRING },
        { "Job", "job_model", FIELD_OBJECT_ID },
        { "JobName", "name", FIELD_STRING },
        { "ClassPath", "task_name", FIELD_STRING },
        { "Status", "status", FIELD_STRING },
        { "Reason", "reason", FIELD_STRING_OR_NULL },
        { "Message", "message", FIELD_STRING_OR_NULL },
        { "Warnings", "warnings", FIELD_STRINGS },
        { "Requester", "user", FIELD_STRING },
        { "RequesterUID", "user_uid", FIELD_UINT32 },
        { "RequestedBy", "requested_by", FIELD_STRING_OR_NULL },
        { "CausedBy", "caused_by", FIELD_STRING_OR_NULL },
        { "ScheduledJob", "scheduled_job", FIELD_OBJECT_ID },
        { "NominalTime", "nominal_time", FIELD_TIME },
        { "RevokedBy", "revoked_by", FIELD_STRING_OR_NULL },
        { "DateCreated", "date_created", FIELD_TIME },
        { "DateStarted", "date_started", FIELD_TIME },
        { "DateDone", "date_done", FIELD_TIME },
        { "Data", "task_kwargs", FIELD_DATA },
        { "TaskQueue", "task_queue", FIELD_STRING },
        { "SoftTimeLimitUSec", "soft_time_limit", FIELD_TIME_SPAN },
        { "TimeLimitUSec", "time_limit", FIELD_TIME_SPAN },
        { "ExitCode", "exit_code", FIELD_EXIT_CODE },
        { "Signal", "signal", FIELD_SIGNAL },
        { "CPUUsageNSec", "cpu_usage_nsec", FIELD_UINT64 },
        { "Unit", "unit", FIELD_STRING_OR_NULL },
        { "InvocationID", "invocation_id", FIELD_STRING_OR_NULL },
        { "Progress", "progress", FIELD_PERCENT },
        { "ProgressText", "progress_text", FIELD_STRING_OR_NULL },
        { "LogCounts", "log_counts", FIELD_COUNTS },
        { "Attempt", "attempt", FIELD_UINT32 },
        { "Attempts", "attempts", FIELD_UINT32 },
        { "RetryOf", "retry_of", FIELD_STRING_OR_NULL },
        { "RetriedBy", "retried_by", FIELD_STRING_OR_NULL },
        { "NotBefore", "not_before", FIELD_TIME },
        { "Position", "position", FIELD_UINT32 },
        { "WaitReason", "wait_reason", FIELD_STRING_OR_NULL },
        { "Result", "result", FIELD_JSON },
};

static const Field schedule_fields[] = {
        { "Id", "id", FIELD_STRING },
        { "Name", "name", FIELD_STRING },
        { "Description", "description", FIELD_STRING },
        { "Job", "job_model", FIELD_OBJECT_ID },
        { "JobName", "job_name", FIELD_STRING },
        { "ClassPath", "task", FIELD_STRING },
        { "Requester", "user", FIELD_STRING },
        { "RequesterUID", "user_uid", FIELD_UINT32 },
        { "RequestedBy", "requested_by", FIELD_STRING_OR_NULL },
        { "Interval", "interval", FIELD_STRING },
        { "Crontab", "crontab", FIELD_STRING },
        { "TimeZone", "time_zone", FIELD_STRING },
        { "StartTime", "start_time", FIELD_TIME },
        { "OneOff", "one_off", FIELD_BOOLEAN },
        { "Missed", "missed", FIELD_STRING },
        { "TaskQueue", "task_queue", FIELD_STRING },
        { "Data", "kwargs", FIELD_DATA },
        { "Sealed", "sealed", FIELD_BOOLEAN },
        { "State", "state", FIELD_STRING },
        { "StateReason", "state_reason", FIELD_STRING_OR_NULL },
        { "Enabled", "enabled", FIELD_BOOLEAN },
        { "ApprovalRequired", "approval_required", FIELD_BOOLEAN },
        { "Approvals", "approvals", FIELD_APPROVALS },
        { "Stages", "stages", FIELD_STAGES },
        { "Digest", "digest", FIELD_STRING_OR_NULL },
        { "ExpiresAt", "expires_at", FIELD_TIME },
        { "DecidedAt", "decided_at", FIELD_TIME },
        { "LastRunAt", "last_run_at", FIELD_TIME },
        { "NextRunAt", "next_run_at", FIELD_TIME },
        { "TotalRunCount", "total_run_count", FIELD_UINT64 },
        { "LastResult", "last_result", FIELD_OBJECT_ID },
        { "DateCreated", "date_created", FIELD_TIME },
        { "DateChanged", "date_changed", FIELD_TIME },
};

static const Field queue_fields[] = {
        { "Id", "id", FIELD_STRING },
        { "Name", "name", FIELD_STRING },
        { "Description", "description", FIELD_STRING },
        { "Enabled", "enabled", FIELD_BOOLEAN },
        { "Default", "default", FIELD_BOOLEAN },
        { "MaxRunning", "max_running", FIELD_UINT32 },
        { "MaxPending", "max_pending", FIELD_UINT32 },
        { "Weight", "weight", FIELD_UINT32 },
        { "Priority", "priority", FIELD_INT32 },
        { "WhenUnavailable", "when_unavailable", FIELD_STRING },
        { "Resources", "resources", FIELD_STRING_MAP },
        { "Slice", "slice", FIELD_STRING },
        { "Running", "running", FIELD_UINT32 },
        { "Waiting", "waiting", FIELD_UINT32 },
        { "DateCreated", "created", FIELD_TIME },
        { "LastUpdated", "last_updated", FIELD_TIME },
};

/* The fields that can be overridden, and the flag that says so: the reference calls singleton "is_singleton". */
static const struct {
        const char *field, *flag;
} override_flags[] = {
        { "name", "name_override" },
        { "grouping", "grouping_override" },
        { "description", "description_override" },
        { "approval_required", "approval_required_override" },
        { "dryrun_default", "dryrun_default_override" },
        { "has_sensitive_variables", "has_sensitive_variables_override" },
        { "hidden", "hidden_override" },
        { "singleton", "is_singleton_override" },
        { "soft_time_limit", "soft_time_limit_override" },
        { "time_limit", "time_limit_override" },
        { "task_queues", "task_queues_override" },
};

char *job_json_format_time(uint64_t usec) {
        g_autoptr(GDateTime) seconds = NULL;
        g_autofree char *text = NULL;

        if (usec == 0 || usec == USEC_INFINITY)
                return NULL;
        seconds = g_date_time_new_from_unix_utc((int64_t) (usec / USEC_PER_SEC));
        if (!seconds)
                return NULL;
        text = g_date_time_format(seconds, "%Y-%m-%dT%H:%M:%S");
        return g_strdup_printf("%s.%06uZ", text, (unsigned) (usec % USEC_PER_SEC));
}

uint64_t job_json_parse_time(const char *text) {
        g_autoptr(GDateTime) time = NULL;
        int64_t seconds;

        time = text ? g_date_time_new_from_iso8601(text, NULL) : NULL;
        seconds = time ? g_date_time_to_unix(time) : 0;
        if (seconds <= 0)
                return 0;
        return (uint64_t) seconds * USEC_PER_SEC + (uint64_t) g_date_time_get_microsecond(time);
}

static void set_string(JsonObject *o, const char *member, const char *value, bool empty_is_null) {
        if (empty_is_null && value[0] == '\0')
                json_object_set_null_member(o, member);
        else
                json_object_set_string_member(o, member, value);
}

static void set_time(JsonObject *o, const char *member, uint64_t usec) {
        g_autofree char *text = job_json_format_time(usec);

        if (text)
                json_object_set_string_member(o, member, text);
        else
                json_object_set_null_member(o, member);
}

static void set_time_span(JsonObject *o, const char *member, uint64_t usec) {
        if (usec == USEC_INFINITY)
                json_object_set_null_member(o, member);
        else if (usec % USEC_PER_SEC == 0)
                json_object_set_int_member(o, member, (int64_t) (usec / USEC_PER_SEC));
        else
                json_object_set_double_member(o, member, (double) usec / (double) USEC_PER_SEC);
}

static void set_object_id(JsonObject *o, const char *member, const char *path) {
        const char *digits = strrchr(path, '/') + 1; /* an object path begins with a slash */
        char uuid[UUID_STRING_SIZE];

        if (uuid_parse(digits, uuid) < 0)
                json_object_set_null_member(o, member);
        else
                json_object_set_string_member(o, member, uuid);
}

static int set_data(JsonObject *o, const char *member, const char *text) {
        g_autoptr(JsonObject) data = NULL;
        int r;

        if (text[0] == '\0')
                data = json_object_new();
        else {
                r = json_parse_object(text, strlen(text), SIZE_MAX, &data, NULL);
                if (r < 0)
                        return -EBADMSG;
        }
        json_object_set_object_member(o, member, TAKE_PTR(data));
        return 0;
}

static int set_json(JsonObject *o, const char *member, const char *text) {
        g_autoptr(JsonNode) node = NULL;

        if (text[0] == '\0') {
                json_object_set_null_member(o, member);
                return 0;
        }
        if (json_parse(text, strlen(text), SIZE_MAX, &node, NULL) < 0)
                return -EBADMSG;
        json_object_set_member(o, member, TAKE_PTR(node));
        return 0;
}

static int read_strings(sd_bus_message *m, JsonObject *o, const Field *field) {
        g_autoptr(JsonArray) array = json_array_new();
        const char *s;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "s");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read_basic(m, 's', &s)) > 0) {
                if (field->type == FIELD_STRINGS) {
                        json_array_add_string_element(array, s);
                        continue;
                }
                for (size_t i = 0; i < ELEMENTSOF(override_flags); i++)
                        if (strcmp(override_flags[i].field, s) == 0)
                                json_object_set_boolean_member(o, override_flags[i].flag, true);
        }
        if (r < 0)
                return r;
        if (field->type == FIELD_STRINGS)
                json_object_set_array_member(o, field->member, TAKE_PTR(array));
        return sd_bus_message_exit_container(m);
}

static int read_string_map(sd_bus_message *m, JsonObject *o, const char *member) {
        g_autoptr(JsonObject) map = json_object_new();
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{ss}");
        if (r < 0)
                return r;
        for (;;) {
                const char *key, *value;

                r = sd_bus_message_read(m, "{ss}", &key, &value);
                if (r < 0)
                        return r;
                if (r == 0)
                        break;
                json_object_set_string_member(map, key, value);
        }
        json_object_set_object_member(o, member, TAKE_PTR(map));
        return sd_bus_message_exit_container(m);
}

static int read_counts(sd_bus_message *m, JsonObject *o, const char *member) {
        g_autoptr(JsonObject) counts = json_object_new();
        const char *key;
        uint32_t n;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{su}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(m, "{su}", &key, &n)) > 0)
                json_object_set_int_member(counts, key, n);
        if (r < 0)
                return r;
        json_object_set_object_member(o, member, TAKE_PTR(counts));
        return sd_bus_message_exit_container(m);
}

static int read_approvals(sd_bus_message *m, JsonObject *o, const char *member) {
        g_autoptr(JsonArray) array = json_array_new();
        const char *approver, *decision, *comment, *digest;
        uint32_t stage;
        uint64_t date;
        int r, voided;

        r = sd_bus_message_enter_container(m, 'a', "(ussssbt)");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(m, "(ussssbt)", &stage, &approver, &decision, &comment, &digest, &voided,
                                        &date)) > 0) {
                JsonObject *entry = json_object_new();

                json_object_set_int_member(entry, "stage", stage);
                json_object_set_string_member(entry, "approver", approver);
                json_object_set_string_member(entry, "decision", decision);
                set_string(entry, "comment", comment, true);
                json_object_set_string_member(entry, "digest", digest);
                json_object_set_boolean_member(entry, "voided", voided);
                set_time(entry, "date", date);
                json_array_add_object_element(array, entry);
        }
        if (r < 0)
                return r;
        json_object_set_array_member(o, member, TAKE_PTR(array));
        return sd_bus_message_exit_container(m);
}

static int read_stages(sd_bus_message *m, JsonObject *o, const char *member) {
        g_autoptr(JsonArray) array = json_array_new();
        const char *name, *group;
        uint32_t wanted, approved;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "(ssuu)");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(m, "(ssuu)", &name, &group, &wanted, &approved)) > 0) {
                JsonObject *entry = json_object_new();

                set_string(entry, "name", name, true);
                set_string(entry, "group", group, true);
                json_object_set_int_member(entry, "min_approvers", wanted);
                json_object_set_int_member(entry, "approved", approved);
                json_array_add_object_element(array, entry);
        }
        if (r < 0)
                return r;
        json_object_set_array_member(o, member, TAKE_PTR(array));
        return sd_bus_message_exit_container(m);
}

static int set_text(JsonObject *o, const Field *field, const char *s) {
        switch (field->type) {
        case FIELD_OBJECT_ID:
                set_object_id(o, field->member, s);
                return 0;
        case FIELD_DATA:
                return set_data(o, field->member, s);
        case FIELD_JSON:
                return set_json(o, field->member, s);
        default:
                set_string(o, field->member, s, field->type == FIELD_STRING_OR_NULL);
                return 0;
        }
}

static void set_uint64(JsonObject *o, const Field *field, uint64_t value) {
        if (field->type == FIELD_TIME)
                set_time(o, field->member, value);
        else if (field->type == FIELD_TIME_SPAN)
                set_time_span(o, field->member, value);
        else if (value > INT64_MAX)
                json_object_set_null_member(o, field->member);
        else
                json_object_set_int_member(o, field->member, (int64_t) value);
}

static void set_int32(JsonObject *o, const Field *field, int value) {
        if (field->type != FIELD_INT32 && value == (field->type == FIELD_EXIT_CODE ? -1 : 0))
                json_object_set_null_member(o, field->member);
        else
                json_object_set_int_member(o, field->member, value);
}

static char field_signature(FieldType type) {
        switch (type) {
        case FIELD_BOOLEAN:
                return 'b';
        case FIELD_TIME:
        case FIELD_TIME_SPAN:
        case FIELD_UINT64:
                return 't';
        case FIELD_UINT32:
        case FIELD_PERCENT:
                return 'u';
        case FIELD_EXIT_CODE:
        case FIELD_SIGNAL:
        case FIELD_INT32:
                return 'i';
        case FIELD_OBJECT_ID:
                return 'o';
        default:
                return 's';
        }
}

/* The value of a property that is not a container. */
static int read_basic(sd_bus_message *m, JsonObject *o, const Field *field) {
        char type = field_signature(field->type);
        union {
                const char *s;
                uint64_t u64;
                uint32_t u32;
                int i; /* also a boolean, which sd-bus stores as an int */
        } value;
        int r;

        r = sd_bus_message_read_basic(m, type, &value);
        if (r <= 0)
                return r < 0 ? r : -EBADMSG;

        if (type == 's' || type == 'o')
                return set_text(o, field, value.s);
        if (type == 't')
                set_uint64(o, field, value.u64);
        else if (type == 'u' && field->type == FIELD_PERCENT && value.u32 == UINT32_MAX)
                json_object_set_null_member(o, field->member);
        else if (type == 'u')
                json_object_set_int_member(o, field->member, value.u32);
        else if (type == 'i')
                set_int32(o, field, value.i);
        else
                json_object_set_boolean_member(o, field->member, value.i != 0);
        return 0;
}

static int read_variant(sd_bus_message *m, JsonObject *o, const Field *field) {
        const char *contents;
        char type[2];
        int r;

        if (field->type == FIELD_STRINGS || field->type == FIELD_OVERRIDES)
                contents = "as";
        else if (field->type == FIELD_STRING_MAP)
                contents = "a{ss}";
        else if (field->type == FIELD_COUNTS)
                contents = "a{su}";
        else if (field->type == FIELD_APPROVALS)
                contents = "a(ussssbt)";
        else if (field->type == FIELD_STAGES)
                contents = "a(ssuu)";
        else {
                type[0] = field_signature(field->type);
                type[1] = '\0';
                contents = type;
        }

        r = sd_bus_message_enter_container(m, 'v', contents);
        if (r <= 0)
                return r == -ENXIO || r == 0 ? -EBADMSG : r;
        if (field->type == FIELD_STRINGS || field->type == FIELD_OVERRIDES)
                r = read_strings(m, o, field);
        else if (field->type == FIELD_STRING_MAP)
                r = read_string_map(m, o, field->member);
        else if (field->type == FIELD_COUNTS)
                r = read_counts(m, o, field->member);
        else if (field->type == FIELD_APPROVALS)
                r = read_approvals(m, o, field->member);
        else if (field->type == FIELD_STAGES)
                r = read_stages(m, o, field->member);
        else
                r = read_basic(m, o, field);
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(m);
}

/* All members but optional ones, null, in the order in which they are shown; setting one later does not move it. */
static JsonObject *object_new(const Field *fields, size_t n_fields) {
        JsonObject *o = json_object_new();

        for (size_t i = 0; i < n_fields; i++) {
                if (fields[i].optional)
                        continue;
                if (fields[i].type != FIELD_OVERRIDES) {
                        json_object_set_null_member(o, fields[i].member);
                        continue;
                }
                for (size_t k = 0; k < ELEMENTSOF(override_flags); k++)
                        json_object_set_boolean_member(o, override_flags[k].flag, false);
        }
        return o;
}

static const Field *field_find(const Field *fields, size_t n_fields, const char *property) {
        for (size_t i = 0; i < n_fields; i++)
                if (strcmp(fields[i].property, property) == 0)
                        return fields + i;
        return NULL;
}

static int properties_read(sd_bus_message *m, const Field *fields, size_t n_fields, JsonObject **ret) {
        g_autoptr(JsonObject) o = object_new(fields, n_fields);
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        if (r <= 0)
                return r < 0 && r != -ENXIO ? r : -EBADMSG;

        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                const Field *field;
                const char *property;

                r = sd_bus_message_read_basic(m, 's', &property);
                if (r < 0)
                        return r;
                field = field_find(fields, n_fields, property);
                r = field ? read_variant(m, o, field) : sd_bus_message_skip(m, "v");
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(o);
        return 0;
}

int job_json_read(sd_bus_message *m, JsonObject **ret) {
        return properties_read(m, job_fields, ELEMENTSOF(job_fields), ret);
}

int job_result_json_read(sd_bus_message *m, JsonObject **ret) {
        return properties_read(m, result_fields, ELEMENTSOF(result_fields), ret);
}

int scheduled_job_json_read(sd_bus_message *m, JsonObject **ret) {
        return properties_read(m, schedule_fields, ELEMENTSOF(schedule_fields), ret);
}

int job_queue_json_read(sd_bus_message *m, JsonObject **ret) {
        return properties_read(m, queue_fields, ELEMENTSOF(queue_fields), ret);
}

/* ---- the schema ---- */

static const char *schema_type(FieldType type) {
        switch (type) {
        case FIELD_BOOLEAN:
                return "boolean";
        case FIELD_STRINGS:
        case FIELD_APPROVALS:
        case FIELD_STAGES:
                return "array";
        case FIELD_STRING_MAP:
        case FIELD_DATA:
        case FIELD_COUNTS:
                return "object";
        case FIELD_TIME_SPAN:
                return "number";
        case FIELD_UINT64:
        case FIELD_UINT32:
        case FIELD_INT32:
        case FIELD_EXIT_CODE:
        case FIELD_SIGNAL:
        case FIELD_PERCENT:
                return "integer";
        default:
                return "string";
        }
}

static JsonObject *describe_field(FieldType type) {
        JsonObject *o = json_object_new();

        if (type != FIELD_JSON) /* any value */
                json_object_set_string_member(o, "type", schema_type(type));
        if (type == FIELD_TIME)
                json_object_set_string_member(o, "format", "date-time");
        if (strcmp(schema_type(type), "array") == 0) {
                JsonObject *items = json_object_new();

                json_object_set_string_member(items, "type", type == FIELD_STRINGS ? "string" : "object");
                json_object_set_object_member(o, "items", items);
        }
        json_object_set_boolean_member(o, "nullable", true);
        return o;
}

JsonObject *job_json_describe(JobJsonKind kind) {
        static const struct {
                const Field *fields;
                size_t n;
        } tables[] = {
                [JOB_JSON_JOB] = { job_fields, ELEMENTSOF(job_fields) },
                [JOB_JSON_RESULT] = { result_fields, ELEMENTSOF(result_fields) },
                [JOB_JSON_SCHEDULED_JOB] = { schedule_fields, ELEMENTSOF(schedule_fields) },
                [JOB_JSON_QUEUE] = { queue_fields, ELEMENTSOF(queue_fields) },
        };
        const Field *fields = tables[kind].fields;
        JsonObject *o = json_object_new();

        for (size_t i = 0; i < tables[kind].n; i++) {
                if (fields[i].type != FIELD_OVERRIDES) {
                        json_object_set_object_member(o, fields[i].member, describe_field(fields[i].type));
                        continue;
                }
                for (size_t k = 0; k < ELEMENTSOF(override_flags); k++)
                        json_object_set_object_member(o, override_flags[k].flag, describe_field(FIELD_BOOLEAN));
        }
        return o;
}
