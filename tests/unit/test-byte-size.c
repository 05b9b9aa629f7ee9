/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "byte-size.h"

/* What systemd takes and gives, as "systemctl show" says of MemoryMax= (base 1024) and IOReadBandwidthMax= (1000). */
static const struct {
        const char *text;
        unsigned base;
        int r;
        uint64_t size;
} cases[] = {
        { "0", 1024, 0, 0 },
        { "64M", 1024, 0, UINT64_C(64) << 20 },
        { "64M", 1000, 0, 64000000 },
        { "1.5K", 1024, 0, 1536 },
        { "1G 500M", 1024, 0, (UINT64_C(1) << 30) + (UINT64_C(500) << 20) },
        { "10B", 1024, 0, 10 },
        { "15E", 1024, 0, UINT64_C(15) << 60 },
        { "16E", 1024, -ERANGE, 0 },
        { "-1", 1024, -ERANGE, 0 },
        { "18446744073709551616", 1024, -ERANGE, 0 },
        { "", 1024, -EINVAL, 0 },
        { "M", 1024, -EINVAL, 0 },
        { "1X", 1024, -EINVAL, 0 },
        { "500M 1G", 1024, -EINVAL, 0 },
        { "1 2", 1024, -EINVAL, 0 },
};

static void test_sizes(void) {
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                uint64_t size = 0;

                g_test_message("%s", cases[i].text);
                g_assert_cmpint(byte_size_parse(cases[i].text, cases[i].base, &size), ==, cases[i].r);
                g_assert_cmpuint(size, ==, cases[i].size);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/byte-size/sizes", test_sizes);
        return g_test_run();
}
