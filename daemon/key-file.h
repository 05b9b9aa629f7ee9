/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * Reads text in the syntax of a unit file, systemd.syntax(7): [SECTION], KEY=VALUE, comments from "#" or ";" at the
 * start of a line, a backslash at the end of a line joins it with the next one (comments between the two are skipped),
 * blanks around keys and values do not count, CRLF line ends are taken.
 *
 * GKeyFile reads nearly this, but gives no line numbers for messages, keeps only the last of several lines with the
 * same key (ExecStartPre=, Environment=, ... are lists), forgets the order of lines across sections and has no
 * continuation.
 *
 * Stricter than systemd, which skips what it does not understand: the text is UTF-8 without byte order mark, NUL and
 * other control characters (tab excepted), and every line that is none of the above is an error.
 */
enum {
        KEY_FILE_KEY_MAX = 64,
        KEY_FILE_SECTION_MAX = 128,
};

typedef struct KeyFileLine {
        unsigned line;       /* from 1; the first one of lines that are joined */
        const char *section; /* what stands between the brackets */
        const char *key;     /* [A-Za-z0-9-]+; NULL for the section's header itself */
        const char *value;   /* NULL for the header, may be empty otherwise */
} KeyFileLine;

/* Takes one line. A negative result stops the reading, *ret_error then says why, without file and line. */
typedef int (*KeyFileHandler)(const KeyFileLine *line, void *userdata, char **ret_error);

/*
 * Calls the handler for each header and each KEY=VALUE, in order. Nothing is called when the text as a whole is not
 * acceptable (encoding, control characters, more than lines_max lines). The text need not end in NUL.
 *
 * Returns 0, -EINVAL, or what the handler returned; *ret_error is "PATH:LINE: what is wrong". Free with g_free().
 */
int key_file_parse(
                const char *path,
                const char *text,
                size_t size,
                unsigned lines_max,
                KeyFileHandler handler,
                void *userdata,
                char **ret_error) _must_check_;
