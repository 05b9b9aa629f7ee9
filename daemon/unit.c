/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <string.h>

#include "hash-table.h"
#include "log.h"
#include "message-ids.h"
#include "names.h"
#include "trusted-sender.h"
#include "unit-call.h"
#include "unit-message.h"
#include "unit-state.h"
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
        char *start_job;        /* object path of the start job; NULL when it is done, or not known */
        char *start_job_result; /* what JobRemoved said of it, when that was not "done" */
        sd_bus_slot *match_slot;
        UnitCall *start_call;
        UnitCall *read_calls[2];
        UnitCall *cpu_call;
        bool starting;    /* from unit_start() to the end of PID 1's start job */
        bool started;     /* the callback was told */
        bool stop_seen;   /* it is being, or was, stopped by someone */
        bool reading_end; /* nothing that comes now changes how it has ended */
        UnitState state;
} Unit;

struct UnitManager {
        sd_bus *bus;
        UnitCalls *calls;
        const UnitCallbacks *callbacks;
        void *userdata;
        GHashTable *units;  /* name -> Unit, owned */
        GHashTable *others; /* set of OtherStart, owned: units of others that PID 1 was asked to start */
};

static void unit_free_func(void *p) {
        Unit *u = p;

        (void) sd_bus_slot_unref(u->match_slot);
        (void) unit_call_cancel(u->start_call);
        for (size_t i = 0; i < ELEMENTSOF(u->read_calls); i++)
                (void) unit_call_cancel(u->read_calls[i]);
        (void) unit_call_cancel(u->cpu_call);
        unit_state_done(&u->state);
        g_free(u->name);
        g_free(u->path);
        g_free(u->start_job);
        g_free(u->start_job_result);
        g_free(u);
}

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
        unit_state_init(&u->state);
        (void) g_hash_table_insert(m->units, u->name, u);
        *ret = u;
        return 0;
}

/* Makes a call from printf-like D-Bus arguments; NULL when there is no memory for it. */
static sd_bus_message *call_new(UnitManager *m, const char *path, const char *interface, const char *member,
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

/* ---- telling ---- */

static UnitLeft what_is_left(const Unit *u) {
        if (unit_state_is(&u->state, "failed"))
                return UNIT_LEFT_FAILED;
        return unit_state_is_sub(&u->state, "exited") ? UNIT_LEFT_EXITED : UNIT_LEFT_NOTHING;
}

/* Tells the end and forgets the unit; start_error: it was never started. */
static void unit_tell_end(Unit *u, const char *start_error) {
        UnitManager *m = u->manager;
        g_autofree char *name = g_strdup(u->name);
        UnitEnd end = {
                .result = u->state.result,
                .code = u->state.code,
                .status = u->state.status,
                .main_pid = u->state.main_pid,
                .was_stopped = u->stop_seen,
                .start_error = start_error,
                .gone = unit_state_is_gone(&u->state) && !u->started,
                .left = what_is_left(u),
                .started_usec = u->state.started_usec,
                .ended_usec = u->state.ended_usec,
                .cpu_usage_nsec = u->state.cpu_usage_nsec,
        };

        (void) g_hash_table_steal(m->units, name);
        m->callbacks->ended(name, &end, m->userdata);
        unit_free_func(u);
}

static void unit_tell_started(Unit *u) {
        if (u->started)
                return;
        u->started = true;
        u->manager->callbacks->started(u->name, u->state.invocation_id, u->state.started_usec, u->manager->userdata);
}

/* ---- the end ---- */

static void on_cpu_usage(sd_bus_message *reply, void *userdata) {
        Unit *u = userdata;

        u->cpu_call = NULL;
        /* A unit that was unloaded meanwhile answers with the default, "not known". */
        if (!sd_bus_message_is_method_error(reply, NULL))
                (void) sd_bus_message_read(reply, "v", "t", &u->state.cpu_usage_nsec);
        unit_tell_end(u, NULL);
}

static void unit_end(Unit *u) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;

        if (u->reading_end)
                return;
        u->reading_end = true;

        /* With RemainAfterExit=yes only a stop job, or a start job that came to nothing, leaves a unit inactive. */
        if (unit_state_is(&u->state, "inactive")) {
                g_autofree char *error = NULL;

                if (!u->started && u->start_job_result)
                        error = g_strdup_printf("systemd's start job ended with \"%s\"", u->start_job_result);
                u->stop_seen = u->started || !error;
                unit_tell_end(u, error);
                return;
        }

        /* CPUUsageNSec is not part of any signal; the rest of the outcome came with the signals. */
        m = call_new(u->manager, u->path, PROPERTIES_INTERFACE, "Get", "ss", SERVICE_INTERFACE, "CPUUsageNSec");
        if (m)
                unit_calls_send(u->manager->calls, m, on_cpu_usage, u, &u->cpu_call);
        else
                unit_tell_end(u, NULL);
}

/* Acts on what the properties say now. */
static void unit_handle_state(Unit *u) {
        /* A limit or the OOM killer also leads to "deactivating", but then Result= says so before. */
        if (unit_state_is(&u->state, "deactivating") && strcmp(u->state.result, "success") == 0 && u->state.code == 0)
                u->stop_seen = true;

        /* Type=exec: "running" means that execve() was done. */
        if (unit_state_is_sub(&u->state, "running"))
                unit_tell_started(u);
        if (!u->starting && unit_state_is_end(&u->state))
                unit_end(u);
}

static int on_properties_changed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *interface;
        Unit *u = userdata;
        int r;

        r = sd_bus_message_read(m, "s", &interface);
        if (r >= 0)
                r = unit_state_read(&u->state, m);
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

static void on_read(Unit *u, sd_bus_message *reply, size_t which) {
        int r = 0;

        u->read_calls[which] = NULL;
        if (sd_bus_message_is_method_error(reply, NULL))
                unit_state_set_gone(&u->state); /* PID 1 answers for every unit that it can load */
        else
                r = unit_state_read(&u->state, reply);
        if (r < 0)
                (void) log_warning_errno(r, "Cannot read the properties of unit %s, ignoring: %m", u->name);

        /* The state is the unit's, the outcome the service's: only both together mean something. */
        if (u->read_calls[0] || u->read_calls[1] || u->reading_end)
                return;
        /* A unit that an earlier jobd has asked for may still wait for its turn in PID 1's queue. */
        u->starting = unit_state_is(&u->state, "activating") ||
                      (u->state.has_job && unit_state_is(&u->state, "inactive"));
        if (u->starting)
                return;
        if (unit_state_is_gone(&u->state))
                unit_state_set_gone(&u->state);
        unit_handle_state(u);
}

static void on_read_service(sd_bus_message *reply, void *userdata) {
        on_read(userdata, reply, 0);
}

static void on_read_unit(sd_bus_message *reply, void *userdata) {
        on_read(userdata, reply, 1);
}

static void unit_read(Unit *u) {
        static const struct {
                const char *interface;
                UnitCallDone done;
        } reads[] = { { SERVICE_INTERFACE, on_read_service }, { UNIT_INTERFACE, on_read_unit } };

        if (u->read_calls[0] || u->read_calls[1] || u->reading_end)
                return;
        for (size_t i = 0; i < ELEMENTSOF(reads); i++) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;

                m = call_new(u->manager, u->path, PROPERTIES_INTERFACE, "GetAll", "s", reads[i].interface);
                if (m)
                        unit_calls_send(u->manager->calls, m, reads[i].done, u, &u->read_calls[i]);
        }
}

/* ---- starting ---- */

static void on_start_reply(sd_bus_message *reply, void *userdata) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);
        Unit *u = userdata;
        const char *job;

        u->start_call = NULL;
        if (e && sd_bus_error_has_name(e, SYSTEMD_NAME ".UnitExists"))
                /* Asked before, by an earlier jobd or by a call whose answer was lost on the way. */
                unit_read(u);
        else if (e)
                unit_tell_end(u, e->message ?: e->name);
        else if (sd_bus_message_read(reply, "o", &job) < 0)
                unit_read(u);
        else
                u->start_job = g_strdup(job);
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
        unit_calls_send(m->calls, message, on_start_reply, u, &u->start_call);
        return 0;
}

int unit_adopt(UnitManager *m, const char *name) {
        Unit *u;
        int r;

        r = unit_new(m, name, &u);
        if (r < 0)
                return r;
        r = unit_watch(u);
        if (r < 0) {
                (void) g_hash_table_remove(m->units, name);
                return r;
        }
        unit_read(u);
        return 0;
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
                g_free(u->start_job_result);
                u->start_job_result = g_strdup(result);
                unit_read(u);
        }
        return 0;
}

static void read_all_units(UnitManager *m) {
        g_autoptr(GPtrArray) units = hash_table_values(m->units);

        for (guint i = 0; i < units->len; i++) {
                Unit *u = units->pdata[i];

                if (!u->start_call) /* its answer is still to come */
                        unit_read(u);
        }
}

/* After "systemctl daemon-reload" signals may have been missed. */
static int on_reloading(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        int active;

        if (sd_bus_message_read(m, "b", &active) >= 0 && !active)
                read_all_units(userdata);
        return 0;
}

static void unit_manager_subscribe(UnitManager *m) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;

        message = call_new(m, SYSTEMD_PATH, SYSTEMD_MANAGER, "Subscribe", NULL);
        if (message)
                unit_calls_send(m->calls, message, NULL, NULL, NULL);
}

/* After "systemctl daemon-reexec" PID 1 is a new client of the bus. */
static int on_name_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        UnitManager *manager = userdata;
        const char *new_owner;

        if (sd_bus_message_read(m, "sss", NULL, NULL, &new_owner) >= 0 && new_owner[0]) {
                unit_manager_subscribe(manager);
                read_all_units(manager);
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

/* ---- stopping and releasing ---- */

/* The answer to a call whose outcome is seen elsewhere: only a refusal is of interest. */
static void on_reply_log_refusal(sd_bus_message *reply, void *userdata) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);

        if (e && !sd_bus_error_has_name(e, SYSTEMD_NAME ".NoSuchUnit"))
                log_warning("systemd refused a request for a run's unit: %s", e->message ?: e->name);
}

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

static int send_request(UnitManager *m, sd_bus_message *message) {
        if (!message)
                return -ENOMEM;
        unit_calls_send(m->calls, message, on_reply_log_refusal, NULL, NULL);
        return 0;
}

static int request_stop(UnitManager *m, const char *name) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;

        message = call_new(m, SYSTEMD_PATH, SYSTEMD_MANAGER, "StopUnit", "ss", name, "replace");
        return send_request(m, message);
}

static int request_reset(UnitManager *m, const char *name) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;

        message = call_new(m, SYSTEMD_PATH, SYSTEMD_MANAGER, "ResetFailedUnit", "s", name);
        return send_request(m, message);
}

static int request_kill(UnitManager *m, const char *name) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;

        message = call_new(m, SYSTEMD_PATH, SYSTEMD_MANAGER, "KillUnit", "ssi", name, "all", SIGKILL);
        return send_request(m, message);
}

int unit_stop(UnitManager *m, const char *name, bool kill) {
        Unit *u;
        int r;

        u = g_hash_table_lookup(m->units, name);
        if (u && u->start_call && unit_call_is_waiting(u->start_call)) {
                u->start_call = unit_call_cancel(u->start_call);
                unit_tell_end(u, "it was stopped before systemd was asked to start it");
                return 0;
        }

        r = request_stop(m, name);
        return r >= 0 && kill ? request_kill(m, name) : r;
}

void unit_release(UnitManager *m, const char *name, UnitLeft left) {
        int r = 0;

        /* A success stays "active (exited)" and is let go by stopping it, which also kills what it left running; a failure
         * has been stopped, and is let go by resetting it. */
        if (left == UNIT_LEFT_FAILED || left == UNIT_LEFT_UNKNOWN)
                r = request_reset(m, name);
        if (r >= 0 && (left == UNIT_LEFT_EXITED || left == UNIT_LEFT_UNKNOWN))
                r = request_stop(m, name);
        if (r < 0)
                (void) log_warning_errno(r, "Cannot release unit %s: %m", name);
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

        message = call_new(m, SYSTEMD_PATH, SYSTEMD_MANAGER, "StartUnit", "ss", name, "replace");
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
