/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* systemd.resource-control(5): network access and BPF programs. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "unit-property-internal.h"

static void add_prefix(GVariantBuilder *prefixes, int family, const char *address, uint32_t length) {
        unsigned char bytes[sizeof(struct in6_addr)];
        size_t size = family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);

        (void) inet_pton(family, address, bytes);
        g_variant_builder_add(prefixes, "(i@ayu)", family,
                              g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, bytes, size, 1), length);
}

/* The names that systemd.resource-control(5) has for prefixes. */
static bool add_named_prefix(GVariantBuilder *prefixes, const char *word) {
        static const struct {
                const char *name, *address4, *address6;
                uint32_t length4, length6;
        } names[] = {
                { "any", "0.0.0.0", "::", 0, 0 },
                { "localhost", "127.0.0.0", "::1", 8, 128 },
                { "link-local", "169.254.0.0", "fe80::", 16, 64 },
                { "multicast", "224.0.0.0", "ff00::", 4, 8 },
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (strcmp(names[i].name, word) == 0) {
                        add_prefix(prefixes, AF_INET, names[i].address4, names[i].length4);
                        add_prefix(prefixes, AF_INET6, names[i].address6, names[i].length6);
                        return true;
                }

        return false;
}

static bool add_address(GVariantBuilder *prefixes, const char *word) {
        const char *slash = strchr(word, '/');
        g_autofree char *address = slash ? g_strndup(word, (gsize) (slash - word)) : g_strdup(word);
        int family = strchr(address, ':') ? AF_INET6 : AF_INET;
        uint64_t max = family == AF_INET ? 32 : 128, length = max;
        unsigned char bytes[sizeof(struct in6_addr)];

        if (inet_pton(family, address, bytes) != 1)
                return false;
        if (slash && (unit_parse_unsigned(slash + 1, &length) < 0 || length > max))
                return false;

        add_prefix(prefixes, family, address, (uint32_t) length);
        return true;
}

int unit_setting_ip_address(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_auto(GVariantBuilder) prefixes = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a(iayu)"));
        g_auto(GStrv) words = NULL;

        if (unit_words(value, NULL, 0, &words) < 0)
                return unit_setting_error(s, value, ret_error, "a backslash stands alone");

        for (char **word = words; *word; word++)
                if (!add_named_prefix(&prefixes, *word) && !add_address(&prefixes, *word))
                        return unit_setting_error(s, value, ret_error,
                                                  "\"%s\" is not an address: use IPv4 or IPv6 addresses, with "
                                                  "/LENGTH for a network, or any, localhost, link-local, multicast",
                                                  *word);

        return unit_properties_append(properties, s, unit_setting_property(s), value,
                                      g_variant_builder_end(&prefixes), ret_error);
}

/* A program that is pinned below /sys/fs/bpf. */
int unit_setting_ip_filter(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_autofree char *path = NULL;

        if (unit_path_simplify(value, &path) < 0)
                return unit_setting_error(s, value, ret_error,
                                          "not a path: use the absolute path of a pinned BPF program");

        return unit_properties_append(properties, s, unit_setting_property(s), value,
                                      g_variant_new_strv((const char *const[]) { path }, 1), ret_error);
}

int unit_setting_bpf_program(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_auto(GStrv) parts = g_strsplit(value, ":", 2);
        g_autofree char *path = NULL;
        GVariant *entry;

        if (!parts[0] || !unit_name_find(s->names, parts[0])) {
                g_autofree char *names = unit_names_join(s->names);

                return unit_setting_error(s, value, ret_error,
                                          "no such hook: use HOOK:PATH, with HOOK one of %s", names);
        }
        if (!parts[1] || unit_path_simplify(parts[1], &path) < 0)
                return unit_setting_error(s, value, ret_error,
                                          "not a path: use HOOK:PATH, with the absolute path of a pinned BPF program");

        entry = g_variant_new("(ss)", parts[0], path);
        return unit_properties_append(properties, s, unit_setting_property(s), value,
                                      g_variant_new_array(NULL, &entry, 1), ret_error);
}

static bool take_ports(const char *text, uint32_t *ret_number, uint32_t *ret_first) {
        uint32_t lower, upper;

        if (strcmp(text, "any") == 0) {
                *ret_number = *ret_first = 0;
                return true;
        }

        if (unit_parse_range(text, &lower, &upper) < 0 || lower == 0 || upper > UINT16_MAX || lower > upper)
                return false;

        *ret_number = upper - lower + 1;
        *ret_first = lower;
        return true;
}

/* [FAMILY:][PROTOCOL:][PORTS], at least one of them; what is left out means any. */
int unit_setting_socket_bind(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_auto(GStrv) parts = g_strsplit(value, ":", 4);
        uint32_t n_ports = 0, first_port = 0;
        int family = AF_UNSPEC, protocol = 0;
        char **part = parts;
        GVariant *entry;

        if (*part && (strcmp(*part, "ipv4") == 0 || strcmp(*part, "ipv6") == 0))
                family = (*part++)[3] == '4' ? AF_INET : AF_INET6;
        if (*part && (strcmp(*part, "tcp") == 0 || strcmp(*part, "udp") == 0))
                protocol = **part++ == 't' ? IPPROTO_TCP : IPPROTO_UDP;
        if (*part && take_ports(*part, &n_ports, &first_port))
                part++;
        if (*part || part == parts)
                return unit_setting_error(s, value, ret_error,
                                          "not a rule: use any, a port or FIRST-LAST, after ipv4: or ipv6: and tcp: "
                                          "or udp: where it is for one only");

        entry = g_variant_new("(iiqq)", family, protocol, n_ports, first_port);
        return unit_properties_append(properties, s, unit_setting_property(s), value,
                                      g_variant_new_array(NULL, &entry, 1), ret_error);
}
