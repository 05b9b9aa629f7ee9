/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "macro.h"
#include "redact.h"

/* What was redacted stays as it is when it is redacted again, and valid UTF-8 stays valid. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *text = g_strndup((const char *) data, size), *once = redact(text), *twice = redact(once);

        g_assert_cmpstr(once, ==, twice);
        if (g_utf8_validate(text, -1, NULL))
                g_assert_true(g_utf8_validate(once, -1, NULL));
        return 0;
}
