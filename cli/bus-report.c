/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdarg.h>
#include <string.h>

#include "bus-error.h"
#include "bus-report.h"
#include "escape.h"
#include "json.h"
#include "names.h"
#include "output.h"
#include "progress-line.h"

static void print_error(const char *text) {
        g_autofree char *safe = escape_text(text, -1, terminal_escape_flags(STDERR_FILENO) | ESCAPE_KEEP_NEWLINE);

        progress_line_clear();
        /* What was printed before should be seen before. */
        (void) fflush(stdout);
        fprintf(stderr, "%s: %s\n", program_invocation_short_name, safe);
}

int report_error(int error, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list arguments;

        va_start(arguments, format);
        text = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        print_error(text);
        return error;
}

int report_errno(int error, const char *format, ...) {
        g_autofree char *text = NULL, *line = NULL;
        va_list arguments;

        va_start(arguments, format);
        text = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        line = g_strdup_printf("%s: %s", text, g_strerror(-error));
        print_error(line);
        return error;
}

static void append_message(GString *out, const char *variable, size_t width, JsonNode *message) {
        int padding = (int) (width - (size_t) g_utf8_strlen(variable, -1));
        g_autofree char *text = NULL;

        text = JSON_NODE_HOLDS_VALUE(message) && json_node_get_value_type(message) == G_TYPE_STRING
                       ? json_node_dup_string(message)
                       : json_format(message);
        g_string_append_printf(out, "\n  %s%*s  %s", variable, padding, "", text);
}

/* {"schedule": {...}} has the messages one level deeper, as the reference does it. */
static bool take_schedule(JsonObject **messages) {
        JsonNode *node = json_object_get_member(*messages, "schedule");
        JsonObject *schedule = node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_dup_object(node) : NULL;

        if (!schedule)
                return false;
        json_object_unref(*messages);
        *messages = schedule;
        return true;
}

char *invalid_data_format(const char *json) {
        g_autoptr(JsonObject) messages = NULL;
        g_autoptr(GList) variables = NULL;
        bool of_schedule;
        size_t width = 0;
        GString *out;

        if (json_parse_object(json, strlen(json), SIZE_MAX, &messages, NULL) < 0)
                return NULL;
        of_schedule = take_schedule(&messages);

        variables = json_object_get_members(messages);
        for (GList *i = variables; i; i = i->next)
                width = MAX(width, (size_t) g_utf8_strlen(i->data, -1));

        out = g_string_new(of_schedule ? "the schedule is not valid:" : "the input is not valid:");
        for (GList *i = variables; i; i = i->next) {
                JsonNode *value = json_object_get_member(messages, i->data);
                JsonArray *array = JSON_NODE_HOLDS_ARRAY(value) ? json_node_get_array(value) : NULL;

                if (!array)
                        append_message(out, i->data, width, value);
                for (unsigned k = 0; array && k < json_array_get_length(array); k++)
                        append_message(out, k == 0 ? i->data : "", width, json_array_get_element(array, k));
        }
        return g_string_free(out, false);
}

/* What to do where the bus says that there is no jobd. */
static const struct {
        const char *name, *text;
} unreachable[] = {
        { SD_BUS_ERROR_SERVICE_UNKNOWN, "jobd is not installed on this host: the bus does not know org.jobd1." },
        { SD_BUS_ERROR_NAME_HAS_NO_OWNER, "jobd is not running. See \"systemctl status jobd.service\"." },
        { SD_BUS_ERROR_NO_REPLY, "jobd did not answer. See \"systemctl status jobd.service\"." },
        { SD_BUS_ERROR_TIMEOUT, "jobd did not answer. See \"systemctl status jobd.service\"." },
        { SD_BUS_ERROR_DISCONNECTED, "the connection was lost. See \"systemctl status jobd.service\"." },
};

static bool is_activation_failure(const char *name) {
        return g_str_has_prefix(name, "org.freedesktop.DBus.Error.Spawn.") ||
               g_str_has_prefix(name, "org.freedesktop.systemd1.");
}

/* NULL when it is jobd that answered. */
static char *unreachable_text(const char *name, const char *message) {
        if (is_activation_failure(name))
                return g_strdup_printf("jobd could not be started: %s. See \"systemctl status jobd.service\".",
                                       message);
        for (size_t i = 0; i < ELEMENTSOF(unreachable); i++)
                if (strcmp(unreachable[i].name, name) == 0)
                        return g_strdup(unreachable[i].text);
        return NULL;
}

/* jobd can only name an object as it was named to it: by its path. */
static char *replace_path(const char *message, const char *path, const char *subject) {
        g_auto(GStrv) parts = NULL;

        if (!path || !subject || strlen(path) < strlen(JOBD_MANAGER_PATH "/"))
                return g_strdup(message);
        parts = g_strsplit(message, path, -1);
        return g_strjoinv(subject, parts);
}

int report_bus_error(const char *subject, const char *path, const sd_bus_error *e, int error) {
        g_autofree char *message = NULL, *unreachable_line = NULL, *messages = NULL, *line = NULL;

        message = replace_path(e->message && e->message[0] ? e->message : g_strerror(-error), path, subject);
        unreachable_line = unreachable_text(e->name ?: "", message);
        if (sd_bus_error_has_name(e, BUS_ERROR_INVALID_DATA) || sd_bus_error_has_name(e, BUS_ERROR_INVALID_SCHEDULE))
                messages = invalid_data_format(message);
        /* Most of jobd's texts say what they are about. */
        if (subject && strstr(message, subject))
                subject = NULL;
        line = g_strconcat(subject ?: "", subject ? ": " : "", messages ?: message, NULL);
        print_error(unreachable_line ?: line);
        return error;
}

int report_cannot_connect(const char *socket, int error) {
        if (socket && error == -EACCES)
                return report_error(error, "%s: jobd's socket is for root. Leave out --socket to use the system bus.",
                                    socket);
        if (socket)
                return report_error(error, "cannot reach jobd on %s: %s. Is jobd.socket started?", socket,
                                    g_strerror(-error));
        return report_error(error, "cannot reach the system bus: %s. Is dbus.socket started?%s", g_strerror(-error),
                            geteuid() == 0 ? "" : " Without the bus only root reaches jobd.");
}
