/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "macro.h"

/*
 * Only unit*.c talk to org.freedesktop.systemd1. A run is a transient service; here it is started, watched, stopped
 * and released, and known by its unit name alone (unit.c); what is not about one run's unit is in unit-manager.c.
 *
 * Type=exec with RemainAfterExit=yes: PID 1 keeps a unit that ended, well or badly, until it is released, so that the
 * outcome is still there after jobd was killed. (AddRef= would pin it only as long as our connection lives.)
 */
typedef struct UnitManager UnitManager;

/* What to start. All strings and arrays are borrowed for the call. */
typedef struct UnitSpec {
        const char *name;
        const char *description;
        const char *slice;
        const GPtrArray *properties;     /* of UnitProperty: the class's [Service] */
        const char *const *environment;  /* NULL-terminated "NAME=value" */
        const char *const *log_fields;   /* NULL-terminated "FIELD=value" */
        const char *credentials_socket;  /* where PID 1's starter reads the run's credentials */
        const char *const *further_credentials; /* NULL-terminated names of those to be read there, too; NULL: none */
        const char *files_directory;     /* what the run sees at files_path, and cannot write to; NULL: nothing */
        const char *files_path;
        uint64_t soft_time_limit_usec;   /* SIGTERM */
        uint64_t time_limit_usec;        /* SIGKILL */
        bool sensitive;                  /* no core dumps */
} UnitSpec;

/* What is still loaded of a unit that has ended, and so how it is let go. */
typedef enum UnitLeft {
        UNIT_LEFT_UNKNOWN,
        UNIT_LEFT_NOTHING,
        UNIT_LEFT_EXITED,
        UNIT_LEFT_FAILED,
} UnitLeft;

/* How a unit ended; strings are borrowed. */
typedef struct UnitEnd {
        const char *result;
        int code;
        int status;
        uint32_t main_pid; /* that it had; 0: not known */
        bool was_stopped;
        const char *start_error; /* NULL: it was started; otherwise what systemd said */
        bool may_start_later;    /* that, of what the unit needs (its slice is masked, or being stopped) */
        bool gone;               /* the unit is not loaded: nothing is known of it */
        UnitLeft left;
        uint64_t started_usec, ended_usec; /* of the main process; 0: not known */
        uint64_t cpu_usage_nsec;           /* UINT64_MAX: not known */
} UnitEnd;

typedef struct UnitCallbacks {
        /* The program runs. invocation_id: 32 digits, "" when not known. */
        void (*started)(const char *name, const char *invocation_id, uint64_t when_usec, void *userdata);
        /* It has ended, or was not started. Comes once for each unit_start() and unit_adopt(), always. */
        void (*ended)(const char *name, const UnitEnd *end, void *userdata);
} UnitCallbacks;

/*
 * Uses a connection of its own: the bus allows 128 calls that wait for a reply on each, and those of clients must not
 * be able to keep us from starting and stopping units.
 */
int unit_manager_new(sd_event *event, const UnitCallbacks *callbacks, void *userdata, UnitManager **ret) _must_check_;
UnitManager *unit_manager_free(UnitManager *m);
DEFINE_CLEANUP(UnitManager *, unit_manager_free);

/* Asks PID 1 to start it. Negative errno only when nothing was asked; all else is told by the callbacks. */
int unit_start(UnitManager *m, const UnitSpec *spec) _must_check_;

/* Watches a unit that an earlier jobd has started. */
int unit_adopt(UnitManager *m, const char *name) _must_check_;

/* SIGTERM, and SIGKILL when the time between the limits has passed; kill: SIGKILL to all of it at once. */
int unit_stop(UnitManager *m, const char *name, bool kill) _must_check_;

/* Lets PID 1 forget a unit that has ended: its outcome is stored. */
void unit_release(UnitManager *m, const char *name, UnitLeft left);

/*
 * Asks PID 1 for the state of each unit that is watched. It ends a unit, says so by a signal through the bus, and goes
 * on at once with the next one, perhaps us: its SIGTERM overtakes the signal.
 */
void unit_manager_read_all(UnitManager *m);
/* Whether no answer about any of them is on its way. */
bool unit_manager_is_settled(const UnitManager *m);

/*
 * Asks PID 1 to start a unit that is none of a run (notify-unit.h), and does not care how it ends. That it could not
 * be started is logged. Called again after a lost answer, it may run twice.
 */
void unit_start_other(UnitManager *m, const char *name);

/*
 * Sets properties (array of UnitProperty) of a unit that need not be loaded, for this boot. Done before what is asked
 * for later; a refusal by systemd is logged.
 */
int unit_set_properties(UnitManager *m, const char *name, const GPtrArray *properties) _must_check_;

/* A run's unit that PID 1 has loaded. */
typedef struct UnitListing {
        char *name;
        bool ended;
} UnitListing;

UnitListing *unit_listing_free(UnitListing *l);

/* All loaded units of runs (blocks: used once, before the daemon serves anyone). Array of UnitListing, owned. */
int unit_list_runs(UnitManager *m, GPtrArray **ret) _must_check_;
