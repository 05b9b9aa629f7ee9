/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store.h"

/* For a clock that was set back: what was worked out while it was ahead. */

/*
 * When the database at that path was written last, by the clock of then: later than now when the clock was set back
 * since. 0: not known. To be asked before store_open().
 */
uint64_t store_written_usec(const char *path);

/*
 * That it was noticed, and not all was worked out again yet: an empty file beside the database, since what is written
 * then makes that as new as the clock is. 0 when it is on the disk, or gone, also when it was before; negative errno.
 */
#define STORE_CLOCK_MARK "clock-set-back"
int store_clock_mark(const char *directory) _must_check_;
int store_clock_unmark(const char *directory) _must_check_;
bool store_clock_is_marked(const char *directory);

/* Whether there is a job result for that time of the scheduled job: 1, 0, or negative errno. */
int store_clock_has_occurrence(Store *s, const char *scheduled_job_id, uint64_t nominal_usec) _must_check_;

/* In the open batch. From now on no run waits for longer than its delay. */
int store_clock_shorten_delays(Store *s, uint64_t now_usec) _must_check_;
