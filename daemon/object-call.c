/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "access.h"
#include "object-call.h"

typedef struct ObjectCall {
        Manager *manager;     /* weak ref */
        sd_bus_message *call; /* weak ref: the access layer holds it */
        ObjectRequest *request;
        ObjectSet *set;
} ObjectCall;

static void object_call_free_func(void *p) {
        ObjectCall *c = p;

        (void) object_request_free(c->request);
        (void) object_set_unref(c->set);
        g_free(c);
}

static void on_objects_read(ObjectSet *set, void *userdata) {
        ObjectCall *c = userdata;

        c->set = object_set_ref(set);
        c->request = object_request_free(c->request);
        access_release(c->manager->access, c->call);
}

ObjectSet *object_call_objects(Manager *m, sd_bus_message *call) {
        const ObjectCall *c = access_held(m->access, call);

        return c ? c->set : NULL;
}

int object_call_wait(Manager *m, sd_bus_message *call, GHashTable *wants, sd_bus_error *error) {
        ObjectCall *c = g_new0(ObjectCall, 1);
        int r;

        c->manager = m;
        c->call = call;
        r = object_source_ask(m->object_source, wants, on_objects_read, c, &c->request);
        if (r < 0)
                r = sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                     "too many calls wait for objects already: try again later");
        else
                r = access_hold(m->access, call, c, object_call_free_func, error);
        if (r < 0)
                object_call_free_func(c);
        return r;
}
