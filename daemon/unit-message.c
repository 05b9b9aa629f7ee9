/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <string.h>

#include "names.h"
#include "unit-append.h"
#include "unit-message.h"
#include "unit-property.h"

static int append_variant(sd_bus_message *m, const char *name, GVariant *value) {
        g_autoptr(GVariant) owned = g_variant_ref_sink(value);
        int r;

        r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", name);
        if (r >= 0)
                r = unit_append_variant(m, owned);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_unit_properties(sd_bus_message *m, const GPtrArray *properties) {
        int r;

        for (guint i = 0; properties && i < properties->len; i++) {
                const UnitProperty *p = properties->pdata[i];

                r = append_variant(m, p->name, p->value);
                if (r < 0)
                        return r;
        }
        return 0;
}

static GVariant *log_fields_variant(const char *const *fields) {
        GVariantBuilder b;

        g_variant_builder_init(&b, G_VARIANT_TYPE("aay"));
        for (size_t i = 0; fields[i]; i++)
                g_variant_builder_add_value(&b, g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, fields[i],
                                                                          strlen(fields[i]), 1));
        return g_variant_builder_end(&b);
}

/*
 * The soft limit is RuntimeMaxSec= (SIGTERM), the hard one the time that TimeoutStopSec= leaves after it (SIGKILL).
 * When the hard limit is not the later of the two, the run is killed at once there: KillSignal=SIGKILL.
 */
static int append_limits(sd_bus_message *m, const UnitSpec *spec) {
        bool hard_first = spec->time_limit_usec <= spec->soft_time_limit_usec;
        uint64_t runtime = hard_first ? spec->time_limit_usec : spec->soft_time_limit_usec;
        uint64_t stop = hard_first ? USEC_PER_SEC : spec->time_limit_usec - spec->soft_time_limit_usec;
        int r;

        r = append_variant(m, "RuntimeMaxUSec", g_variant_new_uint64(runtime));
        if (r >= 0) /* each command of ExecStartPre= has as long, and the program then its own time */
                r = append_variant(m, "TimeoutStartUSec", g_variant_new_uint64(runtime));
        if (r >= 0)
                r = append_variant(m, "TimeoutStopUSec", g_variant_new_uint64(stop));
        if (r >= 0 && hard_first)
                r = append_variant(m, "KillSignal", g_variant_new_int32(SIGKILL));
        return r;
}

/*
 * LogRateLimitIntervalSec=0 means "default" on 252: only a burst that no run reaches keeps every line (measured: of
 * 150,000 lines 37,500 were kept by default, all of them so).
 */
static int append_log(sd_bus_message *m, const UnitSpec *spec) {
        int r;

        r = append_variant(m, "LogExtraFields", log_fields_variant(spec->log_fields));
        if (r >= 0)
                r = append_variant(m, "LogRateLimitBurst", g_variant_new_uint32(100000000));
        return r;
}

static int append_input(sd_bus_message *m, const UnitSpec *spec) {
        GVariantBuilder b;
        int r;

        g_variant_builder_init(&b, G_VARIANT_TYPE("a(ss)"));
        g_variant_builder_add(&b, "(ss)", JOBD_CREDENTIAL_DATA, spec->credentials_socket);
        g_variant_builder_add(&b, "(ss)", JOBD_CREDENTIAL_TOKEN, spec->credentials_socket);
        for (size_t i = 0; spec->further_credentials && spec->further_credentials[i]; i++)
                g_variant_builder_add(&b, "(ss)", spec->further_credentials[i], spec->credentials_socket);
        r = append_variant(m, "LoadCredential", g_variant_builder_end(&b));
        if (r >= 0)
                r = append_variant(m, "Environment", g_variant_new_strv(spec->environment, -1));
        return r;
}

/* Adds to what the class mounts. A run that has none is spared the mount namespace. */
static int append_files(sd_bus_message *m, const UnitSpec *spec) {
        GVariantBuilder b;

        if (!spec->files_directory)
                return 0;
        g_variant_builder_init(&b, G_VARIANT_TYPE("a(ssbt)"));
        g_variant_builder_add(&b, "(ssbt)", spec->files_directory, spec->files_path, false, (guint64) 0);
        return append_variant(m, "BindReadOnlyPaths", g_variant_builder_end(&b));
}

/* What a class does not say and a run needs: no root unless asked for, and all of it dies when memory runs out. */
static int append_defaults(sd_bus_message *m, const UnitSpec *spec) {
        int r = 0;

        if (!unit_property_find(spec->properties, "User") && !unit_property_find(spec->properties, "DynamicUser"))
                r = append_variant(m, "DynamicUser", g_variant_new_boolean(true));
        if (r >= 0 && !unit_property_find(spec->properties, "OOMPolicy"))
                r = append_variant(m, "OOMPolicy", g_variant_new_string("kill"));
        return r;
}

/* No core file with secret input, whatever the class says. */
static int append_core_limit(sd_bus_message *m, const UnitSpec *spec) {
        int r;

        if (!spec->sensitive)
                return 0;
        r = append_variant(m, "LimitCORE", g_variant_new_uint64(0));
        if (r >= 0) /* LimitCORE alone leaves the soft limit of the class, which is then above the hard one */
                r = append_variant(m, "LimitCORESoft", g_variant_new_uint64(0));
        return r;
}

static int append_properties(sd_bus_message *m, const UnitSpec *spec) {
        int r;

        r = append_variant(m, "Description", g_variant_new_string(spec->description));
        if (r >= 0)
                r = append_variant(m, "Type", g_variant_new_string("exec"));
        if (r >= 0)
                r = append_variant(m, "RemainAfterExit", g_variant_new_boolean(true));
        if (r >= 0)
                r = append_variant(m, "Slice", g_variant_new_string(spec->slice));
        if (r >= 0)
                r = append_defaults(m, spec);
        if (r >= 0)
                r = append_unit_properties(m, spec->properties);
        if (r >= 0)
                r = append_core_limit(m, spec);
        if (r >= 0)
                r = append_limits(m, spec);
        if (r >= 0)
                r = append_log(m, spec);
        if (r >= 0)
                r = append_input(m, spec);
        if (r >= 0)
                r = append_files(m, spec);
        return r;
}

int unit_message_new(sd_bus *bus, const UnitSpec *spec, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                                           "org.freedesktop.systemd1.Manager", "StartTransientUnit");
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", spec->name, "fail");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = append_properties(m, spec);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0) /* no auxiliary units */
                r = sd_bus_message_append(m, "a(sa(sv))", 0);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

int unit_properties_message_new(sd_bus *bus, const char *name, const GPtrArray *properties, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                                           "org.freedesktop.systemd1.Manager", "SetUnitProperties");
        if (r >= 0)
                r = sd_bus_message_append(m, "sb", name, true /* below /run */);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = append_unit_properties(m, properties);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}
