/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <string.h>

#include "hash-table.h"
#include "log.h"
#include "names.h"
#include "trusted-sender.h"
#include "unit-message.h"
#include "unit.h"

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER SYSTEMD_NAME ".Manager"
#define UNIT_INTERFACE SYSTEMD_NAME ".Unit"
#define SERVICE_INTERFACE SYSTEMD_NAME ".Service"
#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

typedef struct Unit {
        UnitManager *manager; /* weak ref */
        char *name;
        char *path;
        char *start_job; /* object path of the start job; NULL when it is done */
        char *start_job_result; /* what JobRemoved said of it, when that was not "done" */
        sd_bus_message *start_message; /* until it is sent */
        sd_bus_slot *match_slot;
        sd_bus_slot *start_slot;
        sd_bus_slot *read_slots[2];
        sd_bus_slot *cpu_slot;
        unsigned n_replies; /* of the two GetAll calls of unit_read() that are still to come */
        bool starting;      /* from unit_start() to the end of PID 1's start job */
        bool started;       /* the callback was told */
        bool stop_seen; /* it is being, or was, stopped by someone */
        bool reading_end;

        /* the properties as last seen */
        char *active_state;
        char *sub_state;
        char *load_state;
        char *invocation_id;
        char *result;
        int32_t code, status;
        uint64_t started_usec, ended_usec;
        uint64_t cpu_usage_nsec;
} Unit;

struct UnitManager {
        sd_bus *bus;
        const UnitCallbacks *callbacks;
        void *userdata;
        GHashTable *units;    /* name -> Unit, owned */
        GQueue *waiting;      /* of char*: names of units whose start is beyond the window */
        unsigned n_starts;    /* StartTransientUnit calls that wait for their reply */
};

/* dbus-daemon answers with an error when a connection has more than 128 calls waiting; keep well below it. */
enum { STARTS_IN_FLIGHT_MAX = 64 };

static void unit_free_func(void *p) {
        Unit *u = p;

        (void) sd_bus_message_unref(u->start_message);
        (void) sd_bus_slot_unref(u->match_slot);
        (void) sd_bus_slot_unref(u->start_slot);
        for (size_t i = 0; i < ELEMENTSOF(u->read_slots); i++)
                (void) sd_bus_slot_unref(u->read_slots[i]);
        (void) sd_bus_slot_unref(u->cpu_slot);
        g_free(u->name);
        g_free(u->path);
        g_free(u->start_job);
        g_free(u->start_job_result);
        g_free(u->active_state);
        g_free(u->sub_state);
        g_free(u->load_state);
        g_free(u->invocation_id);
        g_free(u->result);
        g_free(u);
}

static int unit_new(UnitManager *m, const char *name, Unit **ret) {
        _cleanup_free_ char *path = NULL;
        Unit *u;
        int r;

        if (g_hash_table_contains(m->units, name))
                return -EEXIST;
        r = sd_bus_path_encode(SYSTEMD_PATH "/unit", name, &path);
        if (r < 0)
                return r;

        u = g_new0(Unit, 1);
        u->manager = m;
        u->name = g_strdup(name);
        u->path = g_strdup(path);
        u->active_state = g_strdup("");
        u->sub_state = g_strdup("");
        u->load_state = g_strdup("");
        u->invocation_id = g_strdup("");
        u->result = g_strdup("success");
        u->cpu_usage_nsec = UINT64_MAX;
        (void) g_hash_table_insert(m->units, u->name, u);
        *ret = u;
        return 0;
}

/* ---- telling ---- */

/* Tells the end and forgets the unit; start_error: it was never started. */
static void unit_tell_end(Unit *u, const char *start_error) {
        UnitManager *m = u->manager;
        g_autofree char *name = g_strdup(u->name);
        UnitEnd end = {
                .result = u->result,
                .code = u->code,
                .status = u->status,
                .was_stopped = u->stop_seen,
                .start_error = start_error,
                .gone = strcmp(u->load_state, "not-found") == 0 && !u->started,
                .started_usec = u->started_usec,
                .ended_usec = u->ended_usec,
                .cpu_usage_nsec = u->cpu_usage_nsec,
        };

        (void) g_hash_table_steal(m->units, name);
        m->callbacks->ended(name, &end, m->userdata);
        unit_free_func(u);
}

static void unit_tell_started(Unit *u) {
        if (u->started)
                return;
        u->started = true;
        u->manager->callbacks->started(u->name, u->invocation_id, u->started_usec, u->manager->userdata);
}

/* ---- properties ---- */

static int read_string(sd_bus_message *m, char **target) {
        const char *s;
        int r;

        r = sd_bus_message_read(m, "v", "s", &s);
        if (r < 0)
                return r;
        g_free(*target);
        *target = g_strdup(s);
        return 0;
}

static int read_invocation_id(sd_bus_message *m, char **target) {
        const void *bytes;
        size_t n;
        int r;

        r = sd_bus_message_enter_container(m, 'v', "ay");
        if (r < 0)
                return r;
        r = sd_bus_message_read_array(m, 'y', &bytes, &n);
        if (r < 0)
                return r;
        if (n == 16) {
                GString *text = g_string_new(NULL);

                for (size_t i = 0; i < n; i++)
                        g_string_append_printf(text, "%02x", ((const uint8_t *) bytes)[i]);
                g_free(*target);
                *target = g_string_free(text, false);
        }
        return sd_bus_message_exit_container(m);
}

static int unit_read_property(Unit *u, const char *name, sd_bus_message *m) {
        if (strcmp(name, "ActiveState") == 0)
                return read_string(m, &u->active_state);
        if (strcmp(name, "SubState") == 0)
                return read_string(m, &u->sub_state);
        if (strcmp(name, "LoadState") == 0)
                return read_string(m, &u->load_state);
        if (strcmp(name, "InvocationID") == 0)
                return read_invocation_id(m, &u->invocation_id);
        if (strcmp(name, "Result") == 0)
                return read_string(m, &u->result);
        if (strcmp(name, "ExecMainCode") == 0)
                return sd_bus_message_read(m, "v", "i", &u->code);
        if (strcmp(name, "ExecMainStatus") == 0)
                return sd_bus_message_read(m, "v", "i", &u->status);
        if (strcmp(name, "ExecMainStartTimestamp") == 0)
                return sd_bus_message_read(m, "v", "t", &u->started_usec);
        if (strcmp(name, "ExecMainExitTimestamp") == 0)
                return sd_bus_message_read(m, "v", "t", &u->ended_usec);
        if (strcmp(name, "CPUUsageNSec") == 0)
                return sd_bus_message_read(m, "v", "t", &u->cpu_usage_nsec);
        return sd_bus_message_skip(m, "v");
}

/* Takes over the properties that we know from an a{sv}. */
static int unit_read_properties(Unit *u, sd_bus_message *m) {
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                const char *name;

                r = sd_bus_message_read(m, "s", &name);
                if (r < 0)
                        return r;
                r = unit_read_property(u, name, m);
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(m);
}

/* ---- the end ---- */

static int on_cpu_usage(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Unit *u = userdata;

        /* A unit that was unloaded meanwhile answers with the default, "not known". */
        if (!sd_bus_message_is_method_error(m, NULL))
                (void) sd_bus_message_read(m, "v", "t", &u->cpu_usage_nsec);
        unit_tell_end(u, NULL);
        return 1;
}

static void unit_end(Unit *u) {
        int r;

        if (u->reading_end)
                return;
        u->reading_end = true;

        /* With RemainAfterExit=yes only a stop job, or a start job that came to nothing, leaves a unit inactive. */
        if (strcmp(u->active_state, "inactive") == 0) {
                g_autofree char *error = NULL;

                if (!u->started && u->start_job_result)
                        error = g_strdup_printf("systemd's start job ended with \"%s\"", u->start_job_result);
                u->stop_seen = u->started || !error;
                unit_tell_end(u, error);
                return;
        }

        /* CPUUsageNSec is not part of any signal; the rest of the outcome came with the signals. */
        r = sd_bus_call_method_async(u->manager->bus, &u->cpu_slot, SYSTEMD_NAME, u->path, PROPERTIES_INTERFACE, "Get",
                                     on_cpu_usage, u, "ss", SERVICE_INTERFACE, "CPUUsageNSec");
        if (r < 0)
                unit_tell_end(u, NULL);
}

static bool state_is_end(const Unit *u) {
        return strcmp(u->sub_state, "exited") == 0 || strcmp(u->active_state, "failed") == 0 ||
               strcmp(u->active_state, "inactive") == 0;
}

/* Acts on what the properties say now. */
static void unit_handle_state(Unit *u) {
        /* A limit or the OOM killer also leads to "deactivating", but then Result= says so before. */
        if (strcmp(u->active_state, "deactivating") == 0 && strcmp(u->result, "success") == 0 && u->code == 0)
                u->stop_seen = true;

        /* Type=exec: "running" means that execve() was done. */
        if (strcmp(u->sub_state, "running") == 0)
                unit_tell_started(u);
        if (!u->starting && state_is_end(u))
                unit_end(u);
}

static int on_properties_changed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *interface;
        Unit *u = userdata;
        int r;

        r = sd_bus_message_read(m, "s", &interface);
        if (r >= 0)
                r = unit_read_properties(u, m);
        if (r < 0) {
                (void) log_warning_errno(r, "Cannot read a signal of unit %s, ignoring: %m", u->name);
                return 0;
        }

        /* PID 1 sends the service's signal first, then the unit's (bus_unit_send_change_signal()): with the second one
         * both are known. */
        if (strcmp(interface, UNIT_INTERFACE) == 0)
                unit_handle_state(u);
        return 0;
}

static int unit_watch(Unit *u) {
        return sd_bus_match_signal_async(u->manager->bus, &u->match_slot, SYSTEMD_NAME, u->path, PROPERTIES_INTERFACE,
                                         "PropertiesChanged", on_properties_changed, NULL, u);
}

/* ---- reading a unit's whole state ---- */

static int on_all_properties(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Unit *u = userdata;
        int r;

        if (!sd_bus_message_is_method_error(m, NULL)) {
                r = unit_read_properties(u, m);
                if (r < 0)
                        (void) log_warning_errno(r, "Cannot read the properties of unit %s, ignoring: %m", u->name);
        } else
                (void) log_warning_errno(-sd_bus_message_get_errno(m), "Cannot ask for unit %s: %m", u->name);

        /* The state is the unit's, the outcome the service's: only both together mean something. */
        if (--u->n_replies > 0)
                return 0;
        u->starting = strcmp(u->active_state, "activating") == 0;
        if (u->starting)
                return 0;
        if (strcmp(u->load_state, "not-found") == 0) {
                g_free(u->active_state);
                u->active_state = g_strdup("inactive");
        }
        unit_handle_state(u);
        return 0;
}

static int unit_read(Unit *u) {
        static const char *const interfaces[] = { SERVICE_INTERFACE, UNIT_INTERFACE };
        int r;

        if (u->n_replies > 0)
                return 0;
        for (size_t i = 0; i < ELEMENTSOF(interfaces); i++) {
                u->read_slots[i] = sd_bus_slot_unref(u->read_slots[i]);
                r = sd_bus_call_method_async(u->manager->bus, &u->read_slots[i], SYSTEMD_NAME, u->path,
                                             PROPERTIES_INTERFACE, "GetAll", on_all_properties, u, "s", interfaces[i]);
                if (r < 0)
                        return r;
                u->n_replies++;
        }
        return 0;
}

static void unit_read_or_warn(Unit *u) {
        int r;

        if (u->reading_end)
                return;

        r = unit_read(u);
        if (r < 0)
                (void) log_warning_errno(r, "Cannot ask for unit %s: %m", u->name);
}

/* ---- starting ---- */

static void unit_manager_send_starts(UnitManager *m);

static int on_start_reply(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Unit *u = userdata;
        UnitManager *manager = u->manager;
        const sd_bus_error *e = sd_bus_message_get_error(m);
        const char *job;

        manager->n_starts--;
        u->start_slot = sd_bus_slot_unref(u->start_slot);

        if (e && sd_bus_error_has_name(e, SYSTEMD_NAME ".UnitExists"))
                /* An earlier jobd has started it and was killed before it heard the answer. */
                unit_read_or_warn(u);
        else if (e)
                unit_tell_end(u, e->message ?: e->name);
        else if (sd_bus_message_read(m, "o", &job) < 0)
                unit_read_or_warn(u);
        else
                u->start_job = g_strdup(job);

        unit_manager_send_starts(manager);
        return 0;
}

static void unit_manager_send_starts(UnitManager *m) {
        while (m->n_starts < STARTS_IN_FLIGHT_MAX && !g_queue_is_empty(m->waiting)) {
                g_autofree char *name = g_queue_pop_head(m->waiting);
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
                Unit *u;
                int r;

                u = g_hash_table_lookup(m->units, name);
                if (!u || !u->start_message)
                        continue;
                message = TAKE_PTR(u->start_message);
                r = sd_bus_call_async(m->bus, &u->start_slot, message, on_start_reply, u, 0);
                if (r < 0) {
                        unit_tell_end(u, g_strerror(-r));
                        continue;
                }
                m->n_starts++;
        }
}

int unit_start(UnitManager *m, const UnitSpec *spec) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        Unit *u;
        int r;

        r = unit_message_new(m->bus, spec, &message);
        if (r < 0)
                return r;
        r = unit_new(m, spec->name, &u);
        if (r < 0)
                return r;
        u->starting = true;
        r = unit_watch(u);
        if (r < 0) {
                (void) g_hash_table_remove(m->units, spec->name);
                return r;
        }

        u->start_message = TAKE_PTR(message);
        g_queue_push_tail(m->waiting, g_strdup(u->name));
        unit_manager_send_starts(m);
        return 0;
}

int unit_adopt(UnitManager *m, const char *name) {
        Unit *u;
        int r;

        r = unit_new(m, name, &u);
        if (r < 0)
                return r;
        r = unit_watch(u);
        if (r >= 0)
                r = unit_read(u);
        if (r < 0)
                (void) g_hash_table_remove(m->units, name);
        return r;
}

/* ---- the manager's signals ---- */

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
        if (!u)
                return 0;

        /* A unit that was taken up while it started has a start job whose path we never heard. */
        if (!u->starting || (u->start_job && strcmp(job, u->start_job) != 0))
                return 0;

        g_clear_pointer(&u->start_job, g_free);
        if (strcmp(result, "done") == 0) {
                u->starting = false;
                unit_tell_started(u);
                unit_handle_state(u);
        } else {
                /* Not "it was not started": Type=exec of 252 can say so of a program that failed at once
                 * (systemd#28304). The unit itself knows. */
                u->start_job_result = g_strdup(result);
                unit_read_or_warn(u);
        }
        return 0;
}

static void read_all_units(UnitManager *m) {
        g_autoptr(GPtrArray) units = hash_table_values(m->units);

        for (guint i = 0; i < units->len; i++) {
                Unit *u = units->pdata[i];

                if (!u->start_slot && !(u->starting && !u->start_job)) /* not while its start is still to be answered */
                        unit_read_or_warn(u);
        }
}

/* After "systemctl daemon-reload" signals may have been missed. */
static int on_reloading(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        int active;

        if (sd_bus_message_read(m, "b", &active) >= 0 && !active)
                read_all_units(userdata);
        return 0;
}

static int unit_manager_subscribe(UnitManager *m) {
        return sd_bus_call_method_async(m->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "Subscribe", NULL,
                                        NULL, NULL);
}

/* After "systemctl daemon-reexec" PID 1 is a new client of the bus. */
static int on_name_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        UnitManager *manager = userdata;
        const char *new_owner;

        if (sd_bus_message_read(m, "sss", NULL, NULL, &new_owner) >= 0 && new_owner[0]) {
                (void) unit_manager_subscribe(manager);
                read_all_units(manager);
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
                r = unit_manager_subscribe(m);
        return r;
}

int unit_manager_new(sd_event *event, const UnitCallbacks *callbacks, void *userdata, UnitManager **ret) {
        _cleanup_(unit_manager_freep) UnitManager *m = NULL;
        int r;

        m = g_new0(UnitManager, 1);
        m->callbacks = callbacks;
        m->userdata = userdata;
        m->units = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, unit_free_func);
        m->waiting = g_queue_new();

        r = sd_bus_open_system_with_description(&m->bus, "systemd");
        if (r < 0)
                return r;
        (void) sd_bus_set_exit_on_disconnect(m->bus, true);
        r = sd_bus_attach_event(m->bus, event, SD_EVENT_PRIORITY_NORMAL);
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
        g_queue_free_full(m->waiting, g_free);
        (void) sd_bus_flush_close_unref(m->bus);
        g_free(m);
        return NULL;
}

/* ---- stopping and releasing ---- */

/* The answer to a call whose outcome is seen elsewhere: only a failure is of interest. */
static int on_reply_log_failure(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const sd_bus_error *e = sd_bus_message_get_error(m);

        if (e && !sd_bus_error_has_name(e, SYSTEMD_NAME ".NoSuchUnit"))
                log_warning("systemd refused a request for a run's unit: %s", e->message ?: e->name);
        return 0;
}

int unit_stop(UnitManager *m, const char *name, bool kill) {
        int r;

        r = sd_bus_call_method_async(m->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "StopUnit",
                                     on_reply_log_failure, NULL, "ss", name, "replace");
        if (r < 0 || !kill)
                return r < 0 ? r : 0;
        r = sd_bus_call_method_async(m->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "KillUnit",
                                     on_reply_log_failure, NULL, "ssi", name, "all", SIGKILL);
        return r < 0 ? r : 0;
}

void unit_release(UnitManager *m, const char *name) {
        static const char *const methods[] = { "ResetFailedUnit", "StopUnit" };
        int r;

        /* A success stays "active (exited)" and is let go by stopping it, a failure by resetting it; which of the two it
         * is need not be known, and what it leaves running is killed by the stop. */
        for (size_t i = 0; i < ELEMENTSOF(methods); i++) {
                r = sd_bus_call_method_async(m->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, methods[i],
                                             on_reply_log_failure, NULL, i == 0 ? "s" : "ss", name, "replace");
                if (r < 0)
                        (void) log_warning_errno(r, "Cannot release unit %s: %m", name);
        }
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

        r = sd_bus_call_method(m->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "ListUnitsByPatterns", NULL, &reply,
                               "asas", 0, 1, JOBD_RUN_UNIT_PREFIX "*.service");
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(reply, "(ssssssouso)", &name, NULL, NULL, &active, &sub, NULL, NULL, NULL, NULL,
                                        NULL)) > 0) {
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
