/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdarg.h>
#include <string.h>

#include "bus-report.h"
#include "jobctl.h"
#include "names.h"
#include "options.h"

static gboolean parse_socket(const char *option, const char *value, void *userdata, GError **error) {
        Jobctl *j = userdata;

        /* Kept until the program ends, as the connection does. */
        g_free(j->socket);
        j->socket = g_strdup(value && value[0] ? value : JOBD_SOCKET_PATH);
        j->connection.socket = j->socket;
        return true;
}

static gboolean parse_no_ask_password(const char *option, const char *value, void *userdata, GError **error) {
        ((Jobctl *) userdata)->connection.ask_password = false;
        return true;
}

static gboolean parse_json(const char *option, const char *value, void *userdata, GError **error) {
        ((Jobctl *) userdata)->json = true;
        return true;
}

static const GOptionEntry common_entries[] = {
        { "json", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, parse_json, "Print JSON", NULL },
        { "no-ask-password", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, parse_no_ask_password,
          "Do not ask for a password", NULL },
        { "socket", 0, G_OPTION_FLAG_OPTIONAL_ARG | G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, parse_socket,
          "Not by the bus, by jobd's socket (for root)", "PATH" },
        {}
};

GOptionContext *option_context_new(Jobctl *j, const char *arguments, const GOptionEntry *entries) {
        GOptionContext *context = g_option_context_new(arguments);
        GOptionGroup *group = g_option_group_new(NULL, NULL, NULL, j, NULL);

        g_option_context_set_help_enabled(context, false); /* it would end the program in the midst of parsing */
        if (entries)
                g_option_group_add_entries(group, entries);
        g_option_group_add_entries(group, common_entries);
        g_option_context_set_main_group(context, group);
        return context;
}

int usage_error(const Verb *verb, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list arguments;

        va_start(arguments, format);
        text = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        (void) report_error(-EINVAL, "%s\nSee \"jobctl %s%s--help\".", text, verb ? verb->name : "", verb ? " " : "");
        return STATUS_USAGE;
}

static void replace(GString *text, const char *old, const char *new) {
        (void) g_string_replace(text, old, new, 0);
}

/* GOption says of "--fetch[=DIR]", too, that it is "--fetch=DIR". There is room: it lays out in columns. */
static void mark_optional(GString *help, const GOptionEntry *entries) {
        for (const GOptionEntry *e = entries; e && e->long_name; e++) {
                g_autofree char *plain = g_strdup_printf("--%s=%s  ", e->long_name, e->arg_description);
                g_autofree char *marked = g_strdup_printf("--%s[=%s]", e->long_name, e->arg_description);

                if (e->flags & G_OPTION_FLAG_OPTIONAL_ARG)
                        replace(help, plain, marked);
        }
}

/* GOption's own words, without the ellipsis that not every terminal has, and for "jobctl VERB". */
static void print_help(GOptionContext *context, const Verb *verb, const GOptionEntry *entries) {
        g_autofree char *name = g_strdup_printf("jobctl %s", verb->name), *text = NULL;
        g_autoptr(GString) help = NULL;

        g_set_prgname(name);
        text = g_option_context_get_help(context, true, NULL);
        help = g_string_new(text);
        replace(help, "…", "...");
        mark_optional(help, entries);
        mark_optional(help, common_entries);
        (void) fputs(help->str, stdout);
}

static int check_count(const Verb *verb, char **arguments, unsigned min, unsigned max) {
        unsigned n = arguments ? g_strv_length(arguments) : 0;

        if (n < min)
                return usage_error(verb, "%s: something is missing: jobctl %s %s", verb->name, verb->name,
                                   verb->arguments);
        if (n > max)
                return usage_error(verb, "%s: one argument too many: %s", verb->name, arguments[max]);
        return -1;
}

static bool takes_value(const GOptionEntry *e) {
        return e->arg != G_OPTION_ARG_NONE && !(e->flags & (G_OPTION_FLAG_NO_ARG | G_OPTION_FLAG_OPTIONAL_ARG));
}

static bool long_takes_value(const GOptionEntry *entries, const char *name) {
        for (const GOptionEntry *e = entries; e && e->long_name; e++)
                if (strcmp(e->long_name, name) == 0)
                        return takes_value(e);
        return false;
}

/* Where in "-qn1" the first option with a value is; NULL when there is none. */
static const char *short_with_value(const GOptionEntry *entries, const char *argument) {
        for (const char *c = argument + 1; *c; c++)
                for (const GOptionEntry *e = entries; e && e->long_name; e++)
                        if (e->short_name == *c && takes_value(e))
                                return c;
        return NULL;
}

/* GOption understands "-n 1" only, and everybody also writes "-n1": takes that apart. */
static char **split_short_options(const GOptionEntry *entries, int argc, char **argv) {
        GPtrArray *out = g_ptr_array_new();
        int i = 0;

        for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
                bool is_short = i > 0 && argv[i][0] == '-' && argv[i][1] != '-';
                const char *c = is_short ? short_with_value(entries, argv[i]) : NULL;

                if (c && c[1]) {
                        g_ptr_array_add(out, g_strndup(argv[i], (size_t) (c + 1 - argv[i])));
                        g_ptr_array_add(out, g_strdup(c + 1));
                        continue;
                }
                g_ptr_array_add(out, g_strdup(argv[i]));
                /* What follows is its value, whatever it looks like. */
                if (i + 1 < argc && (c || (i > 0 && g_str_has_prefix(argv[i], "--") &&
                                           long_takes_value(entries, argv[i] + 2))))
                        g_ptr_array_add(out, g_strdup(argv[++i]));
        }
        for (; i < argc; i++)
                g_ptr_array_add(out, g_strdup(argv[i]));
        g_ptr_array_add(out, NULL);
        return (char **) g_ptr_array_free(out, false);
}

int verb_parse(Jobctl *j, const Verb *verb, const GOptionEntry *entries, int argc, char **argv, unsigned min,
               unsigned max, char ***ret_arguments) {
        static char *none[] = { NULL };
        /* Static, because they are the caller's to read until the program ends. */
        static char **arguments;
        gboolean help = false;
        const GOptionEntry general[] = {
                { "help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show this help", NULL },
                { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &arguments, NULL, NULL },
                {}
        };
        g_autoptr(GOptionContext) context = option_context_new(j, verb->arguments, entries);
        g_auto(GStrv) split = split_short_options(entries, argc, argv);
        g_autoptr(GError) error = NULL;
        int r;

        g_option_group_add_entries(g_option_context_get_main_group(context), general);
        g_option_context_set_summary(context, verb->summary);
        g_option_context_set_description(context, verb->details);
        if (!g_option_context_parse_strv(context, &split, &error))
                return usage_error(verb, "%s: %s", verb->name, error->message);
        if (help) {
                print_help(context, verb, entries);
                return EXIT_SUCCESS;
        }
        r = check_count(verb, arguments, min, max);
        if (r >= 0)
                return r;
        *ret_arguments = arguments ?: none;
        return -1;
}
