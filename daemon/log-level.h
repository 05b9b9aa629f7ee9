/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/* The levels at which a job logs, from the least severe to the most. They stand in the journal as JOB_LOG_LEVEL=. */
typedef enum LogLevel {
        LOG_LEVEL_DEBUG,
        LOG_LEVEL_INFO,
        LOG_LEVEL_SUCCESS,
        LOG_LEVEL_WARNING,
        LOG_LEVEL_FAILURE,
        LOG_LEVEL_ERROR,
        LOG_LEVEL_CRITICAL,
        _LOG_LEVEL_MAX,
        _LOG_LEVEL_INVALID = -EINVAL,
} LogLevel;

const char *log_level_name(LogLevel level);
LogLevel log_level_from_name(const char *name);

/* The PRIORITY= that goes with it: LOG_CRIT ... LOG_DEBUG. */
int log_level_priority(LogLevel level);
