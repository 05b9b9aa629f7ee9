/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "find.h"
#include "follow.h"
#include "jobctl.h"
#include "log-view.h"

static int show_log(Connection *c, const char *path, LogView *view, int lines, bool follow) {
        g_autoptr(JsonObject) result = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (follow) {
                r = follow_run(c, path, &(FollowOptions) { .view = view, .lines = lines }, &result);
                return r < 0 ? STATUS_ERROR : EXIT_SUCCESS;
        }
        if (log_view_open(view, c, path, false, lines, &fd, NULL) < 0 || log_view_read_all(view, fd) < 0)
                return STATUS_ERROR;
        return EXIT_SUCCESS;
}

int verb_logs(Jobctl *j, const Verb *verb, int argc, char **argv) {
        _cleanup_(connection_freep) Connection *c = NULL;
        g_autofree char *path = NULL, *format_name = NULL, *level = NULL, *grouping = NULL;
        _cleanup_(log_view_freep) LogView *view = NULL;
        gboolean follow = false;
        int lines = -1, r;
        const GOptionEntry entries[] = {
                { "follow", 'f', 0, G_OPTION_ARG_NONE, &follow, "Go on until the run has ended", NULL },
                { "lines", 'n', 0, G_OPTION_ARG_INT, &lines, "Only the last N lines", "N" },
                { "level", 'l', 0, G_OPTION_ARG_FILENAME, &level, "Only this level and more severe ones", "LEVEL" },
                { "grouping", 'g', 0, G_OPTION_ARG_FILENAME, &grouping, "Only this grouping", "GROUPING" },
                { "output", 'o', 0, G_OPTION_ARG_FILENAME, &format_name, "short, cat or json", "FORMAT" },
                {}
        };
        LogFormat format;
        char **arguments;

        r = verb_parse(j, verb, entries, argc, argv, 0, 1, &arguments);
        if (r >= 0)
                return r;
        format = format_name ? log_format_from_string(format_name) : j->json ? LOG_FORMAT_JSON : LOG_FORMAT_SHORT;
        if (format == _LOG_FORMAT_INVALID)
                return usage_error(verb, "logs: there is no format \"%s\"; there are short, cat and json.",
                                   format_name);
        if (lines < -1)
                return usage_error(verb, "logs: --lines=%i is not a number of lines.", lines);

        if (connection_open(&j->connection, &c) < 0 || find_result(c, arguments[0], &path, NULL) < 0)
                return STATUS_ERROR;
        view = log_view_new(format);
        log_view_set_filter(view, level, grouping);
        return show_log(c, path, view, lines, follow);
}
