/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "hash-table.h"
#include "log.h"
#include "message-ids.h"
#include "names.h"
#include "trusted-sender.h"
#include "unit-internal.h"
#include "unit-message.h"

/*
 * What is not of one run's unit: the connection to PID 1 and its signals, slices, units of others, which units there
 * are.
 */

/* A unit of somebody else that PID 1 is being asked to start. */
typedef struct OtherStart {
        UnitManager *manager; /* weak ref */
        char *name;
} OtherStart;

static void other_start_free_func(void *p) {
        OtherStart *o = p;

        g_free(o->name);
        g_free(o);
}

sd_bus_message *unit_manager_call_new(UnitManager *m, const char *path, const char *interface, const char *member,
                                      const char *types, ...) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        va_list ap;
        int r;

        r = sd_bus_message_new_method_call(m->bus, &message, SYSTEMD_NAME, path, interface, member);
        if (r >= 0 && types) {
                va_start(ap, types);
                r = sd_bus_message_appendv(message, types, ap);
                va_end(ap);
        }
        if (r < 0) {
                (void) log_error_errno(r, "Cannot make a call to systemd: %m");
                return NULL;
        }
        return TAKE_PTR(message);
}

/* ---- PID 1's signals ---- */

static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *job, *name, *result;
        UnitManager *manager = userdata;
        Unit *u;
        int r;

        r = sd_bus_message_read(m, "uoss", NULL, &job, &name, &result);
        if (r < 0) {
                (void) log_warning_errno(r, "Cannot read a JobRemoved signal, ignoring: %m");
                return 0;
        }
        u = g_hash_table_lookup(manager->units, name);
        if (u)
                unit_job_removed(u, job, result);
        return 0;
}

void unit_manager_read_all(UnitManager *m) {
        g_autoptr(GPtrArray) units = hash_table_values(m->units);

        for (guint i = 0; i < units->len; i++)
                unit_read_again(units->pdata[i]);
}

bool unit_manager_is_settled(const UnitManager *m) {
        GHashTableIter i;
        void *unit;

        g_hash_table_iter_init(&i, m->units);
        while (g_hash_table_iter_next(&i, NULL, &unit))
                if (unit_is_asked_about(unit))
                        return false;
        return true;
}

/* After "systemctl daemon-reload" signals may have been missed. */
static int on_reloading(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        int active;

        if (sd_bus_message_read(m, "b", &active) >= 0 && !active)
                unit_manager_read_all(userdata);
        return 0;
}

static void unit_manager_subscribe(UnitManager *m) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;

        message = unit_manager_call_new(m, SYSTEMD_PATH, SYSTEMD_MANAGER, "Subscribe", NULL);
        if (message)
                unit_calls_send(m->calls, message, NULL, NULL, NULL);
}

/* After "systemctl daemon-reexec" PID 1 is a new client of the bus. */
static int on_name_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        UnitManager *manager = userdata;
        const char *new_owner;

        if (sd_bus_message_read(m, "sss", NULL, NULL, &new_owner) >= 0 && new_owner[0]) {
                unit_manager_subscribe(manager);
                unit_manager_read_all(manager);
                unit_calls_resume(manager->calls);
        }
        return 0;
}

static int unit_manager_watch(UnitManager *m) {
        int r;

        r = sd_bus_match_signal_async(m->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "JobRemoved",
                                      on_job_removed, NULL, m);
        if (r >= 0)
                r = sd_bus_match_signal_async(m->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "Reloading",
                                              on_reloading, NULL, m);
        if (r >= 0)
                r = sd_bus_add_match_async(m->bus, NULL,
                                           "type='signal',sender='org.freedesktop.DBus',"
                                           "member='NameOwnerChanged',arg0='" SYSTEMD_NAME "'",
                                           on_name_owner_changed, NULL, m);
        if (r >= 0) /* what ends a run is what PID 1 says, and nobody else */
                r = trusted_sender_guard(m->bus, SYSTEMD_NAME);
        if (r >= 0)
                unit_manager_subscribe(m);
        return r;
}

/* ---- making it ---- */

int unit_manager_new(sd_event *event, const UnitCallbacks *callbacks, void *userdata, UnitManager **ret) {
        _cleanup_(unit_manager_freep) UnitManager *m = NULL;
        int r;

        m = g_new0(UnitManager, 1);
        m->callbacks = callbacks;
        m->userdata = userdata;
        m->units = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, unit_free_func);
        m->others = g_hash_table_new_full(NULL, NULL, other_start_free_func, NULL);

        r = sd_bus_open_system_with_description(&m->bus, "systemd");
        if (r < 0)
                return r;
        (void) sd_bus_set_exit_on_disconnect(m->bus, true);
        r = sd_bus_attach_event(m->bus, event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = unit_calls_new(event, m->bus, &m->calls);
        if (r < 0)
                return r;
        r = unit_manager_watch(m);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

UnitManager *unit_manager_free(UnitManager *m) {
        if (!m)
                return NULL;
        g_hash_table_unref(m->units);
        (void) unit_calls_free(m->calls);
        g_hash_table_unref(m->others);
        (void) sd_bus_flush_close_unref(m->bus);
        g_free(m);
        return NULL;
}

/* ---- properties ---- */

static void on_properties_set(sd_bus_message *reply, void *userdata) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);

        if (e)
                log_warning("systemd refused properties of a job queue's slice: %s", e->message ?: e->name);
}

int unit_set_properties(UnitManager *m, const char *name, const GPtrArray *properties) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        r = unit_properties_message_new(m->bus, name, properties, &message);
        if (r < 0)
                return r;
        unit_calls_send(m->calls, message, on_properties_set, NULL, NULL);
        return 0;
}

/* ---- units of others ---- */

static void log_not_started(const char *name, const char *why) {
        g_autofree char *field = g_strdup_printf("JOB_UNIT=%s", name);
        const char *fields[] = { field, NULL };

        log_event(LOG_WARNING, JOBD_MESSAGE_NOTIFY_FAILED_STR, fields, "Cannot start %s, ignoring: %s", name, why);
}

static void on_other_started(sd_bus_message *reply, void *userdata) {
        OtherStart *o = userdata;
        const sd_bus_error *e = sd_bus_message_get_error(reply);

        if (e)
                log_not_started(o->name, e->message ?: e->name);
        (void) g_hash_table_remove(o->manager->others, o);
}

void unit_start_other(UnitManager *m, const char *name) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        OtherStart *o;

        message = unit_manager_call_new(m, SYSTEMD_PATH, SYSTEMD_MANAGER, "StartUnit", "ss", name, "replace");
        if (!message)
                return;
        o = g_new(OtherStart, 1);
        *o = (OtherStart){ m, g_strdup(name) };
        (void) g_hash_table_add(m->others, o);
        unit_calls_send(m->calls, message, on_other_started, o, NULL);
}

/* ---- what is there ---- */

UnitListing *unit_listing_free(UnitListing *l) {
        if (!l)
                return NULL;
        g_free(l->name);
        g_free(l);
        return NULL;
}

static void unit_listing_free_func(void *l) {
        (void) unit_listing_free(l);
}

int unit_list_runs(UnitManager *m, GPtrArray **ret) {
        g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(unit_listing_free_func);
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *name, *active, *sub;
        int r;

        r = sd_bus_call_method(m->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "ListUnitsByPatterns", NULL,
                               &reply, "asas", 0, 1, JOBD_RUN_UNIT_PREFIX "*.service");
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(reply, "(ssssssouso)", &name, NULL, NULL, &active, &sub, NULL, NULL, NULL,
                                        NULL, NULL)) > 0) {
                UnitListing *l = g_new0(UnitListing, 1);

                l->name = g_strdup(name);
                l->ended = strcmp(sub, "exited") == 0 || strcmp(active, "failed") == 0;
                g_ptr_array_add(list, l);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(list);
        return 0;
}
