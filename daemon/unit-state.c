/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "unit-state.h"

void unit_state_init(UnitState *s) {
        *s = (UnitState){
                .active_state = g_strdup(""),
                .sub_state = g_strdup(""),
                .load_state = g_strdup(""),
                .invocation_id = g_strdup(""),
                .result = g_strdup("success"),
                .cpu_usage_nsec = UINT64_MAX,
        };
}

void unit_state_done(UnitState *s) {
        g_free(s->active_state);
        g_free(s->sub_state);
        g_free(s->load_state);
        g_free(s->invocation_id);
        g_free(s->result);
}

static void set_string(char **target, const char *value) {
        g_free(*target);
        *target = g_strdup(value);
}

void unit_state_set_gone(UnitState *s) {
        set_string(&s->load_state, "not-found");
        set_string(&s->active_state, "inactive");
        set_string(&s->sub_state, "dead");
        s->has_job = false;
}

bool unit_state_is_gone(const UnitState *s) {
        return strcmp(s->load_state, "not-found") == 0;
}

bool unit_state_is(const UnitState *s, const char *active_state) {
        return strcmp(s->active_state, active_state) == 0;
}

bool unit_state_is_sub(const UnitState *s, const char *sub_state) {
        return strcmp(s->sub_state, sub_state) == 0;
}

bool unit_state_is_end(const UnitState *s) {
        return unit_state_is_sub(s, "exited") || unit_state_is(s, "failed") || unit_state_is(s, "inactive");
}

static int read_string(sd_bus_message *m, char **target) {
        const char *value;
        int r;

        r = sd_bus_message_read(m, "v", "s", &value);
        if (r < 0)
                return r;
        set_string(target, value);
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

static int read_has_job(sd_bus_message *m, bool *ret) {
        uint32_t id;
        int r;

        r = sd_bus_message_read(m, "v", "(uo)", &id, NULL);
        if (r >= 0)
                *ret = id != 0;
        return r;
}

static int read_property(UnitState *s, const char *name, sd_bus_message *m) {
        if (strcmp(name, "ActiveState") == 0)
                return read_string(m, &s->active_state);
        if (strcmp(name, "SubState") == 0)
                return read_string(m, &s->sub_state);
        if (strcmp(name, "LoadState") == 0)
                return read_string(m, &s->load_state);
        if (strcmp(name, "Job") == 0)
                return read_has_job(m, &s->has_job);
        if (strcmp(name, "InvocationID") == 0)
                return read_invocation_id(m, &s->invocation_id);
        if (strcmp(name, "Result") == 0)
                return read_string(m, &s->result);
        if (strcmp(name, "ExecMainCode") == 0)
                return sd_bus_message_read(m, "v", "i", &s->code);
        if (strcmp(name, "ExecMainStatus") == 0)
                return sd_bus_message_read(m, "v", "i", &s->status);
        if (strcmp(name, "ExecMainPID") == 0)
                return sd_bus_message_read(m, "v", "u", &s->main_pid);
        if (strcmp(name, "ExecMainStartTimestamp") == 0)
                return sd_bus_message_read(m, "v", "t", &s->started_usec);
        if (strcmp(name, "ExecMainExitTimestamp") == 0)
                return sd_bus_message_read(m, "v", "t", &s->ended_usec);
        if (strcmp(name, "CPUUsageNSec") == 0)
                return sd_bus_message_read(m, "v", "t", &s->cpu_usage_nsec);
        return sd_bus_message_skip(m, "v");
}

int unit_state_read(UnitState *s, sd_bus_message *m) {
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                const char *name;

                r = sd_bus_message_read(m, "s", &name);
                if (r < 0)
                        return r;
                r = read_property(s, name, m);
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
