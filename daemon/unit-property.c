/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "unit-property.h"

#include <string.h>

#include "unit-property-internal.h"

UnitProperty *unit_property_new(const char *name, GVariant *value) {
        UnitProperty *p = g_new(UnitProperty, 1);

        *p = (UnitProperty) {
                .name = g_strdup(name),
                .value = g_variant_ref_sink(value),
        };

        return p;
}

UnitProperty *unit_property_free(UnitProperty *p) {
        if (!p)
                return NULL;

        g_free(p->name);
        g_variant_unref(p->value);
        g_free(p);
        return NULL;
}

static void unit_property_destroy(void *p) {
        unit_property_free(p);
}

GPtrArray *unit_property_array_new(void) {
        return g_ptr_array_new_with_free_func(unit_property_destroy);
}

const UnitProperty *unit_property_find(const GPtrArray *properties, const char *name) {
        for (guint i = 0; i < properties->len; i++) {
                const UnitProperty *p = g_ptr_array_index(properties, i);

                if (strcmp(p->name, name) == 0)
                        return p;
        }

        return NULL;
}

const char *unit_setting_property(const UnitSetting *s) {
        return s->property ?: s->key;
}

void unit_properties_remove(GPtrArray *properties, const char *name) {
        for (guint i = properties->len; i > 0; i--) {
                const UnitProperty *p = g_ptr_array_index(properties, i - 1);

                if (strcmp(p->name, name) == 0)
                        g_ptr_array_remove_index(properties, i - 1);
        }
}

void unit_properties_clear(GPtrArray *properties, const UnitSetting *s) {
        unit_properties_remove(properties, unit_setting_property(s));
        if (s->alternate)
                unit_properties_remove(properties, s->alternate);
}

void unit_properties_put(GPtrArray *properties, const char *name, GVariant *value) {
        g_ptr_array_add(properties, unit_property_new(name, value));
}

void unit_properties_set(GPtrArray *properties, const UnitSetting *s, GVariant *value) {
        unit_properties_clear(properties, s);
        unit_properties_put(properties, unit_setting_property(s), value);
}

void unit_properties_set_alternate(GPtrArray *properties, const UnitSetting *s, GVariant *value) {
        unit_properties_clear(properties, s);
        unit_properties_put(properties, s->alternate, value);
}

void unit_builder_add_all(GVariantBuilder *builder, GVariant *array) {
        for (gsize i = 0, n = g_variant_n_children(array); i < n; i++) {
                g_autoptr(GVariant) element = g_variant_get_child_value(array, i);

                g_variant_builder_add_value(builder, element);
        }
}

static GVariant *bytes_join(GVariant *a, GVariant *b) {
        g_autoptr(GString) joined = NULL;
        const char *bytes;
        gsize n;

        bytes = g_variant_get_fixed_array(a, &n, 1);
        joined = g_string_new_len(bytes ?: "", (gssize) n);
        bytes = g_variant_get_fixed_array(b, &n, 1);
        g_string_append_len(joined, bytes ?: "", (gssize) n);

        return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, joined->str, joined->len, 1);
}

static GVariant *arrays_join(GVariant *a, GVariant *b) {
        GVariantBuilder builder;

        g_variant_builder_init(&builder, g_variant_get_type(a));
        unit_builder_add_all(&builder, a);
        unit_builder_add_all(&builder, b);

        return g_variant_builder_end(&builder);
}

/* Whether n more entries, or bytes, fit into the property. */
int unit_properties_check_room(const GPtrArray *properties, const UnitSetting *s, const char *name, const char *value,
                               const GVariantType *type, gsize n, char **ret_error) {
        const UnitProperty *p = unit_property_find(properties, name);
        bool bytes = g_variant_type_equal(type, G_VARIANT_TYPE_BYTESTRING);
        gsize max = bytes ? UNIT_PROPERTY_BYTES_MAX : UNIT_PROPERTY_LIST_MAX;

        if (n + (p ? g_variant_n_children(p->value) : 0) <= max)
                return 0;

        return unit_setting_error(s, value, ret_error,
                                  "too much: at most %zu %s in all", max, bytes ? "bytes" : "entries");
}

/* Appends to the property's array, which is made when there is none. A floating reference of array is taken. */
int unit_properties_append(GPtrArray *properties, const UnitSetting *s, const char *name, const char *value,
                           GVariant *array, char **ret_error) {
        g_autoptr(GVariant) added = g_variant_ref_sink(array);
        UnitProperty *p = (UnitProperty *) unit_property_find(properties, name);
        GVariant *joined;
        int r;

        r = unit_properties_check_room(properties, s, name, value, g_variant_get_type(added),
                                       g_variant_n_children(added), ret_error);
        if (r < 0)
                return r;

        if (!p) {
                unit_properties_put(properties, name, added);
                return 0;
        }

        joined = g_variant_is_of_type(added, G_VARIANT_TYPE_BYTESTRING) ? bytes_join(p->value, added) :
                                                                          arrays_join(p->value, added);
        g_variant_unref(p->value);
        p->value = g_variant_ref_sink(joined);
        return 0;
}

/* A value as a message shows it: short, on one line, and not at all when it is a secret. */
static char *value_for_message(const UnitSetting *s, const char *value) {
        enum { SHOWN_MAX = 64 }; /* characters */
        g_autofree char *valid = NULL, *start = NULL;

        if (s && s->secret)
                return g_strdup("...");

        valid = g_utf8_make_valid(value, (gssize) strnlen(value, SHOWN_MAX * 6));
        for (char *c = valid; *c; c++)
                if (g_ascii_iscntrl(*c))
                        *c = '?';
        if (g_utf8_strlen(valid, -1) <= SHOWN_MAX)
                return g_steal_pointer(&valid);

        start = g_utf8_substring(valid, 0, SHOWN_MAX);
        return g_strconcat(start, "...", NULL);
}

_printf_(3, 0) static char *message_new(const UnitSetting *s, const char *value, const char *format, va_list ap) {
        g_autofree char *shown = value_for_message(s, value);
        g_autofree char *why = g_strdup_vprintf(format, ap);

        return g_strdup_printf("%s=%s: %s", s->key, shown, why);
}

int unit_setting_error(const UnitSetting *s, const char *value, char **ret_error, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        *ret_error = message_new(s, value, format, ap);
        va_end(ap);

        return -EINVAL;
}

int unit_setting_refuse(const UnitSetting *s, const char *value, char **ret_error, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        *ret_error = message_new(s, value, format, ap);
        va_end(ap);

        return -EPERM;
}

static const UnitSetting *unit_setting_find(const char *key) {
        for (const UnitSetting *s = unit_settings; s->key; s++)
                if (strcmp(s->key, key) == 0)
                        return s;

        return NULL;
}

/* Why there is no parser for the key. */
static int unknown_setting(const char *key, char **ret_error) {
        g_autofree char *shown = NULL;

        for (const UnitRefusal *r = unit_refusals; r->key; r++)
                if (strcmp(r->key, key) == 0) {
                        *ret_error = g_strdup_printf("%s=: not for a job class: %s", key, r->reason);
                        return -EPERM;
                }

        shown = value_for_message(NULL, key);
        *ret_error = g_strdup_printf("%s=: no such setting of [Service]: systemd.exec(5), systemd.kill(5) and "
                                     "systemd.resource-control(5) list them", shown);
        return -ENOENT;
}

/*
 * systemd writes the settings of a transient unit into a file and reads that again when it reloads; a control
 * character (a line end above all) would come back as something else. Text that needs one has it as an escape.
 */
static int value_check(const UnitSetting *s, const char *value, char **ret_error) {
        if (strnlen(value, UNIT_PROPERTY_VALUE_MAX + 1) > UNIT_PROPERTY_VALUE_MAX)
                return unit_setting_error(s, value, ret_error, "too long: at most %d bytes", UNIT_PROPERTY_VALUE_MAX);
        if (!g_utf8_validate(value, -1, NULL))
                return unit_setting_error(s, value, ret_error, "not UTF-8: save the file in that encoding");

        for (const char *c = value; *c; c++)
                if (g_ascii_iscntrl(*c) && *c != '\t')
                        return unit_setting_error(s, value, ret_error,
                                                  "contains a control character: write it as an escape such as \\n, "
                                                  "where the setting has escapes");
        return 0;
}

int unit_property_add(GPtrArray *properties, const char *key, const char *value, char **ret_error) {
        const UnitSetting *s = unit_setting_find(key);
        int r;

        if (!s)
                return unknown_setting(key, ret_error);

        r = value_check(s, value, ret_error);
        if (r < 0)
                return r;

        if (s->empty_clears && value[strspn(value, UNIT_WHITESPACE)] == 0) {
                unit_properties_clear(properties, s);
                return 0;
        }

        if (properties->len >= UNIT_PROPERTIES_MAX)
                return unit_setting_error(s, value, ret_error, "too many settings: at most %d", UNIT_PROPERTIES_MAX);

        return s->parse(s, value, properties, ret_error);
}

void unit_property_foreach_supported(void (*callback)(const char *key, void *userdata), void *userdata) {
        for (const UnitSetting *s = unit_settings; s->key; s++)
                callback(s->key, userdata);
}
