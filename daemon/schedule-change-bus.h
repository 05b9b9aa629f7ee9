/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "refusal.h"
#include "scheduled-job-bus.h"

/* What the methods of org.jobd1.ScheduledJob that change it have in common. */

/* NULL when it was deleted. */
const Job *schedule_bus_job(const ScheduledJobBus *b);

/* Who has written what it runs: they cannot approve it, also behind a sudo, and as long as nobody takes it over. */
void schedule_bus_name_changer(ScheduledJobBus *b, sd_bus_message *m);

typedef struct ScheduleBusChange {
        const char *message_id;
        const char *what; /* "took over", for the journal */
        const char *done; /* "taken over", for who has approved it; NULL when that does not matter */
        bool voids;       /* its approvals */
        bool asks;        /* it may need an approval now, when it has not needed one */
} ScheduleBusChange;

/*
 * Stores what was changed of it, and has the call answered when that is on the disk. Returns 1, or negative errno; the
 * refusal has a name unless it was the answer that failed.
 */
int schedule_bus_store(ScheduledJobBus *b, sd_bus_message *m, const ScheduleBusChange *change, Refusal *f)
                _must_check_;
