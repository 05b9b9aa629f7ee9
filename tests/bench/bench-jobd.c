/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "bench.h"
#include "names.h"

/*
 * What a client of jobd does: RunJob, and Get of the status whenever a signal says that the job result has changed.
 * Signals carry no contents.
 */

#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

static const char *destination(const Bench *b) {
        return b->direct ? NULL : JOBD_BUS_NAME;
}

static int ask_status(Sample *s);

static int on_status(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *status = "";
        Sample *s = userdata;
        int r;

        s->slot = sd_bus_slot_unref(s->slot);
        r = sd_bus_message_is_method_error(m, NULL) ? -sd_bus_message_get_errno(m)
                                                    : sd_bus_message_read(m, "v", "s", &status);
        if (r < 0) {
                fprintf(stderr, "Cannot ask for the status: %s\n", g_strerror(-r));
                bench_ended(s, false);
        } else if (strcmp(status, "PENDING") != 0 && strcmp(status, "STARTED") != 0)
                bench_ended(s, strcmp(status, "SUCCESS") == 0);
        else if (s->ask_again)
                return ask_status(s);
        return 0;
}

static int ask_status(Sample *s) {
        Bench *b = s->bench;

        s->ask_again = false;
        return sd_bus_call_method_async(b->bus, &s->slot, destination(b), s->path, PROPERTIES_INTERFACE, "Get",
                                        on_status, s, "ss", JOBD_RESULT_INTERFACE, "Status");
}

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Bench *b = userdata;
        Sample *s;

        s = g_hash_table_lookup(b->side_data, sd_bus_message_get_path(m));
        if (!s || s->end_nsec > 0)
                return 0;
        s->ask_again = true;
        return s->slot ? 0 : ask_status(s);
}

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *id, *path;
        Sample *s = userdata;
        int r;

        if (!sd_bus_message_is_method_error(m, NULL)) {
                r = sd_bus_message_read(m, "so", &id, &path);
                if (r < 0)
                        return r;
                (void) g_strlcpy(s->id, id, sizeof(s->id));
                s->path = g_strdup(path);
                (void) g_hash_table_insert(s->bench->side_data, s->path, s);
        }
        bench_replied(s, sd_bus_message_get_error(m));
        return 0;
}

static int jobd_start(Bench *b, Sample *s) {
        bench_sent(s);
        return sd_bus_call_method_async(b->bus, NULL, destination(b), JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE,
                                        "RunJob", on_reply, s, "ssa{sv}", b->class_path, b->data, 0);
}

static int open_direct(Bench *b) {
        int r;

        r = sd_bus_new(&b->bus);
        if (r >= 0)
                r = sd_bus_set_address(b->bus, "unix:path=" JOBD_SOCKET_PATH);
        return r < 0 ? r : sd_bus_start(b->bus);
}

static int jobd_open(Bench *b) {
        int r;

        b->side_data = g_hash_table_new(g_str_hash, g_str_equal); /* Sample.path -> Sample */
        r = b->direct ? open_direct(b) : sd_bus_open_system(&b->bus);
        if (r < 0)
                return r;
        return sd_bus_add_match(b->bus, NULL,
                                b->direct ? "type='signal',interface='" PROPERTIES_INTERFACE "',"
                                            "member='PropertiesChanged',arg0='" JOBD_RESULT_INTERFACE "'"
                                          : "type='signal',sender='" JOBD_BUS_NAME "',"
                                            "path_namespace='" JOBD_RESULT_PATH "',"
                                            "interface='" PROPERTIES_INTERFACE "',member='PropertiesChanged',"
                                            "arg0='" JOBD_RESULT_INTERFACE "'",
                                on_changed, b);
}

static void jobd_close(Bench *b) {
        (void) sd_bus_flush_close_unref(b->bus);
        g_hash_table_unref(b->side_data);
}

const Side jobd_side = { jobd_open, jobd_start, jobd_close };
