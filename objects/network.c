/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>

#include "model.h"

/* The network interfaces by rtnetlink, and what /sys says of them. */

static void freeifaddrsp(struct ifaddrs **list) {
        if (*list)
                freeifaddrs(*list);
}

static unsigned prefix_length(const void *mask, size_t size) {
        const uint8_t *bytes = mask;
        unsigned n = 0;

        for (size_t i = 0; i < size; i++)
                n += (unsigned) __builtin_popcount(bytes[i]);
        return n;
}

/* "192.0.2.1/24"; NULL for what is no address of IP. */
static char *format_address(const struct ifaddrs *i) {
        char text[INET6_ADDRSTRLEN];
        const void *address, *mask;
        size_t size;
        int family;

        if (!i->ifa_addr || !i->ifa_netmask)
                return NULL;
        family = i->ifa_addr->sa_family;
        if (family == AF_INET) {
                address = &((const struct sockaddr_in *) (const void *) i->ifa_addr)->sin_addr;
                mask = &((const struct sockaddr_in *) (const void *) i->ifa_netmask)->sin_addr;
                size = sizeof(struct in_addr);
        } else if (family == AF_INET6) {
                address = &((const struct sockaddr_in6 *) (const void *) i->ifa_addr)->sin6_addr;
                mask = &((const struct sockaddr_in6 *) (const void *) i->ifa_netmask)->sin6_addr;
                size = sizeof(struct in6_addr);
        } else
                return NULL;
        if (!inet_ntop(family, address, text, sizeof(text)))
                return NULL;
        return g_strdup_printf("%s/%u", text, prefix_length(mask, size));
}

static JsonArray *addresses_of(const struct ifaddrs *list, const char *name) {
        JsonArray *addresses = json_array_new();

        for (; list; list = list->ifa_next) {
                g_autofree char *text = strcmp(list->ifa_name, name) == 0 ? format_address(list) : NULL;

                if (text)
                        add_text(addresses, text);
        }
        return addresses;
}

static char *type_name(unsigned type) {
        switch (type) {
        case ARPHRD_ETHER:
                return g_strdup("ether");
        case ARPHRD_LOOPBACK:
                return g_strdup("loopback");
        case ARPHRD_NONE:
                return g_strdup("none");
        default:
                return g_strdup_printf("%u", type);
        }
}

static char *hardware_address(const struct sockaddr_ll *ll) {
        g_autoptr(GString) text = g_string_new(NULL);

        for (unsigned i = 0; i < ll->sll_halen && i < sizeof(ll->sll_addr); i++)
                g_string_append_printf(text, "%s%02x", i > 0 ? ":" : "", ll->sll_addr[i]);
        return g_strdup(text->str);
}

static JsonObject *describe(const struct ifaddrs *list, const char *name, const struct sockaddr_ll *ll) {
        g_autofree char *directory = g_build_filename("/sys/class/net", name, NULL), *type = type_name(ll->sll_hatype);
        g_autofree char *mtu = read_line(directory, "mtu"), *state = read_line(directory, "operstate");
        g_autofree char *address = hardware_address(ll);
        JsonObject *o = json_object_new();

        set_text(o, "name", name);
        json_object_set_int_member(o, "index", ll->sll_ifindex);
        set_text(o, "type", type);
        set_text_or_null(o, "address", address);
        if (mtu)
                json_object_set_int_member(o, "mtu", g_ascii_strtoll(mtu, NULL, 10));
        else
                json_object_set_null_member(o, "mtu");
        set_text_or_null(o, "state", state);
        json_object_set_array_member(o, "addresses", addresses_of(list, name));
        return o;
}

int model_interfaces(char **keys, JsonArray *objects, char **ret_error) {
        _cleanup_(freeifaddrsp) struct ifaddrs *list = NULL;

        if (getifaddrs(&list) < 0)
                return model_failed(-errno, ret_error, "cannot ask the kernel for the network interfaces");
        /* Each interface has one of AF_PACKET, whether it has addresses or not. */
        for (const struct ifaddrs *i = list; i; i = i->ifa_next)
                if (i->ifa_addr && i->ifa_addr->sa_family == AF_PACKET)
                        json_array_add_object_element(
                                        objects,
                                        describe(list, i->ifa_name,
                                                 (const struct sockaddr_ll *) (const void *) i->ifa_addr));
        return 0;
}
