/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <systemd/sd-id128.h>

#include "uuid.h"

static void uuid_format(sd_id128_t id, char ret[static UUID_STRING_SIZE]) {
        (void) snprintf(ret, UUID_STRING_SIZE, SD_ID128_UUID_FORMAT_STR, SD_ID128_FORMAT_VAL(id));
}

void uuid_new(char ret[static UUID_STRING_SIZE]) {
        sd_id128_t id;

        /* Only fails where the kernel has no random numbers to give: nothing can be identified then. */
        if (sd_id128_randomize(&id) < 0)
                abort();
        uuid_format(id, ret);
}

int uuid_parse(const char *text, char ret[static UUID_STRING_SIZE]) {
        sd_id128_t id;

        if (sd_id128_from_string(text, &id) < 0)
                return -EINVAL;
        uuid_format(id, ret);
        return 0;
}

void uuid_to_digits(const char *uuid, char ret[static 33]) {
        size_t n = 0;

        for (const char *p = uuid; *p && n < 32; p++)
                if (*p != '-')
                        ret[n++] = *p;
        ret[n] = '\0';
}
