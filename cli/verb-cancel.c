/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>

#include "bus-report.h"
#include "find.h"
#include "jobctl.h"
#include "names.h"
#include "output.h"

static int send_cancel(Connection *c, const char *path, const char *id, bool kill) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = connection_message_new(c, path, JOBD_RESULT_INTERFACE, "Cancel", &call);
        if (r < 0)
                return r;
        r = kill ? sd_bus_message_append(call, "a{sv}", 1, "kill", "b", true)
                 : sd_bus_message_append(call, "a{sv}", 0);
        if (r < 0)
                return report_errno(r, "cannot make a message");
        return connection_call(c, call, id, NULL);
}

static int cancel_one(Jobctl *j, Connection *c, const char *id, bool kill, bool quiet, JsonArray *cancelled) {
        g_autofree char *path = NULL;
        JsonObject *result;
        int r;

        r = find_result(c, id, &path, NULL);
        if (r < 0)
                return r;
        r = send_cancel(c, path, id, kill);
        if (r < 0 || (quiet && !j->json))
                return r;
        r = get_result(c, path, id, &result);
        if (r < 0)
                return r;
        if (!j->json) {
                g_autofree char *name = output_escape(json_string(result, "task_name") ?: "?");
                const char *status = json_string(result, "status") ?: "?";

                printf("%s of %s: %s.\n", json_string(result, "id"), name,
                       json_string(result, "date_done") ? status : "being cancelled");
        }
        json_array_add_object_element(cancelled, result);
        return 0;
}

typedef struct CancelFilter {
        char *job, *queue, *user;
        gboolean kill;
} CancelFilter;

static void cancel_filter_done(CancelFilter *f) {
        g_free(f->job);
        g_free(f->queue);
        g_free(f->user);
}

static int append_filter(sd_bus_message *call, const CancelFilter *f) {
        const struct {
                const char *name, *value;
        } texts[] = { { "job", f->job }, { "queue", f->queue }, { "requester", f->user } };
        int r;

        r = sd_bus_message_open_container(call, 'a', "{sv}");
        for (size_t i = 0; i < ELEMENTSOF(texts) && r >= 0; i++)
                if (texts[i].value)
                        r = sd_bus_message_append(call, "{sv}", texts[i].name, "s", texts[i].value);
        if (r >= 0 && f->kill)
                r = sd_bus_message_append(call, "{sv}", "kill", "b", true);
        return r < 0 ? r : sd_bus_message_close_container(call);
}

/* jobd cancels some hundreds at a time, so that it can serve others in between. */
static int cancel_all(Connection *c, const CancelFilter *f, uint64_t *ret_n) {
        int more = true, r;

        *ret_n = 0;
        while (more) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
                uint32_t n;

                r = connection_message_new(c, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, "CancelJobResults", &call);
                if (r < 0)
                        return r;
                r = append_filter(call, f);
                if (r < 0)
                        return report_errno(r, "cannot make a message");
                r = connection_call(c, call, "job results", &reply);
                if (r >= 0)
                        r = sd_bus_message_read(reply, "ub", &n, &more);
                if (r < 0)
                        return r;
                *ret_n += n;
        }
        return 0;
}

static int verb_cancel_all(Jobctl *j, Connection *c, const CancelFilter *f, bool quiet) {
        uint64_t n;

        if (cancel_all(c, f, &n) < 0 || (n == 0 && check_filter_exists(c, f->job, f->queue, f->user) < 0))
                return STATUS_ERROR;
        if (j->json) {
                JsonObject *o = json_object_new();

                json_object_set_int_member(o, "cancelled", (int64_t) n);
                print_json_object(o);
        } else if (!quiet)
                printf("%" PRIu64 " %s cancelled.\n", n, n == 1 ? "run" : "runs");
        return EXIT_SUCCESS;
}

int verb_cancel(Jobctl *j, const Verb *verb, int argc, char **argv) {
        _cleanup_(connection_freep) Connection *c = NULL;
        g_autoptr(JsonArray) cancelled = json_array_new();
        _cleanup_(cancel_filter_done) CancelFilter f = {};
        gboolean quiet = false, all = false;
        const GOptionEntry entries[] = {
                { "all", 'a', 0, G_OPTION_ARG_NONE, &all, "All that wait or run and that you may cancel", NULL },
                { "job", 'j', 0, G_OPTION_ARG_FILENAME, &f.job, "With --all: only those of this job", "JOB" },
                { "queue", 0, 0, G_OPTION_ARG_FILENAME, &f.queue, "With --all: only those in this job queue", "QUEUE" },
                { "user", 'u', 0, G_OPTION_ARG_FILENAME, &f.user, "With --all: only what this user has requested",
                  "USER" },
                { "kill", 'k', 0, G_OPTION_ARG_NONE, &f.kill, "Kill at once, without time to finish", NULL },
                { "quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "Print nothing but errors", NULL },
                {}
        };
        int r, status = EXIT_SUCCESS;
        char **ids;

        r = verb_parse(j, verb, entries, argc, argv, 0, UINT_MAX, &ids);
        if (r >= 0)
                return r;
        if (!all && (f.job || f.queue || f.user))
                return usage_error(verb, "cancel: --job, --queue and --user go with --all.");
        if (all == (*ids != NULL))
                return usage_error(verb, "cancel: give the IDs of job results, or --all.");
        if (connection_open(&j->connection, &c) < 0)
                return STATUS_ERROR;
        if (all)
                return verb_cancel_all(j, c, &f, quiet);
        for (; *ids; ids++)
                if (cancel_one(j, c, *ids, f.kill, quiet, cancelled) < 0)
                        status = STATUS_ERROR;
        if (j->json)
                print_json_array(TAKE_PTR(cancelled));
        return status;
}
