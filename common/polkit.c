/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <unistd.h>

#include "polkit.h"

#define POLKIT_NAME "org.freedesktop.PolicyKit1"

enum { ALLOW_USER_INTERACTION = 1 }; /* CheckAuthorizationFlags of polkit's manual */

typedef struct Check {
        PolkitCallback callback;
        void *userdata;
} Check;

/* What the bus (or sd-bus) answers in polkit's place, when it is there but was not heard. */
static bool is_transport_error(const sd_bus_error *error) {
        static const char *const names[] = {
                SD_BUS_ERROR_LIMITS_EXCEEDED, /* of calls that wait for a reply */
                SD_BUS_ERROR_NO_REPLY,        /* time has passed, or polkit has gone in the middle */
                SD_BUS_ERROR_TIMEOUT,
                SD_BUS_ERROR_DISCONNECTED,
                SD_BUS_ERROR_NO_MEMORY,
                SD_BUS_ERROR_IO_ERROR,
                "org.freedesktop.DBus.Error.TimedOut",
                "org.freedesktop.systemd1.ShuttingDown",
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (sd_bus_error_has_name(error, names[i]))
                        return true;
        return false;
}

static PolkitVerdict read_verdict(sd_bus_message *m) {
        int authorized, challenge;

        if (sd_bus_message_is_method_error(m, NULL))
                /* The latter also for "no such action", when the policy file is not installed. */
                return is_transport_error(sd_bus_message_get_error(m)) ? POLKIT_FAILED : POLKIT_UNREACHABLE;
        if (sd_bus_message_enter_container(m, 'r', "bba{ss}") < 0 ||
            sd_bus_message_read(m, "bb", &authorized, &challenge) < 0)
                return POLKIT_DENIED;
        if (authorized)
                return POLKIT_AUTHORIZED;
        return challenge ? POLKIT_CHALLENGE : POLKIT_DENIED;
}

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Check *c = userdata;

        c->callback(read_verdict(m), c->userdata);
        return 1;
}

static int append_details(sd_bus_message *m, const char *const *details) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{ss}");
        for (size_t i = 0; r >= 0 && details && details[i]; i += 2)
                r = sd_bus_message_append(m, "{ss}", details[i], details[i + 1]);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int new_call(sd_bus *bus, const char *member, sd_bus_message **ret) {
        return sd_bus_message_new_method_call(bus, ret, POLKIT_NAME, "/org/freedesktop/PolicyKit1/Authority",
                                              POLKIT_NAME ".Authority", member);
}

int polkit_check_new(sd_bus *bus, const char *sender, const char *action, const char *const *details,
                     const char *cancellation_id, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = new_call(bus, "CheckAuthorization", &m);
        if (r >= 0)
                r = sd_bus_message_append(m, "(sa{sv})s", "system-bus-name", 1, "name", "s", sender, action);
        if (r >= 0)
                r = append_details(m, details);
        if (r >= 0)
                r = sd_bus_message_append(m, "us", cancellation_id ? ALLOW_USER_INTERACTION : 0, cancellation_id ?: "");
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

/* Field 22 of /proc/PID/stat, see proc(5); the second one is in parentheses and may hold anything. */
static int read_start_time(uint64_t *ret) {
        g_autofree char *text = NULL;
        g_auto(GStrv) fields = NULL;
        const char *after;

        if (!g_file_get_contents("/proc/self/stat", &text, NULL, NULL))
                return -EIO;
        after = strrchr(text, ')');
        fields = after ? g_strsplit(after, " ", 23) : NULL;
        if (!fields || g_strv_length(fields) < 21)
                return -EBADMSG;
        *ret = g_ascii_strtoull(fields[20], NULL, 10);
        return 0;
}

int polkit_check_user_new(sd_bus *bus, uint32_t uid, const char *action, const char *const *details,
                          sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        uint64_t start_time;
        int r;

        r = read_start_time(&start_time);
        if (r >= 0)
                r = new_call(bus, "CheckAuthorization", &m);
        if (r >= 0)
                r = sd_bus_message_append(m, "(sa{sv})s", "unix-process", 3, "pid", "u", (uint32_t) getpid(),
                                          "start-time", "t", start_time, "uid", "i", (int32_t) uid, action);
        if (r >= 0)
                r = append_details(m, details);
        if (r >= 0)
                r = sd_bus_message_append(m, "us", 0, "");
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

int polkit_check_again(sd_bus *bus, sd_bus_message *sent, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_rewind(sent, true);
        if (r >= 0)
                r = new_call(bus, "CheckAuthorization", &m);
        if (r >= 0)
                r = sd_bus_message_copy(m, sent, true);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

int polkit_check_send(sd_bus *bus, sd_bus_message *m, bool interactive, PolkitCallback callback, void *userdata,
                      sd_bus_slot **ret_slot) {
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        Check *c;
        int r;

        c = g_new(Check, 1);
        *c = (Check){ callback, userdata };
        r = sd_bus_call_async(bus, &slot, m, on_reply, c, interactive ? USEC_INFINITY : 0 /* the default */);
        if (r < 0) {
                g_free(c);
                return r;
        }
        (void) sd_bus_slot_set_destroy_callback(slot, g_free);
        *ret_slot = TAKE_PTR(slot);
        return 0;
}

int polkit_check_cancel(sd_bus *bus, const char *cancellation_id) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = new_call(bus, "CancelCheckAuthorization", &m);
        if (r >= 0)
                r = sd_bus_message_append(m, "s", cancellation_id);
        if (r >= 0)
                r = sd_bus_message_set_expect_reply(m, false);
        return r < 0 ? r : sd_bus_send(bus, m, NULL);
}
