/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "escape.h"
#include "macro.h"
#include "output-name.h"

/* What is a file name wherever it is fetched to, and can be shown on one line. */
const char *output_name_problem(const char *name) {
        if (!name[0])
                return "it is empty";
        if (strlen(name) > OUTPUT_NAME_MAX)
                return "it has more than " G_STRINGIFY(255) " bytes";
        if (!g_utf8_validate(name, -1, NULL))
                return "it is not UTF-8";
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
                return "it names a directory";
        if (strchr(name, '/'))
                return "it has a \"/\" in it";
        for (const char *p = name; *p; p = g_utf8_next_char(p))
                if (g_unichar_iscntrl(g_utf8_get_char(p)))
                        return "it has a control character in it";
        if (escape_is_needed(name))
                return "it has a character in it that is not seen, or that changes the direction of text";
        return NULL;
}
