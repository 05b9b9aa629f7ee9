/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

#define TIME_TEXT_FORMAT "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]"

/*
 * A time as clients write it: TIME_TEXT_FORMAT, a blank in place of the T, or a date alone, which is the beginning of that
 * day. zone is that of times without an offset. Microseconds since the epoch; 0: it is none, or before 1970.
 */
uint64_t time_text_parse(const char *text, GTimeZone *zone);
