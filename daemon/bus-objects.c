/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "access.h"
#include "bus-objects.h"
#include "bus-error.h"
#include "bus-option.h"
#include "log.h"
#include "message-ids.h"
#include "names.h"
#include "now.h"
#include "object-path.h"
#include "user.h"

/* What the objects share: adding them to a connection, answering after the commit, running a job. */

int bus_objects_add(Manager *m, sd_bus *bus) {
        int r;

        r = access_guard(m->access, bus);
        if (r >= 0)
                r = manager_bus_add(m, bus);
        if (r >= 0)
                r = job_bus_add(m, bus);
        if (r >= 0)
                r = job_result_bus_add(m, bus);
        if (r >= 0)
                r = log_control_bus_add(bus);
        return r;
}

int bus_refuse(sd_bus_error *error, int r, Refusal *refusal) {
        r = sd_bus_error_set(error, refusal->name, refusal->message);
        refusal_done(refusal);
        return r;
}

/* ---- answers that wait for the disk ---- */

typedef struct WaitingReply {
        Manager *manager; /* weak ref */
        sd_bus_message *call;
        sd_bus_message *reply;
} WaitingReply;

static int reply_lost(const WaitingReply *w, int error) {
        _cleanup_(refusal_done) Refusal f = {};

        (void) refuse_store(&f, error, store_error_text(w->manager->store));
        return sd_bus_reply_method_errorf(w->call, f.name, "%s", f.message);
}

static void on_committed(int error, void *userdata) {
        WaitingReply *w = userdata;
        int r;

        if (error < 0)
                r = reply_lost(w, error);
        else
                r = sd_bus_send(sd_bus_message_get_bus(w->call), w->reply, NULL);
        if (r < 0)
                (void) log_debug_errno(r, "Cannot answer a call, its sender has gone: %m");
        (void) sd_bus_message_unref(w->call);
        (void) sd_bus_message_unref(w->reply);
        g_free(w);
}

int bus_reply_after_commit(Manager *m, sd_bus_message *call, sd_bus_message *reply) {
        WaitingReply *w;
        int r;

        w = g_new0(WaitingReply, 1);
        w->manager = m;
        w->reply = reply;
        if (!w->reply) {
                r = sd_bus_message_new_method_return(call, &w->reply);
                if (r < 0) {
                        g_free(w);
                        return r;
                }
        }
        w->call = sd_bus_message_ref(call);
        store_after_commit(m->store, on_committed, w);
        return 1;
}

/* ---- RunJob and Run ---- */

typedef struct RunOptions {
        const char *task_queue;
        const char *username;
} RunOptions;

static int read_run_request(sd_bus_message *m, RunRequest *request, RunOptions *o, sd_bus_error *error) {
        static const BusOption table[] = {
                { "task_queue", 's', offsetof(RunOptions, task_queue) },
                { "username", 's', offsetof(RunOptions, username) },
        };
        int r;

        r = sd_bus_message_read(m, "s", &request->data);
        if (r < 0)
                return r;
        request->data_size = strlen(request->data);
        r = bus_options_read(m, table, ELEMENTSOF(table), o, error);
        if (r < 0)
                return r;
        request->task_queue = o->task_queue;
        return 0;
}

/* The gate has asked whether the caller may, and whether the user may. */
static int run_as_user(RunRequest *request, const char *username, char **ret_name, sd_bus_error *error) {
        int r;

        r = user_find(username, &request->requester_uid, ret_name);
        if (r < 0)
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_USER, "there is no user '%s'", username);
        if (strcmp(request->requester, *ret_name) != 0)
                request->requested_by = request->requester;
        request->requester = *ret_name;
        return 0;
}

static int reply_run(Manager *m, sd_bus_message *call, const char *id) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        char path[OBJECT_PATH_SIZE];
        int r;

        object_path_format(JOBD_RESULT_PATH, id, path);
        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = sd_bus_message_append(reply, "so", id, path);
        if (r < 0)
                return r;
        return bus_reply_after_commit(m, call, TAKE_PTR(reply));
}

int bus_run_job(Manager *m, sd_bus_message *message, const Job *job, sd_bus_error *error) {
        g_autofree char *caller = access_caller_name(m->access, message), *user = NULL;
        RunRequest request = { .requester = caller, .requester_uid = access_caller_uid(m->access, message) };
        RunContext context = { m->settings, m->loader, m->roots, now_usec() };
        _cleanup_(prepared_run_done) PreparedRun run = {};
        char id[UUID_STRING_SIZE];
        RunOptions options = {};
        Refusal f = {};
        int r;

        r = read_run_request(message, &request, &options, error);
        if (r >= 0 && options.username)
                r = run_as_user(&request, options.username, &user, error);
        if (r < 0)
                return r;
        r = run_request_prepare(&context, job, &request, &run, &f);
        if (r >= 0) {
                (void) g_strlcpy(id, run.result->id, sizeof(id));
                r = dispatcher_submit(m->dispatcher, &run, &f);
        }
        if (r < 0)
                return bus_refuse(error, r, &f);
        return reply_run(m, message, id);
}
