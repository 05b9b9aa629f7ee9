/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "macro.h"

/*
 * jobd-wake.timer: the one timer of PID 1 that starts jobd.service when the next scheduled job is due. It starts the
 * service of its own name, since a transient timer has no Unit=: jobd-wake.service is an alias of jobd.service.
 * Transient, so that setting it costs no daemon-reload (0.4 s and more with 1,000 units loaded); what a reboot takes
 * away is set anew by the jobd that multi-user.target starts. OnCalendar= with a time in UTC: the clock may be set,
 * and the host may sleep, and it still elapses when that time has come. It also elapses when the clock is set, since
 * the times that jobd has worked out may be wrong then.
 *
 * A transient unit cannot be changed: to have another time it is stopped and made anew. jobd-wake-next.timer has the
 * new time meanwhile, so that whenever jobd is killed, or PID 1 does not answer any more, one of the two is there.
 */
typedef struct WakeTimer WakeTimer;

int wake_timer_new(sd_event *event, WakeTimer **ret) _must_check_;
WakeTimer *wake_timer_free(WakeTimer *w);
DEFINE_CLEANUP(WakeTimer *, wake_timer_free);

/*
 * Sees to it that jobd is started at that time (usec since the epoch) or earlier; 0: there is no need. Asks systemd
 * only when what is set would be too late, and not more often than every few seconds: while jobd runs it is not
 * needed, but for the case that jobd is killed and not started again.
 */
void wake_timer_want(WakeTimer *w, uint64_t usec);

/*
 * Sets it to exactly what was wanted last, now: jobd is about to leave. PID 1 is asked what it has, also when it was set
 * to that: somebody may have stopped it.
 */
void wake_timer_finish(WakeTimer *w);

/* What systemd has is not known any more. */
void wake_timer_forget(WakeTimer *w);

/* Nothing is being asked of systemd: what was wanted is so, or cannot be, which was logged. */
bool wake_timer_is_idle(const WakeTimer *w);

/*
 * For who ends nevertheless: 0, or logs that systemd does not answer and returns -ETIMEDOUT, to be started again, as a
 * service that has failed is.
 */
int wake_timer_end(const WakeTimer *w) _must_check_;
