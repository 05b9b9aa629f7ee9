/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * Parses a time span as systemd.time(7) writes it: "5min", "2min 30s", "1.5h", "90" (default_unit_usec each, seconds
 * when USEC_PER_SEC is given), "infinity" (USEC_INFINITY). Returns 0, -EINVAL, -ERANGE (more than 64 bits of usec).
 */
int time_span_parse(const char *text, uint64_t default_unit_usec, uint64_t *ret_usec) _must_check_;

/*
 * The same in nanoseconds, which the few settings that end in NSec= take: "ns" and "nsec" are units too, and a number
 * alone is nanoseconds. "infinity" is UINT64_MAX.
 */
int time_span_parse_nsec(const char *text, uint64_t *ret_nsec) _must_check_;

/* Formats usec as "2min 30s", exact to the microsecond, "infinity" for USEC_INFINITY. Free with g_free(). */
char *time_span_format(uint64_t usec);
