/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <string.h>

#include "log.h"
#include "unit-internal.h"
#include "unit-message.h"
#include "unit-state.h"

struct Unit {
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
        bool may_start_later;
        UnitState state;
};

void unit_free_func(void *p) {
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
                .may_start_later = u->may_start_later,
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
        m = unit_manager_call_new(u->manager, u->path, PROPERTIES_INTERFACE, "Get", "ss", SERVICE_INTERFACE,
                                  "CPUUsageNSec");
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

                m = unit_manager_call_new(u->manager, u->path, PROPERTIES_INTERFACE, "GetAll", "s",
                                          reads[i].interface);
                if (m)
                        unit_calls_send(u->manager->calls, m, reads[i].done, u, &u->read_calls[i]);
        }
}

bool unit_is_asked_about(const Unit *u) {
        return u->start_call || u->read_calls[0] || u->read_calls[1] || u->cpu_call;
}

void unit_read_again(Unit *u) {
        if (!u->start_call) /* its answer is still to come */
                unit_read(u);
}

/* ---- starting ---- */

/*
 * The unit is new and cannot be masked itself, but its slice can. "Destructive" is a start of what is being stopped:
 * its slice, by an administrator, or all, when the host goes down.
 */
static bool is_about_others(const sd_bus_error *e) {
        return sd_bus_error_has_name(e, SYSTEMD_NAME ".UnitMasked") ||
               sd_bus_error_has_name(e, SYSTEMD_NAME ".TransactionIsDestructive");
}

static void on_start_reply(sd_bus_message *reply, void *userdata) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);
        Unit *u = userdata;
        const char *job;

        u->start_call = NULL;
        if (e && sd_bus_error_has_name(e, SYSTEMD_NAME ".UnitExists"))
                /* Asked before, by an earlier jobd or by a call whose answer was lost on the way. */
                unit_read(u);
        else if (e) {
                u->may_start_later = is_about_others(e);
                unit_tell_end(u, e->message ?: e->name);
        } else if (sd_bus_message_read(reply, "o", &job) < 0)
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

void unit_job_removed(Unit *u, const char *job, const char *result) {
        /* A unit that was taken up while it started has a start job whose path we never heard. */
        if (!u->starting || (u->start_job && strcmp(job, u->start_job) != 0))
                return;

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
}

/* ---- stopping and releasing ---- */

/* The answer to a call whose outcome is seen elsewhere: only a refusal is of interest. */
static void on_reply_log_refusal(sd_bus_message *reply, void *userdata) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);

        if (e && !sd_bus_error_has_name(e, SYSTEMD_NAME ".NoSuchUnit"))
                log_warning("systemd refused a request for a run's unit: %s", e->message ?: e->name);
}

static int send_request(UnitManager *m, sd_bus_message *message) {
        if (!message)
                return -ENOMEM;
        unit_calls_send(m->calls, message, on_reply_log_refusal, NULL, NULL);
        return 0;
}

static int request_stop(UnitManager *m, const char *name) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;

        message = unit_manager_call_new(m, SYSTEMD_PATH, SYSTEMD_MANAGER, "StopUnit", "ss", name, "replace");
        return send_request(m, message);
}

static int request_reset(UnitManager *m, const char *name) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;

        message = unit_manager_call_new(m, SYSTEMD_PATH, SYSTEMD_MANAGER, "ResetFailedUnit", "s", name);
        return send_request(m, message);
}

static int request_kill(UnitManager *m, const char *name) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;

        message = unit_manager_call_new(m, SYSTEMD_PATH, SYSTEMD_MANAGER, "KillUnit", "ssi", name, "all", SIGKILL);
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

