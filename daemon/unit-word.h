/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/* Words as systemd reads them, systemd.syntax(7) (unit-property-word.c). Characters are bytes, text is UTF-8. */
#define UNIT_WHITESPACE " \t\n\r"

typedef enum UnitWordFlags {
        UNIT_WORD_UNQUOTE = 1 << 0,             /* '...' and "..." group, and are taken off */
        UNIT_WORD_CUNESCAPE = 1 << 1,           /* \n, \x20, \u00e4 ... */
        UNIT_WORD_UNESCAPE_SEPARATORS = 1 << 2, /* a backslash before a separator or a backslash */
        UNIT_WORD_RETAIN_ESCAPE = 1 << 3,       /* leave backslashes alone */
        UNIT_WORD_KEEP_EMPTY = 1 << 4,          /* two separators in a row have an empty word between them */
} UnitWordFlags;

/*
 * Takes the next word off *p; separators NULL: whitespace. *p is NULL after the last. ret_separator (may be NULL) is
 * the separator that ended the word, or 0. Returns 1, 0 at the end, -EINVAL (quotes that do not close, an escape that
 * does not exist, or text that is not UTF-8 when unescaped).
 */
int unit_word_next(const char **p, const char *separators, UnitWordFlags flags, char **ret, char *ret_separator)
        _must_check_;
/* All words; what is wrong is put into words by the caller. Free with g_strfreev(). */
int unit_words(const char *value, const char *separators, UnitWordFlags flags, char ***ret) _must_check_;
/* These return bytes, which may be 0 and need not be UTF-8. */
int unit_unescape(const char *text, bool accept_nul, GString **ret) _must_check_;
int unit_base64_decode(const char *text, GString **ret) _must_check_;
int unit_hex_decode(const char *text, GString **ret) _must_check_;
