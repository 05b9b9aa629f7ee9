/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>

#include "log-counts.h"
#include "log-view.h"

static const char *const levels[] = { "debug", "info", "success", "warning", "failure", "error", "critical" };

static JsonObject *counts_of(JsonObject *groupings, const char *grouping) {
        JsonObject *counts;

        if (json_object_has_member(groupings, grouping))
                return json_object_get_object_member(groupings, grouping);
        counts = json_object_new();
        for (size_t i = 0; i < ELEMENTSOF(levels); i++)
                json_object_set_int_member(counts, levels[i], 0);
        json_object_set_object_member(groupings, grouping, counts);
        return counts;
}

static void count_line(const LogLine *line, void *userdata) {
        JsonObject *counts;

        if (!line->level)
                return;
        counts = counts_of(userdata, line->grouping ?: "");
        if (json_object_has_member(counts, line->level))
                json_object_set_int_member(counts, line->level, json_object_get_int_member(counts, line->level) + 1);
}

/* Nobody is asked for a password here. Negative: no log, which is not said: there is the rest to see. */
static int open_log(LogView *view, Connection *c, const char *path, int *ret_fd) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        int r;

        r = log_view_open_message(view, c, path, false, -1, &call);
        if (r >= 0)
                r = sd_bus_message_set_allow_interactive_authorization(call, false);
        if (r >= 0)
                r = sd_bus_call(connection_bus(c), call, 0, NULL, &reply);
        return r < 0 ? r : log_view_open_reply(reply, ret_fd, NULL);
}

int log_counts_read(Connection *c, const char *path, JsonObject **ret) {
        g_autoptr(JsonObject) groupings = json_object_new();
        _cleanup_(log_view_freep) LogView *view = log_view_new(LOG_FORMAT_JSON);
        _cleanup_close_ int fd = -EBADF;
        int r;

        *ret = NULL;
        if (open_log(view, c, path, &fd) < 0)
                return 0;
        log_view_set_reader(view, count_line, groupings);
        r = log_view_read_all(view, fd);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(groupings);
        return 0;
}

char *log_counts_format(JsonObject *counts) {
        GString *text = g_string_new(NULL);

        for (size_t i = 0; i < ELEMENTSOF(levels); i++)
                g_string_append_printf(text, "%s%" PRIi64 " %s", i > 0 ? ", " : "",
                                       json_object_get_int_member(counts, levels[i]), levels[i]);
        return g_string_free(text, false);
}
