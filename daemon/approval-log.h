/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "scheduled-job.h"
#include "store.h"

/* Who has made a call, for the journal. All borrowed. */
typedef struct ApprovalCaller {
        uint32_t uid;
        const char *user;
        uint32_t login_uid; /* who sits behind a sudo; UINT32_MAX: not known */
} ApprovalCaller;

/*
 * A step of an approval, in the journal, once the open batch is on the disk, and not at all when it is lost.
 * message_id: one of JOBD_MESSAGE_APPROVAL_*_STR. caller NULL: jobd itself. stage: its name, NULL: none.
 */
void approval_log_after_commit(Store *store, const char *message_id, const ScheduledJob *sj,
                               const ApprovalCaller *caller, const char *stage, const char *format, ...)
                _printf_(6, 7);
