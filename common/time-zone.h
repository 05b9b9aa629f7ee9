/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * Time zones of the IANA database on this host, and what their clocks show. A wall-clock time is a number of seconds
 * too: those since the epoch if what the clock shows were UTC. Times and wall-clock times are from the years 1970 to
 * 9999.
 */

enum {
        TIME_ZONE_NAME_MAX = 255,
};

#define TIME_ZONE_SEC_MAX INT64_C(253402300799) /* the end of the year 9999 */

/*
 * Loads "Europe/Berlin" from /usr/share/zoneinfo. -EINVAL: that is no name of a zone (a path, an offset, a rule,
 * "right/" and "posix/"), -ENOENT: there is no such zone, -EIO: its file cannot be read. The data are those of now:
 * load again rather than keep for long.
 */
int time_zone_load(const char *name, GTimeZone **ret) _must_check_;

/*
 * The name of the host's zone, as "timedatectl set-timezone" sets it, read anew: "UTC" when none is set. g_free() it.
 */
char *time_zone_system(void);

/*
 * What tells one edition of the IANA database of this host from another: its version, and when its directory was changed.
 * A text without further meaning; g_free() it.
 */
char *time_zone_edition(void);

/* What the clock shows at that time. */
int64_t time_zone_wall_clock(GTimeZone *zone, int64_t time);

/*
 * The latest that the clock has shown from one time up to another, both included: more than it shows after it was set
 * back.
 */
int64_t time_zone_latest_shown(GTimeZone *zone, int64_t from, int64_t to);

/*
 * When the clock first shows wall_clock or more, at "from" or later. A wall-clock time that is skipped so gives the
 * first moment after the gap, one that is repeated its first.
 */
int64_t time_zone_first_shown(GTimeZone *zone, int64_t from, int64_t wall_clock);
