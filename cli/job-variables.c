/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "bus-report.h"
#include "job-variables.h"
#include "json.h"
#include "names.h"
#include "output.h"
#include "table.h"

int job_variables_read(sd_bus_message *reply, JsonArray **ret) {
        g_autoptr(JsonNode) node = NULL;
        const char *text;
        int r;

        r = sd_bus_message_read(reply, "s", &text);
        if (r >= 0)
                r = json_parse(text, strlen(text), SIZE_MAX, &node, NULL);
        if (r >= 0 && !JSON_NODE_HOLDS_ARRAY(node))
                r = -EBADMSG;
        if (r < 0)
                return report_errno(r, "cannot understand what jobd says of the variables");
        *ret = json_node_dup_array(node);
        return 0;
}

int job_variables_get(Connection *c, const char *path, const char *subject, JsonArray **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = connection_method(c, path, JOBD_JOB_INTERFACE, "GetVariables", subject, &reply, NULL);
        return r < 0 ? r : job_variables_read(reply, ret);
}

int job_class_get(Connection *c, const char *path, JsonObject **ret, char **ret_problem) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        const char *text;
        int r;

        *ret = NULL;
        r = sd_bus_call_method(connection_bus(c), connection_destination(c), path, JOBD_JOB_INTERFACE, "GetClass",
                               &error, &reply, NULL);
        if (r < 0) {
                *ret_problem = g_strdup(error.message ?: g_strerror(-r));
                return 0;
        }
        r = sd_bus_message_read(reply, "s", &text);
        if (r >= 0)
                r = json_parse_object(text, strlen(text), SIZE_MAX, ret, NULL);
        return r < 0 ? report_errno(r, "cannot understand what jobd says of the job class") : 0;
}

/* Strings as they are, all else as JSON; NULL for null. */
static char *value_text(JsonNode *node) {
        if (!node || JSON_NODE_HOLDS_NULL(node))
                return NULL;
        if (JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING)
                return json_node_dup_string(node);
        return json_format(node);
}

static void append_range(GString *out, JsonObject *o, const char *unit, const char *min, const char *max) {
        g_autofree char *from = value_text(json_object_get_member(o, min));
        g_autofree char *to = value_text(json_object_get_member(o, max));

        if (from && to)
                g_string_append_printf(out, "%s%s to %s%s", out->len > 0 ? ", " : "", from, to, unit);
        else if (from || to)
                g_string_append_printf(out, "%sat %s %s%s", out->len > 0 ? ", " : "", from ? "least" : "most",
                                       from ?: to, unit);
}

static void append_size(GString *out, JsonObject *o) {
        g_autofree char *size = NULL;

        if (!json_object_has_member(o, "max_size"))
                return;
        size = g_format_size_full((guint64) json_object_get_int_member(o, "max_size"), G_FORMAT_SIZE_IEC_UNITS);
        g_string_append_printf(out, "%sat most %s", out->len > 0 ? ", " : "", size);
}

static void append_choices(GString *out, JsonObject *o) {
        JsonNode *node = json_object_get_member(o, "choices");
        JsonArray *choices = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

        for (unsigned i = 0; choices && i < json_array_get_length(choices); i++) {
                JsonNode *choice = json_array_get_element(choices, i);
                g_autofree char *text = NULL;

                /* A pair of value and label, as in the reference, or the value alone. */
                if (JSON_NODE_HOLDS_ARRAY(choice) && json_array_get_length(json_node_get_array(choice)) > 0)
                        choice = json_array_get_element(json_node_get_array(choice), 0);
                text = value_text(choice);
                g_string_append_printf(out, "%s%s", i > 0 ? ", " : out->len > 0 ? "; " : "", text ?: "");
        }
}

/* "only with mode=fast": DependsOn=. */
static void append_dependency(GString *out, JsonObject *o) {
        JsonNode *node = json_object_get_member(o, "depends_on");
        JsonObject *other = node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
        g_autofree char *value = other ? value_text(json_object_get_member(other, "value")) : NULL;

        if (other)
                g_string_append_printf(out, "%sonly with %s%s%s", out->len > 0 ? "; " : "",
                                       json_string(other, "name") ?: "?", value ? "=" : "", value ?: "");
}

static char *rules_text(JsonObject *o) {
        JsonNode *value = json_object_get_member(o, "default");
        bool has_default = value && !JSON_NODE_HOLDS_NULL(value);
        GString *out = g_string_new(json_boolean(o, "required") && !has_default ? "required" : NULL);

        if (json_boolean(o, "sensitive"))
                g_string_append(out, out->len > 0 ? ", sensitive" : "sensitive");
        append_range(out, o, "", "min_value", "max_value");
        append_range(out, o, " characters", "min_length", "max_length");
        append_size(out, o);
        append_choices(out, o);
        if (json_string(o, "model"))
                g_string_append_printf(out, "%sof model %s", out->len > 0 ? ", " : "", json_string(o, "model"));
        append_dependency(out, o);
        return g_string_free(out, false);
}

static void add_variable(Table *t, JsonObject *o, bool labels) {
        g_autofree char *value = value_text(json_object_get_member(o, "default")), *rules = rules_text(o);
        const char *help = json_string(o, "help_text");
        g_autofree char *first_line = g_strndup(help ?: "", strcspn(help ?: "", "\n"));
        const char *cells[6];
        size_t n = 0;

        cells[n++] = json_string(o, "name");
        if (labels)
                cells[n++] = json_string(o, "label");
        cells[n++] = json_string(o, "type");
        cells[n++] = value && value[0] ? value : NULL;
        cells[n++] = rules[0] ? rules : NULL;
        cells[n++] = first_line[0] ? first_line : NULL;
        table_add(t, cells, 0, NULL);
}

static bool have_labels(JsonArray *variables) {
        for (unsigned i = 0; i < json_array_get_length(variables); i++) {
                JsonNode *node = json_array_get_element(variables, i);

                if (JSON_NODE_HOLDS_OBJECT(node) && json_string(json_node_get_object(node), "label"))
                        return true;
        }
        return false;
}

void job_variables_print(JsonArray *variables) {
        static const char *const columns[] = { "VARIABLE", "TYPE", "DEFAULT", "RULES", "DESCRIPTION", NULL };
        static const char *const label_columns[] = { "VARIABLE", "LABEL", "TYPE", "DEFAULT", "RULES", "DESCRIPTION",
                                                     NULL };
        bool labels = have_labels(variables);
        _cleanup_(table_freep) Table *t = table_new(labels ? label_columns : columns, TABLE_HEADINGS);

        for (unsigned i = 0; i < json_array_get_length(variables); i++) {
                JsonNode *node = json_array_get_element(variables, i);

                if (JSON_NODE_HOLDS_OBJECT(node))
                        add_variable(t, json_node_get_object(node), labels);
        }
        if (table_rows(t) > 0)
                table_print(t);
        else
                puts("The job has no variables.");
}
