/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "output.h"
#include "request-text.h"
#include "schedule-text.h"
#include "time-span.h"

static JsonArray *array_member(JsonObject *o, const char *member) {
        JsonNode *node = json_object_get_member(o, member);

        return node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

static unsigned length_of(JsonArray *array) {
        return array ? json_array_get_length(array) : 0;
}

/*
 * Adds a line to a list of them, and takes it over. It stays one: what a requester or an approver has written must not look
 * like another input or another's answer.
 */
static void add_line(GString *list, char *line) {
        _unused_ g_autofree char *owned = line;
        g_autofree char *escaped = output_escape(line);

        g_string_append_printf(list, "%s%s", list->len > 0 ? "\n" : "", escaped);
}

static void add_inputs(Fields *f, JsonObject *request) {
        JsonArray *inputs = array_member(request, "inputs");
        g_autoptr(GString) text = g_string_new(NULL);

        for (unsigned i = 0; i < length_of(inputs); i++) {
                JsonObject *input = json_array_get_object_element(inputs, i);

                add_line(text, g_strdup_printf("%s = %s", json_string(input, "name") ?: "?",
                                               json_string(input, "text") ?: ""));
        }
        fields_add(f, "Input", text->len > 0 ? text->str : "none");
}

static void add_programs(Fields *f, JsonObject *request) {
        JsonArray *programs = array_member(request, "programs");
        g_autoptr(GString) text = g_string_new(NULL);

        for (unsigned i = 0; i < length_of(programs); i++) {
                JsonObject *p = json_array_get_object_element(programs, i);
                const char *path = json_string(p, "path"), *file = json_string(p, "file");
                const char *digest = json_string(p, "digest"), *problem = json_string(p, "problem");

                const bool other = file && g_strcmp0(file, path) != 0;

                add_line(text, g_strdup_printf("%s=%s%s%s%s%s%s%s%s", json_string(p, "setting") ?: "?", path ?: "?",
                                               other ? " (" : "", other ? file : "", other ? ")" : "",
                                               digest ? " " : "", digest ?: "", problem ? " " : "", problem ?: ""));
        }
        fields_add(f, "Programs", text->str);
}

static void add_properties(Fields *f, JsonObject *request) {
        JsonNode *node = json_object_get_member(request, "properties");
        JsonObject *properties = node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
        g_autoptr(GList) names = properties ? json_object_get_members(properties) : NULL;
        g_autoptr(GString) text = g_string_new(NULL);

        for (GList *l = names; l; l = l->next)
                add_line(text, g_strdup_printf("%s=%s", (const char *) l->data,
                                               json_string(properties, l->data) ?: ""));
        fields_add(f, "Unit properties", text->str);
}

static void add_limits(Fields *f, JsonObject *request) {
        g_autofree char *soft = time_span_format(json_time_span(request, "soft_time_limit"));
        g_autofree char *hard = time_span_format(json_time_span(request, "time_limit"));
        g_autofree char *text = g_strdup_printf("soft %s, hard %s", soft, hard);

        fields_add(f, "Time limits", text);
}

static void add_stages(Fields *f, JsonObject *request) {
        JsonArray *stages = array_member(request, "stages");
        g_autoptr(GString) text = g_string_new(NULL);

        for (unsigned i = 0; i < length_of(stages); i++) {
                JsonObject *s = json_array_get_object_element(stages, i);
                const char *name = json_string(s, "name"), *group = json_string(s, "group");

                add_line(text, g_strdup_printf("%s%s%" PRIi64 " of %" PRIi64 "%s%s%s", name ?: "", name ? ": " : "",
                                               json_object_get_int_member(s, "approved"),
                                               json_object_get_int_member(s, "min_approvers"),
                                               group ? " of group " : "", group ?: "",
                                               json_boolean(s, "current") ? " (this one)" : ""));
        }
        fields_add(f, "Approvals", text->str);
}

void fields_add_answers(Fields *f, JsonObject *o, const char *member) {
        JsonArray *answers = array_member(o, member);
        g_autoptr(GString) text = g_string_new(NULL);

        for (unsigned i = 0; i < length_of(answers); i++) {
                JsonObject *a = json_array_get_object_element(answers, i);
                g_autofree char *date = format_time_short(json_time(a, "date"));
                const char *comment = json_string(a, "comment");

                add_line(text, g_strdup_printf("%s by %s at %s%s%s%s", json_string(a, "decision") ?: "?",
                                               json_string(a, "approver") ?: "?", date, comment ? ": " : "",
                                               comment ?: "",
                                               json_boolean(a, "voided") ? " (void: what would run has changed since)"
                                                                         : ""));
        }
        if (text->len > 0)
                fields_add(f, "Answers", text->str);
}

static void add_when(Fields *f, JsonObject *request) {
        const bool at_once = g_strcmp0(json_string(request, "interval"), "immediately") == 0;
        g_autofree char *interval = schedule_interval_text(request);
        g_autofree char *start = format_time(json_time(request, "start_time"));
        g_autofree char *text = at_once ? g_strdup("at once, when it is approved")
                                        : g_strdup_printf("%s, from %s, %s", interval, start,
                                                          json_string(request, "time_zone") ?: "?");

        fields_add(f, "Runs", text);
}

void request_print(JsonObject *request) {
        _cleanup_(fields_freep) Fields *f = fields_new();

        fields_add_colored(f, "Request", json_string(request, "name"), COLOR_BOLD);
        fields_add(f, "ID", json_string(request, "id"));
        fields_add(f, "State", json_string(request, "state"));
        fields_add_colored(f, "Job", json_string(request, "class_path"), COLOR_BOLD);
        if (json_string(request, "description"))
                fields_add(f, "Description", json_string(request, "description"));
        fields_add_colored(f, "Requester", json_string(request, "requester"), COLOR_BOLD);
        if (json_string(request, "requested_by"))
                fields_add(f, "Requested by", json_string(request, "requested_by"));
        add_when(f, request);
        fields_add(f, "Task queue", json_string(request, "queue"));
        add_inputs(f, request);
        fields_add(f, "Command", json_string(request, "command"));
        fields_add(f, "User", json_string(request, "user"));
        add_programs(f, request);
        add_properties(f, request);
        add_limits(f, request);
        fields_add(f, "File", json_string(request, "file"));
        if (json_string(request, "problem"))
                fields_add_colored(f, "Problem", json_string(request, "problem"), COLOR_BOLD_RED);
        if (json_string(request, "changed"))
                fields_add_colored(f, "Changed since", json_string(request, "changed"), COLOR_BOLD_RED);
        fields_add(f, "Digest", json_string(request, "digest"));
        add_stages(f, request);
        fields_add_answers(f, request, "answers");
        fields_print(f);
}
