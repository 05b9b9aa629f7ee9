/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

enum { UUID_STRING_SIZE = 37 }; /* with the NUL */

/* A new random UUID, in lower case with dashes. */
void uuid_new(char ret[static UUID_STRING_SIZE]);

/* Takes a UUID with or without dashes, in any case; gives it in lower case with dashes. Returns 0 or -EINVAL. */
int uuid_parse(const char *text, char ret[static UUID_STRING_SIZE]) _must_check_;

/* The 32 digits without dashes, for object paths. ret needs 33 bytes. */
void uuid_to_digits(const char *uuid, char ret[static 33]);
