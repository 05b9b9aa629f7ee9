/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "announcer.h"
#include "log.h"
#include "names.h"
#include "object-path.h"

typedef struct Change {
        const char *interface;
        const char *const *names;
} Change;

struct Announcer {
        GPtrArray *buses;    /* of sd_bus, weak refs */
        GHashTable *changes; /* path -> Change, owned */
        sd_event_source *source;
};

static int emit_signal(sd_bus *bus, const char *member, const char *path) {
        if (path)
                return sd_bus_emit_signal(bus, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, member, "o", path);
        return sd_bus_emit_signal(bus, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, member, NULL);
}

void announcer_signal(Announcer *a, const char *member, const char *parent, const char *id) {
        char path[OBJECT_PATH_SIZE];
        int r;

        if (parent)
                object_path_format(parent, id, path);
        for (guint i = 0; i < a->buses->len; i++) {
                r = emit_signal(a->buses->pdata[i], member, parent ? path : NULL);
                if (r < 0)
                        (void) log_debug_errno(r, "Cannot send signal %s, ignoring: %m", member);
        }
}

/* Written by hand: sd_bus_emit_properties_changed_strv() would look the object up, and it may be gone. */
static int emit_changed(sd_bus *bus, const char *path, const Change *c) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_signal(bus, &m, path, "org.freedesktop.DBus.Properties", "PropertiesChanged");
        if (r >= 0)
                r = sd_bus_message_append(m, "sa{sv}", c->interface, 0);
        if (r >= 0)
                r = sd_bus_message_append_strv(m, (char **) (void *) c->names);
        return r < 0 ? r : sd_bus_send(bus, m, NULL);
}

static int on_turn_end(sd_event_source *source, void *userdata) {
        Announcer *a = userdata;
        GHashTableIter i;
        const char *path;
        const Change *c;
        int r;

        g_hash_table_iter_init(&i, a->changes);
        while (g_hash_table_iter_next(&i, (void **) &path, (void **) &c))
                for (guint k = 0; k < a->buses->len; k++) {
                        r = emit_changed(a->buses->pdata[k], path, c);
                        if (r < 0)
                                (void) log_debug_errno(r, "Cannot signal a change of %s, ignoring: %m", path);
                }
        g_hash_table_remove_all(a->changes);
        return 0;
}

void announcer_changed(Announcer *a, const char *parent, const char *id, const char *interface,
                       const char *const *names) {
        char path[OBJECT_PATH_SIZE];
        Change *c;

        object_path_format(parent, id, path);
        c = g_new(Change, 1);
        *c = (Change){ interface, names };
        (void) g_hash_table_replace(a->changes, g_strdup(path), c);
        (void) sd_event_source_set_enabled(a->source, SD_EVENT_ONESHOT);
}

bool announcer_has_changes(const Announcer *a) {
        return g_hash_table_size(a->changes) > 0;
}

void announcer_add_bus(Announcer *a, sd_bus *bus) {
        g_ptr_array_add(a->buses, bus);
}

void announcer_remove_bus(Announcer *a, sd_bus *bus) {
        (void) g_ptr_array_remove_fast(a->buses, bus);
}

Announcer *announcer_new(sd_event *event) {
        Announcer *a;

        a = g_new0(Announcer, 1);
        a->buses = g_ptr_array_new();
        a->changes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        if (sd_event_add_defer(event, &a->source, on_turn_end, a) < 0 ||
            sd_event_source_set_priority(a->source, SD_EVENT_PRIORITY_NORMAL + 5) < 0 ||
            sd_event_source_set_enabled(a->source, SD_EVENT_OFF) < 0)
                return announcer_free(a);
        return a;
}

Announcer *announcer_free(Announcer *a) {
        if (!a)
                return NULL;
        g_ptr_array_unref(a->buses);
        g_hash_table_unref(a->changes);
        (void) sd_event_source_disable_unref(a->source);
        g_free(a);
        return NULL;
}
