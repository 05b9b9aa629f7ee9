/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "unit-property.h"

/* Prints the settings of [Service] that a job class may have, one a line: for check-docs.py. */

static void print(const char *key, void *userdata) {
        puts(key);
}

int main(void) {
        unit_property_foreach_supported(print, NULL);
        return 0;
}
