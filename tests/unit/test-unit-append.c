/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "unit-append.h"

#include <sys/socket.h>

/* A connection that nobody answers: messages can be made for it. */
static sd_bus *bus_new(void) {
        sd_bus *bus = NULL;
        int fds[2];

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
        g_assert_cmpint(sd_bus_new(&bus), ==, 0);
        g_assert_cmpint(sd_bus_set_fd(bus, fds[0], fds[0]), ==, 0);
        g_assert_cmpint(sd_bus_start(bus), >=, 0);
        (void) close(fds[1]);

        return bus;
}

static sd_bus_message *message_new(sd_bus *bus) {
        sd_bus_message *m = NULL;

        g_assert_cmpint(sd_bus_message_new_signal(bus, &m, "/x", "x.y", "Z"), ==, 0);
        return m;
}

/* What sd-bus itself makes of the same values is the reference: both messages are dumped and compared. */
static char *dump(sd_bus_message *m) {
        g_autofree char *text = NULL;
        char *buffer = NULL;
        size_t size = 0;
        FILE *f = open_memstream(&buffer, &size);

        g_assert_nonnull(f);
        g_assert_cmpint(sd_bus_message_seal(m, 1, 0), ==, 0);
        g_assert_cmpint(sd_bus_message_dump(m, f, SD_BUS_MESSAGE_DUMP_SUBTREE_ONLY), >=, 0);
        g_assert_cmpint(fclose(f), ==, 0);

        text = g_strdup(buffer);
        free(buffer);
        return g_steal_pointer(&text);
}

static void assert_appended(sd_bus *bus, const char *variant, sd_bus_message *expected) {
        g_autoptr(GVariant) value = g_variant_ref_sink(g_variant_new_parsed(variant));
        sd_bus_message *m = message_new(bus);
        g_autofree char *ours = NULL, *theirs = NULL;

        g_assert_cmpint(unit_append_variant(m, value), ==, 0);
        ours = dump(m);
        theirs = dump(expected);
        g_assert_cmpstr(ours, ==, theirs);

        sd_bus_message_unref(m);
        sd_bus_message_unref(expected);
}

static sd_bus_message *expect(sd_bus *bus, const char *types, ...) {
        sd_bus_message *m = message_new(bus);
        va_list ap;

        va_start(ap, types);
        g_assert_cmpint(sd_bus_message_appendv(m, types, ap), >=, 0);
        va_end(ap);

        return m;
}

static void test_types(void) {
        sd_bus *bus = bus_new();

        assert_appended(bus, "true", expect(bus, "v", "b", 1));
        assert_appended(bus, "false", expect(bus, "v", "b", 0));
        assert_appended(bus, "byte 200", expect(bus, "v", "y", 200));
        assert_appended(bus, "int16 -5", expect(bus, "v", "n", -5));
        assert_appended(bus, "uint16 65535", expect(bus, "v", "q", 65535));
        assert_appended(bus, "-5", expect(bus, "v", "i", -5));
        assert_appended(bus, "uint32 4294967295", expect(bus, "v", "u", UINT32_MAX));
        assert_appended(bus, "int64 -5", expect(bus, "v", "x", INT64_C(-5)));
        assert_appended(bus, "uint64 18446744073709551615", expect(bus, "v", "t", UINT64_MAX));
        assert_appended(bus, "1.5", expect(bus, "v", "d", 1.5));
        assert_appended(bus, "'\303\244 text'", expect(bus, "v", "s", "\303\244 text"));
        assert_appended(bus, "''", expect(bus, "v", "s", ""));
        assert_appended(bus, "objectpath '/a/b'", expect(bus, "v", "o", "/a/b"));
        assert_appended(bus, "signature 'a{sv}'", expect(bus, "v", "g", "a{sv}"));
        assert_appended(bus, "[byte 1, 0, 255]", expect(bus, "v", "ay", 3, 1, 0, 255));
        assert_appended(bus, "@ay []", expect(bus, "v", "ay", 0));
        assert_appended(bus, "@as []", expect(bus, "v", "as", 0));
        assert_appended(bus, "[true, false]", expect(bus, "v", "ab", 2, 1, 0));
        assert_appended(bus, "(true, ['a', 'b'])", expect(bus, "v", "(bas)", 1, 2, "a", "b"));
        assert_appended(bus, "[('/p', ['a'], ['x', 'y'])]",
                        expect(bus, "v", "a(sasas)", 1, "/p", 1, "a", 2, "x", "y"));
        assert_appended(bus, "[(2, [byte 1, 2], uint32 8)]", expect(bus, "v", "a(iayu)", 1, 2, 2, 1, 2, 8));
        assert_appended(bus, "{'k': <uint64 1>, 'l': <['x']>}",
                        expect(bus, "v", "a{sv}", 2, "k", "t", UINT64_C(1), "l", "as", 1, "x"));
        assert_appended(bus, "<<'deep'>>", expect(bus, "v", "v", "v", "s", "deep"));

        sd_bus_flush_close_unref(bus);
}

static void test_errors(void) {
        g_autoptr(GVariant) handle = g_variant_ref_sink(g_variant_new_handle(0));
        g_autoptr(GVariant) maybe = g_variant_ref_sink(g_variant_new_parsed("@ms nothing"));
        g_autoptr(GVariant) text = g_variant_ref_sink(g_variant_new_string("x"));
        sd_bus *bus = bus_new();
        sd_bus_message *m = message_new(bus);

        g_assert_cmpint(unit_append_variant(m, maybe), ==, -EINVAL);
        g_assert_cmpint(unit_append_variant(m, handle), ==, -EOPNOTSUPP);
        sd_bus_message_unref(m);

        m = message_new(bus);
        g_assert_cmpint(sd_bus_message_seal(m, 1, 0), ==, 0);
        g_assert_cmpint(unit_append_variant(m, text), ==, -EPERM);
        sd_bus_message_unref(m);

        sd_bus_flush_close_unref(bus);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/unit-append/types", test_types);
        g_test_add_func("/unit-append/errors", test_errors);
        return g_test_run();
}
