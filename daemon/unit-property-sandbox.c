/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* systemd.exec(5): capabilities, namespaces and labels. */

#include <string.h>

#include "unit-property-internal.h"

static int capabilities_from_words(const UnitSetting *s, const char *words, const char *value, uint64_t *ret,
                                   char **ret_error) {
        g_auto(GStrv) names = NULL;
        uint64_t set = 0;
        int capability;

        if (unit_words(words, NULL, UNIT_WORD_UNQUOTE, &names) < 0)
                return unit_setting_error(s, value, ret_error, "a quote is not closed");

        for (char **name = names; *name; name++) {
                capability = unit_capability_from_name(*name);
                if (capability < 0)
                        return unit_setting_error(s, value, ret_error,
                                                  "\"%s\" is not a capability: use names such as CAP_NET_ADMIN, see "
                                                  "capabilities(7)", *name);
                set |= UINT64_C(1) << capability;
        }

        *ret = set;
        return 0;
}

/*
 * As in a unit file: the first line, and one without a name, sets; a later one adds, or takes away after "~". (On the
 * bus a second property would replace the first, and what that took away would be back in silence.)
 */
int unit_setting_capabilities(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        const UnitProperty *p = unit_property_find(properties, unit_setting_property(s));
        const uint64_t initial = strcmp(s->key, "CapabilityBoundingSet") == 0 ? UINT64_MAX : 0;
        bool invert = *value == '~';
        uint64_t named = 0, set;
        int r;

        r = capabilities_from_words(s, value + invert, value, &named, ret_error);
        if (r < 0)
                return r;

        set = p ? g_variant_get_uint64(p->value) : initial;
        if (set == initial || named == 0)
                set = invert ? ~named : named;
        else
                set = invert ? set & ~named : set | named;

        unit_properties_set(properties, s, g_variant_new_uint64(set));
        return 0;
}

static int flags_from_words(const UnitSetting *s, const char *words, const char *value, uint64_t *ret,
                            char **ret_error) {
        g_auto(GStrv) names = NULL;
        uint64_t flags = 0;

        if (unit_words(words, NULL, UNIT_WORD_UNQUOTE, &names) < 0)
                return unit_setting_error(s, value, ret_error, "a quote is not closed");

        for (char **name = names; *name; name++) {
                const UnitName *found = unit_name_find(s->names, *name);
                g_autofree char *known = NULL;

                if (!found) {
                        known = unit_names_join(s->names);
                        return unit_setting_error(s, value, ret_error, "\"%s\" is unknown: use %s", *name, known);
                }
                flags |= found->value;
        }

        *ret = flags;
        return 0;
}

int unit_setting_secure_bits(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        uint64_t bits;
        int r;

        r = flags_from_words(s, value, value, &bits, ret_error);
        if (r < 0)
                return r;

        unit_properties_set(properties, s, g_variant_new_int32((gint32) bits));
        return 0;
}

/* On the bus the property is what is left: the namespaces that may be used. */
int unit_setting_namespaces(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        const UnitProperty *p = unit_property_find(properties, unit_setting_property(s));
        bool restricted, invert = *value == '~';
        uint64_t all = 0, named, set;
        int r;

        for (const UnitName *n = s->names; n->name; n++)
                all |= n->value;

        if (unit_parse_boolean(value, &restricted) == 0)
                set = restricted ? 0 : all;
        else {
                r = flags_from_words(s, value + invert, value, &named, ret_error);
                if (r < 0)
                        return r;

                if (p) {
                        set = g_variant_get_uint64(p->value);
                        set = invert ? set & ~named : set | named;
                } else
                        set = invert ? all & ~named : named;
        }

        unit_properties_set(properties, s, g_variant_new_uint64(set));
        return 0;
}

/* AppArmorProfile= and SmackProcessLabel=: "-" before the label when it may be unknown. */
int unit_setting_label(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        bool may_miss = *value == '-';

        if (value[may_miss] == 0)
                return unit_setting_error(s, value, ret_error,
                                          "no label: use its name, after \"-\" when it may be unknown");

        unit_properties_set(properties, s, g_variant_new("(bs)", may_miss, value + may_miss));
        return 0;
}

/* A transient unit of systemd 252 has no "-" here: it would be taken for a part of the name. */
int unit_setting_selinux(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        if (*value == '-')
                return unit_setting_error(s, value, ret_error,
                                          "a run cannot ignore that a context is unknown: leave out the \"-\"");

        unit_properties_set(properties, s, g_variant_new_string(value));
        return 0;
}
