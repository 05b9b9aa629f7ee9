/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "object-path.h"

void object_path_format(const char *parent, const char *id, char ret[static OBJECT_PATH_SIZE]) {
        char digits[33];

        uuid_to_digits(id, digits);
        (void) snprintf(ret, OBJECT_PATH_SIZE, "%s/%s", parent, digits);
}

int object_path_parse(const char *path, const char *parent, char ret_id[static UUID_STRING_SIZE]) {
        size_t n = strlen(parent);

        /* Exactly the 32 digits, in lower case: one object has one path. */
        if (strncmp(path, parent, n) != 0 || path[n] != '/' || strlen(path + n + 1) != 32 ||
            strspn(path + n + 1, "0123456789abcdef") != 32)
                return -EINVAL;
        return uuid_parse(path + n + 1, ret_id);
}
