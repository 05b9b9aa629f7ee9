/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "object-model.h"

const char *const host_models[] = {
        "systemd.unit", "user", "group", "network.interface", "block.device", "mount", NULL,
};

const char *host_model_key(const char *name) {
        if (!g_strv_contains(host_models, name))
                return NULL;
        return strcmp(name, "mount") == 0 ? "mount_point" : "name";
}

bool inventory_model_name_is_valid(const char *name) {
        static const char characters[] = "abcdefghijklmnopqrstuvwxyz" G_CSET_DIGITS "_.-";
        size_t n = strlen(name);

        return n > 0 && n <= OBJECT_MODEL_NAME_MAX && g_ascii_islower(name[0]) &&
               name[strspn(name, characters)] == '\0' && !host_model_key(name);
}
