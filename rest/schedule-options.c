/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "bus.h"
#include "schedule-options.h"
#include "time-text.h"

static const char *const names[] = { "name", "interval", "crontab", "time_zone", "missed" };

static const char *get_text(JsonObject *o, const char *name) {
        JsonNode *node = json_object_get_member(o, name);

        return node && json_node_get_value_type(node) == G_TYPE_STRING ? json_node_get_string(node) : NULL;
}

static bool is_given(JsonObject *o, const char *name) {
        return json_object_has_member(o, name) && !json_object_get_null_member(o, name);
}

/* A time without an offset is one of the schedule's own zone, or of the host's. 0: it is none. */
static uint64_t read_time(JsonObject *schedule) {
        const char *text = get_text(schedule, "start_time"), *name = get_text(schedule, "time_zone");
        g_autoptr(GTimeZone) zone = name ? g_time_zone_new_identifier(name) : NULL;
        g_autoptr(GTimeZone) local = g_time_zone_new_local();

        return text ? time_text_parse(text, zone ?: local) : 0;
}

static void add_problem(JsonObject *problems, const char *name, const char *text) {
        JsonArray *texts = json_array_new();

        json_array_add_string_element(texts, text);
        json_object_set_array_member(problems, name, texts);
}

JsonObject *schedule_options_check(JsonObject *schedule) {
        g_autoptr(JsonObject) problems = json_object_new();

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (is_given(schedule, names[i]) && !get_text(schedule, names[i]))
                        add_problem(problems, names[i], "Not a valid string.");
        if (is_given(schedule, "start_time") && read_time(schedule) == 0 && !schedule_options_are_immediate(schedule))
                add_problem(problems, "start_time",
                            "Datetime has wrong format. Use one of these formats instead: " TIME_TEXT_FORMAT ".");
        return json_object_get_size(problems) > 0 ? TAKE_PTR(problems) : NULL;
}

bool schedule_options_are_immediate(JsonObject *schedule) {
        return g_strcmp0(get_text(schedule, "interval"), "immediately") == 0;
}

int schedule_options_append(sd_bus_message *m, JsonObject *schedule) {
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(names) && r >= 0; i++)
                if (get_text(schedule, names[i]))
                        r = bus_append_option(m, names[i], "s", get_text(schedule, names[i]));
        if (r >= 0 && is_given(schedule, "start_time"))
                r = bus_append_option(m, "start_time", "t", read_time(schedule));
        return r;
}
