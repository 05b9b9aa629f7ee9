/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * A point in time as people write it: "2026-12-01 08:00", "Tue 2026-12-01", "08:00:30", "now", "today", "tomorrow",
 * "yesterday", "+2h 30min", "5min left", "5min ago", "@1796112000" as systemd.time(7) has them; and beyond it
 * "tomorrow 03:00", any time zone of this host after a wall-clock time ("08:00 Europe/Berlin"), and ISO 8601, as
 * --json writes it ("2026-12-01T08:00:00Z"). Years have four digits. zone is that of wall-clock times without one. A
 * time that the clock skips is the first moment after the gap, one that it shows twice the first. Returns 0, or
 * -EINVAL and a sentence to free with g_free(). Pure.
 */
int when_parse(const char *text, GTimeZone *zone, uint64_t now_usec, uint64_t *ret_usec, char **ret_error)
                _must_check_;
