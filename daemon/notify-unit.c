/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "error-text.h"
#include "notify-unit.h"
#include "uuid.h"

#define SUFFIX "@.service"

enum { UNIT_NAME_MAX = 255, EXCERPT_MAX = 64 }; /* systemd.unit(5), with its suffix */

static const char *const keys[_NOTIFY_EVENT_MAX] = {
        [NOTIFY_ON_REQUEST] = "NotifyOnRequest",
        [NOTIFY_ON_SUCCESS] = "NotifyOnSuccess",
        [NOTIFY_ON_FAILURE] = "NotifyOnFailure",
};

const char *notify_event_to_key(NotifyEvent event) {
        return event >= 0 && event < _NOTIFY_EVENT_MAX ? keys[event] : NULL;
}

NotifyEvent notify_event_from_key(const char *key) {
        for (NotifyEvent e = 0; e < _NOTIFY_EVENT_MAX; e++)
                if (strcmp(keys[e], key) == 0)
                        return e;
        return _NOTIFY_EVENT_INVALID;
}

int notify_unit_check(const char *name, char **ret_error) {
        g_autofree char *excerpt = text_excerpt(name, EXCERPT_MAX);
        size_t size = strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS ":-_.\\");

        if (size == 0 || strcmp(name + size, SUFFIX) != 0)
                return error_text(ret_error, "\"%s\" is not a template unit; write NAME" SUFFIX ", which is started "
                                             "as NAME@<UUID>.service", excerpt);
        if (strlen(name) + UUID_STRING_SIZE - 1 > UNIT_NAME_MAX)
                return error_text(ret_error, "the name \"%s\" is too long; a unit's has %d characters with the UUID",
                                  excerpt, UNIT_NAME_MAX);
        return 0;
}

char *notify_unit_instance(const char *name, const char *uuid) {
        return g_strdup_printf("%.*s@%s.service", (int) (strlen(name) - strlen(SUFFIX)), name, uuid);
}
