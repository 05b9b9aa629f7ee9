/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus-report.h"
#include "find.h"
#include "follow.h"
#include "log-view.h"
#include "names.h"
#include "output.h"
#include "progress-line.h"
#include "result-text.h"
#include "run-wait.h"
#include "uuid.h"

int run_print_acknowledged(Jobctl *j, Connection *c, const char *id, const char *path) {
        JsonObject *result;

        if (!j->json) {
                puts(id);
                return EXIT_SUCCESS;
        }
        if (get_result(c, path, id, &result) < 0)
                return STATUS_ERROR;
        print_json_object(result);
        return EXIT_SUCCESS;
}

void run_print_line(const char *text, const char *color) {
        g_autofree char *safe = escape_text(text, -1, terminal_escape_flags(STDERR_FILENO));
        bool colored = color && colors_enabled(STDERR_FILENO);

        fprintf(stderr, "%s%s%s\n", colored ? color : "", safe, colored ? COLOR_END : "");
}

static void print_end(JsonObject *result) {
        JsonNode *node = json_object_get_member(result, "warnings");
        JsonArray *warnings = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
        g_autofree char *closing = result_closing_line(result);

        for (unsigned i = 0; warnings && i < json_array_get_length(warnings); i++) {
                g_autofree char *line = g_strdup_printf("Warning: %s", json_array_get_string_element(warnings, i));

                run_print_line(line, COLOR_YELLOW);
        }
        run_print_line(closing, status_color(json_string(result, "status") ?: ""));
}

/* One try. 0, a signal or negative errno, as follow_run(). */
static int follow_try(Jobctl *j, Connection *c, const char *path, bool quiet, JsonObject **ret_result) {
        _cleanup_(log_view_freep) LogView *view = quiet || j->json ? NULL : log_view_new(LOG_FORMAT_SHORT);

        if (view)
                progress_line_enable();
        return follow_run(c, path,
                          &(FollowOptions) {
                                  .view = view,
                                  .lines = -1,
                                  .show_progress = view != NULL,
                                  .show_waiting = view != NULL,
                                  .catch_signals = true,
                          },
                          ret_result);
}

static char *result_path(const char *id) {
        char digits[33];

        uuid_to_digits(id, digits);
        return g_strdup_printf(JOBD_RESULT_PATH "/%s", digits);
}

/* As long as a try that has failed is followed by another one. */
static int follow_tries(Jobctl *j, Connection *c, char **id, char **path, bool quiet, JsonObject **ret_result) {
        int r;

        for (;;) {
                g_autoptr(JsonObject) result = NULL;
                const char *next;

                r = follow_try(j, c, *path, quiet, &result);
                if (r != 0)
                        return r;
                next = json_string(result, "retried_by");
                if (!next) {
                        *ret_result = TAKE_PTR(result);
                        return 0;
                }
                if (!quiet && !j->json)
                        print_end(result);
                g_free(*id);
                *id = g_strdup(next);
                g_free(*path);
                *path = result_path(next);

                /* It was closed with the event loop that has ended. */
                r = connection_reopen(c);
                if (r < 0)
                        return report_error(r, "the connection was lost (%s); the next try takes place all the same.",
                                            g_strerror(-r));
        }
}

int run_wait(Jobctl *j, Connection *c, const char *first_id, const char *first_path, bool quiet) {
        g_autofree char *id = g_strdup(first_id), *path = g_strdup(first_path);
        g_autoptr(JsonObject) result = NULL;
        int r, status;

        r = follow_tries(j, c, &id, &path, quiet, &result);
        if (r > 0) {
                fprintf(stderr,
                        "\nThe run goes on. \"jobctl logs -f %s\" follows it again,\n\"jobctl cancel %s\" ends it.\n",
                        id, id);
                return 128 + r;
        }
        if (r < 0)
                return STATUS_ERROR;

        status = result_exit_status(result);
        if (j->json)
                print_json_object(TAKE_PTR(result));
        else if (!quiet)
                print_end(result);
        return status;
}
