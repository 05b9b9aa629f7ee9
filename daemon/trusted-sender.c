/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "log.h"
#include "trusted-sender.h"

#define BUS_DRIVER "org.freedesktop.DBus"

typedef struct TrustedSender {
        char *name;
        char *owner; /* unique name; NULL: nobody */
} TrustedSender;

static void trusted_sender_free_func(void *p) {
        TrustedSender *t = p;

        g_free(t->name);
        g_free(t->owner);
        g_free(t);
}

static void follow_owner(TrustedSender *t, sd_bus_message *m) {
        const char *name, *owner;

        if (sd_bus_message_is_signal(m, BUS_DRIVER, "NameOwnerChanged") <= 0)
                return;
        if (sd_bus_message_read(m, "sss", &name, NULL, &owner) >= 0 && strcmp(name, t->name) == 0) {
                g_free(t->owner);
                t->owner = owner[0] ? g_strdup(owner) : NULL;
        }
        (void) sd_bus_message_rewind(m, true);
}

static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *sender = sd_bus_message_get_sender(m);
        TrustedSender *t = userdata;

        if (sd_bus_message_is_signal(m, NULL, NULL) <= 0 ||
            sd_bus_message_is_signal(m, "org.freedesktop.DBus.Local", NULL) > 0)
                return 0;
        if (g_strcmp0(sender, BUS_DRIVER) == 0) {
                follow_owner(t, m);
                return 0;
        }
        if (t->owner && g_strcmp0(sender, t->owner) == 0)
                return 0;
        log_debug("Ignoring a signal %s.%s from %s, which is not %s", sd_bus_message_get_interface(m),
                  sd_bus_message_get_member(m), sender ?: "nobody", t->name);
        return 1;
}

static int ask_owner(sd_bus *bus, const char *name, char **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        const char *owner;
        int r;

        r = sd_bus_call_method(bus, BUS_DRIVER, "/org/freedesktop/DBus", BUS_DRIVER, "GetNameOwner", &error, &reply, "s",
                               name);
        if (r < 0 && sd_bus_error_has_name(&error, SD_BUS_ERROR_NAME_HAS_NO_OWNER)) {
                *ret = NULL;
                return 0;
        }
        if (r >= 0)
                r = sd_bus_message_read(reply, "s", &owner);
        if (r < 0)
                return r;
        *ret = g_strdup(owner);
        return 0;
}

int trusted_sender_guard(sd_bus *bus, const char *name) {
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        g_autofree char *owner = NULL;
        TrustedSender *t;
        int r;

        r = ask_owner(bus, name, &owner);
        if (r < 0)
                return r;

        t = g_new(TrustedSender, 1);
        *t = (TrustedSender){ g_strdup(name), TAKE_PTR(owner) };
        r = sd_bus_add_filter(bus, &slot, on_message, t);
        if (r < 0) {
                trusted_sender_free_func(t);
                return r;
        }
        (void) sd_bus_slot_set_destroy_callback(slot, trusted_sender_free_func);
        return sd_bus_slot_set_floating(slot, true);
}
