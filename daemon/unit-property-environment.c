/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* systemd.exec(5): environment variables and standard input, output and error. */

#include <string.h>

#include "unit-property-internal.h"

/* jobd gives each run its inputs and its identity in variables of this prefix. */
#define RESERVED_PREFIX "JOB_"

static bool variable_name_is_valid(const char *name, size_t length) {
        if (length == 0 || g_ascii_isdigit(*name))
                return false;

        for (size_t i = 0; i < length; i++)
                if (!g_ascii_isalnum(name[i]) && name[i] != '_')
                        return false;

        return true;
}

static int check_not_reserved(const UnitSetting *s, const char *name, const char *value, char **ret_error) {
        if (!g_str_has_prefix(name, RESERVED_PREFIX))
                return 0;

        return unit_setting_refuse(s, value, ret_error,
                                   "names that begin with " RESERVED_PREFIX " are jobd's: choose another");
}

/* Replaces the entry that begins with the same length bytes, or appends. */
static void put_entry(GPtrArray *entries, const char *entry, size_t length) {
        for (guint i = 0; i < entries->len; i++) {
                const char *before = g_ptr_array_index(entries, i);

                if (strncmp(before, entry, length) == 0) {
                        g_free(entries->pdata[i]);
                        entries->pdata[i] = g_strdup(entry);
                        return;
                }
        }

        g_ptr_array_add(entries, g_strdup(entry));
}

static GPtrArray *entries_of(const UnitSetting *s, GPtrArray *properties) {
        const UnitProperty *p = unit_property_find(properties, unit_setting_property(s));
        GPtrArray *entries = g_ptr_array_new_with_free_func(g_free);

        for (gsize i = 0; p && i < g_variant_n_children(p->value); i++) {
                g_autoptr(GVariant) entry = g_variant_get_child_value(p->value, i);

                g_ptr_array_add(entries, g_variant_dup_string(entry, NULL));
        }

        return entries;
}

static void set_entries(const UnitSetting *s, GPtrArray *entries, GPtrArray *properties) {
        unit_properties_set(properties, s,
                            g_variant_new_strv((const char *const *) entries->pdata, (gssize) entries->len));
}

static int check_room(const UnitSetting *s, GPtrArray *entries, const char *value, char **ret_error) {
        if (entries->len <= UNIT_PROPERTY_LIST_MAX)
                return 0;

        return unit_setting_error(s, value, ret_error, "too many variables: at most %d", UNIT_PROPERTY_LIST_MAX);
}

static int split(const UnitSetting *s, const char *value, char ***ret, char **ret_error) {
        if (unit_words(value, NULL, UNIT_WORD_UNQUOTE | UNIT_WORD_CUNESCAPE, ret) < 0)
                return unit_setting_error(s, value, ret_error,
                                          "a quote is not closed or an escape does not exist: use \\\\ for a "
                                          "backslash, \\\" for a quote");
        return 0;
}

/* systemd refuses a list that has a variable twice; here the last one counts, as in a unit file. */
int unit_setting_environment(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_autoptr(GPtrArray) entries = entries_of(s, properties);
        g_auto(GStrv) words = NULL;
        int r;

        r = split(s, value, &words, ret_error);
        if (r < 0)
                return r;

        for (char **word = words; *word; word++) {
                const char *equals = strchr(*word, '=');

                if (!equals || !variable_name_is_valid(*word, (size_t) (equals - *word)))
                        return unit_setting_error(s, value, ret_error,
                                                  "not an assignment: use NAME=VALUE, in quotes where the value has "
                                                  "spaces, and letters, digits and _ in the name");

                r = check_not_reserved(s, *word, value, ret_error);
                if (r < 0)
                        return r;

                put_entry(entries, *word, (size_t) (equals - *word) + 1);
                r = check_room(s, entries, value, ret_error);
                if (r < 0)
                        return r;
        }

        set_entries(s, entries, properties);
        return 0;
}

/* PassEnvironment= takes names, UnsetEnvironment= assignments too. */
int unit_setting_environment_names(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_autoptr(GPtrArray) entries = entries_of(s, properties);
        bool unset = strcmp(s->key, "UnsetEnvironment") == 0;
        g_auto(GStrv) words = NULL;
        int r;

        r = split(s, value, &words, ret_error);
        if (r < 0)
                return r;

        for (char **word = words; *word; word++) {
                size_t length = unset ? strcspn(*word, "=") : strlen(*word);

                if (!variable_name_is_valid(*word, length))
                        return unit_setting_error(s, value, ret_error,
                                                  "\"%s\" is not the name of a variable: use letters, digits and _",
                                                  *word);

                r = unset ? 0 : check_not_reserved(s, *word, value, ret_error);
                if (r < 0)
                        return r;

                put_entry(entries, *word, strlen(*word) + 1);
                r = check_room(s, entries, value, ret_error);
                if (r < 0)
                        return r;
        }

        set_entries(s, entries, properties);
        return 0;
}

int unit_setting_environment_file(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        bool may_miss = *value == '-';
        g_autofree char *path = NULL;
        GVariant *entry;

        if (unit_path_simplify(value + may_miss, &path) < 0)
                return unit_setting_error(s, value, ret_error,
                                          "not a path: use an absolute one, after \"-\" when the file may be missing");

        entry = g_variant_new("(sb)", path, may_miss);
        return unit_properties_append(properties, s, unit_setting_property(s), value,
                                      g_variant_new_array(NULL, &entry, 1), ret_error);
}

int unit_setting_input(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_autofree char *path = NULL;

        if (g_str_has_prefix(value, "file:")) {
                if (unit_path_simplify(value + strlen("file:"), &path) < 0)
                        return unit_setting_error(s, value, ret_error, "not a path: use file: and an absolute path");

                unit_properties_set_alternate(properties, s, g_variant_new_string(path));
                return 0;
        }

        if (g_str_has_prefix(value, "tty") || strcmp(value, "socket") == 0 || strcmp(value, "fd") == 0 ||
            g_str_has_prefix(value, "fd:"))
                return unit_setting_refuse(s, value, ret_error,
                                           "a run has no terminal, socket or descriptor to read from: use null, data "
                                           "or file:PATH");

        return unit_setting_word(s, value, properties, ret_error);
}

int unit_setting_output(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        if (!unit_name_find(s->names, value))
                return unit_setting_refuse(s, value, ret_error,
                                           "the journal is where the log of a run is kept: use journal, inherit or "
                                           "null, and let the program itself write what belongs into a file");

        return unit_setting_word(s, value, properties, ret_error);
}

static int append_input(const UnitSetting *s, GString *bytes, const char *value, GPtrArray *properties,
                        char **ret_error) {
        return unit_properties_append(properties, s, unit_setting_property(s), value,
                                      g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, bytes->str, bytes->len, 1),
                                      ret_error);
}

/* On the bus there is one property for text and data. */
int unit_setting_input_text(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_autoptr(GString) text = NULL;

        if (unit_unescape(value, false, &text) < 0)
                return unit_setting_error(s, value, ret_error, "an escape does not exist: use \\\\ for a backslash");

        g_string_append_c(text, '\n');
        return append_input(s, text, value, properties, ret_error);
}

int unit_setting_input_data(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_autoptr(GString) data = NULL;

        if (unit_base64_decode(value, &data) < 0)
                return unit_setting_error(s, value, ret_error, "not Base64: use what \"base64\" prints");

        return append_input(s, data, value, properties, ret_error);
}
