/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * How far a run is, in the last line of the terminal, on standard error: " 45% [#########           ] reading". There
 * is one terminal, hence one line. What is printed meanwhile has to take it away first, and may put it back.
 */

/* Where standard output and standard error are both the terminal; without this call nothing is ever shown. */
void progress_line_enable(void);

/* percent: up to 100; negative: none, the line goes. text: somebody else's, may be NULL. */
void progress_line_set(int64_t percent, const char *text);

/* Takes it from the terminal until progress_line_show(). */
void progress_line_clear(void);
void progress_line_show(void);

/* What progress_line_set() shows on a terminal of so many columns. Pure. Free with g_free(). */
char *progress_line_format(int64_t percent, const char *text, unsigned columns, bool ascii);
