/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * Text that somebody else wrote (log messages, names, errors) must not be able to drive the terminal it is shown on,
 * nor to look like something it is not: control characters, bidirectional overrides, characters that are not seen and
 * bytes that are not UTF-8 are shown as \x1b or \u202e. A tool that is made safe here needs no care elsewhere. Pure.
 */
typedef enum EscapeFlags {
        ESCAPE_KEEP_TAB = 1 << 0,
        ESCAPE_KEEP_NEWLINE = 1 << 1,
        ESCAPE_ASCII = 1 << 2, /* escape all that is not ASCII: for terminals that do not speak UTF-8 */
} EscapeFlags;

/* The text, size bytes (-1: up to its NUL), escaped. Free with g_free(). */
char *escape_text(const char *text, ssize_t size, EscapeFlags flags);

/* Whether valid UTF-8 has any of them, with tabs and line ends: such a text is no name. */
bool escape_is_needed(const char *text);

/*
 * JSON text escapes the controls below space itself; this does it for the others, as \u009b, which keeps the JSON the
 * same value. Bytes that are not UTF-8 become U+FFFD. Free with g_free().
 */
char *escape_json(const char *json);
