/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Settings that are one word or number. */

#include <string.h>

#include "time-span.h"
#include "unit-property-internal.h"

int unit_setting_boolean(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        bool b;

        if (unit_parse_boolean(value, &b) < 0)
                return unit_setting_error(s, value, ret_error, "not a boolean: use yes or no");

        unit_properties_set(properties, s, g_variant_new_boolean(b));
        return 0;
}

static int not_a_name(const UnitSetting *s, const char *value, const char *also, char **ret_error) {
        g_autofree char *names = unit_names_join(s->names);

        return unit_setting_error(s, value, ret_error, "no such value: use %s%s", also, names);
}

int unit_setting_word(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        if (!unit_name_find(s->names, value))
                return not_a_name(s, value, "", ret_error);

        unit_properties_set(properties, s, g_variant_new_string(value));
        return 0;
}

int unit_setting_word_boolean(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        bool b;

        if (unit_parse_boolean(value, &b) < 0 && !unit_name_find(s->names, value))
                return not_a_name(s, value, "yes, no, ", ret_error);

        unit_properties_set(properties, s, g_variant_new_string(value));
        return 0;
}

/* A name, or the number that it stands for; a number without a name too where min and max give a range. */
int unit_setting_name(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        const UnitName *found = unit_name_find(s->names, value);
        int64_t number;
        bool known;

        if (found)
                number = (int64_t) found->value;
        else {
                if (unit_parse_signed(value, &number) < 0)
                        return not_a_name(s, value, "", ret_error);

                known = s->min < s->max && number >= s->min && number <= s->max;
                for (const UnitName *n = s->names; n->name && !known; n++)
                        known = (int64_t) n->value == number;
                if (!known)
                        return not_a_name(s, value, "", ret_error);
        }

        unit_properties_set(properties, s, g_variant_new_int32((gint32) number));
        return 0;
}

int unit_setting_flag(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        const UnitName *found = unit_name_find(s->names, value);

        if (!found)
                return not_a_name(s, value, "", ret_error);

        unit_properties_set(properties, s, g_variant_new_uint64(found->value));
        return 0;
}

int unit_setting_integer(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        int64_t number;

        if (unit_parse_signed(value, &number) < 0 || number < s->min || number > s->max)
                return unit_setting_error(s, value, ret_error,
                                          "not a number in range: use one from %" G_GINT64_FORMAT " to %"
                                          G_GINT64_FORMAT, s->min, s->max);

        unit_properties_set(properties, s, g_variant_new_int32((gint32) number));
        return 0;
}

int unit_setting_mode(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        uint32_t mode;

        if (unit_parse_mode(value, &mode) < 0)
                return unit_setting_error(s, value, ret_error,
                                          "not an access mode: use up to four octal digits, such as 0755");

        unit_properties_set(properties, s, g_variant_new_uint32(mode));
        return 0;
}

int unit_setting_nsec(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        uint64_t nsec;

        if (time_span_parse_nsec(value, &nsec) < 0)
                return unit_setting_error(s, value, ret_error, "not a time span: use a number with ns, us, ms or s");

        unit_properties_set(properties, s, g_variant_new_uint64(nsec));
        return 0;
}

int unit_setting_signal(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        int signal = unit_signal_from_name(value);

        if (signal < 0)
                return unit_setting_error(s, value, ret_error,
                                          "no such signal: use a name such as SIGTERM or RTMIN+1, or a number from 1 "
                                          "to 64");

        unit_properties_set(properties, s, g_variant_new_int32(signal));
        return 0;
}

/* The processes of a run must not outlive it: with the other modes they would. */
int unit_setting_kill_mode(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        if (strcmp(value, "process") == 0 || strcmp(value, "none") == 0)
                return unit_setting_refuse(s, value, ret_error,
                                           "would leave processes behind when the run ends: use control-group or "
                                           "mixed");

        return unit_setting_word(s, value, properties, ret_error);
}

int unit_setting_send_sigkill(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        bool b;

        if (unit_parse_boolean(value, &b) == 0 && !b)
                return unit_setting_refuse(s, value, ret_error,
                                           "the hard time limit of a run is a SIGKILL: leave it out, and set "
                                           "TimeLimit= in [Job]");

        return unit_setting_boolean(s, value, properties, ret_error);
}

int unit_setting_text(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        unit_properties_set(properties, s, g_variant_new_string(value));
        return 0;
}

/* As liberal as systemd is: names come from directories that know no POSIX. */
static bool user_name_is_valid(const char *name) {
        size_t length = strlen(name);

        if (length == 0 || length > 256 || name[0] == ' ' || name[length - 1] == ' ')
                return false;
        if (strpbrk(name, ":/\t") || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
                return false;

        if (strspn(name + (name[0] == '-'), "0123456789") == length - (name[0] == '-')) {
                guint64 number;

                /* 65535 and 4294967295 mean "none" in the kernel's interfaces. */
                return g_ascii_string_to_unsigned(name, 10, 0, UINT32_MAX - 1, &number, NULL) &&
                       number != UINT16_MAX && (name[0] != '0' || length == 1);
        }

        return true;
}

int unit_setting_user(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        if (!user_name_is_valid(value))
                return unit_setting_error(s, value, ret_error,
                                          "not a name: use the name or the number of a %s",
                                          strcmp(s->key, "User") == 0 ? "user" : "group");

        unit_properties_set(properties, s, g_variant_new_string(value));
        return 0;
}

int unit_setting_users(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_auto(GStrv) names = NULL;

        if (unit_words(value, NULL, UNIT_WORD_UNQUOTE, &names) < 0 || !names[0])
                return unit_setting_error(s, value, ret_error, "not a list: use names with spaces between them");

        for (char **name = names; *name; name++)
                if (!user_name_is_valid(*name))
                        return unit_setting_error(s, value, ret_error, "\"%s\" is not the name of a group", *name);

        return unit_properties_append(properties, s, unit_setting_property(s), value,
                                      g_variant_new_strv((const char *const *) names, -1), ret_error);
}
