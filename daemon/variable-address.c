/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <arpa/inet.h>
#include <string.h>

#include "variable-text.h"
#include "variable-type.h"

/*
 * Type=ipaddress, Type=ipaddress-with-mask and Type=ipnetwork: literals only, no name is ever looked up. inet_pton()
 * takes four decimal numbers without leading zeros for IPv4, and no zone for IPv6; inet_ntop() gives the canonical
 * form of RFC 5952, which is what the job gets.
 */

typedef struct Address {
        int family;
        uint8_t bytes[sizeof(struct in6_addr)];
        unsigned size;          /* bits */
        unsigned prefix_length; /* bits */
} Address;

static bool parse_address(const char *text, Address *ret) {
        Address a = { .family = AF_INET, .size = 32 };

        if (inet_pton(AF_INET, text, a.bytes) != 1) {
                a.family = AF_INET6;
                a.size = 128;
                if (inet_pton(AF_INET6, text, a.bytes) != 1)
                        return false;
        }

        *ret = a;
        return true;
}

static bool parse_prefix(const char *text, Address *ret) {
        const char *slash = strchr(text, '/');
        g_autofree char *address = g_strndup(text, slash - text);
        int64_t length;

        if (!parse_address(address, ret))
                return false;
        if (variable_text_to_integer(slash + 1, &length) < 0 || slash[1] == '-' || length > ret->size)
                return false;

        ret->prefix_length = (unsigned) length;
        return true;
}

static char *format_address(const Address *a) {
        char text[INET6_ADDRSTRLEN];

        if (!inet_ntop(a->family, a->bytes, text, sizeof(text)))
                g_assert_not_reached();
        return g_strdup(text);
}

static char *format_prefix(const Address *a) {
        g_autofree char *address = format_address(a);

        return g_strdup_printf("%s/%u", address, a->prefix_length);
}

/* Clears the bits after the prefix; whether any was set. */
static bool clear_host_bits(Address *a) {
        bool any = false;

        for (unsigned i = a->prefix_length; i < a->size; i++) {
                uint8_t bit = (uint8_t) (0x80 >> (i % 8));

                any = any || (a->bytes[i / 8] & bit);
                a->bytes[i / 8] &= (uint8_t) ~bit;
        }
        return any;
}

static JsonNode *ipaddress_check(const Variable *v, JsonNode *value, JsonArray *messages) {
        const char *text = variable_value_text(value, "", messages);
        g_autofree char *canonical = NULL;
        Address a;

        if (!text)
                return NULL;
        if (!parse_address(text, &a)) {
                g_autofree char *shown = v->sensitive ? NULL : json_show_text(text);

                variable_message(messages, "Invalid IPv4/IPv6 address format%s%s", shown ? ": " : ".", shown ?: "");
                return NULL;
        }

        canonical = format_address(&a);
        return json_node_init_string(json_node_alloc(), canonical);
}

static bool check_prefix(JsonNode *value, Address *ret, JsonArray *messages) {
        const char *text = variable_value_text(value, "", messages);
        const char *slash;

        if (!text)
                return false;

        slash = strchr(text, '/');
        if (!slash || strchr(slash + 1, '/')) {
                variable_message(messages, "CIDR mask (e.g. /24) is required.");
                return false;
        }
        if (!parse_prefix(text, ret)) {
                variable_message(messages, "Please specify a valid IPv4 or IPv6 address.");
                return false;
        }
        return true;
}

static JsonNode *ipaddress_with_mask_check(const Variable *v, JsonNode *value, JsonArray *messages) {
        g_autofree char *canonical = NULL;
        Address a;

        if (!check_prefix(value, &a, messages))
                return NULL;
        canonical = format_prefix(&a);
        return json_node_init_string(json_node_alloc(), canonical);
}

static JsonNode *ipnetwork_check(const Variable *v, JsonNode *value, JsonArray *messages) {
        g_autofree char *canonical = NULL, *network = NULL;
        bool valid = true;
        Address a;

        if (!check_prefix(value, &a, messages))
                return NULL;

        canonical = format_prefix(&a);
        if (clear_host_bits(&a)) {
                network = format_prefix(&a);
                if (v->sensitive)
                        variable_message(messages, "Not a valid prefix: bits after its length are set.");
                else
                        variable_message(messages, "%s is not a valid prefix. Did you mean %s?", canonical, network);
                valid = false;
        }
        if (a.prefix_length < v->min_prefix_length) {
                variable_message(messages, "The prefix length must be greater than or equal to %u.",
                                 v->min_prefix_length);
                valid = false;
        }
        if (a.prefix_length > v->max_prefix_length) {
                variable_message(messages, "The prefix length must be less than or equal to %u.",
                                 v->max_prefix_length);
                valid = false;
        }
        return valid ? json_node_init_string(json_node_alloc(), canonical) : NULL;
}

static int ipnetwork_finish(Variable *v, VariableKey *ret_key, char **ret_error) {
        if (v->min_prefix_length > v->max_prefix_length) {
                *ret_key = VARIABLE_KEY_MIN_PREFIX_LENGTH;
                return variable_fail(ret_error, "%u is more than MaxPrefixLength=%u", v->min_prefix_length,
                                     v->max_prefix_length);
        }
        return 0;
}

static void ipnetwork_describe(const Variable *v, JsonObject *entry) {
        if (v->keys & VARIABLE_KEY_BIT(MIN_PREFIX_LENGTH))
                json_object_set_int_member(entry, "min_prefix_length", v->min_prefix_length);
        if (v->keys & VARIABLE_KEY_BIT(MAX_PREFIX_LENGTH))
                json_object_set_int_member(entry, "max_prefix_length", v->max_prefix_length);
}

const VariableType ipaddress_variable_type = {
        .name = "ipaddress",
        .keys = VARIABLE_KEYS_COMMON,
        .check = ipaddress_check,
};

const VariableType ipaddress_with_mask_variable_type = {
        .name = "ipaddress-with-mask",
        .keys = VARIABLE_KEYS_COMMON,
        .check = ipaddress_with_mask_check,
};

const VariableType ipnetwork_variable_type = {
        .name = "ipnetwork",
        .keys = VARIABLE_KEYS_COMMON | VARIABLE_KEY_BIT(MIN_PREFIX_LENGTH) | VARIABLE_KEY_BIT(MAX_PREFIX_LENGTH),
        .finish = ipnetwork_finish,
        .check = ipnetwork_check,
        .describe = ipnetwork_describe,
};
