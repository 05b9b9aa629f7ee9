/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "scheduled-job.h"

/*
 * An event of a scheduled job, in the journal, with its fields. message_id: one of JOBD_MESSAGE_SCHEDULE_*_STR.
 * caller: the user who did it, result_id: the job result it led to; NULL for none.
 */
void schedule_log(int level, const char *message_id, const ScheduledJob *sj, const char *caller, const char *result_id,
                  const char *format, ...) _printf_(6, 7);
