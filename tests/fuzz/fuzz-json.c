/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "json.h"

/* What is accepted must come back the same from its own text; what is refused must say why. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autoptr(JsonNode) node = NULL, again = NULL;
        g_autofree char *error = NULL, *text = NULL, *text_again = NULL;
        int r;

        r = json_parse((const char *) data, size, JSON_SIZE_MAX, &node, &error);
        if (r < 0) {
                g_assert_null(node);
                g_assert_nonnull(error);
                g_assert_true(g_utf8_validate(error, -1, NULL));
                g_assert_null(strchr(error, '\n'));
                return 0;
        }
        g_assert_null(error);

        text = json_format(node);
        r = json_parse(text, strlen(text), 16 * JSON_SIZE_MAX, &again, &error);
        g_assert_no_errno(r);
        g_assert_true(json_node_equal(node, again));
        text_again = json_format(again);
        g_assert_cmpstr(text, ==, text_again);
        return 0;
}
