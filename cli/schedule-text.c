/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>

#include "output.h"
#include "schedule-text.h"
#include "time-zone.h"

char *format_until(uint64_t usec, uint64_t now) {
        const uint64_t minute = 60, hour = 60 * minute, day = 24 * hour;
        uint64_t seconds = usec > now ? (usec - now + USEC_PER_SEC / 2) / USEC_PER_SEC : 0;

        if (usec == 0)
                return NULL;
        if (seconds == 0)
                return g_strdup("now");
        if (seconds < 2 * minute)
                return g_strdup_printf("in %" PRIu64 "s", seconds);
        if (seconds < 2 * hour)
                return g_strdup_printf("in %" PRIu64 "min", seconds / minute);
        if (seconds < 2 * day)
                return g_strdup_printf("in %" PRIu64 "h", seconds / hour);
        return g_strdup_printf("in %" PRIu64 "d", seconds / day);
}

static bool interval_is(JsonObject *schedule, const char *interval) {
        return g_strcmp0(json_string(schedule, "interval"), interval) == 0;
}

/* On the clock of the schedule's own zone, for that is what is kept. */
static char *start_text(JsonObject *schedule, const char *format) {
        g_autoptr(GTimeZone) zone = NULL;
        g_autoptr(GDateTime) utc = NULL, start = NULL;

        if (time_zone_load(json_string(schedule, "time_zone") ?: "", &zone) < 0)
                return NULL;
        utc = g_date_time_new_from_unix_utc((int64_t) (json_time(schedule, "start_time") / USEC_PER_SEC));
        start = utc ? g_date_time_to_timezone(utc, zone) : NULL;
        return start ? g_date_time_format(start, format) : NULL;
}

char *schedule_interval_text(JsonObject *schedule) {
        char *text = NULL;

        if (interval_is(schedule, "custom"))
                return g_strdup_printf("crontab %s", json_string(schedule, "crontab") ?: "?");
        if (interval_is(schedule, "hourly"))
                text = start_text(schedule, "hourly at minute %M");
        else if (interval_is(schedule, "daily"))
                text = start_text(schedule, "daily at %H:%M");
        else if (interval_is(schedule, "weekly"))
                text = start_text(schedule, "weekly on %A at %H:%M");
        else
                text = g_strdup("once");
        return text ?: g_strdup(json_string(schedule, "interval") ?: "?");
}

char *schedule_interval_zone_text(JsonObject *schedule) {
        char *interval = schedule_interval_text(schedule), *text;
        const char *zone = json_string(schedule, "time_zone");
        g_autofree char *here = time_zone_system();

        if (!zone || strcmp(zone, here) == 0 || json_boolean(schedule, "one_off"))
                return interval;
        text = g_strdup_printf("%s %s", interval, zone);
        g_free(interval);
        return text;
}

const char *schedule_state_color(const char *state) {
        if (strcmp(state, "active") == 0)
                return COLOR_GREEN;
        if (strcmp(state, "errored") == 0)
                return COLOR_BOLD_RED;
        if (strcmp(state, "pending") == 0)
                return COLOR_YELLOW;
        return strcmp(state, "paused") == 0 ? COLOR_BOLD : COLOR_GREY;
}

static bool state_is(JsonObject *schedule, const char *state) {
        return g_strcmp0(json_string(schedule, "state"), state) == 0;
}

char *schedule_awaits_text(JsonObject *schedule) {
        JsonNode *node = json_object_get_member(schedule, "stages");
        JsonArray *stages = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

        if (!state_is(schedule, "pending"))
                return NULL;
        for (unsigned i = 0; stages && i < json_array_get_length(stages); i++) {
                JsonObject *stage = json_array_get_object_element(stages, i);
                int64_t missing = json_object_get_int_member(stage, "min_approvers") -
                                  json_object_get_int_member(stage, "approved");
                const char *group = json_string(stage, "group");

                if (missing > 0)
                        return g_strdup_printf("%" PRIi64 " approval%s%s%s", missing, missing == 1 ? "" : "s",
                                               group ? " of group " : "", group ?: "");
        }
        return g_strdup("1 approval"); /* the job asks for no stages */
}

char *schedule_state_text(JsonObject *schedule) {
        const char *state = json_string(schedule, "state") ?: "?", *reason = json_string(schedule, "state_reason");
        g_autofree char *awaits = schedule_awaits_text(schedule);

        if (awaits)
                return g_strdup_printf("%s: waits for %s%s%s", state, awaits, reason ? "; " : "", reason ?: "");
        if (reason && g_str_has_prefix(reason, state)) /* "denied by bob" */
                return g_strdup(reason);
        return g_strdup_printf("%s%s%s", state, reason ? ": " : "", reason ?: "");
}

static char *run_text(JsonObject *schedule, uint64_t now) {
        uint64_t next = json_time(schedule, "next_run_at");
        g_autofree char *time = format_time(next), *until = format_until(next, now);
        g_autofree char *interval = schedule_interval_text(schedule);
        const char *zone = json_string(schedule, "time_zone") ?: "?";

        if (json_boolean(schedule, "one_off"))
                return g_strdup_printf("runs %s (%s)", time, until ?: "?");
        return g_strdup_printf("runs %s (%s), then %s %s", time, until ?: "?", interval, zone);
}

char *schedule_next_text(JsonObject *schedule, uint64_t now) {
        g_autofree char *awaits = schedule_awaits_text(schedule), *state = schedule_state_text(schedule);

        if (state_is(schedule, "pending"))
                return g_strdup_printf("waits for %s", awaits);
        if (state_is(schedule, "active") && json_time(schedule, "next_run_at") > 0)
                return run_text(schedule, now);
        /* As soon as a request to run at once is approved. */
        if (state_is(schedule, "completed") && json_string(schedule, "last_result"))
                return g_strdup_printf("%s, its run is job result %s", state, json_string(schedule, "last_result"));
        return g_strdup(state);
}

char *schedule_done_text(JsonObject *schedule, const char *done, uint64_t now) {
        g_autofree char *next = schedule_next_text(schedule, now);

        return g_str_has_prefix(next, done) ? g_strdup(done) : g_strdup_printf("%s; %s", done, next);
}
