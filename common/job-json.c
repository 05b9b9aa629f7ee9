/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "job-json-field.h"
#include "json.h"
#include "uuid.h"

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
                for (size_t i = 0; i < OVERRIDE_FLAGS; i++)
                        if (strcmp(job_json_override_flags[i].field, s) == 0)
                                json_object_set_boolean_member(o, job_json_override_flags[i].flag, true);
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
static JsonObject *object_new(const FieldTable *table) {
        JsonObject *o = json_object_new();

        for (size_t i = 0; i < table->n; i++) {
                const Field *f = &table->fields[i];

                if (f->optional)
                        continue;
                if (f->type != FIELD_OVERRIDES) {
                        json_object_set_null_member(o, f->member);
                        continue;
                }
                for (size_t k = 0; k < OVERRIDE_FLAGS; k++)
                        json_object_set_boolean_member(o, job_json_override_flags[k].flag, false);
        }
        return o;
}

static const Field *field_find(const FieldTable *table, const char *property) {
        for (size_t i = 0; i < table->n; i++)
                if (strcmp(table->fields[i].property, property) == 0)
                        return &table->fields[i];
        return NULL;
}

static int properties_read(sd_bus_message *m, JobJsonKind kind, JsonObject **ret) {
        const FieldTable *table = &job_json_tables[kind];
        g_autoptr(JsonObject) o = object_new(table);
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
                field = field_find(table, property);
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
        return properties_read(m, JOB_JSON_JOB, ret);
}

int job_result_json_read(sd_bus_message *m, JsonObject **ret) {
        return properties_read(m, JOB_JSON_RESULT, ret);
}

int scheduled_job_json_read(sd_bus_message *m, JsonObject **ret) {
        return properties_read(m, JOB_JSON_SCHEDULED_JOB, ret);
}

int job_queue_json_read(sd_bus_message *m, JsonObject **ret) {
        return properties_read(m, JOB_JSON_QUEUE, ret);
}
