/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lists of what is allowed, or after "~" of what is not: systemd.exec(5), "System Call Filtering" and others. */

#include <limits.h>
#include <net/if.h>
#include <string.h>

#include "unit-property-internal.h"

/* Says what is wrong with one word of a list, or returns NULL. Free with g_free(). */
typedef char *FilterCheck(const UnitSetting *s, const char *word, bool invert);

static UnitProperty *last_of_name(GPtrArray *properties, const char *name) {
        for (guint i = properties->len; i > 0; i--) {
                UnitProperty *p = g_ptr_array_index(properties, i - 1);

                if (strcmp(p->name, name) == 0)
                        return p;
        }

        return NULL;
}

static GVariant *filter_variant(bool allow, char *const *words, GVariant *before) {
        GVariantBuilder list;

        g_variant_builder_init(&list, G_VARIANT_TYPE_STRING_ARRAY);
        if (before)
                unit_builder_add_all(&list, before);
        for (; *words; words++)
                g_variant_builder_add(&list, "s", *words);

        return g_variant_new("(bas)", allow, &list);
}

/*
 * The first line decides whether the list is one of what is allowed; later ones add to it or, being of the other kind,
 * take away from it. So lines of one kind are joined, and one of the other kind is a property of its own after them.
 */
static int append_filter(const UnitSetting *s, bool allow, char *const *words, const char *value,
                         GPtrArray *properties, char **ret_error) {
        UnitProperty *last = last_of_name(properties, unit_setting_property(s));
        g_autoptr(GVariant) before = NULL, before_allow = NULL;
        GVariant *joined;

        if (last) {
                before_allow = g_variant_get_child_value(last->value, 0);
                before = g_variant_get_child_value(last->value, 1);
        }

        if ((before ? g_variant_n_children(before) : 0) + g_strv_length((char **) words) > UNIT_PROPERTY_LIST_MAX)
                return unit_setting_error(s, value, ret_error, "too much: at most %d entries", UNIT_PROPERTY_LIST_MAX);

        if (!last || g_variant_get_boolean(before_allow) != allow) {
                unit_properties_put(properties, unit_setting_property(s), filter_variant(allow, words, NULL));
                return 0;
        }

        joined = g_variant_ref_sink(filter_variant(allow, words, before));
        g_variant_unref(last->value);
        last->value = joined;
        return 0;
}

static int set_filter(const UnitSetting *s, const char *value, FilterCheck *check, GPtrArray *properties,
                      char **ret_error) {
        bool invert = *value == '~';
        g_auto(GStrv) words = NULL;

        if (unit_words(value + invert, NULL, UNIT_WORD_UNQUOTE, &words) < 0)
                return unit_setting_error(s, value, ret_error, "a quote is not closed");
        if (!words[0])
                return unit_setting_error(s, value, ret_error,
                                          "nothing after \"~\": use names with spaces between them");

        for (char **word = words; *word; word++) {
                g_autofree char *why = check(s, *word, invert);

                if (why)
                        return unit_setting_error(s, value, ret_error, "\"%s\" %s", *word, why);
        }

        return append_filter(s, !invert, words, value, properties, ret_error);
}

/* Only a call that is denied can be given an error number, and only in SystemCallFilter=. */
static char *check_system_call(const UnitSetting *s, const char *word, bool invert) {
        g_auto(GStrv) parts = g_strsplit(word, ":", 2);

        if (!parts[0] || !unit_system_call_is_valid(parts[0]))
                return g_strdup("is not a system call: use names, and groups such as @system-service");
        if (!parts[1])
                return NULL;

        if (!invert || strcmp(s->key, "SystemCallFilter") != 0)
                return g_strdup("has an error number: that is for SystemCallFilter=~ only");
        if (strcmp(parts[1], "kill") != 0 && unit_errno_from_name(parts[1]) < 0)
                return g_strdup("has no known error: use a name such as EPERM, a number from 1 to 4095, or kill");
        return NULL;
}

int unit_setting_system_calls(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        return set_filter(s, value, check_system_call, properties, ret_error);
}

static char *check_address_family(const UnitSetting *s, const char *word, bool invert) {
        if (unit_address_family_is_known(word))
                return NULL;

        return g_strdup("is not an address family: use names such as AF_UNIX and AF_INET6, or none alone");
}

/* "none" has no name on the bus: it is an empty list of what is allowed, and forgets what was before. */
int unit_setting_address_families(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        if (strcmp(value, "none") == 0) {
                unit_properties_set(properties, s, g_variant_new("(bas)", TRUE, NULL));
                return 0;
        }

        return set_filter(s, value, check_address_family, properties, ret_error);
}

/* Names of file systems are the kernel's, which loads more of them later: groups alone can be checked. */
static char *check_file_system(const UnitSetting *s, const char *word, bool invert) {
        if (*word == '@' ? unit_name_find(s->names, word + 1) != NULL :
                           strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_-.") == strlen(word))
                return NULL;

        return g_strdup("is not a file system: use names such as ext4, and groups such as @basic-api");
}

int unit_setting_file_systems(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        return set_filter(s, value, check_file_system, properties, ret_error);
}

static char *check_interface(const UnitSetting *s, const char *word, bool invert) {
        bool valid = strlen(word) < IFNAMSIZ && strspn(word, "0123456789") < strlen(word) && strcmp(word, ".") != 0 &&
                     strcmp(word, "..") != 0 && strcmp(word, "all") != 0 && strcmp(word, "default") != 0;

        for (const char *c = word; *c; c++)
                valid = valid && g_ascii_isgraph(*c) && !strchr(":/%", *c);

        return valid ? NULL : g_strdup("is not a network interface: use names such as eth0");
}

int unit_setting_interfaces(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        return set_filter(s, value, check_interface, properties, ret_error);
}

int unit_setting_errno(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        enum { ERROR_NUMBER_KILL = INT_MAX - 1 }; /* systemd's number for "kill" on the bus */
        int number = strcmp(value, "kill") == 0 ? ERROR_NUMBER_KILL : unit_errno_from_name(value);

        if (number < 0)
                return unit_setting_error(s, value, ret_error,
                                          "not an error: use a name such as EPERM, a number from 1 to 4095, or kill");

        unit_properties_set(properties, s, g_variant_new_int32(number));
        return 0;
}

int unit_setting_architectures(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_auto(GStrv) words = NULL;

        if (unit_words(value, NULL, UNIT_WORD_UNQUOTE, &words) < 0)
                return unit_setting_error(s, value, ret_error, "a quote is not closed");

        for (char **word = words; *word; word++)
                if (!unit_name_find(s->names, *word)) {
                        g_autofree char *names = unit_names_join(s->names);

                        return unit_setting_error(s, value, ret_error,
                                                  "\"%s\" is not an architecture: use %s", *word, names);
                }

        return unit_properties_append(properties, s, unit_setting_property(s), value,
                                      g_variant_new_strv((const char *const *) words, -1), ret_error);
}
