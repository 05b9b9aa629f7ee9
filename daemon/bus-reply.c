/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "access.h"
#include "bus-error.h"
#include "bus-reply.h"
#include "log.h"
#include "names.h"
#include "object-path.h"

int bus_refuse(sd_bus_error *error, int r, Refusal *refusal) {
        r = sd_bus_error_set(error, refusal->name, refusal->message);
        refusal_done(refusal);
        return r;
}

int bus_refuse_caller(Manager *m, sd_bus_message *call, const char *class_path, sd_bus_error *error, int r,
                      Refusal *refusal) {
        static const char *const about_caller[] = { SD_BUS_ERROR_ACCESS_DENIED, BUS_ERROR_OWN_REQUEST,
                                                    BUS_ERROR_NOT_APPROVER, NULL };

        if (g_strv_contains(about_caller, refusal->name))
                access_log_refusal(m->access, call, class_path, refusal->message);
        return bus_refuse(error, r, refusal);
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

int bus_reply_made(Manager *m, sd_bus_message *call, const char *base, const char *id) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        char path[OBJECT_PATH_SIZE];
        int r;

        object_path_format(base, id, path);
        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = sd_bus_message_append(reply, "so", id, path);
        return r < 0 ? r : bus_reply_after_commit(m, call, TAKE_PTR(reply));
}

int bus_reply_run(Manager *m, sd_bus_message *call, const char *id) {
        return bus_reply_made(m, call, JOBD_RESULT_PATH, id);
}
