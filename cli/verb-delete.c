/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "bus-report.h"
#include "find.h"
#include "jobctl.h"
#include "names.h"
#include "output.h"

typedef struct Target {
        char *path;
        JsonObject *job;
} Target;

static void target_clear(void *p) {
        Target *t = p;

        g_free(t->path);
        if (t->job)
                json_object_unref(t->job);
}

/* All are looked up before anything is deleted or asked, so that a wrong name changes nothing. */
static int find_targets(Connection *c, char **names, GArray *targets) {
        for (; *names; names++) {
                Target t = {};
                int r;

                r = find_job(c, *names, &t.path, &t.job);
                if (r < 0)
                        return r;
                g_array_append_val(targets, t);
        }
        return 0;
}

static const char *target_name(const Target *t) {
        return json_string(t->job, "class_path") ?: "?";
}

/* Asks on the terminal; anything but "y" or "yes" is no. */
static bool confirm(const GArray *targets) {
        char answer[16] = "";

        for (unsigned i = 0; i < targets->len; i++) {
                const Target *t = &g_array_index(targets, Target, i);
                g_autofree char *name = escape_text(target_name(t), -1, terminal_escape_flags(STDERR_FILENO));

                fprintf(stderr, "  %s%s\n", name,
                        json_boolean(t->job, "installed") ? " (its class is still on the disk: the next refresh "
                                                            "makes a new record, disabled)"
                                                          : "");
        }
        fprintf(stderr, "Delete %s of %u job%s? Job results stay, without a job. [y/N] ",
                targets->len == 1 ? "the record" : "the records", targets->len, targets->len == 1 ? "" : "s");
        if (!fgets(answer, sizeof(answer), stdin))
                fputc('\n', stderr);
        g_strchomp(answer);
        return g_ascii_strcasecmp(answer, "y") == 0 || g_ascii_strcasecmp(answer, "yes") == 0;
}

static int delete_targets(Jobctl *j, Connection *c, const GArray *targets, bool quiet) {
        g_autoptr(JsonArray) deleted = json_array_new();
        int status = EXIT_SUCCESS;

        for (unsigned i = 0; i < targets->len; i++) {
                const Target *t = &g_array_index(targets, Target, i);
                g_autofree char *name = output_escape(target_name(t));

                if (connection_method(c, t->path, JOBD_JOB_INTERFACE, "Delete", target_name(t), NULL, NULL) < 0) {
                        status = STATUS_ERROR;
                        continue;
                }
                json_array_add_object_element(deleted, json_object_ref(t->job));
                if (!quiet && !j->json)
                        printf("%s: deleted.\n", name);
        }
        if (j->json)
                print_json_array(TAKE_PTR(deleted));
        return status;
}

int verb_delete(Jobctl *j, const Verb *verb, int argc, char **argv) {
        g_autoptr(GArray) targets = g_array_new(false, false, sizeof(Target));
        _cleanup_(connection_freep) Connection *c = NULL;
        gboolean quiet = false, yes = false;
        const GOptionEntry entries[] = {
                { "yes", 'y', 0, G_OPTION_ARG_NONE, &yes, "Do not ask", NULL },
                { "quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "Print nothing but errors", NULL },
                {}
        };
        char **names;
        int r;

        g_array_set_clear_func(targets, target_clear);
        r = verb_parse(j, verb, entries, argc, argv, 1, UINT_MAX, &names);
        if (r >= 0)
                return r;
        if (connection_open(&j->connection, &c) < 0 || find_targets(c, names, targets) < 0)
                return STATUS_ERROR;
        if (!yes && isatty(STDIN_FILENO) && isatty(STDERR_FILENO) && !confirm(targets)) {
                (void) report_error(-ECANCELED, "nothing was deleted.");
                return STATUS_ERROR;
        }
        return delete_targets(j, c, targets, quiet);
}
