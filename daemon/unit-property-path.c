/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* systemd.exec(5): paths and directories. */

#include <limits.h>
#include <string.h>

#include "unit-property-internal.h"

bool unit_file_name_is_valid(const char *name) {
        return *name && strlen(name) <= NAME_MAX && !strchr(name, '/') && strcmp(name, ".") != 0 &&
               strcmp(name, "..") != 0;
}

/* Takes out what means nothing: "//", "/./" and a "/" at the end. */
static int simplify(const char *text, char **ret) {
        g_autoptr(GString) path = NULL;
        g_auto(GStrv) parts = NULL;

        if (strnlen(text, PATH_MAX) >= PATH_MAX)
                return -EINVAL;

        path = g_string_new(*text == '/' ? "/" : NULL);
        parts = g_strsplit(text, "/", -1);
        for (char **part = parts; *part; part++) {
                if (**part == 0 || strcmp(*part, ".") == 0)
                        continue;
                if (!unit_file_name_is_valid(*part))
                        return -EINVAL;

                if (path->len > 0 && path->str[path->len - 1] != '/')
                        g_string_append_c(path, '/');
                g_string_append(path, *part);
        }

        if (path->len == 0)
                return -EINVAL;
        for (const char *c = path->str; *c; c++)
                if (g_ascii_iscntrl(*c))
                        return -EINVAL;

        *ret = g_string_free(g_steal_pointer(&path), FALSE);
        return 0;
}

int unit_path_simplify(const char *text, char **ret) {
        return *text == '/' ? simplify(text, ret) : -EINVAL;
}

bool unit_path_is_normalized(const char *path) {
        g_autofree char *simple = NULL;

        return simplify(path, &simple) == 0 && strcmp(simple, path) == 0;
}

int unit_setting_path(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_autofree char *path = NULL;

        if (unit_path_simplify(value, &path) < 0)
                return unit_setting_error(s, value, ret_error, "not a path: use an absolute one without \"..\"");

        unit_properties_set(properties, s, g_variant_new_string(path));
        return 0;
}

int unit_setting_working_directory(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        bool may_miss = *value == '-';
        g_autofree char *path = NULL;

        if (strcmp(value + may_miss, "~") == 0)
                path = g_strdup("~");
        else if (unit_path_simplify(value + may_miss, &path) < 0)
                return unit_setting_error(s, value, ret_error,
                                          "not a directory: use an absolute path or \"~\", after \"-\" when it may "
                                          "be missing");

        unit_properties_set(properties, s, g_variant_new_take_string(g_strconcat(may_miss ? "-" : "", path, NULL)));
        return 0;
}

/* "-" before a path: it may be missing; "+" after that: below RootDirectory=. */
int unit_setting_paths(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_auto(GVariantBuilder) paths = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_STRING_ARRAY);
        g_auto(GStrv) words = NULL;

        if (unit_words(value, NULL, UNIT_WORD_UNQUOTE, &words) < 0)
                return unit_setting_error(s, value, ret_error, "a quote is not closed");

        for (char **word = words; *word; word++) {
                size_t n_prefix = **word == '-';
                g_autofree char *path = NULL;

                n_prefix += (*word)[n_prefix] == '+';
                if (unit_path_simplify(*word + n_prefix, &path) < 0)
                        return unit_setting_error(s, value, ret_error,
                                                  "\"%s\" is not a path: use absolute ones without \"..\", after "
                                                  "\"-\" when they may be missing", *word);

                (*word)[n_prefix] = 0;
                g_variant_builder_add_value(&paths, g_variant_new_take_string(g_strconcat(*word, path, NULL)));
        }

        return unit_properties_append(properties, s, unit_setting_property(s), value, g_variant_builder_end(&paths),
                                      ret_error);
}

/* A unit file has ":" between the directories, systemd-run has spaces. */
int unit_setting_search_path(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_auto(GVariantBuilder) paths = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_STRING_ARRAY);
        g_auto(GStrv) words = NULL;

        if (unit_words(value, UNIT_WHITESPACE ":", UNIT_WORD_UNQUOTE, &words) < 0)
                return unit_setting_error(s, value, ret_error, "a quote is not closed");

        for (char **word = words; *word; word++) {
                g_autofree char *path = NULL;

                if (unit_path_simplify(*word, &path) < 0 || strchr(path, ':'))
                        return unit_setting_error(s, value, ret_error,
                                                  "\"%s\" is not a path: use absolute ones with \":\" between them",
                                                  *word);
                g_variant_builder_add(&paths, "s", path);
        }

        return unit_properties_append(properties, s, unit_setting_property(s), value, g_variant_builder_end(&paths),
                                      ret_error);
}

static int parse_directory(const char *text, char **ret) {
        g_autofree char *path = NULL;

        if (*text == '/' || simplify(text, &path) < 0)
                return -EINVAL;

        *ret = g_steal_pointer(&path);
        return 0;
}

/* "NAME" or "NAME:LINK". *ret_link is NULL without one. */
static int parse_directory_pair(const char *word, char **ret_name, char **ret_link) {
        g_autofree char *name = NULL, *link = NULL;
        g_auto(GStrv) parts = NULL;

        if (unit_words(word, ":", UNIT_WORD_CUNESCAPE | UNIT_WORD_UNESCAPE_SEPARATORS, &parts) < 0 || !parts[0] ||
            (parts[1] && parts[2]))
                return -EINVAL;

        /* systemd keeps those of DynamicUser= there. */
        if (parse_directory(parts[0], &name) < 0 || strcmp(name, "private") == 0 || g_str_has_prefix(name, "private/"))
                return -EINVAL;
        if (parts[1] && parse_directory(parts[1], &link) < 0)
                return -EINVAL;

        *ret_name = g_steal_pointer(&name);
        *ret_link = g_steal_pointer(&link);
        return 0;
}

/* StateDirectory= and its like: plain names and those with a link are two properties on the bus. */
int unit_setting_directory(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_auto(GVariantBuilder) names_builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_STRING_ARRAY);
        g_auto(GVariantBuilder) links_builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a(sst)"));
        g_autoptr(GVariant) names = NULL, links = NULL;
        g_auto(GStrv) words = NULL;
        int r = 0;

        if (unit_words(value, NULL, UNIT_WORD_UNQUOTE | UNIT_WORD_RETAIN_ESCAPE, &words) < 0)
                return unit_setting_error(s, value, ret_error, "a quote is not closed");

        for (char **word = words; *word; word++) {
                g_autofree char *name = NULL, *link = NULL;

                if (parse_directory_pair(*word, &name, &link) < 0 || (link && !s->alternate))
                        return unit_setting_error(s, value, ret_error,
                                                  "\"%s\" is not the name of a directory: use relative paths without "
                                                  "\"..\" and not below \"private\"%s",
                                                  *word, s->alternate ? ", or NAME:LINK" : "");
                if (link)
                        g_variant_builder_add(&links_builder, "(sst)", name, link, UINT64_C(0));
                else
                        g_variant_builder_add(&names_builder, "s", name);
        }

        names = g_variant_ref_sink(g_variant_builder_end(&names_builder));
        links = g_variant_ref_sink(g_variant_builder_end(&links_builder));

        if (g_variant_n_children(links) > 0)
                r = unit_properties_check_room(properties, s, s->alternate, value, g_variant_get_type(links),
                                               g_variant_n_children(links), ret_error);
        if (r == 0 && g_variant_n_children(names) > 0)
                r = unit_properties_append(properties, s, unit_setting_property(s), value, names, ret_error);
        if (r == 0 && g_variant_n_children(links) > 0)
                r = unit_properties_append(properties, s, s->alternate, value, links, ret_error);
        return r;
}
