/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* systemd.exec(5): credentials. */

#include <limits.h>
#include <string.h>

#include "unit-property-internal.h"

/* A file name, and a name of a file descriptor: ASCII without ":". */
static bool credential_name_is_valid(const char *name) {
        if (!unit_file_name_is_valid(name))
                return false;

        for (const char *c = name; *c; c++)
                if (!g_ascii_isprint(*c) || *c == ':')
                        return false;

        return true;
}

/* Splits at the first ":". *ret_rest is NULL where there is none. */
static int take_name(const UnitSetting *s, const char *value, char **ret_name, const char **ret_rest,
                     char **ret_error) {
        static const char *const reserved[] = { "job-data", "job-token", NULL };
        const char *colon = strchr(value, ':');
        g_autofree char *name = colon ? g_strndup(value, (gsize) (colon - value)) : g_strdup(value);

        if (!credential_name_is_valid(name))
                return unit_setting_error(s, value, ret_error,
                                          "not a name: use letters, digits, \".\", \"_\" and \"-\" before the \":\"");
        if (g_strv_contains(reserved, name))
                return unit_setting_refuse(s, value, ret_error,
                                           "jobd gives a run its own \"%s\": choose another name", name);

        *ret_name = g_steal_pointer(&name);
        *ret_rest = colon ? colon + 1 : NULL;
        return 0;
}

/* What a property holds, without the entry of that name. */
static void add_others(GVariantBuilder *builder, const UnitProperty *p, const char *name) {
        for (gsize i = 0; p && i < g_variant_n_children(p->value); i++) {
                g_autoptr(GVariant) entry = g_variant_get_child_value(p->value, i);
                g_autoptr(GVariant) entry_name = g_variant_get_child_value(entry, 0);

                if (strcmp(g_variant_get_string(entry_name, NULL), name) != 0)
                        g_variant_builder_add_value(builder, entry);
        }
}

static bool fits(GVariant *list) {
        return g_variant_n_children(list) <= UNIT_PROPERTY_LIST_MAX &&
               g_variant_get_size(list) <= UNIT_PROPERTY_BYTES_MAX;
}

static void put_list(GPtrArray *properties, const char *name, GVariant *list) {
        unit_properties_remove(properties, name);
        if (g_variant_n_children(list) > 0)
                unit_properties_put(properties, name, list);
}

/* Encrypted or not, a name stands for one credential: a later entry replaces an earlier one of either kind. */
static int put_credential(const UnitSetting *s, const char *name, GVariant *entry, const char *value,
                          GPtrArray *properties, char **ret_error) {
        const char *property = unit_setting_property(s);
        g_autoptr(GVariant) list = NULL, others = NULL;
        GVariantBuilder builder;

        g_variant_builder_init(&builder, G_VARIANT_TYPE_ARRAY);
        add_others(&builder, unit_property_find(properties, property), name);
        g_variant_builder_add_value(&builder, entry);
        list = g_variant_ref_sink(g_variant_builder_end(&builder));
        if (!fits(list))
                return unit_setting_error(s, value, ret_error,
                                          "too much: a run may have %d credentials of %d bytes in all",
                                          UNIT_PROPERTY_LIST_MAX, UNIT_PROPERTY_BYTES_MAX);

        g_variant_builder_init(&builder, g_variant_get_type(list));
        add_others(&builder, unit_property_find(properties, s->alternate), name);
        others = g_variant_ref_sink(g_variant_builder_end(&builder));

        put_list(properties, property, list);
        put_list(properties, s->alternate, others);
        return 0;
}

/* "NAME:PATH", or "NAME" for a credential that the system was given at boot. */
int unit_setting_load_credential(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_autofree char *name = NULL;
        const char *source;
        int r;

        r = take_name(s, value, &name, &source, ret_error);
        if (r < 0)
                return r;

        if (!source || *source == 0)
                source = name;
        if (*source == '/' ? strlen(source) >= PATH_MAX || !unit_path_is_normalized(source) :
            !credential_name_is_valid(source))
                return unit_setting_error(s, value, ret_error,
                                          "not a source: use an absolute path without \"..\" and \"//\" after the "
                                          "\":\", or the name of a credential");

        return put_credential(s, name, g_variant_new("(ss)", name, source), value, properties, ret_error);
}

static int set_credential(const UnitSetting *s, const char *value, bool encrypted, GPtrArray *properties,
                          char **ret_error) {
        g_autofree char *name = NULL;
        g_autoptr(GString) data = NULL;
        GVariant *bytes;
        const char *text;
        int r;

        r = take_name(s, value, &name, &text, ret_error);
        if (r < 0)
                return r;
        if (!text || *text == 0)
                return unit_setting_error(s, value, ret_error, "no data: use NAME:DATA");

        r = encrypted ? unit_base64_decode(text, &data) : unit_unescape(text, true, &data);
        if (r < 0)
                return unit_setting_error(s, value, ret_error,
                                          "%s",
                                          encrypted ? "not Base64: use what \"systemd-creds encrypt\" prints" :
                                                      "an escape does not exist: use \\\\ for a backslash");

        bytes = g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, data->str, data->len, 1);
        return put_credential(s, name, g_variant_new("(s@ay)", name, bytes), value, properties, ret_error);
}

int unit_setting_set_credential(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        return set_credential(s, value, false, properties, ret_error);
}

int unit_setting_set_credential_encrypted(const UnitSetting *s, const char *value, GPtrArray *properties,
                                          char **ret_error) {
        return set_credential(s, value, true, properties, ret_error);
}
