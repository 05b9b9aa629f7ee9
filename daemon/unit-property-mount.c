/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* systemd.exec(5): bind mounts, temporary file systems and disk images. */

#include <string.h>
#include <sys/mount.h>

#include "unit-property-internal.h"

/* One "SOURCE[:DESTINATION[:OPTION]]". Returns 1, 0 at the end, -EINVAL. */
static int take_bind(const char **p, GVariantBuilder *binds) {
        const UnitWordFlags flags = UNIT_WORD_UNQUOTE | UNIT_WORD_KEEP_EMPTY;
        g_autofree char *source = NULL, *destination = NULL, *option = NULL, *from = NULL, *to = NULL;
        char separator = 0;
        bool may_miss;

        if (*p)
                *p += strspn(*p, UNIT_WHITESPACE);
        if (!*p || **p == 0)
                return 0;

        if (unit_word_next(p, ":" UNIT_WHITESPACE, flags, &source, &separator) < 0)
                return -EINVAL;
        if (separator == ':' && unit_word_next(p, ":" UNIT_WHITESPACE, flags, &destination, &separator) < 0)
                return -EINVAL;
        if (destination && separator == ':' && unit_word_next(p, NULL, flags, &option, NULL) < 0)
                return -EINVAL;

        may_miss = *source == '-';
        if (unit_path_simplify(source + may_miss, &from) < 0 ||
            unit_path_simplify(destination ?: source + may_miss, &to) < 0)
                return -EINVAL;
        if (option && *option && strcmp(option, "rbind") != 0 && strcmp(option, "norbind") != 0)
                return -EINVAL;

        g_variant_builder_add(binds, "(ssbt)", from, to, may_miss,
                              (guint64) (g_strcmp0(option, "norbind") == 0 ? 0 : MS_REC));
        return 1;
}

int unit_setting_bind(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_auto(GVariantBuilder) binds = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a(ssbt)"));
        const char *p = value;
        int r;

        do {
                r = take_bind(&p, &binds);
                if (r < 0)
                        return unit_setting_error(s, value, ret_error,
                                                  "not a list of mounts: use SOURCE, SOURCE:DESTINATION or "
                                                  "SOURCE:DESTINATION:norbind with absolute paths, after \"-\" when "
                                                  "the source may be missing");
        } while (r > 0);

        return unit_properties_append(properties, s, unit_setting_property(s), value, g_variant_builder_end(&binds),
                                      ret_error);
}

int unit_setting_temporary(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_auto(GVariantBuilder) mounts = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a(ss)"));
        g_auto(GStrv) words = NULL;

        if (unit_words(value, NULL, UNIT_WORD_UNQUOTE, &words) < 0)
                return unit_setting_error(s, value, ret_error, "a quote is not closed");

        for (char **word = words; *word; word++) {
                g_auto(GStrv) parts = g_strsplit(*word, ":", 2);
                g_autofree char *path = NULL;

                if (!parts[0] || unit_path_simplify(parts[0], &path) < 0)
                        return unit_setting_error(s, value, ret_error,
                                                  "\"%s\" is not a mount point: use absolute paths, or PATH:OPTIONS",
                                                  *word);
                g_variant_builder_add(&mounts, "(ss)", path, parts[1] ?: "");
        }

        return unit_properties_append(properties, s, unit_setting_property(s), value, g_variant_builder_end(&mounts),
                                      ret_error);
}

/* Words of a disk image's line may hold a ":" after a backslash. */
static int split_image(const char *word, char ***ret) {
        g_auto(GStrv) parts = NULL;
        int r;

        r = unit_words(word, ":", UNIT_WORD_CUNESCAPE | UNIT_WORD_UNESCAPE_SEPARATORS, &parts);
        if (r < 0)
                return r;

        for (char **part = parts; *part; part++)
                for (const char *c = *part; *c; c++)
                        if (g_ascii_iscntrl(*c))
                                return -EINVAL;

        *ret = g_steal_pointer(&parts);
        return 0;
}

/* "OPTIONS" are those of the root partition, "PARTITION:OPTIONS:PARTITION:OPTIONS..." are those of each. */
static int add_options(const UnitSetting *s, char *const *parts, GVariantBuilder *options) {
        if (parts[0] && !parts[1]) {
                g_variant_builder_add(options, "(ss)", "root", parts[0]);
                return 0;
        }

        for (; *parts; parts += 2) {
                if (!parts[1] || !unit_name_find(s->names, parts[0]))
                        return -EINVAL;
                g_variant_builder_add(options, "(ss)", parts[0], parts[1]);
        }

        return 0;
}

static int options_error(const UnitSetting *s, const char *value, char **ret_error) {
        g_autofree char *names = unit_names_join(s->names);

        return unit_setting_error(s, value, ret_error,
                                  "not mount options: use OPTIONS, or PARTITION:OPTIONS with PARTITION one of %s",
                                  names);
}

int unit_setting_image_options(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_auto(GVariantBuilder) options = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a(ss)"));
        g_auto(GStrv) words = NULL;

        if (unit_words(value, NULL, UNIT_WORD_UNQUOTE | UNIT_WORD_RETAIN_ESCAPE, &words) < 0)
                return unit_setting_error(s, value, ret_error, "a quote is not closed");

        for (char **word = words; *word; word++) {
                g_auto(GStrv) parts = NULL;

                if (split_image(*word, &parts) < 0 || g_strv_length(parts) > 2 || add_options(s, parts, &options) < 0)
                        return options_error(s, value, ret_error);
        }

        return unit_properties_append(properties, s, unit_setting_property(s), value, g_variant_builder_end(&options),
                                      ret_error);
}

/* "[-]SOURCE[:DESTINATION][:OPTIONS...]"; only MountImages= has a destination. */
static int append_images(const UnitSetting *s, bool destination, const char *value, GPtrArray *properties,
                         char **ret_error) {
        g_auto(GVariantBuilder) images = G_VARIANT_BUILDER_INIT(destination ? G_VARIANT_TYPE("a(ssba(ss))") :
                                                                              G_VARIANT_TYPE("a(sba(ss))"));
        g_auto(GStrv) words = NULL;

        if (unit_words(value, NULL, UNIT_WORD_UNQUOTE | UNIT_WORD_RETAIN_ESCAPE, &words) < 0)
                return unit_setting_error(s, value, ret_error, "a quote is not closed");

        for (char **word = words; *word; word++) {
                g_auto(GVariantBuilder) options = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a(ss)"));
                g_autofree char *source = NULL, *target = NULL;
                g_auto(GStrv) parts = NULL;
                bool may_miss = **word == '-';

                if (split_image(*word + may_miss, &parts) < 0 || !parts[0] ||
                    unit_path_simplify(parts[0], &source) < 0 ||
                    (destination && (!parts[1] || unit_path_simplify(parts[1], &target) < 0)))
                        return unit_setting_error(s, value, ret_error,
                                                  "\"%s\" is not an image: use %s with absolute paths, after \"-\" "
                                                  "when the image may be missing",
                                                  *word,
                                                  destination ? "IMAGE:DIRECTORY[:OPTIONS]" : "IMAGE[:OPTIONS]");
                if (add_options(s, parts + 1 + destination, &options) < 0)
                        return options_error(s, value, ret_error);

                if (destination)
                        g_variant_builder_add(&images, "(ssba(ss))", source, target, may_miss, &options);
                else
                        g_variant_builder_add(&images, "(sba(ss))", source, may_miss, &options);
        }

        return unit_properties_append(properties, s, unit_setting_property(s), value, g_variant_builder_end(&images),
                                      ret_error);
}

int unit_setting_mount_images(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        return append_images(s, true, value, properties, ret_error);
}

int unit_setting_extension_images(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        return append_images(s, false, value, properties, ret_error);
}

/* RootHash= and RootHashSignature=: a path, which is the alternate property, or the bytes themselves. */
int unit_setting_root_hash(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        enum { HASH_MIN = 16 }; /* bytes */
        bool signature = strcmp(s->key, "RootHashSignature") == 0;
        g_autoptr(GString) bytes = NULL;
        g_autofree char *path = NULL;
        int r = -EINVAL;

        if (unit_path_simplify(value, &path) == 0) {
                unit_properties_set_alternate(properties, s, g_variant_new_string(path));
                return 0;
        }

        if (!signature)
                r = unit_hex_decode(value, &bytes);
        else if (g_str_has_prefix(value, "base64:"))
                r = unit_base64_decode(value + strlen("base64:"), &bytes);
        if (r < 0 || bytes->len < (signature ? 1 : HASH_MIN))
                return unit_setting_error(s, value, ret_error,
                                          "use %s, or an absolute path",
                                          signature ? "base64: and Base64" : "32 or more hexadecimal digits");

        unit_properties_set(properties, s, g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, bytes->str, bytes->len, 1));
        return 0;
}
