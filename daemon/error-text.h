/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/* Sets *ret, when ret is not NULL, to the sentence and returns -EINVAL: "return error_text(ret_error, ...)". */
int error_text(char **ret, const char *format, ...) _printf_(2, 3);

/*
 * The beginning of a text as it may be shown in a message: at most characters_max characters ("..." follows when some
 * were left out), valid UTF-8, control characters as "?". Free with g_free().
 */
char *text_excerpt(const char *text, size_t characters_max);
