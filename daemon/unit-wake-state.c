/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "now.h"
#include "unit-wake-state.h"

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER SYSTEMD_NAME ".Manager"

#define MODE "ignore-dependencies"

/* ---- what it is ---- */

typedef struct Properties {
        const char *load_state, *sub_state;
        uint64_t next_elapse;
} Properties;

static int read_property(sd_bus_message *m, Properties *p) {
        const char *name;
        int r;

        r = sd_bus_message_read(m, "s", &name);
        if (r < 0)
                return r;
        if (strcmp(name, "LoadState") == 0)
                return sd_bus_message_read(m, "v", "s", &p->load_state);
        if (strcmp(name, "SubState") == 0)
                return sd_bus_message_read(m, "v", "s", &p->sub_state);
        if (strcmp(name, "NextElapseUSecRealtime") == 0)
                return sd_bus_message_read(m, "v", "t", &p->next_elapse);
        return sd_bus_message_skip(m, "v");
}

static int read_properties(sd_bus_message *m, Properties *p) {
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = read_property(m, p);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* One that is not loaded answers, too: as one that is not found, and dead. */
int wake_state_read(sd_bus_message *reply, WakeState *ret) {
        Properties p = { "", "", 0 };
        bool is_dead;
        int r;

        r = read_properties(reply, &p);
        if (r < 0)
                return r;
        is_dead = strcmp(p.sub_state, "dead") == 0;
        *ret = (WakeState){
                .is_masked = strcmp(p.load_state, "masked") == 0,
                .is_there = !is_dead,
                .is_failed = strcmp(p.sub_state, "failed") == 0,
                .is_settling = is_dead && strcmp(p.load_state, "loaded") == 0,
                .is_waiting = strcmp(p.sub_state, "waiting") == 0,
                .due_usec = p.next_elapse,
        };
        return 0;
}

/* ---- calls ---- */

static int call_new(sd_bus *bus, const char *member, const char *unit, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, member);
        if (r >= 0)
                r = sd_bus_message_append(m, "s", unit);
        if (r >= 0)
                *ret = TAKE_PTR(m);
        return r;
}

static char *format_calendar(uint64_t usec) {
        g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc((gint64) (usec / USEC_PER_SEC));
        g_autofree char *text = g_date_time_format(utc, "%Y-%m-%d %H:%M:%S");

        return g_strdup_printf("%s.%06u UTC", text, (unsigned) (usec % USEC_PER_SEC));
}

static int append_properties(sd_bus_message *m, uint64_t due_usec) {
        g_autofree char *calendar = format_calendar(due_usec);
        int r;

        r = sd_bus_message_append(m, "(sv)", "Description", "s", "Next Due Time of jobd");
        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)", "AccuracyUSec", "t", UINT64_C(1));
        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)", "OnClockChange", "b", true);
        if (r >= 0) /* it cannot start what is masked, for example */
                r = sd_bus_message_append(m, "(sv)", "CollectMode", "s", "inactive-or-failed");
        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)", "TimersCalendar", "a(ss)", 1, "OnCalendar", calendar);
        return r;
}

int wake_message_find(sd_bus *bus, const char *unit, sd_bus_message **ret) {
        return call_new(bus, "GetUnit", unit, ret);
}

/* All interfaces at once: Unit has the states, Timer the time. */
int wake_message_ask(sd_bus *bus, const char *unit, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        r = sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, &path);
        if (r >= 0)
                r = sd_bus_message_new_method_call(bus, &m, SYSTEMD_NAME, path, "org.freedesktop.DBus.Properties",
                                                   "GetAll");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", "");
        if (r >= 0)
                *ret = TAKE_PTR(m);
        return r;
}

int wake_message_start(sd_bus *bus, const char *unit, uint64_t due_usec, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = call_new(bus, "StartTransientUnit", unit, &m);
        if (r >= 0)
                r = sd_bus_message_append(m, "s", MODE);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = append_properties(m, due_usec);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_append(m, "a(sa(sv))", 0);
        if (r >= 0)
                *ret = TAKE_PTR(m);
        return r;
}

int wake_message_stop(sd_bus *bus, const char *unit, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = call_new(bus, "StopUnit", unit, &m);
        if (r >= 0)
                r = sd_bus_message_append(m, "s", MODE);
        if (r >= 0)
                *ret = TAKE_PTR(m);
        return r;
}

int wake_message_reset(sd_bus *bus, const char *unit, sd_bus_message **ret) {
        return call_new(bus, "ResetFailedUnit", unit, ret);
}
