/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>

#include "time-span.h"
#include "unit-property-internal.h"
#include "unit-property-text.h"

/* Words with blanks in them are quoted, as a unit file would have to. */
static void append_word(GString *text, const char *word) {
        if (text->len > 0)
                g_string_append_c(text, ' ');
        if (*word && !strpbrk(word, " \t\n\"'\\"))
                g_string_append(text, word);
        else {
                g_autofree char *escaped = g_strescape(word, NULL);

                g_string_append_printf(text, "\"%s\"", escaped);
        }
}

static char *words_to_text(GVariant *words) {
        GString *text = g_string_new(NULL);
        GVariantIter iter;
        const char *word;

        g_variant_iter_init(&iter, words);
        while (g_variant_iter_next(&iter, "&s", &word))
                append_word(text, word);
        return g_string_free(text, false);
}

static bool is_usec(const char *name) {
        return g_str_has_suffix(name, "USec");
}

/* NULL: one of them has no name. */
static char *capabilities_to_text(uint64_t set) {
        g_autoptr(GString) text = g_string_new(NULL);

        for (unsigned i = 0; i < 64; i++) {
                g_autofree char *name = set & (UINT64_C(1) << i) ? unit_capability_to_name(i) : NULL;

                if (name)
                        append_word(text, name);
                else if (set & (UINT64_C(1) << i))
                        return NULL;
        }
        return g_strdup(text->str);
}

static char *number_to_text(const char *name, uint64_t value) {
        char *text;

        if (is_usec(name))
                return time_span_format(value);
        if (g_str_has_prefix(name, "CapabilityBoundingSet") || g_str_has_prefix(name, "AmbientCapabilities")) {
                text = capabilities_to_text(value);
                if (text)
                        return text;
        }
        if (strcmp(name, "RestrictNamespaces") == 0 && value == 0) /* which may be used */
                return g_strdup("yes");
        return value == UINT64_MAX ? g_strdup("infinity") : g_strdup_printf("%" PRIu64, value);
}

/* a(sasb) and a(sasas): the arguments say it all, the path and the flags only when they are not the usual ones. */
static void append_command(GString *text, GVariant *command) {
        g_autoptr(GVariant) argv = g_variant_get_child_value(command, 1);
        g_autoptr(GVariant) flags = g_variant_get_child_value(command, 2);
        g_autofree char *arguments = words_to_text(argv), *flag_text = NULL;
        const char *path, *first = "";

        g_variant_get_child(command, 0, "&s", &path);
        if (g_variant_n_children(argv) > 0)
                g_variant_get_child(argv, 0, "&s", &first);
        if (text->len > 0)
                g_string_append(text, " ; ");
        if (g_variant_is_of_type(flags, G_VARIANT_TYPE_BOOLEAN))
                flag_text = g_strdup(g_variant_get_boolean(flags) ? "ignore-failure" : "");
        else
                flag_text = words_to_text(flags);
        if (*flag_text)
                g_string_append_printf(text, "(%s) ", flag_text);
        if (strcmp(path, first) != 0)
                g_string_append_printf(text, "@%s ", path);
        g_string_append(text, arguments);
}

static char *commands_to_text(GVariant *commands) {
        GString *text = g_string_new(NULL);

        for (gsize i = 0; i < g_variant_n_children(commands); i++) {
                g_autoptr(GVariant) command = g_variant_get_child_value(commands, i);

                append_command(text, command);
        }
        return g_string_free(text, false);
}

static bool is_mode(const char *name) {
        return strcmp(name, "UMask") == 0 || g_str_has_suffix(name, "Mode");
}

/* (bas): what is allowed, or, after "~", what is not. */
static char *filter_to_text(GVariant *filter) {
        g_autoptr(GVariant) words = g_variant_get_child_value(filter, 1);
        g_autofree char *text = words_to_text(words);
        gboolean allowed;

        g_variant_get_child(filter, 0, "b", &allowed);
        if (allowed)
                return *text ? TAKE_PTR(text) : g_strdup("none");
        return g_strconcat("~", text, NULL);
}

static char *integer_to_text(const char *name, int32_t value) {
        if (strcmp(name, "SystemCallErrorNumber") == 0 && strerrorname_np(value))
                return g_strdup(strerrorname_np(value));
        if (strcmp(name, "KillSignal") == 0 && sigabbrev_np(value))
                return g_strconcat("SIG", sigabbrev_np(value), NULL);
        return g_strdup_printf("%" PRIi32, value);
}

char *unit_property_to_text(const UnitProperty *p) {
        GVariant *v = p->value;

        switch (g_variant_classify(v)) {
        case G_VARIANT_CLASS_STRING:
                return g_variant_dup_string(v, NULL);
        case G_VARIANT_CLASS_BOOLEAN:
                return g_strdup(g_variant_get_boolean(v) ? "yes" : "no");
        case G_VARIANT_CLASS_UINT64:
                return number_to_text(p->name, g_variant_get_uint64(v));
        case G_VARIANT_CLASS_INT32:
                return integer_to_text(p->name, g_variant_get_int32(v));
        case G_VARIANT_CLASS_UINT32:
                if (is_mode(p->name))
                        return g_strdup_printf("%04" PRIo32, g_variant_get_uint32(v));
                break;
        default:
                break;
        }
        if (g_variant_is_of_type(v, G_VARIANT_TYPE_STRING_ARRAY))
                return words_to_text(v);
        if (g_variant_is_of_type(v, G_VARIANT_TYPE("(bas)")))
                return filter_to_text(v);
        if (g_variant_is_of_type(v, G_VARIANT_TYPE("a(sasb)")) || g_variant_is_of_type(v, G_VARIANT_TYPE("a(sasas)")))
                return commands_to_text(v);
        return g_variant_print(v, false);
}
