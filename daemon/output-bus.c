/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus-reply.h"
#include "output-bus.h"
#include "outputs.h"

int output_bus_list(Manager *m, const char *result_id, sd_bus_message *call, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        g_autoptr(GPtrArray) outputs = NULL;
        int r;

        r = store_output_list(m->store, result_id, &outputs);
        if (r < 0) {
                Refusal f = {};

                return bus_refuse(error, refuse_store(&f, r, store_error_text(m->store)), &f);
        }
        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(stst)");
        for (guint i = 0; r >= 0 && i < outputs->len; i++) {
                const Output *o = outputs->pdata[i];

                r = sd_bus_message_append(reply, "(stst)", o->name, o->size, o->sha256, o->date_created);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

int output_bus_open(Manager *m, const char *result_id, sd_bus_message *call, sd_bus_error *error) {
        _cleanup_close_ int fd = -EBADF;
        const char *name;
        Refusal f = {};
        int r;

        r = sd_bus_message_read(call, "s", &name);
        if (r < 0)
                return r;
        fd = outputs_open(m->outputs, result_id, name, &f);
        if (fd < 0)
                return bus_refuse(error, fd, &f);
        return sd_bus_reply_method_return(call, "h", fd);
}
