/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ExecStart= and its like: systemd.service(5), "COMMAND LINES". */

#include <limits.h>
#include <string.h>

#include "unit-property-internal.h"

typedef enum ExecFlags {
        EXEC_IGNORE_FAILURE = 1 << 0,
        EXEC_PRIVILEGED = 1 << 1,
        EXEC_NO_SETUID = 1 << 2,
        EXEC_AMBIENT = 1 << 3,
        EXEC_NO_ENV_EXPAND = 1 << 4,

        EXEC_IDENTITY = EXEC_PRIVILEGED | EXEC_NO_SETUID | EXEC_AMBIENT, /* one of them at most */
} ExecFlags;

/* What ExecStartEx= and its like call them on the bus. */
static const UnitName exec_flag_names[] = {
        { "ignore-failure", EXEC_IGNORE_FAILURE },
        { "privileged", EXEC_PRIVILEGED },
        { "no-setuid", EXEC_NO_SETUID },
        { "ambient", EXEC_AMBIENT },
        { "no-env-expand", EXEC_NO_ENV_EXPAND },
        {},
};

/* Takes the characters before the path; each may come once, and "!!" means something else than "!". */
static ExecFlags take_prefixes(const char **p, bool *ret_separate_argv0) {
        ExecFlags flags = 0;
        bool separate_argv0 = false;

        for (;; (*p)++) {
                if (**p == '-' && !(flags & EXEC_IGNORE_FAILURE))
                        flags |= EXEC_IGNORE_FAILURE;
                else if (**p == '@' && !separate_argv0)
                        separate_argv0 = true;
                else if (**p == ':' && !(flags & EXEC_NO_ENV_EXPAND))
                        flags |= EXEC_NO_ENV_EXPAND;
                else if (**p == '+' && !(flags & EXEC_IDENTITY))
                        flags |= EXEC_PRIVILEGED;
                else if (**p == '!' && !(flags & EXEC_IDENTITY))
                        flags |= EXEC_NO_SETUID;
                else if (**p == '!' && (flags & EXEC_NO_SETUID))
                        flags ^= EXEC_NO_SETUID | EXEC_AMBIENT;
                else
                        break;
        }

        *ret_separate_argv0 = separate_argv0;
        return flags;
}

/* A lone ";" separates commands in a unit file and is an argument on the bus: whoever writes it must say which. */
static bool has_bare_semicolon(const char *p) {
        char quote = 0;

        for (const char *start = p; *p; p++) {
                if (*p == '\\' && p[1])
                        p++;
                else if (quote)
                        quote = *p == quote ? 0 : quote;
                else if (*p == '"' || *p == '\'')
                        quote = *p;
                else if (*p == ';' && (p == start || strchr(UNIT_WHITESPACE, p[-1])) &&
                         strchr(UNIT_WHITESPACE, p[1])) /* or the end */
                        return true;
        }

        return false;
}

static int check_program(const UnitSetting *s, const char *path, const char *value, char **ret_error) {
        if (*path == 0)
                return unit_setting_error(s, value, ret_error, "no program: use an absolute path, then the arguments");
        if (strpbrk(path, "\"'\\\x7f"))
                return unit_setting_error(s, value, ret_error, "a program's path has no quotes or backslashes");
        for (const char *c = path; *c; c++)
                if (g_ascii_iscntrl(*c))
                        return unit_setting_error(s, value, ret_error, "a program's path has no control characters");

        if (g_str_has_suffix(path, "/"))
                return unit_setting_error(s, value, ret_error,
                                          "\"%s\" is a directory: use the path of a program", path);
        if (*path == '/' ? strlen(path) >= PATH_MAX : !unit_file_name_is_valid(path))
                return unit_setting_error(s, value, ret_error,
                                          "\"%s\" is a relative path: use an absolute one, or a name without \"/\" "
                                          "that is in /usr/local/bin, /usr/bin, /bin or their sbin", path);
        return 0;
}

static int split_command(const UnitSetting *s, const char *value, ExecFlags *ret_flags, char **ret_path,
                         char ***ret_argv, char **ret_error) {
        const char *p = value + strspn(value, UNIT_WHITESPACE);
        g_autofree char *path = NULL;
        g_auto(GStrv) argv = NULL;
        bool separate_argv0;
        ExecFlags flags;
        int r;

        flags = take_prefixes(&p, &separate_argv0);
        if (has_bare_semicolon(p))
                return unit_setting_error(s, value, ret_error,
                                          "commands are not separated by \";\": use one line for each, and \";\" in "
                                          "quotes for an argument");

        r = separate_argv0 ? unit_word_next(&p, NULL, UNIT_WORD_UNQUOTE | UNIT_WORD_CUNESCAPE, &path, NULL) : 0;
        if (r >= 0)
                r = unit_words(p ?: "", NULL, UNIT_WORD_UNQUOTE | UNIT_WORD_CUNESCAPE, &argv);
        if (r < 0)
                return unit_setting_error(s, value, ret_error,
                                          "a quote is not closed or an escape does not exist: use \\\\ for a "
                                          "backslash, \\\" for a quote");

        if (!path)
                path = g_strdup(argv[0] ?: "");
        r = check_program(s, path, value, ret_error);
        if (r < 0)
                return r;
        if (!argv[0])
                return unit_setting_error(s, value, ret_error, "nothing for argv[0]: \"@\" needs it after the path");
        if (g_strv_length(argv) > UNIT_PROPERTY_LIST_MAX)
                return unit_setting_error(s, value, ret_error,
                                          "too many arguments: at most %d", UNIT_PROPERTY_LIST_MAX);

        *ret_flags = flags;
        *ret_path = g_steal_pointer(&path);
        *ret_argv = g_steal_pointer(&argv);
        return 0;
}

static GVariant *extended_command(const char *path, GVariant *argv, ExecFlags flags) {
        GVariantBuilder names;

        g_variant_builder_init(&names, G_VARIANT_TYPE_STRING_ARRAY);
        for (const UnitName *n = exec_flag_names; n->name; n++)
                if (flags & n->value)
                        g_variant_builder_add(&names, "s", n->name);

        return g_variant_new("(s@asas)", path, argv, &names);
}

/* ExecStart a(sasb) becomes ExecStartEx a(sasas): the same commands, with room for all flags. */
static void extend_property(const UnitSetting *s, GPtrArray *properties) {
        const UnitProperty *p = unit_property_find(properties, unit_setting_property(s));
        GVariantBuilder commands;
        GVariantIter iter;
        const char *path;
        GVariant *argv;
        gboolean ignore;

        if (!p)
                return;

        g_variant_builder_init(&commands, G_VARIANT_TYPE("a(sasas)"));
        g_variant_iter_init(&iter, p->value);
        while (g_variant_iter_loop(&iter, "(&s@asb)", &path, &argv, &ignore))
                g_variant_builder_add_value(&commands,
                                            extended_command(path, argv, ignore ? EXEC_IGNORE_FAILURE : 0));

        unit_properties_set_alternate(properties, s, g_variant_builder_end(&commands));
}

int unit_setting_exec(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_autofree char *path = NULL;
        g_auto(GStrv) argv = NULL;
        const UnitProperty *plain = unit_property_find(properties, unit_setting_property(s));
        const UnitProperty *extended = unit_property_find(properties, s->alternate);
        GVariant *arguments, *command;
        ExecFlags flags = 0;
        int r;

        /* Type=exec has one main process. */
        if ((plain || extended) && s->max == 1)
                return unit_setting_error(s, value, ret_error,
                                          "a run has one command: clear the earlier one by an empty %s=, or use "
                                          "ExecStartPre=", s->key);
        if (plain && g_variant_n_children(plain->value) >= UNIT_PROPERTY_LIST_MAX)
                return unit_setting_error(s, value, ret_error,
                                          "too many commands: at most %d", UNIT_PROPERTY_LIST_MAX);

        r = split_command(s, value, &flags, &path, &argv, ret_error);
        if (r < 0)
                return r;

        arguments = g_variant_new_strv((const char *const *) argv, -1);
        if (!extended && !(flags & ~EXEC_IGNORE_FAILURE)) {
                command = g_variant_new("(s@asb)", path, arguments, (flags & EXEC_IGNORE_FAILURE) != 0);
                return unit_properties_append(properties, s, unit_setting_property(s), value,
                                              g_variant_new_array(NULL, &command, 1), ret_error);
        }

        extend_property(s, properties);
        command = extended_command(path, arguments, flags);
        return unit_properties_append(properties, s, s->alternate, value, g_variant_new_array(NULL, &command, 1),
                                      ret_error);
}
